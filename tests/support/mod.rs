//! The harness: starts the real binary on free ports with a fresh directory, asks it over real sockets, ends it on drop.
//!
//! Guarantees: nothing of a test outlives it; every wait is bounded.
//! Never: links the program. What the tests know of it is what a user knows: its command line, HTTP and DNS.

#![allow(dead_code, reason = "every test crate takes what it needs")]

pub mod hosts;
pub mod wire;

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
pub use wire::{Answer, query};

/// Time within which a started server has to print its ready line; generous, machines under test load are slow.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A configuration with a list of each kind of key; `PORTS` is replaced by the free ports.
pub const CONFIG: &str = r#"
data_dir = "var"
[dns]
listen = ["127.0.0.1:0"]
nsid = "test-server"
udp_threads = 1
[http]
listen = "127.0.0.1:0"
public_url = "http://bl.test"
lookups_per_minute = 1000000
[[list]]
name = "dynamic"
kind = "dynamic"
code = "127.0.0.10"
text = "{address} is in a dynamic range"
criteria = "Ranges assigned to customers for a session."
covers_at_most = 100
[[list]]
name = "compromised"
kind = "compromised"
code = "127.0.0.4"
codes = ["127.0.0.5"]
entry_texts = true
text = "{address} is controlled by someone else"
criteria = "Hosts that sent to traps."
widest_v4 = 8
covers_at_most = 100
expires_after = "90d"
[[list]]
name = "relay"
kind = "relay"
code = "127.0.0.2"
text = "{address} relays for anyone"
criteria = "Open relays."
[[list]]
name = "bad-names"
kind = "domain"
code = "127.0.1.2"
text = "{address} is a bad name"
criteria = "Names in spam."
[[list]]
name = "bad-mailboxes"
kind = "mail-hash"
code = "127.0.1.20"
text = "this mailbox sends spam"
criteria = "Mailboxes in spam."
[[zone]]
origin = "bl.test"
lists = ["compromised", "relay", "dynamic"]
ns = ["ns1.bl.test", "ns2.example.org"]
contact = "hostmaster@bl.test"
ttl = "5m"
negative_ttl = "1m"
text = "the zone's own text"
a = ["192.0.2.80"]
glue = { "ns1.bl.test" = ["192.0.2.53", "2001:db8::53"] }
[[zone]]
origin = "dbl.test"
lists = ["bad-names"]
ns = ["ns1.example.org"]
contact = "hostmaster@bl.test"
ttl = "5m"
negative_ttl = "1m"
[[zone]]
origin = "hbl.test"
lists = ["bad-mailboxes"]
ns = ["ns1.example.org"]
contact = "hostmaster@bl.test"
ttl = "5m"
negative_ttl = "1m"
"#;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_dnsbld");

/// A running server.
pub struct TestServer {
    child: Child,
    dir: Option<TempDir>,
    /// Where configuration and data are.
    pub home: PathBuf,
    /// Where it answers DNS.
    pub dns: SocketAddr,
    /// Where it answers HTTP.
    pub http: SocketAddr,
    /// The admin's token.
    pub token: String,
}

/// What an HTTP call answered.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The content type.
    pub kind: String,
    /// The body.
    pub text: String,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e} in {} {}", self.status, self.text))
    }

    /// The status has to be 200; the body as JSON.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }
}

impl TestServer {
    /// With [`CONFIG`] and an empty store.
    pub fn start() -> Self {
        Self::with(CONFIG)
    }

    /// With a configuration of its own and an empty store.
    pub fn with(config: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("dnsbld.toml"), config).expect("written");
        let home = dir.path().to_owned();
        let mut server = Self::in_directory(&home, &[]);
        server.dir = Some(dir);
        server
    }

    /// In a directory that holds `dnsbld.toml`; `wrapper` is a command to run it under (strace, prlimit).
    pub fn in_directory(home: &Path, wrapper: &[&str]) -> Self {
        Self::try_in_directory(home, wrapper).unwrap_or_else(|said| panic!("not ready: {said}"))
    }

    /// As [`Self::in_directory`]; what it said where it did not come up.
    pub fn try_in_directory(home: &Path, wrapper: &[&str]) -> Result<Self, String> {
        let (mut child, dns, http) = Self::spawn(home, wrapper)?;
        let token = home.join("var/admin.token");
        let Ok(token) = std::fs::read_to_string(&token) else {
            child.kill().ok();
            return Err(format!("no {}", token.display()));
        };
        let token = token.trim().to_owned();
        Ok(Self { child, dir: None, home: home.to_owned(), dns, http, token })
    }

    fn spawn(home: &Path, wrapper: &[&str]) -> Result<(Child, SocketAddr, SocketAddr), String> {
        let mut words: Vec<&str> = wrapper.to_vec();
        words.push(PROGRAM);
        let log = std::fs::File::create(home.join("log")).expect("a log");
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .args(["serve", "--config"])
            .arg(home.join("dnsbld.toml"))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("piped");
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let said = |home: &Path| std::fs::read_to_string(home.join("log")).unwrap_or_default();
        let Ok(line) = receive.recv_timeout(READY_WITHIN) else {
            child.kill().ok();
            child.wait().ok();
            return Err(said(home));
        };
        let addresses: Vec<SocketAddr> = line
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '/' | '='))
            .filter_map(|word| word.parse().ok())
            .collect();
        let [dns, .., http] = addresses.as_slice() else {
            child.kill().ok();
            return Err(format!("unreadable ready line {line:?}; {}", said(home)));
        };
        Ok((child, *dns, *http))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.join("log")).unwrap_or_default()
    }

    /// `kill -9`, then a new start over the same store.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// `kill -9`, of what a wrapper started first: strace lets go of it when it is killed itself.
    pub fn kill(&mut self) {
        let children = format!("/proc/{0}/task/{0}/children", self.pid());
        for child in std::fs::read_to_string(children).unwrap_or_default().split_whitespace() {
            Command::new("kill").args(["-9", child]).stderr(Stdio::null()).status().ok();
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// A new start over the same store, after the process has ended. One that a wrapper started is nobody's child once the
    /// wrapper is dead: its lock may outlive the kill by a moment.
    pub fn start_again(&mut self) {
        let end = Instant::now() + Duration::from_secs(20);
        let started = loop {
            match Self::spawn(&self.home, &[]) {
                Err(said) if said.contains("in use by another process") && Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                other => break other,
            }
        };
        let (child, dns, http) = started.unwrap_or_else(|said| panic!("not ready: {said}"));
        (self.child, self.dns, self.http) = (child, dns, http);
    }

    /// Sends a signal by name (`TERM`, `HUP`).
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Waits for the process to end; its exit code.
    pub fn wait(&mut self, within: Duration) -> Option<i32> {
        let end = Instant::now() + within;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it did not end within {within:?}");
    }

    /// One query over UDP: name and type.
    pub fn ask(&self, name: &str, qtype: u16) -> Answer {
        let bytes = self.exchange(&query(name, qtype, &[]));
        Answer::read(&bytes.unwrap_or_else(|| panic!("no answer for {name}: {}", self.log())))
    }

    /// The A records of a name, as text; `NXDOMAIN` or `NODATA` where there are none.
    pub fn a(&self, name: &str) -> String {
        self.ask(name, wire::A).summary()
    }

    /// The A records of an address in a zone.
    pub fn address(&self, address: &str, zone: &str) -> String {
        self.a(&reversed(address, zone))
    }

    /// Any bytes over UDP; what came back within a second.
    pub fn exchange(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.connect(self.dns).expect("connected");
        socket.set_read_timeout(Some(Duration::from_secs(1))).expect("set");
        socket.send(bytes).ok()?;
        let mut buffer = vec![0; 65_535];
        let length = socket.recv(&mut buffer).ok()?;
        buffer.truncate(length);
        Some(buffer)
    }

    /// One query over TCP.
    pub fn ask_tcp(&self, name: &str, qtype: u16) -> Answer {
        Answer::read(&wire::exchange_tcp(self.dns, &query(name, qtype, &[])).expect("an answer over TCP"))
    }

    /// An HTTP call with the admin's token.
    pub fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        self.call_as(Some(&self.token), method, path, body.as_bytes(), &[])
    }

    /// An HTTP call without a token.
    pub fn get(&self, path: &str) -> Reply {
        self.call_as(None, "GET", path, b"", &[])
    }

    /// An HTTP call in full.
    pub fn call_as(&self, token: Option<&str>, method: &str, path: &str, body: &[u8], heads: &[(&str, &str)]) -> Reply {
        try_call(self.http, token, method, path, body, heads).unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// `PUT` of a body as what a source holds.
    pub fn put(&self, list: &str, source: &str, body: &str) -> Reply {
        self.call("PUT", &format!("/api/v1/lists/{list}/sources/{source}"), body)
    }

    /// `POST` of one key.
    pub fn add(&self, list: &str, source: &str, key: &str) -> Reply {
        let body = serde_json::json!({ "key": key, "source": source }).to_string();
        self.call("POST", &format!("/api/v1/lists/{list}/entries"), &body)
    }

    /// `POST` of one exclusion.
    pub fn exclude(&self, list: &str, source: &str, key: &str) -> Reply {
        let body = serde_json::json!({ "key": key, "source": source, "exclude": true }).to_string();
        self.call("POST", &format!("/api/v1/lists/{list}/entries"), &body)
    }

    /// A command of the program against this server.
    pub fn command(&self, words: &[&str]) -> Output {
        Command::new(PROGRAM)
            .args(words)
            .args(["--server", &format!("http://{}", self.http), "--token", &self.token])
            .output()
            .expect("the program starts")
    }
}

/// Waits until something has happened, at most so long.
pub fn eventually(what: &str, within: Duration, happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < within, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- what the server logged\n{}", self.log());
        }
    }
}

/// An HTTP call that may fail, as it does while the server is being killed.
pub fn try_call(
    http: SocketAddr,
    token: Option<&str>,
    method: &str,
    path: &str,
    body: &[u8],
    heads: &[(&str, &str)],
) -> Result<Reply, String> {
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(http).map_err(|e| e.to_string())?;
    stream.set_read_timeout(Some(Duration::from_secs(120))).map_err(|e| e.to_string())?;
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if let Some(token) = token {
        head += &format!("Authorization: Bearer {token}\r\n");
    }
    for (name, value) in heads {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    stream.write_all(head.as_bytes()).map_err(|e| e.to_string())?;
    // A server may answer before it has read the whole body: what it says then still counts.
    let sent = stream.write_all(body).map_err(|e| e.to_string());
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    if answer.is_empty() {
        sent?;
        read.map_err(|e| e.to_string())?;
        return Err("closed without an answer".into());
    }
    read_reply(&answer).ok_or_else(|| format!("unreadable: {}", String::from_utf8_lossy(&answer)))
}

fn read_reply(answer: &[u8]) -> Option<Reply> {
    let split = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let heads: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let value = |name: &str| heads.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default();
    let mut body = answer[split + 4..].to_vec();
    if value("transfer-encoding") == "chunked" {
        body = dechunk(&body)?;
    } else if let Ok(length) = value("content-length").parse::<usize>()
        && body.len() < length
    {
        return None;
    }
    Some(Reply { status, kind: value("content-type"), text: String::from_utf8_lossy(&body).into_owned() })
}

fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?.trim(), 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + length)?);
        rest = rest.get(end + 2 + length + 2..)?;
    }
}

/// The look-up name of an address in a zone (RFC 5782 2.1, 2.4).
pub fn reversed(address: &str, zone: &str) -> String {
    match address.parse().expect("an address") {
        std::net::IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.{zone}")
        }
        std::net::IpAddr::V6(v6) => {
            let mut name = String::new();
            for octet in v6.octets().into_iter().rev() {
                name += &format!("{:x}.{:x}.", octet & 15, octet >> 4);
            }
            name + zone
        }
    }
}
