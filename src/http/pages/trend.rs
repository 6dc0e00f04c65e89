//! How a list grew and shrank: its size, what came and what went, day by day (UTC), from the journal.
//!
//! Each commit is read once and added up in memory. The size at the end of an earlier day is today's, less what came since
//! and with what went since; it counts the entries of all sources, as the list's page does.
//!
//! Guarantees: reads at most [`TREND_COMMITS_MAX`] commits and [`TREND_OCTETS_MAX`] octets for a page; where that, or `[keep]
//! changes`, ends the view, it begins with the first whole day.
//! Never: more than [`TREND_DAYS`] days; a day that it does not know whole, but today.

use super::{
    messages::{Messages, figure},
    words::Moment,
};
use crate::{
    http::Problem,
    limits::{TREND_COMMITS_MAX, TREND_DAYS, TREND_OCTETS_MAX},
    list::{ListName, Serial, Time},
    store::{Changes, ReadError, View},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

const DAY: u32 = 86_400;
/// Width of a day in a chart.
const STEP: usize = 10;

/// What came and went on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Moves {
    added: u64,
    removed: u64,
}

/// The days of all lists, as far as they were read.
#[derive(Debug, Default)]
struct Read {
    /// The last commit that is in it.
    upto: Serial,
    /// The first day known whole.
    since: u32,
    days: HashMap<ListName, BTreeMap<u32, Moves>>,
}

/// The days of all lists, kept between visits.
#[derive(Debug, Default)]
pub(in crate::http) struct Trends(Mutex<Read>);

/// One list's charts.
pub(super) struct Trend {
    pub summary: String,
    pub from: String,
    pub until: String,
    pub size_range: String,
    pub moves_range: String,
    pub width: usize,
    /// The corners of the line of sizes, as SVG writes them.
    pub line: String,
    pub days: Vec<Day>,
}

/// One day of them.
pub(super) struct Day {
    pub name: String,
    pub title: String,
    pub size: String,
    pub added: String,
    pub removed: String,
    pub x: usize,
    /// Heights of the bars, 45 at most.
    pub up: u64,
    pub down: u64,
}

impl Trends {
    /// The charts of `list`, which holds `held` entries now; nothing where only one day is known.
    pub(super) fn of(
        &self,
        view: &View<'_>,
        list: &ListName,
        held: u64,
        now: Time,
        words: Messages,
    ) -> Result<Option<Trend>, Problem> {
        let today = now.seconds() / DAY;
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read.follow(view, today)?;
        let first = read.since.max(today.saturating_sub(TREND_DAYS - 1));
        let days = read.days.get(list);
        let moves: Vec<_> =
            (first..=today).map(|day| days.and_then(|days| days.get(&day)).copied().unwrap_or_default()).collect();
        drop(read);
        Ok((moves.len() > 1).then(|| Trend::of(first, &moves, held, now, words)))
    }
}

impl Read {
    /// Reads what was committed since, from the newest back.
    fn follow(&mut self, view: &View<'_>, today: u32) -> Result<(), ReadError> {
        // Who waited for another to read may have an older view.
        if view.serial() <= self.upto {
            return Ok(());
        }
        let (mut serial, end) = (view.serial(), self.upto);
        let oldest_day = today.saturating_sub(TREND_DAYS);
        let (mut commits, mut octets) = (0, 0);
        let mut found = Self { upto: serial, since: oldest_day, days: HashMap::new() };
        let whole = loop {
            if serial <= end {
                break true;
            }
            let head =
                if commits < TREND_COMMITS_MAX && octets < TREND_OCTETS_MAX { view.commit_head(serial)? } else { None };
            let Some(head) = head else { break serial == Serial::default() };
            (commits, octets) = (commits + 1, octets + head.octets);
            let day = head.time.seconds() / DAY;
            if day < oldest_day {
                // All that is newer was read.
                found.since = oldest_day;
                break false;
            }
            // Should reading end here, this day is not known whole.
            found.since = day + 1;
            match head.list {
                Some(list) => found.add(list, day, Moves { added: head.counts.added, removed: head.counts.removed }),
                None if head.whole && head.counts.removed > 0 => found.add_each(view, serial, day)?,
                None => {}
            }
            serial = Serial(serial.0 - 1);
        };
        if whole && end > Serial::default() {
            // What was known goes on.
            found.since = self.since;
            for (list, days) in self.days.drain() {
                days.into_iter()
                    .filter(|(day, _)| *day >= oldest_day)
                    .for_each(|(day, moves)| found.add(list.clone(), day, moves));
            }
        } else if whole {
            // From the very first commit on: before it nothing was listed.
            found.since = found.since.saturating_sub(1);
        }
        *self = found;
        Ok(())
    }

    fn add(&mut self, list: ListName, day: u32, moves: Moves) {
        let sum = self.days.entry(list).or_default().entry(day).or_default();
        sum.added += moves.added;
        sum.removed += moves.removed;
    }

    /// A commit of several lists: what expired. Each key counts for its own.
    fn add_each(&mut self, view: &View<'_>, serial: Serial, day: u32) -> Result<(), ReadError> {
        let Some(commit) = view.commit(serial)? else { return Ok(()) };
        let Changes::Keys(keys) = commit.changes else { return Ok(()) };
        for change in keys.into_iter().filter(|change| change.now.is_none()) {
            self.add(change.list, day, Moves { added: 0, removed: 1 });
        }
        Ok(())
    }
}

impl Trend {
    fn of(first: u32, moves: &[Moves], held: u64, now: Time, words: Messages) -> Self {
        let sizes = sizes(moves, held);
        let (least, most) = (sizes.iter().min().copied().unwrap_or(0), sizes.iter().max().copied().unwrap_or(0));
        let busiest = moves.iter().map(|day| day.added.max(day.removed)).max().unwrap_or(0);
        let name = |place: usize| Moment::at(Time::from_seconds((first + place as u32) * DAY), now, words).day;
        let line = sizes
            .iter()
            .enumerate()
            .map(|(place, size)| format!("{},{}", place * STEP + 4, 95 - scaled(*size - least, most - least, 90)));
        let line: Vec<_> = line.collect();
        let day = |(place, day): (usize, &Moves)| {
            let parts = [
                ("day", name(place).into()),
                ("size", words.number(sizes[place]).into()),
                ("added", words.number(day.added).into()),
                ("removed", words.number(day.removed).into()),
            ];
            Day {
                name: name(place),
                title: words.get("trend-title", &parts),
                size: words.number(sizes[place]),
                added: words.number(day.added),
                removed: words.number(day.removed),
                x: place * STEP,
                up: scaled(day.added, busiest, 45),
                down: scaled(day.removed, busiest, 45),
            }
        };
        let (added, removed) = moves.iter().fold((0, 0), |(a, r), day| (a + day.added, r + day.removed));
        let range = |id: &str, low: u64, high: u64| words.get(id, &[("low", figure(low)), ("high", figure(high))]);
        Self {
            summary: words.get(
                "trend-summary",
                &[("day", name(0).into()), ("added", figure(added)), ("removed", figure(removed))],
            ),
            from: name(0),
            until: name(moves.len() - 1),
            size_range: range("trend-size-range", least, most),
            moves_range: words.get("trend-moves-range", &[("high", figure(busiest))]),
            width: moves.len() * STEP,
            line: line.join(" "),
            days: moves.iter().enumerate().map(day).collect(),
        }
    }
}

/// The size at the end of each day.
fn sizes(moves: &[Moves], held: u64) -> Vec<u64> {
    let mut sizes = vec![held; moves.len()];
    for place in (1..moves.len()).rev() {
        sizes[place - 1] = (sizes[place] + moves[place].removed).saturating_sub(moves[place].added);
    }
    sizes
}

/// `value` of `most`, drawn `height` high; what is there shows.
fn scaled(value: u64, most: u64, height: u64) -> u64 {
    if value == 0 { 0 } else { (value * height / most.max(1)).clamp(1, height) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn earlier_sizes_follow_from_todays_and_what_came_and_went() {
        let moves = [(5, 0), (10, 2), (0, 3)].map(|(added, removed)| Moves { added, removed });
        assert_eq!(sizes(&moves, 10), [5, 13, 10]);
    }

    proptest! {
        #[test]
        fn a_chart_stays_in_its_frame(days in proptest::collection::vec((0u64..1_000_000, 0u64..1_000_000), 2..90), held in 0u64..10_000_000) {
            let moves: Vec<_> = days.into_iter().map(|(added, removed)| Moves { added, removed }).collect();
            let now = Time::from_seconds(1_800_000_000);
            let trend = Trend::of(now.seconds() / DAY - moves.len() as u32 + 1, &moves, held, now, Messages::default());
            prop_assert_eq!(trend.days.len(), moves.len());
            for day in &trend.days {
                prop_assert!(day.up <= 45 && day.down <= 45 && day.x + STEP <= trend.width);
            }
            for corner in trend.line.split(' ') {
                let (x, y) = corner.split_once(',').unwrap();
                prop_assert!(x.parse::<usize>().unwrap() < trend.width && y.parse::<u64>().unwrap() <= 100);
            }
        }
    }
}
