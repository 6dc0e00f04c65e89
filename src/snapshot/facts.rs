//! The answers of DESIGN 4.4 one by one, and how snapshots follow each other.
//!
//! Guarantees: each test is named after the fact that it establishes.
//! Never: touches a disk or a socket.

use super::{
    model::{Expected, Model, build, labels, list, listed, served, wire, zone},
    *,
};
use crate::list::{Duration, Key, Kind, ListSettings, ReturnCode, Tag, Time};
use arrayvec::ArrayVec;
use std::collections::HashMap;

/// Asks for a whole name.
fn with_answer<T>(snapshot: &Snapshot, name: &str, look: impl FnOnce(&Found<'_>) -> T) -> T {
    let mut octets = wire(&labels(name));
    octets.push(0);
    let (zone, relative) = snapshot.zone_of(&octets).unwrap();
    look(&snapshot.find(zone, &octets[..relative]))
}

fn ask(snapshot: &Snapshot, name: &str) -> Expected {
    with_answer(snapshot, name, |found| match found {
        Found::Listed(listed) => Expected::Listed(listed.codes().collect()),
        Found::Above => Expected::Above,
        Found::Apex => Expected::Apex,
        Found::Nothing => Expected::Nothing,
    })
}

fn text(snapshot: &Snapshot, name: &str) -> String {
    with_answer(snapshot, name, |found| {
        let Found::Listed(listed) = found else { panic!("{name} is listed") };
        let mut out = ArrayVec::new();
        listed.text(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    })
}

fn ttl(snapshot: &Snapshot, name: &str) -> u32 {
    with_answer(snapshot, name, |found| if let Found::Listed(listed) = found { listed.ttl() } else { panic!("{name}") })
}

fn codes(codes: &[&str]) -> Expected {
    Expected::Listed(codes.iter().map(|code| code.parse().unwrap()).collect())
}

/// Rows as (list, key, code or "!").
fn model(served: &Served, rows: &[(&str, &str, &str)]) -> Model {
    let mut model = Model::default();
    for (name, key, mark) in rows {
        let index = served.list(&name.parse().unwrap()).unwrap();
        let family = served.settings(index).unwrap().family();
        let decision = if *mark == "!" { Decision::Excluded } else { listed(&[*mark]) };
        model.rows.insert((index, Key::parse(key, family).unwrap()), decision);
    }
    model
}

fn snapshot(rows: &[(&str, &str, &str)]) -> Snapshot {
    let served = served();
    build(&model(&served, rows), &served)
}

const NOTHING: Expected = Expected::Nothing;
const ABOVE: Expected = Expected::Above;

#[test]
fn the_codes_come_in_the_zones_order_and_once() {
    let snapshot = snapshot(&[("alpha", "192.0.2.0/24", "127.0.0.10"), ("beta", "192.0.2.1", "127.0.0.10")]);
    assert_eq!(ask(&snapshot, "1.2.0.192.bl.example"), codes(&["127.0.0.10"]));
    assert_eq!(ask(&snapshot, "2.2.0.192.alpha.bl.example"), codes(&["127.0.0.10"]));
    assert_eq!(ask(&snapshot, "2.2.0.192.beta.bl.example"), NOTHING);
    let both = self::snapshot(&[("alpha", "192.0.2.0/24", "127.0.0.4"), ("beta", "192.0.2.1", "127.0.0.10")]);
    assert_eq!(ask(&both, "1.2.0.192.bl.example"), codes(&["127.0.0.10", "127.0.0.4"]));
}

#[test]
fn a_list_on_trial_answers_in_its_sublist_only() {
    let snapshot = snapshot(&[("trial", "192.0.2.1", "127.0.0.7")]);
    assert_eq!(ask(&snapshot, "1.2.0.192.trial.bl.example"), codes(&["127.0.0.7"]));
    assert_eq!(ask(&snapshot, "1.2.0.192.bl.example"), NOTHING);
    assert_eq!(ask(&snapshot, "192.trial.bl.example"), ABOVE);
    assert_eq!(ask(&snapshot, "192.bl.example"), NOTHING);
    assert_eq!(ask(&snapshot, "trial.bl.example"), ABOVE);
    assert_eq!(ask(&snapshot, "bl.example"), Expected::Apex);
}

#[test]
fn test_points_are_listed_without_entries_and_beat_them() {
    let empty = snapshot(&[]);
    let full = snapshot(&[
        ("never", "127.0.0.0/8", "127.0.0.2"),
        ("alpha", "127.0.0.1", "127.0.0.4"),
        ("alpha", "127.0.0.2", "!"),
        ("never", "test", "127.0.0.2"),
        ("domain-a", "invalid", "127.0.1.2"),
    ]);
    for snapshot in [empty, full] {
        assert_eq!(ask(&snapshot, "2.0.0.127.bl.example"), codes(&["127.0.0.10", "127.0.0.4"]));
        assert_eq!(ask(&snapshot, "2.0.0.127.trial.bl.example"), codes(&["127.0.0.7"]));
        assert_eq!(ask(&snapshot, "4.0.0.127.bl.example"), codes(&["127.0.0.4"]));
        assert_eq!(ask(&snapshot, "4.0.0.127.beta.bl.example"), NOTHING);
        assert_eq!(ask(&snapshot, "7.0.0.127.bl.example"), NOTHING);
        assert_eq!(ask(&snapshot, "7.0.0.127.trial.bl.example"), codes(&["127.0.0.7"]));
        assert_eq!(ask(&snapshot, "1.0.0.127.bl.example"), NOTHING);
        for above in ["127", "0.127", "0.0.127"] {
            assert_eq!(ask(&snapshot, &format!("{above}.bl.example")), ABOVE);
        }
        let mapped = format!("f.f.f.f.{}", "0.".repeat(20));
        assert_eq!(ask(&snapshot, &format!("2.0.0.0.0.0.f.7.{mapped}bl.example")), codes(&["127.0.0.10", "127.0.0.4"]));
        assert_eq!(ask(&snapshot, &format!("1.0.0.0.0.0.f.7.{mapped}bl.example")), NOTHING);
        assert_eq!(ask(&snapshot, &format!("0.0.f.7.{mapped}bl.example")), ABOVE);
        assert_eq!(ask(&snapshot, "0.0.f.7.2.0.0.2.bl.example"), ABOVE);
        for name in ["test", "a.test", "b.a.test", "test.domain-a"] {
            assert!(matches!(ask(&snapshot, &format!("{name}.dbl.example")), Expected::Listed(_)), "{name}");
        }
        assert_eq!(ask(&snapshot, "a.test.domain-b.dbl.example"), codes(&["127.0.1.3"]));
        assert_eq!(ask(&snapshot, "invalid.dbl.example"), NOTHING);
        assert_eq!(ask(&snapshot, "a.invalid.dbl.example"), NOTHING);
        let hash = "1ffff7d2d2b7f100df95b70e659c88e5b38ec4e6";
        assert_eq!(ask(&snapshot, &format!("{hash}.hbl.example")), codes(&["127.0.2.2", "127.0.2.3"]));
        assert_eq!(ask(&snapshot, &format!("a.{hash}.hbl.example")), NOTHING);
    }
}

#[test]
fn a_test_point_says_that_it_is_one() {
    let snapshot = snapshot(&[]);
    for (name, key) in [("2.0.0.127.bl", "127.0.0.2"), ("a.test.dbl", "test")] {
        let text = text(&snapshot, &format!("{name}.example"));
        assert!(text.contains("test entry") && text.ends_with(&format!("http://bl.example/{key}")), "{text}");
    }
}

#[test]
fn what_is_no_address_is_nothing() {
    let snapshot = snapshot(&[("alpha", "0.0.0.0/0", "127.0.0.4"), ("alpha", "::/0", "127.0.0.4")]);
    for name in ["002.0.0.1", "256.0.0.1", "1.2.3.4.50", "1.2.3.04", "g.0.0.0", "a", "", "1.2.3.4.5"] {
        let relative = if name.is_empty() { labels("x.y") } else { labels(name) };
        let answer = ask(&snapshot, &format!("{}.bl.example", relative.join(".")));
        // A nibble, and five nibbles, are names of v6.
        let v6 = relative.iter().all(|label| label.len() == 1 && label.as_bytes()[0].is_ascii_hexdigit());
        assert_eq!(answer, if v6 { ABOVE } else { NOTHING }, "{name}");
    }
    // Labels that do not end where the name does.
    let zone = &snapshot.served().zones()[snapshot.served().zones().len() - 1];
    assert!(matches!(snapshot.find(zone, &[5, b'1']), Found::Nothing));
    // No packet holds such a name.
    let names = snapshot.served().zones().iter().find(|zone| zone.family() == ZoneFamily::Names).unwrap();
    assert!(matches!(snapshot.find(names, &wire(&vec!["a".repeat(63); 5])), Found::Nothing));
}

#[test]
fn four_single_digits_are_an_address_and_four_nibbles() {
    let v4 = snapshot(&[("alpha", "4.3.2.1", "127.0.0.4"), ("alpha", "4321::/32", "127.0.0.4")]);
    assert_eq!(ask(&v4, "1.2.3.4.bl.example"), codes(&["127.0.0.4"]));
    let v6 = snapshot(&[("alpha", "4321::/32", "127.0.0.4")]);
    assert_eq!(ask(&v6, "1.2.3.4.bl.example"), ABOVE);
    assert_eq!(ask(&v6, "2.3.4.bl.example"), ABOVE);
    assert_eq!(ask(&v6, "2.2.3.4.bl.example"), NOTHING);
}

#[test]
fn a_range_cut_out_whole_is_nothing_and_one_short_of_the_border_lists_all_below() {
    let snapshot = snapshot(&[
        ("alpha", "198.51.100.0/24", "127.0.0.4"),
        ("alpha", "198.51.100.0/25", "!"),
        ("alpha", "198.51.100.128/25", "!"),
        ("alpha", "10.128.0.0/9", "127.0.0.4"),
        ("alpha", "2001:db8::/33", "127.0.0.4"),
    ]);
    assert_eq!(ask(&snapshot, "100.51.198.bl.example"), NOTHING);
    assert_eq!(ask(&snapshot, "198.bl.example"), NOTHING);
    assert_eq!(ask(&snapshot, "10.bl.example"), ABOVE);
    assert_eq!(ask(&snapshot, "200.10.bl.example"), ABOVE);
    assert_eq!(ask(&snapshot, "127.10.bl.example"), NOTHING);
    for (name, answer) in [("8.8.b.d", NOTHING), ("7.8.b.d", ABOVE), ("8.b.d", ABOVE), ("b.d", ABOVE), ("c.d", NOTHING)]
    {
        assert_eq!(ask(&snapshot, &format!("{name}.0.1.0.0.2.bl.example")), answer, "{name}");
    }
}

#[test]
fn mapped_and_6to4_names_follow_the_ipv4_entries_alone() {
    let snapshot = snapshot(&[
        ("alpha", "192.0.2.1", "127.0.0.4"),
        ("beta", "2000::/3", "127.0.0.10"),
        ("beta", "::/3", "127.0.0.10"),
    ]);
    let sixtofour = |v4: &str| ask(&snapshot, &format!("{}{v4}.2.0.0.2.bl.example", "0.".repeat(20)));
    assert_eq!(sixtofour("1.0.2.0.0.0.0.c"), codes(&["127.0.0.4"]));
    assert_eq!(sixtofour("2.0.2.0.0.0.0.c"), NOTHING);
    assert_eq!(ask(&snapshot, "7.1.0.2.0.0.0.0.c.2.0.0.2.bl.example"), ABOVE);
    assert_eq!(ask(&snapshot, "2.0.2.0.0.0.0.c.2.0.0.2.bl.example"), NOTHING);
    assert_eq!(ask(&snapshot, "2.0.0.2.beta.bl.example"), ABOVE, "the test points stand inside");
    assert_eq!(ask(&snapshot, "0.c.2.0.0.2.beta.bl.example"), NOTHING);
    assert_eq!(ask(&snapshot, "3.0.0.2.beta.bl.example"), ABOVE);
    let mapped = format!("f.f.f.f.{}bl.example", "0.".repeat(20));
    assert_eq!(
        text(&snapshot, &format!("1.0.2.0.0.0.0.c.{mapped}")),
        "192.0.2.1 alpha 127.0.0.4 http://bl.example/192.0.2.1"
    );
}

#[test]
fn never_hides_what_is_listed_however_specific() {
    let snapshot = snapshot(&[
        ("never", "192.0.2.0/24", "127.0.0.2"),
        ("never", "192.0.2.128/25", "!"),
        ("alpha", "192.0.2.1", "127.0.0.4"),
        ("alpha", "192.0.2.129", "127.0.0.4"),
        ("never", "good.example", "127.0.0.2"),
        ("domain-a", "example", "127.0.1.2"),
        ("domain-a", "bad.good.example", "127.0.1.2"),
    ]);
    assert_eq!(ask(&snapshot, "1.2.0.192.bl.example"), NOTHING);
    assert_eq!(ask(&snapshot, "129.2.0.192.bl.example"), codes(&["127.0.0.4"]));
    assert_eq!(ask(&snapshot, "good.example.dbl.example"), NOTHING);
    assert_eq!(ask(&snapshot, "bad.good.example.dbl.example"), NOTHING);
    assert_eq!(ask(&snapshot, "other.example.dbl.example"), codes(&["127.0.1.2"]));
}

#[test]
fn the_longest_name_decides_and_its_scope_says_where() {
    let snapshot = snapshot(&[
        ("domain-a", "*.wild.example", "127.0.1.2"),
        ("domain-a", "=only.example", "127.0.1.2"),
        ("domain-a", "both.example", "127.0.1.2"),
        ("domain-a", "=both.example", "!"),
    ]);
    let ask = |name: &str| ask(&snapshot, &format!("{name}.dbl.example"));
    let listed = codes(&["127.0.1.2"]);
    assert_eq!((ask("wild.example"), ask("a.wild.example")), (ABOVE, listed.clone()));
    assert_eq!((ask("only.example"), ask("a.only.example")), (listed.clone(), NOTHING));
    assert_eq!((ask("both.example"), ask("a.both.example")), (ABOVE, listed.clone()));
    assert_eq!((ask("example"), ask("ample")), (ABOVE, NOTHING));
    // Labels that no list can hold are below their parent all the same.
    assert_eq!((ask("a b.wild.example"), ask("x.a\u{e9}.wild.example")), (listed.clone(), listed));
    assert_eq!((ask("a*.only.example"), ask("*.example")), (NOTHING, NOTHING));
}

#[test]
fn the_text_names_the_deciding_name_and_the_further_lists() {
    let snapshot = snapshot(&[("domain-b", "bad.example", "127.0.1.3"), ("domain-a", "b.a.bad.example", "127.0.1.2")]);
    let text = |name: &str| text(&snapshot, &format!("{name}.dbl.example"));
    let url = "http://bl.example";
    assert_eq!(text("x.a.bad.example"), format!("bad.example domain-b 127.0.1.3 {url}/bad.example"));
    assert_eq!(
        text("x.b.a.bad.example"),
        format!("b.a.bad.example domain-a 127.0.1.2; also domain-b {url}/b.a.bad.example")
    );
    assert_eq!(text("x.b.a.bad.example.domain-b"), format!("bad.example domain-b 127.0.1.3 {url}/bad.example"));
}

#[test]
fn an_entrys_own_text_stands_before_the_lists() {
    let served = served();
    let mut model = model(&served, &[]);
    let alpha = served.list(&"alpha".parse().unwrap()).unwrap();
    let tag = Tag { code: "127.0.0.4".parse().unwrap(), text: Some(TextId(3)) };
    model.rows.insert((alpha, Key::parse_any("192.0.2.1").unwrap()), Decision::Listed([tag].into_iter().collect()));
    model.texts.push((alpha, TextId(3), "own {address}".into()));
    let snapshot = build(&model, &served);
    assert_eq!(text(&snapshot, "1.2.0.192.bl.example"), "own 192.0.2.1 http://bl.example/192.0.2.1");
    let mut edit = snapshot.edit();
    edit.add_text(alpha, TextId(3), "new");
    assert_eq!(text(&edit.finish(Serial(2)), "1.2.0.192.bl.example"), "new http://bl.example/192.0.2.1");
}

#[test]
fn the_ttl_is_the_smallest_of_the_lists_that_answer() {
    let with_ttl = |name, kind, code, seconds| {
        let settings = ListSettings::clone(&list(name, kind, code));
        Arc::new(ListSettings { ttl: Some(Duration::from_seconds(seconds)), ..settings })
    };
    let lists = vec![
        with_ttl("alpha", Kind::Spam, "127.0.0.4", 3_600),
        with_ttl("beta", Kind::Spam, "127.0.0.5", 60),
        list("gamma", Kind::Spam, "127.0.0.6"),
    ];
    let zones = vec![zone("bl.example", &["alpha", "beta", "gamma"], &[])];
    let served = Arc::new(Served::new(lists, zones, "http://bl.example", Time::from_seconds(0)));
    let rows = [
        ("alpha", "192.0.2.0/24", "127.0.0.4"),
        ("gamma", "192.0.2.0/25", "127.0.0.6"),
        ("beta", "192.0.2.1", "127.0.0.5"),
    ];
    let snapshot = build(&model(&served, &rows), &served);
    assert_eq!(ttl(&snapshot, "1.2.0.192.bl.example"), 60);
    assert_eq!(ttl(&snapshot, "2.2.0.192.bl.example"), 300);
    assert_eq!(ttl(&snapshot, "200.2.0.192.bl.example"), 3_600);
}

#[test]
fn a_closed_zone_lists_nothing_not_even_test_points() {
    let settings = ZoneSettings { closing: Some(Time::from_seconds(100)), ..zone("bl.example", &["alpha"], &[]) };
    for (now, is_closed) in [(99, false), (100, true)] {
        let lists = vec![list("alpha", Kind::Spam, "127.0.0.4")];
        let served = Served::new(lists, vec![settings.clone()], "http://bl.example", Time::from_seconds(now));
        let served = Arc::new(served);
        let snapshot = build(&model(&served, &[("alpha", "192.0.2.1", "127.0.0.4")]), &served);
        assert_eq!(served.zones()[0].closed(), is_closed);
        for name in ["2.0.0.127", "1.2.0.192", "192", "127", "1.2.0.192.alpha"] {
            assert_eq!(ask(&snapshot, &format!("{name}.bl.example")) == NOTHING, is_closed, "{name}");
        }
    }
}

#[test]
fn of_nested_origins_the_longest_answers() {
    let lists = || vec![list("alpha", Kind::Spam, "127.0.0.4"), list("beta", Kind::Spam, "127.0.0.5")];
    let zones = vec![zone("example", &["alpha"], &[]), zone("bl.example", &["beta"], &[])];
    let served = Served::new(lists(), zones, "http://bl.example", Time::from_seconds(0));
    let origin = |name: &str| {
        let mut octets = wire(&labels(name));
        octets.push(0);
        served.zone_of(&octets).map(|(zone, relative)| (zone.settings().origin.name().to_owned(), relative))
    };
    assert_eq!(origin("1.2.bl.example"), Some(("bl.example".into(), 4)));
    assert_eq!(origin("abl.example"), Some(("example".into(), 4)));
    assert_eq!(origin("example"), Some(("example".into(), 0)));
    assert_eq!(origin("example.org"), None);
    assert_eq!(origin("xample"), None);
}

#[test]
fn a_key_is_asked_for_by_the_name_that_finds_it() {
    let snapshot = snapshot(&[
        ("alpha", "192.0.2.1", "127.0.0.4"),
        ("alpha", "2001:db8::1", "127.0.0.4"),
        ("domain-a", "bad.example", "127.0.1.2"),
        ("hash-a", "1ffff7d2d2b7f100df95b70e659c88e5b38ec4e7", "127.0.2.2"),
    ]);
    for key in ["192.0.2.1", "2001:db8::1", "bad.example", "1ffff7d2d2b7f100df95b70e659c88e5b38ec4e7"] {
        let key = Key::parse_any(key).unwrap();
        let mut zones = 0;
        for zone in snapshot.served().zones() {
            let sublist =
                zone.settings().lists.iter().find(|name| name.as_str() == "alpha" || name.as_str().ends_with("-a"));
            for sublist in [None, sublist] {
                let Some(relative) = zone.relative(&key, sublist) else { continue };
                assert!(matches!(snapshot.find(zone, &relative), Found::Listed(_)), "{key}");
                zones += 1;
            }
        }
        assert_eq!(zones, 2, "{key}");
    }
    let zone = &snapshot.served().zones()[0];
    assert!(zone.relative(&Key::parse_any("192.0.2.0/24").unwrap(), None).is_none());
}

#[test]
fn a_configuration_that_follows_keeps_the_bits_of_the_lists_that_stay() {
    let before = served();
    let rows = [("alpha", "192.0.2.1", "127.0.0.4"), ("beta", "192.0.2.0/24", "127.0.0.10")];
    let snapshot = build(&model(&before, &rows), &before);
    let lists = vec![list("fresh", Kind::Spam, "127.0.0.12"), list("beta", Kind::Dynamic, "127.0.0.10")];
    let zones = vec![zone("bl.example", &["fresh", "beta"], &[])];
    let after = Arc::new(before.succeed(lists, zones, "http://bl.example", Time::from_seconds(1_000)));
    let (beta, alpha) = ("beta".parse().unwrap(), "alpha".parse().unwrap());
    assert_eq!(after.list(&beta), before.list(&beta));
    let mut edit = snapshot.edit();
    edit.serve(Arc::clone(&after));
    assert!(after.replaced(&before).contains(&before.list(&alpha).unwrap()));
    for list in after.replaced(&before) {
        edit.resolve_v4(list, (0, 0), None, std::iter::empty());
    }
    let snapshot = edit.finish(Serial(2));
    assert_eq!(ask(&snapshot, "1.2.0.192.bl.example"), codes(&["127.0.0.10"]));
    assert_eq!(ask(&snapshot, "2.0.0.127.bl.example"), codes(&["127.0.0.12", "127.0.0.10"]));
    assert_eq!(snapshot.zone_serial(&snapshot.served().zones()[0]), Serial(2));
}

#[test]
fn a_zone_keeps_its_serial_when_nothing_it_serves_changes() {
    let served = served();
    let model = model(&served, &[("alpha", "192.0.2.1", "127.0.0.4"), ("never", "10.0.0.0/8", "127.0.0.2")]);
    let serials = HashMap::from([("bl.example".parse().unwrap(), Serial(5))]);
    let snapshot = Snapshot::build(Arc::clone(&served), Serial(9), &serials, &model, 1);
    let serial = |snapshot: &Snapshot, origin: &str| {
        let zones = snapshot.served().zones();
        snapshot.zone_serial(zones.iter().find(|zone| zone.settings().origin.name() == origin).unwrap())
    };
    assert_eq!((serial(&snapshot, "bl.example"), serial(&snapshot, "dbl.example")), (Serial(5), Serial(9)));
    let alpha = served.list(&"alpha".parse().unwrap()).unwrap();
    let mut edit = snapshot.edit();
    let says = listed(&["127.0.0.4"]);
    // What is hidden by `never` changes no answer.
    edit.resolve_v4(alpha, (0x0a00_0001, 32), None, [(0x0a00_0001, 32, says.clone())].into_iter());
    let hidden = edit.finish(Serial(10));
    assert_eq!(serial(&hidden, "bl.example"), Serial(5));
    let mut edit = hidden.edit();
    edit.resolve_v4(alpha, (0xc000_0202, 32), None, [(0xc000_0202, 32, says)].into_iter());
    let shown = edit.finish(Serial(11));
    assert_eq!((serial(&shown, "bl.example"), serial(&shown, "dbl.example")), (Serial(11), Serial(9)));
    assert_eq!((shown.covered_v4(alpha), snapshot.covered_v4(alpha)), (3, 1));
}

#[test]
fn numbers_of_sets_that_nothing_carries_are_given_out_again() {
    let served = served();
    let mut snapshot = build(&Model::default(), &served);
    let alpha = served.list(&"alpha".parse().unwrap()).unwrap();
    for round in 0..40_000u32 {
        let code: ReturnCode = std::net::Ipv4Addr::from(0x7f01_0000 | round).try_into().unwrap();
        let says = Decision::Listed([Tag { code, text: None }].into_iter().collect());
        let mut edit = snapshot.edit();
        edit.resolve_v4(alpha, (0xc000_0201, 32), None, [(0xc000_0201, 32, says)].into_iter());
        snapshot = edit.finish(Serial(round.into()));
        if round % 5_000 == 0 {
            assert_eq!(ask(&snapshot, "1.2.0.192.bl.example"), Expected::Listed(vec![code]));
        }
    }
    assert!(snapshot.sets.len() < 10_000, "{}", snapshot.sets.len());
}

#[test]
fn a_replaced_snapshot_goes_when_its_last_reader_has_moved_on() {
    let first = snapshot(&[]);
    let next = |serial| first.edit().finish(Serial(serial));
    let published = Published::new(first.clone());
    let (mut reader, watch) = (published.reader(), published.watch());
    assert_eq!(reader.load().serial(), Serial(1));
    published.publish(next(2));
    assert_eq!((published.retired(), *watch.borrow()), (1, Serial(2)), "the reader still holds the first");
    assert_eq!(reader.load().serial(), Serial(2));
    published.sweep();
    assert_eq!(published.retired(), 0);
}

#[test]
fn a_snapshot_is_awaited_as_long_as_somebody_waits() {
    let published = Published::new(snapshot(&[]));
    assert!(!published.is_awaited());
    let (one, other) = (published.wait_for(), published.wait_for());
    drop(one);
    assert!(published.is_awaited());
    drop(other);
    assert!(!published.is_awaited());
}
