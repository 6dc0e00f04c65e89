//! Walks over entries: ordered, streaming, a few blocks in memory.
//!
//! Guarantees: rows come in the order of their keys, at one key by the number of the source; only generations in force.
//! Never: gathers what it walks; fills the block cache.

use super::{
    ReadError,
    read::{Held, Rows, View},
    schema::{
        Column, ListId, Owner, RowKey, SourceId, owner_prefix, put_labels, read_hash, read_key, read_name, read_v4,
        read_v6, split_entry_row,
    },
    sources::Source,
    values::{damaged, read_entry},
};
use crate::list::{Entry, Family, Key, ListedName, MailHash, Prefix, Scope};
use std::{net::IpAddr, sync::Arc};

/// How much a walk is going to read.
#[derive(Clone, Copy)]
enum Walk {
    /// A few blocks, likely to be asked for again.
    Near,
    /// Perhaps much.
    Far,
    /// A whole list.
    Whole,
}

impl Walk {
    const fn of(wide: bool) -> Self {
        if wide { Self::Whole } else { Self::Near }
    }
}

/// One row of a walk for the snapshot: the key in the form that the snapshot takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned<K> {
    /// The key.
    pub key: K,
    /// The source; its name stands in the catalog.
    pub source: SourceId,
    /// What it says.
    pub entry: Entry,
}

/// A walk over the entries of one list and family. Ends after its first error.
pub struct Scan<'v, K> {
    rows: Rows<'v>,
    sources: &'v [Option<Arc<Source>>],
    read: fn(&[u8]) -> Option<K>,
    ended: bool,
}

impl<K> Iterator for Scan<'_, K> {
    type Item = Result<Scanned<K>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let item = match self.rows.next() {
                Ok(Some(item)) => item,
                Ok(None) => break,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            };
            match scanned(item, self.sources, self.read) {
                Ok(None) => {}
                Ok(Some(scanned)) => return Some(Ok(scanned)),
                Err(NotOurs) => {
                    self.ended = true;
                    return Some(Err(View::damage(&self.rows)));
                }
            }
        }
        self.ended = true;
        None
    }
}

/// A row that this program did not write.
struct NotOurs;

/// `None` for a row of a generation that is not in force.
fn scanned<K>(
    (row, value): (&[u8], &[u8]),
    sources: &[Option<Arc<Source>>],
    read: fn(&[u8]) -> Option<K>,
) -> Result<Option<Scanned<K>>, NotOurs> {
    let (key, source, generation) = row.get(2..).and_then(split_entry_row).ok_or(NotOurs)?;
    let known = sources.get(usize::from(source.0)).and_then(Option::as_ref);
    if known.is_none_or(|known| known.row.generation != generation) {
        return Ok(None);
    }
    let (key, entry) = read(key).zip(read_entry(value)).ok_or(NotOurs)?;
    Ok(Some(Scanned { key, source, entry }))
}

/// A walk over entries of one list, as [`Held`]. Ends after its first error.
pub struct Entries<'v> {
    scan: Scan<'v, Key>,
    inside: Option<Key>,
}

impl Iterator for Entries<'_> {
    type Item = Result<Held, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let scanned = match self.scan.next()? {
                Ok(scanned) => scanned,
                Err(error) => return Some(Err(error)),
            };
            // A range of names holds a little more than what lies inside: `org` stands between `*.org` and its sub-tree.
            if self.inside.as_ref().is_some_and(|inside| !inside.covers(&scanned.key)) {
                continue;
            }
            let source = self.scan.sources[usize::from(scanned.source.0)].as_ref();
            let source = Arc::clone(source.expect("the walk shows only rows of known sources"));
            return Some(Ok(Held { key: scanned.key, source, entry: scanned.entry }));
        }
    }
}

/// What one owner holds, in order. Ends after its first error.
pub struct Owned<'v> {
    rows: Rows<'v>,
    ended: bool,
}

impl Iterator for Owned<'_> {
    type Item = Result<(Key, Entry), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.rows.next().and_then(|item| {
            item.map(|(row, value)| {
                let key = row.get(8..).and_then(read_key);
                key.zip(read_entry(value)).ok_or_else(|| damaged(Column::Owned, row))
            })
            .transpose()
        });
        self.ended = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

/// The last row, in rows of this beginning, of a prefix that lies inside another.
fn last_of(beginning: RowKey, outer: Prefix) -> RowKey {
    match (outer.first(), outer.net().broadcast()) {
        (IpAddr::V4(_), IpAddr::V4(highest)) => beginning.octets(&highest.octets()),
        (_, IpAddr::V6(highest)) => beginning.octets(&highest.octets()),
        (IpAddr::V6(_), IpAddr::V4(_)) => unreachable!("a network and its last address are of one family"),
    }
}

impl View<'_> {
    /// Entries of v4 prefixes whose lowest address is from `from` to `to`.
    #[must_use]
    pub fn scan_v4(&self, list: ListId, from: u32, to: u32) -> Scan<'_, (u32, u8)> {
        let row = |address: u32| RowKey::list(list).octets(&[Family::V4 as u8]).u32(address);
        let walk = Walk::of(to.saturating_sub(from) >= 1 << 20);
        self.scan(walk, list, row(from).0, row(to).end(), read_v4)
    }

    /// Entries of v6 prefixes whose lowest address is from `from` to `to`.
    #[must_use]
    pub fn scan_v6(&self, list: ListId, from: u128, to: u128) -> Scan<'_, (u128, u8)> {
        let row = |address: u128| RowKey::list(list).octets(&[Family::V6 as u8]).octets(&address.to_be_bytes());
        let walk = Walk::of(to.saturating_sub(from) >= 1 << 112);
        self.scan(walk, list, row(from).0, row(to).end(), read_v6)
    }

    /// Entries of names at and below the bare name `under`, whatever their scope; all names for an empty one.
    #[must_use]
    pub fn scan_names(&self, list: ListId, under: &str) -> Scan<'_, ListedName> {
        let mut row = RowKey::list(list).octets(&[Family::Name as u8]);
        put_labels(&mut row.0, under);
        self.scan(Walk::of(under.is_empty()), list, row.0.clone(), row.end(), read_name)
    }

    /// Entries of hashes.
    #[must_use]
    pub fn scan_hashes(&self, list: ListId) -> Scan<'_, MailHash> {
        let row = RowKey::list(list).octets(&[Family::Hash as u8]);
        self.scan(Walk::Whole, list, row.0.clone(), row.end(), read_hash)
    }

    fn scan<K>(
        &self,
        walk: Walk,
        list: ListId,
        from: Vec<u8>,
        to: Option<Vec<u8>>,
        read: fn(&[u8]) -> Option<K>,
    ) -> Scan<'_, K> {
        let rows = match walk {
            Walk::Near => self.range(Column::Entry, from, to),
            Walk::Far => self.long_range(Column::Entry, from, to),
            Walk::Whole => self.whole_range(Column::Entry, from, to),
        };
        Scan { rows, sources: self.catalog().by_number(list), read, ended: false }
    }

    /// All entries of a list.
    #[must_use]
    pub fn entries(&self, list: ListId) -> Entries<'_> {
        let row = RowKey::list(list);
        Entries { scan: self.scan(Walk::Far, list, row.0.clone(), row.end(), read_key), inside: None }
    }

    /// Entries at `key` and at all keys inside it.
    #[must_use]
    pub fn inside(&self, list: ListId, key: &Key) -> Entries<'_> {
        self.inside_from(list, key, None)
    }

    /// The same, going on behind the key `after`.
    #[must_use]
    pub fn inside_after(&self, list: ListId, key: &Key, after: &Key) -> Entries<'_> {
        self.inside_from(list, key, Some(after))
    }

    /// All entries of a list behind the key `after`.
    #[must_use]
    pub fn entries_after(&self, list: ListId, after: &Key) -> Entries<'_> {
        let from = RowKey::list(list).key(after).end().expect("a key has octets below 255");
        Entries { scan: self.scan(Walk::Far, list, from, RowKey::list(list).end(), read_key), inside: None }
    }

    fn inside_from(&self, list: ListId, key: &Key, after: Option<&Key>) -> Entries<'_> {
        let from = match after.filter(|after| *after >= key) {
            None => RowKey::list(list).key(key).0,
            Some(after) => RowKey::list(list).key(after).end().expect("a key has octets below 255"),
        };
        let family = RowKey::list(list).octets(&[key.family() as u8]);
        let to = match key {
            Key::Prefix(prefix) => last_of(family, *prefix),
            Key::Name(name) if name.scope() == Scope::Itself => RowKey::list(list).key(key),
            Key::Name(name) => {
                let mut to = family;
                put_labels(&mut to.0, name.name());
                to
            }
            Key::Hash(_) => RowKey::list(list).key(key),
        };
        Entries { scan: self.scan(Walk::Near, list, from, to.end(), read_key), inside: Some(key.clone()) }
    }

    /// What one owner holds, in force or not.
    #[must_use]
    pub fn owned(&self, owner: Owner) -> Owned<'_> {
        let prefix = owner_prefix(owner);
        Owned { rows: self.long_range(Column::Owned, prefix.0.clone(), prefix.end()), ended: false }
    }

    /// The same, going on behind the key `after`.
    #[must_use]
    pub fn owned_after(&self, owner: Owner, after: &Key) -> Owned<'_> {
        let (prefix, row) = (owner_prefix(owner), owner_prefix(owner).key(after));
        let from = RowKey(row.0).octets(&[0]).0;
        Owned { rows: self.long_range(Column::Owned, from, prefix.end()), ended: false }
    }

    /// What one owner holds at a prefix and inside it.
    #[must_use]
    pub fn owned_inside(&self, owner: Owner, prefix: Prefix) -> Owned<'_> {
        let key = Key::Prefix(prefix);
        let to = last_of(owner_prefix(owner).octets(&[key.family() as u8]), prefix);
        Owned { rows: self.range(Column::Owned, owner_prefix(owner).key(&key).0, to.end()), ended: false }
    }

    /// The same, going on behind a prefix inside it and all that lies inside that one.
    #[must_use]
    pub fn owned_inside_behind(&self, owner: Owner, prefix: Prefix, passed: Prefix) -> Owned<'_> {
        let beginning = owner_prefix(owner).octets(&[Key::Prefix(prefix).family() as u8]);
        let from = last_of(beginning.clone(), passed).end().expect("a list's number has octets below 255");
        Owned { rows: self.range(Column::Owned, from, last_of(beginning, prefix).end()), ended: false }
    }

    /// Whether a list has no entry in force.
    pub fn is_empty(&self, list: ListId) -> Result<bool, ReadError> {
        self.entries(list).next().transpose().map(|first| first.is_none())
    }
}
