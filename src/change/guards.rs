//! What looks like an accident, looked up: the entries one by one, and what a source loses or gains.
//!
//! Guarantees: the same guards for a POST, a DELETE and an import; the list `never` has none.
//! Never: decides the thresholds. They are `list::policy`'s.

use super::{
    never::Never,
    request::Refused,
    state::{ListState, Registered},
    tally::{Leaving, Tally, day_at},
};
use crate::{
    list::{
        Key, Kind, Mark, Time,
        policy::{Guard, Measures, too_wide},
    },
    store::{ReadError, Source, Store},
};

/// Looks at entries one by one.
pub(super) struct EntryGuard {
    never: Never,
}

impl EntryGuard {
    pub fn new(registered: &Registered) -> Self {
        Self { never: Never::new(registered.never().clone()) }
    }

    /// The guard that one entry meets.
    pub fn check(
        &mut self,
        store: &Store,
        list: &ListState,
        key: &Key,
        mark: Mark,
    ) -> Result<Option<Guard>, ReadError> {
        if list.settings.kind == Kind::Never {
            return Ok(None);
        }
        if let Some(guard) = too_wide(&list.settings, key, mark) {
            return Ok(Some(guard));
        }
        if mark == Mark::Excluded {
            return Ok(None);
        }
        let never = self.never.over(store, key)?;
        Ok(never.map(|never| Guard::InsideNever { key: key.clone(), never }))
    }
}

/// The guard that the change of a source as a whole meets. A change that does not shrink cannot lose too much, one that
/// does not grow cannot gain too much: what happened earlier is not held against it.
pub(super) fn measure(list: &ListState, source: &Source, tally: &Tally, now: Time) -> Result<(), Refused> {
    let row = &source.row;
    let Some(day) = day_at(row, now) else { return Ok(()) };
    let after = tally.settle(row, Leaving::ByWill, now);
    let mut measures = Measures {
        keys_at_day_start: day.keys,
        kept_of_them: after.day.map_or(0, |day| day.kept),
        keys_after: after.keys,
        covered_at_day_start: day.covered,
        covered_after: after.covered,
    };
    // What a network takes off its own ranges is its own to decide.
    let free = source.name.is_network();
    if free || !tally.shrinks() {
        measures.keys_after = measures.keys_after.max(day.keys);
    }
    if free || !tally.loses() {
        measures.kept_of_them = day.keys;
    }
    if !tally.grows() {
        measures.keys_after = measures.keys_after.min(day.keys);
        measures.covered_after = measures.covered_after.min(day.covered);
    }
    measures.check(&list.settings).map_or(Ok(()), |guard| Err(Refused::Guard(guard)))
}
