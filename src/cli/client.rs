//! The client of the HTTP API that the commands share.
//!
//! Guarantees: what the API refuses becomes a sentence with the lines, the guard and the figures that it named; a server
//! that does not answer is told apart from one that refuses.
//! Never: follows a redirect with a token; puts a token into a message.

use super::{Connection, Failure, words};
use crate::{
    config,
    limits::{CLIENT_CONNECT_SECONDS, CLIENT_WAIT_SECONDS, TOKEN_FILE_OCTETS_MAX},
};
use serde_json::Value;
use std::{
    fmt::Write as _,
    fs,
    io::{self, Read},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::Duration,
};
use ureq::http::{Response, StatusCode};

/// A server and what to show it.
pub struct Client {
    agent: ureq::Agent,
    server: String,
    token: Option<String>,
    json: bool,
}

/// What a successful call answered.
pub struct Reply {
    text: String,
    json: bool,
}

/// A part of a path or of a query, escaped (RFC 3986 section 2).
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

impl Client {
    /// Finds the server by `--server`, else through `--config`, else at the default address.
    pub fn find(connection: &Connection) -> Result<Self, Failure> {
        let config = match &connection.config {
            Some(file) => Some(config::read_file(file).map_err(|error| Failure::Config(error.to_string()))?),
            None => None,
        };
        let server = match (&connection.server, &config) {
            (Some(server), _) => server.trim_end_matches('/').to_owned(),
            (None, Some(config)) => server_of(config),
            (None, None) => "http://127.0.0.1:8053".to_owned(),
        };
        let token = match (&connection.token, &connection.token_file, &config) {
            (Some(token), ..) => Some(token.trim().to_owned()),
            (None, Some(file), _) => Some(
                token_in(file)
                    .map_err(|error| Failure::Usage(format!("cannot read the token in {}: {error}", file.display())))?,
            ),
            // Not every call needs a token, and not everyone may read this one: the server will say.
            (None, None, Some(config)) => token_in(&config.data_dir.join("admin.token")).ok(),
            (None, None, None) => None,
        };
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A server on this machine is not behind a proxy, and a token should not travel through one.
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(Duration::from_secs(CLIENT_CONNECT_SECONDS)))
            .timeout_recv_response(Some(Duration::from_secs(CLIENT_WAIT_SECONDS)))
            .user_agent(concat!("dnsbld/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self { agent, server, token, json: connection.json })
    }

    /// `GET`
    pub fn get(&self, path: &str) -> Result<Reply, Failure> {
        self.reply(self.with_token(self.agent.get(self.url(path))).call(), words::problem)
    }

    /// `DELETE`
    pub fn delete(&self, path: &str) -> Result<Reply, Failure> {
        self.reply(self.with_token(self.agent.delete(self.url(path))).call(), words::problem)
    }

    /// `POST` of a JSON object.
    pub fn post(&self, path: &str, body: &Value) -> Result<Reply, Failure> {
        let request = self.with_token(self.agent.post(self.url(path))).content_type("application/json");
        self.reply(request.send(body.to_string()), words::problem_of_one)
    }

    /// `PUT` of a body that is read while it is sent. The server is asked before the body goes (`Expect`). `amend` adds to
    /// what it answers, whether it took the body or not.
    pub fn put(
        &self,
        path: &str,
        encoding: Option<&str>,
        body: &mut dyn Read,
        amend: &dyn Fn(&mut Value),
    ) -> Result<Reply, Failure> {
        let mut request = self.with_token(self.agent.put(self.url(path))).header("Expect", "100-continue");
        if let Some(encoding) = encoding {
            request = request.header("Content-Encoding", encoding);
        }
        self.amended(request.send(ureq::SendBody::from_reader(body)), words::problem, amend)
    }

    /// `GET` of a body of any length.
    pub fn stream(&self, path: &str) -> Result<impl Read + use<>, Failure> {
        let answer = self.with_token(self.agent.get(self.url(path))).call();
        let answer = answer.map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer.into_body().into_with_config().limit(u64::MAX).reader());
        }
        match self.reply(Ok(answer), words::problem) {
            Err(failure) => Err(failure),
            Ok(_) => Err(Failure::Refused("the server answered something else".into())),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server)
    }

    fn with_token<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn reply(
        &self,
        answer: Result<Response<ureq::Body>, ureq::Error>,
        refusal: fn(&Value) -> String,
    ) -> Result<Reply, Failure> {
        self.amended(answer, refusal, &|_| {})
    }

    fn amended(
        &self,
        answer: Result<Response<ureq::Body>, ureq::Error>,
        refusal: fn(&Value) -> String,
        amend: &dyn Fn(&mut Value),
    ) -> Result<Reply, Failure> {
        let mut answer = answer.map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        let read = answer.body_mut().with_config().limit(crate::limits::CLIENT_ANSWER_OCTETS_MAX).read_to_string();
        let text =
            read.map_err(|error| Failure::Refused(format!("the answer of {} broke off: {error}", self.server)))?;
        let text = with(text, amend);
        if status.is_success() {
            return Ok(Reply { text, json: self.json });
        }
        if self.json {
            super::say(&text)?;
            return Err(Failure::Refused(String::new()));
        }
        Err(self.refused(status, &text, refusal))
    }

    fn refused(&self, status: StatusCode, text: &str, refusal: fn(&Value) -> String) -> Failure {
        let Ok(problem) = serde_json::from_str::<Value>(text) else {
            return Failure::Refused(format!("{} answered {status}", self.server));
        };
        let mut words = refusal(&problem);
        if status == StatusCode::UNAUTHORIZED && self.token.is_none() {
            words.push_str("\nGive a token: --config FILE of the server, --token-file FILE, or DNSBLD_TOKEN.");
        }
        Failure::Refused(words)
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        let server = &self.server;
        match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                Failure::Usage(format!("{server} is no server's address; write it as http://127.0.0.1:8053"))
            }
            ureq::Error::Io(cause) if broke_off(cause.kind()) => Failure::Refused(format!(
                "the connection to {server} broke off ({cause}); whether the server took it is not known: ask \
                 `dnsbld status`"
            )),
            ureq::Error::Protocol(cause) => Failure::Refused(format!("{server} did not answer as HTTP: {cause}")),
            other => Failure::Unreachable(format!(
                "no server answers at {server} ({other}); is `dnsbld serve` running, and is the address right?"
            )),
        }
    }
}

/// An answer with what `amend` adds; octet for octet as it came where that is nothing.
fn with(text: String, amend: &dyn Fn(&mut Value)) -> String {
    let Ok(came) = serde_json::from_str::<Value>(&text) else { return text };
    let mut answer = came.clone();
    amend(&mut answer);
    if answer == came { text } else { answer.to_string() }
}

fn broke_off(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// Where a server with this configuration answers calls that need a token, seen from its own machine.
fn server_of(config: &config::Config) -> String {
    let listen = config.http.admin_listen.unwrap_or(config.http.listen);
    if listen.port() == 0 {
        return config.http.public_url.as_str().to_owned();
    }
    let host = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        other => other,
    };
    format!("http://{}", SocketAddr::new(host, listen.port()))
}

fn token_in(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(file)?.take(TOKEN_FILE_OCTETS_MAX).read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

impl Reply {
    /// As JSON.
    pub fn value(&self) -> Result<Value, Failure> {
        serde_json::from_str(&self.text).map_err(|error| Failure::Refused(format!("the answer is no JSON: {error}")))
    }

    /// Prints the answer as it is with `--json`, else `words` of it.
    pub fn say(&self, words: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
        if self.json { super::say(&self.text) } else { super::say(&words(&self.value()?)) }
    }

    /// As [`Reply::say`], for calls whose answer may have no body.
    pub fn say_even_empty(&self, words: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json && !self.text.is_empty() { super::say(&self.text) } else { super::say(&words()) }
    }
}
