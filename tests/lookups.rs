//! A million overlapping entries with holes, 10^5 random questions, and a model that knows nothing of tries.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on ends there")]

mod support;

use rand::{RngExt as _, SeedableRng, rngs::StdRng};
use std::{collections::HashMap, fmt::Write as _, net::UdpSocket, time::Duration};
use support::{Answer, TestServer, query, reversed, wire::A};

/// What a list holds: mark by (masked bits, length). 128 bits serve both families.
#[derive(Default)]
struct Model {
    entries: HashMap<(u128, u8), bool>,
    bits: u8,
}

impl Model {
    fn new(bits: u8) -> Self {
        Self { entries: HashMap::new(), bits }
    }

    fn masked(&self, address: u128, length: u8) -> u128 {
        let drop = u32::from(self.bits - length);
        if drop == 128 { 0 } else { address >> drop << drop }
    }

    /// An exclusion beats a listing of the same key, as in one body.
    fn add(&mut self, address: u128, length: u8, listed: bool) {
        let key = (self.masked(address, length), length);
        *self.entries.entry(key).or_insert(listed) &= listed;
    }

    /// The rule of match, by trying every length.
    fn lists(&self, address: u128) -> bool {
        (0..=self.bits)
            .rev()
            .find_map(|length| self.entries.get(&(self.masked(address, length), length)))
            .copied()
            .unwrap_or(false)
    }

    fn body(&self) -> String {
        let mut text = String::new();
        for ((address, length), listed) in &self.entries {
            let sign = if *listed { "" } else { "!" };
            writeln!(text, "{sign}{}/{length}", self.print(*address)).unwrap();
        }
        text
    }

    fn print(&self, address: u128) -> String {
        if self.bits == 32 {
            std::net::Ipv4Addr::from(address as u32).to_string()
        } else {
            std::net::Ipv6Addr::from(address).to_string()
        }
    }
}

/// Overlapping prefixes of many lengths, clustered so that they nest, every eighth a hole.
fn random_model(bits: u8, entries: usize, random: &mut StdRng) -> Model {
    let mut model = Model::new(bits);
    let anywhere = |random: &mut StdRng| {
        if bits == 32 {
            u128::from(random.random_range(20u32 << 24..90 << 24))
        } else {
            0x2600 << 112 | random.random::<u128>() >> 16
        }
    };
    let centres: Vec<u128> = (0..2_000).map(|_| anywhere(random)).collect();
    while model.entries.len() < entries {
        let near = random.random_range(0..if bits == 32 { 20 } else { 80 });
        let centre = centres[random.random_range(0..centres.len())];
        let address = if random.random_bool(0.7) {
            centre ^ (random.random::<u128>() & ((1 << near) - 1))
        } else {
            anywhere(random)
        };
        let shortest = if bits == 32 { 17 } else { 33 };
        let length = if random.random_bool(0.5) { bits } else { random.random_range(shortest..=bits) };
        model.add(address, length, random.random_ratio(7, 8));
    }
    model
}

struct Asker {
    socket: UdpSocket,
    buffer: Vec<u8>,
}

impl Asker {
    fn new(server: &TestServer) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(server.dns).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        Self { socket, buffer: vec![0; 2048] }
    }

    fn ask(&mut self, name: &str) -> String {
        self.socket.send(&query(name, A, &[])).unwrap();
        let length = self.socket.recv(&mut self.buffer).expect("an answer");
        Answer::read(&self.buffer[..length]).summary()
    }
}

fn compare(bits: u8, entries: usize, questions: usize, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let server = TestServer::start();
    let (pools, hosts) = (random_model(bits, entries / 2, &mut random), random_model(bits, entries / 2, &mut random));
    server.call("PUT", "/api/v1/lists/dynamic/sources/isp?force=true", &pools.body()).ok();
    server.call("PUT", "/api/v1/lists/compromised/sources/trap?force=true", &hosts.body()).ok();
    let keys: Vec<(u128, u8)> = pools.entries.keys().chain(hosts.entries.keys()).copied().collect();
    let mut asker = Asker::new(&server);
    let mut found = [0usize; 3];
    for _ in 0..questions {
        let (start, length) = keys[random.random_range(0..keys.len())];
        let size = if bits - length == 128 { u128::MAX } else { 1u128 << (bits - length) };
        // Inside an entry, at its borders, right outside, or anywhere.
        let address = match random.random_range(0..4) {
            0 => start.wrapping_add(random.random::<u128>() % size),
            1 => start.wrapping_sub(1),
            2 => start.wrapping_add(size),
            _ => start ^ (random.random::<u128>() & 0xffff),
        };
        let address = if bits == 32 { address & 0xffff_ffff } else { address };
        let expected = match (hosts.lists(address), pools.lists(address)) {
            (true, true) => "127.0.0.4 127.0.0.10",
            (true, false) => "127.0.0.4",
            (false, true) => "127.0.0.10",
            (false, false) => "NXDOMAIN",
        };
        found[usize::from(expected != "NXDOMAIN") + usize::from(expected.contains(' '))] += 1;
        let text = hosts.print(address);
        assert_eq!(asker.ask(&reversed(&text, "bl.test")), expected, "{text}, seed {seed}");
    }
    assert!(found.iter().all(|n| *n > questions / 100), "every kind of answer was asked for: {found:?}");
}

#[test]
fn a_million_overlapping_v4_entries_answer_as_a_linear_model_does() {
    compare(32, 1_000_000, 100_000, 4);
}

#[test]
fn a_million_overlapping_v6_entries_answer_as_a_linear_model_does() {
    compare(128, 1_000_000, 100_000, 6);
}

/// Every suffix of listed and unlisted names, A, TXT and NS: NXDOMAIN exactly where nothing is listed beneath.
#[test]
fn empty_non_terminals_are_exact_for_every_suffix() {
    let mut random = StdRng::seed_from_u64(17);
    let server = TestServer::start();
    let mut name = || {
        let labels: Vec<&str> =
            (0..random.random_range(2..5)).map(|_| ["a", "b", "cc", "d-d", "e"][random.random_range(0..5)]).collect();
        format!("{}{}.example", ["", "=", "*."][random.random_range(0..3)], labels.join("."))
    };
    let names: Vec<String> = (0..300).map(|_| name()).collect();
    server.put("bad-names", "feed", &names.join("\n")).ok();
    let covers = |entry: &str, asked: &str| match (entry.strip_prefix('='), entry.strip_prefix("*.")) {
        (Some(name), _) => asked == name,
        (_, Some(name)) => asked.ends_with(&format!(".{name}")),
        _ => asked == entry || asked.ends_with(&format!(".{entry}")),
    };
    let beneath = |entry: &str, asked: &str| {
        let name = entry.trim_start_matches('=').trim_start_matches("*.");
        name.ends_with(&format!(".{asked}")) || (entry.starts_with("*.") && name == asked)
    };
    for entry in &names {
        let bare = entry.trim_start_matches('=').trim_start_matches("*.").to_owned();
        for asked in [bare.clone(), format!("x.{bare}"), format!("y.x.{bare}")] {
            let labels: Vec<&str> = asked.split('.').collect();
            for at in 0..labels.len() {
                let asked = labels[at..].join(".");
                let expected = if names.iter().any(|n| covers(n, &asked)) {
                    "listed"
                } else if names.iter().any(|n| beneath(n, &asked)) {
                    "NODATA"
                } else {
                    "NXDOMAIN"
                };
                let answer = server.a(&format!("{asked}.dbl.test"));
                let answer = if answer.starts_with("127.") { "listed" } else { &answer };
                assert_eq!(answer, expected, "{asked}");
            }
        }
    }
}
