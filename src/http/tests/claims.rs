//! Claims of networks: what strangers may claim, and that their zones keep nobody waiting.

use super::Server;
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
    let token = super::networks::network(&server).await;
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
