//! What goes through the door and what comes back: a change, its answer, or why it was refused.
//!
//! Guarantees: a `Refused` names what the caller can do; a `Committed` counts every line of the request once.
//! Never: knows of HTTP. Status codes are the caller's translation.

use super::texts::Full;
use crate::{
    limits::TEXTS_LOOK_EVERY_SECONDS,
    list::{Key, ListName, ListSettings, NewEntry, Serial, SourceName, Time, format::LineError, policy::Guard},
    snapshot::ZoneSettings,
    store::{Batch, BulkError, CaseFamily, ReadError, WriteError},
};
use std::{fmt, sync::Arc};

/// Who asked, as the journal keeps it: `token:NAME`, `config`, `restore`, `expiry`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor(Arc<str>);

impl Actor {
    /// Somebody outside, by the name of the token or account.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Start and reload, where they change answers.
    #[must_use]
    pub fn config() -> Self {
        Self::new("config")
    }

    /// The passing of time.
    #[must_use]
    pub fn expiry() -> Self {
        Self::new("expiry")
    }

    /// The first start of a store from a backup.
    #[must_use]
    pub fn restore() -> Self {
        Self::new("restore")
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A change of some keys of one list by one source, or of a list that is no more.
#[derive(Clone, Debug)]
pub struct Change {
    /// Who asked.
    pub actor: Actor,
    /// The list.
    pub list: ListName,
    /// The source whose entries change.
    pub source: SourceName,
    /// Admins may set what others may not (`first_seen`).
    pub admin: bool,
    /// Leave the guards out. Only admins may ask for it; the caller checks that.
    pub force: bool,
    /// What to do.
    pub what: What,
    /// Rows of cases that are written with it: with its commit, or alone where it comes to none.
    pub cases: Vec<CaseRow>,
}

/// A row of a case: what is kept under its key from here on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// Which rows.
    pub family: CaseFamily,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; `None`: it goes.
    pub value: Option<Vec<u8>>,
}

impl CaseRow {
    /// A batch of these rows alone.
    pub(super) fn batch(rows: Vec<Self>) -> Batch {
        let mut batch = Batch::new();
        Self::put_all(rows, &mut batch);
        batch
    }

    /// Adds rows to what a batch writes.
    pub(super) fn put_all(rows: Vec<Self>, batch: &mut Batch) {
        for Self { family, key, value } in rows {
            match value {
                Some(value) => batch.put_case(family, key, value),
                None => batch.delete_case(family, key),
            }
        }
    }
}

/// What a change does.
#[derive(Clone, Debug)]
pub enum What {
    /// Add or renew, each with the number of its line. At most [`crate::limits::POST_ENTRIES_MAX`].
    Add(Vec<(u64, NewEntry)>),
    /// Remove these keys. Of nothing: no commit. Of one key the answer says who lists it still.
    Remove(Vec<Key>),
    /// All entries of all sources of a list that the configuration no longer names; `source` is not looked at.
    PurgeList,
}

/// A change of all that one source holds. No guard looks at it: it is an act of will.
#[derive(Clone, Debug)]
pub struct WholeChange {
    /// Who asked.
    pub actor: Actor,
    /// The list.
    pub list: ListName,
    /// The source whose entries change.
    pub source: SourceName,
    /// Whether exclusions may come with it: they act on the whole list.
    pub may_exclude: bool,
    /// What to do.
    pub whole: Whole,
}

/// What a change of a source as a whole does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// All that the source holds goes, its mark for the guards and its undo too.
    Purge,
    /// Back to what the source held before its last import; later additions go too.
    Undo,
}

/// The answer to a change that took place, or that would have with `dry_run`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The commit's serial; of a change that made none, the last one.
    pub serial: Serial,
    /// Keys that the source did not hold.
    pub added: u64,
    /// Keys that it no longer holds.
    pub removed: u64,
    /// Added again by POST, or imported with another reason, code, text, expiry or evidence, or with a later `seen`.
    pub renewed: u64,
    /// Confirmed as they were.
    pub unchanged: u64,
    /// Lines that named a key of another line.
    pub duplicates: u64,
    /// Keys that the source got by POST while its import ran: they gave way to the import.
    pub replaced_posts: u64,
    /// Lines left out (`skip_invalid`), the first [`crate::limits::REJECTED_SHOWN_MAX`].
    pub rejected: Vec<LineError>,
    /// How many lines were left out.
    pub rejected_count: u64,
    /// After a removal: who lists the key still, and by which entry.
    pub still_listed_by: Vec<StillListed>,
}

/// An entry that lists a key whose removal was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillListed {
    /// Whose entry it is.
    pub source: SourceName,
    /// The key of the entry: the one asked or a wider one.
    pub entry: Key,
}

/// Why a change did not take place. Nothing has changed, but for [`Refused::OutcomeUnknown`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The configuration names no such list (for a purge: the store holds none).
    #[error("there is no list {0}")]
    UnknownList(ListName),
    /// The source holds and held nothing in this list.
    #[error("list {0} has no source {1}")]
    UnknownSource(ListName, SourceName),
    /// Lines that cannot be read or that the list does not take: the whole body is left out.
    #[error("{count} lines were rejected; nothing changed")]
    Rejected {
        /// The first of them.
        lines: Vec<LineError>,
        /// How many.
        count: u64,
    },
    /// A guard against accidents; an admin's `force` overrides it.
    #[error("{0}")]
    Guard(Guard),
    /// The list would hold more distinct texts than fit.
    #[error(
        "the entries of a list carry at most {} distinct texts; put what differs into `reason`",
        crate::limits::TEXTS_PER_LIST_MAX
    )]
    TooManyTexts,
    /// It would not, but there is no room for them now: try again after so many seconds.
    #[error(
        "by what is known there is no room for another own text: those that left the list, or that an undo may bring back, \
         still count; try again in {retry_after} s"
    )]
    NoRoomForTexts {
        /// Seconds.
        retry_after: u32,
    },
    /// The list would have more sources than fit.
    #[error(
        "a list has at most {} sources in its life; give what comes from one place one name",
        crate::limits::SOURCES_PER_LIST_MAX
    )]
    TooManySources,
    /// Too many entries for one POST.
    #[error("a POST takes at most {} entries; use PUT", crate::limits::POST_ENTRIES_MAX)]
    TooLarge,
    /// Another import of the same source runs: wait for its end.
    #[error("an import of this source is running")]
    SourceBusy,
    /// Too much at once: try again after so many seconds.
    #[error("too much at once; try again in {retry_after} s")]
    Busy {
        /// Seconds.
        retry_after: u32,
    },
    /// There is no earlier state to go back to.
    #[error("there is nothing to undo: no import in the last 24 hours, or it is undone")]
    NothingToUndo,
    /// It would bring exclusions, which who asks may not make.
    #[error(
        "what this would bring back holds exclusions, and this token may not exclude: an admin, or one with exclude:, can undo"
    )]
    MayNotExclude,
    /// The list is configured; only what the configuration no longer names can be purged whole.
    #[error("list {0} is in the configuration; remove it there first")]
    NotOrphan(ListName),
    /// A list with entries cannot take another kind of keys.
    #[error("list {0} holds entries of another key family; purge it or give the new list another name")]
    FamilyChanged(ListName),
    /// Writes are off since an earlier failure of the disk; nothing of this request was written.
    #[error("writes are off after a storage failure; restart the server when the disk is well")]
    WritesOff,
    /// The disk failed under this very request: after a restart it is there whole or absent.
    #[error("the storage failed; whether this change took place shows after a restart")]
    OutcomeUnknown,
    /// The store cannot be read; nothing was written.
    #[error("{0}")]
    Unreadable(String),
    /// The files of an import cannot be written; nothing of it is in force.
    #[error("{0}")]
    NotStaged(String),
    /// They cannot be written for the disk is full: what the system said. Writes go on.
    #[error(
        "the disk is full: nothing of this import is in force, and what it had written is gone again; make room where \
         data_dir is, then import once more"
    )]
    DiskFull(String),
    /// The server stops, or the client went away: nothing happened.
    #[error("the server is stopping")]
    Stopping,
}

impl Refused {
    /// In one word, for metrics and the API.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::UnknownList(_) => "unknown-list",
            Self::UnknownSource(..) => "unknown-source",
            Self::Rejected { .. } => "rejected",
            Self::Guard(guard) => guard.name(),
            Self::TooManyTexts => "too-many-texts",
            Self::NoRoomForTexts { .. } => "no-room-for-texts",
            Self::TooManySources => "too-many-sources",
            Self::TooLarge => "too-large",
            Self::SourceBusy => "source-busy",
            Self::Busy { .. } => "busy",
            Self::NothingToUndo => "nothing-to-undo",
            Self::MayNotExclude => "may-not-exclude",
            Self::NotOrphan(_) => "not-orphan",
            Self::FamilyChanged(_) => "family-changed",
            Self::WritesOff => "writes-off",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::Unreadable(_) => "unreadable",
            Self::NotStaged(_) => "not-staged",
            Self::DiskFull(_) => "disk-full",
            Self::Stopping => "stopping",
        }
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<WriteError> for Refused {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Failed(_) => Self::OutcomeUnknown,
            WriteError::Off(_) => Self::WritesOff,
        }
    }
}

impl From<Full> for Refused {
    fn from(full: Full) -> Self {
        match full {
            Full::Body | Full::List => Self::TooManyTexts,
            Full::Numbers => Self::NoRoomForTexts { retry_after: TEXTS_LOOK_EVERY_SECONDS },
        }
    }
}

impl From<BulkError> for Refused {
    fn from(error: BulkError) -> Self {
        match error {
            BulkError::Read(error) => error.into(),
            BulkError::Failed(text) => Self::NotStaged(text),
            BulkError::DiskFull(text) => Self::DiskFull(text),
            BulkError::Write(error) => error.into(),
        }
    }
}

/// What begins an import: a PUT that replaces the entries of one source.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of the request, asked for by itself")]
pub struct ImportStart {
    /// Who asked.
    pub actor: Actor,
    /// Imports are counted by token; the identity of the caller's token.
    pub token: Box<str>,
    /// Admins have four places, other tokens two, and admins may give `first_seen`.
    pub admin: bool,
    /// The list.
    pub list: ListName,
    /// The source.
    pub source: SourceName,
    /// Leave the guards out.
    pub force: bool,
    /// Count and measure, change nothing.
    pub dry_run: bool,
    /// Leave out the lines that are rejected, in place of the whole body.
    pub skip_invalid: bool,
}

/// What the configuration says about lists and zones. A reload hands over a new one.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// The lists, in the order of their bits; without `never`, which is always there.
    pub lists: Vec<Arc<ListSettings>>,
    /// The zones.
    pub zones: Vec<ZoneSettings>,
    /// Where the pages are.
    pub public_url: String,
    /// Whether the special-use prefixes are in `never`.
    pub never_builtin: bool,
    /// How long things are kept.
    pub keep: Keep,
}

/// `[keep]`: what is deleted when it is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Rows of the history.
    pub history: crate::list::Duration,
    /// Commits of the journal.
    pub changes: crate::list::Duration,
    /// Evidence of entries, by their last seen.
    pub evidence: crate::list::Duration,
}

/// Why expiry waits for an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// The clock stood before the last commit.
    ClockBehind,
    /// At the start the clock stood more than 30 days after the last commit.
    ClockAhead,
    /// The clock jumped by more than an hour against the time since boot.
    ClockJumped,
    /// The store came from a backup.
    Restored,
}

impl Pause {
    /// Whether the clock is taken for wrong.
    #[must_use]
    pub const fn doubts_clock(self) -> bool {
        matches!(self, Self::ClockBehind | Self::ClockAhead | Self::ClockJumped)
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClockBehind => "the clock stands before the last commit",
            Self::ClockAhead => "the clock stands more than 30 days after the last commit",
            Self::ClockJumped => "the clock jumped by more than an hour",
            Self::Restored => "the store was restored from a backup",
        })
    }
}

/// How it stands: what `status` and `health` show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Serial of the last commit on disk.
    pub stored: Serial,
    /// Serial of the snapshot that is served.
    pub served: Serial,
    /// Random number of this store's line of commits, in hex.
    pub lineage: String,
    /// Whether a failure has turned writes off.
    pub writes_off: bool,
    /// Why expiry waits, if it does.
    pub expiry_paused: Option<Pause>,
    /// Lists that hold entries but stand in no configuration.
    pub orphans: Vec<ListName>,
    /// Imports that run now.
    pub imports: usize,
    /// Since when a restored store waits for its tokens to be looked at.
    pub restored: Option<Time>,
}
