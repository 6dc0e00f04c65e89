//! Rows of what people ask of us: requests, tests, reports, networks, what was done, and what is to be sent.
//!
//! This room keeps them and does not read them: keys and values are `cases`'. Each family is its own range of rows, so a
//! beginning of a key is a range too.
//!
//! Guarantees: a row is written in the batch that it belongs to, whole or not at all; a view shows all families as of one
//! moment.
//! Never: looks into a value; gives a row of one family for one of another.

use super::{ReadError, read::View, schema::Column, write::Batch};

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaseFamily {
    /// Requests for removal, and the lock-outs that follow from them.
    Request,
    /// Tests that were asked for.
    Retest,
    /// Reports, and what they add up to.
    Report,
    /// Networks and their prefixes.
    Network,
    /// Who did what, by time.
    Audit,
    /// What is to be done outside, at least once: mail, probes, calls.
    Outbox,
}

/// A row: its key and its value.
pub type CaseItem = (Vec<u8>, Vec<u8>);

impl CaseFamily {
    /// Every family.
    pub const ALL: [Self; 6] = [Self::Request, Self::Retest, Self::Report, Self::Network, Self::Audit, Self::Outbox];

    const fn column(self) -> Column {
        match self {
            Self::Request => Column::Request,
            Self::Retest => Column::Retest,
            Self::Report => Column::Report,
            Self::Network => Column::Network,
            Self::Audit => Column::Audit,
            Self::Outbox => Column::Outbox,
        }
    }
}

impl View<'_> {
    /// The row with this key.
    pub fn case(&self, family: CaseFamily, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.get(family.column(), key)
    }

    /// At most `limit` rows from the key `from` on and before `until`, in the order of their keys. An empty `until` is
    /// the end of the family.
    pub fn cases(
        &self,
        family: CaseFamily,
        from: &[u8],
        until: &[u8],
        limit: usize,
    ) -> Result<Vec<CaseItem>, ReadError> {
        let until = Some(until.to_vec()).filter(|until| !until.is_empty());
        let mut rows = self.range(family.column(), from.to_vec(), until);
        let mut found = Vec::new();
        while found.len() < limit
            && let Some((key, value)) = rows.next()?
        {
            found.push((key.to_vec(), value.to_vec()));
        }
        Ok(found)
    }

    /// At most `limit` rows whose key begins with `prefix` and stands behind `after`, in the order of their keys.
    pub fn cases_under(
        &self,
        family: CaseFamily,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<CaseItem>, ReadError> {
        let from = after.map_or_else(|| prefix.to_vec(), |after| [after, &[0]].concat());
        let end = super::schema::RowKey(prefix.to_vec()).end().unwrap_or_default();
        self.cases(family, &from, &end, limit)
    }
}

impl Batch {
    /// Puts a row.
    pub fn put_case(&mut self, family: CaseFamily, key: Vec<u8>, value: Vec<u8>) {
        self.put(family.column(), key, value);
    }

    /// Takes a row away.
    pub fn delete_case(&mut self, family: CaseFamily, key: Vec<u8>) {
        self.delete(family.column(), key);
    }
}
