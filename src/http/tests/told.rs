//! What the pages said and was not so: of removals, exemptions, stays, and what others wrote.

use super::{Server, networks, removal_pages::hidden};
use axum::{body::Body, http::Request};
use serde_json::json;

impl Server {
    /// The page at a path, in readable form.
    async fn page(&self, path: &str) -> String {
        let reply = self.get(path).await;
        assert_eq!(reply.kind(), "text/html; charset=utf-8", "{path}");
        reply.text().replace("&#38;", "&").replace("&#39;", "'")
    }

    /// Asks by the call, as an admin; gives the path of the request's page.
    async fn asked(&self, list: &str, key: &str) -> String {
        let body = json!({"list": list, "key": key, "repaired_at": "2027-01-15T08:00:00Z"}).to_string();
        let made = self.call("POST", "/api/v1/removals", body).await.ok();
        format!("/removals/{}", made["id"].as_str().unwrap())
    }

    async fn decide_on(&self, request: &str, accept: bool, why: &str) {
        let decision = json!({"accept": accept, "why": why}).to_string();
        self.call("POST", &format!("/api/v1{request}/decision"), decision).await.ok();
    }
}

/// Each line break became U+FFFD, and the form of a network put the damage into the store at its next use.
#[tokio::test]
async fn line_breaks_of_others_are_shown_and_come_back_from_the_field() {
    let server = Server::start();
    let evidence = json!({"public": "Received: a\r\n\tby b"});
    server.post("compromised", &json!({"key": "198.51.100.7", "source": "trap", "evidence": evidence})).await.ok();
    assert!(server.page("/198.51.100.7").await.contains(">Received: a\n by b</dd>"));

    let token = networks::network(&server).await;
    let signed = networks::form("/networks/isp/sign-in", None, format!("token={token}"));
    let signed = server.from("127.0.0.1", signed).await;
    let cookie = signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let desk = || {
        let request = Request::get("/networks/isp/manage").header("cookie", &cookie).body(Body::empty()).unwrap();
        server.from("127.0.0.1", request)
    };
    let word = hidden(desk().await.text(), "word");
    let mut written = "Use our server.%0D%0A%0D%0ACall us".to_owned();
    for _ in 0..2 {
        let fields = format!("word={word}&prefix=203.0.113.0%2F24&text={written}");
        let saved = server.from("127.0.0.1", networks::form("/networks/isp/ranges", Some(&cookie), fields)).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        let desk = desk().await;
        let field = desk.text().split("name=\"text\" maxlength=\"1000\">\n").nth(1).unwrap().split('<').next().unwrap();
        assert_eq!(field, "Use our server.\n\nCall us", "{}", desk.text());
        written = field.replace('\n', "%0D%0A");
    }
    assert!(server.page("/networks/isp").await.contains("<p class=\"foreign\">Use our server.\n\nCall us</p>"));
    let style = server.get("/style.css").await;
    assert!(style.text().contains(".foreign { unicode-bidi: isolate; white-space: pre-line; }"));

    server.put("bad-names", "feed", "example.org").await.ok();
    let request = server.asked("bad-names", "example.org").await;
    server.decide_on(&request, false, "first\nsecond").await;
    assert!(server.page(&request).await.contains("<p class=\"foreign\">first\nsecond</p>"));
}
