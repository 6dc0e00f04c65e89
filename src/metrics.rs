//! Every metric of the program, declared once.
//!
//! Two kinds: *counted* ones, which a room counts up as things happen ([`Http`], [`Change`], [`Mail`], [`Run`]), and *read* ones,
//! which are asked for when somebody scrapes ([`Figure`]): the cells of the UDP threads, the state of the store.
//!
//! Guarantees: names, labels and help texts stand here alone; a scrape takes no lock that a query or a write waits for.
//! Never: holds an address, a name that was asked for, or a key.

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet, prometheus_text},
    metrics::{
        MetricType,
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use std::fmt;

/// What `GET /metrics` says its body is.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// Everything that is counted as it happens. A clone counts into the same.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Changes of the lists.
    pub change: Change,
    /// The web side.
    pub http: Http,
    /// Mail that comes.
    pub mail: Mail,
    /// The process.
    pub run: Run,
}

/// What the room `change` counts.
#[derive(Clone, Debug)]
pub struct Change {
    /// Commits.
    pub commits: Counter,
    /// Keys added, removed, renewed.
    pub keys: Family<Manner, Counter>,
    /// Changes refused.
    pub refused: Family<Reason, Counter>,
    /// Seconds from the first octet of an import to its commit.
    pub import_seconds: Histogram,
    /// Seconds of one sync of the store's log: what a write waits for.
    pub sync_seconds: Histogram,
    /// Seconds from a request to its commit being on disk and served.
    pub commit_seconds: Histogram,
}

/// What the room `http` counts.
#[derive(Clone, Debug, Default)]
pub struct Http {
    /// Requests answered, by the route's pattern and the status.
    pub requests: Family<Answered, Counter>,
    /// Requests refused because their client asked too often.
    pub rate_limited: Counter,
}

/// What the room `mail` tells.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// Connections to the inbox that were not heard to the end, by whose sake: `idle` ones, `near` ones, `any`.
    pub unheard: Family<Reason, Counter>,
}

/// What `run` counts.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Reloads of the configuration.
    pub reloads: Family<Reloaded, Counter>,
    /// Whether the last reload failed: the server runs by an older file than the one on disk.
    pub reload_failed: Gauge,
}

/// How a key changed: `added`, `removed`, `renewed`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Manner {
    /// The label.
    pub manner: &'static str,
}

/// Why, in one word: a change was refused, or mail not heard.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reason {
    /// The label.
    pub reason: &'static str,
}

/// A request that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answered {
    /// The route's pattern, never the path itself.
    pub route: String,
    /// The status code.
    pub status: u16,
}

/// A reload: `taken` or `refused`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reloaded {
    /// The label.
    pub outcome: &'static str,
}

impl Default for Change {
    fn default() -> Self {
        Self {
            commits: Counter::default(),
            keys: Family::default(),
            refused: Family::default(),
            import_seconds: Histogram::new(exponential_buckets(0.01, 4.0, 8)),
            sync_seconds: Histogram::new(exponential_buckets(0.000_1, 2.0, 14)),
            commit_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 14)),
        }
    }
}

/// A metric that is read when somebody asks.
#[derive(Debug)]
pub struct Figure {
    name: &'static str,
    help: &'static str,
    /// Whether it only ever rises.
    counts: bool,
}

/// One value of a [`Figure`].
#[derive(Debug)]
pub struct Reading {
    figure: &'static Figure,
    labels: Vec<(&'static str, String)>,
    value: u64,
}

impl Figure {
    const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, help, counts: true }
    }

    const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, help, counts: false }
    }

    /// A value without labels.
    #[must_use]
    pub fn is(&'static self, value: u64) -> Reading {
        Reading { figure: self, labels: Vec::new(), value }
    }

    /// A value of these labels.
    #[must_use]
    pub fn of(&'static self, labels: &[(&'static str, &str)], value: u64) -> Reading {
        let labels = labels.iter().map(|(key, label)| (*key, (*label).to_owned())).collect();
        Reading { figure: self, labels, value }
    }
}

/// Messages that came, by transport and outcome.
pub static DNS_QUERIES: Figure =
    Figure::counter("dnsbld_dns_queries", "DNS messages that came, by transport and what was answered");
/// Answers without their records, for want of room.
pub static DNS_TRUNCATED: Figure =
    Figure::counter("dnsbld_dns_truncated", "DNS answers that did not fit and went out empty with TC set");
/// Answers of the slow path.
pub static DNS_BY_ENGINE: Figure =
    Figure::counter("dnsbld_dns_by_engine", "DNS answers that were made beside the common path");
/// Answers lost.
pub static DNS_UNSENT: Figure =
    Figure::counter("dnsbld_dns_unsent", "DNS answers that the kernel or a client did not take");
/// Must stay 0.
pub static DNS_PANICS: Figure =
    Figure::counter("dnsbld_dns_panics", "Panics caught while answering; every one is a fault of the program");
/// TCP connections now.
pub static DNS_TCP_OPEN: Figure = Figure::gauge("dnsbld_dns_tcp_connections", "DNS connections over TCP that are open");
/// TCP connections in all.
pub static DNS_TCP_ACCEPTED: Figure =
    Figure::counter("dnsbld_dns_tcp_accepted", "DNS connections over TCP that were taken");
/// TCP connections turned away.
pub static DNS_TCP_TURNED_AWAY: Figure = Figure::counter(
    "dnsbld_dns_tcp_turned_away",
    "DNS connections over TCP that were closed at once because their client had too many",
);
/// Errors of `accept`.
pub static DNS_TCP_ACCEPT_ERRORS: Figure = Figure::counter(
    "dnsbld_dns_tcp_accept_errors",
    "Errors while taking a DNS connection, such as too many open files",
);
/// On disk.
pub static SERIAL_STORED: Figure = Figure::gauge("dnsbld_serial_stored", "Serial of the last commit on disk");
/// In DNS.
pub static SERIAL_SERVED: Figure =
    Figure::gauge("dnsbld_serial_served", "Serial that DNS answers by; behind the stored one for moments only");
/// Alarm.
pub static WRITES_OFF: Figure = Figure::gauge(
    "dnsbld_writes_off",
    "1 after a failed write: nothing changes until the disk is mended and the server restarted",
);
/// Alarm.
pub static EXPIRY_PAUSED: Figure = Figure::gauge(
    "dnsbld_expiry_paused",
    "1 while expiry waits for an admin because the clock jumped or a backup was started",
);
/// For whoever decides.
pub static REQUESTS_WAITING: Figure = Figure::gauge(
    "dnsbld_requests_waiting",
    "Requests for removal that wait for a decision; after seven days without one they lapse",
);
/// For whoever decides.
pub static CLAIMS_WAITING: Figure =
    Figure::gauge("dnsbld_claims_waiting", "Networks that have proven a prefix and wait for an operator");
/// Imports now.
pub static IMPORTS_RUNNING: Figure = Figure::gauge("dnsbld_imports_running", "Imports under way");
/// Lists without a configuration.
pub static ORPHANS: Figure =
    Figure::gauge("dnsbld_orphan_lists", "Lists that hold entries and stand in no configuration");
/// Keys.
pub static LIST_KEYS: Figure = Figure::gauge("dnsbld_list_keys", "Keys that a source holds in a list");
/// Heartbeats of feeds.
pub static SOURCE_COMPLETE: Figure = Figure::gauge(
    "dnsbld_source_complete_timestamp_seconds",
    "When a source last said all that it holds: the heartbeat of its feed",
);
/// Heap of what is served.
pub static SNAPSHOT_OCTETS: Figure = Figure::gauge("dnsbld_snapshot_bytes", "Memory of what DNS answers by, by part");
/// Old snapshots.
pub static SNAPSHOTS_RETIRED: Figure =
    Figure::gauge("dnsbld_snapshots_retired", "Replaced snapshots that a thread still holds");
/// Disk.
pub static STORE_OCTETS: Figure = Figure::gauge("dnsbld_store_bytes", "Octets of the store's files");
/// Standard name.
pub static PROCESS_START: Figure =
    Figure::gauge("process_start_time_seconds", "When the process was started, in seconds since 1970");
/// Standard name.
pub static PROCESS_RESIDENT: Figure = Figure::gauge("process_resident_memory_bytes", "Resident memory of the process");
/// Standard name.
pub static PROCESS_FDS: Figure = Figure::gauge("process_open_fds", "Open file descriptors of the process");
/// Standard name.
pub static PROCESS_FDS_MAX: Figure = Figure::gauge("process_max_fds", "File descriptors that the process may open");

impl Metrics {
    /// All metrics as one thing to scrape. `read` gives the readings of a moment; those of one figure stand together.
    #[must_use]
    pub fn registry(&self, read: impl Fn() -> Vec<Reading> + Send + Sync + 'static) -> Registry {
        let mut all = Registry::default();
        let Change { commits, keys, refused, import_seconds, sync_seconds, commit_seconds } = self.change.clone();
        all.register("dnsbld_commits", "Commits: changes on disk and served", commits);
        all.register("dnsbld_changed_keys", "Keys that commits changed, by manner", keys);
        all.register("dnsbld_refused_changes", "Changes that were refused, by reason", refused);
        all.register("dnsbld_import_seconds", "Seconds from the begin of an import to its commit", import_seconds);
        all.register("dnsbld_sync_seconds", "Seconds of one sync of the store's log", sync_seconds);
        all.register("dnsbld_commit_seconds", "Seconds from a request to its commit being served", commit_seconds);
        all.register("dnsbld_http_requests", "HTTP requests, by route and status", self.http.requests.clone());
        let limited = "HTTP requests refused because their client asked too often";
        all.register("dnsbld_http_rate_limited", limited, self.http.rate_limited.clone());
        let unheard = "Connections that the inbox closed or could not take, by reason: idle, for its neighbours (near), for all (any)";
        all.register("dnsbld_inbox_unheard", unheard, self.mail.unheard.clone());
        all.register("dnsbld_reloads", "Reloads of the configuration, by outcome", self.run.reloads.clone());
        let failed = "1 while the configuration on disk was refused and an older one is in force";
        all.register("dnsbld_reload_failed", failed, self.run.reload_failed.clone());
        all.register_collector(Box::new(Reader(read)));
        all
    }
}

/// The body of `GET /metrics`, of type [`CONTENT_TYPE`].
///
/// # Panics
/// Never: a `String` takes what is written.
#[must_use]
pub fn scrape(registry: &Registry) -> String {
    let mut page = String::new();
    prometheus_text::encode(&mut page, registry).expect("a String takes what is written");
    page
}

struct Reader<F>(F);

impl<F> fmt::Debug for Reader<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl<F: Fn() -> Vec<Reading> + Send + Sync + 'static> Collector for Reader<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let readings = (self.0)();
        for same in readings.chunk_by(|a, b| a.figure.name == b.figure.name) {
            let figure = same[0].figure;
            let kind = if figure.counts { MetricType::Counter } else { MetricType::Gauge };
            let mut metric = encoder.encode_descriptor(figure.name, figure.help, None, kind)?;
            for Reading { labels, value, .. } in same {
                let mut one = metric.encode_family(labels)?;
                if figure.counts {
                    one.encode_counter::<NoLabelSet, u64, u64>(value, None)?;
                } else {
                    one.encode_gauge(&i64::try_from(*value).unwrap_or(i64::MAX))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_shows_what_was_counted_and_what_was_read() {
        let metrics = Metrics::default();
        let registry = metrics.registry(|| {
            vec![
                DNS_QUERIES.of(&[("transport", "udp"), ("outcome", "listed")], 7),
                DNS_QUERIES.of(&[("transport", "tcp"), ("outcome", "listed")], 1),
                WRITES_OFF.is(1),
            ]
        });
        metrics.http.requests.get_or_create(&Answered { route: "/health".into(), status: 200 }).inc();
        metrics.change.sync_seconds.observe(0.003);
        let page = scrape(&registry);
        for line in [
            "dnsbld_dns_queries_total{transport=\"udp\",outcome=\"listed\"} 7",
            "dnsbld_dns_queries_total{transport=\"tcp\",outcome=\"listed\"} 1",
            "dnsbld_writes_off 1",
            "dnsbld_http_requests_total{route=\"/health\",status=\"200\"} 1",
            "dnsbld_sync_seconds_count 1",
            "dnsbld_commits_total 0",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
        }
        assert_eq!(page.matches("# TYPE dnsbld_dns_queries_total").count(), 1, "{page}");
    }
}
