//! Retests from the question to the last token, over the API, the desk and the store; what connects is played by the test.

use super::{Server, removal_pages::hidden};
use crate::cases::{
    self, RetestSettings, Task,
    retest::{Bounds, Form, Observed, Protocol, Reach, Step, Suspicion, Terms, Token, Variant, Verdict},
};
use crate::{
    change::CaseRow,
    list::Duration,
    retest::{Came, Pace, Prober, Queue, Rules, Secret, Tester},
    store::CaseFamily,
};
use serde_json::{Value, json};
use std::{collections::HashSet, net::IpAddr};
use tokio_util::sync::CancellationToken;

const DAY: u32 = 86_400;

pub(super) fn server() -> Server {
    let server = Server::start();
    let days = |n| Duration::from_seconds(n * DAY);
    let retest = RetestSettings {
        terms: Terms { settle: Duration::from_seconds(3_600), arrival: days(5), recheck: vec![days(1)] },
        bounds: Bounds { queue: 100, automatic_per_day: 5 },
        proxy_ports: vec![(Protocol::Socks5, 1080)],
        keep_transcripts: days(30),
    };
    server
        .cases
        .send_replace(std::sync::Arc::new(cases::Settings { retest: Some(retest), ..cases::Settings::default() }));
    server
}

pub(super) async fn ask(server: &Server, key: &str) -> String {
    let reply = server.call("POST", "/api/v1/retests", json!({"list": "relay", "key": key}).to_string()).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    assert_eq!(reply.json()["state"], "queued");
    reply.json()["id"].as_str().unwrap().to_owned()
}

pub(super) async fn retest(server: &Server, id: &str) -> Value {
    server.get(&format!("/api/v1/retests/{id}")).await.ok()
}

pub(super) async fn listed(server: &Server, key: &str) -> bool {
    server.get(&format!("/api/v1/lookup/{key}")).await.ok()["listed"] == true
}

/// Makes the next test, which sees the same for each form; gives its tokens.
pub(super) async fn test(server: &Server, reach: Reach, verdict: Verdict) -> Vec<(Variant, Token)> {
    let order = server.desk.next_retest(&HashSet::new()).await.unwrap().expect("a test is next");
    assert_eq!(order.kind, Suspicion::Relay);
    let steps = order.trials.iter().map(|(variant, _)| Step { variant: *variant, verdict }).collect();
    let transcript = "> EHLO probe.example\n".to_owned();
    server.desk.retest_observed(order.id, Some(Observed { reach, steps, transcript })).await.unwrap();
    order.trials
}

#[tokio::test]
async fn a_clean_machine_leaves_the_list_and_the_first_token_that_arrives_puts_it_back() {
    let server = server();
    server.put("relay", "feed", "192.0.2.7\n192.0.2.8\n").await.ok();
    let id = ask(&server, "192.0.2.7").await;
    let trials = test(&server, Reach::Greeted, Verdict::Accepted).await;
    assert_eq!(retest(&server, &id).await["state"], "arriving");
    assert!(listed(&server, "192.0.2.7").await);

    server.pass(3_700);
    server.desk.retests_due().await.unwrap();
    let now = retest(&server, &id).await;
    assert_eq!((&now["state"], &now["result"]), (&json!("arriving"), &json!("clean")));
    assert!(!listed(&server, "192.0.2.7").await && listed(&server, "192.0.2.8").await);

    server.pass(3 * 3_600);
    let from: IpAddr = "192.0.2.7".parse().unwrap();
    let (variant, token) = trials[0];
    assert!(server.desk.retest_waits_for(token).unwrap());
    server.desk.retest_arrived(token, from, false, "Received: from here").await.unwrap();
    let now = retest(&server, &id).await;
    assert_eq!((&now["state"], &now["result"]), (&json!("done"), &json!("open")));
    assert_eq!(now["steps"][0], json!({"variant": variant.to_string(), "verdict": "arrived"}));
    assert!(listed(&server, "192.0.2.7").await);
    assert!(!server.desk.retest_waits_for(token).unwrap(), "a token is used once");

    // The conversation is evidence for admins.
    assert!(now.get("transcript").is_none());
    let admin = server.call("GET", &format!("/api/v1/retests/{id}"), "").await.ok();
    assert!(admin["transcript"].as_str().unwrap().contains("EHLO"), "{admin}");
    assert!(admin["arrived"][0].as_str().unwrap().contains("Received: from here"), "{admin}");
}

/// What a proxy brought back was all that counted: one that trickled, or buried it in noise, was clean.
#[tokio::test]
async fn a_token_that_came_to_our_listener_shows_an_open_proxy_whatever_the_proxy_said() {
    let server = server();
    server.put("proxies", "feed", "192.0.2.7\n").await.ok();
    let reply =
        server.call("POST", "/api/v1/retests", json!({"list": "proxies", "key": "192.0.2.7"}).to_string()).await.ok();
    let id = reply["id"].as_str().unwrap();
    let order = server.desk.next_retest(&HashSet::new()).await.unwrap().expect("a test is next");
    let (variant, token) = order.trials[0];
    let steps = vec![Step { variant, verdict: Verdict::Refused }];
    let said = Observed { reach: Reach::Greeted, steps, transcript: String::new() };
    server.desk.retest_observed(order.id, Some(said)).await.unwrap();
    assert!(!listed(&server, "192.0.2.7").await, "it has refused, as far as it said");

    let (came, coming) = tokio::sync::mpsc::channel(2);
    let tester = Tester { ehlo: String::new(), contact: String::new(), domain: String::new(), page: String::new() };
    let prober = Prober { rules: Rules::default(), from: Vec::new(), tester, lure: None, secret: Secret::random() };
    let pace = Pace { parallel: 0, per_second: 1 };
    let queue = Queue { desk: server.desk.clone(), prober, came: coming, pace };
    let stop = CancellationToken::new();
    let running = tokio::spawn(queue.run(stop.clone()));
    for token in [Token::random(), token] {
        came.send(Came { token, from: "192.0.2.7".parse().unwrap() }).await.unwrap();
    }
    for _ in 0..1_000 {
        if listed(&server, "192.0.2.7").await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    stop.cancel();
    running.await.unwrap();
    let now = retest(&server, id).await;
    assert_eq!((&now["state"], &now["result"]), (&json!("done"), &json!("open")), "{now}");
    assert_eq!(now["steps"], json!([{"variant": "socks5:1080", "verdict": "arrived"}]));
    assert!(listed(&server, "192.0.2.7").await);
}

#[tokio::test]
async fn whoever_asks_again_shares_the_one_test_of_the_day() {
    let server = server();
    server.put("relay", "feed", "192.0.2.7\n").await.ok();
    let first = ask(&server, "192.0.2.7").await;
    assert_eq!(ask(&server, "192.0.2.7").await, first);
    test(&server, Reach::Greeted, Verdict::Refused).await;
    // The feed lists it on newer evidence: within the day there is still the one test, after it another.
    let entry = json!({"key": "192.0.2.7", "source": "trap"});
    server.post("relay", &entry).await.ok();
    assert_eq!(ask(&server, "192.0.2.7").await, first);
    assert!(server.desk.next_retest(&HashSet::new()).await.unwrap().is_none());
    server.pass(DAY + 10);
    let id = ask(&server, "192.0.2.7").await;
    assert_eq!((retest(&server, &id).await["state"].clone(), id), (json!("queued"), first));
}

#[tokio::test]
async fn what_is_not_listed_as_one_address_is_not_tested_and_the_answer_does_not_tell() {
    let server = server();
    server.put("relay", "feed", "198.51.100.0/24\n192.0.2.0/24\n!192.0.2.9\n").await.ok();
    for key in ["203.0.113.5", "198.51.100.7", "192.0.2.9"] {
        let id = ask(&server, key).await;
        assert!(server.desk.next_retest(&HashSet::new()).await.unwrap().is_none(), "{key}");
        assert_eq!(retest(&server, &id).await["result"], "not-tested", "{key}");
    }
}

#[tokio::test]
async fn requests_that_cannot_be_meant_are_named() {
    let server = server();
    let call = |body: Value| server.call("POST", "/api/v1/retests", body.to_string());
    assert_eq!(call(json!({"list": "dynamic", "key": "192.0.2.1"})).await.status, 422);
    assert_eq!(call(json!({"list": "nosuch", "key": "192.0.2.1"})).await.status, 404);
    assert_eq!(call(json!({"list": "relay", "key": "example.org"})).await.status, 422);
    assert_eq!(call(json!({"list": "relay"})).await.status, 400);
    assert_eq!(call(json!(["relay", "192.0.2.1"])).await.status, 400, "an array is no object");
    let nobody =
        server.call_as(None, "POST", "/api/v1/retests", json!({"list": "relay", "key": "192.0.2.1"}).to_string());
    assert_eq!(nobody.await.status, 422, "without a token it takes a challenge");
    let without = Server::start();
    let asked = without.call("POST", "/api/v1/retests", json!({"list": "relay", "key": "192.0.2.1"}).to_string()).await;
    assert_eq!(asked.status, 404, "this server makes no retests");
}

#[tokio::test]
async fn a_block_gets_twenty_tests_a_day_and_the_others_wait() {
    let server = server();
    let addresses: Vec<String> = (1..=25).map(|n| format!("192.0.2.{n}")).collect();
    server.put("relay", "feed", &addresses.join("\n")).await.ok();
    let list = "relay".parse().unwrap();
    let mut last = None;
    for address in &addresses {
        last = Some(server.desk.ask_retest(&list, address.parse().unwrap(), true).await.unwrap());
    }
    // It was said that the test had shown nothing, though there was none.
    let waits = server.get(&format!("/retests/{}", last.unwrap())).await;
    assert!(waits.text().contains("Its turn comes on 16 January 2027"), "{}", waits.text());
    let mut made = 0;
    while server.desk.next_retest(&HashSet::new()).await.unwrap().is_some() {
        made += 1;
    }
    assert_eq!(made, 20);
    server.pass(DAY + 60);
    server.desk.retests_due().await.unwrap();
    while server.desk.next_retest(&HashSet::new()).await.unwrap().is_some() {
        made += 1;
    }
    assert_eq!(made, 25);
}

/// A test that a restart broke off was made again without being counted again: 21 for this block.
#[tokio::test]
async fn a_test_that_is_made_again_after_a_restart_counts_again() {
    let server = server();
    let addresses: Vec<IpAddr> = (1..=25).map(|n| format!("192.0.2.{n}").parse().unwrap()).collect();
    server.put("relay", "feed", &addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")).await.ok();
    let list = "relay".parse().unwrap();
    server.desk.ask_retest(&list, addresses[0], true).await.unwrap();
    assert!(server.desk.next_retest(&HashSet::new()).await.unwrap().is_some());
    server.pass(1);
    server.desk.retests_restarted().await.unwrap();
    for address in &addresses[1..] {
        server.desk.ask_retest(&list, *address, true).await.unwrap();
    }
    let mut made = 1;
    while server.desk.next_retest(&HashSet::new()).await.unwrap().is_some() {
        made += 1;
    }
    assert_eq!(made, 20);
}

/// Of the tests of a day a thousand were read, while a hundred thousand may be configured.
#[tokio::test]
async fn tests_on_our_own_account_are_counted_beyond_a_thousand() {
    let server = server();
    server.put("relay", "feed", "192.0.2.7\n").await.ok();
    let id = ask(&server, "192.0.2.7").await;
    test(&server, Reach::Greeted, Verdict::Refused).await;
    server.pass(DAY + 60);
    server.cases.send_modify(|settings| {
        let retest = std::sync::Arc::make_mut(settings).retest.as_mut().unwrap();
        retest.bounds.automatic_per_day = 1_100;
    });
    let made = |number: u128| CaseRow {
        family: CaseFamily::Retest,
        key: [&b"a"[..], &server.desk.now().seconds().to_be_bytes(), &number.to_be_bytes()].concat(),
        value: Some(b"{}".to_vec()),
    };
    let (door, rows) = (server.door.clone(), (0..1_100).map(made).collect());
    tokio::task::spawn_blocking(move || door.write_cases_waiting(rows)).await.unwrap().unwrap();
    server.desk.retests_due().await.unwrap();
    assert_eq!(retest(&server, &id).await["state"], "done", "put off");
    server.pass(DAY);
    server.desk.retests_due().await.unwrap();
    assert_eq!(retest(&server, &id).await["state"], "queued");
}

#[tokio::test]
async fn after_a_restart_what_ran_is_queued_again_and_a_busy_address_waits() {
    let server = server();
    server.put("relay", "feed", "192.0.2.7\n").await.ok();
    let id = ask(&server, "192.0.2.7").await;
    server.desk.next_retest(&HashSet::new()).await.unwrap().unwrap();
    assert_eq!(retest(&server, &id).await["state"], "running");
    server.desk.retests_restarted().await.unwrap();
    assert_eq!(retest(&server, &id).await["state"], "queued");
    let busy = HashSet::from(["192.0.2.7".parse().unwrap()]);
    assert!(server.desk.next_retest(&busy).await.unwrap().is_none());
    assert!(server.desk.next_retest(&HashSet::new()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_clean_machine_is_looked_at_again_on_our_own_account_within_its_bound() {
    let server = server();
    let addresses: Vec<String> = (1..=8).map(|n| format!("198.51.{n}.7")).collect();
    server.put("relay", "feed", &addresses.join("\n")).await.ok();
    let list = "relay".parse().unwrap();
    for address in &addresses {
        server.desk.ask_retest(&list, address.parse().unwrap(), true).await.unwrap();
        test(&server, Reach::Greeted, Verdict::Refused).await;
    }
    server.pass(DAY + 60);
    server.desk.retests_due().await.unwrap();
    let mut again = 0;
    while let Some(order) = server.desk.next_retest(&HashSet::new()).await.unwrap() {
        assert!(order.trials.iter().any(|(variant, _)| *variant == Variant::Relay(Form::NullSender)));
        again += 1;
    }
    assert_eq!(again, 5);
}

#[tokio::test]
async fn what_is_kept_of_a_retest_has_an_end() {
    let server = server();
    server.put("relay", "feed", "192.0.2.7\n").await.ok();
    let id = ask(&server, "192.0.2.7").await;
    test(&server, Reach::Greeted, Verdict::Refused).await;
    server.pass(DAY + 60);
    server.desk.retests_due().await.unwrap();
    test(&server, Reach::Greeted, Verdict::Refused).await;
    assert_eq!(retest(&server, &id).await["next_at"], Value::Null);
    server.pass(31 * DAY);
    server.desk.retests_due().await.unwrap();
    assert_eq!(server.get(&format!("/api/v1/retests/{id}")).await.status, 404);
}

/// Where transcripts are kept for less time than a message may arrive, the row that ends a retest was gone before its end.
#[tokio::test]
async fn a_retest_that_outlives_its_transcript_has_an_end_as_well() {
    let server = server();
    server.cases.send_modify(|settings| {
        let retest = std::sync::Arc::make_mut(settings).retest.as_mut().unwrap();
        (retest.keep_transcripts, retest.terms.recheck) = (Duration::from_seconds(DAY), Vec::new());
    });
    server.put("relay", "feed", "192.0.2.7\n").await.ok();
    let id = ask(&server, "192.0.2.7").await;
    test(&server, Reach::Greeted, Verdict::Accepted).await;
    for _ in 0..8 {
        server.pass(DAY);
        server.desk.retests_due().await.unwrap();
    }
    assert_eq!(server.get(&format!("/api/v1/retests/{id}")).await.status, 404);
    let rows = server.door.store().view().cases(CaseFamily::Retest, &[], &[], 10).unwrap();
    assert!(rows.is_empty(), "{rows:?}");
}

/// Each press of the button that came too soon got a form of its own, which was unripe for ten seconds again.
#[tokio::test]
async fn who_presses_the_button_every_few_seconds_gets_through() {
    let server = server();
    server.put("relay", "feed", "192.0.2.7\n").await.ok();
    let form = server.get("/retest?list=relay&key=192.0.2.7").await;
    let mut token = hidden(form.text(), "token");
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let fields = [("list", "relay"), ("key", "192.0.2.7"), ("token", &*token)];
        let sent = server.send("127.0.0.1", "/retests", &fields).await;
        statuses.push(sent.status);
        if sent.status != 422 {
            break;
        }
        token = hidden(sent.text(), "token");
        server.pass(4);
    }
    assert_eq!(statuses, [422, 422, 422, 303]);
}

/// Who went back and pressed the button once more was asked to send the form again.
#[tokio::test]
async fn a_form_that_was_taken_leads_to_its_test_again() {
    let server = server();
    server.put("relay", "feed", "192.0.2.7\n").await.ok();
    let token = hidden(server.get("/retest?list=relay&key=192.0.2.7").await.text(), "token");
    let fields = [("list", "relay"), ("key", "192.0.2.7"), ("token", &*token)];
    server.pass(11);
    let (sent, again) =
        (server.send("127.0.0.1", "/retests", &fields).await, server.send("127.0.0.1", "/retests", &fields).await);
    assert_eq!((sent.status, again.status), (303, 303), "{}", again.text());
    assert_eq!(again.headers["location"], sent.headers["location"]);
}

#[tokio::test]
async fn a_removal_by_the_rule_retest_waits_for_the_test_and_goes_by_it() {
    let server = server();
    server.put("proxies", "feed", "192.0.2.7\n198.51.100.8\n").await.ok();
    for (key, verdict, state) in
        [("192.0.2.7", Verdict::Refused, "granted"), ("198.51.100.8", Verdict::Arrived, "refused")]
    {
        let asked = json!({"list": "proxies", "key": key}).to_string();
        let asked = server.call("POST", "/api/v1/removals", asked).await;
        assert_eq!(asked.status, 202, "{}", asked.text());
        let path = format!("/api/v1/removals/{}", asked.json()["id"].as_str().unwrap());
        server.desk.upkeep().await.unwrap();
        let waiting = server.call("GET", &path, "").await.ok();
        let next = waiting["next_step"].as_str().unwrap();
        assert_eq!(waiting["state"], "checking");
        assert!(next.contains("a test of the machine decides") && !next.contains("minutes"), "{next}");
        let order = server.desk.next_retest(&HashSet::new()).await.unwrap().expect("a test was asked for");
        assert_eq!((order.kind, order.address.to_string().as_str()), (Suspicion::Proxy, key));
        let steps = vec![Step { variant: order.trials[0].0, verdict }];
        let observed = Observed { reach: Reach::Greeted, steps, transcript: String::new() };
        server.desk.retest_observed(order.id, Some(observed)).await.unwrap();
        server.pass(700);
        server.desk.upkeep().await.unwrap();
        let said = server.call("GET", &path, "").await.ok();
        assert_eq!((&said["state"], listed(&server, key).await), (&json!(state), state == "refused"), "{said}");
    }
}

/// Asks for a removal, and gives the path of the request.
async fn ask_removal(server: &Server, list: &str, key: &str) -> String {
    let asked = server.call("POST", "/api/v1/removals", json!({"list": list, "key": key}).to_string()).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    format!("/api/v1/removals/{}", asked.json()["id"].as_str().unwrap())
}

/// Makes the next test, of a proxy: what its one port shows.
async fn test_proxy(server: &Server, verdict: Verdict) -> IpAddr {
    let order = server.desk.next_retest(&HashSet::new()).await.unwrap().expect("a test was asked for");
    let steps = vec![Step { variant: order.trials[0].0, verdict }];
    let observed = Observed { reach: Reach::Greeted, steps, transcript: String::new() };
    server.desk.retest_observed(order.id, Some(observed)).await.unwrap();
    order.address
}

/// The test was kept by the /128 that is listed and looked for by the /64 that is asked for: it was never found, clean or
/// open.
#[tokio::test]
async fn a_removal_of_an_ipv6_address_goes_by_its_test_where_addresses_are_listed_by_themselves() {
    let server = server();
    let (clean, open, beside) = ("2001:db8:1:1::25", "2001:db8:1:2::25", "2001:db8:1:1::26");
    server.put("proxies", "feed", &[clean, open, beside].join("\n")).await.ok();
    for (key, verdict, state) in [(clean, Verdict::Refused, "granted"), (open, Verdict::Arrived, "refused")] {
        let path = ask_removal(&server, "proxies", key).await;
        server.desk.upkeep().await.unwrap();
        assert_eq!(test_proxy(&server, verdict).await.to_string(), key);
        server.desk.upkeep().await.unwrap();
        let said = server.call("GET", &path, "").await.ok();
        assert_eq!((&said["state"], listed(&server, key).await), (&json!(state), state == "refused"), "{said}");
    }
    assert!(listed(&server, beside).await, "its neighbour was not tested");
}

#[tokio::test]
async fn an_ipv6_block_of_64_is_tested_at_the_address_that_was_asked_where_the_list_names_no_other_length() {
    let server = server();
    server.put("proxies", "feed", "2001:db8:1:1::/64\n2001:db8:2::/56").await.ok();
    let (path, wider) = (
        ask_removal(&server, "proxies", "2001:db8:1:1::25").await,
        ask_removal(&server, "proxies", "2001:db8:2::25").await,
    );
    server.desk.upkeep().await.unwrap();
    assert_eq!(test_proxy(&server, Verdict::Refused).await.to_string(), "2001:db8:1:1::25");
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.call("GET", &path, "").await.ok()["state"], "granted");
    assert_eq!(server.call("GET", &wider, "").await.ok()["state"], "deciding", "no test tells about so many");
}

/// A list that widens IPv6 addresses to their /64: the test of a closed neighbour took the place of the one that was waited
/// for, and each address of the block had a test of its own each day.
#[tokio::test]
async fn a_listed_block_has_one_test_at_a_time_and_one_a_day_whichever_address_is_asked() {
    let server = server();
    server.put("blocks", "feed", "2001:db8:1:1::1").await.ok();
    let list = "blocks".parse().unwrap();
    let asked = async |address: &str| server.desk.ask_retest(&list, address.parse().unwrap(), true).await.unwrap();
    let id = asked("2001:db8:1:1::1").await;
    let trials = test(&server, Reach::Greeted, Verdict::Accepted).await;
    assert_eq!(asked("2001:db8:1:1::2").await, id);
    assert!(server.desk.next_retest(&HashSet::new()).await.unwrap().is_none());
    server.pass(3_700);
    server.desk.retests_due().await.unwrap();
    assert!(!listed(&server, "2001:db8:1:1::1").await);
    assert_eq!(asked("2001:db8:1:1::2").await.to_string().len(), 32);
    assert!(server.desk.next_retest(&HashSet::new()).await.unwrap().is_none(), "one test of the block a day");
    server.desk.retest_arrived(trials[0].1, "2001:db8:1:1::1".parse().unwrap(), false, "").await.unwrap();
    assert!(listed(&server, "2001:db8:1:1::1").await);
    server.pass(2 * DAY);
    asked("2001:db8:1:1::2").await;
    let order = server.desk.next_retest(&HashSet::new()).await.unwrap().expect("another day");
    assert_eq!(order.address.to_string(), "2001:db8:1:1::1", "the one that was open");
}

/// The fourth try of a test was later than the end of the request, which so always lapsed where a machine was out of reach.
#[tokio::test]
async fn people_decide_a_removal_whose_test_reached_nobody_in_four_tries() {
    let server = server();
    server.put("proxies", "feed", "192.0.2.7").await.ok();
    let path = ask_removal(&server, "proxies", "192.0.2.7").await;
    server.desk.upkeep().await.unwrap();
    let mut tries = 0;
    for _ in 0..8 * 24 {
        server.desk.retests_due().await.unwrap();
        if let Some(order) = server.desk.next_retest(&HashSet::new()).await.unwrap() {
            tries += 1;
            let steps = vec![Step { variant: order.trials[0].0, verdict: Verdict::Unanswered }];
            let observed = Observed { reach: Reach::Silent, steps, transcript: String::new() };
            server.desk.retest_observed(order.id, Some(observed)).await.unwrap();
        }
        server.desk.upkeep().await.unwrap();
        server.pass(3_600);
    }
    let said = server.call("GET", &path, "").await.ok();
    assert_eq!((tries, &said["state"]), (4, &json!("deciding")), "{said}");
    server.pass(7 * DAY);
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.call("GET", &path, "").await.ok()["state"], "lapsed");
}

/// A machine that was open at the first test and is at the second: nothing was said about the list, whose entry ended thirty
/// days after the first.
#[tokio::test]
async fn a_machine_that_is_found_open_again_is_listed_anew() {
    let server = server();
    server.put("proxies", "feed", "192.0.2.7").await.ok();
    let list = "proxies".parse().unwrap();
    for _ in 0..3 {
        server.desk.ask_retest(&list, "192.0.2.7".parse().unwrap(), true).await.unwrap();
        assert_eq!(test_proxy(&server, Verdict::Arrived).await.to_string(), "192.0.2.7");
        server.pass(20 * DAY);
        assert!(listed(&server, "192.0.2.7").await);
    }
    let found = server.get("/api/v1/lookup/192.0.2.7").await.ok();
    assert!(found.to_string().contains("2027-02-24"), "last seen at the third test: {found}");
}

/// An exclusion by a test ended by the list's `expires_after`, or never, whatever its `removal_lasts` promised.
#[tokio::test]
async fn what_a_test_took_off_the_list_is_exempt_for_as_long_as_the_list_says() {
    let server = server();
    server.put("blocks", "feed", "192.0.2.7").await.ok();
    server.desk.ask_retest(&"blocks".parse().unwrap(), "192.0.2.7".parse().unwrap(), true).await.unwrap();
    test(&server, Reach::Greeted, Verdict::Refused).await;
    let found = server.get("/api/v1/lookup/192.0.2.7").await.ok();
    let exempt = &found["excluded_by"][0];
    assert_eq!((&exempt["source"], &exempt["expires"].as_str().unwrap()[..10]), (&json!("retest"), "2027-01-25"));
}

/// What a test said of a list that was gone could not be written, and no other retest moved any more.
#[tokio::test]
async fn retests_of_a_list_that_is_gone_do_not_hold_up_the_others() {
    let server = server();
    server.put("blocks", "feed", "192.0.2.7").await.ok();
    server.put("relay", "feed", "198.51.100.8").await.ok();
    for (list, key) in [("blocks", "192.0.2.7"), ("relay", "198.51.100.8")] {
        server.desk.ask_retest(&list.parse().unwrap(), key.parse().unwrap(), true).await.unwrap();
        test(&server, Reach::Greeted, Verdict::Accepted).await;
        server.pass(1);
    }
    server.drop_list("blocks").await;
    server.pass(3_700);
    server.desk.retests_due().await.unwrap();
    assert!(!listed(&server, "198.51.100.8").await);
}

/// Where the message came through before the session was over, the end of the test said nothing new about the list, and the
/// removal heard of it only in the next round, a minute later.
#[tokio::test]
async fn a_removal_hears_at_once_of_a_test_whose_end_says_nothing_about_the_list() {
    let server = server();
    server.put("proxies", "feed", "192.0.2.7\n").await.ok();
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.desk.clone().run(stop.clone()));
    let asked =
        server.call("POST", "/api/v1/removals", json!({"list": "proxies", "key": "192.0.2.7"}).to_string()).await;
    let path = format!("/api/v1/removals/{}", asked.json()["id"].as_str().unwrap());
    let mut order = None;
    for _ in 0..1_000 {
        order = server.desk.next_retest(&HashSet::new()).await.unwrap();
        if order.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    server.desk.retest_observed(order.expect("a test was asked for").id, None).await.unwrap();
    let mut state = json!(null);
    for _ in 0..1_000 {
        state = server.call("GET", &path, "").await.ok()["state"].take();
        if state != "checking" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(state, "deciding");
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_network_is_told_of_requests_in_its_ranges_by_its_webhook() {
    let server = server();
    let network =
        json!({"name": "isp", "title": "Example", "contacts": ["noc@example.org"], "prefixes": ["203.0.113.0/24"]});
    assert_eq!(server.call("POST", "/api/v1/networks", network.to_string()).await.status, 201);
    let hook = json!({"webhook": "https://hooks.example.org/dnsbl"}).to_string();
    let shown = server.call("PATCH", "/api/v1/networks/isp", hook).await.ok();
    let key = shown["webhook"]["key"].as_str().unwrap().to_owned();
    let signs = server.desk.webhook_key("isp").map(|octets| data_encoding::HEXLOWER.encode(&octets));
    assert_eq!(signs, Some(key));
    server.put("owned", "feed", "203.0.113.7\n").await.ok();
    let asked = json!({"list": "owned", "key": "203.0.113.7", "contact": "me@example.org"}).to_string();
    let asked = server.call("POST", "/api/v1/removals", asked).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let due = server.desk.due_errands(None, 10).unwrap();
    let told = due.iter().find_map(|due| match &due.errand.task {
        Task::Webhook { network, url, body } => Some((network, url, serde_json::from_str::<Value>(body).unwrap())),
        Task::Mail { .. } => None,
    });
    let (network, url, body) = told.expect("the network is told");
    assert_eq!((&**network, &**url), ("isp", "https://hooks.example.org/dnsbl"));
    assert_eq!((&body["event"], &body["request"]["key"]), (&json!("request"), &json!("203.0.113.7")));
    assert!(!body.to_string().contains("me@example.org"));
}
