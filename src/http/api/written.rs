//! The answer of a write.
//!
//! Guarantees: it is given when the commit is on disk and served.
//! Never: leaves a line of the request uncounted.

use crate::{change::Committed, http::problem::Rejected};
use serde::Serialize;
use utoipa::ToSchema;

/// What a write did.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Written {
    /// The commit's serial: the next query sees it. Of a change that made none, the last one.
    pub serial: u64,
    /// Keys that the source did not hold.
    pub added: u64,
    /// Keys that it holds no more.
    pub removed: u64,
    /// Posted again, or with another reason, code, text, expiry or evidence.
    pub renewed: u64,
    /// Confirmed as they were.
    pub unchanged: u64,
    /// Lines that named a key of another line.
    pub duplicates: u64,
    /// Keys that the source got by POST while its import ran, and that gave way to it.
    pub replaced_posts: u64,
    /// With `skip_invalid`: the first 100 lines left out.
    pub rejected: Vec<Rejected>,
    /// How many lines were left out.
    pub rejected_count: u64,
    /// After a removal: who lists the key still.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub still_listed_by: Vec<StillListed>,
}

/// An entry that lists a removed key still.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct StillListed {
    /// Whose entry.
    pub source: String,
    /// Its key: the one removed or a wider one.
    pub entry: String,
}

impl From<Committed> for Written {
    fn from(committed: Committed) -> Self {
        let still = committed.still_listed_by.into_iter();
        Self {
            serial: committed.serial.0,
            added: committed.added,
            removed: committed.removed,
            renewed: committed.renewed,
            unchanged: committed.unchanged,
            duplicates: committed.duplicates,
            replaced_posts: committed.replaced_posts,
            rejected: committed.rejected.into_iter().map(Rejected::from).collect(),
            rejected_count: committed.rejected_count,
            still_listed_by: still
                .map(|by| StillListed { source: by.source.to_string(), entry: by.entry.to_string() })
                .collect(),
        }
    }
}
