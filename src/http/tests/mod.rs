//! The web side over a real door on a temporary store: what a program or a browser sees.

mod api;
mod bodies;
mod claims;
mod decided;
mod documented;
mod examples;
mod hostile;
mod judged;
mod languages;
mod networks;
mod news;
mod owners;
mod pages;
mod removal_pages;
mod removals;
mod reports;
mod retests;
mod told;

use super::{Door, Parts, Peer, Settings, State, auth::FreshToken, router};
use crate::{
    cases::{self, Desk},
    change::{self, CaseRow, Clock, Configuration, Keep},
    list::{Duration, HashKind, Kind, ListSettings, Removal, ReportKind, ReportRule, Serial, TextId, Time, Widening},
    metrics,
    snapshot::{HashRow, ListIndex, NameRow, Rows, Served, Snapshot, V4Row, V6Row, ZoneSettings},
    store::{self, Store},
};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request},
};
use http_body_util::BodyExt;
use serde_json::Value;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread::{Builder, JoinHandle},
};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

struct NoRows;

impl Rows for NoRows {
    fn v4(&self, _: ListIndex, _: u32, _: u32) -> Box<dyn Iterator<Item = V4Row> + Send + '_> {
        Box::new(std::iter::empty())
    }
    fn v6(&self, _: ListIndex) -> Box<dyn Iterator<Item = V6Row> + Send + '_> {
        Box::new(std::iter::empty())
    }
    fn names(&self, _: ListIndex) -> Box<dyn Iterator<Item = NameRow> + Send + '_> {
        Box::new(std::iter::empty())
    }
    fn hashes(&self, _: ListIndex) -> Box<dyn Iterator<Item = HashRow> + Send + '_> {
        Box::new(std::iter::empty())
    }
    fn texts(&self, _: ListIndex) -> Vec<(TextId, Arc<str>)> {
        Vec::new()
    }
}

/// A snapshot without entries.
pub(super) fn empty_snapshot(served: Served) -> Snapshot {
    Snapshot::build(Arc::new(served), Serial(1), &HashMap::new(), &NoRows, 1)
}

/// A server without sockets.
pub(super) struct Server {
    router: Router,
    door: change::Door,
    pub desk: Desk,
    pub cases: watch::Sender<Arc<cases::Settings>>,
    passed: Arc<AtomicU32>,
    pub settings: watch::Sender<Arc<Settings>>,
    pub admin: String,
    stop: CancellationToken,
    writer: Option<JoinHandle<()>>,
    pub checks: Arc<removals::Told>,
    dir: Option<TempDir>,
}

/// An answer.
pub(super) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub octets: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.octets).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.octets).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    /// The JSON of a success.
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        self.json()
    }

    pub fn kind(&self) -> &str {
        self.headers.get("content-type").map_or("", |value| value.to_str().unwrap())
    }
}

fn list(name: &str, kind: Kind, code: &str) -> Arc<ListSettings> {
    Arc::new(ListSettings {
        name: name.parse().unwrap(),
        kind,
        code: code.parse().unwrap(),
        codes: vec!["127.0.0.5".parse().unwrap()],
        text: "{address} is in {list}; see {url}".into(),
        entry_texts: true,
        widest_v4: 10,
        widest_v6: 24,
        covers_at_most: 50.0,
        criteria: "What was seen & proven.".into(),
        expires_after: (kind != Kind::Dynamic).then(|| "30d".parse().unwrap()),
        hash: HashKind::Sha1,
        reports: match kind {
            Kind::Compromised => Some(Arc::new(rule())),
            Kind::Relay => Some(Arc::new(ReportRule { weights: vec![(ReportKind::Relay, 2.0)], ..rule() })),
            _ => None,
        },
        removal: removals::rule_of(kind),
        ..ListSettings::never()
    })
}

fn rule() -> ReportRule {
    ReportRule { widen_v6: vec![Widening { from: 64, to: 56, count: 3 }], ..ReportRule::example() }
}

/// A list of ranges that is in no zone and widens IPv6 hosts.
fn wide() -> Arc<ListSettings> {
    let list = list("wide", Kind::Dynamic, "127.0.0.11");
    Arc::new(ListSettings { v6_hosts_as: Some(64), ..(*list).clone() })
}

/// A list of relays that widens IPv6 hosts, and from which removals last ten days.
fn blocks() -> Arc<ListSettings> {
    let list = list("blocks", Kind::Relay, "127.0.0.12");
    let removal = Removal { lasts: Some(Duration::from_seconds(10 * 86_400)), ..list.removal.clone() };
    Arc::new(ListSettings { v6_hosts_as: Some(64), removal, reports: None, ..(*list).clone() })
}

pub(super) fn zone(origin: &str, lists: &[&str]) -> ZoneSettings {
    ZoneSettings {
        origin: origin.parse().unwrap(),
        lists: lists.iter().map(|name| name.parse().unwrap()).collect(),
        sublists_only: Vec::new(),
        ns: vec!["ns1.test".parse().unwrap()],
        contact: "hostmaster@bl.test".into(),
        ttl: Duration::from_seconds(300),
        negative_ttl: Duration::from_seconds(60),
        text: None,
        a: Vec::new(),
        aaaa: Vec::new(),
        glue: Vec::new(),
        closing: None,
    }
}

fn configuration() -> Configuration {
    let year = Duration::from_seconds(365 * 86_400);
    Configuration {
        lists: vec![
            list("dynamic", Kind::Dynamic, "127.0.0.10"),
            list("compromised", Kind::Compromised, "127.0.0.4"),
            list("relay", Kind::Relay, "127.0.0.6"),
            list("proxies", Kind::Proxy, "127.0.0.8"),
            list("owned", Kind::Spam, "127.0.0.7"),
            wide(),
            blocks(),
            list("bad-names", Kind::Domain, "127.0.0.2"),
            list("bad-mail", Kind::MailHash, "127.0.0.2"),
        ],
        zones: vec![
            zone("bl.test", &["compromised", "relay", "dynamic"]),
            zone("dbl.test", &["bad-names"]),
            zone("hash.test", &["bad-mail"]),
        ],
        public_url: "http://bl.test".into(),
        never_builtin: true,
        keep: Keep { history: year, changes: year, evidence: year },
    }
}

impl Server {
    pub fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), Arc::default())
    }

    /// The same store, opened anew; it is as late as it was.
    pub fn restart(mut self) -> Self {
        let (dir, passed) = (self.dir.take().unwrap(), Arc::clone(&self.passed));
        drop(self);
        Self::start_in(dir, passed)
    }

    fn start_in(dir: TempDir, passed: Arc<AtomicU32>) -> Self {
        let store = Store::open(dir.path(), &store::Settings::default()).unwrap();
        let began = std::time::Instant::now();
        let (by_wall, by_boot) = (Arc::clone(&passed), Arc::clone(&passed));
        let ran = move |passed: &AtomicU32| began.elapsed().as_secs() as u32 + passed.load(Ordering::Relaxed);
        let clock = Clock::new(
            move || Time::from_seconds(1_800_000_000 + ran(&by_wall)),
            move || Duration::from_seconds(ran(&by_boot)),
        );
        let change = change::Settings { configuration: configuration(), threads: 1 };
        let (door, writer) = change::Door::open(Arc::new(store), change, clock.clone()).unwrap();
        let writer = Builder::new().spawn(move || writer.run()).unwrap();
        let settings = Settings { public_url: "http://bl.test".into(), ..Settings::default() };
        let (settings, watched) = watch::channel(Arc::new(settings));
        let (kept, case_settings) =
            watch::channel(Arc::new(cases::Settings { mails: true, ..cases::Settings::default() }));
        let checks = Arc::<removals::Told>::default();
        let asked: Option<Arc<dyn cases::Checks>> = Some(checks.clone());
        let parts = cases::Parts { door: door.clone(), clock: clock.clone(), settings: case_settings, checks: asked };
        let desk = Desk::new(parts);
        let admin = FreshToken::draw().unwrap();
        let stop = CancellationToken::new();
        let parts = Parts {
            door: door.clone(),
            desk: desk.clone(),
            settings: watched,
            admin: admin.hash(),
            clock,
            metrics: metrics::Http::default(),
            scrape: Arc::new(|| "# EOF\n".into()),
            dns_answers: Arc::new(|| true),
            data_dir: dir.path().to_owned(),
            stop: stop.clone(),
        };
        let router = router(State::new(parts));
        let cases = kept;
        Self {
            router,
            door,
            desk,
            cases,
            passed,
            settings,
            admin: admin.reveal().to_owned(),
            stop,
            writer: Some(writer),
            checks,
            dir: Some(dir),
        }
    }

    /// So many seconds pass, by both clocks.
    pub fn pass(&self, seconds: u32) {
        self.passed.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Writes rows of cases as they are.
    pub async fn put_cases(&self, rows: Vec<CaseRow>) {
        let door = self.door.clone();
        tokio::task::spawn_blocking(move || door.write_cases_waiting(rows)).await.unwrap().unwrap();
    }

    /// Sends a request from an address.
    pub async fn from(&self, peer: &str, request: Request<Body>) -> Reply {
        let mut request = request;
        let address = SocketAddr::new(peer.parse().unwrap(), 4_000);
        request.extensions_mut().insert(Peer { address, door: Door::Public });
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let octets = body.collect().await.unwrap().to_bytes().to_vec();
        Reply { status: head.status.as_u16(), headers: head.headers, octets }
    }

    /// A call from this machine with a token.
    pub async fn call_as(&self, token: Option<&str>, method: &str, path: &str, body: impl Into<Body>) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.from("127.0.0.1", request.body(body.into()).unwrap()).await
    }

    /// A call of the admin.
    pub async fn call(&self, method: &str, path: &str, body: impl Into<Body>) -> Reply {
        self.call_as(Some(&self.admin), method, path, body).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call_as(None, "GET", path, "").await
    }

    pub async fn put(&self, list: &str, source: &str, body: &str) -> Reply {
        self.call("PUT", &format!("/api/v1/lists/{list}/sources/{source}"), body.to_owned()).await
    }

    pub async fn post(&self, list: &str, entry: &Value) -> Reply {
        self.call("POST", &format!("/api/v1/lists/{list}/entries"), entry.to_string()).await
    }

    /// Makes a token with these scopes.
    pub async fn token(&self, scopes: &[&str]) -> String {
        let body = serde_json::json!({"name": "test", "scopes": scopes}).to_string();
        self.call("POST", "/api/v1/tokens", body).await.ok()["token"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        self.door.close();
        if let Some(writer) = self.writer.take() {
            let ended = writer.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the writer panicked");
        }
    }
}
