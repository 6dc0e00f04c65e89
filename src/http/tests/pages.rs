//! The pages.

use super::{Reply, Server};
use axum::{body::Body, http::Request};
use serde_json::json;

fn page(reply: &Reply) -> &str {
    let text = reply.text();
    assert_eq!(reply.kind(), "text/html; charset=utf-8", "{text}");
    let handler = |word: &str| word.starts_with("on") && word.contains('=');
    assert!(!text.contains("<script") && !text.contains("style=") && !text.split_whitespace().any(handler), "{text}");
    assert!(text.contains("<html lang=\"") && text.contains("<main") && text.contains("name=\"viewport\""));
    assert_eq!(text.matches("<h1").count(), 1, "{text}");
    text
}

#[tokio::test]
async fn the_front_page_says_what_this_is_and_leads_to_a_look_up_without_a_script() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24").await.ok();
    let reply = server.get("/").await;
    let text = page(&reply);
    for words in [
        "Was your mail refused",
        "method=\"get\"",
        "action=\"/lookup\"",
        "href=\"/lists/dynamic\"",
        "1 entry",
        "bl.test",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    for path in [
        "/?ip=198.51.100.7",
        "/?198.51.100.7",
        "/bl?198.51.100.7",
        "/bl?ip=198.51.100.7",
        "/?key=198.51.100.7",
        "/lookup?key=+198.51.100.7",
        "/198.51.100.7",
    ] {
        let reply = server.get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(page(&reply).contains("Listed in 1 list: dynamic"), "{path}");
    }
}

#[tokio::test]
async fn a_dynamic_listing_gets_advice_and_no_accusation() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24 customers of <b>ISP</b>").await.ok();
    let reply = server.get("/198.51.100.7").await;
    let text = page(&reply);
    for words in
        ["This is not an accusation", "port 587", "198.51.100.0/24", "&#60;b&#62;ISP", "isp", "hostmaster@bl.test"]
    {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.contains("<b>"));
}

#[tokio::test]
async fn each_kind_says_what_to_do_and_when_it_ends() {
    let server = Server::start();
    server.put("compromised", "trap", "198.51.100.1 seen").await.ok();
    server.put("relay", "tester", "198.51.100.2").await.ok();
    server.put("bad-names", "feed", "example.org").await.ok();
    server
        .post("compromised", &json!({"key": "198.51.100.3", "source": "trap2", "expires": "7d", "reason": "x"}))
        .await
        .ok();
    for (path, words) in [
        ("/198.51.100.1", "under somebody else's control"),
        ("/198.51.100.1", "in 30 days"),
        ("/198.51.100.3", "(in 7 days)"),
        ("/198.51.100.2", "passes on mail from anyone"),
        ("/www.example.org", "appears in unwanted mail"),
    ] {
        let reply = server.get(path).await;
        let text = page(&reply).replace("&#39;", "'");
        assert!(reply.status == 200 && text.contains(words), "{words} in {text}");
    }
}

#[tokio::test]
async fn what_is_not_listed_exempted_special_or_a_test_entry_says_so() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24\n!198.51.100.25 a mail server").await.ok();
    server.post("never", &json!({"key": "203.0.113.77", "source": "operator"})).await.ok();
    for (path, words) in [
        ("/203.0.113.1", "Not listed"),
        ("/198.51.100.25", "Exempted"),
        ("/198.51.100.25", "a mail server"),
        ("/192.168.1.1", "never will be"),
        ("/::1", "never will be"),
        ("/127.0.0.2", "Test entry"),
        ("/example.com", "Not listed"),
        ("/example.com", "Send the mail again in 5 minutes"),
        // Who is left out by the operator is told what to do as well.
        ("/203.0.113.77", "left it out of every list"),
        ("/203.0.113.77", "Look at the refusal again"),
    ] {
        let reply = server.get(path).await;
        assert!(reply.status == 200 && page(&reply).contains(words), "{path}: {words} in {}", reply.text());
    }
}

#[tokio::test]
async fn what_cannot_be_looked_up_gets_kind_words_and_is_escaped() {
    let server = Server::start();
    for (path, words) in [
        ("/192.0.2.256", "cannot be looked up"),
        ("/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "cannot be looked up"),
        ("/lookup?key=%3Cimg%20src=x%20onerror=alert(1)%3E", "cannot be looked up"),
        ("/lookup?key=%E2%80%AEabc%0D%0A", "cannot be looked up"),
        ("/lookup", "What would you like to look up?"),
        ("/198.51.100.0/24", "range of addresses"),
        ("/someone@example.org", "kept here only as hashes"),
    ] {
        let reply = server.get(path).await;
        assert_eq!(reply.status, 400, "{path}");
        let text = reply.text();
        assert!(text.contains(words), "{path}: {words} in {text}");
        assert!(!text.contains("<script") && !text.contains("<img src=x") && !text.contains('\u{202E}'), "{text}");
    }
}

/// A browser was shown the JSON of the API.
#[tokio::test]
async fn a_path_or_a_form_that_cannot_be_read_is_answered_by_a_page() {
    let server = Server::start();
    for path in ["/%ff", "/retest", "/retest?list=relay"] {
        let reply = server.get(path).await;
        assert_eq!((reply.status, reply.kind()), (400, "text/html; charset=utf-8"), "{path}: {}", reply.text());
    }
}

/// "This form was not taken" was said where none had been sent, and some such paths got the JSON of the API.
#[tokio::test]
async fn a_path_that_cannot_be_read_is_said_to_lead_nowhere_and_not_to_be_a_form() {
    let server = Server::start();
    let paths = ["/%ff", "/lists/%ff", "/lists/%ff/map", "/removals/%ff", "/retests/%ff", "/networks/%ff", "/%ff/24"];
    let queries = ["/retest", "/removals/new?list=relay&list=relay", "/?ip=%ff", "/lookup?key=%ff"];
    for path in paths.into_iter().chain(queries) {
        let joint = if path.contains('?') { '&' } else { '?' };
        let reply = server.get(&format!("{path}{joint}lang=de")).await;
        assert_eq!((reply.status, reply.kind()), (400, "text/html; charset=utf-8"), "{path}: {}", reply.text());
        assert!(!reply.text().contains("Dieses Formular"), "{path}: {}", reply.text());
        let said = if path.contains("=%ff") { "Das kann man hier nicht nachsehen" } else { "Hier ist nichts" };
        assert!(reply.text().contains(said) && reply.text().contains("name=\"key\""), "{path}: {}", reply.text());
    }
    let program = server.get("/api/v1/lookup/%ff").await;
    assert_eq!((program.status, program.kind()), (400, "application/problem+json"));
    let sent = server.send("127.0.0.1", "/removals/%ff", &[("act", "withdraw")]).await;
    assert!(sent.status == 400 && sent.text().contains("This form was not taken"), "{}", sent.text());
}

#[tokio::test]
async fn a_list_says_what_gets_listed_and_how_it_ends() {
    let server = Server::start();
    server.put("compromised", "trap", "198.51.100.1").await.ok();
    let reply = server.get("/lists/compromised").await;
    let text = page(&reply);
    for words in [
        "What was seen &#38; proven.",
        "30 days after",
        "127.0.0.4",
        "compromised.bl.test",
        "trap",
        "How an entry leaves",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert_eq!(server.get("/lists/none").await.status, 404);
    assert_eq!(server.get("/lists/never").await.status, 200);
    assert_eq!(server.get("/a/b/c").await.status, 404);
    for (asset, kind) in [("/style.css", "text/css; charset=utf-8"), ("/favicon.svg", "image/svg+xml")] {
        let reply = server.get(asset).await;
        assert_eq!((reply.status, reply.kind()), (200, kind));
    }
}

#[tokio::test]
async fn every_page_comes_in_the_language_that_is_asked_for() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24\n!198.51.100.25 a mail server").await.ok();
    for path in
        ["/", "/198.51.100.7", "/198.51.100.25", "/203.0.113.1", "/10.0.0.1", "/lists/dynamic", "/lookup", "/a/b/c"]
    {
        for (asked, tag, word) in [
            ("de-AT,de;q=0.9,en;q=0.5", "de", "Nachsehen"),
            ("es", "es", "Consultar"),
            ("it,fr;q=0.8,en;q=0.7", "fr", "Vérifier"),
            ("it", "en", "Look up"),
        ] {
            let request = Request::builder().uri(path).header("accept-language", asked).body(Body::empty()).unwrap();
            let reply = server.from("203.0.113.99", request).await;
            let text = page(&reply);
            assert!(text.contains(&format!("<html lang=\"{tag}\">")) && text.contains(word), "{path} {asked}: {text}");
            assert_eq!(reply.headers["vary"], "Accept-Language");
            assert_eq!(reply.headers["content-language"], tag);
            assert!(text.contains("href=\"?lang=es\" hreflang=\"es\" lang=\"es\""), "{text}");
        }
    }
}

#[tokio::test]
async fn a_language_chosen_by_hand_goes_on_in_links_and_forms() {
    let server = Server::start();
    let reply = server.get("/lookup?key=192.168.1.1&lang=de").await;
    let text = page(&reply);
    for words in [
        "<html lang=\"de\">",
        "das bleibt so",
        "href=\"/?lang=de\"",
        "name=\"lang\" value=\"de\"",
        "href=\"?key=192.168.1.1&#38;lang=fr\"",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!page(&server.get("/192.168.1.1").await).contains("/?lang="));
}

#[tokio::test]
async fn what_was_listed_once_says_so_and_what_may_have_been_meant_is_offered() {
    let server = Server::start();
    server.put("compromised", "trap", "198.51.100.1 seen\n198.51.100.2").await.ok();
    server.put("compromised", "trap", "198.51.100.2").await.ok();
    let reply = server.get("/198.51.100.1").await;
    let text = page(&reply);
    for words in
        ["Not listed any more", "in compromised until", "its source took it off", "If mail was refused all the same"]
    {
        assert!(text.contains(words), "{words} in {text}");
    }
    let reply = server.get("/lookup?key=550+Client+host+[203.0.113.7]+blocked;+see+http://bl.test/203.0.113.7").await;
    assert!(page(&reply).contains("href=\"/203.0.113.7\""), "{}", reply.text());
    let reply = server.get("/192.0.2.256").await;
    assert!(page(&reply).contains("at most 255; here stands 256"));
    let request = Request::builder().uri("/192.168.1.1").body(Body::empty()).unwrap();
    let reply = server.from("203.0.113.99", request).await;
    assert!(page(&reply).contains("You are visiting from 203.0.113.99"), "{}", reply.text());
}

#[tokio::test]
async fn the_map_shows_what_is_listed_step_by_step_and_as_a_table() {
    let server = Server::start();
    server.put("dynamic", "isp", "198.51.100.0/24\n203.0.113.0/25").await.ok();
    server.put("relay", "tester", "203.0.113.200").await.ok();
    for (path, words) in [
        ("/map", "385 IPv4 addresses are listed here"),
        ("/map", "href=\"/map?at=203.0.0.0/8\""),
        ("/map?at=203", "href=\"/map?at=203.0.0.0/16\""),
        ("/map?at=203.0", "203.0.113.0/24: 129 addresses listed"),
        ("/map?at=203.0", "50.39 %"),
        ("/lists/relay/map", "1 IPv4 address is listed here"),
        ("/map?list=relay&at=203.0&lang=de", "203.0.113.0/24: 1 Adresse gelistet"),
        ("/map?at=10", "Nothing is listed here"),
        ("/lists/dynamic", "href=\"/lists/dynamic/map\""),
    ] {
        let reply = server.get(path).await;
        assert!(
            reply.status == 200 && page(&reply).replace("&#38;", "&").contains(words),
            "{path}: {words} in {}",
            reply.text()
        );
    }
    for (path, status) in
        [("/map?at=x", 400), ("/map?list=none", 404), ("/lists/bad-names/map", 404), ("/map?list=A%22", 400)]
    {
        let reply = server.get(path).await;
        page(&reply);
        assert_eq!(reply.status, status, "{path}");
    }
    let serial = server.get("/map").await.text().split("serial=").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for (path, kept) in [
        (format!("/map.png?list=&at=&serial={serial}"), "public, max-age=3600"),
        ("/map.png?at=203.0".to_owned(), "no-cache"),
    ] {
        let reply = server.get(&path).await;
        assert_eq!((reply.status, reply.kind()), (200, "image/png"));
        assert_eq!(reply.headers["cache-control"], kept);
        assert!(reply.octets.starts_with(b"\x89PNG"));
    }
}

#[tokio::test]
async fn a_list_shows_how_it_changed_from_day_to_day() {
    let server = Server::start();
    server.put("relay", "tester", "198.51.100.1\n198.51.100.2\n198.51.100.3").await.ok();
    assert!(!page(&server.get("/lists/relay").await).contains("How it has changed"), "one day is no change");
    server.pass(86_400);
    server.put("relay", "tester", "198.51.100.2\n198.51.100.4").await.ok();
    let reply = server.get("/lists/relay").await;
    let text = page(&reply).replace("&#39;", "'");
    for words in [
        "4 entries came and 2 went",
        "from 2 to 3",
        "2 entries, 1 came, 2 went",
        "3 entries, 3 came, 0 went",
        "<polyline",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    server.pass(86_400);
    server.put("relay", "other", "198.51.100.9").await.ok();
    assert!(page(&server.get("/lists/relay").await).contains("5 entries came and 2 went"), "what was read goes on");
    assert!(page(&server.get("/lists/dynamic").await).contains("0 entries came and 0 went"));
}

#[tokio::test]
async fn the_privacy_page_says_how_long_things_are_kept_here() {
    let server = Server::start();
    let reply = server.get("/privacy").await;
    for words in [
        "These pages set no cookies",
        "2 years after it ended",
        "came back to a list after a removal",
        "7 days after it was seen",
        "Everyone for 90 days",
        "hostmaster@bl.test",
    ] {
        assert!(page(&reply).contains(words), "{words} in {}", reply.text());
    }
    server.settings.send_modify(|settings| {
        std::sync::Arc::make_mut(settings).kept.transcripts = "12d".parse().unwrap();
    });
    for (tag, test, contacts) in [
        ("en", "12 days after the test", "Contacts of a network"),
        ("de", "12 Tage nach der Prüfung", "Kontakte eines Netzes"),
        ("es", "12 días después de la prueba", "Contactos de una red"),
        ("fr", "12 jours après le test", "Contacts d’un réseau"),
    ] {
        let reply = server.get(&format!("/privacy?lang={tag}")).await;
        assert!(page(&reply).contains(test) && page(&reply).contains(contacts), "{tag}: {}", reply.text());
    }
}

#[tokio::test]
async fn the_rule_of_reports_is_said_as_each_language_says_it() {
    let server = Server::start();
    for (language, all) in [
        ("en", ["2 points: mail to", "1 point: mail that", "within 7 days come to 3 points", "neither that limit"]),
        ("de", ["innerhalb von 7 Tagen", "nach 2 Tagen zählt", "1 Punkt: Mail", "weder diese Grenze"]),
        ("es", ["1 punto: correo", "2 puntos: correo", "en 7 días suman 3 puntos", "ni ese límite"]),
        ("fr", ["1 point : courrier", "2 points : courrier", "en 7 jours atteignent 3 points", "ni cette limite"]),
    ] {
        let reply = server.get(&format!("/lists/compromised?lang={language}")).await;
        let text = page(&reply);
        for words in all {
            assert!(text.contains(words), "{language}: {words} in {text}");
        }
    }
}

/// Nearly every refusal names whom the message was for, and "this is a mail address" helped nobody.
#[tokio::test]
async fn a_pasted_refusal_with_a_mail_address_is_searched_for_its_address() {
    let server = Server::start();
    let refusal = "%3Cbob@example.net%3E: host mx.example.net[192.0.2.1] said: 554 Client host [198.51.100.7] blocked";
    let path = format!("/lookup?key={}", refusal.replace(' ', "%20"));
    let page = server.get(&path).await;
    assert_eq!(page.status, 400);
    assert!(
        page.text().contains("href=\"/198.51.100.7\"") && page.text().contains("href=\"/192.0.2.1\""),
        "{}",
        page.text()
    );
    let alone = server.get("/lookup?key=bob@example.net").await;
    assert!(alone.text().contains("mail address"), "{}", alone.text());
}

/// The rejecting host stood before the address that the refusal is about.
#[tokio::test]
async fn of_a_pasted_refusal_comes_first_what_it_is_about() {
    let server = Server::start();
    let host = "host mx.example.net[192.0.2.1] said: 554 5.7.1";
    for (refusal, first, second) in [
        (format!("{host} Service unavailable; client HOST [198.51.100.7] blocked"), "198.51.100.7", "192.0.2.1"),
        (format!("{host} no; see http://bl.test/198.51.100.9"), "198.51.100.9", "192.0.2.1"),
        (format!("{host} <http://bl.test/spam.example>."), "spam.example", "192.0.2.1"),
        (
            format!("{host} Client host [198.51.100.7] blocked (https://bl.test/2001:db8::25)"),
            "2001:db8::25",
            "198.51.100.7",
        ),
    ] {
        let path: String = refusal.bytes().map(|octet| format!("%{octet:02x}")).collect();
        let reply = server.get(&format!("/lookup?key={path}")).await;
        let meant: Vec<&str> = reply.text().split("<li><a class=\"key\" href=\"/").skip(1).collect();
        let meant: Vec<&str> = meant.into_iter().filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(meant[..2], [first, second], "{refusal}");
        assert!(!meant.contains(&"bl.test"), "{refusal}");
    }
}
