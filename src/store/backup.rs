//! Backups: a checkpoint of the store that knows itself for one.
//!
//! A checkpoint is made of hard links and is opened once, under its own name, to write a row into its `meta`. The store it was
//! taken from never holds that row, so it can never take itself for a restored one, wherever a backup is cut off; and a
//! checkpoint that does not open is no backup.
//!
//! Guarantees: a finished backup is the store as of one moment and has been opened; what was deleted before is nowhere in its
//! files, where it may be of persons; an unfinished one has no `rocksdb` directory. Writers go on meanwhile.
//! Never: overwrites what is in the directory.

use super::{
    Store,
    open::{OpenError, open_rows, rocksdb_path},
    schema::{Column, meta},
};
use rocksdb::DB;
use std::{fs, io, os::unix::fs::DirBuilderExt as _, path::Path};

/// Why there is no backup.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// Something is there already. Name an empty or a new directory.
    #[error("{0} holds a store already")]
    Taken(String),
    /// The directory cannot be written, or is on another file system and there is no room.
    #[error("the backup cannot be written: {0}")]
    Failed(String),
    /// The store itself is damaged: this copy of it does not open.
    #[error("the copy does not open, so the store is damaged: {0}")]
    Damaged(String),
}

impl From<rocksdb::Error> for BackupError {
    fn from(error: rocksdb::Error) -> Self {
        Self::Failed(error.into_string())
    }
}

impl From<OpenError> for BackupError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Damaged(text) => Self::Damaged(text),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// What was deleted stands in files until they are compacted: those of the copy are, where it may be of persons. The store
/// itself is not touched.
fn forget(copy: &DB) {
    let mut whole = rocksdb::CompactOptions::default();
    whole.set_bottommost_level_compaction(rocksdb::BottommostLevelCompaction::Force);
    for column in Column::OF_PERSONS {
        let column = copy.cf_handle(column.name()).expect("every family is opened with the store");
        copy.compact_range_cf_opt(column, None::<&[u8]>, None::<&[u8]>, &whole);
    }
}

/// In the data directory: where the copy of a backup stands until it is sent, for it consists of hard links.
pub const CHECKPOINT: &str = "backup.unfinished";

impl Store {
    /// Makes `directory` (0700) a data directory that holds the store as it is now.
    pub fn backup(&self, directory: &Path) -> Result<(), BackupError> {
        let failed = |error: io::Error| BackupError::Failed(format!("{}: {error}", directory.display()));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let whole = rocksdb_path(directory);
        let partial = directory.join("rocksdb.partial");
        if whole.exists() {
            return Err(BackupError::Taken(directory.display().to_string()));
        }
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(failed)?;
        }
        let made = self.copy_to(&partial).and_then(|()| {
            fs::rename(&partial, &whole).map_err(failed)?;
            fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
        });
        if made.is_err() {
            // The error that matters is the first one; what is left over is removed by the next backup at the latest.
            let _ = fs::remove_dir_all(&partial);
        }
        made
    }

    fn copy_to(&self, path: &Path) -> Result<(), BackupError> {
        rocksdb::checkpoint::Checkpoint::new(&self.rows)?.create_checkpoint(path)?;
        let copy = open_rows(path, &self.settings, rocksdb::DBRecoveryMode::PointInTime)?;
        let column = copy.cf_handle(Column::Meta.name()).expect("every family is opened with the store");
        let mut options = rocksdb::WriteOptions::default();
        options.set_sync(true);
        copy.put_cf_opt(column, meta::BACKUP, b"1", &options)?;
        forget(&copy);
        copy.cancel_all_background_work(true);
        Ok(())
    }
}
