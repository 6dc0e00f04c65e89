//! What a source holds, in numbers, before and after a change: the measure of the guards.
//!
//! A source's day begins with the first change 24 hours or more after its last day began; what it held then is its mark.
//! A thousand small changes so meet the same guards as one large one. A new source's mark is what it holds after its first
//! commit. What ends by itself (expiry, newer evidence) leaves the mark too: nobody took it away.
//!
//! Guarantees: the numbers follow from the rows that change, without walking what the source holds.
//! Never: decides. The guards are `list::policy`'s.

use super::keys::size_of_key;
use crate::{
    limits::GUARD_DAY_SECONDS,
    list::{Duration, Entry, Key, Time},
    store::{Day, SourceRow, UndoHead},
};

/// The sum of changed rows of one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    came: u64,
    left: u64,
    size_came: u128,
    size_left: u128,
    /// Of those that left, how many the source held when its day began.
    left_of_day: u64,
    /// Of those that came, how many it held then: an undo brought them back.
    back_of_day: u64,
}

/// Whether somebody took the entries away, or their time came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    ByWill,
    ByItself,
}

impl Tally {
    /// Counts one row.
    pub fn count(&mut self, key: &Key, before: Option<&Entry>, after: Option<&Entry>, day: Option<&Day>) {
        match (before, after) {
            (None, Some(_)) => {
                self.came += 1;
                self.size_came += u128::from(size_of_key(key));
            }
            (Some(before), None) => {
                self.left += 1;
                self.size_left += u128::from(size_of_key(key));
                self.left_of_day += of_day(before, day);
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// One of those that came was held before: an undo brings it back.
    pub fn comes_back(&mut self, entry: &Entry, day: Option<&Day>) {
        self.back_of_day += of_day(entry, day);
    }

    /// Whether keys left.
    pub fn shrinks(&self) -> bool {
        self.left > self.came
    }

    /// Whether keys left at all.
    pub fn loses(&self) -> bool {
        self.left > 0
    }

    /// Whether more keys, or more addresses, are held afterwards.
    pub fn grows(&self) -> bool {
        self.came > self.left || self.size_came > self.size_left
    }

    /// The source's row after these changes.
    pub fn settle(&self, row: &SourceRow, leaving: Leaving, now: Time) -> SourceRow {
        let mut next = SourceRow { day: day_at(row, now), ..row.clone() };
        next.keys = (row.keys + self.came).saturating_sub(self.left);
        next.covered = moved(row.covered, self.size_came, self.size_left);
        match &mut next.day {
            None => next.day = Some(Day { began: now, keys: next.keys, kept: next.keys, covered: next.covered }),
            Some(day) => {
                day.kept = (day.kept + self.back_of_day).saturating_sub(self.left_of_day).min(day.keys);
                if leaving == Leaving::ByItself {
                    day.keys = day.keys.saturating_sub(self.left_of_day);
                    day.covered = moved(day.covered, 0, self.size_left);
                }
            }
        }
        next
    }
}

fn of_day(entry: &Entry, day: Option<&Day>) -> u64 {
    u64::from(day.is_some_and(|day| entry.first_seen <= day.began))
}

/// The mark that holds at `now`.
pub(super) fn day_at(row: &SourceRow, now: Time) -> Option<Day> {
    let day = row.day?;
    // A clock set back does not lengthen a day for ever: the day begins anew then, too.
    if now < day.began.plus(Duration::from_seconds(GUARD_DAY_SECONDS))
        && day.began <= now.plus(Duration::from_seconds(GUARD_DAY_SECONDS))
    {
        return Some(day);
    }
    // It begins before the change that looks: what comes with that was not held then.
    let began = now.minus(Duration::from_seconds(1));
    Some(Day { began, keys: row.keys, kept: row.keys, covered: row.covered })
}

/// The mark that holds after an undo: what was held when the undone import came is there again.
pub(super) fn day_after_undo(row: &SourceRow, undone: &UndoHead, now: Time) -> Option<Day> {
    let (before, day) = (&undone.before, day_at(row, now)?);
    match before.day {
        Some(then) if then.began == day.began => Some(then),
        // It began with that import.
        _ if day.began <= undone.time => {
            Some(Day { began: day.began, keys: before.keys, kept: before.keys, covered: before.covered })
        }
        _ => Some(day),
    }
}

fn moved(size: u64, came: u128, left: u128) -> u64 {
    u64::try_from((u128::from(size) + came).saturating_sub(left)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::{Mark, Prefix};

    const BEGAN: Time = Time::from_seconds(1_000_000);

    fn entry(first_seen: Time) -> Entry {
        Entry { mark: Mark::Listed, code: None, text: None, first_seen, last_seen: first_seen, expires: None }
    }

    fn key(last: u8) -> Key {
        Prefix::v4([192, 0, 2, last].into(), 32).into()
    }

    #[test]
    fn a_new_sources_mark_is_what_it_holds_after_its_first_commit() {
        let mut tally = Tally::default();
        for last in 0..5 {
            tally.count(&key(last), None, Some(&entry(BEGAN)), None);
        }
        let row = tally.settle(&SourceRow::default(), Leaving::ByWill, BEGAN);
        assert_eq!((row.keys, row.covered), (5, 5));
        assert_eq!(row.day, Some(Day { began: BEGAN, keys: 5, kept: 5, covered: 5 }));
    }

    #[test]
    fn many_small_removals_are_measured_against_the_same_mark_until_a_day_is_over() {
        let day = Day { began: BEGAN, keys: 5, kept: 5, covered: 5 };
        let mut row = SourceRow { keys: 5, covered: 5, day: Some(day), ..SourceRow::default() };
        for last in 0..3 {
            let mut tally = Tally::default();
            tally.count(&key(last), Some(&entry(BEGAN)), None, row.day.as_ref());
            row = tally.settle(&row, Leaving::ByWill, BEGAN.plus(Duration::from_seconds(60)));
        }
        assert_eq!((row.keys, row.day), (2, Some(Day { kept: 2, ..day })));
        let next_day = BEGAN.plus(Duration::from_seconds(GUARD_DAY_SECONDS));
        let began = next_day.minus(Duration::from_seconds(1));
        assert_eq!(day_at(&row, next_day), Some(Day { began, keys: 2, kept: 2, covered: 2 }));
    }

    #[test]
    fn what_ends_by_itself_leaves_the_mark_too() {
        let day = Day { began: BEGAN, keys: 5, kept: 5, covered: 5 };
        let row = SourceRow { keys: 5, covered: 5, day: Some(day), ..SourceRow::default() };
        let mut tally = Tally::default();
        tally.count(&key(1), Some(&entry(BEGAN)), None, row.day.as_ref());
        let row = tally.settle(&row, Leaving::ByItself, BEGAN);
        assert_eq!(row.day, Some(Day { keys: 4, kept: 4, covered: 4, ..day }));
    }
}
