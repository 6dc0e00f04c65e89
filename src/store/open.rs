//! How the store is opened: its directory, RocksDB's bounds, and what is refused.
//!
//! ```text
//! data_dir/           0700
//!   rocksdb/          the rows, LOCK
//!   import/           runs and files of imports under way; emptied at open
//!   boot              `boot`
//! ```
//! Guarantees: memory and open files of RocksDB are bounded for the whole database; a directory held by another process, a
//! newer store and a damaged one are told apart, each with a sentence that says what it is. A log whose end was torn by a
//! power cut opens: what was synced before the tear is there. Without a power cut a hole in it is damage.
//! Never: repairs; makes a new store over the remains of another.

use super::{
    Store, boot,
    schema::{Column, FORMAT, ListId, SourceId, meta},
    sources::{Catalog, NamedRow, Source},
    values::Octets,
    write::{Batch, Lineage, WriteError},
};
use crate::{
    limits::{
        STORE_BLOCK_CACHE_OCTETS, STORE_FILE_OCTETS, STORE_JOBS, STORE_LOG_OCTETS, STORE_MEMTABLE_OCTETS,
        STORE_OPEN_FILES_MAX, STORE_WAL_OCTETS,
    },
    list::{Serial, Time},
};
use arc_swap::ArcSwap;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode, Env, LogLevel, Options,
    WriteBufferManager,
};
use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

/// What RocksDB may use, for the whole database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Octets of rows not yet in files.
    pub memtables: usize,
    /// Octets of the cache of blocks, indexes among them.
    pub block_cache: usize,
    /// Octets of the write-ahead log before the oldest rows are moved to files.
    pub wal: u64,
    /// Threads that flush and compact.
    pub jobs: i32,
    /// Files open at a time.
    pub open_files: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            memtables: STORE_MEMTABLE_OCTETS,
            block_cache: STORE_BLOCK_CACHE_OCTETS,
            wal: STORE_WAL_OCTETS,
            jobs: STORE_JOBS,
            open_files: STORE_OPEN_FILES_MAX,
        }
    }
}

/// Why the store cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Another process holds it. Stop that one first.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// A later version of this program made it. Run that version.
    #[error("the store was made by a newer version of this program: format {found}, this one knows up to {FORMAT}")]
    Newer {
        /// Its format.
        found: u32,
    },
    /// What is on disk is not what was written. Restore a backup.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The directory cannot be made, read or written.
    #[error("the data directory cannot be used: {0}")]
    Io(String),
}

impl From<rocksdb::Error> for OpenError {
    fn from(error: rocksdb::Error) -> Self {
        let kind = error.kind();
        let text = error.into_string();
        match kind {
            rocksdb::ErrorKind::Corruption | rocksdb::ErrorKind::InvalidArgument => Self::Damaged(text),
            // A file that the store's own list of files names is not there.
            rocksdb::ErrorKind::IOError if text.contains("No such file") => Self::Damaged(text),
            _ => Self::Io(text),
        }
    }
}

impl From<super::ReadError> for OpenError {
    fn from(error: super::ReadError) -> Self {
        match error {
            super::ReadError::Damaged(text) => Self::Damaged(text),
            super::ReadError::Failed(text) => Self::Io(text),
        }
    }
}

impl From<WriteError> for OpenError {
    fn from(error: WriteError) -> Self {
        Self::Io(error.to_string())
    }
}

/// The families that an import of millions writes.
const IMPORTED: [Column; 3] = [Column::Entry, Column::Detail, Column::Owned];

/// What the last commit was, and in which lineage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    pub serial: Serial,
    pub time: Option<Time>,
    pub lineage: Lineage,
    pub restored: bool,
}

impl Store {
    /// Opens the store in `directory`, which is made (0700) where it is missing.
    pub fn open(directory: &Path, settings: &Settings) -> Result<Self, OpenError> {
        let io = |error: io::Error| OpenError::Io(format!("{}: {error}", directory.display()));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io)?;
        let path = rocksdb_path(directory);
        let new = refuse_remains(&path)?;
        let rows = open_log(directory, &path, settings)?;
        // Only now: whoever holds LOCK owns the runs of imports too, and the copy of a backup that was not finished.
        let imports = directory.join("import");
        for left in [&imports, &directory.join(super::CHECKPOINT)] {
            if left.exists() {
                fs::remove_dir_all(left).map_err(io)?;
            }
        }
        let last = Last { serial: Serial(0), time: None, lineage: Lineage(0), restored: false };
        let store = Self {
            rows,
            imports,
            settings: *settings,
            catalog: ArcSwap::from_pointee(Catalog::default()),
            last: Mutex::new(last),
            left: Mutex::default(),
            writing: Mutex::new(()),
            off: OnceLock::new(),
        };
        if new {
            store.begin()?;
        } else {
            store.recall()?;
        }
        Ok(store)
    }

    /// Lets RocksDB put the files of imports in order from here on. A store is opened without, so that a start has the disk
    /// and the processors for its scan: after an import of millions the files of a closed store wait to be compacted.
    ///
    /// # Errors
    /// RocksDB cannot write its file of options: the disk is full or fails.
    pub fn let_compact(&self) -> Result<(), WriteError> {
        for column in IMPORTED {
            let set = self.rows.set_options_cf(self.column(column), &[("disable_auto_compactions", "false")]);
            set.map_err(|error| WriteError::Failed(error.into_string()))?;
        }
        Ok(())
    }

    /// Has RocksDB give up what it does beside. At its end the process waits for that, and whoever holds the store still, an
    /// import say, would let it go on for as long as millions of rows take. Reading and writing go on.
    pub fn give_up_compacting(&self) {
        self.rows.cancel_all_background_work(false);
    }

    fn begin(&self) -> Result<(), OpenError> {
        let mut batch = Batch::new();
        batch.put(Column::Meta, meta::FORMAT.to_vec(), FORMAT.to_be_bytes().to_vec());
        batch.adopt_lineage(Lineage::draw());
        self.write(batch)?;
        Ok(self.sync()?)
    }

    fn recall(&self) -> Result<(), OpenError> {
        let last = {
            let view = self.view();
            let damaged = |what: &str| OpenError::Damaged(format!("`meta` holds no readable {what}"));
            let row = |name: &[u8]| view.get(Column::Meta, name);
            let Some(format) = row(meta::FORMAT)? else {
                // Cut off before its first row: then there must be no other.
                if view.range(Column::Meta, Vec::new(), None).next()?.is_some() {
                    return Err(damaged("format"));
                }
                drop(view);
                return self.begin();
            };
            let found = Octets(&format).u32().ok_or_else(|| damaged("format"))?;
            if found > FORMAT {
                return Err(OpenError::Newer { found });
            }
            let lineage = row(meta::LINEAGE)?.and_then(|octets| Octets(&octets).u64());
            let lineage = Lineage(lineage.ok_or_else(|| damaged("lineage"))?);
            let restored = row(meta::BACKUP)?.is_some();
            match row(meta::SERIAL)? {
                None => Last { serial: Serial(0), time: None, lineage, restored },
                Some(octets) => {
                    let mut octets = Octets(&octets);
                    let (serial, time) = octets.u64().zip(octets.time()).ok_or_else(|| damaged("serial"))?;
                    Last { serial: Serial(serial), time: Some(time), lineage, restored }
                }
            }
        };
        *self.last.lock().expect("no holder of this lock panics") = last;
        self.catalog.store(Arc::new(self.recall_catalog()?));
        Ok(())
    }

    fn recall_catalog(&self) -> Result<Catalog, OpenError> {
        let view = self.view();
        let mut catalog = Catalog::default();
        let prefix = super::schema::RowKey(meta::LIST.to_vec());
        let mut rows = view.range(Column::Meta, prefix.0.clone(), prefix.end());
        while let Some((row, value)) = rows.next()? {
            let name = std::str::from_utf8(&row[meta::LIST.len()..]).ok().and_then(|name| name.parse().ok());
            let mut value = Octets(value);
            let numbers = value.u16().zip(value.u16());
            let (name, (id, next)) = name.zip(numbers).ok_or_else(|| super::values::damaged(Column::Meta, row))?;
            catalog.put_list(&name, ListId(id), next);
        }
        let mut rows = view.range(Column::Source, Vec::new(), None);
        while let Some((row, value)) = rows.next()? {
            let mut numbers = Octets(row);
            let ids = numbers.u16().zip(numbers.u16());
            let read = ids.zip(serde_json::from_slice::<NamedRow>(value).ok());
            let ((list, id), named) = read.ok_or_else(|| super::values::damaged(Column::Source, row))?;
            catalog.put_source(Source { list: ListId(list), id: SourceId(id), name: named.name, row: named.row });
        }
        Ok(catalog)
    }

    /// Octets of all files of rows that are in use, for metrics.
    #[must_use]
    pub fn file_octets(&self) -> u64 {
        let of = |column| {
            let value = self.rows.property_int_value_cf(self.column(column), "rocksdb.live-sst-files-size");
            value.ok().flatten().unwrap_or(0)
        };
        Column::ALL.into_iter().map(of).sum()
    }

    pub(super) fn column(&self, column: Column) -> &rocksdb::ColumnFamily {
        self.rows.cf_handle(column.name()).expect("every family is opened with the store")
    }
}

pub(super) fn rocksdb_path(directory: &Path) -> PathBuf {
    directory.join("rocksdb")
}

/// Whether there is no store yet. A directory that has files of one but not the first of them is no place for a new one.
fn refuse_remains(path: &Path) -> Result<bool, OpenError> {
    if path.join("CURRENT").exists() {
        return Ok(false);
    }
    let Ok(files) = fs::read_dir(path) else { return Ok(true) };
    for file in files {
        let file = file.map_err(|error| OpenError::Io(error.to_string()))?;
        let name = file.file_name();
        if Path::new(&name).extension().is_some_and(|extension| extension == "sst") {
            return Err(OpenError::Damaged(format!("{} has rows but no CURRENT", path.display())));
        }
        let held = name.to_string_lossy().starts_with("MANIFEST") && file.metadata().is_ok_and(|m| m.len() > 200);
        if held {
            return Err(OpenError::Damaged(format!("{} has a MANIFEST but no CURRENT", path.display())));
        }
    }
    Ok(true)
}

/// Opens the rows of the store in `directory`, with what its newest log holds.
fn open_log(directory: &Path, path: &Path, settings: &Settings) -> Result<DB, OpenError> {
    let runs_on = boot::runs_on(directory);
    // The end of the log may be half a record in either case: its writer was killed.
    let mode = if runs_on { DBRecoveryMode::TolerateCorruptedTailRecords } else { DBRecoveryMode::PointInTime };
    let rows = open_rows(path, settings, mode).map_err(|error| match error {
        OpenError::Damaged(text) if runs_on => OpenError::Damaged(format!(
            "{text}. Restore a backup. If it is the log (.log) that is damaged: without the file {} the store opens with what \
             stands before the damage, and what was acknowledged behind it is lost",
            directory.join(boot::FILE).display()
        )),
        other => other,
    })?;
    if let Err(error) = boot::note(directory) {
        tracing::warn!(%error, "what a later start should know of this one cannot be written down");
    }
    Ok(rows)
}

/// Opens RocksDB with all our column families.
pub(super) fn open_rows(path: &Path, settings: &Settings, mode: DBRecoveryMode) -> Result<DB, OpenError> {
    let known = Column::ALL.map(Column::name);
    if let Ok(found) = DB::list_cf(&Options::default(), path)
        && found.iter().any(|name| name != "default" && !known.contains(&name.as_str()))
    {
        return Err(OpenError::Newer { found: FORMAT + 1 });
    }
    let cache = Cache::new_lru_cache(settings.block_cache);
    let families = known.map(|name| {
        let mut options = family_options(settings, &cache);
        options.set_disable_auto_compactions(IMPORTED.iter().any(|imported| imported.name() == name));
        ColumnFamilyDescriptor::new(name, options)
    });
    let opened = DB::open_cf_descriptors(&database_options(settings, mode)?, path, families);
    opened.map_err(|error| {
        let text = error.to_string();
        let locked = text.contains("lock hold by current process") || text.contains("While lock file");
        if locked { OpenError::InUse(path.to_owned()) } else { OpenError::from(error) }
    })
}

fn database_options(settings: &Settings, mode: DBRecoveryMode) -> Result<Options, OpenError> {
    let mut options = Options::default();
    // Compaction is never urgent: it gives way to those that answer.
    let mut env = Env::new()?;
    env.lower_thread_pool_cpu_priority();
    options.set_env(&env);
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_write_buffer_manager(&WriteBufferManager::new_write_buffer_manager(settings.memtables, false));
    options.set_max_total_wal_size(settings.wal);
    options.set_max_background_jobs(settings.jobs);
    options.set_max_open_files(settings.open_files);
    options.set_max_file_opening_threads(1);
    options.set_wal_recovery_mode(mode);
    // A log that was closed whole and is now shorter, or gone, is damage and not a torn end.
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_bytes_per_sync(1 << 20);
    options.set_compaction_readahead_size(512 << 10);
    options.set_skip_stats_update_on_db_open(true);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options.set_log_level(LogLevel::Warn);
    options.set_max_log_file_size(STORE_LOG_OCTETS);
    options.set_keep_log_file_num(2);
    Ok(options)
}

/// Options of one family; also those of files written for it.
pub(super) fn family_options(settings: &Settings, cache: &Cache) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_size(16 << 10);
    blocks.set_block_cache(cache);
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_format_version(5);
    let mut options = Options::default();
    options.set_block_based_table_factory(&blocks);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(settings.memtables / 2);
    // Eighteen families, most of them idle: an arena of usual size would take a megabyte for each.
    options.set_arena_block_size(32 << 10);
    // Deletes of a dropped generation come in the order of the keys: a few at a time, they rewrite the files that they
    // fall into. Small files keep that small; with the usual 64 MiB, dropping cost ten times as much as importing.
    options.set_target_file_size_base(STORE_FILE_OCTETS);
    options
}
