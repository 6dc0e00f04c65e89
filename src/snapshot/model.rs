//! The rule of match and the answers of DESIGN 4.4, written down as plainly as possible: every question walks all rows.
//!
//! Guarantees: shares no code with the indexes; tests hold them to it.
//! Never: is fast.

use super::{
    Found, HashRow, ListIndex, NameRow, Rows, Served, Snapshot, V4Row, V6Row, Zone, ZoneFamily, ZoneSettings, guess_v4,
};
use crate::list::{
    Decision, Duration, HashKind, Key, Kind, ListName, ListSettings, ListedName, MailHash, Prefix, ReturnCode, Scope,
    Serial, Tag, TextId, Time, embedded_v4,
};
use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

/// What `find` has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Listed(Vec<ReturnCode>),
    Above,
    Apex,
    Nothing,
}

/// Rows, unresolved.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub rows: BTreeMap<(ListIndex, Key), Decision>,
    pub texts: Vec<(ListIndex, TextId, String)>,
}

pub(super) fn list(name: &str, kind: Kind, code: &str) -> Arc<ListSettings> {
    let never = ListSettings::never();
    let (name, code) = (name.parse().unwrap(), code.parse().unwrap());
    Arc::new(ListSettings { name, kind, code, text: "{address} {list} {code}".into(), ..never })
}

pub(super) fn zone(origin: &str, lists: &[&str], sublists_only: &[&str]) -> ZoneSettings {
    let names = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<ListName>>();
    ZoneSettings {
        origin: origin.parse().unwrap(),
        lists: names(lists),
        sublists_only: names(sublists_only),
        ns: Vec::new(),
        contact: "hostmaster@example.org".into(),
        ttl: Duration::from_seconds(300),
        negative_ttl: Duration::from_seconds(60),
        text: None,
        a: Vec::new(),
        aaaa: Vec::new(),
        glue: Vec::new(),
        closing: None,
    }
}

pub(super) fn listed(codes: &[&str]) -> Decision {
    Decision::Listed(codes.iter().map(|code| Tag { code: code.parse().unwrap(), text: None }).collect())
}

/// Addresses, names and hashes, each with two lists and one that is on trial.
pub(super) fn served() -> Arc<Served> {
    let lists = vec![
        list("alpha", Kind::Spam, "127.0.0.4"),
        list("beta", Kind::Dynamic, "127.0.0.10"),
        list("trial", Kind::Relay, "127.0.0.7"),
        list("domain-a", Kind::Domain, "127.0.1.2"),
        list("domain-b", Kind::NewDomain, "127.0.1.3"),
        list("hash-a", Kind::MailHash, "127.0.2.2"),
        list("hash-b", Kind::MailHash, "127.0.2.3"),
    ];
    let zones = vec![
        zone("bl.example", &["beta", "alpha"], &["trial"]),
        zone("dbl.example", &["domain-a", "domain-b"], &[]),
        zone("hbl.example", &["hash-a", "hash-b"], &[]),
    ];
    Arc::new(Served::new(lists, zones, "http://bl.example/", Time::from_seconds(1_000)))
}

pub(super) fn wire(labels: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    for label in labels {
        out.push(label.len() as u8);
        out.extend(label.as_bytes());
    }
    out
}

pub(super) fn labels(name: &str) -> Vec<String> {
    name.split('.').filter(|label| !label.is_empty()).map(Into::into).collect()
}

pub(super) fn build(model: &Model, served: &Arc<Served>) -> Snapshot {
    Snapshot::build(Arc::clone(served), Serial(1), &HashMap::new(), model, 2)
}

pub(super) fn found(snapshot: &Snapshot, zone: &Zone, labels: &[String]) -> Expected {
    let name = wire(labels);
    // As the threads over UDP do beforehand: it must hold for every name, and change nothing.
    snapshot.touch_v4(&[guess_v4(&name)]);
    match snapshot.find(zone, &name) {
        Found::Listed(listed) => Expected::Listed(listed.codes().collect()),
        Found::Above => Expected::Above,
        Found::Apex => Expected::Apex,
        Found::Nothing => Expected::Nothing,
    }
}

fn address(value: u128, v4: bool) -> Prefix {
    Prefix::host(if v4 { IpAddr::V4(Ipv4Addr::from(value as u32)) } else { IpAddr::V6(Ipv6Addr::from(value)) })
}

fn is_v4(prefix: Prefix) -> bool {
    matches!(prefix.first(), IpAddr::V4(_))
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

impl Model {
    fn of(&self, list: ListIndex) -> impl Iterator<Item = (&Key, &Decision)> {
        self.rows.iter().filter(move |((of, _), _)| *of == list).map(|((_, key), decision)| (key, decision))
    }

    /// What one list says about a key that is one address, one name or one hash.
    pub fn decides(&self, list: ListIndex, asked: &Key) -> Vec<Tag> {
        let reach = |key: &Key| match key {
            Key::Prefix(prefix) => usize::from(prefix.length()),
            Key::Name(name) => name.name().len(),
            Key::Hash(_) => 0,
        };
        let covers = |key: &Key| match (key, asked) {
            (Key::Name(name), Key::Name(asked)) => name.covers_name(asked.name()),
            (key, asked) => key.covers(asked),
        };
        let covering: Vec<_> = self.of(list).filter(|(key, _)| covers(key)).collect();
        let Some(most) = covering.iter().map(|(key, _)| reach(key)).max() else { return Vec::new() };
        let mut tags = Vec::new();
        for (_, decision) in covering.iter().filter(|(key, _)| reach(key) == most) {
            match decision {
                Decision::Excluded => return Vec::new(),
                Decision::Listed(more) => tags.extend(more.iter().copied()),
            }
        }
        tags.sort();
        tags.dedup_by_key(|tag| tag.code);
        tags
    }

    fn codes(&self, view: &[(ListIndex, ReturnCode)], asked: &Key) -> Vec<ReturnCode> {
        if !self.decides(ListIndex::NEVER, asked).is_empty() {
            return Vec::new();
        }
        once(view.iter().flat_map(|(list, _)| self.decides(*list, asked)).map(|tag| tag.code))
    }

    fn address_codes(&self, view: &[(ListIndex, ReturnCode)], prefix: Prefix) -> Vec<ReturnCode> {
        match prefix.first() {
            IpAddr::V4(v4) if v4 == Ipv4Addr::LOCALHOST => return Vec::new(),
            IpAddr::V4(v4) if v4 == Ipv4Addr::new(127, 0, 0, 2) => return once(view.iter().map(|(_, code)| *code)),
            IpAddr::V4(v4) if view.iter().any(|(_, code)| Ipv4Addr::from(*code) == v4) => {
                return vec![v4.try_into().unwrap()];
            }
            _ => {}
        }
        self.codes(view, &prefix.into())
    }

    /// Whether some address from `first` to `last` is listed: it is enough to look where something begins or ends.
    fn any_address(&self, view: &[(ListIndex, ReturnCode)], v4: bool, first: u128, last: u128) -> bool {
        let mut candidates = vec![first, 0x7f00_0002];
        candidates.extend(view.iter().map(|(_, code)| bits(Ipv4Addr::from(*code).into())));
        for (_, key) in self.rows.keys() {
            let Key::Prefix(prefix) = key else { continue };
            if is_v4(*prefix) == v4 {
                let begin = bits(prefix.first());
                let width = if v4 { 32 } else { 128 } - u32::from(prefix.length());
                candidates.extend(
                    [Some(begin), 1u128.checked_shl(width).and_then(|size| begin.checked_add(size))]
                        .into_iter()
                        .flatten(),
                );
            }
        }
        let hit = |at: u128| {
            // A v6 entry says nothing about what stands for an IPv4 address.
            let embedded = !v4 && embedded_v4(Ipv6Addr::from(at)).is_some();
            !embedded && !self.address_codes(view, address(at, v4)).is_empty()
        };
        // Behind the parts that follow IPv4, the v6 entries hold again.
        candidates.extend([(0x2002 << 112) - 1, 0x2003 << 112, (0xffff << 32) - 1, 1 << 48]);
        candidates.into_iter().filter(|at| (first..=last).contains(at)).any(hit)
    }

    /// The part of IPv4 that the v6 range from `first` to `last` stands for in one of the two embeddings.
    fn embedded(base: u128, shift: u32, first: u128, last: u128) -> Option<(u128, u128)> {
        let end = base | (u128::from(u32::MAX) << shift) | ((1u128 << shift) - 1);
        let (first, last) = (first.max(base), last.min(end));
        (first <= last).then(|| ((first >> shift) & 0xffff_ffff, (last >> shift) & 0xffff_ffff))
    }

    fn find_address(&self, view: &[(ListIndex, ReturnCode)], labels: &[String]) -> Expected {
        let mut above = false;
        let octets: Option<Vec<u8>> =
            labels.iter().map(|label| label.parse().ok().filter(|n: &u8| n.to_string() == *label)).collect();
        if let Some(octets) = octets.filter(|octets| octets.len() <= 4) {
            let first = octets.iter().fold(0, |all, octet| all << 8 | u128::from(*octet)) << (8 * (4 - octets.len()));
            if octets.len() == 4 {
                let codes = self.address_codes(view, address(first, true));
                if !codes.is_empty() {
                    return Expected::Listed(codes);
                }
            } else {
                above |= self.any_address(view, true, first, first | ((1 << (8 * (4 - octets.len()))) - 1));
            }
        }
        let nibbles: Option<Vec<u32>> = labels
            .iter()
            .map(|label| {
                char::from_digit(u32::from_str_radix(label, 16).ok()?, 16)
                    .filter(|c| c.to_string() == *label)?
                    .to_digit(16)
            })
            .collect();
        if let Some(nibbles) = nibbles.filter(|nibbles| nibbles.len() <= 32) {
            let free = 4 * (32 - nibbles.len()) as u32;
            let first =
                nibbles.iter().fold(0, |all, nibble| all << 4 | u128::from(*nibble)).checked_shl(free).unwrap_or(0);
            if free == 0 {
                let codes = self.address_codes(view, address(first, false));
                return if codes.is_empty() { Expected::Nothing } else { Expected::Listed(codes) };
            }
            let last = first | ((1u128 << free) - 1);
            above |= self.any_address(view, false, first, last);
            for (base, shift) in [(0xffff << 32, 0), (0x2002 << 112, 80)] {
                if let Some((first, last)) = Self::embedded(base, shift, first, last) {
                    above |= self.any_address(view, true, first, last);
                }
            }
        }
        if above { Expected::Above } else { Expected::Nothing }
    }

    fn find_name(&self, view: &[(ListIndex, ReturnCode)], name: &str) -> Expected {
        let last = name.rsplit('.').next().unwrap();
        match last {
            "test" => return Expected::Listed(once(view.iter().map(|(_, code)| *code))),
            "invalid" => return Expected::Nothing,
            _ => {}
        }
        let key = |name: &str| Key::Name(ListedName::new(name, Scope::Itself).unwrap());
        let codes = self.codes(view, &key(name));
        if !codes.is_empty() {
            return Expected::Listed(codes);
        }
        let mut candidates = vec![format!("no-such.{name}")];
        for (_, row) in self.rows.keys() {
            if let Key::Name(row) = row
                && row.name().ends_with(&format!(".{name}"))
            {
                candidates.extend([row.name().to_owned(), format!("no-such.{}", row.name())]);
            }
        }
        let above = candidates.iter().any(|below| !self.codes(view, &key(below)).is_empty());
        if above { Expected::Above } else { Expected::Nothing }
    }

    fn find_hash(&self, view: &[(ListIndex, ReturnCode)], labels: &[String]) -> Expected {
        let [label] = labels else { return Expected::Nothing };
        let hash = [HashKind::Md5, HashKind::Sha1, HashKind::Sha256].map(|kind| MailHash::from_label(kind, label));
        let Some(hash) = hash.into_iter().find_map(Result::ok) else { return Expected::Nothing };
        let of = |address| MailHash::of_address(hash.kind(), address).unwrap();
        let codes = if hash == of("noemail@example.com") && hash.kind() == HashKind::Sha1 {
            once(view.iter().map(|(_, code)| *code))
        } else if hash == of("invalid@example.com") {
            Vec::new()
        } else {
            self.codes(view, &Key::Hash(hash))
        };
        if codes.is_empty() { Expected::Nothing } else { Expected::Listed(codes) }
    }

    /// What `zone` has to say about the relative name `labels`.
    pub fn find(&self, served: &Served, zone: &Zone, labels: &[String]) -> Expected {
        let settings = zone.settings();
        let member = |name: &ListName| {
            let index = served.list(name).unwrap();
            (index, served.settings(index).unwrap().code)
        };
        let mut view: Vec<_> = settings.lists.iter().map(member).collect();
        let mut labels = labels;
        let Some(last) = labels.last() else { return Expected::Apex };
        if let Some(name) = settings.lists.iter().chain(&settings.sublists_only).find(|name| name.as_str() == last) {
            view = vec![member(name)];
            labels = &labels[..labels.len() - 1];
            if labels.is_empty() {
                return Expected::Above;
            }
        }
        match zone.family() {
            ZoneFamily::Addresses => {
                let reversed: Vec<_> = labels.iter().rev().cloned().collect();
                self.find_address(&view, &reversed)
            }
            ZoneFamily::Names => self.find_name(&view, &labels.join(".")),
            ZoneFamily::Hashes => self.find_hash(&view, labels),
        }
    }
}

fn once(codes: impl Iterator<Item = ReturnCode>) -> Vec<ReturnCode> {
    let mut seen = Vec::new();
    for code in codes {
        if !seen.contains(&code) {
            seen.push(code);
        }
    }
    seen
}

impl Rows for Model {
    fn v4(&self, list: ListIndex, first: u32, end: u32) -> Box<dyn Iterator<Item = V4Row> + Send + '_> {
        Box::new(self.of(list).filter_map(move |(key, decision)| {
            let Key::Prefix(prefix) = key else { return None };
            let IpAddr::V4(v4) = prefix.first() else { return None };
            (first..=end).contains(&v4.into()).then(|| (v4.into(), prefix.length(), decision.clone()))
        }))
    }

    fn v6(&self, list: ListIndex) -> Box<dyn Iterator<Item = V6Row> + Send + '_> {
        Box::new(self.of(list).filter_map(|(key, decision)| {
            let Key::Prefix(prefix) = key else { return None };
            let IpAddr::V6(v6) = prefix.first() else { return None };
            Some((v6.into(), prefix.length(), decision.clone()))
        }))
    }

    fn names(&self, list: ListIndex) -> Box<dyn Iterator<Item = NameRow> + Send + '_> {
        Box::new(self.of(list).filter_map(|(key, decision)| {
            if let Key::Name(name) = key { Some((name.clone(), decision.clone())) } else { None }
        }))
    }

    fn hashes(&self, list: ListIndex) -> Box<dyn Iterator<Item = HashRow> + Send + '_> {
        Box::new(self.of(list).filter_map(|(key, decision)| {
            if let Key::Hash(hash) = key { Some((*hash, decision.clone())) } else { None }
        }))
    }

    fn texts(&self, list: ListIndex) -> Vec<(TextId, Arc<str>)> {
        let of_list = self.texts.iter().filter(|(of, ..)| *of == list);
        of_list.map(|(_, id, text)| (*id, text.as_str().into())).collect()
    }
}
