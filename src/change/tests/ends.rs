//! What the passing of time ends, and when it does not.

use super::*;
use crate::{change::Pause, limits::EXPIRY_KEYS_MAX, store::Act};

#[test]
fn an_end_of_its_own_comes_before_the_lists_term() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::open(directory.path(), with_term(1_000));
    house.add("dynamic", "trap", "203.0.113.1 expires=100\n203.0.113.2\n203.0.113.3 expires=5000").unwrap();
    house.add("relay", "trap", "203.0.113.4").unwrap();
    house.pass(99);
    assert!(house.listed("203.0.113.1"));
    house.pass(1);
    assert!(!house.listed("203.0.113.1") && house.listed("203.0.113.2"));
    house.pass(900);
    assert!(!house.listed("203.0.113.2") && house.listed("203.0.113.3") && house.listed("203.0.113.4"));
    house.pass(4_000);
    assert!(!house.listed("203.0.113.3") && house.listed("203.0.113.4"), "a list without a term keeps its entries");
    let last = house.door.store().view().journal(Serial(house.serial().0 - 1), 1).unwrap();
    assert_eq!((last[0].act, &*last[0].actor, last[0].counts.removed), (Act::Expire, "expiry", 1));
}

/// The first thousands of an hour, renewed again and again, hid the ends of all behind them.
#[test]
fn what_stays_does_not_hide_what_ends_behind_it() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::open(directory.path(), with_term(600));
    let first = EXPIRY_KEYS_MAX as u32;
    let (few, all) = (hosts(first), hosts(first + 2));
    house.add("dynamic", "trap", &all).unwrap();
    house.pass(300);
    house.add("dynamic", "trap", &few).unwrap();
    house.pass(300);
    house.pass(1);
    house.pass(1);
    assert_eq!(house.keys_of("dynamic", "trap"), u64::from(first), "those that were not renewed have ended");
    house.pass(300);
    house.pass(1);
    assert_eq!(house.keys_of("dynamic", "trap"), 0);
}

#[test]
fn a_feed_gone_silent_ends_as_a_whole_and_one_that_confirms_does_not() {
    for batch_rows in [50_000, 0] {
        let directory = tempfile::tempdir().unwrap();
        let house = House::open(directory.path(), with_term(1_000));
        house.batch_rows(batch_rows);
        house.import("dynamic", "silent", "203.0.113.1\n203.0.113.2").unwrap();
        house.import("dynamic", "alive", "203.0.113.3").unwrap();
        house.add("dynamic", "silent", "203.0.113.4").unwrap();
        house.pass(500);
        house.import("dynamic", "alive", "203.0.113.3").unwrap();
        house.add("dynamic", "silent", "203.0.113.2").unwrap();
        house.pass(500);
        assert!(!house.listed("203.0.113.1") && !house.listed("203.0.113.4"));
        assert!(house.listed("203.0.113.2"), "posted later");
        assert!(house.listed("203.0.113.3"), "confirmed later");
        house.pass(501);
        assert!(!house.listed("203.0.113.2") && !house.listed("203.0.113.3"));
        assert_eq!(house.keys_of("dynamic", "silent"), 0);
    }
}

#[test]
fn what_an_undo_brings_back_ends_by_its_former_term() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::open(directory.path(), with_term(1_000));
    house.import("dynamic", "feed", "203.0.113.1").unwrap();
    house.batch_rows(0);
    house.import("dynamic", "feed", "203.0.113.1 expires=900").unwrap();
    house.pass(1_000);
    assert_eq!(house.keys_of("dynamic", "feed"), 0);
    house.whole("dynamic", "feed", Whole::Undo).unwrap();
    assert_eq!(house.keys_of("dynamic", "feed"), 1);
    house.pass(1);
    assert_eq!(house.keys_of("dynamic", "feed"), 0);
}

#[test]
fn an_end_that_passed_while_a_generation_was_not_in_force_comes_after_its_undo() {
    let (_directory, house) = house();
    house.batch_rows(0);
    house.import("relay", "feed", "203.0.113.1 expires=100\n203.0.113.2").unwrap();
    house.pass(10);
    house.import("relay", "feed", "203.0.113.1\n203.0.113.2").unwrap();
    house.pass(140);
    assert!(house.listed("203.0.113.1"), "the entry in force has no end");
    house.whole("relay", "feed", Whole::Undo).unwrap();
    house.pass(1);
    assert!(!house.listed("203.0.113.1") && house.listed("203.0.113.2"));
}

#[test]
fn expiry_ends_at_most_its_bound_in_one_commit() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::open(directory.path(), with_term(1_000));
    house.import("dynamic", "feed", &hosts(6_000)).unwrap();
    house.pass(1_000);
    assert_eq!(house.keys_of("dynamic", "feed"), 1_000);
    house.pass(1);
    assert_eq!(house.keys_of("dynamic", "feed"), 0);
}

/// Expiry paused, and all else that time ends went on: the journal, history, ways back, tokens, zones.
#[test]
fn nothing_ends_by_a_clock_that_is_doubted() {
    let directory = tempfile::tempdir().unwrap();
    let closing = || {
        let mut configuration = configuration();
        configuration.zones[0].closing = Some(Time::from_seconds(BEGIN + 86_400));
        configuration
    };
    let house = House::open(directory.path(), closing());
    house.add("relay", "trap", "203.0.113.1").unwrap();
    house.import("relay", "feed", "203.0.113.2").unwrap();
    house.import("relay", "feed", "203.0.113.3").unwrap();
    let year = 365 * 86_400;
    house.wall.fetch_add(20 * year, Ordering::SeqCst);
    for _ in 0..3 {
        house.door.tick().unwrap();
    }
    assert_eq!(house.door.status().expiry_paused, Some(Pause::ClockJumped));
    assert!(house.listed("203.0.113.1"), "its zone has not closed");
    let journal = house.door.store().view().journal(Serial(0), 100).unwrap();
    assert_eq!(journal.len() as u64, house.serial().0, "{journal:?}");
    let (serial, last) = (house.serial(), house.door.store().last_commit_time());
    house.close();
    // Nor does it at a start.
    let house = House::open_at(directory.path(), closing(), BEGIN + 20 * year);
    house.door.tick().unwrap();
    assert!(house.listed("203.0.113.1") && house.door.status().expiry_paused.is_some());
    assert_eq!((house.serial(), house.door.store().last_commit_time()), (serial, last));
    wait(house.door.configure(closing())).unwrap();
    assert!(house.listed("203.0.113.1"), "nor by a reload");
    house.wall.fetch_sub(20 * year, Ordering::SeqCst);
    wait(house.door.resume_expiry(Actor::new("token:admin"))).unwrap();
    house.whole("relay", "feed", Whole::Undo).unwrap();
    assert!(house.listed("203.0.113.2"));
}

#[test]
fn a_zone_that_a_wrong_clock_closed_lists_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut configuration = configuration();
    configuration.zones[0].closing = Some(Time::from_seconds(BEGIN + 1_000));
    let house = House::open(directory.path(), configuration);
    house.add("relay", "trap", "203.0.113.1").unwrap();
    house.pass(1_000);
    assert!(!house.listed("203.0.113.1"));
    for clock in [&house.wall, &house.boot] {
        clock.fetch_sub(500, Ordering::SeqCst);
    }
    wait(house.door.resume_expiry(Actor::new("token:admin"))).unwrap();
    house.door.tick().unwrap();
    assert!(house.listed("203.0.113.1"));
}

#[test]
fn expiry_pauses_when_the_clock_jumps_and_waits_for_an_admin_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::open(directory.path(), configuration());
    house.add("relay", "trap", "203.0.113.1 expires=100").unwrap();
    house.wall.fetch_add(5_000, Ordering::SeqCst);
    house.door.tick().unwrap();
    assert!(house.listed("203.0.113.1"));
    assert_eq!(house.door.status().expiry_paused, Some(Pause::ClockJumped));
    house.close();
    let house = House::open_at(directory.path(), configuration(), BEGIN + 5_000);
    house.pass(1);
    assert!(house.listed("203.0.113.1"));
    wait(house.door.resume_expiry(Actor::new("token:admin"))).unwrap();
    house.pass(1);
    assert!(!house.listed("203.0.113.1"));
    let last = house.door.store().last_commit_time().unwrap().seconds();
    house.close();
    let paused = |at: u32| {
        let house = House::open_at(directory.path(), configuration(), at);
        let paused = house.door.status().expiry_paused;
        wait(house.door.resume_expiry(Actor::new("token:admin"))).unwrap();
        paused
    };
    assert_eq!(paused(last + 29 * 86_400), None);
    assert_eq!(paused(last + 31 * 86_400), Some(Pause::ClockAhead));
    assert_eq!(paused(last - 3_600), Some(Pause::ClockBehind));
}
