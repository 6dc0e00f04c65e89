//! Exports against the rule of match: what is loaded from a zone file, a policy zone, a file of rbldnsd or a text answers as
//! this server does, `never` and all.
//!
//! Guarantees: zone files are looked up by the rules of RFC 4592, by code that knows nothing of how they are written.
//! Never: needs another name server.

use super::{
    tests::{Row, read, row, settings, write},
    *,
};
use crate::list::{
    Prefix, Scope,
    format::{DataSet, Format},
};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A zone file, looked up as RFC 4592 has it.
struct Loaded {
    records: BTreeMap<String, BTreeSet<String>>,
    texts: BTreeMap<String, String>,
    nodes: BTreeSet<String>,
}

impl Loaded {
    fn new(file: &str) -> Self {
        let (records, texts) = (BTreeMap::new(), BTreeMap::new());
        let mut loaded = Self { records, texts, nodes: BTreeSet::new() };
        for line in file.lines().filter(|line| !line.starts_with([';', '$', '@'])) {
            let (owner, rest) = line.split_once(' ').unwrap();
            let mut node = owner;
            loaded.nodes.insert(node.to_owned());
            while let Some((_, above)) = node.split_once('.') {
                loaded.nodes.insert(above.to_owned());
                node = above;
            }
            let codes = loaded.records.entry(owner.to_owned()).or_default();
            codes.extend(rest.strip_prefix("A ").map(str::to_owned));
            if let Some(text) = rest.strip_prefix("TXT ") {
                let before = loaded.texts.insert(owner.to_owned(), text.trim_matches('"').to_owned());
                assert_eq!(before, None, "one record at {owner}");
            }
        }
        loaded
    }

    fn ask(&self, name: &str) -> BTreeSet<String> {
        self.records.get(&self.answering(name)).cloned().unwrap_or_default()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(&self.answering(name)).map(String::as_str)
    }

    /// The owner whose records answer: the name itself, else the wildcard at the closest encloser.
    fn answering(&self, name: &str) -> String {
        if self.nodes.contains(name) {
            return name.to_owned();
        }
        let mut encloser = name;
        while let Some((_, above)) = encloser.split_once('.') {
            encloser = above;
            if self.nodes.contains(encloser) {
                break;
            }
        }
        if self.nodes.contains(encloser) { format!("*.{encloser}") } else { "*".to_owned() }
    }
}

/// The rule of match, written down once more: of each list the most specific key decides, and `never` beats them all.
fn by_rule(lists: &[Arc<ListSettings>], rows: &[Row], asked: &Key) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for (part, list) in lists.iter().enumerate() {
        let own = by_list(part, list, rows, asked);
        if list.kind == Kind::Never && !own.is_empty() {
            return BTreeSet::new();
        }
        codes.extend(own);
    }
    codes
}

/// The text by DESIGN 4.4: that of the first list, about the name that decides there, then the other lists.
fn text_by_rule(lists: &[Arc<ListSettings>], rows: &[Row], asked: &Key) -> Option<String> {
    if by_rule(lists, rows, asked).is_empty() {
        return None;
    }
    let listing = |part: &usize| !by_list(*part, &lists[*part], rows, asked).is_empty();
    let listing: Vec<usize> = (0..lists.len()).filter(listing).collect();
    let covering = rows.iter().filter(|row| row.part == listing[0] && row.entry.key.covers(asked));
    let names = covering.filter_map(|row| match &row.entry.key {
        Key::Name(name) => Some(name.name()),
        _ => None,
    });
    let name = names.max_by_key(|name| name.len())?;
    let others: Vec<&str> = listing[1..].iter().map(|part| lists[*part].name.as_str()).collect();
    let also = if others.is_empty() { String::new() } else { format!("; also {}", others.join(", ")) };
    Some(format!("{name} is listed, see https://bl.example/{name}{also}"))
}

fn by_list(part: usize, list: &ListSettings, rows: &[Row], asked: &Key) -> BTreeSet<String> {
    let covering = rows.iter().filter(|row| row.part == part && row.entry.key.covers(asked));
    let rank = |key: &Key| match key {
        Key::Prefix(prefix) => usize::from(prefix.length()),
        Key::Name(name) => name.name().len(),
        Key::Hash(_) => 0,
    };
    let best = covering.clone().map(|row| rank(&row.entry.key)).max();
    let deciding: Vec<_> = covering.filter(|row| Some(rank(&row.entry.key)) == best).collect();
    if deciding.iter().any(|row| row.entry.mark == Mark::Excluded) {
        return BTreeSet::new();
    }
    deciding.iter().map(|row| row.entry.code.unwrap_or(list.code).to_string()).collect()
}

/// The lists of a zone as they are exported, behind `never`.
fn behind_never(kind: Kind) -> [Arc<ListSettings>; 3] {
    [Arc::new(ListSettings::never()), settings("relay", kind, "127.0.0.3"), settings("dynamic", kind, "127.0.0.10")]
}

/// Rows of addresses with few different bits, so that keys lie inside each other.
fn nested_rows(six: bool) -> impl Strategy<Value = Vec<Row>> {
    let one = (0usize..3, 0u32..16, 6u8..=32, any::<bool>(), any::<bool>());
    proptest::collection::vec(one, 1..9).prop_map(move |rows| {
        let rows = rows.into_iter().map(|(part, spread, length, hole, other)| {
            let key = nested(spread, length, six).to_string();
            let mut row = row(part, &key, KeyFamily::Addresses);
            row.entry.mark = if hole { Mark::Excluded } else { Mark::Listed };
            row.entry.code = (other && !hole && part > 0).then(|| "127.0.0.11".parse().unwrap());
            row
        });
        rows.collect()
    })
}

fn nested(spread: u32, length: u8, six: bool) -> Prefix {
    // Half of them begin with octets of one digit, whose names look like the ends of names of IPv6.
    let bits = if spread & 1 == 0 { 10 << 24 } else { 2 << 24 } | (spread & 3) << 20 | (spread >> 2) << 9 | spread;
    if six {
        Prefix::new(ipnet::Ipv6Net::new((u128::from(bits) << 96).into(), length).unwrap().trunc().into()).unwrap()
    } else {
        Prefix::v4(bits.into(), length)
    }
}

/// An address in or near those of [`nested_rows`].
fn nested_probe(spread: u32, noise: u32, six: bool) -> IpAddr {
    let IpAddr::V4(near) = nested(spread, 32, false).first() else { panic!("an IPv4 prefix") };
    let bits = u32::from(near) ^ (noise & 0x00ff_ffff) >> (noise >> 27);
    if six { Ipv6Addr::from(u128::from(bits) << 96 | u128::from(noise)).into() } else { Ipv4Addr::from(bits).into() }
}

/// An address of the other family whose name ends, or begins to end, as that of `address` does.
fn other_family(address: IpAddr, noise: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let nibbles = v4.octets().map(|octet| u128::from(octet) & 15);
            let end = nibbles.iter().fold(0, |bits, nibble| bits << 4 | nibble);
            Ipv6Addr::from(end << 112 | u128::from(noise) << 80).into()
        }
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            Ipv4Addr::new(octets[0] >> 4, octets[0] & 15, octets[1] >> 4, octets[1] & 15).into()
        }
    }
}

fn reversed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}")
        }
        IpAddr::V6(v6) => {
            let nibbles = format!("{:032x}", u128::from(v6));
            nibbles.chars().rev().map(String::from).collect::<Vec<_>>().join(".")
        }
    }
}

fn hidden_rows(text: &'static str, family: KeyFamily) -> impl Strategy<Value = Vec<Row>> {
    let code = proptest::option::of(Just("127.0.0.11".parse().unwrap()));
    let one = (0usize..3, text, any::<bool>(), code, any::<bool>());
    proptest::collection::vec(one, 1..10).prop_map(move |rows| {
        let rows = rows.into_iter().map(|(part, key, hole, code, other)| {
            let mut row = row(part, &key, family);
            row.entry.mark = if hole { Mark::Excluded } else { Mark::Listed };
            row.entry.code = code.filter(|_| !hole && part > 0);
            row.source = if other { "other" } else { "feed" }.parse().unwrap();
            row
        });
        rows.collect()
    })
}

fn without(part: usize, rows: &[Row]) -> Vec<Row> {
    rows.iter().filter(|row| row.part != part).cloned().collect()
}

/// What rbldnsd answers from the data sets of one list: each by its most specific key, all together.
fn mirrored(list: &Arc<ListSettings>, file: &str, asked: &Key) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for set in
        file.split("$DATASET ").filter(|set| set.split(' ').next().unwrap().ends_with(&format!(":{}", list.name)))
    {
        let entries = read(Format::Rbldnsd(DataSet::Detect), list, &format!("$DATASET {set}"));
        let rows = entries.into_iter().map(|entry| Row { part: 0, source: SourceName::operator(), entry });
        codes.extend(by_list(0, list, &rows.collect::<Vec<_>>(), asked));
    }
    codes
}

proptest! {
    #[test]
    fn a_zone_file_of_addresses_answers_by_the_rule_of_match(
        (six, rows) in any::<bool>().prop_flat_map(|six| (Just(six), nested_rows(six))),
        probes in proptest::collection::vec((0u32..16, any::<u32>()), 8),
    ) {
        let lists = behind_never(Kind::Relay);
        let loaded = Loaded::new(&write(ExportFormat::Bind, true, &lists, &rows).unwrap());
        for (spread, noise) in probes {
            let address = nested_probe(spread, noise, six);
            let asked = Prefix::host(address).into();
            prop_assert_eq!(loaded.ask(&reversed(address)), by_rule(&lists, &rows, &asked), "{}", address);
            let other = other_family(address, noise);
            prop_assert_eq!(loaded.ask(&reversed(other)), BTreeSet::new(), "{}", other);
        }
    }

    #[test]
    fn a_zone_file_of_names_answers_by_the_rule_of_match(
        rows in hidden_rows("(=|\\*\\.)?([ab]\\.){0,3}x", KeyFamily::Names),
        probes in proptest::collection::vec("([abc]\\.){0,4}x", 8),
    ) {
        let lists = behind_never(Kind::Domain);
        let loaded = Loaded::new(&write(ExportFormat::Bind, true, &lists, &rows).unwrap());
        for name in probes {
            let asked = Key::Name(ListedName::new(&name, Scope::Itself).unwrap());
            prop_assert_eq!(loaded.ask(&name), by_rule(&lists, &rows, &asked), "{}", name);
            let text = text_by_rule(&lists, &rows, &asked);
            prop_assert_eq!(loaded.text(&name), text.as_deref(), "{}", name);
            let sublist: Vec<Row> = rows.iter().filter(|row| row.part != 2).cloned().collect();
            prop_assert_eq!(loaded.ask(&format!("{name}.relay")), by_rule(&lists, &sublist, &asked), "{} in relay", name);
            let text = text_by_rule(&lists, &sublist, &asked);
            prop_assert_eq!(loaded.text(&format!("{name}.relay")), text.as_deref(), "{} in relay", name);
        }
    }

    /// An answer of a policy zone is that of the longest name, with or without passing through.
    #[test]
    fn a_policy_zone_lists_what_is_listed(
        rows in hidden_rows("(=|\\*\\.)?([ab]\\.){0,3}x", KeyFamily::Names),
        probes in proptest::collection::vec("([abc]\\.){0,4}x", 8),
    ) {
        let lists = behind_never(Kind::Domain);
        let file = write(ExportFormat::Rpz, true, &lists, &rows).unwrap();
        let policy: BTreeMap<&str, bool> = file.lines().filter_map(|line| line.split_once(" CNAME "))
            .map(|(owner, what)| (owner, what == ".")).collect();
        for name in probes {
            let asked = Key::Name(ListedName::new(&name, Scope::Itself).unwrap());
            let mut found = policy.get(&*name).copied();
            let mut above = &*name;
            while let (None, Some((_, parent))) = (found, above.split_once('.')) {
                found = policy.get(&*format!("*.{parent}")).copied();
                above = parent;
            }
            prop_assert_eq!(found.unwrap_or(false), !by_rule(&lists, &rows, &asked).is_empty(), "{}", name);
        }
    }

    /// What a mirror holds of one list answers as this server does, `never` and all: first codes by the first data set,
    /// further ones by the next.
    #[test]
    fn a_file_of_rbldnsd_answers_by_the_rule_of_match(
        (six, addresses) in any::<bool>().prop_flat_map(|six| (Just(six), nested_rows(six))),
        names in hidden_rows("(=|\\*\\.)?([ab]\\.){0,3}x", KeyFamily::Names),
        probes in proptest::collection::vec((0u32..16, any::<u32>(), "([abc]\\.){0,4}x"), 8),
    ) {
        let lists = behind_never(Kind::Relay);
        let file = write(ExportFormat::Rbldnsd, true, &lists, &addresses).unwrap();
        let named = behind_never(Kind::Domain);
        let named_file = write(ExportFormat::Rbldnsd, true, &named, &names).unwrap();
        for (spread, noise, name) in probes {
            let asked = Key::from(Prefix::host(nested_probe(spread, noise, six)));
            prop_assert_eq!(mirrored(&lists[1], &file, &asked), by_rule(&lists, &without(2, &addresses), &asked), "{}\n{}", asked, file);
            let asked = Key::Name(ListedName::new(&name, Scope::Itself).unwrap());
            prop_assert_eq!(mirrored(&named[1], &named_file, &asked), by_rule(&named, &without(2, &names), &asked), "{}\n{}", name, named_file);
        }
    }

    #[test]
    fn one_line_a_key_says_what_all_sources_say_together(
        rows in hidden_rows("(=|\\*\\.)?([ab]\\.){0,2}x", KeyFamily::Names), probes in proptest::collection::vec("([abc]\\.){0,3}x", 8),
    ) {
        let lists = [settings("bad", Kind::Domain, "127.0.0.3")];
        let rows: Vec<Row> = rows.into_iter().map(|row| Row { part: 0, ..row }).collect();
        let written = write(ExportFormat::Text, false, &lists, &rows).unwrap();
        let again: Vec<Row> = read(Format::Text, &lists[0], &written).into_iter()
            .map(|entry| Row { part: 0, source: SourceName::operator(), entry }).collect();
        let keys: BTreeSet<_> = again.iter().map(|row| row.entry.key.clone()).collect();
        prop_assert_eq!(keys.len(), again.len());
        for name in probes {
            let asked = Key::Name(ListedName::new(&name, Scope::Itself).unwrap());
            let listed = |rows: &[Row]| !by_rule(&lists, rows, &asked).is_empty();
            prop_assert_eq!(listed(&again), listed(&rows), "{}", name);
        }
    }
}
