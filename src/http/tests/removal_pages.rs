//! Removals, on the pages: the form, the page of a request, and what is refused of other sites.

use super::{Reply, Server};
use axum::{body::Body, http::Request};
use serde_json::json;

impl Server {
    pub(super) async fn send(&self, peer: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
        let escaped = |text: &str| text.bytes().map(|octet| format!("%{octet:02x}")).collect::<String>();
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let request = Request::builder().method("POST").uri(path).header("origin", "http://bl.test");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.from(peer, request.body(body.join("&").into()).unwrap()).await
    }
}

/// The value of a hidden field.
pub(super) fn hidden(page: &str, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    page.split(&field).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_person_asks_on_the_page_without_script_and_sees_what_becomes_of_it() {
    let server = Server::start();
    server.post("relay", &json!({"key": "198.51.100.7", "source": "tester"})).await.ok();
    let key = server.get("/198.51.100.7").await;
    assert!(key.text().contains("/removals/new?list=relay&#38;key=198.51.100.7"), "{}", key.text());
    assert!(
        !server.get("/198.51.100.8").await.text().contains("/removals/new"),
        "what is not listed cannot be removed"
    );
    let list = server.get("/lists/relay").await;
    assert!(list.text().contains("whoever shows that the address is theirs"), "{}", list.text());
    let get = Request::builder().uri("/removals/new?list=relay&key=198.51.100.7").body(Body::empty()).unwrap();
    let form = server.from("203.0.113.9", get).await;
    assert!(form.status == 200 && !form.text().contains("<script"));
    let token = hidden(form.text(), "token");
    let fields = [("list", "relay"), ("key", "198.51.100.7"), ("note", "<b>mended</b>"), ("token", &*token)];
    let early = server.send("203.0.113.9", "/removals", &fields).await;
    assert!(early.status == 422 && early.text().contains("press the button once more"), "{}", early.text());
    assert_eq!(hidden(early.text(), "token"), token, "the same form counts when it is ripe");
    assert!(early.text().contains("&#60;b&#62;mended"));
    server.pass(11);
    let asked = server.send("203.0.113.9", "/removals", &fields).await;
    assert!(asked.status == 202 && asked.text().contains("Waiting for a proof"), "{}", asked.text());
    let secret = hidden(asked.text(), "secret");
    let id = asked.text().split("/removals/").nth(1).unwrap()[..32].to_owned();
    let page = server.get(&format!("/removals/{id}")).await;
    assert!(page.status == 200 && !page.text().contains(&secret) && !page.text().contains("mended"));
    // Opened later, it said "put this record" and showed none.
    assert!(!page.text().contains("Put this record") && page.text().contains("Show the record"), "{}", page.text());
    let record = |told| [("act", "record"), ("secret", told)];
    let shown = server.send("203.0.113.9", &format!("/removals/{id}"), &record(&secret)).await;
    assert!(shown.status == 200 && shown.text().contains("TXT &#34;dnsbld=") || shown.text().contains("TXT \"dnsbld="));
    let hidden = server.send("203.0.113.9", &format!("/removals/{id}"), &record("wrong")).await;
    assert!(hidden.status == 422 && !hidden.text().contains("dnsbld="), "{}", hidden.text());
    let elsewhere = server.send("203.0.113.10", "/removals", &fields).await;
    assert!(elsewhere.status == 422 && !elsewhere.text().contains(&secret), "{}", elsewhere.text());
    let act =
        |secret: &str, act: &str| vec![("act".to_owned(), act.to_owned()), ("secret".to_owned(), secret.to_owned())];
    for (told, what, status) in [("wrong", "withdraw", 422), (&*secret, "rdns-txt", 422), (&*secret, "withdraw", 200)] {
        let fields = act(told, what);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let reply = server.send("203.0.113.9", &format!("/removals/{id}"), &fields).await;
        assert_eq!(reply.status, status, "{what}: {}", reply.text());
    }
    assert!(server.get(&format!("/removals/{id}")).await.text().contains("Taken back"));
    let german = server.get(&format!("/removals/{id}?lang=de")).await;
    assert!(german.text().contains("Zurückgenommen"), "{}", german.text());
}

/// The form of a list with the rule `self` said "at once" where the network of the address decides, and promised that only who
/// decides sees the contact, which the network of the address sees in any case.
#[tokio::test]
async fn the_form_says_that_a_network_may_decide_and_who_sees_the_contact() {
    let server = Server::start();
    for (list, decides) in [("dynamic", true), ("relay", false)] {
        let form = server.get(&format!("/removals/new?list={list}&key=198.51.100.25")).await;
        assert_eq!(form.text().contains("that network decides, unless it leaves this to its customers"), decides);
        assert!(form.text().contains("by that network, whoever decides"), "{}", form.text());
    }
}

/// Once a code was mailed the button that asks for one was gone for good: after a day, or five wrong codes, the page said to
/// ask for another and had no way to.
#[tokio::test]
async fn another_code_can_be_asked_for_where_the_first_is_over() {
    let server = Server::start();
    *server.checks.names.lock().unwrap() = vec!["mx.example.org".into()];
    for (key, wrong, wait) in [("198.51.100.7", 5, 0), ("198.51.100.8", 0, 86_400)] {
        server.post("relay", &json!({"key": key, "source": "tester"})).await.ok();
        server.pass(2 * 86_400);
        let asked = server.ask("relay", key).await;
        let path = format!("/removals/{}", asked["id"].as_str().unwrap());
        let offers = async || {
            let page = server.get(&path).await;
            ["mail", "code"].map(|act| page.text().contains(&format!("name=\"act\" value=\"{act}\"")))
        };
        assert_eq!(offers().await, [true, false]);
        server.prove(&asked, json!({"proof": "postmaster"})).await.ok();
        assert_eq!(offers().await, [false, true]);
        for _ in 0..wrong {
            assert_eq!(server.prove(&asked, json!({"proof": "postmaster", "code": "1"})).await.status, 422);
        }
        server.pass(wait);
        assert_eq!(offers().await, [true, false], "{key}");
    }
}

#[tokio::test]
async fn a_form_of_another_site_and_one_made_up_do_nothing() {
    let server = Server::start();
    server.listed("198.51.100.7", "trap").await;
    let body = "list=compromised&key=198.51.100.7&token=made-up";
    for (header, value, status) in
        [("origin", "https://evil.test", 403), ("sec-fetch-site", "cross-site", 403), ("origin", "http://bl.test", 422)]
    {
        let request = Request::builder().method("POST").uri("/removals").header(header, value);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.into()).unwrap();
        assert_eq!(server.from("203.0.113.9", request).await.status, status, "{header}: {value}");
    }
    for (tag, words) in [
        ("en", "did not come from a page of this site"),
        ("de", "nicht von einer Seite dieses Dienstes"),
        ("es", "no venía de una página de este sitio"),
        ("fr", "ne venait pas d’une page de ce site"),
    ] {
        for path in ["/removals", "/retests"] {
            let request = Request::builder().method("POST").uri(path).header("origin", "https://evil.test");
            let request = request.header("accept-language", tag).body(body.into()).unwrap();
            let page = server.from("203.0.113.9", request).await;
            assert!(page.status == 403 && page.text().contains(words), "{tag} {path}: {}", page.text());
            assert!(page.text().contains("name=\"key\""), "the look-up leads to the form again");
        }
    }
    assert_eq!(server.get("/removals/new?list=never&key=10.0.0.1").await.status, 404);
    assert_eq!(server.get("/removals/nonsense").await.status, 404);
    assert_eq!(server.answers("198.51.100.7").await, json!(["127.0.0.4"]));
}

/// To load the page with the secret again lost it: its form "had been sent already", and the advice to send it once more made a
/// second request.
#[tokio::test]
async fn the_page_with_the_secret_can_be_loaded_again_and_asks_for_nothing_more() {
    let server = Server::start();
    server.post("relay", &json!({"key": "198.51.100.7", "source": "tester"})).await.ok();
    let token = hidden(server.get("/removals/new?list=relay&key=198.51.100.7").await.text(), "token");
    let fields = [("list", "relay"), ("key", "198.51.100.7"), ("token", &*token)];
    server.pass(11);
    let asked = server.send("127.0.0.1", "/removals", &fields).await;
    let again = server.send("127.0.0.1", "/removals", &fields).await;
    assert_eq!((asked.status, again.status), (202, 202), "{}", again.text());
    assert_eq!(hidden(again.text(), "secret"), hidden(asked.text(), "secret"));
    assert!(again.text().contains("Keep this") && !hidden(again.text(), "secret").is_empty());
    let all = server.call("GET", "/api/v1/removals", "").await.ok();
    assert_eq!(all["removals"].as_array().unwrap().len(), 1, "{all}");
    let elsewhere = server.send("203.0.113.10", "/removals", &fields).await;
    assert!(elsewhere.status == 422 && !elsewhere.text().contains(&hidden(asked.text(), "secret")));
}

/// The page of an error, loaded again, said that the form was taken, of which nothing had come.
#[tokio::test]
async fn a_form_of_which_nothing_came_can_be_sent_again() {
    let server = Server::start();
    let get = Request::builder().uri("/removals/new?list=relay&key=198.51.100.7").body(Body::empty()).unwrap();
    let token = hidden(server.from("203.0.113.9", get).await.text(), "token");
    server.pass(11);
    let fields = [("list", "relay"), ("key", "198.51.100.7"), ("token", &*token)];
    for _ in 0..2 {
        let refused = server.send("203.0.113.9", "/removals", &fields).await;
        assert!(refused.status == 422 && refused.text().contains("nothing to remove"), "{}", refused.text());
        assert_eq!(hidden(refused.text(), "token"), token, "what is mended need not ripen again");
    }
    server.post("relay", &json!({"key": "198.51.100.7", "source": "tester"})).await.ok();
    let asked = server.send("203.0.113.9", "/removals", &fields).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let again = server.send("203.0.113.9", "/removals", &fields).await;
    assert_eq!(hidden(again.text(), "secret"), hidden(asked.text(), "secret"), "and something came of it once");
}
