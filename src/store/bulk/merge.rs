//! The merge of a body with what its source holds: key by key, both in order.
//!
//! Guarantees: each key of either comes once; `figures` add up: what the source held is removed, renewed or unchanged.
//! Never: looks at other sources.

use super::{
    BulkError, Named, Staged,
    sorter::{Records, Sorted},
};
use crate::{
    list::{Detail, Entry, Key, Time},
    store::{
        ReadError,
        read::{Rows, View},
        schema::{Column, Owner, owner_prefix, read_key, read_v4},
        values::{Octets, damaged, read_detail, read_entry, take_entry},
    },
};
use std::ops::ControlFlow;

/// How a body differs from what its source holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Keys of the body.
    pub keys: u64,
    /// Keys that the source does not hold.
    pub added: u64,
    /// Keys that it holds and the body does not.
    pub removed: u64,
    /// Keys of which the body says something else.
    pub renewed: u64,
    /// Keys confirmed as they were.
    pub unchanged: u64,
    /// Lines of the body whose key another line has too.
    pub duplicates: u64,
    /// Keys that the source holds.
    pub held: u64,
}

/// What a walk has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walked {
    /// The figures, as far as it went.
    pub figures: Figures,
    /// Whether it went to the end.
    pub whole: bool,
}

/// One side of a step.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The entry.
    pub entry: &'a Entry,
    detail: &'a [u8],
}

/// One key, before and after.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    key: &'a [u8],
    /// What the source holds.
    pub before: Option<Side<'a>>,
    /// What it will hold.
    pub after: Option<Side<'a>>,
    /// When the line itself says the key was last seen; what is held may have been seen later.
    pub seen: Option<Time>,
}

impl Side<'_> {
    /// Reason and evidence.
    #[must_use]
    pub fn detail(&self) -> Detail {
        read_detail(self.detail).expect("details are read when the step is made")
    }

    pub(super) fn detail_octets(&self) -> &[u8] {
        self.detail
    }
}

impl Step<'_> {
    /// The key.
    #[must_use]
    pub fn key(&self) -> Key {
        read_key(self.key).expect("keys are read when the step is made")
    }

    /// Address and length of a v4 key, without making a `Key`.
    #[must_use]
    pub fn v4(&self) -> Option<(u32, u8)> {
        read_v4(self.key)
    }

    /// Whether the row stays as it is.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => before.entry == after.entry && before.detail == after.detail,
            (before, after) => before.is_none() && after.is_none(),
        }
    }

    pub(super) fn key_octets(&self) -> &[u8] {
        self.key
    }
}

impl Staged {
    /// Walks the merge with what `holder` holds. `each` may break it off: when there is more than one batch takes, say.
    pub fn walk(
        &self,
        view: &View<'_>,
        holder: Owner,
        each: &mut dyn FnMut(&Step<'_>) -> ControlFlow<()>,
    ) -> Result<Walked, BulkError> {
        merge(&self.sorted, view, holder, &mut |step| Ok(each(step)))
    }
}

/// The line that wins at a key.
#[derive(Default)]
struct Line {
    key: Vec<u8>,
    rank: u64,
    named: Named,
    entry: Option<Entry>,
    detail: Vec<u8>,
}

/// The lines of a body, one a key.
struct Lines<'s> {
    records: Records<'s>,
    /// Read, but not yet compared with what follows.
    ahead: Option<Line>,
    duplicates: u64,
}

impl Lines<'_> {
    /// Moves the next line into `line`.
    fn next(&mut self, line: &mut Line) -> Result<bool, BulkError> {
        let Some(mut best) = self.ahead.take() else { return Ok(false) };
        while let Some(record) = self.records.next()? {
            if record.key == best.key {
                self.duplicates += 1;
                if record.rank >= best.rank {
                    best.read(record.rank, record.value)?;
                }
                continue;
            }
            // The buffers of the line given before are used again.
            let mut ahead = std::mem::take(line);
            ahead.key.clear();
            ahead.key.extend(record.key);
            ahead.read(record.rank, record.value)?;
            self.ahead = Some(ahead);
            break;
        }
        *line = best;
        Ok(true)
    }
}

impl Line {
    fn read(&mut self, rank: u64, value: &[u8]) -> Result<(), BulkError> {
        let mut octets = Octets(value);
        let (flags, entry) =
            octets.u8().zip(take_entry(&mut octets)).ok_or_else(|| BulkError::Failed("a run was altered".into()))?;
        self.named = Named { first_seen: flags & 1 != 0, last_seen: flags & 2 != 0 };
        self.detail.clear();
        self.detail.extend(octets.0);
        (self.rank, self.entry) = (rank, Some(entry));
        Ok(())
    }
}

/// What the source holds, in order, with details.
struct HeldRows<'v> {
    holdings: Rows<'v>,
    details: Rows<'v>,
    key: Vec<u8>,
    entry: Option<Entry>,
    detail: Vec<u8>,
    details_ended: bool,
}

impl<'v> HeldRows<'v> {
    fn new(view: &'v View<'_>, owner: Owner) -> Result<Self, ReadError> {
        let prefix = owner_prefix(owner);
        let rows = |column| view.long_range(column, prefix.0.clone(), prefix.clone().end());
        let (holdings, mut details) = (rows(Column::Owned), rows(Column::Detail));
        let details_ended = details.next()?.is_none();
        let mut held = Self { holdings, details, key: Vec::new(), entry: None, detail: Vec::new(), details_ended };
        held.next()?;
        Ok(held)
    }

    fn next(&mut self) -> Result<(), ReadError> {
        let Some((row, value)) = self.holdings.next()? else {
            self.entry = None;
            return Ok(());
        };
        let read = row.get(8..).filter(|key| read_key_cheaply(key)).zip(read_entry(value));
        let (key, entry) = read.ok_or_else(|| damaged(Column::Owned, row))?;
        self.key.clear();
        self.key.extend(key);
        self.entry = Some(entry);
        self.detail.clear();
        // Details are keyed as what is owned, so they come in the same order; some keys have none.
        while !self.details_ended {
            let Some((at, value)) = self.details.item()? else {
                self.details_ended = true;
                break;
            };
            match at.cmp(row) {
                std::cmp::Ordering::Greater => break,
                std::cmp::Ordering::Equal => {
                    read_detail(value).ok_or_else(|| damaged(Column::Detail, at))?;
                    self.detail.extend(value);
                    break;
                }
                std::cmp::Ordering::Less => self.details_ended = self.details.next()?.is_none(),
            }
        }
        Ok(())
    }
}

/// Whether the octets are a key; v4, most of all rows, without making one.
fn read_key_cheaply(key: &[u8]) -> bool {
    read_v4(key).is_some() || read_key(key).is_some()
}

pub(super) fn merge(
    sorted: &Sorted,
    view: &View<'_>,
    holder: Owner,
    each: &mut dyn FnMut(&Step<'_>) -> Result<ControlFlow<()>, BulkError>,
) -> Result<Walked, BulkError> {
    let mut held = HeldRows::new(view, holder)?;
    let mut lines = Lines { records: sorted.records()?, ahead: None, duplicates: 0 };
    if let Some(record) = lines.records.next()? {
        let mut ahead = Line { key: record.key.to_vec(), ..Line::default() };
        ahead.read(record.rank, record.value)?;
        lines.ahead = Some(ahead);
    }
    let mut line = Line::default();
    let mut more = lines.next(&mut line)?;
    let mut figures = Figures::default();
    while more || held.entry.is_some() {
        let (has_line, has_held) = match (more, held.entry.is_some()) {
            (true, true) => (line.key <= held.key, held.key <= line.key),
            one_side => one_side,
        };
        let before = held.entry.filter(|_| has_held);
        let before = before.as_ref().map(|entry| Side { entry, detail: &held.detail });
        let after = line.entry.filter(|_| has_line).map(|entry| match &before {
            Some(before) => carried(before, entry, &line),
            None => entry,
        });
        let after = after.as_ref().map(|entry| Side { entry, detail: &line.detail });
        let seen = line.entry.filter(|_| has_line && line.named.last_seen).map(|entry| entry.last_seen);
        let step = Step { key: if has_line { &line.key } else { &held.key }, before, after, seen };
        count(&mut figures, &step);
        if each(&step)?.is_break() {
            figures.duplicates = lines.duplicates;
            return Ok(Walked { figures, whole: false });
        }
        if has_line {
            more = lines.next(&mut line)?;
        }
        if has_held {
            held.next()?;
        }
    }
    figures.duplicates = lines.duplicates;
    Ok(Walked { figures, whole: true })
}

/// What a line says of a key that is held: a time that it does not name is as before.
fn carried(before: &Side<'_>, mut entry: Entry, line: &Line) -> Entry {
    if !line.named.first_seen {
        entry.first_seen = before.entry.first_seen;
    }
    let same = (entry.mark, entry.code, entry.text, entry.expires)
        == (before.entry.mark, before.entry.code, before.entry.text, before.entry.expires)
        && line.detail == before.detail;
    if line.named.last_seen {
        entry.last_seen = entry.last_seen.max(before.entry.last_seen);
    } else if same {
        entry.last_seen = before.entry.last_seen;
    }
    entry
}

fn count(figures: &mut Figures, step: &Step<'_>) {
    figures.keys += u64::from(step.after.is_some());
    figures.held += u64::from(step.before.is_some());
    match (step.before.is_some(), step.after.is_some()) {
        (false, _) => figures.added += 1,
        (true, false) => figures.removed += 1,
        (true, true) if step.is_unchanged() => figures.unchanged += 1,
        (true, true) => figures.renewed += 1,
    }
}
