//! What a request does to the rows of one source: the rules of DESIGN as pure functions.
//!
//! Guarantees: the same rows, lines and time give the same changes. A source holds a key once. An exclusion of `removal` or
//! `retest` ends by newer evidence only.
//! Never: reads a store or a clock, knows of batches or snapshots.

use super::request::Committed;
use crate::list::{Detail, Entry, Key, Mark, NewEntry, ReturnCode, TextId, Time};

/// What one source holds at one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holding {
    pub entry: Entry,
    pub detail: Detail,
}

/// By which way an entry comes; the counting and the evidence differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Named on purpose: renews what is held.
    Post,
    /// One line of the whole: confirms what is held.
    Import,
}

/// An accepted line, its text interned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub mark: Mark,
    pub code: Option<ReturnCode>,
    pub text: Option<TextId>,
    pub seen: Option<Time>,
    pub first_seen: Option<Time>,
    pub expires: Option<Time>,
    pub detail: Detail,
}

/// How a key fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Added,
    Removed,
    Renewed,
    Unchanged,
}

/// How old the evidence of a listing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The request itself is the evidence: newer than all that is already there.
    Fresh,
    /// Evidence with a time of its own.
    Of(Time),
}

impl Line {
    pub fn new(new: NewEntry, text: Option<TextId>) -> (Key, Self) {
        let NewEntry { key, mark, code, seen, first_seen, expires, detail, .. } = new;
        (key, Self { mark, code, text, seen, first_seen, expires, detail })
    }

    /// Which of two lines for one key counts: the later, but an exclusion beats a listing.
    pub fn merged_with(self, later: Self) -> Self {
        if self.mark == Mark::Excluded && later.mark == Mark::Listed { self } else { later }
    }

    /// What the source holds after this line of a POST, and how the line counts.
    pub fn onto(&self, old: Option<&Holding>, now: Time) -> (Holding, Outcome) {
        let Some(old) = old else {
            return (self.holding(self.first_seen.unwrap_or(now), self.seen.unwrap_or(now)), Outcome::Added);
        };
        let first_seen = self.first_seen.unwrap_or(old.entry.first_seen);
        // Evidence that arrives out of order does not make an entry older.
        let last_seen = self.seen.unwrap_or(now).max(old.entry.last_seen);
        (self.holding(first_seen, last_seen), Outcome::Renewed)
    }

    fn holding(&self, first_seen: Time, last_seen: Time) -> Holding {
        let (mark, code, text, expires) = (self.mark, self.code, self.text, self.expires);
        Holding { entry: Entry { mark, code, text, first_seen, last_seen, expires }, detail: self.detail.clone() }
    }

    /// The evidence that this line brings against exclusions of `removal` and `retest`; none if it is no listing.
    pub fn evidence(&self, old: Option<&Holding>, way: Way) -> Option<Evidence> {
        (self.mark == Mark::Listed).then(|| Evidence::of(self.seen, old.map(|old| &old.entry), way))
    }
}

impl Evidence {
    /// That of a listing: `seen` is when the line itself says it was seen, `old` what its source holds at the key.
    pub fn of(seen: Option<Time>, old: Option<&Entry>, way: Way) -> Self {
        match (seen, old, way) {
            (Some(seen), ..) => Self::Of(seen),
            // The import only confirms what began then.
            (None, Some(old), Way::Import) if old.mark == Mark::Listed => Self::Of(old.first_seen),
            (None, ..) => Self::Fresh,
        }
    }

    /// Whether it ends an exclusion that was made or renewed at `excluded`.
    pub fn ends(self, excluded: Time) -> bool {
        match self {
            Self::Fresh => true,
            Self::Of(time) => time > excluded,
        }
    }
}

/// Whether the difference belongs into the history and the answers: mark, code or text.
pub(super) fn decides_differently(before: Option<&Entry>, after: Option<&Entry>) -> bool {
    let deciding = |entry: &Entry| (entry.mark, entry.code, entry.text);
    before.map(deciding) != after.map(deciding)
}

impl Committed {
    pub(super) fn count(&mut self, outcome: Outcome) {
        *self.counter(outcome) += 1;
    }

    fn counter(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Added => &mut self.added,
            Outcome::Removed => &mut self.removed,
            Outcome::Renewed => &mut self.renewed,
            Outcome::Unchanged => &mut self.unchanged,
        }
    }
}

/// When an entry ends: its own end, else its last sight (its own or its source's last whole import) and the list's term.
#[must_use]
pub fn end_of(entry: &Entry, complete_at: Option<Time>, expires_after: Option<crate::list::Duration>) -> Option<Time> {
    let by_age = expires_after.map(|term| last_seen(entry, complete_at).plus(term));
    match (entry.expires, by_age) {
        (Some(own), _) => Some(own),
        (None, by_age) => by_age,
    }
}

/// The later of the entry's own last sight and its source's last whole import.
#[must_use]
pub fn last_seen(entry: &Entry, complete_at: Option<Time>) -> Time {
    entry.last_seen.max(complete_at.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Duration;

    const T1: Time = Time::from_seconds(1_000);
    const T2: Time = Time::from_seconds(2_000);

    fn line(mark: Mark) -> Line {
        let plain = NewEntry::plain("192.0.2.1".parse::<crate::list::Prefix>().unwrap().into(), mark);
        Line::new(plain, None).1
    }

    #[test]
    fn a_post_renews_what_is_held() {
        let (held, outcome) = line(Mark::Listed).onto(None, T1);
        assert_eq!(outcome, Outcome::Added);
        let (renewed, outcome) = line(Mark::Listed).onto(Some(&held), T2);
        assert_eq!((outcome, renewed.entry.first_seen, renewed.entry.last_seen), (Outcome::Renewed, T1, T2));
    }

    #[test]
    fn in_one_body_the_later_line_wins_but_an_exclusion_beats_a_listing() {
        let later = Line { code: "127.0.0.3".parse().ok(), ..line(Mark::Listed) };
        assert_eq!(line(Mark::Listed).merged_with(later.clone()), later);
        assert_eq!(line(Mark::Excluded).merged_with(later.clone()).mark, Mark::Excluded);
        assert_eq!(later.merged_with(line(Mark::Excluded)).mark, Mark::Excluded);
    }

    #[test]
    fn an_import_that_only_confirms_is_no_new_evidence() {
        let held = line(Mark::Listed).onto(None, T1).0;
        let confirmed = line(Mark::Listed).evidence(Some(&held), Way::Import).unwrap();
        assert!(!confirmed.ends(T2), "the key was held before the removal");
        assert!(line(Mark::Listed).evidence(None, Way::Import).unwrap().ends(T2), "a key that came later");
        assert!(line(Mark::Listed).evidence(Some(&held), Way::Post).unwrap().ends(T2), "a POST is evidence of now");
        let old = Line { seen: Some(T1), ..line(Mark::Listed) };
        assert!(!old.evidence(None, Way::Post).unwrap().ends(T2), "evidence of before the removal");
        assert_eq!(line(Mark::Excluded).evidence(None, Way::Post), None);
    }

    #[test]
    fn an_entry_ends_at_its_own_time_else_by_the_later_of_both_last_sights() {
        let mut entry = line(Mark::Listed).onto(None, T1).0.entry;
        let term = Some(Duration::from_seconds(10));
        assert_eq!(end_of(&entry, None, None), None);
        assert_eq!(end_of(&entry, None, term), Some(Time::from_seconds(1_010)));
        assert_eq!(end_of(&entry, Some(T2), term), Some(Time::from_seconds(2_010)));
        entry.expires = Some(T2);
        assert_eq!(end_of(&entry, Some(T2), term), Some(T2));
    }
}
