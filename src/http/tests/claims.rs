//! Claims of networks: what strangers may claim, and that their zones keep nobody waiting.

use super::{
    Reply, Server,
    networks::{form, network},
    removal_pages::hidden,
};
use crate::limits::CLAIMS_PER_CLIENT;
use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use std::time::Duration;

fn claim(name: &str, prefixes: &[String]) -> String {
    json!({ "name": name, "title": "T", "contacts": ["noc@example.net"], "prefixes": prefixes }).to_string()
}

async fn claimed(server: &Server, name: &str, prefixes: &[String]) -> Value {
    let made = server.call("POST", "/api/v1/networks/claims", claim(name, prefixes)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()
}

async fn state_of(server: &Server, name: &str) -> Value {
    server.call("GET", &format!("/api/v1/networks/{name}"), "").await.ok()["prefixes"][0]["state"].clone()
}

#[tokio::test]
async fn a_claim_whose_zones_are_silent_keeps_nobody_waiting() {
    let server = Server::start();
    let many: Vec<String> = (0..15).map(|n| format!("198.51.{n}.0/24")).collect();
    claimed(&server, "silent", &many).await;
    *server.checks.silent.lock().unwrap() = ".51.198.in-addr.arpa.".into();
    let honest = claimed(&server, "honest", &["203.0.113.0/24".into()]).await;
    let (record, txt) = (honest["records"][0].as_str().unwrap(), honest["txt"].as_str().unwrap());
    server.checks.texts.lock().unwrap().push((record.into(), txt.into()));
    server.put("dynamic", "isp", "192.0.2.0/24").await.ok();
    *server.checks.server.lock().unwrap() = Some(Ok("mx.example.org".into()));
    let ask = r#"{"list":"dynamic","key":"192.0.2.25"}"#;
    let asked = server.call("POST", "/api/v1/removals", ask).await.ok();
    let request = format!("/api/v1/removals/{}", asked["id"].as_str().unwrap());

    let others = async {
        while server.get(&request).await.ok()["state"] != "granted" || state_of(&server, "honest").await != "proven" {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = server.desk.upkeep() => panic!("the silent zones were not waited for: {ended:?}"),
        moved = tokio::time::timeout(Duration::from_secs(20), others) => assert!(moved.is_ok(), "they kept others waiting"),
    }
    assert_eq!(state_of(&server, "silent").await, "claimed");
}

#[tokio::test]
async fn a_stranger_claims_a_few_prefixes_and_a_known_network_as_many_as_it_has() {
    let server = Server::start();
    let many: Vec<String> = (0..17).map(|n| format!("198.51.{n}.0/24")).collect();
    assert_eq!(server.call("POST", "/api/v1/networks/claims", claim("many", &many)).await.status, 422);
    let wide: Vec<String> = (1..4).map(|n| format!("{n}.0.0.0/9")).collect();
    assert_eq!(server.call("POST", "/api/v1/networks/claims", claim("wide", &wide)).await.status, 422);
    claimed(&server, "few", &many[..16]).await;
    let token = network(&server).await;
    let own = server.call_as(Some(&token), "POST", "/api/v1/networks/claims", claim("isp", &many)).await;
    assert_eq!(own.status, 201, "{}", own.text());
}

#[tokio::test]
async fn a_stranger_does_not_fill_the_places_and_a_claim_without_records_ends_within_a_week() {
    let server = Server::start();
    let from = async |peer: &str, name: &str| {
        let challenge = Request::builder().uri("/api/v1/challenge?for=claim").body(Body::empty()).unwrap();
        let challenge = server.from(peer, challenge).await.ok()["challenge"].clone();
        server.pass(11);
        let mut body: Value = serde_json::from_str(&claim(name, &["198.51.100.0/24".into()])).unwrap();
        body["pow"] = json!({ "challenge": challenge });
        let request = Request::post("/api/v1/networks/claims").body(body.to_string().into()).unwrap();
        server.from(peer, request).await.status
    };
    for n in 0..3 {
        assert_eq!(from("203.0.113.9", &format!("mine{n}")).await, 201);
    }
    assert_eq!(from("203.0.113.9", "mine3").await, 429);
    assert_eq!(from("203.0.113.10", "other").await, 201);
    let known = async || server.call("GET", "/api/v1/networks", "").await.ok()["networks"].as_array().unwrap().len();
    server.pass(6 * 86_400);
    server.desk.upkeep().await.unwrap();
    assert_eq!(known().await, 4);
    server.pass(86_400);
    server.desk.upkeep().await.unwrap();
    assert_eq!(known().await, 0);
}

/// Whoever had any token at all could fill the places of claims.
#[tokio::test]
async fn a_token_that_is_not_the_networks_claims_no_more_than_strangers() {
    let server = Server::start();
    let reporter = server.token(&["report:trap"]).await;
    let asked = async |n: u32| {
        let body = claim(&format!("mine{n}"), &["198.51.100.0/24".into()]);
        server.call_as(Some(&reporter), "POST", "/api/v1/networks/claims", body).await.status
    };
    for n in 0..CLAIMS_PER_CLIENT {
        assert_eq!(asked(n).await, 201);
    }
    assert_eq!(asked(CLAIMS_PER_CLIENT).await, 429);
}

#[tokio::test]
async fn a_look_that_finds_all_as_it_was_leaves_no_trace_in_the_audit_trail() {
    let server = Server::start();
    claimed(&server, "isp", &["198.51.100.0/24".into()]).await;
    let moves = async || server.call("GET", "/api/v1/audit", "").await.ok()["moves"].as_array().unwrap().len();
    let before = moves().await;
    for _ in 0..3 {
        server.pass(3_700);
        server.desk.upkeep().await.unwrap();
    }
    let shown = server.call("GET", "/api/v1/networks/isp", "").await.ok();
    assert!(shown["prefixes"][0]["checked_at"].is_string(), "{shown}");
    assert_eq!(moves().await, before);
}

/// Sends the form of a claim from a page opened by `peer`, ripe.
async fn sent(server: &Server, peer: &str, fields: &[(&str, &str)]) -> Reply {
    let get = Request::builder().uri("/claim").body(Body::empty()).unwrap();
    let form = server.from(peer, get).await;
    assert!(form.status == 200 && !form.text().contains("<script"), "{}", form.text());
    server.pass(11);
    let token = hidden(form.text(), "token");
    let all: Vec<_> = fields.iter().copied().chain([("token", &*token)]).collect();
    server.send(peer, "/claim", &all).await
}

const CLAIMED: [(&str, &str); 4] = [
    ("name", "example-net"),
    ("title", "Example <b>Networks</b>"),
    ("contacts", "noc@example.net, abuse@example.net"),
    ("prefixes", "203.0.113.0/24\r\n2001:db8:40::/44"),
];

#[tokio::test]
async fn a_network_claims_its_prefixes_on_a_page_and_reads_there_how_it_stands() {
    let server = Server::start();
    let reply = sent(&server, "203.0.113.9", &CLAIMED).await;
    let page = reply.headers["location"].to_str().unwrap().to_owned();
    assert!(reply.status == 303 && page.starts_with("/networks/example-net/claim?claim="), "{page}");
    let word = page.split_once('=').unwrap().1;
    let stands = async || server.get(&page).await.text().to_owned();
    let waiting = stands().await;
    assert!(
        waiting.contains("Waiting for the records") && waiting.contains("Example &#60;b&#62;Networks"),
        "{waiting}"
    );
    let names = ["_dnsbld.113.0.203.in-addr.arpa.", "_dnsbld.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa."];
    for name in names {
        assert!(waiting.contains(&format!("{name} TXT &#34;dnsbld={word}&#34;")), "{waiting}");
        server.checks.texts.lock().unwrap().push((name.into(), format!("dnsbld={word}").into()));
    }
    assert!(!waiting.contains("noc@example.net"), "contacts are the operator's");
    let other = server.get(&format!("/networks/example-net/claim?claim={}", "0".repeat(32))).await;
    assert!(other.status == 404 && !other.text().contains("dnsbld="), "{}", other.text());
    server.pass(3_700);
    server.desk.upkeep().await.unwrap();
    assert!(stands().await.contains("Proved; waiting for the operator"));
    let approve = r#"{"approve":["203.0.113.0/24","2001:db8:40::/44"]}"#;
    server.call("PATCH", "/api/v1/networks/example-net", approve).await.ok();
    let active = stands().await;
    assert!(active.contains("In force") && active.contains("href=\"/networks/example-net\""), "{active}");
    // One prefix lapses: its page spoke as if the network's token were good for nothing more, which the other one's is.
    server.checks.texts.lock().unwrap().remove(0);
    for _ in 0..3 {
        server.pass(7 * 86_400);
        server.desk.upkeep().await.unwrap();
    }
    let lapsed = stands().await;
    assert!(lapsed.contains("inside that prefix is not taken") && !lapsed.contains("token is not"), "{lapsed}");
    let token = server.token(&["network:example-net"]).await;
    let listings = server.call_as(Some(&token), "GET", "/api/v1/networks/example-net/listings", "").await;
    assert_eq!(listings.status, 200, "{}", listings.text());
}

#[tokio::test]
async fn what_a_claim_lacks_is_said_and_costs_none_of_those_of_a_week() {
    let server = Server::start();
    let wrong = [
        ("name", "-", "The short name"),
        ("name", "", "The short name"),
        ("title", " ", "what people call the network"),
        ("contacts", "noc", "mail addresses"),
        ("prefixes", "203.0.113.0/25", "too small"),
        ("prefixes", "203.0.113.0/24 <i>", "cannot be read"),
        ("prefixes", "", "1 to"),
    ];
    for (field, value, said) in wrong {
        let fields = CLAIMED.map(|(name, text)| (name, if name == field { value } else { text }));
        let reply = sent(&server, "203.0.113.9", &fields).await;
        assert!(reply.status == 422 && reply.text().contains(said), "{field} {value}: {}", reply.text());
        assert!(reply.text().contains("abuse@example.net") || field == "contacts", "what was written is kept");
    }
    for n in 0..4 {
        let name = format!("net{n}");
        let fields = CLAIMED.map(|(field, text)| (field, if field == "name" { &*name } else { text }));
        let reply = sent(&server, "203.0.113.9", &fields).await;
        assert_eq!(reply.status, if n < 3 { 303 } else { 429 }, "{n}: {}", reply.text());
    }
}

#[tokio::test]
async fn a_signed_in_network_claims_further_prefixes_at_its_desk() {
    let server = Server::start();
    let token = network(&server).await;
    let signed = server.from("127.0.0.1", form("/networks/isp/sign-in", None, format!("token={token}"))).await;
    let cookie = signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let at_desk = async |path: &str, body: String| server.from("127.0.0.1", form(path, Some(&cookie), body)).await;
    let desk = async || {
        let get = Request::get("/networks/isp/manage").header("cookie", &cookie).body(Body::empty()).unwrap();
        server.from("127.0.0.1", get).await.text().to_owned()
    };
    let word = hidden(&desk().await, "word");
    let claim = |word: &str, prefix: &str| format!("word={word}&prefixes={prefix}");
    let foreign = at_desk("/networks/isp/claim", claim("x", "198.51.100.0%2F24")).await;
    assert_eq!(foreign.status, 303);
    let nothing = at_desk("/networks/isp/claim", claim(&word, "+")).await;
    assert!(nothing.status == 422 && nothing.text().contains("Please name 1 to"), "{}", nothing.text());
    let small = at_desk("/networks/isp/claim", claim(&word, "198.51.100.0%2F25")).await;
    assert!(small.status == 422 && small.text().contains("too small"), "{}", small.text());
    let claimed = at_desk("/networks/isp/claim", claim(&word, "198.51.100.0%2F24")).await;
    assert_eq!(claimed.status, 303, "{}", claimed.text());
    let again = at_desk("/networks/isp/claim", claim(&word, "198.51.100.0%2F24")).await;
    assert!(again.status == 422 && again.text().contains("already"), "{}", again.text());
    let (desk, record) = (desk().await, "_dnsbld.100.51.198.in-addr.arpa. TXT &#34;dnsbld=");
    assert_eq!(desk.matches(record).count(), 1, "{desk}");
}

/// Who went back and pressed the button once more was asked to send the claim again, whose name was taken by then.
#[tokio::test]
async fn a_form_of_a_claim_that_was_taken_leads_to_its_claim_again() {
    let server = Server::start();
    let token = hidden(server.get("/claim").await.text(), "token");
    let fields: Vec<_> = CLAIMED.into_iter().chain([("token", &*token)]).collect();
    server.pass(11);
    let (sent, again) =
        (server.send("127.0.0.1", "/claim", &fields).await, server.send("127.0.0.1", "/claim", &fields).await);
    assert_eq!((sent.status, again.status), (303, 303), "{}", again.text());
    assert_eq!(again.headers["location"], sent.headers["location"]);
}
