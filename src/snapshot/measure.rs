//! What the snapshot costs: octets an entry, build, look-up, edits. Ignored unless asked for:
//! `cargo test --release --lib snapshot::measure -- --ignored --nocapture`
//!
//! Guarantees: the memory promises of DESIGN 5 are asserted; times are printed only, as machines differ.
//! Never: part of the ordinary tests, but for the small spread.

use super::{
    model::{listed, served, wire},
    *,
};
use crate::list::{Key, Prefix, Scope};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use std::{collections::HashMap, hint::black_box, net::Ipv6Addr, time::Duration};

/// CPU time of the process, which other work on the machine does not lengthen much.
fn cpu() -> Duration {
    nix::time::clock_gettime(nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID).unwrap().into()
}

/// Plain sorted rows for each list.
#[derive(Default)]
struct Flat {
    v4: [Vec<(u32, u8)>; 3],
    v6: Vec<(u128, u8)>,
    names: Vec<ListedName>,
}

impl Rows for Flat {
    fn v4(&self, list: ListIndex, first: u32, end: u32) -> Box<dyn Iterator<Item = V4Row> + Send + '_> {
        let Some(rows) = self.v4.get(list.place()) else { return Box::new(std::iter::empty()) };
        let from = rows.partition_point(|row| row.0 < first);
        let says = listed(&[["127.0.0.4", "127.0.0.10", "127.0.0.7"][list.place()]]);
        let inside = rows[from..].iter().take_while(move |row| row.0 <= end);
        Box::new(inside.map(move |&(address, length)| (address, length, says.clone())))
    }

    fn v6(&self, list: ListIndex) -> Box<dyn Iterator<Item = V6Row> + Send + '_> {
        let rows = if list.place() == 0 { &self.v6[..] } else { &[] };
        Box::new(rows.iter().map(|&(address, length)| (address, length, listed(&["127.0.0.4"]))))
    }

    fn names(&self, list: ListIndex) -> Box<dyn Iterator<Item = NameRow> + Send + '_> {
        let names = if list.place() == 3 { &self.names[..] } else { &[] };
        Box::new(names.iter().map(|name| (name.clone(), listed(&["127.0.1.2"]))))
    }

    fn hashes(&self, _: ListIndex) -> Box<dyn Iterator<Item = HashRow> + Send + '_> {
        Box::new(std::iter::empty())
    }

    fn texts(&self, _: ListIndex) -> Vec<(TextId, Arc<str>)> {
        Vec::new()
    }
}

/// Hosts of three lists, `clustered` of a hundred in `busy` /16s, and /24s of the second list.
fn spread(hosts: usize, clustered: u32, busy: usize, nets: usize) -> Flat {
    let mut random = StdRng::seed_from_u64(7);
    let busy: Vec<u32> = (0..busy).map(|_| random.random_range(0x0100..0xe000)).collect();
    let mut flat = Flat::default();
    for _ in 0..hosts {
        let high = if random.random_range(0..100) < clustered {
            busy[random.random_range(0..busy.len())]
        } else {
            random.random_range(0x0100..0xe000)
        };
        let address = high << 16 | random.random_range(0..0x1_0000);
        flat.v4[[0, 0, 0, 1, 2][random.random_range(0..5)]].push((address, 32));
    }
    flat.v4[1].extend((0..nets).map(|_| (random.random_range(0x01_0000u32..0xe0_0000) << 8, 24)));
    for rows in &mut flat.v4 {
        rows.sort_unstable();
        rows.dedup();
    }
    flat
}

fn build_timed(flat: &Flat, threads: usize) -> (Snapshot, Duration) {
    let served = served();
    let began = cpu();
    let snapshot = Snapshot::build(served, Serial(1), &HashMap::new(), flat, threads);
    (snapshot, cpu().saturating_sub(began))
}

#[expect(clippy::cast_precision_loss, reason = "figures to read")]
fn ratio(a: usize, b: usize) -> f64 {
    a as f64 / b as f64
}

/// Nanoseconds of one call.
fn each<T>(calls: &[T], mut call: impl FnMut(&T)) -> f64 {
    let began = cpu();
    calls.iter().for_each(&mut call);
    ratio(cpu().saturating_sub(began).as_nanos() as usize, calls.len())
}

fn report(name: &str, flat: &Flat) -> f64 {
    let rows: usize = flat.v4.iter().map(Vec::len).sum();
    let (_, alone) = build_timed(flat, 1);
    let (snapshot, two) = build_timed(flat, 2);
    let an_entry = ratio(snapshot.memory().v4, rows);
    println!("{name}: {rows} rows, {an_entry:.2} octets a row; built in {alone:?} by one thread, {two:?} by two");
    let mut random = StdRng::seed_from_u64(8);
    let some = |random: &mut StdRng| flat.v4[0][random.random_range(0..flat.v4[0].len())].0;
    let hits: Vec<u32> = (0..1_000_000).map(|_| some(&mut random)).collect();
    let misses: Vec<u32> = (0..1_000_000).map(|_| random.random_range(0x0100_0000..0xe000_0000)).collect();
    let get = |address: &u32| {
        black_box(snapshot.v4.get(*address));
    };
    println!("  get: hit {:.0} ns, random {:.0} ns", each(&hits, get), each(&misses, get));
    let zone = snapshot.served().zones().iter().find(|zone| zone.family() == ZoneFamily::Addresses).unwrap();
    let relative = |address: &u32, skip: usize| {
        let octets = address.to_be_bytes();
        wire(&octets.iter().rev().skip(skip).map(ToString::to_string).collect::<Vec<_>>())
    };
    for (what, addresses) in [("hit", &hits), ("random", &misses)] {
        for (part, skip) in [("full", 0), ("/24", 1), ("/16", 2)] {
            let names: Vec<_> = addresses.iter().map(|address| relative(address, skip)).collect();
            let find = |name: &Vec<u8>| match snapshot.find(zone, name) {
                Found::Listed(listed) => listed.codes().for_each(|code| {
                    black_box(code);
                }),
                other => {
                    black_box(other);
                }
            };
            println!("  find: {what} {part} {:.0} ns", each(&names, find));
        }
    }
    measure_edits(flat, &snapshot, &hits, &misses);
    an_entry
}

fn measure_edits(flat: &Flat, snapshot: &Snapshot, hits: &[u32], misses: &[u32]) {
    let says = listed(&["127.0.0.4"]);
    let alpha = ListIndex::at(0);
    for (what, addresses) in [("in a listed place", hits), ("anywhere", misses)] {
        let mut last = snapshot.clone();
        let cost = each(&addresses[..2_000], |address| {
            let mut edit = last.edit();
            edit.resolve_v4(alpha, (*address, 32), None, [(*address, 32, says.clone())].into_iter());
            edit.resolve_v4(alpha, (*address, 32), None, std::iter::empty());
            last = edit.finish(Serial(2));
        });
        println!("  edit (list, unlist, finish) {what}: {:.1} us", cost / 1_000.0);
    }
    let began = cpu();
    let mut edit = snapshot.edit();
    edit.resolve_v4(alpha, (0, 0), None, flat.v4(alpha, 0, u32::MAX));
    let same = edit.finish(Serial(2));
    println!("  whole list resolved again: {:?} ({} rows)", cpu().saturating_sub(began), flat.v4[0].len());
    drop(same);
    let began = cpu();
    let mut edit = snapshot.edit();
    edit.resolve_v4(alpha, (0, 0), None, std::iter::empty());
    let gone = edit.finish(Serial(2));
    println!("  whole list gone: {:?}, then {} octets", cpu().saturating_sub(began), gone.memory().v4);
}

#[test]
fn sparse_hosts_take_at_most_ten_octets() {
    let flat = spread(200_000, 0, 1, 0);
    let (snapshot, _) = build_timed(&flat, 1);
    // Nearly all is the tree itself here: 224 pages, three hosts a /16.
    assert!(snapshot.memory().v4 < 224 * 6_300 + 200_000 * 24, "{}", snapshot.memory().v4);
}

#[test]
#[ignore = "measures; needs a quiet machine and 1 GB"]
fn ipv4_costs() {
    let memory: Vec<u64> = (0..16 << 20).collect();
    let mut at = 1u64;
    let one = each(&memory[..1_000_000], |_| {
        at = memory[(at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize] + at.rotate_left(9);
    });
    println!("one random read of 128 MB, each after the other: {one:.0} ns ({at})");
    assert!(report("1 M sparse", &spread(1_000_000, 0, 1, 0)) <= 10.0);
    report("1.2 M overlapping", &spread(1_100_000, 70, 1_000, 100_000));
    assert!(report("20 M", &spread(19_500_000, 70, 3_300, 980_000)) <= 4.0);
}

#[test]
#[ignore = "measures; needs a quiet machine"]
fn ipv6_and_name_costs() {
    let mut random = StdRng::seed_from_u64(9);
    let networks: Vec<u128> =
        (0..20_000).map(|_| 0x2000 << 112 | (random.random::<u128>() >> 3 & !(u128::MAX >> 32))).collect();
    let v6 = (0..1_000_000).map(|_| {
        let network = networks[random.random_range(0..networks.len())];
        (network | u128::from(random.random::<u32>()) << 64, 64)
    });
    let mut flat = Flat { v6: v6.collect(), ..Flat::default() };
    flat.v6.sort_unstable();
    flat.v6.dedup();
    let names = (0..1_000_000).map(|n| {
        let word: String =
            (0..random.random_range(5..14)).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect();
        let top = ["com", "net", "org", "shop", "xyz", "co.uk"][n % 6];
        ListedName::new(&format!("{word}.{top}"), Scope::All).unwrap()
    });
    flat.names = names.collect();
    flat.names.sort();
    flat.names.dedup();
    let (snapshot, took) = build_timed(&flat, 2);
    let memory = snapshot.memory();
    let (a_v6, a_name) = (ratio(memory.v6, flat.v6.len()), ratio(memory.names, flat.names.len()));
    println!(
        "{} /64s: {a_v6:.1} octets each; {} names: {a_name:.1} octets each; built in {took:?}",
        flat.v6.len(),
        flat.names.len()
    );
    let zones = snapshot.served().zones();
    let zone = |family| zones.iter().find(|zone| zone.family() == family).unwrap();
    let pick =
        |random: &mut StdRng, length| (0..300_000).map(|_| random.random_range(0..length)).collect::<Vec<usize>>();
    let hosts: Vec<_> = pick(&mut random, flat.v6.len())
        .into_iter()
        .map(|n| Key::Prefix(Prefix::host(Ipv6Addr::from(flat.v6[n].0 | 1).into())))
        .filter_map(|key| zone(ZoneFamily::Addresses).relative(&key, None))
        // One of 2002::/16 is asked for as its IPv4 address.
        .filter(|name| name.len() == 64)
        .collect();
    let names: Vec<_> = pick(&mut random, flat.names.len())
        .into_iter()
        .filter_map(|n| zone(ZoneFamily::Names).relative(&Key::Name(flat.names[n].clone()), None))
        .collect();
    for (what, family, questions) in [("v6", ZoneFamily::Addresses, &hosts), ("name", ZoneFamily::Names, &names)] {
        let find = |skip: usize| {
            let (snapshot, zone) = (&snapshot, zone(family));
            move |question: &Vec<u8>| {
                black_box(snapshot.find(zone, &question[skip..]));
            }
        };
        println!("  find {what}: full {:.0} ns", each(questions, find(0)));
        if family == ZoneFamily::Addresses {
            println!("  find {what}: partial {:.0} ns", each(questions, find(40)));
        }
    }
    let (alpha, domains) = (ListIndex::at(0), ListIndex::at(3));
    let mut last = snapshot.clone();
    let cost = each(&flat.v6[..2_000], |row| {
        let mut edit = last.edit();
        edit.resolve_v6(alpha, *row, None, std::iter::empty());
        last = edit.finish(Serial(2));
    });
    let mut last = snapshot.clone();
    let cost_name = each(&flat.names[..2_000], |name| {
        let mut edit = last.edit();
        edit.resolve_names(domains, name.name(), &[], std::iter::empty());
        last = edit.finish(Serial(2));
    });
    println!("  edit: v6 {:.1} us, name {:.1} us", cost / 1_000.0, cost_name / 1_000.0);
    let began = cpu();
    let mut edit = snapshot.edit();
    edit.resolve_names(domains, "", &[], flat.names(domains));
    drop(edit.finish(Serial(2)));
    println!("  all names again: {:?}", cpu().saturating_sub(began));
    assert!(a_v6 < 100.0 && a_name < 100.0);
}
