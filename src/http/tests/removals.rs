//! Removals, over the calls: asking, proving, deciding, and what newer evidence and time do to them.

use super::{Reply, Server};
use crate::{
    cases::{Asking, Checks, State, Task, Unanswered, Unmet},
    http::forms::is_work,
    list::{Kind, ProofKind, Removal, RemovalRule},
};
use async_trait::async_trait;
use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use std::{net::IpAddr, sync::Mutex, time::Duration};

/// The rule of the tests' lists of that kind.
pub fn rule_of(kind: Kind) -> Removal {
    use ProofKind::{Address, Postmaster, RdnsTxt};
    let (rule, proofs) = match kind {
        Kind::Dynamic => (RemovalRule::SelfService, vec![Address, RdnsTxt, Postmaster]),
        Kind::Compromised => (RemovalRule::SelfService, vec![RdnsTxt, Postmaster]),
        Kind::Relay => (RemovalRule::Proof, vec![RdnsTxt, Postmaster]),
        Kind::Proxy => (RemovalRule::Retest, Vec::new()),
        Kind::Spam => (RemovalRule::Owner, vec![RdnsTxt]),
        _ => (RemovalRule::Operator, Vec::new()),
    };
    let removal = Removal { rule, proofs, ..Removal::default() };
    assert_eq!(removal.unfit(kind), []);
    removal
}

/// What DNS and mail servers say.
#[derive(Default)]
pub struct Told {
    pub names: Mutex<Vec<Box<str>>>,
    pub texts: Mutex<Vec<(String, Box<str>)>>,
    pub server: Mutex<Option<Result<Box<str>, Unmet>>>,
    /// The end of names and addresses about which nothing is ever answered; empty: all are.
    pub silent: Mutex<String>,
}

impl Told {
    async fn answers_about(&self, asked: &str) {
        let silent = self.silent.lock().unwrap().clone();
        if !silent.is_empty() && asked.ends_with(&silent) {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Checks for Told {
    async fn confirmed_names(&self, _: IpAddr) -> Result<Vec<Box<str>>, Unanswered> {
        Ok(self.names.lock().unwrap().clone())
    }

    async fn texts(&self, name: &str) -> Result<Vec<Box<str>>, Unanswered> {
        self.answers_about(name).await;
        let texts = self.texts.lock().unwrap();
        Ok(texts.iter().filter(|(at, _)| at == name).map(|(_, text)| text.clone()).collect())
    }

    async fn mail_server(&self, address: IpAddr) -> Result<Result<Box<str>, Unmet>, Unanswered> {
        self.answers_about(&address.to_string()).await;
        self.server.lock().unwrap().clone().ok_or_else(|| Unanswered("no answer".into()))
    }
}

impl Server {
    /// Asks as somebody without a token does.
    pub(super) async fn ask_from(&self, peer: &str, list: &str, key: &str) -> Reply {
        let challenge = Request::builder().uri("/api/v1/challenge?for=removal").body(Body::empty()).unwrap();
        let challenge = self.from(peer, challenge).await.ok()["challenge"].as_str().unwrap().to_owned();
        let nonce = (0..100_000_000_u64).map(|n| n.to_string()).find(|nonce| is_work(&challenge, nonce)).unwrap();
        let pow = json!({"challenge": challenge, "nonce": nonce});
        let body = json!({"list": list, "key": key, "contact": "me@example.org", "note": "please", "pow": pow});
        let request = Request::builder().method("POST").uri("/api/v1/removals").body(body.to_string().into()).unwrap();
        self.from(peer, request).await
    }

    pub(super) async fn ask(&self, list: &str, key: &str) -> Value {
        let reply = self.ask_from("203.0.113.9", list, key).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        reply.json()
    }

    pub(super) async fn call_with(&self, secret: &str, method: &str, path: &str, body: Value) -> Reply {
        let request = Request::builder().method(method).uri(path).header("x-request-secret", secret);
        self.from("127.0.0.1", request.body(body.to_string().into()).unwrap()).await
    }

    pub(super) async fn request(&self, asked: &Value) -> Value {
        self.get(&format!("/api/v1/removals/{}", asked["id"].as_str().unwrap())).await.ok()
    }

    pub(super) async fn decide(&self, asked: &Value, accept: bool) -> Reply {
        let path = format!("/api/v1/removals/{}/decision", asked["id"].as_str().unwrap());
        self.call("POST", &path, json!({"accept": accept, "why": "we looked"}).to_string()).await
    }

    pub(super) async fn prove(&self, asked: &Value, proof: Value) -> Reply {
        let path = format!("/api/v1/removals/{}/proof", asked["id"].as_str().unwrap());
        self.call_with(asked["secret"].as_str().unwrap(), "POST", &path, proof).await
    }

    pub(super) async fn answers(&self, key: &str) -> Value {
        self.get(&format!("/api/v1/lookup/{key}")).await.ok()["zones"][0]["answers"].clone()
    }

    pub(super) async fn listed(&self, key: &str, source: &str) {
        self.post("compromised", &json!({"key": key, "source": source})).await.ok();
    }
}

#[tokio::test]
async fn self_removes_at_once_and_what_is_seen_later_lists_again_and_locks_out() {
    let server = Server::start();
    server.listed("198.51.100.7", "trap").await;
    server.pass(60);
    let asked = server.ask("compromised", "198.51.100.7").await;
    assert_eq!(asked["state"], "granted");
    assert_eq!(server.answers("198.51.100.7").await, json!([]));
    let shown = server.request(&asked).await;
    assert_eq!((&shown["state"], &shown["rule"]), (&json!("granted"), &json!("self")), "{shown}");
    assert!(shown["until"].is_string() && shown["contact"].is_null() && shown["note"].is_null());
    // Old evidence changes nothing; new evidence lists again.
    let old = json!({"key": "198.51.100.7", "source": "other", "seen": "2027-01-15T08:00:30Z"});
    server.post("compromised", &old).await.ok();
    assert_eq!(server.answers("198.51.100.7").await, json!([]));
    server.pass(60);
    server.listed("198.51.100.7", "trap").await;
    assert_eq!(server.answers("198.51.100.7").await, json!(["127.0.0.4"]));
    let shown = server.request(&asked).await;
    assert_eq!((&shown["state"], &shown["why"]), (&json!("ended"), &json!("returned")), "{shown}");
    assert!(shown["lockout_until"].is_string());
    // Within the lock-out an unproven request has to be proven; after it not.
    assert_eq!(server.ask("compromised", "198.51.100.7").await["state"], "proving");
    server.pass(86_400);
    assert_eq!(server.ask("compromised", "198.51.100.7").await["state"], "granted");
}

#[tokio::test]
async fn contact_and_note_are_for_who_asked_and_for_admins() {
    let server = Server::start();
    server.listed("198.51.100.7", "trap").await;
    let asked = server.ask("compromised", "198.51.100.7").await;
    let path = format!("/api/v1/removals/{}", asked["id"].as_str().unwrap());
    for (secret, told) in [(asked["secret"].as_str().unwrap(), true), ("00112233445566778899aabbccddeeff", false)] {
        let shown = server.call_with(secret, "GET", &path, Value::Null).await.ok();
        assert_eq!(shown["contact"] == "me@example.org" && shown["note"] == "please", told, "{shown}");
    }
    assert_eq!(server.call("GET", &path, "").await.ok()["contact"], "me@example.org");
    let page = server.call("GET", "/api/v1/removals", "").await.ok();
    assert_eq!(page["removals"].as_array().unwrap().len(), 1);
    assert_eq!(server.get("/api/v1/removals").await.status, 401);
    assert_eq!(server.call("GET", "/api/v1/removals?after=x", "").await.status, 400, "no request is meant");
    let trail = server.call("GET", "/api/v1/audit", "").await.ok();
    assert_eq!((&trail["moves"][0]["to"], &trail["moves"][0]["key"]), (&json!("granted"), &json!("198.51.100.7")));
    assert!(!trail.to_string().contains("me@example.org") && !trail.to_string().contains("please"));
}

#[tokio::test]
async fn a_server_in_a_dynamic_range_is_exempted_after_its_checks_and_stays_so_when_the_range_comes_again() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24 customers").await.ok();
    let asked = server.ask("dynamic", "198.51.100.25").await;
    assert_eq!(asked["state"], "checking");
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.request(&asked).await["state"], "checking", "silence is no answer");
    *server.checks.server.lock().unwrap() = Some(Ok("mx.example.org".into()));
    server.pass(3_600);
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.request(&asked).await["state"], "granted");
    assert_eq!(server.answers("198.51.100.25").await, json!([]));
    assert_eq!(server.answers("198.51.100.26").await, json!(["127.0.0.10"]));
    server.put("dynamic", "isp", "198.51.100.0/24 customers, again\n203.0.113.0/24 more").await.ok();
    let server = server.restart();
    assert_eq!(server.answers("198.51.100.25").await, json!([]), "the range is no evidence against one address");
    assert_eq!(server.request(&asked).await["state"], "granted", "a restart keeps it");
    server.put("dynamic", "other", "198.51.100.25 by itself").await.ok();
    server.pass(60);
    server.post("dynamic", &json!({"key": "198.51.100.25", "source": "feed"})).await.ok();
    assert_eq!(server.answers("198.51.100.25").await, json!([]), "nor is that somebody lists it as dynamic again");
    // A name that a provider gives out is none of a mail server.
    *server.checks.server.lock().unwrap() = Some(Err(Unmet::Generic("198-51-100-26.pool.example.net".into())));
    let asked = server.ask("dynamic", "198.51.100.26").await;
    server.desk.upkeep().await.unwrap();
    let shown = server.request(&asked).await;
    assert_eq!(shown["state"], "refused");
    assert!(shown["why"].as_str().unwrap().contains("198-51-100-26.pool.example.net"), "{shown}");
}

/// Checks were a part of the one round of upkeep: eight addresses whose DNS is slow kept closed requests, with contact and
/// note, from their end.
#[tokio::test]
async fn checks_whose_dns_is_slow_hold_up_no_other_upkeep() {
    let server = Server::start();
    server.listed("192.0.2.7", "trap").await;
    let closed = server.ask("compromised", "192.0.2.7").await;
    assert_eq!(server.decide(&closed, false).await.ok()["state"], "ended");
    // At the desk: who looks so often over HTTP is bidden to wait.
    let found = async |asked: &Value| server.desk.removal(asked["id"].as_str().unwrap().parse().unwrap()).await;
    server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    *server.checks.silent.lock().unwrap() = "5".into();
    let mut slow = Vec::new();
    for last in [15, 25, 35, 45, 55, 65, 75, 85] {
        slow.push(server.ask("dynamic", &format!("198.51.100.{last}")).await);
    }
    server.pass(91 * 86_400);
    let forgotten = async {
        while found(&closed).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = server.desk.upkeep() => panic!("the silent servers were not waited for: {ended:?}"),
        gone = tokio::time::timeout(Duration::from_secs(20), forgotten) => assert!(gone.is_ok(), "they held it up"),
    }
    for asked in &slow {
        assert_eq!(found(asked).await.unwrap().request.state, State::Checking, "none lapses before its check");
    }
}

#[tokio::test]
async fn after_three_checks_without_an_answer_people_decide() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    let asked = server.ask("dynamic", "198.51.100.25").await;
    assert_eq!(server.decide(&asked, true).await.status, 409, "not yet");
    for _ in 0..3 {
        server.desk.upkeep().await.unwrap();
        server.pass(3_000);
    }
    assert_eq!(server.request(&asked).await["state"], "deciding");
    server.desk.upkeep().await.unwrap();
    let status = server.call("GET", "/api/v1/status", "").await.ok();
    assert_eq!((&status["requests_waiting"], &status["claims_waiting"]), (&json!(1), &json!(0)), "told to who decides");
    assert_eq!(server.decide(&asked, true).await.ok()["state"], "granted");
    assert_eq!(server.answers("198.51.100.25").await, json!([]));
    // No, afterwards, takes it back.
    assert_eq!(server.decide(&asked, false).await.ok()["state"], "ended");
    assert_eq!(server.answers("198.51.100.25").await, json!(["127.0.0.10"]));
}

/// Where a proof could not be asked for or a check got no answer, people decided under another rule than `operator`: the
/// exclusion was as old as the request, and a feed that named the address for the first time meanwhile ended it at its next
/// import, with a lock-out.
#[tokio::test]
async fn what_people_decide_stands_whatever_a_feed_saw_between_the_request_and_their_word() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    let asked = server.ask("dynamic", "198.51.100.25").await;
    for _ in 0..3 {
        server.desk.upkeep().await.unwrap();
        server.pass(3_000);
    }
    assert_eq!(server.request(&asked).await["state"], "deciding");
    let feed = "198.51.100.25 seen=2027-01-15T09:00:00Z";
    server.put("dynamic", "feed", feed).await.ok();
    server.pass(60);
    assert_eq!(server.decide(&asked, true).await.ok()["state"], "granted");
    server.put("dynamic", "feed", &format!("{feed}\n203.0.113.0/24")).await.ok();
    assert_eq!(server.answers("198.51.100.25").await, json!([]));
    assert_eq!(server.request(&asked).await["state"], "granted");
}

#[tokio::test]
async fn the_network_of_a_range_decides_for_it_and_for_nothing_else() {
    let server = Server::start();
    server.put("dynamic", "feed", "198.51.100.0/24").await.ok();
    server.listed("198.51.100.0/24", "trap").await;
    for (name, prefix) in [("isp", "198.51.100.0/24"), ("other", "203.0.113.0/24")] {
        let body = json!({"name": name, "title": name, "contacts": ["noc@example.org"], "prefixes": [prefix]});
        let made = server.call("POST", "/api/v1/networks", body.to_string()).await;
        assert!((200..300).contains(&made.status), "{}", made.text());
    }
    let (isp, other) = (server.token(&["network:isp"]).await, server.token(&["network:other"]).await);
    let asked = server.ask("dynamic", "198.51.100.25").await;
    assert_eq!(asked["state"], "deciding", "{asked}");
    let decide = async |token: &str, asked: &Value| {
        let path = format!("/api/v1/removals/{}/decision", asked["id"].as_str().unwrap());
        server.call_as(Some(token), "POST", &path, json!({"accept": true, "why": "ours"}).to_string()).await.status
    };
    assert_eq!(decide(&other, &asked).await, 403);
    assert_eq!(decide(&isp, &asked).await, 200);
    assert_eq!(server.answers("198.51.100.25").await, json!(["127.0.0.4"]), "the other list is not theirs");
    // A wider listing in another list waits for an operator.
    let wide = server.ask("compromised", "198.51.100.25").await;
    assert_eq!((decide(&isp, &wide).await, &wide["state"]), (403, &json!("deciding")));
}

#[tokio::test]
async fn a_token_in_dns_or_a_mailed_code_is_proof() {
    let server = Server::start();
    for key in ["198.51.100.7", "198.51.100.8"] {
        server.post("relay", &json!({"key": key, "source": "tester"})).await.ok();
    }
    let asked = server.ask("relay", "198.51.100.7").await;
    assert_eq!(asked["state"], "proving");
    assert_eq!(server.prove(&asked, json!({"proof": "address"})).await.status, 422, "proves nothing for a relay");
    assert_eq!(server.prove(&asked, json!({"proof": "rdns-txt"})).await.status, 422, "no name");
    *server.checks.names.lock().unwrap() = vec!["mx.example.org".into()];
    let wanting = server.prove(&asked, json!({"proof": "rdns-txt"})).await;
    assert!(wanting.text().contains("_dnsbld.mx.example.org or _dnsbld.example.org"), "{}", wanting.text());
    let path = format!("/api/v1/removals/{}", asked["id"].as_str().unwrap());
    let secret = asked["secret"].as_str().unwrap();
    let txt = server.call_with(secret, "GET", &path, Value::Null).await.ok()["txt"].as_str().unwrap().to_owned();
    server.checks.texts.lock().unwrap().push(("_dnsbld.example.org".into(), txt.into()));
    assert_eq!(server.prove(&asked, json!({"proof": "rdns-txt"})).await.ok()["state"], "granted");
    assert_eq!(server.answers("198.51.100.7").await, json!([]));

    let asked = server.ask("relay", "198.51.100.8").await;
    let opted = |domains: Vec<Box<str>>| {
        server.cases.send_modify(|settings| std::sync::Arc::make_mut(settings).no_mail_to = domains);
    };
    opted(vec!["example.org".into()]);
    assert_eq!(server.prove(&asked, json!({"proof": "postmaster"})).await.status, 422, "the domain wants none");
    opted(Vec::new());
    assert_eq!(server.prove(&asked, json!({"proof": "postmaster"})).await.ok()["state"], "proving");
    assert_eq!(server.prove(&asked, json!({"proof": "postmaster"})).await.status, 429, "one mail in 24 h");
    let due = server.desk.due_errands(None, 10).unwrap();
    let Task::Mail { to, text, .. } = &due[0].errand.task else { panic!("{due:?}") };
    assert_eq!((due.len(), &**to), (1, "postmaster@example.org"));
    let code = text.lines().map(str::trim).find(|line| line.len() == 9 && line.parse::<u32>().is_ok()).unwrap();
    assert_eq!(server.prove(&asked, json!({"proof": "postmaster", "code": "1"})).await.status, 422);
    let other = json!({"id": asked["id"], "secret": "00"});
    assert_eq!(server.prove(&other, json!({"proof": "postmaster", "code": code})).await.status, 403);
    assert_eq!(server.prove(&asked, json!({"proof": "postmaster", "code": code})).await.ok()["state"], "granted");
    server.desk.errand_done(&due[0]).await.unwrap();
    assert!(server.desk.due_errands(None, 10).unwrap().is_empty());
}

#[tokio::test]
async fn a_v6_block_leaves_as_a_whole_and_a_wider_listing_only_by_an_operator() {
    let server = Server::start();
    for key in ["2001:db8:1:1::/64", "2001:db8:1:2::7", "2001:db8:1:2::8", "198.51.100.0/24"] {
        server.listed(key, "trap").await;
    }
    server.pass(10);
    assert_eq!(server.ask("compromised", "2001:db8:1:1::5").await["state"], "granted");
    assert_eq!(server.ask("compromised", "2001:db8:1:2::7").await["state"], "granted");
    for key in ["2001:db8:1:1::9", "2001:db8:1:2::7", "2001:db8:1:2::8"] {
        assert_eq!(server.answers(key).await, json!([]), "{key}");
    }
    let asked = server.ask("compromised", "198.51.100.9").await;
    assert_eq!(asked["state"], "deciding");
    assert_eq!(server.request(&asked).await["rule"], "operator");
    assert_eq!(server.answers("198.51.100.9").await, json!(["127.0.0.4"]));
    assert_eq!(server.decide(&asked, true).await.ok()["state"], "granted");
    assert_eq!(server.answers("198.51.100.9").await, json!([]));
    assert_eq!(server.answers("198.51.100.10").await, json!(["127.0.0.4"]));
}

/// An entry of its own opened the way out of a range that an operator had listed on purpose.
#[tokio::test]
async fn an_own_entry_does_not_open_the_way_out_of_a_wider_listing() {
    let server = Server::start();
    for (key, source) in [("198.51.100.0/24", "operator"), ("198.51.100.7", "trap"), ("192.0.2.7", "trap")] {
        server.listed(key, source).await;
    }
    server.pass(10);
    let asked = server.ask("compromised", "198.51.100.7").await;
    assert_eq!((&asked["state"], &server.request(&asked).await["rule"]), (&json!("deciding"), &json!("operator")));
    assert_eq!(server.answers("198.51.100.7").await, json!(["127.0.0.4"]));
    assert_eq!(server.ask("compromised", "192.0.2.7").await["state"], "granted");
    // One that comes while a proof is awaited is looked at when it is granted.
    server.post("relay", &json!({"key": "203.0.113.7", "source": "tester"})).await.ok();
    let asked = server.ask("relay", "203.0.113.7").await;
    server
        .post("relay", &json!({"key": "203.0.113.0/24", "source": "operator", "seen": "2027-01-15T08:00:00Z"}))
        .await
        .ok();
    *server.checks.names.lock().unwrap() = vec!["mx.example.org".into()];
    let path = format!("/api/v1/removals/{}", asked["id"].as_str().unwrap());
    let told = server.call_with(asked["secret"].as_str().unwrap(), "GET", &path, Value::Null).await.ok();
    let txt = told["txt"].as_str().unwrap().into();
    server.checks.texts.lock().unwrap().push(("_dnsbld.example.org".into(), txt));
    assert_eq!(server.prove(&asked, json!({"proof": "rdns-txt"})).await.ok()["state"], "deciding");
    assert_eq!(server.decide(&asked, true).await.ok()["state"], "granted", "an operator's word");
}

#[tokio::test]
async fn the_address_that_was_asked_for_leaves_a_block_of_very_many() {
    let server = Server::start();
    let hosts: String = (1..=600).map(|n| format!("2001:db8:9a::{n:x}\n")).collect();
    server.put("compromised", "feed", &hosts).await.ok();
    server.pass(10);
    assert_eq!(server.ask("compromised", "2001:db8:9a::258").await["state"], "granted");
    assert_eq!(server.answers("2001:db8:9a::258").await, json!([]));
}

#[tokio::test]
async fn who_takes_a_removal_back_takes_back_all_that_it_exempted() {
    let server = Server::start();
    let hosts = ["2001:db8:1:2::7", "2001:db8:1:2::8"];
    for key in hosts {
        server.listed(key, "trap").await;
    }
    server.pass(10);
    let asked = server.ask("compromised", hosts[0]).await;
    assert_eq!((server.answers(hosts[0]).await, server.answers(hosts[1]).await), (json!([]), json!([])));
    let before = server.door.status().stored;
    assert_eq!(server.decide(&asked, false).await.ok()["state"], "ended");
    assert_eq!(server.door.status().stored, before.next(), "one commit");
    for key in hosts {
        assert_eq!(server.answers(key).await, json!(["127.0.0.4"]), "{key}");
    }
}

#[tokio::test]
async fn names_and_hashes_wait_for_an_operator_whatever_they_hold_beneath() {
    let server = Server::start();
    server.put("bad-names", "feed", "=only.example.net\n*.below.example.net\nexample.org").await.ok();
    server.put("bad-mail", "feed", "someone@example.org").await.ok();
    for (list, key, listed) in [
        ("bad-names", "only.example.net", "only.example.net"),
        ("bad-names", "www.example.org", "www.example.org"),
        ("bad-mail", "someone@example.org", "8d5e957f297893487bd98fa830fa6413"),
    ] {
        let reply = server.ask_from("203.0.113.9", list, key).await;
        assert_eq!((reply.status, &reply.json()["state"]), (202, &json!("deciding")), "{key}: {}", reply.text());
        assert!(!server.request(&reply.json()).await.to_string().contains('@'), "no address in clear");
        assert_eq!(server.decide(&reply.json(), true).await.ok()["state"], "granted", "{key}");
        if list == "bad-names" {
            assert_eq!(server.get(&format!("/api/v1/lookup/{listed}")).await.ok()["listed"], false, "{key}");
        }
    }
    assert_eq!(server.get("/api/v1/lookup/example.org").await.ok()["listed"], true);
    assert_eq!(server.ask_from("203.0.113.9", "bad-names", "below.example.net").await.status, 202);
    assert_eq!(server.ask_from("203.0.113.9", "bad-names", "example.com").await.status, 409);
}

#[tokio::test]
async fn strangers_requests_do_not_stand_in_the_way_of_who_calls_from_the_address() {
    let server = Server::start();
    server.post("relay", &json!({"key": "198.51.100.7", "source": "tester"})).await.ok();
    for n in 0..8 {
        let reply = server.ask_from(&format!("203.0.113.{n}"), "relay", "198.51.100.7").await;
        assert_eq!(reply.status, 202, "{}", reply.text());
    }
    assert_eq!(server.ask_from("203.0.113.99", "relay", "198.51.100.7").await.status, 409);
    let own = server.ask_from("198.51.100.7", "relay", "198.51.100.7").await;
    assert_eq!(own.status, 202);
    let own = own.json();
    let path = format!("/api/v1/removals/{}", own["id"].as_str().unwrap());
    assert_eq!(server.call_with("wrong", "DELETE", &path, Value::Null).await.status, 403);
    let secret = own["secret"].as_str().unwrap();
    assert_eq!(server.call_with(secret, "DELETE", &path, Value::Null).await.ok()["state"], "withdrawn");
    assert_eq!(server.call_with(secret, "DELETE", &path, Value::Null).await.status, 409);
}

/// Requests that were taken back stood among those that were read to count the open ones: whoever asked and took back often
/// enough could leave any number open.
#[tokio::test]
async fn requests_that_were_taken_back_do_not_hide_those_that_are_open() {
    let server = Server::start();
    server.post("relay", &json!({"key": "198.51.100.7", "source": "tester"})).await.ok();
    let ask = || {
        server.desk.ask_removal(Asking {
            list: "relay".parse().unwrap(),
            key: "198.51.100.7".into(),
            repaired_at: None,
            contact: String::new(),
            note: String::new(),
            from: "203.0.113.9".parse().unwrap(),
        })
    };
    for _ in 0..8 {
        ask().await.unwrap();
    }
    // Places become free and are taken anew, so that the eight that stay are anywhere among the rows.
    for round in 0..400 {
        let open = server.desk.active_removals(None, 100).unwrap();
        server.desk.withdraw_removal(open[round % 8].id, None).await.unwrap();
        ask().await.unwrap();
    }
    assert!(ask().await.is_err(), "eight are open");
}

#[tokio::test]
async fn open_requests_lapse_and_closed_ones_are_forgotten() {
    let server = Server::start();
    server.post("relay", &json!({"key": "198.51.100.7", "source": "tester"})).await.ok();
    let asked = server.ask("relay", "198.51.100.7").await;
    server.pass(7 * 86_400);
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.request(&asked).await["state"], "lapsed");
    server.pass(91 * 86_400);
    server.desk.upkeep().await.unwrap();
    let path = format!("/api/v1/removals/{}", asked["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await.status, 404);
    let all = server.desk.clone();
    let left = crate::store::CaseFamily::ALL.map(|family| {
        let view = server.door.store().view();
        (family, view.cases(family, &[], &[], 10).unwrap().len())
    });
    assert_eq!(
        left.iter().filter(|(family, _)| *family != crate::store::CaseFamily::Audit).map(|(_, n)| n).sum::<usize>(),
        0
    );
    drop(all);
}

#[tokio::test]
async fn who_has_no_token_pays_with_time_or_work_and_not_too_often() {
    let server = Server::start();
    server.listed("198.51.100.7", "trap").await;
    let body = |pow: Value| json!({"list": "compromised", "key": "198.51.100.7", "pow": pow}).to_string();
    let post = async |body: String| {
        let request = Request::builder().method("POST").uri("/api/v1/removals").body(body.into()).unwrap();
        server.from("203.0.113.9", request).await
    };
    assert_eq!(post(json!({"list": "compromised", "key": "198.51.100.7"}).to_string()).await.status, 422);
    let request = Request::builder().uri("/api/v1/challenge?for=removal").body(Body::empty()).unwrap();
    let challenge = server.from("203.0.113.9", request).await.ok()["challenge"].clone();
    let early = post(body(json!({"challenge": challenge}))).await;
    assert!(early.status == 429 && early.headers.contains_key("retry-after"), "{}", early.text());
    server.pass(11);
    assert_eq!(post(body(json!({"challenge": challenge}))).await.status, 202);
    assert_eq!(post(body(json!({"challenge": challenge}))).await.status, 422, "good once");
    // What cost nothing uses up nobody's hour; what was paid for is counted.
    for _ in 0..30 {
        assert_eq!(post(body(json!({"challenge": "x"}))).await.status, 422);
    }
    let mut paid = Vec::new();
    for _ in 0..12 {
        let request = Request::builder().uri("/api/v1/challenge?for=removal").body(Body::empty()).unwrap();
        paid.push(server.from("203.0.113.9", request).await.ok()["challenge"].clone());
    }
    server.pass(11);
    let mut statuses = Vec::new();
    for challenge in paid {
        statuses.push(post(body(json!({"challenge": challenge}))).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 3, "{statuses:?}");
    let with_token =
        server.call("POST", "/api/v1/removals", json!({"list": "compromised", "key": "198.51.100.7"}).to_string());
    assert_eq!(with_token.await.status, 409, "it is not listed any more");
    for (body, status) in [
        (json!({"list": "none", "key": "198.51.100.7"}), 404),
        (json!({"list": "compromised", "key": "198.51.100.0/24"}), 422),
        (json!({"list": "compromised", "key": "<b>"}), 422),
        (json!({"list": "compromised", "key": "198.51.100.7", "note": "x".repeat(2_001)}), 409),
        (json!({"list": "compromised"}), 400),
    ] {
        assert_eq!(server.call("POST", "/api/v1/removals", body.to_string()).await.status, status, "{body}");
    }
}

impl Server {
    /// The configuration no longer names this list.
    pub(super) async fn drop_list(&self, name: &str) {
        let mut configuration = super::configuration();
        configuration.lists.retain(|list| list.name.as_str() != name);
        configuration.zones.iter_mut().for_each(|zone| zone.lists.retain(|list| list.as_str() != name));
        self.door.configure(configuration).await.unwrap();
    }
}

/// Requests for a list that the configuration no longer named neither lapsed nor ended, so their contact and note were kept
/// for ever, and who had asked could not take them back.
#[tokio::test]
async fn requests_for_a_list_that_is_gone_are_taken_back_lapse_and_are_forgotten() {
    let server = Server::start();
    for key in ["198.51.100.7", "198.51.100.8", "198.51.100.9"] {
        server.post("relay", &json!({"key": key, "source": "tester"})).await.ok();
    }
    let (back, open) = (server.ask("relay", "198.51.100.7").await, server.ask("relay", "198.51.100.8").await);
    let granted = server.ask("relay", "198.51.100.9").await;
    *server.checks.names.lock().unwrap() = vec!["mx.example.org".into()];
    let path = format!("/api/v1/removals/{}", granted["id"].as_str().unwrap());
    let told = server.call_with(granted["secret"].as_str().unwrap(), "GET", &path, Value::Null).await.ok();
    let txt = told["txt"].as_str().unwrap().into();
    server.checks.texts.lock().unwrap().push(("_dnsbld.example.org".into(), txt));
    assert_eq!(server.prove(&granted, json!({"proof": "rdns-txt"})).await.ok()["state"], "granted");
    server.drop_list("relay").await;
    let path = format!("/api/v1/removals/{}", back["id"].as_str().unwrap());
    let withdrawn = server.call_with(back["secret"].as_str().unwrap(), "DELETE", &path, Value::Null).await;
    assert_eq!(withdrawn.ok()["state"], "withdrawn");
    server.pass(7 * 86_400);
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.request(&open).await["state"], "lapsed");
    assert_eq!(server.request(&granted).await["state"], "granted", "the list may come back");
    server.call("DELETE", "/api/v1/lists/relay", "").await.ok();
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.request(&granted).await["why"], "revoked");
    server.pass(91 * 86_400);
    server.desk.upkeep().await.unwrap();
    for asked in [&back, &open, &granted] {
        let path = format!("/api/v1/removals/{}", asked["id"].as_str().unwrap());
        assert_eq!(server.get(&path).await.status, 404);
    }
}
