//! What networks are told of listings inside their prefixes: nothing is lost, whatever else happens meanwhile.

use super::{Server, documented, networks};
use crate::{cases::Task, change::CaseRow, limits::JOURNAL_CHANGES_MAX, store::CaseFamily};
use axum::body::Body;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use std::sync::{Arc, atomic::Ordering};

impl Server {
    /// A network for 203.0.113.0/24 with a webhook.
    async fn with_hook(self) -> Self {
        networks::network(&self).await;
        let hook = r#"{"webhook":"https://hooks.example.org/x"}"#;
        self.call("PATCH", "/api/v1/networks/isp", hook).await.ok();
        self
    }

    async fn lists(&self, list: &str, key: &str) {
        self.post(list, &json!({"key": key, "source": "tester"})).await.ok();
    }

    async fn remove(&self, key: &str) {
        let body = json!({"list": "compromised", "key": key, "repaired_at": self.desk.now()}).to_string();
        let asked = self.call("POST", "/api/v1/removals", body).await.ok();
        assert_eq!(asked["state"], "granted", "{asked}");
    }

    /// Imports addresses that were seen now: these alone, or with more than the journal holds one by one.
    async fn imports(&self, keys: &[&str], many: bool) {
        let seen = self.desk.now();
        let mut body = "ip,seen\n".to_owned();
        body.extend(keys.iter().map(|key| format!("{key},{seen}\n")));
        let others = 0..if many { JOURNAL_CHANGES_MAX } else { 0 };
        body.extend(others.map(|n| format!("198.18.{}.{},{seen}\n", n / 256, n % 256)));
        self.put("compromised", "feed?force=true&format=csv", &body).await.ok();
    }

    /// What the webhook was told so far, as `LIST KEY`.
    fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        for due in self.desk.due_errands(None, 1_000).unwrap() {
            let Task::Webhook { body, .. } = due.errand.task else { continue };
            let body: Value = serde_json::from_str(&body).unwrap();
            let keys = body["keys"].as_array().map_or(&[][..], Vec::as_slice);
            told.extend(keys.iter().map(|key| format!("{} {}", body["list"].as_str().unwrap(), key.as_str().unwrap())));
        }
        told.sort();
        told
    }

    /// The mails so far, in their order.
    fn mails(&self) -> Vec<String> {
        let due = self.desk.due_errands(None, 1_000).unwrap().into_iter();
        let mails = due.filter_map(|due| match due.errand.task {
            Task::Mail { text, .. } => Some(text.into()),
            Task::Webhook { .. } => None,
        });
        mails.collect()
    }

    /// Writes rows of networks as they are.
    async fn put_rows(&self, rows: &[(&str, Option<&str>)]) {
        let row = |(key, value): &(&str, Option<&str>)| CaseRow {
            family: CaseFamily::Network,
            key: key.as_bytes().to_vec(),
            value: value.map(|value| value.as_bytes().to_vec()),
        };
        self.put_cases(rows.iter().map(row).collect()).await;
    }
}

/// The row that says how far was told was only made by the round after the next commit, which it swallowed.
#[tokio::test]
async fn the_first_listing_after_the_first_network_is_told() {
    let server = Server::start();
    server.lists("relay", "203.0.113.8").await;
    let server = server.with_hook().await;
    server.lists("relay", "203.0.113.9").await;
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.told(), ["relay 203.0.113.9"]);
}

/// What was first seen in the second of the import before was taken for known.
#[tokio::test]
async fn what_a_second_import_brings_within_the_same_second_is_told() {
    let server = Server::start().with_hook().await;
    server.desk.upkeep().await.unwrap();
    let mut second = String::new();
    for n in 1..=250 {
        let began = server.desk.now();
        server.put("relay", "feed?force=true", "203.0.113.251").await.ok();
        second = format!("203.0.113.{n}");
        server.put("relay", "feed?force=true", &format!("203.0.113.251\n{second}")).await.ok();
        if server.desk.now() == began {
            break;
        }
    }
    server.desk.upkeep().await.unwrap();
    assert!(server.told().contains(&format!("relay {second}")), "{second}: {:?}", server.told());
}

/// A round noted what it had read of an import before it was told.
#[tokio::test]
async fn an_import_whose_round_fails_is_told_by_the_next() {
    let server = Server::start().with_hook().await;
    server.desk.upkeep().await.unwrap();
    server.put("relay", "feed", "203.0.113.9").await.ok();
    server.put_rows(&[("misp", Some("?")), ("wisp", Some("?"))]).await;
    assert!(server.desk.upkeep().await.is_err());
    server.put_rows(&[("misp", None), ("wisp", None)]).await;
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.told(), ["relay 203.0.113.9"]);
}

/// An import was taken to have begun an hour ago at most, though the one before was known to have been earlier.
#[tokio::test]
async fn what_an_import_of_many_hours_brings_is_told() {
    let server = Server::start().with_hook().await;
    server.put("relay", "feed", "203.0.113.8").await.ok();
    server.desk.upkeep().await.unwrap();
    server.pass(60);
    let passed = Arc::clone(&server.passed);
    let pieces = stream::iter(["203.0.113.8\n", "203.0.113.9\n"]).map(move |piece| {
        passed.fetch_add(3 * 3_600, Ordering::Relaxed);
        Ok::<_, std::io::Error>(piece)
    });
    let put = server.call("PUT", "/api/v1/lists/relay/sources/feed", Body::from_stream(pieces)).await.ok();
    assert_eq!(put["added"], 1, "{put}");
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.told(), ["relay 203.0.113.8", "relay 203.0.113.9"]);
}

/// The address was in DNS again by evidence that was newer than its removal, with the day of its first listing.
#[tokio::test]
async fn an_address_that_is_listed_again_after_a_removal_is_told_again() {
    let server = Server::start().with_hook().await;
    let again = ["compromised 203.0.113.9", "compromised 203.0.113.9"];
    server.lists("compromised", "203.0.113.9").await;
    server.pass(60);
    server.remove("203.0.113.9").await;
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.told(), again[1..]);
    server.pass(60);
    server.lists("compromised", "203.0.113.9").await;
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.told(), again);
    server.pass(60);
    server.lists("compromised", "203.0.113.9").await;
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.told(), again, "a renewal is no news");
}

/// The same where the evidence is one line of an import, whether the journal holds its changes or not.
#[tokio::test]
async fn an_import_that_lists_again_after_a_removal_is_told() {
    for many in [false, true] {
        let server = Server::start().with_hook().await;
        let keys = ["203.0.113.9", "203.0.113.10"];
        server.imports(&keys, many).await;
        server.pass(60);
        server.remove("203.0.113.9").await;
        server.desk.upkeep().await.unwrap();
        assert_eq!(server.told(), ["compromised 203.0.113.10", "compromised 203.0.113.9"], "{many}");
        server.pass(600);
        server.imports(&keys, many).await;
        server.desk.upkeep().await.unwrap();
        let told = ["compromised 203.0.113.10", "compromised 203.0.113.9", "compromised 203.0.113.9"];
        assert_eq!(server.told(), told, "{many}");
    }
}

/// The walk over a network's prefix ended where enough was found, though all of it was another's.
#[tokio::test]
async fn a_network_is_told_of_what_lies_behind_the_many_addresses_of_a_network_inside_it() {
    let server = Server::start();
    for (name, prefix) in [("carrier", "198.18.0.0/15"), ("reseller", "198.18.0.0/16")] {
        let new = json!({"name": name, "title": name, "contacts": ["noc@example.org"], "prefixes": [prefix]});
        assert_eq!(server.call("POST", "/api/v1/networks", new.to_string()).await.status, 201);
    }
    let hook = r#"{"webhook":"https://hooks.example.org/x"}"#;
    server.call("PATCH", "/api/v1/networks/carrier", hook).await.ok();
    server.imports(&["198.19.0.1"], true).await;
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.told(), ["compromised 198.19.0.1"]);
}

/// A hole that closes, and a source that lists what it had excluded.
#[tokio::test]
async fn what_an_exclusion_kept_out_is_told_when_the_exclusion_ends() {
    let server = Server::start().with_hook().await;
    server.put("relay", "feed", "203.0.113.0/28\n!203.0.113.9\n!203.0.113.10\n!203.0.113.40").await.ok();
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.told(), ["relay 203.0.113.0/28"]);
    server.pass(60);
    server.put("relay", "feed?force=true", "203.0.113.0/28\n203.0.113.10").await.ok();
    server.desk.upkeep().await.unwrap();
    // Nothing lists 203.0.113.40.
    assert_eq!(server.told(), ["relay 203.0.113.0/28", "relay 203.0.113.10", "relay 203.0.113.9"]);
}

/// A mail that was written while the clock was ahead kept the network without mail until that day.
#[tokio::test]
async fn a_clock_that_was_ahead_does_not_silence_the_mail() {
    let server = Server::start().with_hook().await;
    server.put_rows(&[("misp", Some("\"2037-01-01T00:00:00Z\""))]).await;
    server.lists("relay", "203.0.113.9").await;
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.mails().len(), 1);
    server.lists("relay", "203.0.113.10").await;
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.mails().len(), 1, "the hour counts from that mail");
}

/// The first list by name took the mail of the hour, and what else was listed in that hour was never mailed.
#[tokio::test]
async fn a_mail_names_all_lists_and_what_came_within_the_hour_is_in_the_next() {
    let server = Server::start();
    networks::network(&server).await;
    server.lists("relay", "203.0.113.9").await;
    server.lists("compromised", "203.0.113.10").await;
    server.desk.upkeep().await.unwrap();
    let mails = server.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    for words in ["relay", "203.0.113.9", "compromised", "203.0.113.10"] {
        assert!(mails[0].contains(words), "{words}: {}", mails[0]);
    }
    server.pass(60);
    server.lists("relay", "203.0.113.11").await;
    server.desk.upkeep().await.unwrap();
    server.lists("compromised", "203.0.113.12").await;
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.mails().len(), 1, "one an hour");

    // Nothing else happens, and the process is another by then.
    let server = server.restart();
    server.pass(3_600);
    server.desk.upkeep().await.unwrap();
    let mails = server.mails();
    assert_eq!(mails.len(), 2, "{mails:?}");
    let next = mails.iter().find(|mail| mail.contains("203.0.113.11")).expect("it is told by mail");
    assert!(next.contains("203.0.113.12") && !next.contains("203.0.113.9"), "{next}");
    server.pass(3_600);
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.mails().len(), 2, "once");
}

#[tokio::test]
async fn what_waits_for_a_mail_goes_with_its_network() {
    let server = Server::start();
    networks::network(&server).await;
    for key in ["203.0.113.9", "203.0.113.10"] {
        server.lists("relay", key).await;
        server.desk.upkeep().await.unwrap();
    }
    assert_eq!(server.call("DELETE", "/api/v1/networks/isp", "").await.status, 204);
    networks::network(&server).await;
    server.pass(3_600);
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.mails().len(), 1);
}

/// What the calls say stood in the source alone.
#[tokio::test]
async fn the_document_has_the_bodies_of_the_calls() {
    let server = Server::start().with_hook().await;
    server.lists("compromised", "203.0.113.9").await;
    server.desk.upkeep().await.unwrap();
    server.remove("203.0.113.9").await;
    let document = server.get("/openapi.json").await.ok();
    let mut events = Vec::new();
    for due in server.desk.due_errands(None, 1_000).unwrap() {
        let Task::Webhook { body, .. } = due.errand.task else { continue };
        let body: Value = serde_json::from_str(&body).unwrap();
        let event = body["event"].as_str().unwrap().to_owned();
        let schema = match &*event {
            "listed" => "WebhookListed",
            _ => "WebhookRequest",
        };
        assert!(document["components"]["schemas"][schema].is_object(), "{schema}");
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        assert_eq!(documented::misfit(&document, &schema, &body), None, "{body}");
        events.push(event);
    }
    events.sort();
    events.dedup();
    assert_eq!(events, ["listed", "request"]);
    let told = document["components"]["schemas"]["WebhookObject"]["description"].as_str().unwrap();
    assert!(told.contains("WebhookListed") && told.contains("Dnsbld-Signature"), "{told}");
}
