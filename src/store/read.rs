//! How rows are read: a [`View`] is the store as of one moment, and so of one serial.
//!
//! Guarantees: what one view shows belongs together, whatever is written meanwhile; only generations that are in force are
//! shown, unless a function says otherwise; a row that this program did not write is an error, never a guess.
//! Never: blocks a writer; holds a whole list in memory.

use super::{
    Store,
    schema::{
        Column, ListId, Owner, RowKey, SourceId, entry_row, key_length, key_octets, meta, owned_row, owner_prefix,
        read_key, seen_row, split_entry_row, undo_row, wider_keys,
    },
    sources::{Catalog, Source},
    values::{Before, Past, damaged, read_before, read_detail, read_entry, read_past},
    write::{Lineage, UndoHead},
};
use crate::{
    limits::{HISTORY_WALKED_MAX, SCAN_READAHEAD_OCTETS},
    list::{Detail, Entry, Key, Serial, Time},
};
use rocksdb::{DB, DBRawIteratorWithThreadMode, ReadOptions, SnapshotWithThreadMode};
use std::{collections::HashMap, sync::Arc};

/// Why rows cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// What is on disk is not what was written. Restore a backup.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The disk does not answer.
    #[error("the store cannot be read: {0}")]
    Failed(String),
}

impl From<rocksdb::Error> for ReadError {
    fn from(error: rocksdb::Error) -> Self {
        match error.kind() {
            rocksdb::ErrorKind::Corruption => Self::Damaged(error.into_string()),
            _ => Self::Failed(error.into_string()),
        }
    }
}

/// One entry in force, with whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The key.
    pub key: Key,
    /// Who says so.
    pub source: Arc<Source>,
    /// What it says.
    pub entry: Entry,
}

/// An entry whose time may have come: a row of `due` or `seen`, to be checked against the entry in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// When it ends, or (to the hour) was last seen.
    pub time: Time,
    /// The list.
    pub list: ListId,
    /// The key.
    pub key: Key,
    /// The source.
    pub source: SourceId,
}

/// The store as of one moment.
pub struct View<'s> {
    store: &'s Store,
    snapshot: SnapshotWithThreadMode<'s, DB>,
    catalog: Arc<Catalog>,
    serial: Serial,
    time: Option<Time>,
}

impl Store {
    /// The store as it is now.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        // Rows and catalog of the same moment: no write stands between.
        let _writing = self.writing.lock().expect("no holder of this lock panics");
        let last = *self.last.lock().expect("no holder of this lock panics");
        let (snapshot, catalog) = (self.rows.snapshot(), self.catalog.load_full());
        View { store: self, snapshot, catalog, serial: last.serial, time: last.time }
    }

    /// The serial of the last commit.
    #[must_use]
    pub fn serial(&self) -> Serial {
        self.last.lock().expect("no holder of this lock panics").serial
    }

    /// When the last commit was made.
    #[must_use]
    pub fn last_commit_time(&self) -> Option<Time> {
        self.last.lock().expect("no holder of this lock panics").time
    }

    /// What the serials belong to.
    #[must_use]
    pub fn lineage(&self) -> Lineage {
        self.last.lock().expect("no holder of this lock panics").lineage
    }

    /// Whether this is a backup that has not yet gone its own way ([`super::Batch::adopt_lineage`]).
    #[must_use]
    pub fn restored(&self) -> bool {
        self.last.lock().expect("no holder of this lock panics").restored
    }

    /// Lists and sources as they are now.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.load_full()
    }
}

/// The key of a row and its value.
pub(super) type Item<'a> = (&'a [u8], &'a [u8]);

/// The rows of one column family in one range, forward.
pub(super) struct Rows<'v> {
    column: Column,
    cursor: DBRawIteratorWithThreadMode<'v, DB>,
    begun: bool,
}

impl Rows<'_> {
    /// The next row.
    pub(super) fn next(&mut self) -> Result<Option<Item<'_>>, ReadError> {
        if self.begun {
            if self.cursor.valid() {
                self.cursor.next();
            }
        } else {
            self.cursor.seek_to_first();
            self.begun = true;
        }
        self.item()
    }

    /// Goes to the first row at or behind `row`.
    pub(super) fn seek(&mut self, row: &[u8]) -> Result<Option<Item<'_>>, ReadError> {
        self.begun = true;
        self.cursor.seek(row);
        self.item()
    }

    /// The row it stands on. The status is looked at only where there is none: an iterator stops at an error.
    pub(super) fn item(&self) -> Result<Option<Item<'_>>, ReadError> {
        if let Some(item) = self.cursor.item() {
            return Ok(Some(item));
        }
        self.cursor.status()?;
        Ok(None)
    }
}

impl View<'_> {
    /// The serial of the last commit in it.
    #[must_use]
    pub const fn serial(&self) -> Serial {
        self.serial
    }

    /// When that commit was made.
    #[must_use]
    pub const fn time(&self) -> Option<Time> {
        self.time
    }

    /// Its lists and sources.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The same moment, as it would be with another row of a source: with another generation in force.
    #[must_use]
    pub fn supposing(mut self, source: &Source, row: super::SourceRow) -> Self {
        let mut catalog = Catalog::clone(&self.catalog);
        catalog.put_source(Source { row, ..source.clone() });
        self.catalog = Arc::new(catalog);
        self
    }

    pub(super) fn range(&self, column: Column, from: Vec<u8>, to: Option<Vec<u8>>) -> Rows<'_> {
        self.range_with(column, from, to, ReadOptions::default())
    }

    /// For walks over much: leaves the block cache to those who look up. RocksDB reads ahead by itself, more as it goes on.
    pub(super) fn long_range(&self, column: Column, from: Vec<u8>, to: Option<Vec<u8>>) -> Rows<'_> {
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        self.range_with(column, from, to, options)
    }

    /// For walks over a whole list: reads far ahead from the first row on.
    pub(super) fn whole_range(&self, column: Column, from: Vec<u8>, to: Option<Vec<u8>>) -> Rows<'_> {
        let mut options = ReadOptions::default();
        options.set_readahead_size(SCAN_READAHEAD_OCTETS);
        options.fill_cache(false);
        self.range_with(column, from, to, options)
    }

    fn range_with(&self, column: Column, from: Vec<u8>, to: Option<Vec<u8>>, mut options: ReadOptions) -> Rows<'_> {
        options.set_iterate_lower_bound(from);
        if let Some(to) = to {
            options.set_iterate_upper_bound(to);
        }
        let cursor = self.snapshot.raw_iterator_cf_opt(self.store.column(column), options);
        Rows { column, cursor, begun: false }
    }

    pub(super) fn get(&self, column: Column, row: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.snapshot.get_cf(self.store.column(column), row)?)
    }

    /// What all sources say at exactly this key, by their number.
    pub fn at(&self, list: ListId, key: &Key) -> Result<Vec<Held>, ReadError> {
        let from = RowKey::list(list).key(key);
        let mut rows = self.range(Column::Entry, from.0.clone(), from.end());
        let mut found = Vec::new();
        while let Some((row, value)) = rows.next()? {
            found.extend(self.held(list, row, value)?);
        }
        Ok(found)
    }

    /// What the keys strictly wider than `key` say that cover it, widest first.
    pub fn covering(&self, list: ListId, key: &Key) -> Result<Vec<Held>, ReadError> {
        let mut found = Vec::new();
        self.at_each(Column::Entry, list, wider_keys(key), &[], |row, value| {
            found.extend(self.held(list, row, value)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// What `key` and the keys that cover it say, widest first.
    pub fn over(&self, list: ListId, key: &Key) -> Result<Vec<Held>, ReadError> {
        let mut found = self.covering(list, key)?;
        found.extend(self.at(list, key)?);
        Ok(found)
    }

    /// Calls `each` for the rows at the `keys`, which are in the order of the rows; at each from `first` on, which is what
    /// follows the key in a row.
    fn at_each(
        &self,
        column: Column,
        list: ListId,
        keys: Vec<Vec<u8>>,
        first: &[u8],
        mut each: impl FnMut(&[u8], &[u8]) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let Some(lowest) = keys.first() else { return Ok(()) };
        let from = RowKey::list(list).octets(lowest).0;
        let mut rows = self.range(column, from, RowKey::list(list).end());
        let mut begun = false;
        for key in keys {
            let wanted = RowKey::list(list).octets(&key).0;
            let from = [&wanted[..], first].concat();
            // The iterator stands on the first row behind the last key sought: where that is behind this key too, there
            // is nothing here, and no seek is needed.
            let mut item = if begun { rows.item()? } else { None };
            if !begun || item.is_some_and(|(row, _)| row < &from[..]) {
                item = rows.seek(&from)?;
                begun = true;
            }
            while let Some((row, value)) = item.filter(|(row, _)| row.starts_with(&wanted)) {
                each(row, value)?;
                item = rows.next()?;
            }
        }
        Ok(())
    }

    /// The entry of a row of `entry`, if its generation is in force.
    fn held(&self, list: ListId, row: &[u8], value: &[u8]) -> Result<Option<Held>, ReadError> {
        let damage = || damaged(Column::Entry, row);
        let (key, source, generation) = row.get(2..).and_then(split_entry_row).ok_or_else(damage)?;
        let Some(source) = self.catalog.source(list, source).filter(|known| known.row.generation == generation) else {
            return Ok(None);
        };
        let key = read_key(key).ok_or_else(damage)?;
        Ok(Some(Held { key, source: Arc::clone(source), entry: read_entry(value).ok_or_else(damage)? }))
    }

    /// What one owner says at a key, in force or not.
    pub fn entry(&self, owner: Owner, key: &Key) -> Result<Option<Entry>, ReadError> {
        let row = entry_row(owner, &key_octets(key));
        let Some(value) = self.get(Column::Entry, &row)? else { return Ok(None) };
        read_entry(&value).map(Some).ok_or_else(|| damaged(Column::Entry, &row))
    }

    /// Reason and evidence of an entry; empty where there is none.
    pub fn detail(&self, owner: Owner, key: &Key) -> Result<Detail, ReadError> {
        let row = owned_row(owner, &key_octets(key));
        let value = self.get(Column::Detail, &row)?.unwrap_or_default();
        read_detail(&value).ok_or_else(|| damaged(Column::Detail, &row))
    }

    /// What is kept at a key by generations that are *not* in force: whose, and what. Until such a generation is dropped,
    /// its rows stand for the history that they will become.
    pub fn left_at(&self, list: ListId, key: &Key) -> Result<Vec<(Owner, Entry)>, ReadError> {
        let from = RowKey::list(list).key(key);
        let mut rows = self.range(Column::Entry, from.0.clone(), from.end());
        let mut found = Vec::new();
        while let Some((row, value)) = rows.next()? {
            let split = row.get(2..).and_then(split_entry_row).zip(read_entry(value));
            let ((_, source, generation), entry) = split.ok_or_else(|| damaged(Column::Entry, row))?;
            let in_force = self.catalog.source(list, source).is_some_and(|s| s.row.generation == generation);
            if !in_force {
                found.push((Owner { list, source, generation }, entry));
            }
        }
        Ok(found)
    }

    /// At most `limit` entries with an end of their own before `before` (that second not included), soonest first.
    pub fn due(&self, before: Time, limit: usize) -> Result<Vec<Hint>, ReadError> {
        let end = RowKey::default().u32(before.seconds()).0;
        let rows = self.range(Column::Due, Vec::new(), Some(end));
        hints(rows, limit, |row| {
            let (time, rest) = row.split_first_chunk::<4>()?;
            let (list, rest) = rest.split_first_chunk::<2>()?;
            Some((Time::from_seconds(u32::from_be_bytes(*time)), ListId(u16::from_be_bytes(*list)), rest))
        })
    }

    /// At most `limit` entries of a list that were posted and last seen in an hour that ended at or before `before`; those
    /// behind `after`, or from the first on.
    pub fn seen_before(
        &self,
        list: ListId,
        after: Option<&Hint>,
        before: Time,
        limit: usize,
    ) -> Result<Vec<Hint>, ReadError> {
        let behind = |hint: &Hint| [seen_row(list, hint.time, &key_octets(&hint.key), hint.source), vec![0]].concat();
        let end = RowKey::list(list).u32(before.seconds() / 3600).0;
        let rows = self.range(Column::Seen, after.map_or_else(|| RowKey::list(list).0, behind), Some(end));
        hints(rows, limit, |row| {
            let (list, rest) = row.split_first_chunk::<2>()?;
            let (hour, rest) = rest.split_first_chunk::<4>()?;
            let time = Time::from_seconds(u32::from_be_bytes(*hour).saturating_mul(3600));
            Some((time, ListId(u16::from_be_bytes(*list)), rest))
        })
    }

    /// What left or changed at this key and at the keys that cover it, at or after `since`; latest first, at most `limit`.
    pub fn history(&self, list: ListId, key: &Key, since: Time, limit: usize) -> Result<Vec<(Key, Past)>, ReadError> {
        let mut keys = wider_keys(key);
        keys.push(key_octets(key));
        let mut found = Vec::new();
        self.at_each(Column::History, list, keys, &since.seconds().to_be_bytes(), |row, value| {
            let damage = || damaged(Column::History, row);
            let at = row.get(2..).and_then(|rest| read_key(&rest[..key_length(rest)?])).ok_or_else(damage)?;
            let past = read_past(value).ok_or_else(damage)?;
            if past.until >= since {
                found.push((at, past));
            }
            Ok(())
        })?;
        found.sort_by_key(|(_, past)| std::cmp::Reverse((past.until, past.serial)));
        found.truncate(limit);
        Ok(found)
    }

    /// What ended first of the source's entries at this key, by a later commit than `serial`, which is of the time `since`.
    /// Rows lie by time, and a clock that was set back makes that another order than that of commits.
    pub fn next_past(&self, owner: Owner, key: &Key, since: Time, serial: Serial) -> Result<Option<Past>, ReadError> {
        let at_key = RowKey::list(owner.list).key(key);
        let then = at_key.clone().u32(since.seconds()).0;
        let mut rows = self.range(Column::History, at_key.0.clone(), at_key.end());
        let mut first: Option<Past> = None;
        let (mut item, mut walked) = (rows.next()?, 0);
        while let Some((row, value)) = item {
            let (source, past) =
                row.last_chunk::<2>().zip(read_past(value)).ok_or_else(|| damaged(Column::History, row))?;
            let ours = SourceId(u16::from_be_bytes(*source)) == owner.source && past.serial > serial;
            if ours && first.as_ref().is_none_or(|first| past.serial < first.serial) {
                first = Some(past);
            }
            walked += 1;
            // Of very many what ended since is found, as long as nobody set the clock back.
            item = match row < &then[..] {
                true if walked == HISTORY_WALKED_MAX => rows.seek(&then)?,
                false if walked >= 2 * HISTORY_WALKED_MAX => None,
                _ => rows.next()?,
            };
        }
        Ok(first)
    }

    /// Rows of `history` that ended before `before`, among the `walked` rows behind `after`; and where to go on, if that
    /// was not the end. History is kept by key, so to prune it is to walk it, a piece at a time.
    pub fn history_before(&self, before: Time, after: Option<Vec<u8>>, walked: usize) -> Result<OldRows, ReadError> {
        let from = after.map(|row| RowKey(row).octets(&[0]).0).unwrap_or_default();
        let mut rows = self.long_range(Column::History, from, None);
        let mut old = OldRows::default();
        for _ in 0..walked {
            let Some((row, value)) = rows.next()? else { return Ok(OldRows { next: None, ..old }) };
            let past = read_past(value).ok_or_else(|| damaged(Column::History, row))?;
            if past.until < before {
                old.rows.push(row.to_vec());
            }
            old.next = Some(row.to_vec());
        }
        Ok(old)
    }

    /// What undo of a source's last body needs, if it is kept.
    pub fn undo(&self, list: ListId, source: SourceId) -> Result<Option<UndoHead>, ReadError> {
        let row = undo_row(list, source, None);
        let Some(value) = self.get(Column::Undo, &row)? else { return Ok(None) };
        serde_json::from_slice(&value).map(Some).map_err(|_| damaged(Column::Undo, &row))
    }

    /// All that undo keeps: of which sources.
    pub fn undos(&self) -> Result<Vec<(ListId, SourceId, UndoHead)>, ReadError> {
        let mut found = Vec::new();
        for (_, list) in self.catalog.lists() {
            for source in self.catalog.sources(list) {
                found.extend(self.undo(list, source.id)?.map(|head| (list, source.id, head)));
            }
        }
        Ok(found)
    }

    /// What the source held at each key that changed since, in the order of the keys; at most 50,000 by one body and as
    /// many as were posted since.
    pub fn undo_keys(&self, list: ListId, source: SourceId) -> Result<Vec<(Key, Before)>, ReadError> {
        let head = undo_row(list, source, None);
        let mut rows = self.range(Column::Undo, head.clone(), RowKey(head).end());
        let mut found = Vec::new();
        while let Some((row, value)) = rows.next()? {
            if row.len() > 4 {
                let read = read_key(&row[4..]).zip(read_before(value));
                found.push(read.ok_or_else(|| damaged(Column::Undo, row))?);
            }
        }
        Ok(found)
    }

    /// Whether undo already knows what the source held at this key.
    pub fn has_undo_key(&self, list: ListId, source: SourceId, key: &Key) -> Result<bool, ReadError> {
        Ok(self.get(Column::Undo, &undo_row(list, source, Some(key)))?.is_some())
    }

    /// The serial of each zone's last change.
    pub fn zone_serials(&self) -> Result<HashMap<Box<str>, Serial>, ReadError> {
        let mut rows = self.range(Column::Meta, meta::ZONE.to_vec(), RowKey(meta::ZONE.to_vec()).end());
        let mut found = HashMap::new();
        while let Some((row, value)) = rows.next()? {
            let origin = std::str::from_utf8(&row[meta::ZONE.len()..]).ok();
            let read = origin.zip(value.try_into().ok().map(u64::from_be_bytes));
            let (origin, serial) = read.ok_or_else(|| damaged(Column::Meta, row))?;
            found.insert(origin.into(), Serial(serial));
        }
        Ok(found)
    }

    /// What another room keeps under a name.
    pub fn note(&self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        self.get(Column::Meta, &[meta::NOTE, name.as_bytes()].concat())
    }

    /// Every generation of a list that has rows, in force or not: found by one seek each.
    pub fn generations(&self, list: ListId) -> Result<Vec<Owner>, ReadError> {
        let from = RowKey::list(list);
        let mut rows = self.range(Column::Owned, from.0.clone(), from.end());
        let mut found = Vec::new();
        let mut item = rows.next()?;
        while let Some((row, _)) = item {
            let head: &[u8; 8] = row.first_chunk().ok_or_else(|| damaged(Column::Owned, row))?;
            let owner = Owner {
                list,
                source: SourceId(u16::from_be_bytes([head[2], head[3]])),
                generation: super::Generation(u32::from_be_bytes([head[4], head[5], head[6], head[7]])),
            };
            found.push(owner);
            let Some(behind) = owner_prefix(owner).end() else { break };
            item = rows.seek(&behind)?;
        }
        Ok(found)
    }

    /// The row that a walk stands on is none of ours.
    pub(super) fn damage(rows: &Rows<'_>) -> ReadError {
        damaged(rows.column, rows.cursor.key().unwrap_or_default())
    }
}

/// A piece of old history, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OldRows {
    /// Rows to delete.
    pub rows: Vec<Vec<u8>>,
    /// The last row walked; `None` at the end.
    pub next: Option<Vec<u8>>,
}

fn hints(
    mut rows: Rows<'_>,
    limit: usize,
    head: impl Fn(&[u8]) -> Option<(Time, ListId, &[u8])>,
) -> Result<Vec<Hint>, ReadError> {
    let column = rows.column;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some((row, _)) = rows.next()?
    {
        let read = || {
            let (time, list, rest) = head(row)?;
            let (key, source) = rest.split_last_chunk::<2>()?;
            Some(Hint { time, list, key: read_key(key)?, source: SourceId(u16::from_be_bytes(*source)) })
        };
        found.push(read().ok_or_else(|| damaged(column, row))?);
    }
    Ok(found)
}
