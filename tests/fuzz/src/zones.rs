//! Three zones with a bit of everything, as a server would serve them.

use dnsbld::{
    list::{Decision, Duration, HashKind, Kind, ListSettings, ListedName, Mark, Scope, Serial, Tag, TextId, Time},
    snapshot::{HashRow, ListIndex, NameRow, Rows, Served, Snapshot, V4Row, V6Row, ZoneSettings},
};
use std::{collections::HashMap, sync::Arc};

fn list(name: &str, kind: Kind, code: &str) -> Arc<ListSettings> {
    let code = code.parse().expect("a code");
    let text = "{address} is in {list} with {code}: {url}".into();
    let name = name.parse().expect("a name");
    Arc::new(ListSettings { name, kind, code, text, hash: HashKind::Sha1, ..ListSettings::never() })
}

fn zone(origin: &str, lists: &[&str]) -> ZoneSettings {
    let name = |text: &str| ListedName::new(text, Scope::All).expect("a name");
    ZoneSettings {
        origin: name(origin),
        lists: lists.iter().map(|l| l.parse().expect("a name")).collect(),
        sublists_only: Vec::new(),
        ns: vec![name(&format!("ns1.{origin}"))],
        contact: "hostmaster@example.org".into(),
        ttl: Duration::from_seconds(300),
        negative_ttl: Duration::from_seconds(60),
        text: Some("a zone".into()),
        a: vec!["192.0.2.80".parse().expect("an address")],
        aaaa: Vec::new(),
        glue: vec![(name(&format!("ns1.{origin}")), vec!["192.0.2.53".parse().expect("an address")])],
        closing: None,
    }
}

fn decision(mark: Mark) -> Decision {
    match mark {
        Mark::Excluded => Decision::Excluded,
        Mark::Listed => {
            let tag = Tag { code: "127.0.0.9".parse().expect("a code"), text: Some(TextId(1)) };
            Decision::Listed([tag].into_iter().collect())
        }
    }
}

struct Filled;

impl Rows for Filled {
    fn v4(&self, list: ListIndex, first: u32, last: u32) -> Box<dyn Iterator<Item = V4Row> + Send + '_> {
        let rows: &[(u32, u8, Mark)] = match list.place() {
            0 => &[(0xc633_6400, 22, Mark::Listed), (0xc633_6507, 32, Mark::Excluded)],
            1 => &[(0xc633_6507, 32, Mark::Listed), (0xcb00_7100, 25, Mark::Listed)],
            _ => &[],
        };
        let inside = rows.iter().filter(move |(address, ..)| (first..=last).contains(address));
        Box::new(inside.map(|(address, length, mark)| (*address, *length, decision(*mark))))
    }

    fn v6(&self, list: ListIndex) -> Box<dyn Iterator<Item = V6Row> + Send + '_> {
        let rows: &[(u128, u8, Mark)] = if list.place() == 0 {
            &[(0x2001_0db8 << 96, 33, Mark::Listed), (0x2001_0db8_0001 << 80, 48, Mark::Excluded)]
        } else {
            &[]
        };
        Box::new(rows.iter().map(|(address, length, mark)| (*address, *length, decision(*mark))))
    }

    fn names(&self, list: ListIndex) -> Box<dyn Iterator<Item = NameRow> + Send + '_> {
        let names: &[&str] = if list.place() == 2 { &["bad.example", "=only.example", "*.wild.example"] } else { &[] };
        let mut names: Vec<ListedName> = names.iter().map(|n| n.parse().expect("a name")).collect();
        names.sort();
        Box::new(names.into_iter().map(|name| (name, decision(Mark::Listed))))
    }

    fn hashes(&self, _: ListIndex) -> Box<dyn Iterator<Item = HashRow> + Send + '_> {
        Box::new(std::iter::empty())
    }

    fn texts(&self, _: ListIndex) -> Vec<(TextId, Arc<str>)> {
        vec![(TextId(1), "an own text for {address}, longer than most, of {list}".into())]
    }
}

/// The snapshot.
pub fn filled(serial: Serial) -> Snapshot {
    let lists = vec![
        list("dynamic", Kind::Dynamic, "127.0.0.10"),
        list("compromised", Kind::Compromised, "127.0.0.4"),
        list("bad-names", Kind::Domain, "127.0.1.2"),
        list("mailboxes", Kind::MailHash, "127.0.1.20"),
    ];
    let zones = vec![
        zone("bl.test", &["compromised", "dynamic"]),
        zone("dbl.test", &["bad-names"]),
        zone("hbl.test", &["mailboxes"]),
    ];
    let served = Arc::new(Served::new(lists, zones, "http://bl.test", Time::from_seconds(1_800_000_000)));
    Snapshot::build(served, serial, &HashMap::new(), &Filled, 1)
}
