//! WHERE IT IS KEPT. Every entry, its source, reason, history and journal, in RocksDB. The only room that names it.
//!
//! ```text
//! Batch ──> Store::write ──> Store::sync        one group of commits, one fsync
//! Bulk  ──> Staged ──> Written::ingest          a body of millions: sorted on disk, taken over as files
//! Store::view ──> at, covering, inside, scan    all of one moment, whatever is written meanwhile
//! ```
//! A source's entries belong to a *generation*. An import of many rows is written under a new one and comes into force by one
//! small synced batch ([`Batch::put_source`]); rows of other generations are not seen.
//!
//! Guarantees: what [`Store::sync`] has confirmed survives power loss; a batch is whole or absent; after a failed write no
//! other is tried until the store is opened anew; memory is bounded, whatever is kept.
//! Never: reads a clock, waits for the network, decides what is listed.

mod backup;
mod boot;
mod bulk;
mod cases;
mod commits;
mod entries;
mod generations;
mod open;
mod read;
mod schema;
mod sources;
#[cfg(test)]
mod tests;
mod texts;
mod tokens;
mod values;
mod write;

pub use backup::{BackupError, CHECKPOINT};
pub use bulk::{Bulk, BulkError, BulkRow, Figures, Named, Side, Staged, Step, Walked, Written};
pub use cases::{CaseFamily, CaseItem};
pub use commits::{Act, Changes, CommitHead, CommitRow, Counts, JournalError, JournalWalk, KeyChange, Said};
pub use entries::{Entries, Owned, Scan, Scanned};
pub use generations::Dropped;
pub use open::{OpenError, Settings};
pub use read::{Held, Hint, OldRows, ReadError, View};
pub use schema::{FORMAT, Generation, ListId, Owner, SourceId};
pub use sources::{Catalog, Day, Source, SourceRow};
pub use tokens::{TokenHash, TokenRow};
pub use values::{Before, Past, Why};
pub use write::{Arrival, Batch, Lineage, UndoHead, WriteError};

use arc_swap::ArcSwap;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, OnceLock},
};

/// The store. One process holds it; within it, any thread reads and writes.
pub struct Store {
    rows: rocksdb::DB,
    /// Where imports keep their runs.
    imports: PathBuf,
    settings: Settings,
    catalog: ArcSwap<Catalog>,
    last: Mutex<open::Last>,
    /// At which of RocksDB's sequence numbers a generation left force, while it is there: views of before show it.
    left: Mutex<HashMap<Owner, u64>>,
    /// Held over a write and what it changes in memory, and for a moment when a view begins.
    writing: Mutex<()>,
    /// Set by the first failed write.
    off: OnceLock<String>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.rows.path()).finish_non_exhaustive()
    }
}
