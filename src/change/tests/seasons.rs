//! What failures, configurations, texts and restarts do: one test for each rule.

use super::*;
use crate::{
    change::{Pause, rows::StoreRows},
    snapshot::Rows as _,
    store::{Act, TokenHash, TokenRow},
};

#[test]
fn after_a_failed_write_nothing_more_is_written_and_dns_answers_on() {
    let (_directory, house) = house();
    house.add("relay", "trap", "203.0.113.1").unwrap();
    let serial = house.serial();
    house.shared().failing.store(true, Ordering::SeqCst);
    assert_eq!(house.add("relay", "trap", "203.0.113.2"), Err(Refused::OutcomeUnknown));
    house.shared().failing.store(false, Ordering::SeqCst);
    assert_eq!(house.add("relay", "trap", "203.0.113.3"), Err(Refused::WritesOff));
    assert_eq!(house.import("relay", "feed", "203.0.113.3"), Err(Refused::WritesOff));
    assert!(house.door.status().writes_off);
    assert!(house.listed("203.0.113.1") && !house.listed("203.0.113.2"));
    assert_eq!(house.serial(), serial);
}

#[test]
fn a_reload_that_changes_answers_is_a_commit_and_another_is_none() {
    let (_directory, house) = house();
    house.add("relay", "trap", "203.0.113.1").unwrap();
    let serial = house.serial();
    assert_eq!(wait(house.door.configure(configuration())).unwrap().serial, serial);
    let mut other = configuration();
    other.lists[1] = Arc::new(list("relay", Kind::Relay, "127.0.0.3"));
    assert_eq!(wait(house.door.configure(other.clone())).unwrap().serial, serial.next());
    assert_eq!(house.codes("bl.test", "203.0.113.1"), Some(vec!["127.0.0.3".into()]));
    other.lists.remove(1);
    other.zones[0].lists.remove(0);
    wait(house.door.configure(other.clone())).unwrap();
    assert!(!house.listed("203.0.113.1"));
    assert_eq!(house.door.status().orphans, ["relay".parse().unwrap()]);
    assert!(matches!(house.add("relay", "trap", "203.0.113.2"), Err(Refused::UnknownList(_))));
    wait(house.door.configure(configuration())).unwrap();
    assert_eq!(house.codes("bl.test", "203.0.113.1"), Some(vec!["127.0.0.2".into()]), "it lives again when it returns");
    assert!(matches!(house.submit("relay", "trap", false, What::PurgeList), Err(Refused::NotOrphan(_))));
    let mut names = configuration();
    names.lists[1] = Arc::new(list("relay", Kind::Domain, "127.0.0.2"));
    assert!(matches!(wait(house.door.configure(names)), Err(Refused::FamilyChanged(_))));
    assert!(house.listed("203.0.113.1"), "a refused configuration changes nothing");
    wait(house.door.configure(other)).unwrap();
    assert_eq!(house.submit("relay", "trap", false, What::PurgeList).unwrap().removed, 1);
    assert!(house.door.status().orphans.is_empty());
    house.pass(61);
    house.pass(61);
    wait(house.door.configure(configuration())).unwrap();
    assert!(!house.listed("203.0.113.1"));
}

/// Codes and own texts that the configuration no longer allowed were served on.
#[test]
fn a_reload_that_takes_codes_and_own_texts_away_holds_for_what_is_listed() {
    let (directory, house) = house();
    let with = |codes: &[&str], entry_texts: bool| {
        let mut other = configuration();
        let codes = codes.iter().map(|code| code.parse().unwrap()).collect();
        other.lists[1] = Arc::new(ListSettings { codes, entry_texts, ..(*other.lists[1]).clone() });
        other
    };
    wait(house.door.configure(with(&["127.0.0.77"], true))).unwrap();
    house.add("relay", "trap", "203.0.113.1 code=127.0.0.77 text=mine").unwrap();
    house.batch_rows(0);
    house.import("relay", "feed", "203.0.113.2 code=127.0.0.77").unwrap();
    let code = |house: &House, key: &str| house.codes("bl.test", key).unwrap().join(" ");
    assert_eq!(code(&house, "203.0.113.1"), "127.0.0.77");
    let before = house.serial();
    wait(house.door.configure(with(&[], false))).unwrap();
    assert_eq!((code(&house, "203.0.113.1"), code(&house, "203.0.113.2")), ("127.0.0.2".into(), "127.0.0.2".into()));
    let view = house.door.store().view();
    let commit = view.commit(before.next()).unwrap().unwrap();
    assert_eq!((commit.list, commit.source, commit.changes), (None, None, crate::store::Changes::Bulk), "export again");
    drop(view);
    house.close();
    let house = House::open(directory.path(), with(&[], false));
    assert_eq!((code(&house, "203.0.113.1"), code(&house, "203.0.113.2")), ("127.0.0.2".into(), "127.0.0.2".into()));
    wait(house.door.configure(with(&["127.0.0.77"], true))).unwrap();
    assert_eq!(code(&house, "203.0.113.2"), "127.0.0.77", "it comes back with them");
}

/// A list that left the configuration, and is purged while an import into it runs.
#[test]
fn an_import_into_a_list_that_is_purged_meanwhile_is_of_no_list() {
    let (_directory, house) = house();
    house.import("relay", "feed", "203.0.113.1").unwrap();
    let mut import = house.door.begin_import(house.start("relay", "other")).unwrap();
    import.push(1, entries("relay", "203.0.113.2").remove(0).1).unwrap();
    let mut gone = configuration();
    gone.lists.remove(1);
    gone.zones[0].lists.remove(0);
    wait(house.door.configure(gone)).unwrap();
    house.submit("relay", "feed", false, What::PurgeList).unwrap();
    assert!(matches!(import.finish([0; 32]), Err(Refused::UnknownList(_))));
    assert!(!house.door.status().writes_off);
}

#[test]
fn a_start_with_the_same_configuration_makes_no_commit() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::open(directory.path(), configuration());
    house.add("relay", "trap", "203.0.113.1").unwrap();
    let (serial, zones) = (house.serial(), house.door.store().view().zone_serials().unwrap());
    house.close();
    let house = House::open(directory.path(), configuration());
    assert_eq!((house.serial(), house.door.store().view().zone_serials().unwrap()), (serial, zones.clone()));
    let snapshot = house.door.published().load();
    for zone in snapshot.served().zones() {
        assert_eq!(Some(&snapshot.zone_serial(zone)), zones.get(zone.settings().origin.name()));
    }
    house.close();
    let mut other = configuration();
    other.zones[0].ttl = Duration::from_seconds(77);
    other.never_builtin = false;
    let house = House::open(directory.path(), other);
    assert_eq!(house.serial(), serial.next());
    let snapshot = house.door.published().load();
    let moved = |origin: &str| {
        let zone = snapshot.served().zones().iter().find(|zone| zone.settings().origin.name() == origin).unwrap();
        snapshot.zone_serial(zone) == serial.next()
    };
    assert!(moved("bl.test") && !moved("dbl.test"));
    assert!(house.add("relay", "trap", "10.1.2.3").is_ok() && house.listed("10.1.2.3"));
}

#[test]
fn an_admin_who_lets_expiry_go_on_is_believed_though_the_last_commit_lies_ahead() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::open_at(directory.path(), configuration(), BEGIN + 86_400);
    house.add("relay", "trap", "203.0.113.1 expires=100000").unwrap();
    house.close();
    let house = House::open(directory.path(), configuration());
    assert_eq!(house.door.status().expiry_paused, Some(Pause::ClockBehind));
    wait(house.door.resume_expiry(Actor::new("token:admin"))).unwrap();
    house.pass(1);
    assert_eq!(house.door.status().expiry_paused, None);
    house.close();
    let house = House::open_at(directory.path(), configuration(), BEGIN + 10);
    assert_eq!(house.door.status().expiry_paused, None, "and after a restart");
    house.add("relay", "trap", "203.0.113.2").unwrap();
    house.pass(1);
    assert_eq!(house.door.status().expiry_paused, None);
}

#[test]
fn a_list_takes_a_bounded_number_of_sources_and_writes_stay_on() {
    let (_directory, house) = house();
    house.add("relay", "day-7", "203.0.113.7").unwrap();
    let id = house.door.store().catalog().list_id(&"relay".parse().unwrap()).unwrap();
    house.door.store().as_if_sources(id, crate::limits::SOURCES_PER_LIST_MAX).unwrap();
    assert_eq!(house.add("relay", "another", "203.0.113.1"), Err(Refused::TooManySources));
    assert_eq!(house.import("relay", "another", "203.0.113.1"), Err(Refused::TooManySources));
    house.add("relay", "day-7", "203.0.113.1").unwrap();
    house.add("dynamic", "another", "203.0.113.1").unwrap();
}

#[test]
fn a_zone_lists_nothing_from_its_closing_day_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut configuration = configuration();
    configuration.zones[0].closing = Some(Time::from_seconds(BEGIN + 100));
    let house = House::open(directory.path(), configuration);
    house.add("relay", "trap", "203.0.113.1").unwrap();
    house.pass(99);
    assert!(house.listed("203.0.113.1"));
    let serial = house.serial();
    house.pass(1);
    assert!(!house.listed("203.0.113.1"));
    assert_eq!(house.serial(), serial.next());
}

#[test]
fn a_zones_serial_moves_when_a_list_it_serves_changes_and_only_then() {
    let (_directory, house) = house();
    let serial_of = |origin: &str| {
        let snapshot = house.door.published().load();
        let zones = snapshot.served().zones().iter();
        zones.filter(|zone| zone.settings().origin.name() == origin).map(|zone| snapshot.zone_serial(zone)).next()
    };
    let names = serial_of("dbl.test");
    let committed = house.add("relay", "trap", "203.0.113.1").unwrap();
    assert_eq!((serial_of("bl.test"), serial_of("dbl.test")), (Some(committed.serial), names));
    house.add("relay", "trap", "203.0.113.1 reason").unwrap();
    assert_eq!(serial_of("bl.test"), Some(committed.serial), "the same answers");
}

#[test]
fn a_restored_backup_goes_its_own_way() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::open(&directory.path().join("one"), configuration());
    house.add("relay", "trap", "203.0.113.1 expires=100").unwrap();
    let (serial, lineage) = (house.serial(), house.door.status().lineage);
    house.door.store().backup(&directory.path().join("two")).unwrap();
    house.close();
    let house = House::open_at(&directory.path().join("two"), configuration(), BEGIN + 500);
    assert_eq!(house.serial(), Serial(serial.0 + (1 << 20)));
    let status = house.door.status();
    assert_ne!(status.lineage, lineage);
    assert_eq!(status.expiry_paused, Some(Pause::Restored));
    house.pass(1);
    assert!(house.listed("203.0.113.1"));
    let commit = house.door.store().view().commit(house.serial()).unwrap().unwrap();
    assert_eq!((&*commit.actor, commit.act), ("restore", Act::Restore));
    house.close();
    let house = House::open_at(&directory.path().join("two"), configuration(), BEGIN + 600);
    assert_eq!(house.serial(), Serial(serial.0 + (1 << 20)), "once");
    assert_eq!(house.door.status().expiry_paused, Some(Pause::Restored));
    // Which tokens it held then was reckoned by the time of the latest start.
    assert_eq!(house.door.status().restored, Some(Time::from_seconds(BEGIN + 500)));
}

#[test]
fn own_texts_are_served_and_bounded() {
    let (_directory, house) = house();
    house.add("relay", "trap", "203.0.113.1 text=mine").unwrap();
    let text = |house: &House| {
        let snapshot = house.door.published().load();
        let zone = snapshot.served().zones().iter().find(|zone| zone.settings().origin.name() == "bl.test").unwrap();
        let relative = zone.relative(&Key::parse_any("203.0.113.1").unwrap(), None).unwrap();
        let Found::Listed(listed) = snapshot.find(zone, &relative) else { panic!("listed") };
        let mut out = ArrayVec::new();
        listed.text(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    };
    assert!(text(&house).starts_with("mine"), "{}", text(&house));
    house.batch_rows(0);
    house.import("relay", "feed", "203.0.113.9 text=theirs").unwrap();
    assert!(text(&house).starts_with("mine"));
    let many: String = (0..4_096).map(|n| format!("198.18.0.1 text=t{n}\n")).collect();
    assert_eq!(house.add("relay", "trap", &many), Err(Refused::TooManyTexts));
}

/// The bound was on all texts that ever were: a feed whose texts change from day to day was refused for ever in the end.
#[test]
fn texts_that_nothing_carries_any_more_leave_room_for_others() {
    for (_directory, house) in both_ways() {
        let body_of = |day: u32, keys: u32| -> String {
            (0..keys).map(|n| format!("198.18.{}.{} text=day{day}-{n}\n", n / 256, n % 256)).collect()
        };
        for day in 0..8 {
            house
                .import("relay", "feed", &body_of(day, 1_200))
                .unwrap_or_else(|refused| panic!("day {day}: {refused}"));
            house.pass(61);
            house.pass(1);
        }
        let text = || {
            let view = house.door.store().view();
            let id = view.catalog().list_id(&"relay".parse().unwrap()).unwrap();
            let held = view.at(id, &Key::parse_any("198.18.0.7").unwrap()).unwrap();
            view.text(id, held[0].entry.text.unwrap()).unwrap().unwrap()
        };
        assert_eq!(&*text(), "day7-7");
        house.whole("relay", "feed", Whole::Undo).unwrap();
        assert_eq!(&*text(), "day6-7", "what an undo brings back has its texts");
        // A body that is refused uses none up for longer than some seconds.
        assert_eq!(house.add("relay", "trap", &body_of(8, 4_000)), Err(Refused::TooManyTexts));
        house.pass(11);
        house.add("relay", "trap", &body_of(9, 1_800)).unwrap();
    }
}

/// What an undo may bring back counted as carried: who exchanges many texts for others was refused, some for a day.
#[test]
fn a_source_may_exchange_all_its_texts_for_others_again_and_again() {
    for (_directory, house) in both_ways() {
        let body_of = |day: u32, keys: u32| -> String {
            (0..keys).map(|n| format!("198.18.{}.{} text=day{day}-{n}\n", n / 256, n % 256)).collect()
        };
        for day in 0..4 {
            house.import("relay", "feed", &body_of(day, 2_100)).unwrap_or_else(|refused| panic!("{day}: {refused}"));
            house.pass(71);
        }
        house.add("relay", "trap", &body_of(9, 1_900)).unwrap();
        house.pass(11);
        assert_eq!(
            house.add("relay", "trap", "198.51.100.1 text=a\n198.51.100.2 text=b\n").map(|done| done.added),
            Ok(2)
        );
        assert_eq!(house.add("relay", "more", &body_of(10, 200)), Err(Refused::TooManyTexts));
    }
}

/// They were refused for good, as if the list carried too many, and a feed does not send such a body again.
#[test]
fn who_finds_no_number_for_a_text_in_a_list_that_carries_few_may_come_again() {
    let (_directory, house) = house();
    house.batch_rows(0);
    let body_of = |day: u32, keys: u32| -> String {
        (0..keys).map(|n| format!("198.18.{}.{} text=day{day}-{n}\n", n / 256, n % 256)).collect()
    };
    for day in 0..4 {
        house.import("relay", "feed", &body_of(day, 4_096)).unwrap_or_else(|refused| panic!("{day}: {refused}"));
    }
    house.whole("relay", "feed", Whole::Purge).unwrap();
    // The first has the writer look, in vain, and then it does not look for some seconds.
    for _ in 0..2 {
        let later = Err(Refused::NoRoomForTexts { retry_after: 10 });
        assert_eq!(house.add("relay", "trap", "203.0.113.1 text=mine"), later);
        assert_eq!(house.import("relay", "trap", "203.0.113.1 text=mine"), later);
    }
    house.pass(61);
    for _ in 0..20 {
        house.pass(1);
    }
    house.add("relay", "trap", "203.0.113.1 text=mine").unwrap();
}

#[test]
fn who_comes_just_after_a_full_list_was_emptied_may_come_again() {
    let (_directory, house) = house();
    let body_of =
        |keys: u32| -> String { (0..keys).map(|n| format!("198.18.{}.{} text=t{n}\n", n / 256, n % 256)).collect() };
    house.import("relay", "feed", &body_of(4_096)).unwrap();
    for _ in 0..3 {
        // The second was told to try again, and so on for ever.
        assert_eq!(house.add("relay", "trap", "203.0.113.1 text=mine"), Err(Refused::TooManyTexts), "in truth");
    }
    house.add("relay", "trap", "203.0.113.2 text=t7").unwrap();
    house.whole("relay", "feed", Whole::Purge).unwrap();
    let later = Err(Refused::NoRoomForTexts { retry_after: 10 });
    assert_eq!(house.add("relay", "trap", "203.0.113.1 text=mine"), later);
    assert_eq!(house.add("relay", "trap", &body_of(4_097)), Err(Refused::TooManyTexts), "by itself");
    house.pass(11);
    house.add("relay", "trap", "203.0.113.1 text=mine").unwrap();
}

/// The start of a restored store ends what `[keep]` ends, and two walks had to end in the same step for it to be done.
#[test]
fn a_round_of_what_keep_ends_takes_as_many_steps_as_its_longest_walk() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::open(directory.path(), configuration());
    house.import("dynamic", "feed", &hosts(2_300)).unwrap();
    let force = ImportStart { force: true, ..house.start("dynamic", "feed") };
    house.import_with(force, &hosts(1)).unwrap();
    house.import("relay", "feed", &hosts(1_200)).unwrap();
    house.close();
    let store = Arc::new(Store::open(directory.path(), &crate::store::Settings::default()).unwrap());
    let clock = Clock::new(|| Time::from_seconds(BEGIN), || Duration::from_seconds(1_000));
    let settings = Settings { configuration: configuration(), threads: 1 };
    let (_door, mut writer) = Door::open(store, settings, clock).unwrap();
    for _ in 0..2 {
        // Of history two pieces, of evidence one for each other list and three for `relay`.
        let steps = (1..99).find(|_| !writer.prune(Time::from_seconds(BEGIN)).unwrap()).unwrap();
        assert!((3..=6).contains(&steps), "{steps}");
    }
}

#[test]
fn evidence_ends_for_all_that_sources_say_at_a_key_where_a_piece_ends() {
    let (_directory, house) = house();
    for (source, keys) in [("a", 500u32), ("b", 502), ("c", 500)] {
        let lines: String = (0..keys).map(|n| format!("198.18.{}.{}\n", n / 256, n % 256)).collect();
        let mut lines = entries("relay", &lines);
        lines.retain(|(line, _)| source == "a" || *line >= 166);
        for (_, new) in &mut lines {
            new.detail.public = "seen here".into();
        }
        house.submit("relay", source, false, What::Add(lines)).unwrap();
    }
    house.pass(91 * 86_400);
    for _ in 0..20 {
        house.pass(61);
    }
    let view = house.door.store().view();
    let id = view.catalog().list_id(&"relay".parse().unwrap()).unwrap();
    let kept = view
        .entries(id)
        .map(Result::unwrap)
        .filter(|held| !view.detail(held.source.owner(), &held.key).unwrap().public.is_empty());
    assert_eq!(kept.count(), 0);
}

#[test]
fn what_keep_ends_is_gone() {
    let (_directory, house) = house();
    let mut lines = entries("relay", "203.0.113.1 why\n203.0.113.2");
    lines[0].1.detail.public = "seen here".into();
    house.submit("relay", "trap", false, What::Add(lines)).unwrap();
    house.remove("relay", "trap", "203.0.113.2").unwrap();
    let view = || house.door.store().view();
    let id = view().catalog().list_id(&"relay".parse().unwrap()).unwrap();
    let detail = || {
        let view = view();
        let source = view.catalog().source_named(id, &"trap".parse().unwrap()).unwrap().clone();
        view.detail(source.owner(), &Key::parse_any("203.0.113.1").unwrap()).unwrap()
    };
    let history = || view().history(id, &Key::parse_any("203.0.113.2").unwrap(), Time::default(), 9).unwrap().len();
    for _ in 0..5 {
        house.pass(91 * 86_400 / 5);
        house.pass(1);
    }
    for _ in 0..9 {
        house.pass(61);
    }
    assert_eq!((&*detail().reason, &*detail().public), ("why", ""));
    assert_eq!(history(), 1);
    let kept = view().journal(Serial(0), 99);
    assert!(kept.is_err() || kept.unwrap().len() == 1, "the journal's last commit stays");
    house.pass(2 * 365 * 86_400);
    for _ in 0..9 {
        house.pass(61);
    }
    assert_eq!(history(), 0);
}

#[test]
fn an_expired_token_is_forgotten_after_a_month() {
    let (_directory, house) = house();
    for (name, expires) in [("short", Some(house.now().plus(Duration::from_seconds(3_600)))), ("endless", None)] {
        let (id, scopes, created) = (name.into(), vec!["read".into()], house.now());
        let row = TokenRow { id, name: name.into(), scopes, created, expires };
        wait(house.door.put_token(TokenHash::of(name), row)).unwrap();
    }
    let held = || house.door.store().view().tokens().unwrap().len();
    house.pass(29 * 86_400);
    assert_eq!(held(), 2, "whoever looks why it is refused finds it");
    house.pass(2 * 86_400);
    assert_eq!(held(), 1);
}

#[test]
fn an_import_is_aborted_when_the_server_stops() {
    let (_directory, mut house) = house();
    let mut import = house.door.begin_import(house.start("relay", "feed")).unwrap();
    let (line, entry) = entries("relay", "203.0.113.1").remove(0);
    import.push(line, entry.clone()).unwrap();
    house.end();
    assert_eq!(import.push(line, entry), Err(Refused::Stopping));
    assert_eq!(import.finish([0; 32]), Err(Refused::Stopping));
}

/// What was large was resolved to its end, and the server was not gone in time.
#[test]
fn what_is_resolved_when_the_server_stops_is_given_up_on_the_way() {
    for (_directory, house) in both_ways() {
        house.import("relay", "feed", "203.0.113.1\n203.0.113.2").unwrap();
        let resolved = Arc::new(AtomicU32::new(0));
        let act = resolved.clone();
        house.meanwhile(move || act.store(1, Ordering::SeqCst));
        house.shared().stopping.store(true, Ordering::SeqCst);
        assert_eq!(house.whole("relay", "feed", Whole::Purge), Err(Refused::Stopping));
        assert_eq!(resolved.load(Ordering::SeqCst), 0, "it is not ready to be switched to");
        assert!(house.listed("203.0.113.1"));
    }
}

#[test]
fn a_walk_over_a_list_ends_when_nobody_wants_it_any_more() {
    let (_directory, house) = house();
    house.add("relay", "trap", &hosts(9)).unwrap();
    let (view, registered) = (house.door.store().view(), house.shared().registered());
    let index = registered.list(&"relay".parse().unwrap()).unwrap().index;
    let asked = AtomicU32::new(0);
    let stops = || asked.fetch_add(1, Ordering::SeqCst) >= 4;
    let rows = StoreRows::new(&view, &registered).until(&stops);
    assert_eq!(rows.v4(index, 0, u32::MAX).count(), 4);
}

/// It was told as a fault of the program.
#[test]
fn an_import_that_finds_the_disk_full_is_told_so_and_writes_go_on() {
    let (directory, house) = house();
    house.batch_rows(0);
    let mut import = house.door.begin_import(house.start("relay", "feed")).unwrap();
    let (line, entry) = entries("relay", "203.0.113.1").remove(0);
    import.push(line, entry).unwrap();
    let mut places = std::fs::read_dir(directory.path().join("import")).unwrap();
    std::os::unix::fs::symlink("/dev/full", places.next().unwrap().unwrap().path().join("entry.sst")).unwrap();
    let refused = import.finish([0; 32]);
    assert!(matches!(refused, Err(Refused::DiskFull(_))), "{refused:?}");
    house.add("relay", "trap", "203.0.113.2").unwrap();
    assert!(!house.listed("203.0.113.1") && house.listed("203.0.113.2"));
}

#[test]
fn too_many_entries_for_a_post_are_refused() {
    let (_directory, house) = house();
    let one = entries("relay", "203.0.113.1").remove(0);
    assert_eq!(house.submit("relay", "trap", false, What::Add(vec![one; 50_001])), Err(Refused::TooLarge));
}
