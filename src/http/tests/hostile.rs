//! What a listed party, a source or a visitor wrote, on every page and in every export: it stays text.

use super::{Server, networks};
use axum::{body::Body, http::Request};
use proptest::prelude::*;
use serde_json::json;

/// The signs of a page that make markup. In text they are written as entities, so their number does not move.
fn signs(page: &str) -> [usize; 4] {
    ['<', '>', '"', '\''].map(|sign| page.matches(sign).count())
}

/// A page without what differs from state to state: the serial, and lengths of time.
async fn page(server: &Server, path: &str) -> String {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let reply = server.from("203.0.113.99", request).await;
    assert!(reply.headers.get("set-cookie").is_none() && reply.headers.get("x-owned").is_none());
    reply.text().to_owned()
}

/// Signs, words of markup, of templates, of spreadsheets, of headers, and any characters at all.
fn foreign() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<script>"),
        Just("</dd>"),
        Just("\">"),
        Just("'>"),
        Just("<img src=x onerror=a>"),
        Just("-->"),
        Just("]]>"),
        Just("{{x}}"),
        Just("&lt;b&gt;"),
        Just("&"),
        Just("=1+1"),
        Just("@SUM(1)"),
        Just("+1"),
        Just("-1"),
        Just("\r\nX-Owned: 1"),
        Just("\n"),
        Just("\u{202E}"),
        Just("\u{0}"),
        Just("\u{1B}[31m"),
        Just("javascript:a"),
        Just("</title>"),
        Just("\t"),
    ];
    let words = proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    prop_oneof![words, "\\PC{0,60}", "[<>\"'&/a-z= ]{0,60}"].prop_map(|text| format!("x{text}x"))
}

/// The pages that show what an entry says, with a place for each list.
const PAGES: [&str; 5] = ["/198.51.100.1", "/198.51.100.2", "/lists/compromised", "/map", "/?lang=de"];

async fn write(server: &Server, text: &str) {
    let entry = |key: &str, exclude: bool| json!({"key": key, "source": "feed", "exclude": exclude, "reason": text, "evidence": {"public": text, "private": text}});
    let taken = server.post("compromised", &entry("198.51.100.1", false)).await;
    assert!(taken.status == 200 || taken.status == 422 || taken.status == 400, "{}", taken.text());
    let taken = server.post("compromised", &entry("198.51.100.2", true)).await;
    assert!(taken.status == 200 || taken.status == 422 || taken.status == 400, "{}", taken.text());
}

/// What was written about a network and its requests, on every page that shows it, and its table.
struct Told {
    pages: Vec<(&'static str, String)>,
    cells: Vec<Vec<String>>,
}

/// Tells a new server this text wherever somebody may: as a reason, of a network, in a request and in its decision. A place
/// that refuses it is told something else.
async fn told(text: &str) -> Told {
    let server = Server::start();
    let token = networks::network(&server).await;
    let tell = async |method: &str, path: &str, body: &dyn Fn(&str) -> serde_json::Value| {
        let reply = server.call(method, path, body(text).to_string()).await;
        if (200..300).contains(&reply.status) {
            return reply;
        }
        assert!((400..500).contains(&reply.status), "{}", reply.text());
        let plain = server.call(method, path, body("plain").to_string()).await;
        assert!((200..300).contains(&plain.status), "{path}: {}", plain.text());
        plain
    };
    server.put("dynamic", "feed", "203.0.113.0/24").await.ok();
    let path = "/api/v1/lists/compromised/entries";
    tell("POST", path, &|text| json!({"key": "203.0.113.7", "source": "feed", "reason": text})).await;
    tell("PATCH", "/api/v1/networks/isp", &|text| json!({"title": text})).await;
    let path = "/api/v1/networks/isp/ranges/203.0.113.0%2F25";
    tell("PUT", path, &|text| json!({"text": text, "self_removal": false})).await;
    let ask =
        |key: &'static str| move |text: &str| json!({"list": "dynamic", "key": key, "note": text, "contact": text});
    tell("POST", "/api/v1/removals", &ask("203.0.113.25")).await;
    let decided = tell("POST", "/api/v1/removals", &ask("203.0.113.26")).await.json();
    let id = decided["id"].as_str().unwrap();
    let path = format!("/api/v1/removals/{id}/decision");
    tell("POST", &path, &|text| json!({"accept": false, "why": text})).await;

    let sign_in = networks::form("/networks/isp/sign-in", None, format!("token={token}"));
    let signed = server.from("127.0.0.1", sign_in).await;
    let set = signed.headers["set-cookie"].clone();
    let cookie = set.to_str().unwrap().split(';').next().unwrap().to_owned();
    let behind = async |path: &str| {
        let request = Request::get(path).header("cookie", &cookie).body(Body::empty()).unwrap();
        let reply = server.from("127.0.0.1", request).await;
        let cookies: Vec<_> = reply.headers.get_all("set-cookie").iter().collect();
        assert!(reply.status == 200 && cookies == [&set], "{path}: {} {cookies:?}", reply.status);
        assert!(reply.headers.get("x-owned").is_none());
        reply
    };
    let fields =
        [("list", "dynamic"), ("key", text), ("contact", text), ("note", text), ("repaired", text), ("token", text)];
    let pages = vec![
        ("network", page(&server, "/networks/isp").await),
        ("sign in", page(&server, "/networks/isp/manage").await),
        ("desk", behind("/networks/isp/manage").await.text().to_owned()),
        ("address", page(&server, "/203.0.113.77").await),
        ("request", page(&server, &format!("/removals/{id}")).await),
        ("form", server.send("203.0.113.9", "/removals", &fields).await.text().to_owned()),
    ];
    let csv = behind("/networks/isp/listings.csv").await;
    let called = server.call_as(Some(&token), "GET", "/api/v1/networks/isp/listings?format=csv", "").await;
    assert_eq!(called.text(), csv.text());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&csv.octets[..]);
    let cells = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    Told { pages, cells }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_networks_and_askers_write_never_leaves_its_place_on_a_page_or_in_a_cell(text in foreign()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (plain, hostile) = runtime.block_on(async { (told("plain").await, told(&text).await) });
        for ((name, plain), (_, hostile)) in plain.pages.iter().zip(&hostile.pages) {
            prop_assert_eq!(signs(hostile), signs(plain), "{} with {:?}: {}", name, &text, hostile);
            prop_assert!(!hostile.contains(['\u{202E}', '\u{1B}', '\u{0}']), "{name} with {text:?}");
        }
        let shape = |told: &Told| told.cells.iter().map(Vec::len).collect::<Vec<_>>();
        prop_assert_eq!(shape(&hostile), shape(&plain));
        prop_assert!(plain.cells.len() >= 3, "a head and what is listed: {:?}", &plain.cells);
        for cell in hostile.cells.iter().flatten() {
            prop_assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn foreign_text_never_leaves_its_place_on_a_page_or_in_a_cell(text in foreign()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::start();
            write(&server, "plain").await;
            let mut plain = Vec::new();
            for path in PAGES {
                plain.push(page(&server, path).await);
            }
            write(&server, &text).await;
            for (path, plain) in PAGES.iter().zip(plain) {
                let foreign = page(&server, path).await;
                assert_eq!(signs(&foreign), signs(&plain), "{path} with {text:?}: {foreign}");
                assert!(!foreign.contains('\u{202E}') && !foreign.contains('\u{1B}') && !foreign.contains('\u{0}'));
            }
            let csv = server.call("GET", "/api/v1/lists/compromised/export?format=csv", "").await;
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&csv.octets[..]);
            for record in reader.records() {
                for cell in &record.unwrap() {
                    assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
                }
            }
        });
    }

    #[test]
    fn whatever_is_asked_for_is_only_text_on_the_page_that_answers(text in foreign(), lang in "[a-z\"<>]{0,6}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::start();
            let written: String = text.bytes().map(|octet| format!("%{octet:02X}")).collect();
            let lang: String = lang.bytes().map(|octet| format!("%{octet:02X}")).collect();
            for path in [format!("/lookup?key={written}&lang={lang}"), format!("/map?at={written}"), format!("/lists/{written}"), format!("/{written}")] {
                let page = page(&server, &path).await;
                // Names may look like a key: then another page answers. None has an element of the asker's.
                for mark in ["<script", "<img src=x", "onerror=a>", "<b>", "</title>x"] {
                    assert!(!page.contains(mark) || mark == "</title>x", "{path}: {page}");
                }
                assert_eq!(page.matches("</title>").count(), 1);
                assert_eq!(page.matches("<main").count(), 1);
            }
        });
    }
}
