//! What a retest says of the list where the mail that it waited for may not have reached us.

use super::retests::{ask, listed, retest, server, test};
use crate::cases::retest::{Reach, Verdict};
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
