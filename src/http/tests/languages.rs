//! Every kind of page in the languages other than English: no English sentence is left on it, but for what others wrote.

use super::{Reply, Server, networks, removal_pages::hidden, retests};
use crate::{
    cases::{
        Unmet,
        retest::{Observed, Reach, Step, Verdict},
    },
    store::CaseFamily,
};
use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    sync::atomic::{AtomicU8, Ordering},
};

/// Words that an English sentence can hardly do without, and that German, Spanish and French do not have.
const ENGLISH: [&str; 30] = [
    "the", "is", "are", "this", "that", "with", "from", "your", "you", "and", "of", "not", "for", "there", "which",
    "who", "be", "have", "does", "what", "when", "been", "it", "its", "by", "at", "to", "has", "nothing", "listed",
];

/// Somebody who reads the pages in one language, and remembers what English there was.
struct Visitor<'a> {
    server: &'a Server,
    language: &'static str,
    /// The forms of an address have their number in an hour.
    forms: AtomicU8,
}

/// What a page says: its texts and the attributes that are read out, without code, keys, the words of others and what is
/// marked as English.
fn said(page: &str) -> String {
    let (mut text, mut rest) = (String::new(), page);
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, after) = tag.split_once('>').unwrap();
        rest = after;
        for attribute in ["alt=\"", "aria-label=\"", "placeholder=\"", "title=\""] {
            text.extend(tag.split(attribute).skip(1).flat_map(|value| [" ", value.split('"').next().unwrap()]));
        }
        let name = tag.split(' ').next().unwrap();
        let foreign = ["code", "pre", "textarea", "option", "style"].contains(&name)
            || tag.contains("class=\"key\"")
            || tag.contains("foreign")
            || (tag.contains("lang=\"") && name != "html");
        if foreign {
            let (_, after) = rest.split_once(&format!("</{name}>")).unwrap_or_else(|| panic!("<{tag}> in {page}"));
            rest = after;
        }
        text.push(' ');
    }
    text + rest
}

/// The English words on a page, each with its neighbours.
fn english_in(page: &str) -> Vec<String> {
    let text = said(page).replace("&#39;", "'").to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '.').collect();
    let english = |at: &usize| ENGLISH.contains(&words[*at].trim_matches('.'));
    let around = |at: usize| words[at.saturating_sub(3)..words.len().min(at + 4)].join(" ");
    (0..words.len()).filter(english).map(around).collect()
}

#[test]
fn english_is_found_wherever_it_is_read_and_left_alone_where_it_is_others() {
    for page in [
        "<p>Das ist not gut</p>",
        "<img alt=\"Map of all\">",
        "<h1>Adresse</h1>the end",
        "<p class=\"lead\">It is.</p>",
    ] {
        assert!(!english_in(page).is_empty(), "{page}");
    }
    for page in [
        "<p class=\"foreign\">it is</p>",
        "<code>the is</code>Liste",
        "<a lang=\"en\">the English</a>",
        "<p>Die Adresse ist frei</p>",
    ] {
        assert_eq!(english_in(page), [""; 0], "{page}");
    }
}

impl Visitor<'_> {
    fn check(&self, what: &str, reply: &Reply) -> String {
        let page = reply.text().to_owned();
        assert_eq!(reply.kind(), "text/html; charset=utf-8", "{what}: {page}");
        assert!(page.contains(&format!("<html lang=\"{}\">", self.language)), "{what}: {page}");
        let found = english_in(&page);
        assert!(found.is_empty(), "{what} in {}: {found:?}", self.language);
        let text = said(&page);
        for stem in ["fault-", "why-", "reason-", "removal-", "network-", "retest-", "proof-", "rule-"] {
            let raw = text.split_whitespace().find(|word| word.starts_with(stem));
            assert_eq!(raw, None, "{what}: a message is missing");
        }
        page
    }

    async fn read(&self, path: &str) -> String {
        self.read_with(path, "").await
    }

    async fn read_with(&self, path: &str, cookie: &str) -> String {
        let request = Request::get(path).header("accept-language", self.language).header("cookie", cookie);
        let reply = self.server.from("127.0.0.1", request.body(Body::empty()).unwrap()).await;
        self.check(path, &reply)
    }

    async fn send(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Reply {
        let number = self.forms.fetch_add(1, Ordering::Relaxed);
        self.send_from(&format!("127.0.0.{number}"), path, cookie, fields).await
    }

    async fn send_from(&self, peer: &str, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Reply {
        let escaped = |text: &str| text.bytes().map(|octet| format!("%{octet:02x}")).collect::<String>();
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let mut request = networks::form(path, Some(cookie), body.join("&"));
        request.headers_mut().insert("accept-language", self.language.parse().unwrap());
        self.server.from(peer, request).await
    }

    /// Sends the form for a removal, filled in like this.
    async fn ask(&self, list: &str, key: &str, more: &[(&str, &str)]) -> String {
        let peer = format!("127.0.1.{}", self.forms.fetch_add(1, Ordering::Relaxed));
        let get = Request::get(format!("/removals/new?list={list}")).header("accept-language", self.language);
        let form = self.server.from(&peer, get.body(Body::empty()).unwrap()).await;
        let token = hidden(&self.check("the form", &form), "token");
        let fields = [&[("list", list), ("key", key), ("token", &token)], more].concat();
        let early = self.send_from(&peer, "/removals", "", &fields).await;
        assert_eq!(early.status, 422);
        self.check("a form that came early", &early);
        self.server.pass(11);
        let reply = self.send_from(&peer, "/removals", "", &fields).await;
        self.check(&format!("{list} {key} {more:?}"), &reply)
    }

    /// Makes a request by the call, and gives its page and its secret.
    async fn requested(&self, list: &str, key: &str) -> (String, String) {
        let body = json!({"list": list, "key": key, "repaired_at": "2027-01-15T08:00:00Z"}).to_string();
        let made = self.server.call("POST", "/api/v1/removals", body).await.ok();
        (format!("/removals/{}", made["id"].as_str().unwrap()), made["secret"].as_str().unwrap().to_owned())
    }

    /// Presses a button of a request's page, which has to refuse.
    async fn refused(&self, path: &str, secret: &str, act: &str, code: &str) -> String {
        let reply = self.send(path, "", &[("act", act), ("secret", secret), ("code", code)]).await;
        assert_eq!(reply.status, 422, "{act}: {}", reply.text());
        self.check(&format!("{path} {act}"), &reply)
    }
}

async fn for_each_language(story: impl AsyncFn(Visitor<'_>)) {
    for language in ["de", "es", "fr"] {
        let server = retests::server();
        server.settings.send_modify(|settings| {
            std::sync::Arc::make_mut(settings).lookups_per_minute = 10_000;
        });
        server.cases.send_modify(|settings| std::sync::Arc::make_mut(settings).mails = true);
        story(Visitor { server: &server, language, forms: AtomicU8::new(1) }).await;
    }
}

#[tokio::test]
async fn what_can_be_looked_up_is_explained_in_the_readers_language() {
    for_each_language(async |visitor: Visitor<'_>| {
        let server = visitor.server;
        server.put("dynamic", "isp", "198.51.100.0/24 customers of the isp\n!198.51.100.25 a mail server").await.ok();
        server.put("compromised", "trap", "198.51.101.1 seen\n198.51.101.2").await.ok();
        server.put("compromised", "trap", "198.51.101.1 seen").await.ok();
        server.put("relay", "tester", "198.51.102.1").await.ok();
        server.put("proxies", "tester", "198.51.102.2").await.ok();
        server.put("owned", "tester", "198.51.102.3").await.ok();
        server.put("bad-names", "feed", "example.org").await.ok();
        server.put("bad-mail", "feed", "someone@example.org").await.ok();
        for (reporter, kind) in [("mx1", "trap"), ("mx1", "spam"), ("mx2", "trap")] {
            let token = server.token(&[&format!("report:{reporter}")]).await;
            for n in 1..=3 {
                let seen =
                    json!({"address": format!("2001:db8:5:{n}::1"), "kind": kind, "seen": "2027-01-15T08:00:00Z"});
                server.call_as(Some(&token), "POST", "/api/v1/reports", seen.to_string()).await.ok();
            }
        }
        for path in [
            "/",
            "/198.51.100.7",
            "/198.51.100.25",
            "/198.51.101.1",
            "/198.51.101.2",
            "/198.51.102.1",
            "/198.51.102.2",
            "/198.51.102.3",
            "/2001:db8:5:1::1",
            "/2001:db8:5:9::1",
            "/www.example.org",
            "/7b2ca1d4f4e1c5c0e0d8a2a3f34b2b8d5a6e0c11",
            "/203.0.113.1",
            "/192.168.1.1",
            "/100.64.0.1",
            "/::1",
            "/169.254.1.1",
            "/224.0.0.1",
            "/127.0.0.2",
            "/198.51.100.0/24",
            "/192.0.2.256",
            "/192.0.02.1",
            "/192.0.2",
            "/2001:db8:::1",
            "/a%20b",
            "/someone@example.org",
            "/lookup",
            "/lookup?key=550+Client+host+[203.0.113.7]+blocked",
            "/a/b/c",
            "/map",
            "/map?at=198.51",
            "/map?at=x",
            "/lists/relay/map",
            "/privacy",
            "/lists/none",
            "/lists/never",
            "/lists/dynamic",
            "/lists/compromised",
            "/lists/relay",
            "/lists/proxies",
            "/lists/owned",
            "/lists/wide",
            "/lists/bad-names",
            "/lists/bad-mail",
        ] {
            visitor.read(path).await;
        }
        let never = visitor.read("/lists/never").await;
        assert!(!never.contains("that no list may hold"), "{never}");
        server.pass(86_400);
        server.put("relay", "tester", "198.51.102.9").await.ok();
        visitor.read("/lists/relay").await;
        server.settings.send_modify(|settings| std::sync::Arc::make_mut(settings).lookups_per_minute = 1);
        visitor.read("/").await;
    })
    .await;
}

#[tokio::test]
async fn a_form_that_is_not_taken_says_why_in_the_readers_language() {
    for_each_language(async |visitor: Visitor<'_>| {
        let server = visitor.server;
        server.put("relay", "tester", "198.51.102.1").await.ok();
        server.put("bad-names", "feed", "example.org").await.ok();
        visitor.ask("relay", "198.51.102.7", &[]).await;
        let unread = visitor.ask("relay", "198.51.102.256", &[]).await;
        assert!(unread.contains("class=\"small foreign\" lang=\"en\""), "the parser's words are marked: {unread}");
        visitor.ask("relay", "198.51.102.0/24", &[]).await;
        visitor.ask("bad-names", "a..b", &[]).await;
        visitor.ask("bad-mail", "nohash", &[]).await;
        visitor.ask("relay", "198.51.102.1", &[("note", &"x".repeat(2_001))]).await;
        visitor.ask("relay", "198.51.102.1", &[("contact", &"x".repeat(201))]).await;
        assert!(visitor.ask("relay", "198.51.102.1", &[]).await.contains("name=\"act\""));
        for n in 0..7 {
            let (path, _) = visitor.requested("relay", "198.51.102.1").await;
            assert!(path.len() > 10, "{n}");
        }
        visitor.ask("relay", "198.51.102.1", &[]).await;
        // Of another site, and not to be read.
        let foreign = Request::post("/removals").header("origin", "http://evil.test");
        let foreign = foreign.header("accept-language", visitor.language).body(Body::empty()).unwrap();
        visitor.check("a form of another site", &server.from("127.0.0.1", foreign).await);
        visitor.check(
            "an empty form",
            &visitor.send("/removals/00112233445566778899aabbccddeeff", "", &[("x", "")]).await,
        );
        for _ in 0..12 {
            let often = visitor.send_from("127.0.3.1", "/removals", "", &[("list", "relay"), ("key", "1")]).await;
            visitor.check("a form that came too often", &often);
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_says_where_it_stands_and_why_in_the_readers_language() {
    for_each_language(async |visitor: Visitor<'_>| {
        let server = visitor.server;
        server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
        let unmet = [
            Unmet::NoName,
            Unmet::NotConfirmed("mx.example.org".into()),
            Unmet::Generic("pool-1.example.org".into()),
            Unmet::NoServer,
            Unmet::OtherName { found: "a.example.org".into(), name: "b.example.org".into() },
        ];
        for (number, unmet) in unmet.into_iter().enumerate() {
            let (path, _) = visitor.requested("dynamic", &format!("198.51.100.{number}")).await;
            visitor.read(&path).await;
            *server.checks.server.lock().unwrap() = Some(Err(unmet));
            server.desk.upkeep().await.unwrap();
            visitor.read(&path).await;
        }
        // Silence, which is said apart from what DNS said; then people decide, in their own words.
        *server.checks.server.lock().unwrap() = None;
        let (path, _) = visitor.requested("dynamic", "198.51.100.77").await;
        for _ in 0..3 {
            server.desk.upkeep().await.unwrap();
            let page = visitor.read(&path).await;
            assert!(page.contains("lang=\"en\">no answer</p>"), "{page}");
            server.pass(3_000);
        }
        let decision = json!({"accept": false, "why": "we looked at the address"}).to_string();
        server.call("POST", &format!("/api/v1{path}/decision"), decision).await.ok();
        assert!(visitor.read(&path).await.contains("<p class=\"foreign\">we looked at the address</p>"));
        // Granted, and over.
        server.post("compromised", &json!({"key": "198.51.101.7", "source": "trap"})).await.ok();
        server.pass(60);
        let (path, _) = visitor.requested("compromised", "198.51.101.7").await;
        visitor.read(&path).await;
        visitor.read("/198.51.101.7").await;
        server.pass(60);
        server.post("compromised", &json!({"key": "198.51.101.7", "source": "trap"})).await.ok();
        let page = visitor.read(&path).await;
        assert!(!page.contains("returned"), "{page}");
        let (path, secret) = visitor.requested("compromised", "198.51.101.7").await;
        visitor.read(&path).await;
        // It lapses.
        server.pass(7 * 86_400);
        server.desk.upkeep().await.unwrap();
        visitor.read(&path).await;
        visitor.refused(&path, &secret, "withdraw", "").await;
    })
    .await;
}

#[tokio::test]
async fn a_proof_that_is_not_taken_says_why_in_the_readers_language() {
    for_each_language(async |visitor: Visitor<'_>| {
        let server = visitor.server;
        server.put("relay", "tester", "198.51.102.1").await.ok();
        let (path, secret) = visitor.requested("relay", "198.51.102.1").await;
        visitor.refused(&path, "wrong", "withdraw", "").await;
        for act in ["address", "rdns-txt", "mail", "code"] {
            visitor.refused(&path, &secret, act, "1").await;
        }
        *server.checks.names.lock().unwrap() = vec!["localhost".into()];
        visitor.refused(&path, &secret, "mail", "").await;
        *server.checks.names.lock().unwrap() = vec!["mx.example.org".into()];
        let page = visitor.refused(&path, &secret, "rdns-txt", "").await;
        assert!(page.contains("_dnsbld.mx.example.org, _dnsbld.example.org"), "{page}");
        let wanted = |domains: Vec<Box<str>>| {
            server.cases.send_modify(|settings| std::sync::Arc::make_mut(settings).no_mail_to = domains);
        };
        wanted(vec!["example.org".into()]);
        visitor.refused(&path, &secret, "mail", "").await;
        wanted(Vec::new());
        let mailed = visitor.send(&path, "", &[("act", "mail"), ("secret", &secret)]).await;
        assert_eq!(mailed.status, 200);
        visitor.check("a code is mailed", &mailed);
        visitor.refused(&path, &secret, "mail", "").await;
        for _ in 0..7 {
            visitor.refused(&path, &secret, "code", "1").await;
        }
        server.pass(90_000);
        visitor.refused(&path, &secret, "code", "1").await;
        let back = visitor.send(&path, "", &[("act", "withdraw"), ("secret", &secret)]).await;
        visitor.check("taken back", &back);
        visitor.refused(&path, &secret, "withdraw", "").await;
        visitor.refused(&path, &secret, "rdns-txt", "").await;
    })
    .await;
}

#[tokio::test]
async fn a_test_and_what_waits_for_it_are_told_in_the_readers_language() {
    for_each_language(async |visitor: Visitor<'_>| {
        let server = visitor.server;
        for (number, (reach, verdict)) in [
            (Reach::Greeted, Verdict::Refused),
            (Reach::Greeted, Verdict::Arrived),
            (Reach::Greeted, Verdict::Deferred),
            (Reach::Silent, Verdict::Unanswered),
            (Reach::Greeted, Verdict::ArrivedElsewhere),
        ]
        .into_iter()
        .enumerate()
        {
            let key = format!("198.51.{number}.8");
            server.put("proxies", "feed", &key).await.ok();
            let (path, _) = visitor.requested("proxies", &key).await;
            for _ in 0..2 {
                server.desk.upkeep().await.unwrap();
                visitor.read(&path).await;
            }
            let order = server.desk.next_retest(&HashSet::new()).await.unwrap().unwrap();
            server.desk.upkeep().await.unwrap();
            visitor.read(&path).await;
            let steps = vec![Step { variant: order.trials[0].0, verdict }];
            let observed = Observed { reach, steps, transcript: String::new() };
            server.desk.retest_observed(order.id, Some(observed)).await.unwrap();
            visitor.read(&format!("/retests/{}", order.id)).await;
            server.pass(700);
            server.desk.upkeep().await.unwrap();
            visitor.read(&path).await;
            visitor.read(&format!("/{key}")).await;
        }
        server.put("proxies", "feed", "198.51.9.8").await.ok();
        let (path, _) = visitor.requested("proxies", "198.51.9.8").await;
        server.cases.send_modify(|settings| std::sync::Arc::make_mut(settings).retest = None);
        server.desk.upkeep().await.unwrap();
        visitor.read(&path).await;
        visitor.read("/retest?list=proxies&key=198.51.9.8").await;
    })
    .await;
}

#[tokio::test]
async fn the_form_for_a_test_is_in_the_readers_language() {
    for_each_language(async |visitor: Visitor<'_>| {
        visitor.server.put("relay", "feed", "198.51.9.8").await.ok();
        let page = visitor.read("/retest?list=relay&key=198.51.9.8").await;
        visitor.read("/retest?list=dynamic&key=198.51.9.8").await;
        let fields = [("list", "relay"), ("key", "198.51.9.8"), ("token", &*hidden(&page, "token"))];
        visitor.check("too soon", &visitor.send_from("127.0.0.1", "/retests", "", &fields).await);
        visitor.check("foreign", &visitor.send_from("127.0.0.2", "/retests", "", &fields).await);
        visitor.server.pass(11);
        let sent = visitor.send_from("127.0.0.1", "/retests", "", &fields).await;
        let path = sent.headers["location"].to_str().unwrap().to_owned();
        visitor.read(&path).await;
        visitor.read("/retests/00112233445566778899aabbccddeeff").await;
        // Who comes back to where a form was sent finds a page, and an answer to a form has no link that would lose it.
        for path in ["/retests", "/removals?lang=it", "/networks/isp/ranges"] {
            assert!(visitor.read(path).await.contains("hreflang"), "{path}");
        }
        let answer = visitor.send_from("127.0.0.2", "/retests", "", &fields).await;
        assert!(!answer.text().contains("hreflang"), "{}", answer.text());
    })
    .await;
}

#[tokio::test]
async fn a_network_looks_after_its_ranges_in_its_own_language() {
    for_each_language(async |visitor: Visitor<'_>| {
        let server = visitor.server;
        let token = networks::network(server).await;
        let source = "/api/v1/lists/dynamic/sources/network.isp";
        server.call_as(Some(&token), "PUT", source, "203.0.113.0/24 customers of ours\n").await.ok();
        visitor.read("/networks/isp").await;
        visitor.read("/networks/none").await;
        visitor.read("/networks/isp/manage").await;
        let wrong = visitor.send("/networks/isp/sign-in", "", &[("token", "dnsbld_no")]).await;
        visitor.check("a wrong token", &wrong);
        let signed = visitor.send("/networks/isp/sign-in", "", &[("token", &token)]).await;
        let cookie = signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        for key in ["203.0.113.25", "203.0.113.26"] {
            visitor.requested("dynamic", key).await;
        }
        let desk = visitor.read_with("/networks/isp/manage", &cookie).await;
        let (word, id) = (hidden(&desk, "word"), hidden(&desk, "id"));
        visitor.read_with("/networks/isp/manage?saved=1", &cookie).await;
        for (prefix, text, smarthost) in [
            ("nonsense", "", ""),
            ("198.51.100.0/24", "", ""),
            ("203.0.113.0/24", &*"x".repeat(1_001), ""),
            ("203.0.113.0/24", "", "not a host"),
        ] {
            let fields = [("word", &*word), ("prefix", prefix), ("text", text), ("smarthost", smarthost)];
            let reply = visitor.send("/networks/isp/ranges", &cookie, &fields).await;
            assert_eq!(reply.status, 422, "{prefix}: {}", reply.text());
            visitor.check(prefix, &reply);
        }
        let decide = async |id: &str, why: &str| {
            let fields = [("word", &*word), ("id", id), ("why", why), ("accept", "yes")];
            visitor.send("/networks/isp/decide", &cookie, &fields).await
        };
        visitor.check("a long why", &decide(&id, &"x".repeat(2_001)).await);
        assert_eq!(decide(&id, "a server of ours").await.status, 303);
        visitor.check("decided already", &decide(&id, "again").await);
        visitor.check("no such request", &decide("00112233445566778899aabbccddeeff", "").await);
        let (foreign, _) = {
            server.put("bad-names", "feed", "example.org").await.ok();
            visitor.requested("bad-names", "example.org").await
        };
        visitor.check("not theirs", &decide(&foreign[10..], "").await);
        visitor.read("/203.0.113.25").await;
    })
    .await;
}

/// Before findings had a type, a row held every reason as a sentence.
#[tokio::test]
async fn a_row_of_before_shows_its_sentence_as_it_is() {
    let server = Server::start();
    server.post("relay", &json!({"key": "198.51.100.7", "source": "tester"})).await.ok();
    let visitor = Visitor { server: &server, language: "de", forms: AtomicU8::new(1) };
    let (path, _) = visitor.requested("relay", "198.51.100.7").await;
    let old = "the mail server greets as a.example.org and not as b.example.org";
    let row = {
        let view = server.door.store().view();
        view.cases(CaseFamily::Request, b"r", b"s", 10).unwrap().remove(0)
    };
    let mut value: Value = serde_json::from_slice(&row.1).unwrap();
    (value["why"], value["state"]) = (old.into(), "refused".into());
    let value = Some(serde_json::to_vec(&value).unwrap());
    server.put_cases(vec![crate::change::CaseRow { family: CaseFamily::Request, key: row.0, value }]).await;
    assert!(visitor.read(&path).await.contains(&format!("<p class=\"foreign\">{old}</p>")));
    let told = server.get(&format!("/api/v1{path}")).await.ok();
    assert_eq!((&told["why"], &told["state"]), (&json!(old), &json!("refused")));
}
