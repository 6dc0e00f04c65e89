//! One test for each rule.

use super::*;
use crate::{limits::UNDO_ROWS_MAX, store::Why};

fn is_guard(refused: &Result<Committed, Refused>, name: &str) -> bool {
    matches!(refused, Err(Refused::Guard(guard)) if guard.name() == name)
}

#[test]
fn a_change_is_served_when_it_is_answered() {
    let (_directory, house) = house();
    assert!(!house.listed("203.0.113.7"));
    let committed = house.add("relay", "trap", "203.0.113.7 spam").unwrap();
    assert_eq!((committed.added, committed.serial), (1, house.serial()));
    assert_eq!(house.codes("bl.test", "203.0.113.7"), Some(vec!["127.0.0.2".into()]));
    let committed = house.remove("relay", "trap", "203.0.113.7").unwrap();
    assert_eq!((committed.removed, committed.serial), (1, house.serial()));
    assert!(!house.listed("203.0.113.7"));
}

#[test]
fn serials_rise_by_one_and_a_refused_change_uses_none() {
    let (_directory, house) = house();
    let first = house.serial();
    house.add("relay", "trap", "203.0.113.7").unwrap();
    assert!(house.add("relay", "trap", "10.1.2.3").is_err());
    assert!(matches!(house.add("nothing", "trap", "203.0.113.7"), Err(Refused::UnknownList(_))));
    assert!(matches!(
        house.add("relay", "trap", "203.0.113.8 code=127.0.0.77"),
        Err(Refused::Rejected { count: 1, .. })
    ));
    house.import("relay", "feed", "203.0.113.9").unwrap();
    let same = house.import("relay", "feed", "203.0.113.9").unwrap();
    assert_eq!((same.unchanged, same.serial), (1, Serial(first.0 + 3)), "a heartbeat is a commit");
    let journal = house.door.store().view().journal(first, 10).unwrap();
    assert_eq!(journal.iter().map(|commit| commit.serial.0 - first.0).collect::<Vec<_>>(), [1, 2, 3]);
}

/// Warmshowers #240: a server exempted from a dynamic range was listed again when its provider imported the range anew.
#[test]
fn an_exempted_server_stays_exempt_when_its_provider_imports_the_range_again() {
    let (_directory, house) = house();
    house.import("dynamic", "isp", "198.51.100.0/24").unwrap();
    house.add("dynamic", "operator", "!198.51.100.25").unwrap();
    house.import("dynamic", "isp", "198.51.100.0/24\n203.0.113.0/24").unwrap();
    assert!(!house.listed("198.51.100.25"));
    assert!(house.listed("198.51.100.26") && house.listed("203.0.113.1"));
    house.add("dynamic", "trap", "198.51.100.25").unwrap();
    assert!(!house.listed("198.51.100.25"), "at the same key an exclusion beats every listing");
}

#[test]
fn an_exclusion_by_removal_ends_when_another_source_brings_newer_evidence() {
    let (_directory, house) = house();
    house.import("relay", "feed", "198.51.100.25").unwrap();
    house.pass(10);
    house.add("relay", "removal", "!198.51.100.25").unwrap();
    assert!(!house.listed("198.51.100.25"));
    house.pass(10);
    house.import("relay", "feed", "198.51.100.25").unwrap();
    assert!(!house.listed("198.51.100.25"), "an import that only confirms is no new evidence");
    house.import("relay", "feed", "198.51.100.25 another-reason").unwrap();
    assert!(!house.listed("198.51.100.25"), "nor is another reason");
    house.add("relay", "trap", "198.51.100.25 seen=5").unwrap();
    assert!(!house.listed("198.51.100.25"), "nor what was seen before the removal");
    house.add("relay", "trap", "198.51.100.25 seen=15").unwrap();
    assert!(house.listed("198.51.100.25"), "what was seen after it is");
    let past = house.door.store().view();
    let id = past.catalog().list_id(&"relay".parse().unwrap()).unwrap();
    let history = past.history(id, &Key::parse_any("198.51.100.25").unwrap(), Time::default(), 10).unwrap();
    assert!(history.iter().any(|(_, past)| past.why == Why::Outweighed));
}

#[test]
fn a_key_that_comes_new_with_an_import_ends_a_removal_of_a_wider_key() {
    for (_directory, house) in both_ways() {
        house.add("relay", "removal", "!198.51.100.0/24").unwrap();
        house.add("relay", "operator", "!203.0.113.0/24").unwrap();
        house.pass(10);
        house.import("relay", "feed", "198.51.100.0/25\n203.0.113.0/24").unwrap();
        assert!(house.listed("198.51.100.25"));
        assert!(!house.listed("203.0.113.1"), "other exclusions do not end");
        assert_eq!(house.keys_of("relay", "removal"), 0);
    }
}

#[test]
fn an_import_is_weighed_by_what_its_line_says_and_not_by_what_was_held() {
    for (_directory, house) in both_ways() {
        house.pass(30);
        house.add("relay", "feed", "198.51.100.25 seen=20").unwrap();
        house.add("relay", "removal", "!198.51.100.0/24 seen=10").unwrap();
        house.import("relay", "feed", "198.51.100.25 seen=5").unwrap();
        assert_eq!(house.keys_of("relay", "removal"), 1, "older evidence, though the key was seen later");
        house.import("relay", "feed", "198.51.100.25 seen=15").unwrap();
        assert_eq!(house.keys_of("relay", "removal"), 0, "newer evidence");
    }
}

#[test]
fn a_removal_that_is_renewed_while_an_import_would_end_it_stays() {
    for (_directory, house) in both_ways() {
        house.add("relay", "removal", "!198.51.100.0/24").unwrap();
        house.pass(10);
        let mut import = house.door.begin_import(house.start("relay", "feed")).unwrap();
        for (line, entry) in entries("relay", "198.51.100.0/24") {
            import.push(line, entry).unwrap();
        }
        let door = house.door.clone();
        let renew = move || {
            let what = What::Add(entries("relay", "!198.51.100.0/24 again"));
            let (list, source) = ("relay".parse().unwrap(), "removal".parse().unwrap());
            let actor = Actor::new("token:test");
            let change = Change { actor, list, source, admin: true, force: false, what, cases: Vec::new() };
            wait(door.submit(change)).unwrap();
        };
        house.before_switch(std::iter::once(renew));
        import.finish([0; 32]).unwrap();
        assert_eq!(house.keys_of("relay", "removal"), 1);
        assert!(!house.listed("198.51.100.7"));
    }
}

#[test]
fn removing_what_the_source_does_not_hold_says_who_lists_it() {
    let (_directory, house) = house();
    house.import("dynamic", "isp", "198.51.100.0/24").unwrap();
    let serial = house.serial();
    let nothing = house.remove("dynamic", "operator", "198.51.100.25").unwrap();
    assert_eq!((nothing.serial, nothing.removed), (serial, 0));
    assert_eq!(nothing.still_listed_by.len(), 1);
    assert_eq!(nothing.still_listed_by[0].source.as_str(), "isp");
    assert_eq!(nothing.still_listed_by[0].entry.to_string(), "198.51.100.0/24");
    assert_eq!(house.serial(), serial, "no commit");
}

#[test]
fn a_post_says_what_it_added_renewed_and_what_came_twice() {
    let (_directory, house) = house();
    house.add("relay", "trap", "203.0.113.7\n203.0.113.8").unwrap();
    let again = house.add("relay", "trap", "203.0.113.7\n203.0.113.9\n203.0.113.9 later").unwrap();
    assert_eq!((again.added, again.renewed, again.unchanged, again.duplicates), (1, 1, 0, 1));
    let import = house.import("relay", "trap", "203.0.113.7\n203.0.113.9\n203.0.113.1").unwrap();
    assert_eq!((import.added, import.removed, import.renewed, import.unchanged), (1, 1, 1, 1));
}

#[test]
fn longer_ipv6_listings_are_widened_and_removals_alike() {
    let directory = tempfile::tempdir().unwrap();
    let mut configuration = configuration();
    configuration.lists[1] = Arc::new(ListSettings { v6_hosts_as: Some(64), ..(*configuration.lists[1]).clone() });
    let house = House::open(directory.path(), configuration);
    house.add("relay", "trap", "2001:db8::1\n!2001:db8::2").unwrap();
    assert!(house.listed("2001:db8::99") && !house.listed("2001:db8::2"));
    assert_eq!(house.remove("relay", "trap", "2001:db8::77").unwrap().removed, 1);
    assert!(!house.listed("2001:db8::99"));
    assert_eq!(
        house.remove("relay", "trap", "2001:db8::2").unwrap().removed,
        1,
        "an exclusion is where it was written"
    );
}

#[test]
fn names_are_listed_with_all_below_and_holes_cut_out() {
    let (_directory, house) = house();
    house.add("bad-domain", "feed", "example.org\n!=good.example.org\n*.only-below.example\n").unwrap();
    let listed = |name: &str| house.codes("dbl.test", name).is_some();
    assert!(listed("example.org") && listed("a.example.org") && listed("x.good.example.org"));
    assert!(!listed("good.example.org") && !listed("only-below.example") && listed("x.only-below.example"));
    house.remove("bad-domain", "feed", "=good.example.org").unwrap();
    assert!(listed("good.example.org"));
    house.submit("never", "operator", false, What::Add(entries("bad-domain", "a.example.org"))).unwrap();
    assert!(!listed("a.example.org") && listed("b.example.org"));
}

#[test]
fn two_imports_of_one_source_and_a_fifth_of_all_find_no_place() {
    let (_directory, house) = house();
    let first = house.door.begin_import(house.start("relay", "a")).unwrap();
    assert_eq!(house.door.begin_import(house.start("relay", "a")).err(), Some(Refused::SourceBusy));
    let of_token = |source: &str| {
        let start = ImportStart { token: "one".into(), admin: false, ..house.start("relay", source) };
        house.door.begin_import(start)
    };
    let (second, third) = (of_token("b").unwrap(), of_token("c").unwrap());
    assert!(matches!(of_token("d").err(), Some(Refused::Busy { .. })), "two of one token");
    let fourth = house.door.begin_import(house.start("dynamic", "a")).unwrap();
    assert!(matches!(house.door.begin_import(house.start("dynamic", "b")).err(), Some(Refused::Busy { .. })));
    drop((first, second, third, fourth));
    assert!(house.import("dynamic", "b", "203.0.113.1").is_ok(), "a dropped import leaves its place");
    assert_eq!(house.keys_of("relay", "a"), 0, "and nothing else");
}

#[test]
fn what_a_source_posts_during_its_import_gives_way_and_is_counted() {
    for (_directory, house) in both_ways() {
        house.import("relay", "feed", "203.0.113.1\n203.0.113.2\n203.0.113.3").unwrap();
        let mut import = house.door.begin_import(house.start("relay", "feed")).unwrap();
        for (line, entry) in entries("relay", "203.0.113.1\n203.0.113.2\n203.0.113.5\n203.0.113.3\n203.0.113.6") {
            import.push(line, entry).unwrap();
        }
        // The merge has not begun, so these count as held; what comes between merge and switch is the model's test.
        house.add("relay", "feed", "203.0.113.4").unwrap();
        house.add("relay", "other", "203.0.113.9").unwrap();
        assert!(house.listed("203.0.113.4"), "a POST succeeds meanwhile");
        import.finish([1; 32]).unwrap();
        assert!(!house.listed("203.0.113.4") && house.listed("203.0.113.5") && house.listed("203.0.113.9"));
        assert_eq!((house.keys_of("relay", "feed"), house.keys_of("relay", "other")), (5, 1));
    }
}

#[test]
fn a_body_with_a_wrong_line_changes_nothing_unless_wrong_lines_are_left_out() {
    let (_directory, house) = house();
    let serial = house.serial();
    let body = "203.0.113.1\n203.0.113.2 code=127.0.0.77\n10.0.0.1\n";
    let refused = house.import("relay", "feed", body).unwrap_err();
    assert!(matches!(&refused, Refused::Rejected { lines, count: 1 } if lines[0].line == 2), "{refused:?}");
    assert_eq!(house.serial(), serial);
    let start = ImportStart { skip_invalid: true, ..house.start("relay", "feed") };
    let committed = house.import_with(start, body).unwrap();
    assert_eq!((committed.added, committed.rejected_count), (1, 2), "what lies inside never is left out, too");
    assert_eq!(committed.rejected.iter().map(|line| line.line).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn a_dry_run_counts_and_measures_and_changes_nothing() {
    for (_directory, house) in both_ways() {
        house.import("relay", "feed", &hosts(200)).unwrap();
        let serial = house.serial();
        let dry = |lines: &str| house.import_with(ImportStart { dry_run: true, ..house.start("relay", "feed") }, lines);
        let counted = dry(&hosts(150)).unwrap();
        assert_eq!((counted.removed, counted.unchanged, counted.serial), (50, 150, serial));
        assert!(is_guard(&dry(&hosts(100)), "shrinks"));
        assert_eq!((house.serial(), house.keys_of("relay", "feed")), (serial, 200));
        let new = ImportStart { dry_run: true, ..house.start("relay", "new") };
        assert_eq!(house.import_with(new, "203.0.113.1").unwrap().added, 1);
        house.pass(100);
        assert!(house.import("relay", "feed", &hosts(200)).is_ok());
    }
}

#[test]
fn each_guard_stops_what_looks_like_an_accident_and_force_overrides_it() {
    let (_directory, house) = house();
    let forced = |list: &str, lines: &str| house.submit(list, "trap", true, What::Add(entries(list, lines)));
    assert!(is_guard(&house.add("relay", "trap", "12.0.0.0/7"), "too-wide"));
    assert!(is_guard(&house.add("relay", "trap", "!11.0.0.0/8"), "exclusion-too-wide"));
    assert!(is_guard(&house.add("relay", "trap", "192.168.1.1"), "inside-never"));
    assert!(is_guard(&house.add("bad-domain", "trap", "co.uk"), "public-suffix"));
    let halves: String = (0..128)
        .filter(|octet| *octet != 10 && *octet != 0 && *octet != 127)
        .fold(String::new(), |all, octet| all + &format!("{octet}.0.0.0/8\n"));
    let more: String = (128..160).fold(String::new(), |all, octet| all + &format!("{octet}.0.0.0/8\n"));
    house.add("dynamic", "isp", &halves).unwrap();
    assert!(is_guard(&house.add("dynamic", "isp", &more), "covers-too-much"));
    assert!(is_guard(&house.import("dynamic", "other", &more), "covers-too-much"));
    let serial = house.serial();
    assert!(forced("relay", "12.0.0.0/7").is_ok() && forced("relay", "192.168.1.1").is_ok());
    assert!(forced("bad-domain", "co.uk").is_ok());
    assert_eq!(house.serial(), Serial(serial.0 + 3));
    assert!(!house.listed("192.168.1.1"), "never holds against force too");
    assert!(house.submit("never", "operator", false, What::Add(entries("relay", "11.0.0.0/8"))).is_ok());
}

#[test]
fn neither_one_import_nor_many_removals_shrink_a_source_by_a_third_in_a_day() {
    let (_directory, house) = house();
    house.import("relay", "feed", &hosts(200)).unwrap();
    assert!(is_guard(&house.import("relay", "feed", &hosts(139)), "shrinks"));
    let key = |number: u32| std::net::Ipv4Addr::from(0xc612_0000 + number).to_string();
    for number in 0..60 {
        house.remove("relay", "feed", &key(number)).unwrap();
    }
    assert!(is_guard(&house.remove("relay", "feed", &key(60)), "shrinks"));
    assert!(house.add("relay", "feed", "203.0.113.1").is_ok(), "what does not shrink passes");
    house.submit("relay", "feed", true, What::Remove(vec![Key::parse_any(&key(61)).unwrap()])).unwrap();
    house.pass(86_400);
    assert!(house.remove("relay", "feed", &key(62)).is_ok(), "another day");
}

#[test]
fn a_source_that_became_another_one_or_grew_tenfold_is_stopped() {
    let (_directory, house) = house();
    house.import("relay", "feed", &hosts(1_000)).unwrap();
    let other: String = (0..1_000u32).map(|n| format!("{}\n", std::net::Ipv4Addr::from(0xcb00_0000 + n))).collect();
    assert!(is_guard(&house.import("relay", "feed", &other), "turnover"));
    assert!(is_guard(&house.import("relay", "feed", &hosts(10_001)), "grows"));
    let wide: String = hosts(1_000) + "203.0.0.0/16";
    assert!(is_guard(&house.import("relay", "feed", &wide), "grows"), "covered addresses count, too");
    let force = ImportStart { force: true, ..house.start("relay", "feed") };
    assert!(house.import_with(force, &other).is_ok());
    assert!(house.whole("relay", "feed", Whole::Undo).is_ok(), "an undo is an act of will");
    assert_eq!(house.keys_of("relay", "feed"), 1_000);
}

#[test]
fn undo_brings_back_what_a_source_held_once_also_after_a_restart() {
    for batch_rows in [50_000, 0] {
        let directory = tempfile::tempdir().unwrap();
        let house = House::open(directory.path(), configuration());
        house.batch_rows(batch_rows);
        house.import("relay", "feed", "203.0.113.1\n203.0.113.2 one\n!203.0.113.3").unwrap();
        house.pass(10);
        house.import("relay", "feed", "203.0.113.2 two\n203.0.113.4\n").unwrap();
        house.add("relay", "feed", "203.0.113.5").unwrap();
        house.close();
        let house = House::open_at(directory.path(), configuration(), BEGIN + 20);
        house.batch_rows(batch_rows);
        assert!(house.listed("203.0.113.5") && !house.listed("203.0.113.1"));
        house.whole("relay", "feed", Whole::Undo).unwrap();
        assert!(house.listed("203.0.113.1") && house.listed("203.0.113.2"));
        assert!(!house.listed("203.0.113.4") && !house.listed("203.0.113.5"), "later posts go, too");
        assert_eq!(house.keys_of("relay", "feed"), 3);
        let view = house.door.store().view();
        let id = view.catalog().list_id(&"relay".parse().unwrap()).unwrap();
        let source = view.catalog().source_named(id, &"feed".parse().unwrap()).unwrap().clone();
        assert_eq!(&*view.detail(source.owner(), &Key::parse_any("203.0.113.2").unwrap()).unwrap().reason, "one");
        assert_eq!(source.row.complete_at, Some(Time::from_seconds(BEGIN)));
        drop(view);
        assert_eq!(house.whole("relay", "feed", Whole::Undo), Err(Refused::NothingToUndo));
    }
}

#[test]
fn an_import_can_be_undone_for_a_day_and_then_its_former_rows_are_history() {
    for (_directory, house) in both_ways() {
        house.import("relay", "feed", "203.0.113.1\n203.0.113.2").unwrap();
        house.pass(10);
        house.import("relay", "feed", "203.0.113.2\n203.0.113.3").unwrap();
        house.pass(86_400);
        assert_eq!(house.whole("relay", "feed", Whole::Undo), Err(Refused::NothingToUndo));
        house.pass(61);
        house.pass(61);
        let view = house.door.store().view();
        let id = view.catalog().list_id(&"relay".parse().unwrap()).unwrap();
        let history = |key: &str| view.history(id, &Key::parse_any(key).unwrap(), Time::default(), 9).unwrap();
        let past = &history("203.0.113.1")[0].1;
        assert_eq!((past.why, past.until), (Why::Replaced, Time::from_seconds(BEGIN + 10)));
        assert!(history("203.0.113.2").is_empty(), "what stayed is no history");
        assert_eq!(view.generations(id).unwrap().len(), 1);
    }
}

#[test]
fn a_purge_takes_all_of_one_source_and_leaves_no_way_back() {
    for (_directory, house) in both_ways() {
        house.import("relay", "feed", &hosts(200)).unwrap();
        house.add("relay", "trap", "198.18.0.7").unwrap();
        let purged = house.whole("relay", "feed", Whole::Purge).unwrap();
        assert_eq!(purged.removed, 200);
        assert!(!house.listed("198.18.0.1") && house.listed("198.18.0.7"));
        assert_eq!(house.whole("relay", "feed", Whole::Undo), Err(Refused::NothingToUndo));
        assert!(house.import("relay", "feed", "203.0.113.1").is_ok(), "a purge drops the mark of the guards");
        assert!(matches!(house.whole("relay", "ghost", Whole::Purge), Err(Refused::UnknownSource(..))));
        house.pass(61);
        house.pass(61);
        let view = house.door.store().view();
        let id = view.catalog().list_id(&"relay".parse().unwrap()).unwrap();
        let history = view.history(id, &Key::parse_any("198.18.0.1").unwrap(), Time::default(), 9).unwrap();
        assert_eq!(history[0].1.why, Why::Purged);
    }
}

/// An import of a few rows, and then very many posts: a way back through all of them would be one commit of all of them.
#[test]
fn an_import_behind_which_very_much_was_posted_cannot_be_undone() {
    let (_directory, house) = house();
    let all = hosts(u32::try_from(UNDO_ROWS_MAX).unwrap());
    let (some, rest) = all.split_at(all.match_indices('\n').nth(49_999).unwrap().0 + 1);
    house.import("relay", "feed", "203.0.113.1\n").unwrap();
    house.import_with(ImportStart { force: true, ..house.start("relay", "feed") }, "203.0.113.2\n").unwrap();
    house.add("relay", "feed", some).unwrap();
    let view = house.door.store().view();
    let id = view.catalog().list_id(&"relay".parse().unwrap()).unwrap();
    let source = view.catalog().source_named(id, &"feed".parse().unwrap()).unwrap().clone();
    assert_eq!(view.undo(id, source.id).unwrap().unwrap().rows, 2 + 50_000);
    house.add("relay", "feed", some).unwrap();
    let view = house.door.store().view();
    assert_eq!(view.undo(id, source.id).unwrap().unwrap().rows, 2 + 50_000, "what it knows it does not learn again");
    house.add("relay", "feed", rest).unwrap();
    let view = house.door.store().view();
    assert!(view.undo_keys(id, source.id).unwrap().is_empty());
    assert_eq!(house.whole("relay", "feed", Whole::Undo), Err(Refused::NothingToUndo));
    assert!(house.listed("203.0.113.2"));
}

/// What an undo has brought back counted as lost for the rest of the day.
#[test]
fn after_an_undo_a_source_may_lose_as_much_as_before() {
    for (_directory, house) in both_ways() {
        house.import("relay", "feed", &hosts(2_000)).unwrap();
        house.pass(86_400);
        let others = hosts(4_000);
        let others = &others[others.match_indices('\n').nth(1_999).unwrap().0 + 1..];
        house.import_with(ImportStart { force: true, ..house.start("relay", "feed") }, others).unwrap();
        house.pass(10);
        house.whole("relay", "feed", Whole::Undo).unwrap();
        house.import("relay", "feed", &hosts(1_990)).unwrap();
        let half = house.import("relay", "feed", &hosts(900));
        assert!(is_guard(&half, "turnover") || is_guard(&half, "shrinks"), "{half:?}");
    }
}

#[test]
fn a_clock_that_was_ahead_leaves_no_way_back_for_years() {
    let (_directory, house) = house();
    house.import("relay", "feed", "203.0.113.1\n").unwrap();
    house.wall.fetch_add(10 * 365 * 86_400, Ordering::SeqCst);
    house.import("relay", "feed", "203.0.113.1\n203.0.113.2\n").unwrap();
    house.wall.fetch_sub(10 * 365 * 86_400, Ordering::SeqCst);
    assert_eq!(house.whole("relay", "feed", Whole::Undo), Err(Refused::NothingToUndo));
}
