//! The comparison of a body with what its source holds: what changes, and how much.
//!
//! Guarantees: memory for at most the rows of one batch; beyond, only numbers are kept.
//! Never: decides; the guards and the writer do.

use super::{
    keys::size_of_key,
    plan::Holding,
    state::ListState,
    switch::Planned,
    tally::{Tally, day_at},
    yielding::Yielding,
};
use crate::{
    list::{Key, Time},
    store::{Day, Figures, ReadError, Side, Source, Step, View},
};
use std::{collections::BTreeMap, sync::Arc};

/// A comparison under way.
pub(super) struct Comparison {
    day: Option<Day>,
    yielding: Yielding,
    tally: Tally,
    covered: u64,
    /// `None`: more than `most`.
    rows: Option<BTreeMap<Key, Planned>>,
    most: usize,
}

/// What it came to.
pub(super) struct Compared {
    pub figures: Figures,
    pub tally: Tally,
    /// What the keys of the body cover one by one.
    pub covered: u64,
    /// The rows that change, if they are few.
    pub rows: BTreeMap<Key, Planned>,
    /// Exclusions of `removal` and `retest` that end by newer evidence.
    pub outweighed: Vec<(Arc<Source>, Key, Holding)>,
}

impl Comparison {
    /// `most`: rows to keep; 0: none.
    pub fn begin(
        view: &View<'_>,
        list: &ListState,
        source: &Source,
        now: Time,
        most: usize,
    ) -> Result<Self, ReadError> {
        let yielding = Yielding::load(view, list, source)?;
        let (day, rows) = (day_at(&source.row, now), Some(BTreeMap::new()));
        Ok(Self { day, yielding, tally: Tally::default(), covered: 0, rows, most })
    }

    /// Takes one key, before and after.
    pub fn see(&mut self, step: &Step<'_>) {
        let unchanged = step.is_unchanged();
        if unchanged
            && self.yielding.is_empty()
            && let Some((_, length)) = step.v4()
        {
            // By far the most lines of most feeds.
            self.covered = self.covered.saturating_add(1 << (32 - u32::from(length)));
            return;
        }
        let key = step.key();
        if let Some(after) = &step.after {
            self.covered = self.covered.saturating_add(size_of_key(&key));
            self.yielding.weigh(&key, after, step);
        }
        if unchanged {
            return;
        }
        let entry = |side: Option<Side<'_>>| side.map(|side| *side.entry);
        self.tally.count(&key, entry(step.before).as_ref(), entry(step.after).as_ref(), self.day.as_ref());
        if let Some(planned) = &mut self.rows {
            if planned.len() >= self.most {
                self.rows = None;
                return;
            }
            let holding = |side: Side<'_>| Holding { entry: *side.entry, detail: side.detail() };
            let (before, after) = (step.before.map(holding), step.after.map(holding));
            planned.insert(key, Planned { before, after });
        }
    }

    /// Whether more rows change than were to be kept.
    pub fn is_beyond(&self) -> bool {
        self.rows.is_none()
    }

    /// The comparison is whole.
    pub fn end(self, view: &View<'_>, figures: Figures) -> Result<Compared, ReadError> {
        let outweighed = self.yielding.into_found(view)?;
        let rows = self.rows.unwrap_or_default();
        Ok(Compared { figures, tally: self.tally, covered: self.covered, rows, outweighed })
    }
}
