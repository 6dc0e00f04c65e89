//! How rows are keyed: the column families, and every key octet by octet.
//!
//! Integers are big-endian, so rows sort by number. `KEY` is the family (1 octet) and then
//!
//! ```text
//! v4     address (4)  length (1)            192.0.2.0/24   01 c0000200 18
//! v6     address (16) length (1)
//! name   labels from the right, each followed by 00, then the scope (1 all, 2 itself, 3 below)
//!                                           a.org          03 "org" 00 "a" 00 01
//! hash   kind (1), 16, 20 or 32 octets
//!
//! entry    list KEY source generation       all about an address lies together
//! owned    list source generation KEY       what a source holds, in order: a copy of the entry
//! detail   list source generation KEY
//! due      time list KEY source             seen     list hour KEY source
//! history  list KEY time serial source      undo     list source [KEY]
//! text     list text                        source   list source
//! commit   serial                           token    SHA-256        meta   words
//! request, retest, report, network, audit, outbox: keyed by `cases`
//! ```
//! `owned` carries the entry and `detail` is keyed as `owned`, so that an import is merged with what its source holds, and
//! an old generation is dropped, by reading forward. A separator of 00 is below every character of a label: a name
//! stands before all below it, and each sub-tree is one range.
//!
//! Guarantees: the octets order keys as `list::Key` does; a key reads back as what was written.
//! Never: changes without a new [`FORMAT`]; `tests::the_octets_of_every_row_are_fixed` holds it.

use crate::list::{Family, HashKind, Key, ListedName, MailHash, Prefix, Scope, Serial, Time};
use ipnet::{IpNet, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The version of the rows. A store with a higher one is refused.
pub const FORMAT: u32 = 1;

/// The number of a list in the rows. Given once, never again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub u16);

/// The number of a source within its list. Given once, never again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u16);

/// The number of a generation: one state of what a source holds. Given once in the life of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Generation(pub u32);

/// Whose rows: one generation of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// The list.
    pub list: ListId,
    /// The source in it.
    pub source: SourceId,
    /// The generation of that source.
    pub generation: Generation,
}

/// The column families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Column {
    Entry,
    Owned,
    Detail,
    Text,
    Due,
    Seen,
    Undo,
    Source,
    Commit,
    History,
    Token,
    Meta,
    Request,
    Retest,
    Report,
    Network,
    Audit,
    Outbox,
}

impl Column {
    pub(super) const ALL: [Self; 18] = [
        Self::Entry,
        Self::Owned,
        Self::Detail,
        Self::Text,
        Self::Due,
        Self::Seen,
        Self::Undo,
        Self::Source,
        Self::Commit,
        Self::History,
        Self::Token,
        Self::Meta,
        Self::Request,
        Self::Retest,
        Self::Report,
        Self::Network,
        Self::Audit,
        Self::Outbox,
    ];

    /// Those whose rows may be of persons, and end.
    pub(super) const OF_PERSONS: [Self; 10] = [
        Self::Detail,
        Self::Undo,
        Self::Commit,
        Self::History,
        Self::Request,
        Self::Retest,
        Self::Report,
        Self::Network,
        Self::Audit,
        Self::Outbox,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Owned => "owned",
            Self::Detail => "detail",
            Self::Text => "text",
            Self::Due => "due",
            Self::Seen => "seen",
            Self::Undo => "undo",
            Self::Source => "source",
            Self::Commit => "commit",
            Self::History => "history",
            Self::Token => "token",
            Self::Meta => "meta",
            Self::Request => "request",
            Self::Retest => "retest",
            Self::Report => "report",
            Self::Network => "network",
            Self::Audit => "audit",
            Self::Outbox => "outbox",
        }
    }
}

/// Rows of `meta`. Words, for whoever looks with RocksDB's own tools.
pub(super) mod meta {
    pub const FORMAT: &[u8] = b"format";
    pub const LINEAGE: &[u8] = b"lineage";
    /// Serial (8) and time (4) of the last commit.
    pub const SERIAL: &[u8] = b"serial";
    /// The next generation to give (4).
    pub const GENERATION: &[u8] = b"generation";
    /// The next list to give (2).
    pub const NEXT_LIST: &[u8] = b"next-list";
    /// Only in a backup: see `backup`.
    pub const BACKUP: &[u8] = b"backup";
    /// + name: id (2), next source (2).
    pub const LIST: &[u8] = b"list/";
    /// + origin: serial (8).
    pub const ZONE: &[u8] = b"zone/";
    /// + name: what other rooms keep.
    pub const NOTE: &[u8] = b"note/";
}

const SEPARATOR: u8 = 0;

fn scope_octet(scope: Scope) -> u8 {
    match scope {
        Scope::All => 1,
        Scope::Itself => 2,
        Scope::Below => 3,
    }
}

fn kind_octet(kind: HashKind) -> u8 {
    match kind {
        HashKind::Md5 => 1,
        HashKind::Sha1 => 2,
        HashKind::Sha256 => 3,
    }
}

/// Appends KEY.
pub(super) fn put_key(out: &mut Vec<u8>, key: &Key) {
    out.push(key.family() as u8);
    match key {
        Key::Prefix(prefix) => {
            match prefix.first() {
                IpAddr::V4(address) => out.extend(address.octets()),
                IpAddr::V6(address) => out.extend(address.octets()),
            }
            out.push(prefix.length());
        }
        Key::Name(name) => {
            put_labels(out, name.name());
            out.push(scope_octet(name.scope()));
        }
        Key::Hash(hash) => {
            out.push(kind_octet(hash.kind()));
            out.extend(hash.octets());
        }
    }
}

/// Appends the labels of a bare name from the right: the octets with which all at and below it begins.
pub(super) fn put_labels(out: &mut Vec<u8>, name: &str) {
    for label in name.rsplit('.').filter(|label| !label.is_empty()) {
        out.extend(label.as_bytes());
        out.push(SEPARATOR);
    }
}

/// KEY alone.
pub(super) fn key_octets(key: &Key) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    put_key(&mut out, key);
    out
}

/// How many octets of `row`, which begins with KEY, are KEY.
pub(super) fn key_length(row: &[u8]) -> Option<usize> {
    let length = match *row.first()? {
        1 => 6,
        2 => 18,
        3 => {
            let mut at = 1;
            while *row.get(at)? > 3 {
                at += 1 + row[at..].iter().position(|octet| *octet == SEPARATOR)?;
            }
            at + 1
        }
        4 => match row.get(1)? {
            1 => 18,
            2 => 22,
            3 => 34,
            _ => return None,
        },
        _ => return None,
    };
    (row.len() >= length).then_some(length)
}

/// Reads the KEY that `octets` are; `None` where they are none.
pub(super) fn read_key(octets: &[u8]) -> Option<Key> {
    let (family, rest) = octets.split_first()?;
    match family {
        1 => read_v4(octets).map(|(address, length)| Prefix::v4(address.into(), length).into()),
        2 => {
            let (address, length) = read_v6(octets)?;
            let net = Ipv6Net::new(Ipv6Addr::from(address), length).ok()?;
            Prefix::new(IpNet::V6(net)).ok().map(Key::from)
        }
        3 => read_name(octets).map(Key::from),
        4 => read_hash(octets).map(Key::from).filter(|_| !rest.is_empty()),
        _ => None,
    }
}

/// Address and length of the v4 KEY that `octets` are.
pub(super) fn read_v4(octets: &[u8]) -> Option<(u32, u8)> {
    let [1, a, b, c, d, length] = *octets else { return None };
    let address = u32::from(Ipv4Addr::new(a, b, c, d));
    let host_bits = u32::MAX.checked_shr(u32::from(length)).unwrap_or(0);
    (length <= 32 && address & host_bits == 0).then_some((address, length))
}

/// Address and length of the v6 KEY that `octets` are.
pub(super) fn read_v6(octets: &[u8]) -> Option<(u128, u8)> {
    let (&[2, ref address @ ..], &[length]) = octets.split_at_checked(17)? else { return None };
    let address = u128::from_be_bytes(address.try_into().ok()?);
    let host_bits = u128::MAX.checked_shr(u32::from(length)).unwrap_or(0);
    (length <= 128 && address & host_bits == 0).then_some((address, length))
}

/// The name that the KEY `octets` is.
pub(super) fn read_name(octets: &[u8]) -> Option<ListedName> {
    let [3, labels @ .., SEPARATOR, scope] = octets else { return None };
    let scope = match scope {
        1 => Scope::All,
        2 => Scope::Itself,
        3 => Scope::Below,
        _ => return None,
    };
    let mut name = String::with_capacity(labels.len());
    for label in labels.rsplit(|octet| *octet == SEPARATOR) {
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(std::str::from_utf8(label).ok()?);
    }
    ListedName::new(&name, scope).ok()
}

/// The hash that the KEY `octets` is.
pub(super) fn read_hash(octets: &[u8]) -> Option<MailHash> {
    let [4, kind, hash @ ..] = octets else { return None };
    let kind = match kind {
        1 => HashKind::Md5,
        2 => HashKind::Sha1,
        3 => HashKind::Sha256,
        _ => return None,
    };
    MailHash::from_octets(kind, hash)
}

/// The KEYs strictly wider than `key` that cover it, in the order of the rows.
pub(super) fn wider_keys(key: &Key) -> Vec<Vec<u8>> {
    match key {
        Key::Prefix(prefix) => (0..prefix.length())
            .map(|length| {
                let mut octets = vec![key.family() as u8];
                match prefix.first() {
                    IpAddr::V4(address) => {
                        let mask = !u32::MAX.checked_shr(u32::from(length)).unwrap_or(0);
                        octets.extend((u32::from(address) & mask).to_be_bytes());
                    }
                    IpAddr::V6(address) => {
                        let mask = !u128::MAX.checked_shr(u32::from(length)).unwrap_or(0);
                        octets.extend((u128::from(address) & mask).to_be_bytes());
                    }
                }
                octets.push(length);
                octets
            })
            .collect(),
        Key::Name(name) => wider_names(name),
        Key::Hash(_) => Vec::new(),
    }
}

fn wider_names(name: &ListedName) -> Vec<Vec<u8>> {
    let mut labels = vec![Family::Name as u8];
    let mut found = Vec::new();
    let depth = name.labels_from_right().count();
    for (at, label) in name.labels_from_right().enumerate() {
        labels.extend(label.as_bytes());
        labels.push(SEPARATOR);
        let scopes: &[Scope] = match (at + 1 == depth, name.scope()) {
            (false, _) => &[Scope::All, Scope::Below],
            (true, Scope::All) => &[],
            (true, Scope::Itself | Scope::Below) => &[Scope::All],
        };
        for scope in scopes {
            let mut octets = labels.clone();
            octets.push(scope_octet(*scope));
            found.push(octets);
        }
    }
    found
}

/// A row key under construction.
#[derive(Clone, Default)]
pub(super) struct RowKey(pub Vec<u8>);

impl RowKey {
    pub(super) fn list(list: ListId) -> Self {
        Self::default().u16(list.0)
    }

    pub(super) fn u16(mut self, number: u16) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub(super) fn u32(mut self, number: u32) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub(super) fn u64(mut self, number: u64) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    pub(super) fn octets(mut self, octets: &[u8]) -> Self {
        self.0.extend(octets);
        self
    }

    pub(super) fn key(mut self, key: &Key) -> Self {
        put_key(&mut self.0, key);
        self
    }

    /// The first row key after all that begin with this one; `None` where there is none.
    pub(super) fn end(mut self) -> Option<Vec<u8>> {
        while let Some(last) = self.0.pop() {
            if let Some(next) = last.checked_add(1) {
                self.0.push(next);
                return Some(self.0);
            }
        }
        None
    }
}

/// Octets of `source generation` at the end of a row key of `entry`.
pub(super) const ENTRY_TAIL: usize = 6;

pub(super) fn entry_row(owner: Owner, key: &[u8]) -> Vec<u8> {
    RowKey::list(owner.list).octets(key).octets(&entry_tail(owner)).0
}

pub(super) fn entry_tail(owner: Owner) -> [u8; ENTRY_TAIL] {
    let mut tail = [0; ENTRY_TAIL];
    tail[..2].copy_from_slice(&owner.source.0.to_be_bytes());
    tail[2..].copy_from_slice(&owner.generation.0.to_be_bytes());
    tail
}

/// The beginning of every row of `owned` and `detail` of one generation.
pub(super) fn owner_prefix(owner: Owner) -> RowKey {
    RowKey::list(owner.list).u16(owner.source.0).u32(owner.generation.0)
}

pub(super) fn owned_row(owner: Owner, key: &[u8]) -> Vec<u8> {
    owner_prefix(owner).octets(key).0
}

pub(super) fn due_row(time: Time, list: ListId, key: &[u8], source: SourceId) -> Vec<u8> {
    RowKey::default().u32(time.seconds()).u16(list.0).octets(key).u16(source.0).0
}

pub(super) fn seen_row(list: ListId, seen: Time, key: &[u8], source: SourceId) -> Vec<u8> {
    RowKey::list(list).u32(seen.seconds() / 3600).octets(key).u16(source.0).0
}

pub(super) fn history_row(list: ListId, key: &Key, until: Time, serial: Serial, source: SourceId) -> Vec<u8> {
    RowKey::list(list).key(key).u32(until.seconds()).u64(serial.0).u16(source.0).0
}

pub(super) fn undo_row(list: ListId, source: SourceId, key: Option<&Key>) -> Vec<u8> {
    let row = RowKey::list(list).u16(source.0);
    key.map_or(row.clone(), |key| row.key(key)).0
}

pub(super) fn source_row(list: ListId, source: SourceId) -> Vec<u8> {
    RowKey::list(list).u16(source.0).0
}

/// Splits a row key of `entry`, without its list, into KEY, source and generation.
pub(super) fn split_entry_row(row: &[u8]) -> Option<(&[u8], SourceId, Generation)> {
    let (key, tail) = row.split_at_checked(row.len().checked_sub(ENTRY_TAIL)?)?;
    let source = SourceId(u16::from_be_bytes([tail[0], tail[1]]));
    let generation = Generation(u32::from_be_bytes([tail[2], tail[3], tail[4], tail[5]]));
    Some((key, source, generation))
}

#[cfg(test)]
pub(super) use tests::any_key;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(octets: &[u8]) -> String {
        data_encoding::HEXLOWER.encode(octets)
    }

    fn key(text: &str) -> Key {
        Key::parse_any(text).unwrap()
    }

    #[test]
    fn the_octets_of_every_row_are_fixed() {
        let owner = Owner { list: ListId(0x0102), source: SourceId(0x0304), generation: Generation(0x0506_0708) };
        let (four, name) = (key_octets(&key("192.0.2.0/24")), key_octets(&key("a.org")));
        assert_eq!(hex(&four), "01c000020018");
        assert_eq!(hex(&key_octets(&key("2001:db8::/32"))), "0220010db800000000000000000000000020");
        assert_eq!(hex(&name), "036f726700610001");
        assert_eq!(hex(&key_octets(&key("=org"))), "036f72670002");
        assert_eq!(hex(&key_octets(&key("*.org"))), "036f72670003");
        assert_eq!(hex(&key_octets(&key(&"ab".repeat(20)))), format!("0402{}", "ab".repeat(20)));
        assert_eq!(hex(&entry_row(owner, &four)), "010201c000020018030405060708");
        assert_eq!(hex(&owned_row(owner, &four)), "010203040506070801c000020018");
        let (time, list, source) = (Time::from_seconds(0x1000_0e10), owner.list, owner.source);
        assert_eq!(hex(&due_row(time, list, &four, source)), "10000e10010201c0000200180304");
        assert_eq!(hex(&seen_row(list, time, &four, source)), "01020001234601c0000200180304");
        assert_eq!(
            hex(&history_row(list, &key("192.0.2.0/24"), time, Serial(9), source)),
            "010201c00002001810000e1000000000000000090304"
        );
        assert_eq!(hex(&undo_row(list, source, None)), "01020304");
        assert_eq!(hex(&undo_row(list, source, Some(&key("192.0.2.0/24")))), "0102030401c000020018");
        assert_eq!(hex(&source_row(list, source)), "01020304");
        assert_eq!(
            Column::ALL.map(Column::name).join(" "),
            "entry owned detail text due seen undo source commit history token meta request retest report network audit outbox"
        );
    }

    #[test]
    fn what_is_no_key_is_not_read() {
        for octets in
            [&[][..], &[1], &[1, 192, 0, 2, 1, 24], &[1, 0, 0, 0, 0, 33], &[3, 1], &[3, b'a', 0, 4], &[4, 1], &[9]]
        {
            assert_eq!(read_key(octets), None, "{octets:?}");
            assert!(key_length(octets).is_none_or(|length| length <= octets.len()), "{octets:?}");
        }
    }

    pub(in crate::store) fn any_key() -> impl Strategy<Value = Key> {
        prop_oneof![
            (any::<u32>(), 0u8..=32).prop_map(|(a, l)| Prefix::v4(a.into(), l).into()),
            (any::<u128>(), 0u8..=128).prop_filter_map("no 6to4", |(a, l)| {
                Prefix::new(Ipv6Net::new(Ipv6Addr::from(a), l).unwrap().trunc().into()).ok().map(Key::from)
            }),
            "[*=]?\\.?[ab-]{1,3}(\\.[ab-]{1,2}){0,3}"
                .prop_filter_map("a name", |text| text.parse::<ListedName>().ok().map(Key::from)),
            (0usize..3, any::<[u8; 32]>()).prop_map(|(kind, octets)| {
                let kind = [HashKind::Md5, HashKind::Sha1, HashKind::Sha256][kind];
                MailHash::from_octets(kind, &octets[..kind.octets()]).unwrap().into()
            }),
        ]
    }

    proptest! {
        #[test]
        fn a_key_reads_back_as_what_was_written(key in any_key(), tail in any::<[u8; 6]>()) {
            let mut octets = key_octets(&key);
            prop_assert_eq!(read_key(&octets), Some(key));
            let length = octets.len();
            octets.extend(tail);
            prop_assert_eq!(key_length(&octets), Some(length));
        }

        #[test]
        fn octets_order_keys_as_keys_are_ordered(a in any_key(), b in any_key()) {
            if a.family() == b.family() {
                prop_assert_eq!(key_octets(&a).cmp(&key_octets(&b)), a.cmp(&b));
            }
        }

        #[test]
        fn wider_keys_are_exactly_those_that_cover(a in any_key(), b in any_key()) {
            let wider = wider_keys(&a);
            prop_assert!(wider.is_sorted());
            prop_assert_eq!(wider.contains(&key_octets(&b)), a != b && b.covers(&a));
        }

        #[test]
        fn broken_octets_are_refused_and_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(key) = read_key(&octets) {
                prop_assert_eq!(key_octets(&key), octets);
            }
        }
    }
}
