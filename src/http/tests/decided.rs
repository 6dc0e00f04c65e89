//! What stands of a removal once it was decided: for how long, what is kept of the person, how it is taken back, and what the
//! trail says of it.

use super::{Server, networks::form};
use crate::list::{Duration, ListSettings, Removal};
use serde_json::{Value, json};
use std::sync::Arc;

/// The range ends by the list's term once its network is silent; what was granted for good does not.
#[tokio::test]
async fn an_exemption_for_good_outlasts_the_term_of_its_list() {
    let server = Server::start();
    server.exempts_for_good().await;
    server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    let asked = ["198.51.100.25", "198.51.100.26"].map(|key| server.ask("dynamic", key));
    let [early, late]: [Value; 2] = futures_util::future::join_all(asked).await.try_into().unwrap();
    *server.checks.server.lock().unwrap() = Some(Ok("mx.example.org".into()));
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.request(&early).await["state"], "granted");
    assert_eq!(server.request(&late).await["state"], "granted");
    for _ in 0..4 {
        server.pass(86_400);
        server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    }
    assert_eq!(server.answers("198.51.100.25").await, json!([]));
    let told = server.get("/api/v1/lookup/198.51.100.25").await.ok();
    assert!(told.to_string().contains("198.51.100.25") && !told.to_string().contains("2106"), "{told}");
    // A check that ends later than the term has run grants it, too.
    *server.checks.server.lock().unwrap() = None;
    let asked = server.ask("dynamic", "198.51.100.27").await;
    server.desk.upkeep().await.unwrap();
    server.pass(3 * 86_400);
    server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    *server.checks.server.lock().unwrap() = Some(Ok("mx.example.org".into()));
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.request(&asked).await["state"], "granted");
    server.pass(3 * 86_400);
    server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    assert_eq!(server.answers("198.51.100.27").await, json!([]));
}

impl Server {
    /// Removals from the dynamic list last for good, what it lists two days.
    async fn exempts_for_good(&self) {
        let mut configuration = super::configuration();
        let dynamic = &configuration.lists[0];
        let removal = Removal { lasts: None, ..dynamic.removal.clone() };
        let expires_after = Some(Duration::from_seconds(2 * 86_400));
        configuration.lists[0] = Arc::new(ListSettings { expires_after, removal, ..(**dynamic).clone() });
        self.door.configure(configuration).await.unwrap();
    }

    async fn trail(&self) -> Vec<Value> {
        self.call("GET", "/api/v1/audit", "").await.ok()["moves"].as_array().unwrap().clone()
    }

    async fn takes_back(&self, asked: &Value, why: &str) {
        let path = format!("/api/v1/removals/{}/decision", asked["id"].as_str().unwrap());
        self.call("POST", &path, json!({"accept": false, "why": why}).to_string()).await.ok();
    }
}

/// A removal that never ends is never closed: contact and note were kept for ever, though the form says when they go.
#[tokio::test]
async fn what_a_person_wrote_goes_though_the_exemption_stands() {
    let server = Server::start();
    server.exempts_for_good().await;
    server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    *server.checks.server.lock().unwrap() = Some(Ok("mx.example.org".into()));
    let asked = server.ask("dynamic", "198.51.100.25").await;
    server.desk.upkeep().await.unwrap();
    let path = format!("/api/v1/removals/{}", asked["id"].as_str().unwrap());
    for (days, kept) in [(0, true), (89, true), (2, false)] {
        server.pass(days * 86_400);
        server.desk.upkeep().await.unwrap();
        let told = server.call("GET", &path, "").await.ok();
        assert_eq!((&told["state"], told["contact"] == "me@example.org"), (&json!("granted"), kept), "{told}");
        assert_eq!(told["note"] == "please", kept, "{told}");
    }
}

#[tokio::test]
async fn who_takes_a_removal_back_says_why_and_who_asked_reads_it() {
    let server = Server::start();
    for (key, why, told) in [
        ("198.51.100.7", "the pool was given to others", "the pool was given to others"),
        ("198.51.100.8", "", "revoked"),
    ] {
        server.listed(key, "trap").await;
        let asked = server.ask("compromised", key).await;
        assert_eq!(asked["state"], "granted");
        server.takes_back(&asked, why).await;
        let shown = server.request(&asked).await;
        assert_eq!((&shown["state"], &shown["why"]), (&json!("ended"), &json!(told)), "{shown}");
        assert_eq!(server.trail().await.last().unwrap()["why"], told);
    }
}

/// Under a lock-out of proven requests a proof was asked for, a code was mailed, and then refused.
#[tokio::test]
async fn who_came_back_with_proof_is_told_at_once_and_not_led_to_prove() {
    let server = Server::start();
    *server.checks.names.lock().unwrap() = vec!["mx.example.org".into()];
    for round in 0..2 {
        server.listed("198.51.100.7", "trap").await;
        let asked = server.ask("compromised", "198.51.100.7").await;
        if round == 1 {
            assert_eq!(asked["state"], "proving");
            let path = format!("/api/v1/removals/{}", asked["id"].as_str().unwrap());
            let told = server.call_with(asked["secret"].as_str().unwrap(), "GET", &path, Value::Null).await.ok();
            let txt = told["txt"].as_str().unwrap().into();
            server.checks.texts.lock().unwrap().push(("_dnsbld.example.org".into(), txt));
            assert_eq!(server.prove(&asked, json!({"proof": "rdns-txt"})).await.ok()["state"], "granted");
        }
        server.pass(60);
    }
    let before = server.ask_from("203.0.113.9", "compromised", "198.51.100.8").await;
    assert_eq!(before.status, 409, "it is not listed");
    server.listed("198.51.100.7", "trap").await;
    let refused = server.ask_from("203.0.113.9", "compromised", "198.51.100.7").await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    server.pass(86_400);
    assert_eq!(server.ask("compromised", "198.51.100.7").await["state"], "granted");
}

#[tokio::test]
async fn the_trail_tells_moves_in_their_order_and_what_they_were() {
    let server = Server::start();
    let isp = r#"{"name":"isp","title":"I","contacts":["a@b.example"],"prefixes":["203.0.113.0/24","203.0.112.0/24"]}"#;
    server.call("POST", "/api/v1/networks", isp).await.ok();
    let range = json!({"text": "ours", "self_removal": true}).to_string();
    server.call("PUT", "/api/v1/networks/isp/ranges/203.0.113.0/25", range).await.ok();
    server.call("DELETE", "/api/v1/networks/isp/ranges/203.0.113.0/25", "").await;
    server.call("PATCH", "/api/v1/networks/isp", r#"{"remove_prefixes":["203.0.112.0/24"]}"#).await.ok();
    server.call("PATCH", "/api/v1/networks/isp", r#"{"title":"J"}"#).await.ok();
    server.call("DELETE", "/api/v1/networks/isp", "").await;
    let told: Vec<String> =
        server.trail().await.iter().map(|row| format!("{} {} {}", row["key"], row["from"], row["to"])).collect();
    let expected = [
        r#""203.0.113.0/24" null "active""#,
        r#""203.0.112.0/24" null "active""#,
        r#""203.0.113.0/25" null "said""#,
        r#""203.0.113.0/25" "said" "unsaid""#,
        r#""203.0.112.0/24" "active" "given up""#,
        r#"null "known" "known""#,
        r#"null "known" "deleted""#,
    ];
    assert_eq!(told, expected);
    server.post("relay", &json!({"key": "198.51.100.7", "source": "tester"})).await.ok();
    *server.checks.names.lock().unwrap() = vec!["mx.example.org".into()];
    let asked = server.ask("relay", "198.51.100.7").await;
    let path = format!("/api/v1/removals/{}", asked["id"].as_str().unwrap());
    let shown = server.call_with(asked["secret"].as_str().unwrap(), "GET", &path, Value::Null).await.ok();
    server.checks.texts.lock().unwrap().push(("_dnsbld.example.org".into(), shown["txt"].as_str().unwrap().into()));
    server.prove(&asked, json!({"proof": "rdns-txt"})).await.ok();
    let told = server.trail().await;
    let last: Vec<String> = told[expected.len()..].iter().map(|row| format!("{} {}", row["to"], row["why"])).collect();
    assert_eq!(last, [r#""proving" null"#, r#""granted" "shown by rdns-txt""#]);
}

/// A network may take back what it granted, and its page had no button for it.
#[tokio::test]
async fn a_network_takes_a_removal_back_on_its_page() {
    let server = Server::start();
    let token = super::networks::network(&server).await;
    server.put("dynamic", "isp", "203.0.113.0/24").await.ok();
    let asked = server.ask("dynamic", "203.0.113.25").await;
    assert_eq!(server.decide(&asked, true).await.ok()["state"], "granted");
    let signed = form("/networks/isp/sign-in", None, format!("token={token}"));
    let signed = server.from("127.0.0.1", signed).await;
    let cookie = signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let manage = axum::http::Request::get("/networks/isp/manage").header("cookie", &cookie);
    let page = server.from("127.0.0.1", manage.body(axum::body::Body::empty()).unwrap()).await;
    assert!(page.text().contains("Removals that stand") && page.text().contains("Take it back"), "{}", page.text());
    let word = page.text().split("name=\"word\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let body = format!("word={word}&id={}&why=sold&decline=yes", asked["id"].as_str().unwrap());
    let back = server.from("127.0.0.1", form("/networks/isp/decide", Some(&cookie), body)).await;
    assert_eq!(back.status, 303);
    let shown = server.request(&asked).await;
    assert_eq!((&shown["state"], &shown["why"], &shown["until"]), (&json!("ended"), &json!("sold"), &json!(null)));
    let said = at_desk(&server, &cookie, back.headers["location"].to_str().unwrap()).await;
    assert!(said.contains("The removal of 203.0.113.25 from dynamic was taken back."), "{said}");
}

async fn at_desk(server: &Server, cookie: &str, path: &str) -> String {
    let page = axum::http::Request::get(path).header("cookie", cookie).body(axum::body::Body::empty()).unwrap();
    server.from("127.0.0.1", page).await.text().to_owned()
}

/// Enter in the field for the reason granted the request, as its button was the first; and "Saved." said nothing of that.
#[tokio::test]
async fn enter_leaves_an_address_listed_and_the_page_says_what_was_decided() {
    let server = Server::start();
    let token = super::networks::network(&server).await;
    server.put("dynamic", "isp", "203.0.113.0/24\n198.51.100.0/24").await.ok();
    let asked = [server.ask("dynamic", "203.0.113.25").await, server.ask("dynamic", "203.0.113.26").await];
    let other = r#"{"name":"other","title":"O","contacts":["noc@example.org"],"prefixes":["198.51.100.0/24"]}"#;
    server.call("POST", "/api/v1/networks", other).await.ok();
    let others = server.ask("dynamic", "198.51.100.7").await;
    let signed = server.from("127.0.0.1", form("/networks/isp/sign-in", None, format!("token={token}"))).await;
    let cookie = signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = at_desk(&server, &cookie, "/networks/isp/manage").await;
    let forms: Vec<&str> = page.split("<form").filter(|form| form.contains("name=\"why\"")).collect();
    assert_eq!(forms.len(), 2, "{page}");
    for form in forms {
        let first = form.split("<button").nth(1).unwrap().split('>').next().unwrap();
        assert!(first.contains("name=\"decline\""), "{first}");
    }
    let word = page.split("name=\"word\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let said = [("decline", "203.0.113.25 stays on dynamic."), ("accept", "203.0.113.26 was taken off dynamic.")];
    for (asked, (button, said)) in asked.iter().zip(said) {
        let body = format!("word={word}&id={}&why=&{button}=yes", asked["id"].as_str().unwrap());
        let sent = server.from("127.0.0.1", form("/networks/isp/decide", Some(&cookie), body)).await;
        let page = at_desk(&server, &cookie, sent.headers["location"].to_str().unwrap()).await;
        assert!(page.contains(said) && !page.contains("Saved."), "{page}");
    }
    server.decide(&others, true).await.ok();
    let path = format!("/networks/isp/manage?decided={}", others["id"].as_str().unwrap());
    assert!(!at_desk(&server, &cookie, &path).await.contains("198.51.100.7"), "it is nobody's of theirs");
}
