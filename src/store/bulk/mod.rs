//! Imports of any size: a source's body is sorted on disk, merged with what the source holds, and taken over as files.
//!
//! ```text
//! Bulk::push (any order) ──> Staged ──walk──> figures for the guards; few changes: the caller writes a batch
//!                                  └──write─> Written ──ingest──> rows of a generation not yet in force
//!                                                                 one synced batch puts it in force (the caller's)
//! ```
//! Guarantees: in one body the later line wins, but an exclusion beats a listing; an entry that is confirmed keeps its first
//! and last seen; memory is bounded, and some of the disk is left to the log; what is not ingested leaves nothing behind, not even after a crash (the directory
//! is emptied when the store is opened), and rows that were ingested but never came into force are found by
//! [`super::View::generations`].
//! Never: puts anything in force.

mod files;
mod merge;
mod room;
mod sorter;
#[cfg(test)]
mod tests;

pub use files::Written;
pub use merge::{Figures, Side, Step, Walked};

use self::room::Room;
use super::{ReadError, Store, WriteError, schema, values};
use crate::{
    limits::IMPORT_LOG_OCTETS_MAX,
    list::{Detail, Entry, Key, Mark},
};
use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

/// Why an import cannot go on. Nothing of it is in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BulkError {
    /// What the source holds cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its files cannot be written.
    #[error("the import cannot be written: {0}")]
    Failed(String),
    /// Its files cannot be written, for the disk is full, or what this user may have of it.
    #[error("the import cannot be written, the disk is full: {0}")]
    DiskFull(String),
    /// Writes are off.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<io::Error> for BulkError {
    fn from(error: io::Error) -> Self {
        let text = error.to_string();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(text),
            _ => Self::Failed(text),
        }
    }
}

impl From<rocksdb::Error> for BulkError {
    fn from(error: rocksdb::Error) -> Self {
        let text = error.into_string();
        // RocksDB tells a full disk from other errors by these words alone.
        if text.contains("No space left on device") || text.contains("Disk quota exceeded") {
            Self::DiskFull(text)
        } else {
            Self::Failed(text)
        }
    }
}

/// Which times a line of a body named itself. What it did not name is carried over from what the source holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// When the key was first seen.
    pub first_seen: bool,
    /// When it was last seen.
    pub last_seen: bool,
}

/// One line of a body, after policy.
#[derive(Clone, Copy, Debug)]
pub struct BulkRow<'a> {
    /// Its number: of two lines with the same key the later wins.
    pub line: u64,
    /// The key.
    pub key: &'a Key,
    /// What it says.
    pub entry: &'a Entry,
    /// Which times come from the line.
    pub named: Named,
    /// Reason and evidence.
    pub detail: &'a Detail,
}

/// A directory that goes when its import goes.
pub(super) struct Workplace(PathBuf);

impl Workplace {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // What cannot be removed now is removed when the store is opened.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A body that is coming in.
pub struct Bulk {
    sorter: sorter::Sorter,
    workplace: Workplace,
    room: Room,
    lines: u64,
    octets: u64,
    value: Vec<u8>,
}

/// A body that is there whole, sorted.
pub struct Staged {
    sorted: sorter::Sorted,
    workplace: Workplace,
    room: Room,
    lines: u64,
}

/// Above every line number: an exclusion beats a listing of the same body.
const EXCLUSION_RANK: u64 = 1 << 63;

impl Bulk {
    /// Begins one. The generation is reserved for it: its files have its number.
    pub fn begin(store: &Store, generation: super::Generation) -> Result<Self, BulkError> {
        store.check_writable()?;
        let path = store.imports.join(generation.0.to_string());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        let room = Room::on_disk_of(&path);
        let sorter = sorter::Sorter::new(&path, "run", room.clone());
        Ok(Self { sorter, workplace: Workplace(path), room, lines: 0, octets: 0, value: Vec::new() })
    }

    /// Runs of a few octets, so that a test need not write millions of lines to see several.
    #[cfg(test)]
    fn with_runs_of(self, run_octets: usize) -> Self {
        Self { sorter: self.sorter.with_runs_of(run_octets, 3), ..self }
    }

    /// A disk of which this is told.
    #[cfg(test)]
    fn with_room(self, room: Room) -> Self {
        Self { sorter: self.sorter.with_room(room.clone()), room, ..self }
    }

    /// Takes one line, in any order of keys.
    pub fn push(&mut self, row: &BulkRow<'_>) -> Result<(), BulkError> {
        self.lines += 1;
        self.value.clear();
        self.value.push(u8::from(row.named.first_seen) | u8::from(row.named.last_seen) << 1);
        values::put_entry(&mut self.value, row.entry);
        values::put_detail(&mut self.value, row.detail);
        let rank = row.line | if row.entry.mark == Mark::Excluded { EXCLUSION_RANK } else { 0 };
        let key = schema::key_octets(row.key);
        self.octets += (key.len() + self.value.len()) as u64;
        Ok(self.sorter.push(&key, rank, &self.value)?)
    }

    /// How many lines were taken.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// The body is whole.
    pub fn finish(self) -> Result<Staged, BulkError> {
        let Self { sorter, workplace, room, lines, octets, .. } = self;
        // What changes little goes through the log, as two rows a key, and from there into files.
        room.look(4 * octets.min(IMPORT_LOG_OCTETS_MAX))?;
        Ok(Staged { sorted: sorter.finish()?, workplace, room, lines })
    }
}

impl Staged {
    /// How many lines were taken.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }
}
