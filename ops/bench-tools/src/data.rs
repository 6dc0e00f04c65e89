//! Lists of v4 addresses, and queries that ask for them, made from a seed.
//!
//! Guarantees: the same shape, size and seed make the same lists; no key is made twice in a list, none lies in a range that
//! dnsbld never lists; what a query expects is decided by the rule that the longest key decides, list by list.
//! Never: needs more memory than the lists themselves.

use std::{
    fmt,
    fs::File,
    io::{self, BufWriter, Write},
    net::Ipv4Addr,
    path::Path,
};

use crate::{
    queries::{Expect, Kind, Opt, Query},
    random::Random,
};

/// The zone of all queries.
pub const ZONE: &str = "bl.test";
/// Queries in a file: enough that the index is asked all over, few enough to be kept.
pub const QUERIES: usize = 200_000;

/// How the keys lie in the address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Five sixths hosts (four fifths of them in 6,000 /16s), some relays, and nested ranges of /16 to /27 with holes.
    Overlapping,
    /// Hosts, 70 % of them in 3,300 /16s, and one /24 for every nineteen hosts.
    Spread,
    /// Hosts anywhere.
    Sparse,
}

/// A v4 prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// How many bits are fixed.
    pub length: u8,
    /// The first address.
    pub first: u32,
}

/// The lists of one shape.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// Compromised hosts, sorted.
    pub hosts: Vec<u32>,
    /// Open relays, sorted.
    pub relays: Vec<u32>,
    /// Dynamic ranges, sorted.
    pub ranges: Vec<Prefix>,
    /// Holes in them, sorted.
    pub holes: Vec<Prefix>,
}

impl Prefix {
    /// The prefix of that length around an address.
    #[must_use]
    pub fn around(address: u32, length: u8) -> Self {
        Self { length, first: address & mask(length) }
    }

    fn any_inside(self, random: &mut Random) -> u32 {
        self.first | (random.bits32() & !mask(self.length))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.length)
    }
}

fn mask(length: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)
}

/// The built-in `never` ranges of dnsbld: a list that held one of them would be refused.
fn is_never_listed(address: u32) -> bool {
    const NEVER: [(u32, u8); 8] = [
        (0, 8),
        (0x0a00_0000, 8),
        (0x6440_0000, 10),
        (0x7f00_0000, 8),
        (0xa9fe_0000, 16),
        (0xac10_0000, 12),
        (0xc0a8_0000, 16),
        (0xe000_0000, 3),
    ];
    NEVER.iter().any(|&(first, length)| address & mask(length) == first)
}

fn address(random: &mut Random) -> u32 {
    loop {
        let address = random.bits32();
        if !is_never_listed(address) {
            return address;
        }
    }
}

/// Sorted and distinct values of `make`, exactly `count` of them.
fn distinct<T: Ord>(count: usize, mut make: impl FnMut() -> T) -> Vec<T> {
    let mut values = Vec::with_capacity(count);
    while values.len() < count {
        let missing = count - values.len();
        values.extend((0..missing).map(|_| make()));
        values.sort_unstable();
        values.dedup();
    }
    values
}

impl Lists {
    /// Makes `count` keys of a shape.
    #[must_use]
    pub fn make(shape: Shape, count: usize, seed: u64) -> Self {
        let random = &mut Random::new(seed);
        match shape {
            Shape::Overlapping => Self::overlapping(count, random),
            Shape::Spread => {
                let networks = (3_300 * count / 20_000_000).max(1);
                let ranges = count / 20;
                Self {
                    hosts: clustered(count - ranges, networks, 70, random),
                    ranges: distinct(ranges, || Prefix::around(address(random), 24)),
                    ..Self::default()
                }
            }
            Shape::Sparse => Self { hosts: distinct(count, || address(random)), ..Self::default() },
        }
    }

    fn overlapping(count: usize, random: &mut Random) -> Self {
        // Lengths of dynamic pools, as often as each stands here.
        const LENGTHS: [u8; 20] = [16, 18, 19, 20, 20, 21, 21, 22, 22, 22, 23, 23, 23, 24, 24, 24, 24, 25, 26, 27];
        let hosts = clustered(count * 5 / 6, (count / 200).max(1), 80, random);
        let relays = distinct(count / 120, || address(random));
        let left = count - hosts.len() - relays.len();
        let holes_wanted = left / 25;
        let ranges = distinct(left - holes_wanted, || {
            let length = random.pick(&LENGTHS);
            // A /16 whose first address is free may not reach into what is never listed: it lies on no border of those.
            Prefix::around(address(random), length)
        });
        let holes = distinct(holes_wanted, || {
            loop {
                let range = random.pick(&ranges);
                let length = range.length + 2 + random.below(usize::from(31 - range.length)) as u8;
                let hole = Prefix::around(range.any_inside(random), length);
                if ranges.binary_search(&hole).is_err() {
                    return hole;
                }
            }
        });
        Self { hosts, relays, ranges, holes }
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hosts.len() + self.relays.len() + self.ranges.len() + self.holes.len()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Does any list hold the address?
    #[must_use]
    pub fn is_listed(&self, address: u32) -> bool {
        let longest = |prefixes: &[Prefix]| {
            (8..=32).rev().find(|&length| prefixes.binary_search(&Prefix::around(address, length)).is_ok())
        };
        self.hosts.binary_search(&address).is_ok()
            || self.relays.binary_search(&address).is_ok()
            || match (longest(&self.ranges), longest(&self.holes)) {
                (Some(range), Some(hole)) => range > hole,
                (range, _) => range.is_some(),
            }
    }

    /// An address that some list holds, but for the rare one in a hole.
    fn any_listed(&self, random: &mut Random) -> u32 {
        let dice = random.below(100);
        if dice < 4 && !self.relays.is_empty() {
            random.pick(&self.relays)
        } else if dice < 50 && !self.ranges.is_empty() {
            random.pick(&self.ranges).any_inside(random)
        } else {
            random.pick(&self.hosts)
        }
    }

    /// An address that no list holds.
    #[must_use]
    pub fn any_clear(&self, random: &mut Random) -> u32 {
        loop {
            let address = address(random);
            if !self.is_listed(address) {
                return address;
            }
        }
    }

    fn whole_name(&self, random: &mut Random, opt: Opt, kind: Kind) -> Query {
        let address = if random.chance(50) { self.any_listed(random) } else { self.any_clear(random) };
        let expect = if self.is_listed(address) { Expect::Listed } else { Expect::Clear };
        Query { name: format!("{}.{ZONE}", reversed(address, 4)), kind, opt, expect }
    }

    /// Queries as mail servers send them through the simplest resolvers: whole names, no OPT, every tenth for the text.
    #[must_use]
    pub fn plain_queries(&self, count: usize, seed: u64) -> Vec<Query> {
        let random = &mut Random::new(seed);
        (0..count).map(|i| self.whole_name(random, Opt::None, if i % 10 == 9 { Kind::Txt } else { Kind::A })).collect()
    }

    /// Half plain, a quarter with OPT and COOKIE, a quarter names above an address, as resolvers ask that hide what they can
    /// (RFC 9156). Half of the whole names are listed.
    #[must_use]
    pub fn mixed_queries(&self, count: usize, seed: u64) -> Vec<Query> {
        let random = &mut Random::new(seed);
        (0..count)
            .map(|i| match i % 4 {
                0 | 2 => self.whole_name(random, Opt::None, if i % 10 == 8 { Kind::Txt } else { Kind::A }),
                1 => self.whole_name(random, Opt::Cookie, Kind::A),
                _ => {
                    let address = if random.chance(50) { self.any_listed(random) } else { address(random) };
                    let labels = 1 + random.below(3);
                    Query {
                        name: format!("{}.{ZONE}", reversed(address, labels)),
                        kind: Kind::A,
                        opt: Opt::None,
                        expect: Expect::Clear,
                    }
                }
            })
            .collect()
    }

    /// Writes the lists as text, each in an order of chance as feeds come, into `DIR/LIST.txt`, each below `head(LIST)`.
    pub fn write(&self, directory: &Path, seed: u64, head: impl Fn(&str) -> String) -> io::Result<()> {
        let random = &mut Random::new(seed);
        for (list, addresses) in [("compromised", &self.hosts), ("relay", &self.relays)] {
            let mut addresses = addresses.clone();
            random.shuffle(&mut addresses);
            let lines = addresses.iter().map(|&a| Ipv4Addr::from(a).to_string());
            write_lines(&directory.join(format!("{list}.txt")), &head(list), lines)?;
        }
        let mut lines: Vec<(bool, Prefix)> = self.ranges.iter().map(|&p| (false, p)).collect();
        lines.extend(self.holes.iter().map(|&p| (true, p)));
        random.shuffle(&mut lines);
        let lines = lines.iter().map(|(hole, prefix)| format!("{}{prefix}", if *hole { "!" } else { "" }));
        write_lines(&directory.join("dynamic.txt"), &head("dynamic"), lines)
    }
}

fn clustered(count: usize, networks: usize, percent: usize, random: &mut Random) -> Vec<u32> {
    let networks: Vec<u32> = (0..networks).map(|_| address(random) & mask(16)).collect();
    distinct(count, || {
        if random.chance(percent) { random.pick(&networks) | (random.bits32() & 0xffff) } else { address(random) }
    })
}

/// The first `labels` octets of an address, the last of them in front.
fn reversed(address: u32, labels: usize) -> String {
    let octets = address.to_be_bytes();
    let labels: Vec<String> = octets[..labels].iter().rev().map(u8::to_string).collect();
    labels.join(".")
}

/// The name that asks for an address.
#[must_use]
pub fn name_of(address: u32) -> String {
    format!("{}.{ZONE}", reversed(address, 4))
}

/// Writes lines of text below a head.
pub fn write_lines(path: &Path, head: &str, lines: impl Iterator<Item = impl fmt::Display>) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    file.write_all(head.as_bytes())?;
    for line in lines {
        writeln!(file, "{line}")?;
    }
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_has_its_size_and_the_same_seed_makes_the_same() {
        for shape in [Shape::Overlapping, Shape::Spread, Shape::Sparse] {
            let lists = Lists::make(shape, 12_000, 5);
            assert_eq!(lists.len(), 12_000, "{shape:?}");
            let again = Lists::make(shape, 12_000, 5);
            assert_eq!((lists.hosts, lists.ranges, lists.holes), (again.hosts, again.ranges, again.holes));
        }
    }

    #[test]
    fn no_key_reaches_into_what_is_never_listed() {
        let lists = Lists::make(Shape::Overlapping, 60_000, 6);
        assert!(!lists.hosts.iter().chain(&lists.relays).any(|&a| is_never_listed(a)));
        for range in &lists.ranges {
            let last = range.first | !mask(range.length);
            assert!(!is_never_listed(range.first) && !is_never_listed(last), "{range}");
        }
    }

    #[test]
    fn the_longest_key_decides() {
        let lists = Lists {
            hosts: vec![],
            relays: vec![0x0102_0303],
            ranges: vec![Prefix::around(0x0102_0000, 16), Prefix::around(0x0102_0380, 25)],
            holes: vec![Prefix::around(0x0102_0300, 24)],
        };
        assert!(lists.is_listed(0x0102_0001), "in the range");
        assert!(!lists.is_listed(0x0102_0301), "in the hole");
        assert!(lists.is_listed(0x0102_0381), "in a range inside the hole");
        assert!(lists.is_listed(0x0102_0303), "lists decide apart");
        assert!(!lists.is_listed(0x0103_0000));
    }

    #[test]
    fn the_mix_is_half_plain_and_a_quarter_each_of_cookies_and_partial_names() {
        let lists = Lists::make(Shape::Overlapping, 12_000, 7);
        let queries = lists.mixed_queries(4_000, 8);
        let partial = |q: &&Query| q.name.split('.').count() < 6;
        assert_eq!(queries.iter().filter(partial).count(), 1_000);
        assert_eq!(queries.iter().filter(|q| q.opt == Opt::Cookie).count(), 1_000);
        let listed = queries.iter().filter(|q| q.expect == Expect::Listed).count();
        assert!((1_350..1_650).contains(&listed), "about half of the 3,000 whole names, and not {listed}");
    }

    #[test]
    fn a_name_is_the_address_from_behind() {
        assert_eq!(name_of(0x0102_0304), "4.3.2.1.bl.test");
        assert_eq!(reversed(0x0102_0304, 2), "2.1");
    }
}
