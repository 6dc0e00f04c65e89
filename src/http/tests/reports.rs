//! Reports over HTTP: what one reporter alone cannot do, two can; nothing counts twice.

use super::Server;
use axum::http::Request;
use serde_json::{Value, json};

async fn token(server: &Server, name: &str, scope: &str) -> String {
    let body = json!({ "name": name, "scopes": [scope] }).to_string();
    server.call("POST", "/api/v1/tokens", body).await.ok()["token"].as_str().unwrap().to_owned()
}

/// Reports of one kind, as a reporter sends them; the states of the answers.
async fn send(server: &Server, token: &str, reports: &[Value]) -> Vec<String> {
    let body: Vec<String> = reports.iter().map(Value::to_string).collect();
    let answer = server.call_as(Some(token), "POST", "/api/v1/reports", body.join("\n")).await.ok();
    answer.as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect()
}

fn trap(address: &str, id: &str) -> Value {
    json!({ "address": address, "kind": "trap", "seen": "2027-01-15T08:00:00Z", "id": id })
}

async fn listed(server: &Server, key: &str) -> bool {
    server.call("GET", &format!("/api/v1/lookup/{key}"), "").await.ok()["listed"].as_bool().unwrap()
}

#[tokio::test]
async fn two_reporters_list_an_address_and_one_does_not() {
    let server = Server::start();
    let (one, two) = (token(&server, "one", "report:mx1").await, token(&server, "two", "report:mx2").await);
    let flood: Vec<Value> = (0..50).map(|id| trap("203.0.113.5", &id.to_string())).collect();
    assert!(send(&server, &one, &flood).await.iter().all(|state| state == "counted"));
    assert_eq!(send(&server, &one, &flood[..1]).await, ["duplicate"]);
    assert!(!listed(&server, "203.0.113.5").await);

    let body = trap("203.0.113.5", "other").to_string();
    let answer = server.call_as(Some(&two), "POST", "/api/v1/reports", body).await.ok();
    assert_eq!(answer, json!([{ "id": "other", "state": "listed", "list": "compromised" }]));
    let found = server.call("GET", "/api/v1/lookup/203.0.113.5", "").await.ok();
    assert_eq!(found["matches"][0]["source"], "report", "{found}");
    assert_eq!(found["matches"][0]["reason"], "51 reports (trap) by 2 reporters", "{found}");
    // The listing ends by itself, and a report renews it.
    let end = found["matches"][0]["expires"].clone();
    server.pass(3_600);
    let later = json!({ "address": "203.0.113.5", "kind": "spam", "seen": "2027-01-15T09:00:00Z" });
    assert_eq!(send(&server, &one, &[later]).await, ["listed"]);
    let found = server.call("GET", "/api/v1/lookup/203.0.113.5", "").await.ok();
    assert!(found["matches"][0]["expires"].as_str() > end.as_str(), "{found}");
}

/// `listed` was answered for an address that an exclusion keeps off the list.
#[tokio::test]
async fn a_report_of_an_exempted_address_counts_and_lists_nothing() {
    let server = Server::start();
    let (one, two) = (token(&server, "one", "report:mx1").await, token(&server, "two", "report:mx2").await);
    server.post("compromised", &json!({"key": "203.0.113.5", "source": "operator", "exclude": true})).await.ok();
    for (address, state) in [("203.0.113.5", "counted"), ("203.0.113.6", "listed")] {
        let traps = [trap(address, &format!("{address} 1")), trap(address, &format!("{address} 2"))];
        assert_eq!(send(&server, &one, &traps).await, ["counted", "counted"]);
        assert_eq!(send(&server, &two, &[trap(address, address)]).await, [state], "{address}");
        assert_eq!(listed(&server, address).await, state == "listed", "{address}");
    }
}

#[tokio::test]
async fn what_no_list_counts_is_ignored_and_what_cannot_be_read_is_refused_whole() {
    let server = Server::start();
    let one = token(&server, "one", "report:mx1").await;
    let kind = |kind: &str| json!({ "address": "203.0.113.5", "kind": kind, "seen": "2027-01-15T08:00:00Z" });
    let old = json!({ "address": "203.0.113.5", "kind": "trap", "seen": "2027-01-01" });
    let reports = [kind("auth"), old, trap("198.51.100.7", "spared"), trap("10.1.2.3", "never"), kind("spam")];
    assert_eq!(send(&server, &one, &reports).await, ["ignored", "ignored", "ignored", "ignored", "counted"]);

    let array = r#"["203.0.113.5","trap","2027-01-15",null,null,null]"#;
    for body in ["", "{}", r#"{"address":"203.0.113.0/24","kind":"trap","seen":"2027-01-15"}"#, "[1]", array] {
        assert_eq!(server.call_as(Some(&one), "POST", "/api/v1/reports", body).await.status, 422, "{body}");
    }
    let half = format!("{}\nnonsense\n", trap("203.0.113.9", "x"));
    let refused = server.call_as(Some(&one), "POST", "/api/v1/reports", half).await;
    assert_eq!((refused.status, refused.json()["rejected"][0]["line"].clone()), (422, json!(2)));
    assert_eq!(send(&server, &one, &[trap("203.0.113.9", "x")]).await, ["counted"], "nothing of the body was kept");

    let feed = token(&server, "feed", "write:compromised/feed").await;
    assert_eq!(server.call_as(Some(&feed), "POST", "/api/v1/reports", "").await.status, 403);
    assert_eq!(server.call_as(None, "POST", "/api/v1/reports", "").await.status, 401);
    let body = r#"{"key":"203.0.113.5","source":"report"}"#;
    assert_eq!(server.call("POST", "/api/v1/lists/compromised/entries", body).await.status, 403);
}

#[tokio::test]
async fn a_hole_in_never_can_be_reported() {
    let server = Server::start();
    let hole = r#"{"key":"10.1.2.0/24","source":"operator","exclude":true}"#;
    server.call("POST", "/api/v1/lists/never/entries", hole).await.ok();
    let admin = server.admin.clone();
    assert_eq!(send(&server, &admin, &[trap("10.1.3.1", "a"), trap("10.1.2.1", "b")]).await, ["ignored", "counted"]);
}

#[tokio::test]
async fn the_operators_own_trap_lists_alone_and_networks_of_v6_widen() {
    let server = Server::start();
    let admin = server.admin.clone();
    let own = |address: &str| [trap(address, &format!("{address}-1")), trap(address, &format!("{address}-2"))];
    assert_eq!(send(&server, &admin, &own("203.0.113.5")).await, ["counted", "listed"]);
    for part in 1..=3 {
        assert!(!listed(&server, "2001:db8:0:fe::1").await);
        let address = format!("2a00:1450:0:{part}::25");
        assert_eq!(send(&server, &admin, &own(&address)).await, ["counted", "listed"], "{address}");
        assert!(listed(&server, &format!("2a00:1450:0:{part}::1")).await, "the /64");
    }
    assert!(listed(&server, "2a00:1450:0:99::1").await, "the /56");
    assert!(!listed(&server, "2a00:1450:0:100::1").await);
}

fn relayed(id: &str, seen: &str) -> Value {
    json!({ "address": "203.0.113.5", "kind": "relay", "seen": seen, "id": id })
}

#[tokio::test]
async fn one_report_does_not_bring_back_what_a_proven_removal_lifted() {
    let server = Server::start();
    let (one, two) = (token(&server, "one", "report:mx1").await, token(&server, "two", "report:mx2").await);
    assert_eq!(send(&server, &one, &[relayed("a", "2027-01-15T08:00:00Z")]).await, ["counted"]);
    assert_eq!(send(&server, &two, &[relayed("b", "2027-01-15T08:00:00Z")]).await, ["listed"]);
    server.pass(60);
    let ask = r#"{"list":"relay","key":"203.0.113.5"}"#;
    let asked = server.call("POST", "/api/v1/removals", ask).await.ok();
    let (id, secret) = (asked["id"].as_str().unwrap(), asked["secret"].as_str().unwrap());
    let request = format!("/api/v1/removals/{id}");
    let with = |method: &str, path: String, body: String| {
        let request = Request::builder().method(method).uri(path).header("x-request-secret", secret);
        server.from("127.0.0.1", request.body(body.into()).unwrap())
    };
    *server.checks.names.lock().unwrap() = vec!["mx.example.org".into()];
    let txt = with("GET", request.clone(), String::new()).await.ok()["txt"].as_str().unwrap().to_owned();
    server.checks.texts.lock().unwrap().push(("_dnsbld.example.org".into(), txt.into()));
    let proven = with("POST", format!("{request}/proof"), r#"{"proof":"rdns-txt"}"#.into()).await.ok();
    assert_eq!(proven["state"], "granted", "{proven}");
    server.pass(60);
    // Neither one reporter alone nor what was seen before.
    let mine = [relayed("c", "2027-01-15T08:01:50Z"), relayed("d", "2027-01-15T08:01:51Z")];
    assert_eq!(send(&server, &one, &mine).await, ["counted", "counted"]);
    assert_eq!(send(&server, &two, &[relayed("e", "2027-01-15T08:00:30Z")]).await, ["counted"]);
    assert!(!listed(&server, "203.0.113.5").await);
    assert_eq!(server.get(&request).await.ok()["state"], "granted");
    assert_eq!(send(&server, &two, &[relayed("f", "2027-01-15T08:01:52Z")]).await, ["listed"]);
    assert!(listed(&server, "203.0.113.5").await);
    let found = server.call("GET", "/api/v1/lookup/203.0.113.5", "").await.ok();
    assert_eq!(found["matches"][0]["reason"], "3 reports (relay) by 2 reporters", "{found}");
    let shown = server.get(&request).await.ok();
    assert_eq!((&shown["state"], &shown["why"]), (&json!("ended"), &json!("returned")), "{shown}");
}

#[tokio::test]
async fn what_anyone_may_take_off_comes_back_with_the_next_report() {
    let server = Server::start();
    let (one, two) = (token(&server, "one", "report:mx1").await, token(&server, "two", "report:mx2").await);
    assert_eq!(send(&server, &one, &[trap("203.0.113.5", "a")]).await, ["counted"]);
    assert_eq!(send(&server, &two, &[trap("203.0.113.5", "b")]).await, ["listed"]);
    server.pass(60);
    let ask = r#"{"list":"compromised","key":"203.0.113.5"}"#;
    assert_eq!(server.call("POST", "/api/v1/removals", ask).await.ok()["state"], "granted");
    server.pass(60);
    let next = json!({ "address": "203.0.113.5", "kind": "spam", "seen": "2027-01-15T08:01:50Z" });
    assert_eq!(send(&server, &one, &[next]).await, ["listed"]);
    assert!(listed(&server, "203.0.113.5").await);
}

#[tokio::test]
async fn the_public_reason_counts_only_what_the_list_counts() {
    let server = Server::start();
    let names = ["mx1", "mx2", "mx3", "mx4"];
    let mut tokens = Vec::new();
    for name in names {
        tokens.push(token(&server, name, &format!("report:{name}")).await);
    }
    // Too old by the time that the others come, but kept.
    assert_eq!(send(&server, &tokens[2], &[trap("203.0.113.5", "old")]).await, ["counted"]);
    server.pass(8 * 86_400);
    let seen = "2027-01-23T07:59:00Z";
    let of = |kind: &str| json!({ "address": "203.0.113.5", "kind": kind, "seen": seen });
    // Another list's kind.
    assert_eq!(send(&server, &tokens[3], &[of("relay")]).await, ["counted"]);
    assert_eq!(send(&server, &tokens[0], &[of("trap")]).await, ["counted"]);
    assert_eq!(send(&server, &tokens[1], &[of("trap")]).await, ["listed"]);
    let found = server.call("GET", "/api/v1/lookup/203.0.113.5", "").await.ok();
    assert_eq!(found["matches"][0]["reason"], "2 reports (trap) by 2 reporters", "{found}");
}

/// The newest thousand were counted, whosever they were: one reporter hid all others, of whatever kind.
#[tokio::test]
async fn a_reporter_without_end_hides_nobody() {
    let server = Server::start();
    let mut tokens = Vec::new();
    for name in ["mx1", "mx2", "mx3"] {
        tokens.push(token(&server, name, &format!("report:{name}")).await);
    }
    assert_eq!(send(&server, &tokens[0], &[trap("203.0.113.5", "first")]).await, ["counted"]);
    server.pass(600);
    let relay = |id: usize| json!({"address": "203.0.113.5", "kind": "relay", "seen": "2027-01-15T08:05:00Z", "id": id.to_string()});
    for piece in [0..600, 600..1_200] {
        let many: Vec<Value> = piece.map(relay).collect();
        assert!(send(&server, &tokens[1], &many).await.iter().all(|state| state != "ignored"));
    }
    assert_eq!(send(&server, &tokens[2], &[trap("203.0.113.5", "last")]).await, ["listed"]);
}

#[tokio::test]
async fn what_other_sources_list_does_not_hide_what_reports_list_behind_it() {
    let server = Server::start();
    let admin = server.admin.clone();
    let foreign: String = (0..50_001_u32).map(|n| format!("2a00:1450::{:x}:{:x}\n", n >> 16, n & 0xffff)).collect();
    server.put("compromised", "feed", &foreign).await.ok();
    for part in 1..=3 {
        let address = format!("2a00:1450:0:{part}::25");
        let own = [trap(&address, &format!("{part}-1")), trap(&address, &format!("{part}-2"))];
        assert_eq!(send(&server, &admin, &own).await, ["counted", "listed"]);
    }
    assert!(listed(&server, "2a00:1450:0:99::1").await, "the /56");
}

#[tokio::test]
async fn reports_are_forgotten_when_no_rule_counts_them_any_more() {
    let server = Server::start();
    let admin = server.admin.clone();
    assert_eq!(send(&server, &admin, &[trap("203.0.113.5", "a")]).await, ["counted"]);
    server.pass(8 * 86_400);
    server.desk.upkeep().await.unwrap();
    let again = json!({ "address": "203.0.113.5", "kind": "trap", "seen": "2027-01-23T07:00:00Z", "id": "a" });
    assert_eq!(send(&server, &admin, &[again]).await, ["counted"], "its id is free again");
}
