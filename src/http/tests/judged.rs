//! What a retest says of the list where the mail that it waited for may not have reached us, and from when on.

use super::retests::{ask, listed, retest, server, test};
use crate::{
    cases::retest::{Reach, Token, Variant, Verdict},
    list::{Key, Mark, Time},
};
use serde_json::Value;

/// A relay was found clean because its mail found no place at the inbox, or because the program was just started again.
#[tokio::test]
async fn a_relay_is_not_clean_while_mail_was_turned_away_or_nobody_listened() {
    let server = server();
    server.put("relay", "feed", "192.0.2.7\n").await.ok();
    let id = ask(&server, "192.0.2.7").await;
    let trials = test(&server, Reach::Greeted, Verdict::Accepted).await;
    server.pass(1_800);
    server.desk.mail_unheard(Some("198.51.100.1".parse().unwrap()));
    server.desk.mail_unheard(Some("192.0.2.99".parse().unwrap()));
    server.pass(1_900);
    server.desk.retests_due().await.unwrap();
    assert_eq!(retest(&server, &id).await["result"], Value::Null);
    assert!(listed(&server, "192.0.2.7").await, "a neighbour's place may have been its");

    server.pass(1_600);
    server.desk.retests_restarted().await.unwrap();
    server.pass(200);
    server.desk.retests_due().await.unwrap();
    assert_eq!(retest(&server, &id).await["result"], Value::Null);

    // What comes again meanwhile is heard.
    server.desk.retest_arrived(trials[0].1, "192.0.2.7".parse().unwrap(), false, "Received: x").await.unwrap();
    assert_eq!(retest(&server, &id).await["result"], "open");
}

/// The listing said to be from the time at which the machine was found clean.
#[tokio::test]
async fn a_listing_that_follows_an_exclusion_begins_at_the_listing() {
    let server = server();
    server.put("relay", "feed", "192.0.2.7\n").await.ok();
    ask(&server, "192.0.2.7").await;
    let trials = test(&server, Reach::Greeted, Verdict::Accepted).await;
    server.pass(3_700);
    server.desk.retests_due().await.unwrap();
    let arrive = |(_, token): (Variant, Token)| {
        server.desk.retest_arrived(token, "192.0.2.7".parse().unwrap(), false, "Received: x")
    };
    server.pass(60);
    let listed = server.desk.now();
    arrive(trials[0]).await.unwrap();
    server.pass(60);
    let renewed = server.desk.now();
    arrive(trials[1]).await.unwrap();

    let view = server.door.store().view();
    let id = view.catalog().list_id(&"relay".parse().unwrap()).unwrap();
    let key = Key::parse_any("192.0.2.7").unwrap();
    let at = view.at(id, &key).unwrap();
    let held = at.iter().find(|held| held.source.name.as_str() == "retest").unwrap().entry;
    assert_eq!(held.mark, Mark::Listed);
    assert!((listed..renewed).contains(&held.first_seen) && held.last_seen >= renewed, "{held:?}");
    let history = view.history(id, &key, Time::default(), 99).unwrap();
    let cleared = history.iter().map(|(_, past)| past).find(|past| past.mark == Mark::Excluded).unwrap();
    assert!(cleared.from < listed && cleared.until == held.first_seen, "{cleared:?}");
}

#[tokio::test]
async fn what_others_lost_puts_off_nothing() {
    let server = server();
    server.put("relay", "feed", "192.0.2.7\n").await.ok();
    let id = ask(&server, "192.0.2.7").await;
    test(&server, Reach::Greeted, Verdict::Accepted).await;
    server.pass(1_800);
    server.desk.mail_unheard(Some("198.51.100.1".parse().unwrap()));
    server.pass(1_900);
    server.desk.retests_due().await.unwrap();
    assert_eq!(retest(&server, &id).await["result"], "clean");
}

/// "Now it is waited whether one of them comes through" stood beside "Clean: nothing came through".
#[tokio::test]
async fn a_relay_that_is_clean_so_far_is_said_to_be_listed_again_by_what_still_comes() {
    let server = server();
    server.put("relay", "feed", "192.0.2.7\n").await.ok();
    let id = ask(&server, "192.0.2.7").await;
    test(&server, Reach::Greeted, Verdict::Accepted).await;
    let page = async |language: &str| server.get(&format!("/retests/{id}?lang={language}")).await.text().to_owned();
    let before = page("en").await;
    assert!(before.contains("Now it is waited") && !before.contains("so far"), "{before}");
    server.pass(3_700);
    server.desk.retests_due().await.unwrap();
    for (language, so_far, waiting, again) in [
        ("en", "Nothing has come through so far.", "Now it is waited", "by 20 January 2027"),
        ("de", "Bisher ist nichts durchgekommen.", "Jetzt wird gewartet", "bis zum 20. Januar 2027"),
        ("es", "Hasta ahora no ha llegado nada.", "Ahora se espera", "hasta el 20 de enero de 2027"),
        ("fr", "Rien n’est arrivé jusqu’ici.", "On attend maintenant", "d’ici le 20 janvier 2027"),
    ] {
        let said = page(language).await;
        assert!(said.contains(so_far) && said.contains(again) && !said.contains(waiting), "{said}");
    }
    let said = page("en").await;
    assert!(!said.contains("Clean: nothing came through") && said.contains("leaves the list"), "{said}");
}
