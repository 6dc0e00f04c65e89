//! How an old generation goes: a piece at a time, each piece one batch.
//!
//! Guarantees: every entry of the generation is shown once before it is deleted, so that what its successor lacks becomes
//! history in the same batch; cut off at any point, it goes on with what is left.
//! Never: touches a generation that is in force.

use super::{
    ReadError,
    read::View,
    schema::{Owner, key_octets},
    write::Batch,
};
use crate::list::{Entry, Key};

/// One piece.
#[derive(Debug, Default)]
pub struct Dropped {
    /// Deletes what was shown. The last piece deletes whatever else the generation had.
    pub batch: Batch,
    /// What was shown, in order.
    pub entries: Vec<(Key, Entry)>,
    /// Behind which key to go on; `None`: that was the last piece.
    pub next: Option<Key>,
}

impl View<'_> {
    /// The batch that deletes at most `limit` entries of a generation behind `after`. The caller adds what is to be
    /// remembered of them, and writes it. Nothing is in it where the generation is in force.
    pub fn drop_generation(&self, owner: Owner, after: Option<&Key>, limit: usize) -> Result<Dropped, ReadError> {
        let mut dropped = Dropped::default();
        if self.catalog().source(owner.list, owner.source).is_some_and(|source| source.owner() == owner) {
            return Ok(dropped);
        }
        let mut rows = match after {
            None => self.owned(owner),
            Some(after) => self.owned_after(owner, after),
        };
        for row in rows.by_ref().take(limit) {
            let (key, entry) = row?;
            dropped.batch.delete_entry_row(owner, &key_octets(&key));
            dropped.entries.push((key, entry));
        }
        let more = rows.next().transpose()?.is_some();
        match (dropped.entries.first(), dropped.entries.last()) {
            (Some((first, _)), Some((last, _))) if more => {
                dropped.batch.delete_owned_range(owner, &key_octets(first), &key_octets(last));
                dropped.next = Some(last.clone());
            }
            _ => dropped.batch.delete_generation(owner),
        }
        Ok(dropped)
    }
}
