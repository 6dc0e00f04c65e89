//! The lines of curl on `/docs`, sent as they stand there.

use super::Server;
use crate::list::Time;
use axum::http::Request;
use serde_json::Value;
use std::{fmt::Write as _, iter::Peekable, str::Chars, sync::Arc};

/// What a shell and curl make of a line.
#[derive(Debug, Default)]
struct Call {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Call {
    fn read(line: &str) -> Self {
        let mut call = Self { method: "GET".into(), ..Self::default() };
        let mut words = words(line).into_iter();
        assert_eq!(words.next().as_deref(), Some("curl"), "{line}");
        while let Some(word) = words.next() {
            match &*word {
                "-X" => call.method = words.next().unwrap(),
                "-H" => {
                    let header = words.next().unwrap();
                    let (name, value) = header.split_once(": ").unwrap();
                    call.headers.push((name.into(), value.into()));
                }
                "-d" => call.body = words.next().unwrap(),
                "--data-binary" => {
                    assert_eq!(words.next().as_deref(), Some("@list.txt"), "{line}");
                    call.body = "192.0.2.0/24 customers\n".into();
                }
                url => call.target = url.strip_prefix("http://bl.test").expect(line).to_owned(),
            }
        }
        if !call.body.is_empty() {
            call.headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
        }
        call
    }

    fn has_token(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == "Authorization")
    }

    /// Sends it, also as the admin where no token stands in it: what comes behind a challenge is looked at, too.
    async fn send(&self, server: &Server) -> Vec<(u16, String)> {
        let admin = format!("Bearer {}", server.admin);
        let further: &[_] = if self.has_token() { &[None] } else { &[None, Some(&admin)] };
        let mut replies = Vec::new();
        for token in further {
            let mut request = Request::builder().method(&*self.method).uri(&*self.target);
            for (name, value) in &self.headers {
                request = request.header(name, value.replace("$TOKEN", &server.admin));
            }
            if let Some(token) = token {
                request = request.header("Authorization", *token);
            }
            let reply = server.from("127.0.0.1", request.body(self.body.clone().into()).unwrap()).await;
            replies.push((reply.status, String::from_utf8_lossy(&reply.octets).into_owned()));
        }
        replies
    }
}

/// The words of a line, as a shell reads them that replaces nothing.
fn words(line: &str) -> Vec<String> {
    fn quoted(letters: &mut Peekable<Chars<'_>>, end: char, word: &mut String) {
        loop {
            match letters.next().expect("a quotation ends") {
                letter if letter == end => return,
                letter => word.push(letter),
            }
        }
    }
    let (mut words, mut letters) = (Vec::new(), line.chars().peekable());
    while letters.peek().is_some() {
        let mut word = String::new();
        while let Some(letter) = letters.next().filter(|letter| *letter != ' ') {
            match letter {
                '\'' | '"' => quoted(&mut letters, letter, &mut word),
                '\\' => word.extend(letters.next()),
                other => word.push(other),
            }
        }
        words.push(word);
    }
    words
}

/// The examples of the page.
async fn examples(server: &Server) -> Vec<String> {
    let page = server.get("/docs").await;
    let parts = page.text().split("<pre tabindex=\"0\"><code>").skip(1);
    let escaped = parts.map(|part| part.split("</code>").next().unwrap().to_owned());
    let signs = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    escaped.map(|line| signs.iter().fold(line, |line, (escape, sign)| line.replace(escape, sign))).collect()
}

/// Nine calls were shown with the body of entries, which they refuse, and one without the parameter that it needs.
#[tokio::test]
async fn every_example_is_taken_as_it_stands() {
    let server = Server::start();
    server.settings.send_modify(|settings| Arc::make_mut(settings).lookups_per_minute = 10_000);
    let document = server.get("/openapi.json").await.ok();
    let lines = examples(&server).await;
    let calls: usize =
        document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!(lines.len(), calls);
    let mut calls: Vec<_> = lines.iter().map(|line| (Call::read(line), line)).collect();
    // What others name is made first and goes last.
    calls.sort_by_key(|(call, _)| match (&*call.method, &*call.target) {
        ("POST", "/api/v1/networks") => 0,
        ("DELETE", _) => 2,
        _ => 1,
    });
    let mut faults = String::new();
    for (call, line) in calls {
        for (status, text) in call.send(&server).await {
            let detail = || serde_json::from_str::<Value>(&text).unwrap()["detail"].as_str().unwrap().to_owned();
            let taken = match status {
                200..=202 | 204 | 403 | 404 | 409 => true,
                422 => !call.has_token() && detail().starts_with("pow:"),
                _ => false,
            };
            if !taken {
                write!(faults, "\n{line}\n    {status} {text}").unwrap();
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// The page was made at the start, for good: after a reload it led to where the server no longer was.
#[tokio::test]
async fn the_page_of_the_api_is_made_again_after_a_reload() {
    let server = Server::start();
    let page = async || server.get("/docs").await.text().to_owned();
    let first = page().await;
    assert!(first.contains("&#39;http://bl.test/api/v1/lists&#39;") && !first.contains("This service is closing"));

    server.settings.send_modify(|settings| Arc::make_mut(settings).public_url = "https://lists.example".into());
    let moved = page().await;
    assert!(moved.contains("&#39;https://lists.example/api/v1/lists&#39;") && !moved.contains("bl.test/api"));
    assert!(moved.contains("<title>API · lists.example</title>"));

    let mut configuration = super::configuration();
    for zone in &mut configuration.zones {
        (zone.contact, zone.closing) = ("dns@lists.example".into(), Some(Time::from_seconds(1_900_000_000)));
    }
    server.door.configure(configuration).await.unwrap();
    let closing = page().await;
    assert!(closing.contains("This service is closing") && closing.contains(">dns@lists.example<"));

    let state = |page: &str| page.split("· state ").nth(1).unwrap().split('<').next().unwrap().to_owned();
    server.put("dynamic", "isp", "198.51.100.0/24\n").await.ok();
    assert_ne!(state(&page().await), state(&closing), "the foot names the state that is served");
}
