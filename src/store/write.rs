//! How rows are written: a [`Batch`] is gathered, written to the log whole, and made durable by a sync.
//!
//! ```text
//! Batch ──> write (log, not yet on disk) ──┐
//! Batch ──> write ─────────────────────────┼──> sync (one fsync for the group) ──> acknowledged
//! ```
//! Guarantees: a batch is there whole or not at all, batches in the order of their writes; what a sync has confirmed survives
//! power loss. After a failed write or sync every later one is refused until the store is opened anew, because what the
//! disk then holds is not known before it is read again (fsync may report an error once and succeed after it).
//! Never: retries a failed write.

use super::{
    Store,
    commits::{CommitRow, commit_octets},
    schema::{
        Column, Generation, ListId, Owner, RowKey, SourceId, due_row, entry_row, history_row, key_octets, meta,
        owned_row, owner_prefix, seen_row, source_row, undo_row,
    },
    sources::{Catalog, NamedRow, Source, SourceRow},
    tokens::{TokenHash, TokenRow},
    values::{Past, before_octets, entry_octets, past_octets, put_detail},
};
use crate::{
    limits::UNDO_KEPT_SECONDS,
    list::{Detail, Duration, Entry, Key, ListName, Serial, SourceName, Time},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// `RocksDB`'s word for the sequence number of the oldest view; 0 where there is none.
const OLDEST_VIEW: &str = "rocksdb.oldest-snapshot-sequence";

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// This write failed. Whether it is on disk is known only after the store is opened anew.
    #[error("the store failed to write: {0}")]
    Failed(String),
    /// An earlier write failed; this one was not tried.
    #[error("writes are off until a restart, since an earlier one failed: {0}")]
    Off(String),
}

/// Random, drawn when a store is made or restored: serials compare only within one lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lineage(pub u64);

/// How an entry came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// By a POST: it ends by its own last seen, so it gets a row in `seen`.
    Posted,
    /// By a body: it ends with its source.
    Imported,
}

/// What a source held before its last body, and how to get back there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoHead {
    /// When that body came.
    pub time: Time,
    /// The commit of that body.
    pub serial: Serial,
    /// How many keys undo keeps, where it goes key by key.
    #[serde(default)]
    pub rows: u64,
    /// The source's row before it. Where its generation is another than the one in force, that one is put in force again;
    /// where it is the same, the rows of `undo` say what each changed key held.
    pub before: SourceRow,
}

impl UndoHead {
    /// Whether the body can still be undone. A clock that was ahead does not keep the way back open for years.
    #[must_use]
    pub fn is_open(&self, now: Time) -> bool {
        let kept = Duration::from_seconds(UNDO_KEPT_SECONDS);
        now < self.time.plus(kept) && self.time < now.plus(kept)
    }
}

#[derive(Debug)]
enum Op {
    Put(Column, Vec<u8>, Vec<u8>),
    Delete(Column, Vec<u8>),
    DeleteRange(Column, Vec<u8>, Vec<u8>),
}

/// What a batch changes of what is held in memory.
#[derive(Debug)]
enum Effect {
    List(ListName, ListId, u16),
    NoList(ListId),
    Source(Source),
    NoSource(ListId, SourceId),
    Serial(Serial, Time),
    Lineage(Lineage),
    /// The last rows of a generation went.
    Dropped(Owner),
}

/// Changes that are made together or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    ops: Vec<Op>,
    effects: Vec<Effect>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// Appends what `other` does.
    pub fn append(&mut self, mut other: Self) {
        self.ops.append(&mut other.ops);
        self.effects.append(&mut other.effects);
    }

    /// Puts an entry in the place of `before`, which is what the same owner held at that key.
    pub fn put_entry(&mut self, owner: Owner, key: &Key, entry: &Entry, before: Option<&Entry>, arrival: Arrival) {
        let octets = key_octets(key);
        if let Some(before) = before {
            self.delete_hints(owner, &octets, before);
        }
        let value = entry_octets(entry);
        self.put(Column::Entry, entry_row(owner, &octets), value.clone());
        self.put(Column::Owned, owned_row(owner, &octets), value);
        self.put_hints(owner, &octets, entry, arrival);
    }

    /// Puts the rows in `due` and `seen` of an entry that is there.
    pub fn remind(&mut self, owner: Owner, key: &Key, entry: &Entry, arrival: Arrival) {
        self.put_hints(owner, &key_octets(key), entry, arrival);
    }

    fn put_hints(&mut self, owner: Owner, key: &[u8], entry: &Entry, arrival: Arrival) {
        if let Some(expires) = entry.expires {
            self.put(Column::Due, due_row(expires, owner.list, key, owner.source), Vec::new());
        }
        if arrival == Arrival::Posted {
            self.put(Column::Seen, seen_row(owner.list, entry.last_seen, key, owner.source), Vec::new());
        }
    }

    /// Deletes an entry, its detail, and its rows in `due` and `seen`.
    pub fn delete_entry(&mut self, owner: Owner, key: &Key, entry: &Entry) {
        let octets = key_octets(key);
        self.delete_hints(owner, &octets, entry);
        self.delete(Column::Entry, entry_row(owner, &octets));
        self.delete(Column::Owned, owned_row(owner, &octets));
        self.delete(Column::Detail, owned_row(owner, &octets));
    }

    fn delete_hints(&mut self, owner: Owner, key: &[u8], entry: &Entry) {
        if let Some(expires) = entry.expires {
            self.delete(Column::Due, due_row(expires, owner.list, key, owner.source));
        }
        self.delete(Column::Seen, seen_row(owner.list, entry.last_seen, key, owner.source));
    }

    /// Puts the detail of an entry; an empty one takes what was there away.
    pub fn put_detail(&mut self, owner: Owner, key: &Key, detail: &Detail) {
        let row = owned_row(owner, &key_octets(key));
        if detail.is_empty() {
            return self.delete(Column::Detail, row);
        }
        let mut octets = Vec::new();
        put_detail(&mut octets, detail);
        self.put(Column::Detail, row, octets);
    }

    /// Only the `entry` row of an old generation: the rest goes by [`Batch::delete_generation`].
    pub(super) fn delete_entry_row(&mut self, owner: Owner, key: &[u8]) {
        self.delete(Column::Entry, entry_row(owner, key));
    }

    /// The rows of `owned` and `detail` from one key to another, both included. One tombstone for many rows: a delete for
    /// each would cost more than all the rest.
    pub(super) fn delete_owned_range(&mut self, owner: Owner, from: &[u8], to: &[u8]) {
        for column in [Column::Owned, Column::Detail] {
            let behind = RowKey(owned_row(owner, to)).octets(&[0]).0;
            self.ops.push(Op::DeleteRange(column, owned_row(owner, from), behind));
        }
    }

    /// The rows of `owned` and `detail` of a generation, all at once.
    pub(super) fn delete_generation(&mut self, owner: Owner) {
        for column in [Column::Owned, Column::Detail] {
            let prefix = owner_prefix(owner);
            if let Some(end) = prefix.clone().end() {
                self.ops.push(Op::DeleteRange(column, prefix.0, end));
            }
        }
        self.effects.push(Effect::Dropped(owner));
    }

    /// Deletes a hint that no longer agrees with the entry in force.
    pub fn delete_due(&mut self, time: Time, list: ListId, key: &Key, source: SourceId) {
        self.delete(Column::Due, due_row(time, list, &key_octets(key), source));
    }

    /// Deletes a hint that no longer agrees with the entry in force.
    pub fn delete_seen(&mut self, list: ListId, seen: Time, key: &Key, source: SourceId) {
        self.delete(Column::Seen, seen_row(list, seen, &key_octets(key), source));
    }

    /// Puts what is known of a source; its generation is the one in force from here on.
    pub fn put_source(&mut self, source: &Source, row: SourceRow) {
        let source = Source { row, ..source.clone() };
        let value = NamedRow { name: source.name.clone(), row: source.row.clone() };
        let value = serde_json::to_vec(&value).expect("names and numbers are JSON");
        self.put(Column::Source, source_row(source.list, source.id), value);
        self.effects.push(Effect::Source(source));
    }

    /// Forgets a source. Its rows are no longer in force; drop its generations after it.
    pub fn delete_source(&mut self, list: ListId, source: SourceId) {
        self.delete(Column::Source, source_row(list, source));
        self.effects.push(Effect::NoSource(list, source));
    }

    /// Forgets a list, its sources, texts and history. Drop its generations before.
    pub fn delete_list(&mut self, name: &ListName, list: ListId) {
        self.delete(Column::Meta, [meta::LIST, name.as_str().as_bytes()].concat());
        for column in [Column::Source, Column::Text, Column::Seen, Column::Undo, Column::History] {
            let prefix = RowKey::list(list);
            let end = prefix.clone().end().expect("the last list number is never given");
            self.ops.push(Op::DeleteRange(column, prefix.0, end));
        }
        self.effects.push(Effect::NoList(list));
    }

    /// Remembers an entry that leaves, or is no longer so.
    pub fn put_history(&mut self, list: ListId, key: &Key, source: SourceId, past: &Past) {
        self.put(Column::History, history_row(list, key, past.until, past.serial, source), past_octets(past));
    }

    /// Forgets rows of `history` that [`super::View::history_before`] found.
    pub fn delete_history(&mut self, row: Vec<u8>) {
        self.delete(Column::History, row);
    }

    /// Adds the commit to the journal: its serial is the store's from here on.
    pub fn put_commit(&mut self, commit: &CommitRow) {
        self.put(Column::Commit, RowKey::default().u64(commit.serial.0).0, commit_octets(commit));
        let last = RowKey::default().u64(commit.serial.0).u32(commit.time.seconds()).0;
        self.put(Column::Meta, meta::SERIAL.to_vec(), last);
        self.effects.push(Effect::Serial(commit.serial, commit.time));
    }

    /// Takes a commit out of the journal.
    pub fn delete_commit(&mut self, serial: Serial) {
        self.delete(Column::Commit, RowKey::default().u64(serial.0).0);
    }

    /// Begins what undo needs: what the source held before the body of this commit. Takes the former away.
    pub fn put_undo(&mut self, source: &Source, head: &UndoHead) {
        self.delete_undo(source.list, source.id);
        self.extend_undo(source, head);
    }

    /// The same way back, with more keys.
    pub fn extend_undo(&mut self, source: &Source, head: &UndoHead) {
        let head = serde_json::to_vec(head).expect("numbers are JSON");
        self.put(Column::Undo, undo_row(source.list, source.id, None), head);
    }

    /// What the source held at `key`, where undo goes key by key.
    pub fn put_undo_key(&mut self, list: ListId, source: SourceId, key: &Key, before: Option<(&Entry, &Detail)>) {
        self.put(Column::Undo, undo_row(list, source, Some(key)), before_octets(before));
    }

    /// Forgets what undo needs.
    pub fn delete_undo(&mut self, list: ListId, source: SourceId) {
        let prefix = undo_row(list, source, None);
        if let Some(end) = RowKey(prefix.clone()).end() {
            self.ops.push(Op::DeleteRange(Column::Undo, prefix, end));
        }
    }

    /// The serial of the last commit that changed what a zone serves.
    pub fn put_zone_serial(&mut self, origin: &str, serial: Serial) {
        self.put(Column::Meta, [meta::ZONE, origin.as_bytes()].concat(), serial.0.to_be_bytes().to_vec());
    }

    /// What another room keeps under a name of its own.
    pub fn put_note(&mut self, name: &str, value: &[u8]) {
        self.put(Column::Meta, [meta::NOTE, name.as_bytes()].concat(), value.to_vec());
    }

    /// Forgets a note.
    pub fn delete_note(&mut self, name: &str) {
        self.delete(Column::Meta, [meta::NOTE, name.as_bytes()].concat());
    }

    /// Adds a token.
    pub fn put_token(&mut self, hash: TokenHash, token: &TokenRow) {
        let value = serde_json::to_vec(token).expect("texts and numbers are JSON");
        self.put(Column::Token, hash.0.to_vec(), value);
    }

    /// Takes a token away.
    pub fn delete_token(&mut self, hash: TokenHash) {
        self.delete(Column::Token, hash.0.to_vec());
    }

    /// A restored store goes its own way from here on: it is no backup any more.
    pub fn adopt_lineage(&mut self, lineage: Lineage) {
        self.put(Column::Meta, meta::LINEAGE.to_vec(), lineage.0.to_be_bytes().to_vec());
        self.delete(Column::Meta, meta::BACKUP.to_vec());
        self.effects.push(Effect::Lineage(lineage));
    }

    pub(super) fn put_list(&mut self, name: &ListName, id: ListId, next_source: u16) {
        let value = RowKey::list(id).u16(next_source).0;
        self.put(Column::Meta, [meta::LIST, name.as_str().as_bytes()].concat(), value);
        self.effects.push(Effect::List(name.clone(), id, next_source));
    }

    pub(super) fn put(&mut self, column: Column, row: Vec<u8>, value: Vec<u8>) {
        self.ops.push(Op::Put(column, row, value));
    }

    pub(super) fn delete(&mut self, column: Column, row: Vec<u8>) {
        self.ops.push(Op::Delete(column, row));
    }
}

impl Lineage {
    /// A new one.
    #[must_use]
    pub fn draw() -> Self {
        let mut octets = [0; 8];
        getrandom::fill(&mut octets).expect("Linux gives random octets to every process");
        Self(u64::from_be_bytes(octets))
    }
}

impl std::fmt::Display for Lineage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl std::str::FromStr for Lineage {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl Store {
    /// Writes the batch to the log. Readers see it; only after [`Store::sync`] does it survive power loss.
    pub fn write(&self, batch: Batch) -> Result<(), WriteError> {
        let dropped = batch.effects.iter().filter_map(|effect| match effect {
            Effect::Dropped(owner) => Some(*owner),
            _ => None,
        });
        let dropped: Vec<Owner> = dropped.collect();
        let writing = self.writing.lock().expect("no holder of this lock panics");
        self.write_locked(batch, &writing)?;
        // Readers take this lock for a moment: it is not held over an fsync.
        drop(writing);
        for owner in dropped {
            self.forget_files(owner);
        }
        Ok(())
    }

    /// Makes durable what was written.
    pub fn sync(&self) -> Result<(), WriteError> {
        self.check_writable()?;
        self.rows.flush_wal(true).map_err(|error| self.turn_off(error))
    }

    /// The reason, once a write has failed.
    #[must_use]
    pub fn writes_off(&self) -> Option<String> {
        self.off.get().cloned()
    }

    /// The number of the list; gives it one where it has none. Durable with the next sync.
    pub fn create_list(&self, name: &ListName) -> Result<ListId, WriteError> {
        let writing = self.writing.lock().expect("no holder of this lock panics");
        if let Some(id) = self.catalog.load().list_id(name) {
            return Ok(id);
        }
        let next = self.next_number(meta::NEXT_LIST)?;
        let free = u16::try_from(next).ok().filter(|id| *id < u16::MAX);
        let id = ListId(free.ok_or_else(|| WriteError::Failed("65,535 lists were made".into()))?);
        let mut batch = Batch::new();
        batch.put_list(name, id, 0);
        batch.put(Column::Meta, meta::NEXT_LIST.to_vec(), (next + 1).to_be_bytes().to_vec());
        self.write_locked(batch, &writing)?;
        Ok(id)
    }

    /// As if the list had given so many numbers to sources.
    #[cfg(test)]
    pub fn as_if_sources(&self, list: ListId, number: u16) -> Result<(), WriteError> {
        let mut batch = Batch::new();
        batch.put_list(self.catalog.load().list_name(list).expect("a list of the test"), list, number);
        self.write(batch)
    }

    /// The source of that name; makes it, with an empty generation, where it is new. Durable with the next sync.
    pub fn create_source(&self, list: ListId, name: &SourceName) -> Result<Arc<Source>, WriteError> {
        if let Some(source) = self.catalog.load().source_named(list, name) {
            return Ok(Arc::clone(source));
        }
        let generation = self.reserve_generation()?;
        let writing = self.writing.lock().expect("no holder of this lock panics");
        let catalog = self.catalog.load_full();
        if let Some(source) = catalog.source_named(list, name) {
            return Ok(Arc::clone(source));
        }
        let unknown = || WriteError::Failed("no such list".into());
        let list_name = catalog.list_name(list).ok_or_else(unknown)?;
        let next = catalog.next_source(list).ok_or_else(unknown)?;
        let after = next.checked_add(1).ok_or_else(|| WriteError::Failed("65,535 sources of one list".into()))?;
        let row = SourceRow { generation, ..SourceRow::default() };
        let source = Source { list, id: SourceId(next), name: name.clone(), row: row.clone() };
        let mut batch = Batch::new();
        batch.put_list(list_name, list, after);
        batch.put_source(&source, row);
        self.write_locked(batch, &writing)?;
        Ok(Arc::new(source))
    }

    /// A generation that was never used. Synced before it is returned: rows written under it and left behind by a crash
    /// can so never be taken for those of a later import.
    pub fn reserve_generation(&self) -> Result<Generation, WriteError> {
        let writing = self.writing.lock().expect("no holder of this lock panics");
        let next = self.next_number(meta::GENERATION)?.max(1);
        let mut batch = Batch::new();
        batch.put(Column::Meta, meta::GENERATION.to_vec(), (next + 1).to_be_bytes().to_vec());
        self.write_locked(batch, &writing)?;
        // Readers take this lock for a moment: it is not held over an fsync.
        drop(writing);
        self.sync()?;
        Ok(Generation(next))
    }

    fn next_number(&self, row: &[u8]) -> Result<u32, WriteError> {
        let read = self.rows.get_cf(self.column(Column::Meta), row);
        let octets = read.map_err(|error| WriteError::Failed(error.into_string()))?;
        octets.map_or(Ok(0), |octets| {
            let number = octets.try_into().map(u32::from_be_bytes);
            number.map_err(|_| WriteError::Failed("a counter in `meta` is damaged".into()))
        })
    }

    pub(super) fn check_writable(&self) -> Result<(), WriteError> {
        self.off.get().map_or(Ok(()), |reason| Err(WriteError::Off(reason.clone())))
    }

    fn turn_off(&self, error: rocksdb::Error) -> WriteError {
        let reason = error.into_string();
        // The first reason stays: what follows it is mostly its consequence.
        let _ = self.off.set(reason.clone());
        WriteError::Failed(reason)
    }

    fn write_locked(&self, batch: Batch, _writing: &std::sync::MutexGuard<'_, ()>) -> Result<(), WriteError> {
        self.check_writable()?;
        let mut rows = rocksdb::WriteBatch::default();
        for op in &batch.ops {
            match op {
                Op::Put(column, row, value) => rows.put_cf(self.column(*column), row, value),
                Op::Delete(column, row) => rows.delete_cf(self.column(*column), row),
                Op::DeleteRange(column, from, to) => rows.delete_range_cf(self.column(*column), from, to),
            }
        }
        self.rows.write_opt(rows, &rocksdb::WriteOptions::default()).map_err(|error| self.turn_off(error))?;
        self.apply(batch.effects);
        Ok(())
    }

    /// Files that hold nothing but a dropped generation go at once, where no compaction has them in hand. Only what is synced may
    /// go so: were the batch lost and the files not, rows of `entry` would stay that nothing leads to any more. And only what
    /// no view shows any more: files go from under it, other than deleted rows.
    fn forget_files(&self, owner: Owner) {
        let left = self.left.lock().expect("no holder of this lock panics").remove(&owner);
        let oldest = self.rows.property_int_value(OLDEST_VIEW).ok().flatten().filter(|sequence| *sequence > 0);
        if let (Some(left), Some(oldest)) = (left, oldest)
            && oldest < left
        {
            return;
        }
        let Some(end) = owner_prefix(owner).end().filter(|_| self.sync().is_ok()) else { return };
        for column in [Column::Owned, Column::Detail] {
            // An error leaves files that compaction finds empty: their rows are deleted either way.
            let _ = self.rows.delete_file_in_range_cf(self.column(column), &owner_prefix(owner).0, &end);
        }
    }

    /// Notes that what a source had until now has left force, unless it is what it has `next`.
    fn note_left(&self, catalog: &Catalog, list: ListId, source: SourceId, next: Option<Owner>) {
        let former = catalog.source(list, source).map(|former| former.owner());
        if let Some(former) = former.filter(|former| Some(*former) != next) {
            let now = self.rows.latest_sequence_number();
            self.left.lock().expect("no holder of this lock panics").insert(former, now);
        }
    }

    fn apply(&self, effects: Vec<Effect>) {
        if effects.is_empty() {
            return;
        }
        let mut catalog = Catalog::clone(&self.catalog.load());
        let mut latest = *self.last.lock().expect("no holder of this lock panics");
        for effect in effects {
            match effect {
                Effect::List(name, id, next) => catalog.put_list(&name, id, next),
                Effect::NoList(id) => {
                    let sources: Vec<SourceId> = catalog.sources(id).map(|source| source.id).collect();
                    for source in sources {
                        self.note_left(&catalog, id, source, None);
                    }
                    catalog.remove_list(id);
                }
                Effect::Source(source) => {
                    self.note_left(&catalog, source.list, source.id, Some(source.owner()));
                    catalog.put_source(source);
                }
                Effect::NoSource(list, source) => {
                    self.note_left(&catalog, list, source, None);
                    catalog.remove_source(list, source);
                }
                Effect::Serial(serial, time) => (latest.serial, latest.time) = (serial, Some(time)),
                Effect::Lineage(lineage) => (latest.lineage, latest.restored) = (lineage, false),
                // Its files go after this, without the lock.
                Effect::Dropped(_) => {}
            }
        }
        self.catalog.store(Arc::new(catalog));
        *self.last.lock().expect("no holder of this lock panics") = latest;
    }
}
