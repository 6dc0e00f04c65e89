//! The files of an import: rows written as RocksDB keeps them, then taken over without passing through its log.
//!
//! Guarantees: at most one file for each of four families; `owned` goes in first, so that whatever is cut off is found by it.
//! Never: blocks writers for longer than a flush of what overlaps.

use super::{BulkError, Staged, Step, Walked, Workplace, merge::merge, room::Room, sorter::Sorter};
use crate::store::{
    Store,
    open::family_options,
    read::View,
    schema::{Column, Owner, RowKey, due_row, entry_tail, owner_prefix},
    values::put_entry,
};
use rocksdb::{Cache, IngestExternalFileOptions, Options, SstFileWriter};
use std::{fs, ops::ControlFlow, path::PathBuf};

/// Attempts to take a file over beside the writers; then they wait for one flush.
const INGEST_ATTEMPTS: usize = 3;

/// A body written as files, not yet taken over.
pub struct Written {
    workplace: Workplace,
    pub(super) room: Room,
    files: Vec<(Column, PathBuf)>,
    walked: Walked,
}

/// One file under construction; made when its first row comes, for a file without rows is an error.
struct Writer<'o> {
    column: Column,
    path: PathBuf,
    options: &'o Options,
    file: Option<SstFileWriter<'o>>,
}

impl<'o> Writer<'o> {
    fn new(column: Column, workplace: &Workplace, options: &'o Options) -> Self {
        Self { column, path: workplace.path().join(format!("{}.sst", column.name())), options, file: None }
    }

    fn put(&mut self, row: &[u8], value: &[u8]) -> Result<(), BulkError> {
        if self.file.is_none() {
            let file = SstFileWriter::create(self.options);
            file.open(&self.path)?;
            self.file = Some(file);
        }
        Ok(self.file.as_mut().map_or(Ok(()), |file| file.put(row, value))?)
    }

    fn finish(mut self, files: &mut Vec<(Column, PathBuf)>) -> Result<(), BulkError> {
        if let Some(mut file) = self.file.take() {
            file.finish()?;
            files.push((self.column, self.path));
        }
        Ok(())
    }
}

impl Staged {
    /// Writes the files of `owner`, merged with what `holder` (the same source's generation in force) holds. `each` sees
    /// every key. `None`: it was to stop, and nothing of it is left.
    pub fn write(
        self,
        store: &Store,
        view: &View<'_>,
        (holder, owner): (Owner, Owner),
        each: &mut dyn FnMut(&Step<'_>),
        stops: &dyn Fn() -> bool,
    ) -> Result<Option<Written>, BulkError> {
        // The cache is not used by a writer; the table options want one.
        let options = family_options(&store.settings, &Cache::new_lru_cache(0));
        let writer = |column| Writer::new(column, &self.workplace, &options);
        let (mut holdings, mut details) = (writer(Column::Owned), writer(Column::Detail));
        let (mut entries, mut due) = (writer(Column::Entry), writer(Column::Due));
        let mut room = self.room;
        let mut ends = Sorter::new(self.workplace.path(), "due", room.clone());
        // One buffer for each kind of row: millions of rows are written.
        let (mut owned_at, mut entry_at) = (owner_prefix(owner).0, RowKey::list(owner.list).0);
        let (owned_head, entry_head) = (owned_at.len(), entry_at.len());
        let mut value = Vec::new();
        let walked = merge(&self.sorted, view, holder, &mut |step| {
            if stops() {
                return Ok(ControlFlow::Break(()));
            }
            each(step);
            if let Some(after) = &step.after {
                let key = step.key_octets();
                value.clear();
                put_entry(&mut value, after.entry);
                // Rows that share their beginnings shrink in the files: this looks at the disk rather too often.
                room.take(2 * (owned_at.len() + value.len()) + after.detail_octets().len())?;
                owned_at.truncate(owned_head);
                owned_at.extend(key);
                holdings.put(&owned_at, &value)?;
                entry_at.truncate(entry_head);
                entry_at.extend(key);
                entry_at.extend(entry_tail(owner));
                entries.put(&entry_at, &value)?;
                if !after.detail_octets().is_empty() {
                    details.put(&owned_at, after.detail_octets())?;
                }
                if let Some(time) = after.entry.expires {
                    ends.push(&due_row(time, owner.list, key, owner.source), 0, &[])?;
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let ends = ends.finish()?;
        let mut records = ends.records()?;
        while !stops()
            && let Some(record) = records.next()?
        {
            due.put(record.key, &[])?;
        }
        let mut files = Vec::new();
        for writer in [holdings, details, due, entries] {
            if stops() {
                return Ok(None);
            }
            writer.finish(&mut files)?;
        }
        Ok(Some(Written { workplace: self.workplace, room, files, walked }))
    }
}

impl Written {
    /// What the merge saw.
    #[must_use]
    pub const fn walked(&self) -> &Walked {
        &self.walked
    }

    /// Takes the files over. The rows are there, durable, and not in force.
    pub fn ingest(self, store: &Store) -> Result<Walked, BulkError> {
        store.check_writable()?;
        // They are put in order beside, which writes them once more before the old ones go.
        let mut octets = 0;
        for (_, path) in &self.files {
            octets += fs::metadata(path)?.len();
        }
        self.room.look(octets)?;
        for (column, path) in &self.files {
            store.ingest(*column, path)?;
        }
        drop(self.workplace);
        Ok(self.walked)
    }
}

impl Store {
    fn ingest(&self, column: Column, path: &PathBuf) -> Result<(), BulkError> {
        let mut options = IngestExternalFileOptions::default();
        options.set_move_files(true);
        // With it RocksDB would flush while writers wait. Flushed before, there is mostly nothing to flush.
        options.set_allow_blocking_flush(false);
        let family = self.column(column);
        for _ in 0..INGEST_ATTEMPTS {
            self.rows.flush_cf(family)?;
            match self.rows.ingest_external_file_cf_opts(family, &options, vec![path]) {
                Ok(()) => return Ok(()),
                // A row that came since the flush overlaps with the file.
                Err(error) if error.kind() == rocksdb::ErrorKind::InvalidArgument => {}
                Err(error) => return Err(error.into()),
            }
        }
        let _writing = self.writing.lock().expect("no holder of this lock panics");
        self.rows.flush_cf(family)?;
        Ok(self.rows.ingest_external_file_cf_opts(family, &options, vec![path])?)
    }
}
