//! What is read when somebody scrapes `/metrics`.
//!
//! Guarantees: a reading costs no query and no write more than a moment; figures of one name stand together.
//! Never: names a client or a key.

use crate::{
    cases::Desk,
    change::Door,
    dns::{Counters, Figures, OUTCOMES, Sums},
    limits::METRICS_SOURCES_MAX,
    metrics::{self, Reading},
};
use nix::sys::resource::{Resource, getrlimit};
use std::fs;

/// All readings of this moment.
pub fn read(desk: &Desk, door: &Door, counters: &Counters, started: u32) -> Vec<Reading> {
    let mut readings = dns(&counters.figures());
    readings.extend(lists(door));
    if let Ok(waiting) = desk.waiting() {
        readings.push(metrics::REQUESTS_WAITING.is(waiting.requests as u64));
        readings.push(metrics::CLAIMS_WAITING.is(waiting.claims as u64));
    }
    readings.extend(process(started));
    readings
}

fn dns(figures: &Figures) -> Vec<Reading> {
    let transports: [(&str, &Sums); 2] = [("udp", &figures.udp), ("tcp", &figures.tcp)];
    let mut readings = Vec::new();
    for (transport, sums) in transports {
        for outcome in OUTCOMES {
            let labels = [("transport", transport), ("outcome", outcome.as_str())];
            readings.push(metrics::DNS_QUERIES.of(&labels, sums.of(outcome)));
        }
    }
    let each = |figure: &'static metrics::Figure, value: fn(&Sums) -> u64| {
        transports.map(|(transport, sums)| figure.of(&[("transport", transport)], value(sums)))
    };
    readings.extend(each(&metrics::DNS_TRUNCATED, |sums| sums.truncated));
    readings.extend(each(&metrics::DNS_BY_ENGINE, |sums| sums.by_engine));
    readings.extend(each(&metrics::DNS_UNSENT, |sums| sums.unsent));
    readings.extend([
        metrics::DNS_PANICS.is(figures.panics),
        metrics::DNS_TCP_OPEN.is(figures.tcp_open),
        metrics::DNS_TCP_ACCEPTED.is(figures.tcp_accepted),
        metrics::DNS_TCP_TURNED_AWAY.is(figures.tcp_over_cap),
        metrics::DNS_TCP_ACCEPT_ERRORS.is(figures.tcp_accept_errors),
    ]);
    readings
}

fn lists(door: &Door) -> Vec<Reading> {
    let status = door.status();
    let published = door.published();
    let snapshot = published.load();
    let mut readings = vec![
        metrics::SERIAL_STORED.is(status.stored.0),
        metrics::SERIAL_SERVED.is(status.served.0),
        metrics::WRITES_OFF.is(u64::from(status.writes_off)),
        metrics::EXPIRY_PAUSED.is(u64::from(status.expiry_paused.is_some())),
        metrics::IMPORTS_RUNNING.is(status.imports as u64),
        metrics::ORPHANS.is(status.orphans.len() as u64),
        metrics::SNAPSHOTS_RETIRED.is(published.retired() as u64),
        metrics::STORE_OCTETS.is(door.store().file_octets()),
    ];
    let memory = snapshot.memory();
    for (part, octets) in [
        ("v4", memory.v4),
        ("v6", memory.v6),
        ("names", memory.names),
        ("hashes", memory.hashes),
        ("sets", memory.sets),
    ] {
        readings.push(metrics::SNAPSHOT_OCTETS.of(&[("part", part)], octets as u64));
    }
    readings.extend(sources(door));
    readings
}

fn process(started: u32) -> Vec<Reading> {
    let mut readings = vec![metrics::PROCESS_START.is(u64::from(started))];
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let resident = pages.as_deref().and_then(|text| text.split(' ').nth(1)).and_then(|text| text.parse::<u64>().ok());
    if let Some(resident) = resident {
        let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4_096);
        readings.push(metrics::PROCESS_RESIDENT.is(resident * u64::try_from(page).unwrap_or(4_096)));
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        readings.push(metrics::PROCESS_FDS.is(files.count() as u64));
    }
    if let Ok((soft, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
        readings.push(metrics::PROCESS_FDS_MAX.is(soft));
    }
    readings
}

fn sources(door: &Door) -> Vec<Reading> {
    let catalog = door.store().catalog();
    let all = catalog.lists().flat_map(|(name, id)| catalog.sources(id).map(move |source| (name, source)));
    let all: Vec<_> = all.take(METRICS_SOURCES_MAX).collect();
    let mut readings = Vec::new();
    for (list, source) in &all {
        let labels = [("list", list.as_str()), ("source", source.name.as_str())];
        readings.push(metrics::LIST_KEYS.of(&labels, source.row.keys));
    }
    for (list, source) in &all {
        if let Some(complete) = source.row.complete_at {
            let labels = [("list", list.as_str()), ("source", source.name.as_str())];
            readings.push(metrics::SOURCE_COMPLETE.of(&labels, u64::from(complete.seconds())));
        }
    }
    readings
}
