//! The stays that history tells of: the same, whether an import came as rows or as files.

use super::*;
use crate::store::{Past, Why};
use proptest::prelude::*;

const KEYS: [&str; 4] = ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"];
/// Seconds after which the day of an undo is over, and each of two sweeps has come.
const ENDS: [u32; 3] = [86_400, 61, 61];

fn past_of(house: &House, key: &str) -> Vec<Past> {
    let view = house.door.store().view();
    let id = view.catalog().list_id(&"relay".parse().unwrap()).unwrap();
    let found = view.history(id, &Key::parse_any(key).unwrap(), Time::default(), 99).unwrap();
    found.into_iter().map(|(_, past)| past).collect()
}

/// Why, and after how many seconds each ended, the latest first.
fn ends(house: &House, key: &str) -> Vec<(Why, u32)> {
    past_of(house, key).iter().map(|past| (past.why, past.until.seconds() - BEGIN)).collect()
}

fn settle(house: &House) {
    for seconds in ENDS {
        house.pass(seconds);
    }
}

#[test]
fn an_entry_that_went_on_and_left_later_has_one_stay() {
    for (_directory, house) in both_ways() {
        house.import("relay", "feed", "203.0.113.1\n203.0.113.2").unwrap();
        house.pass(10);
        house.import("relay", "feed", "203.0.113.2\n203.0.113.3").unwrap();
        house.pass(10);
        house.remove("relay", "feed", "203.0.113.2").unwrap();
        settle(&house);
        assert_eq!(ends(&house, "203.0.113.2"), [(Why::Removed, 20)]);
        assert_eq!(ends(&house, "203.0.113.1"), [(Why::Replaced, 10)]);
    }
}

#[test]
fn an_entry_that_left_and_came_back_keeps_its_former_stay() {
    for (_directory, house) in both_ways() {
        house.import("relay", "feed", "203.0.113.1\n203.0.113.2").unwrap();
        house.pass(10);
        house.import("relay", "feed", "203.0.113.2").unwrap();
        house.pass(10);
        house.add("relay", "feed", "203.0.113.1").unwrap();
        house.pass(10);
        house.whole("relay", "feed", Whole::Purge).unwrap();
        house.pass(10);
        house.add("relay", "feed", "203.0.113.2").unwrap();
        settle(&house);
        assert_eq!(ends(&house, "203.0.113.1"), [(Why::Purged, 30), (Why::Replaced, 10)]);
        assert_eq!(ends(&house, "203.0.113.2"), [(Why::Purged, 30)]);
    }
}

#[test]
fn an_entry_that_an_import_says_otherwise_has_changed() {
    for (_directory, house) in both_ways() {
        house.import("relay", "feed", "203.0.113.1\n203.0.113.2").unwrap();
        house.pass(10);
        house.import("relay", "feed", "!203.0.113.1\n203.0.113.2").unwrap();
        house.pass(10);
        house.add("relay", "feed", "203.0.113.1").unwrap();
        settle(&house);
        assert_eq!(ends(&house, "203.0.113.1"), [(Why::Changed, 20), (Why::Changed, 10)]);
        assert!(past_of(&house, "203.0.113.2").is_empty());
    }
}

/// What came in place of an undone generation leaves before that one is cleared away.
#[test]
fn an_undone_import_ends_what_it_alone_held_though_two_more_imports_follow() {
    let (_directory, house) = house();
    house.batch_rows(0);
    house.import("relay", "feed", "203.0.113.1\n203.0.113.2").unwrap();
    house.pass(10);
    house.import("relay", "feed", "203.0.113.1\n203.0.113.2\n203.0.113.3").unwrap();
    house.pass(10);
    let [first, second] = ["203.0.113.1\n203.0.113.2", "203.0.113.1"].map(str::to_owned);
    house.whole("relay", "feed", Whole::Undo).unwrap();
    // Neither comes to its sweep before the next.
    house.wall.fetch_add(1, Ordering::SeqCst);
    house.import("relay", "feed", &first).unwrap();
    house.wall.fetch_add(1, Ordering::SeqCst);
    house.import("relay", "feed", &second).unwrap();
    settle(&house);
    assert!(past_of(&house, "203.0.113.1").is_empty(), "it was listed all along");
    assert_eq!(ends(&house, "203.0.113.2"), [(Why::Replaced, 22)]);
    assert_eq!(ends(&house, "203.0.113.3"), [(Why::Undone, 20)]);
}

/// Once a large import was undone, nothing told that its keys had been off the list, or listed otherwise, until then.
#[test]
fn what_an_import_ended_has_ended_though_an_undo_brings_it_back() {
    for (_directory, house) in both_ways() {
        house.import("relay", "feed", "203.0.113.1\n203.0.113.2\n203.0.113.3").unwrap();
        house.pass(10);
        house.import("relay", "feed", "!203.0.113.2\n203.0.113.3").unwrap();
        house.pass(10);
        house.whole("relay", "feed", Whole::Undo).unwrap();
        settle(&house);
        assert_eq!(ends(&house, "203.0.113.1"), [(Why::Replaced, 10)]);
        assert_eq!(ends(&house, "203.0.113.2"), [(Why::Undone, 20), (Why::Changed, 10)]);
        assert!(past_of(&house, "203.0.113.3").is_empty());
    }
}

/// What ended after the clock was set back was looked for from the time on at which the import came, and so not found: the
/// import was told as its end, a second stay.
#[test]
fn an_entry_that_left_after_the_clock_was_set_back_has_one_stay() {
    for (_directory, house) in both_ways() {
        house.pass(5_000);
        house.import("relay", "feed", "203.0.113.1\n203.0.113.2").unwrap();
        house.pass(10);
        house.import("relay", "feed", "203.0.113.1\n203.0.113.3").unwrap();
        house.wall.fetch_sub(3_000, Ordering::SeqCst);
        house.remove("relay", "feed", "203.0.113.1").unwrap();
        house.wall.fetch_add(3_000, Ordering::SeqCst);
        settle(&house);
        assert_eq!(ends(&house, "203.0.113.1"), [(Why::Removed, 2_010)]);
        assert_eq!(ends(&house, "203.0.113.2"), [(Why::Replaced, 5_010)]);
    }
}

#[derive(Clone, Debug)]
enum Act {
    Import(Vec<(usize, bool)>),
    Add(usize, bool),
    Remove(usize),
    Purge,
    Undo,
}

fn any_act() -> impl Strategy<Value = Act> {
    let line = (0..KEYS.len(), proptest::bool::weighted(0.25));
    prop_oneof![
        3 => proptest::collection::vec(line.clone(), 1..5).prop_map(Act::Import),
        3 => line.prop_map(|(key, excluded)| Act::Add(key, excluded)),
        2 => (0..KEYS.len()).prop_map(Act::Remove),
        1 => Just(Act::Purge),
        1 => Just(Act::Undo),
    ]
}

fn line((key, excluded): &(usize, bool)) -> String {
    format!("{}{}\n", if *excluded { "!" } else { "" }, KEYS[*key])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn rows_and_files_leave_the_same_history(
        acts in proptest::collection::vec((any_act(), prop_oneof![Just(0), 1u32..30, Just(70), Just(50_000)]), 1..12),
    ) {
        let told = [50_000, 0].map(|batch_rows| {
            let (_directory, house) = house();
            house.batch_rows(batch_rows);
            for (act, seconds) in &acts {
                // What is refused (nothing to remove, to purge or to undo) changes nothing in either.
                let _ = match act {
                    Act::Import(lines) => house.import("relay", "feed", &lines.iter().map(line).collect::<String>()),
                    Act::Add(key, excluded) => house.add("relay", "feed", &line(&(*key, *excluded))),
                    Act::Remove(key) => house.remove("relay", "feed", KEYS[*key]),
                    Act::Purge => house.whole("relay", "feed", Whole::Purge),
                    Act::Undo => house.whole("relay", "feed", Whole::Undo),
                };
                house.pass(*seconds);
            }
            settle(&house);
            KEYS.map(|key| {
                // What came back within the second in which it came and left cannot be told from what went on.
                let told = past_of(&house, key).into_iter().filter(|past| past.from < past.until);
                told.map(|past| (past.mark, past.from, past.until, past.why, past.serial)).collect::<Vec<_>>()
            })
        });
        prop_assert_eq!(&told[0], &told[1]);
    }
}
