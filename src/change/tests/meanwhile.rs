//! What happens between the decision what comes in place of what a source holds and the switch to it.

use super::*;
use crate::store::SourceId;

/// The second looks at the hints of an entry that is not in force yet: it found no entry, and threw them away.
#[test]
fn an_end_that_comes_before_the_switch_to_its_entry_is_not_forgotten() {
    for (_directory, house) in both_ways() {
        house.import("relay", "feed", "203.0.113.7").unwrap();
        house.meanwhile(house.passing(5));
        house.import("relay", "feed", "203.0.113.1 expires=3\n203.0.113.2\n203.0.113.7").unwrap();
        assert!(house.listed("203.0.113.1"), "until the next second");
        house.pass(1);
        assert!(!house.listed("203.0.113.1") && house.listed("203.0.113.2"));
    }
}

#[test]
fn an_end_that_comes_while_its_undo_is_prepared_is_not_forgotten() {
    for batch_rows in [50_000, 0] {
        let directory = tempfile::tempdir().unwrap();
        let house = House::open(directory.path(), with_term(1_000));
        house.batch_rows(batch_rows);
        house.import("dynamic", "feed", "203.0.113.1 expires=900\n203.0.113.2").unwrap();
        house.add("dynamic", "feed", "203.0.113.3").unwrap();
        house.pass(10);
        house.import("dynamic", "feed", "203.0.113.1 expires=990\n203.0.113.2\n203.0.113.3").unwrap();
        house.pass(880);
        house.meanwhile(house.passing(15));
        house.whole("dynamic", "feed", Whole::Undo).unwrap();
        house.pass(1);
        assert!(!house.listed("203.0.113.1") && house.listed("203.0.113.2") && house.listed("203.0.113.3"));
        house.pass(95);
        assert!(!house.listed("203.0.113.2") && !house.listed("203.0.113.3"), "their term is over");
    }
}

/// A text that was read with a body that was refused is saved by the next commit of its list, which need not change an
/// answer; an import into another list, resolved before it, was published without the text.
#[test]
fn a_text_that_another_list_brings_while_an_import_is_resolved_is_served() {
    for (_directory, house) in both_ways() {
        house.add("dynamic", "trap", "203.0.113.9").unwrap();
        house.add("dynamic", "trap", "203.0.113.5 text=own\n16.0.0.0/4").unwrap_err();
        let renew = house.posting("dynamic", "trap", "203.0.113.9");
        house.meanwhile(renew);
        house.import("relay", "feed", "203.0.113.1").unwrap();
        house.add("dynamic", "trap", "203.0.113.5 text=own").unwrap();
        assert_eq!(house.text("bl.test", "203.0.113.5"), "own http://127.0.0.1/203.0.113.5");
    }
}

#[test]
fn an_undo_whose_day_ends_while_it_is_prepared_is_refused() {
    let (_directory, house) = house();
    house.batch_rows(0);
    house.import("relay", "feed", "203.0.113.1").unwrap();
    house.import("relay", "feed", "203.0.113.2").unwrap();
    house.pass(86_390);
    house.meanwhile(house.passing(70));
    assert_eq!(house.whole("relay", "feed", Whole::Undo), Err(Refused::NothingToUndo));
    assert!(house.listed("203.0.113.2") && !house.listed("203.0.113.1"));
}

/// Rows of `due` carry no generation: what is taken away with an entry in force may be the hint of one that is coming.
#[test]
fn an_end_that_the_old_and_the_coming_entry_share_is_not_forgotten_when_the_old_one_is_removed() {
    let (_directory, house) = house();
    house.batch_rows(0);
    house.import("relay", "feed", "203.0.113.1 expires=100\n203.0.113.2").unwrap();
    let remove = |door: Door| {
        move || {
            let what = What::Remove(vec![Key::parse_any("203.0.113.1").unwrap()]);
            let (actor, list, source) = (Actor::new("token:test"), "relay".parse().unwrap(), "feed".parse().unwrap());
            wait(door.submit(Change { actor, list, source, admin: true, force: true, what, cases: Vec::new() }))
                .unwrap();
        }
    };
    house.meanwhile(remove(house.door.clone()));
    house.import("relay", "feed", "203.0.113.1 expires=100\n203.0.113.2\n203.0.113.3").unwrap();
    assert!(house.listed("203.0.113.1"), "it gave way to the import");
    house.import("relay", "feed", "203.0.113.1 expires=100\n203.0.113.2").unwrap();
    house.meanwhile(remove(house.door.clone()));
    house.whole("relay", "feed", Whole::Undo).unwrap();
    assert!(house.listed("203.0.113.1") && house.listed("203.0.113.3"), "and to the undo");
    house.pass(101);
    assert!(!house.listed("203.0.113.1") && house.listed("203.0.113.2"));
}

/// Found by the model: after a start nobody knew of a prefix length that only the way back has.
#[test]
fn a_post_inside_a_range_that_an_undo_brings_back_does_not_hide_it() {
    let (directory, house) = house();
    house.add("relay", "feed", "2001:db8::/32").unwrap();
    house.import("relay", "feed", "").unwrap();
    house.close();
    let house = House::open(directory.path(), configuration());
    let door = house.door.clone();
    house.meanwhile(move || {
        let (actor, list, source) = (Actor::new("token:test"), "relay".parse().unwrap(), "feed".parse().unwrap());
        let what = What::Add(entries("relay", "2001:db8::/64"));
        wait(door.submit(Change { actor, list, source, admin: true, force: true, what, cases: Vec::new() })).unwrap();
    });
    house.whole("relay", "feed", Whole::Undo).unwrap();
    assert!(house.listed("2001:db8::1") && house.listed("2001:db8:1::1"));
}

#[test]
fn an_import_comes_into_force_though_a_reload_came_between() {
    for (_directory, house) in both_ways() {
        let mut other = configuration();
        other.lists[1] = Arc::new(ListSettings { criteria: "other words".into(), ..(*other.lists[1]).clone() });
        let (door, serial) = (house.door.clone(), house.serial());
        house.meanwhile(move || assert_eq!(wait(door.configure(other)).unwrap().serial, serial));
        house.import("relay", "feed", "203.0.113.1").unwrap();
        assert!(house.listed("203.0.113.1"));
        let mut other = configuration();
        other.lists[1] = Arc::new(list("relay", Kind::Relay, "127.0.0.3"));
        let door = house.door.clone();
        house.meanwhile(move || drop(wait(door.configure(other)).unwrap()));
        house.import("relay", "feed", "203.0.113.1\n203.0.113.2").unwrap();
        assert_eq!(house.codes("bl.test", "203.0.113.2"), Some(vec!["127.0.0.3".into()]));
    }
}

#[test]
fn a_list_that_became_one_of_other_keys_takes_neither_the_import_nor_the_undo_of_former_ones() {
    let names = || {
        let mut names = configuration();
        names.lists[1] = Arc::new(list("relay", Kind::Domain, "127.0.0.2"));
        names
    };
    for batch_rows in [50_000, 0] {
        let (directory, house) = house();
        house.batch_rows(batch_rows);
        let door = house.door.clone();
        house.meanwhile(move || drop(wait(door.configure(names())).unwrap()));
        assert_eq!(house.import("relay", "feed", "203.0.113.1"), Err(Refused::FamilyChanged("relay".parse().unwrap())));
        wait(house.door.configure(configuration())).unwrap();
        house.import("relay", "feed", "203.0.113.1").unwrap();
        house.import("relay", "feed", "").unwrap();
        wait(house.door.configure(names())).unwrap();
        let undone = house.whole("relay", "feed", Whole::Undo);
        assert_eq!(undone, Err(Refused::FamilyChanged("relay".parse().unwrap())));
        house.close();
        House::open(directory.path(), names()).close();
    }
}

#[test]
fn an_undo_finds_a_place_beside_as_many_imports_as_there_may_be_but_not_beside_its_own() {
    let (_directory, house) = house();
    house.import("relay", "feed", "203.0.113.1").unwrap();
    let bodies: Vec<_> =
        (0..4).map(|n| house.door.begin_import(house.start("dynamic", &format!("s{n}"))).unwrap()).collect();
    house.whole("relay", "feed", Whole::Undo).unwrap();
    drop(bodies);
    let _body = house.door.begin_import(house.start("relay", "feed")).unwrap();
    assert_eq!(house.whole("relay", "feed", Whole::Purge), Err(Refused::SourceBusy));
}

/// What is dropped has to be in the snapshot to build on: the note of it says since which commit.
#[test]
fn changes_beyond_those_that_are_kept_are_named_by_the_last_of_their_commits() {
    let (_directory, house) = house();
    house.import("relay", "feed", "203.0.113.1").unwrap();
    let places = house.shared().places.clone();
    let (list, name) = ("relay".parse::<ListName>().unwrap(), "feed".parse::<SourceName>().unwrap());
    let store = house.door.store().clone();
    let id = store.catalog().list_id(&list).unwrap();
    let place = places.enter((&list, id), &name, None).unwrap();
    drop(place.own(&store, id, SourceId(0)));
    let most = u32::try_from(crate::limits::MEANWHILE_KEYS_MAX).unwrap();
    let other = "other".parse().unwrap();
    for n in 0..=most {
        let key = crate::list::Prefix::v4(std::net::Ipv4Addr::from(n), 32).into();
        let (source, before) = (SourceId(9), &None);
        let touch = crate::change::places::Touch {
            list: id,
            source,
            source_name: &other,
            key: &key,
            before,
            posted: true,
            decides: true,
        };
        places.lock().touch(Serial(7 + u64::from(n / most)), &touch);
    }
    assert_eq!(places.lock().meanwhile(place.number).whole, Some(Serial(8)));
}
