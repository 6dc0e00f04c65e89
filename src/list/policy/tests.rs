//! Tests of the parent: every threshold on both of its sides.
//!
//! Guarantees: a guard taken out, or moved by one, turns a test red.
//! Never: repeats what the tests of keys and times show.

use super::*;
use crate::list::{Duration, HashKind};
use proptest::prelude::*;

fn list(kind: Kind) -> ListSettings {
    ListSettings {
        name: "dynamic".parse().unwrap(),
        kind,
        code: "127.0.0.10".parse().unwrap(),
        codes: vec!["127.0.0.11".parse().unwrap()],
        entry_texts: true,
        widest_v4: 16,
        widest_v6: 32,
        covers_at_most: 5.0,
        expires_after: Some(Duration::from_seconds(1_000)),
        hash: HashKind::Sha1,
        ..ListSettings::never()
    }
}

fn entry(list: &ListSettings, key: &str) -> NewEntry {
    NewEntry::plain(Key::parse(key, list.family()).unwrap(), Mark::Listed)
}

const NOW: Time = Time::from_seconds(1_000_000);

#[test]
fn an_entry_of_another_family_is_refused() {
    let names = list(Kind::Domain);
    let address = entry(&list(Kind::Spam), "192.0.2.1");
    assert!(matches!(accept(&names, address, NOW), Err(Rejection::Family { .. })));
    let hash = NewEntry::plain(Key::parse_any(&"a1".repeat(16)).unwrap(), Mark::Listed);
    assert!(matches!(accept(&list(Kind::MailHash), hash, NOW), Err(Rejection::Family { .. })), "MD5 for SHA-1");
}

#[test]
fn a_code_is_the_lists_or_one_of_its_further_ones() {
    let list = list(Kind::Spam);
    let with = |code: &str| NewEntry { code: Some(code.parse().unwrap()), ..entry(&list, "192.0.2.1") };
    assert_eq!(accept(&list, with("127.0.0.10"), NOW).unwrap().code, None);
    assert!(accept(&list, with("127.0.0.11"), NOW).unwrap().code.is_some());
    let error = accept(&list, with("127.0.0.2"), NOW).unwrap_err().to_string();
    assert_eq!(error, "the list dynamic has no code 127.0.0.2; it has 127.0.0.10, 127.0.0.11");
    let hole = NewEntry { mark: Mark::Excluded, ..with("127.0.0.2") };
    assert_eq!(accept(&list, hole, NOW).unwrap().code, None);
}

#[test]
fn a_text_is_printable_and_permitted() {
    let list = list(Kind::Spam);
    let with = |text: &str| NewEntry { text: Some(text.into()), ..entry(&list, "192.0.2.1") };
    assert!(accept(&list, with(&"x".repeat(255)), NOW).is_ok());
    for text in [&"x".repeat(256), "", "é", "a\tb", "a\u{7f}"] {
        assert_eq!(accept(&list, with(text), NOW), Err(Rejection::Text), "{text}");
    }
    assert!(accept(&list, with("{address} is on {list} with {code}, see {url}"), NOW).is_ok());
    let error = accept(&list, with("see {bogus}"), NOW).unwrap_err().to_string();
    assert_eq!(error, "text: {bogus} is not known; possible are {address}, {list}, {code} and {url}");
    let without = ListSettings { entry_texts: false, ..list.clone() };
    assert!(matches!(accept(&without, with("x"), NOW), Err(Rejection::NoTexts(_))));
}

#[test]
fn times_are_brought_to_now_or_refused() {
    let list = list(Kind::Spam);
    let at = |seconds: u32| Some(Time::from_seconds(NOW.seconds() - 2_000 + seconds));
    let seen = |seen, expires| accept(&list, NewEntry { seen, expires, ..entry(&list, "192.0.2.1") }, NOW);
    assert_eq!(seen(at(2_001), None).unwrap().seen, Some(NOW));
    assert_eq!(seen(at(1_001), None).unwrap().seen, at(1_001));
    assert!(matches!(seen(at(1_000), None), Err(Rejection::SeenTooOld { .. })));
    assert!(seen(at(0), at(2_001)).is_ok(), "an end of its own goes before the list's");
    assert!(matches!(seen(None, at(2_000)), Err(Rejection::Expired(_))));
    let first = NewEntry { first_seen: at(3_000), seen: at(1_500), ..entry(&list, "192.0.2.1") };
    assert_eq!(accept(&list, first, NOW).unwrap().first_seen, at(1_500));
}

#[test]
fn ipv6_hosts_are_widened_where_listed_and_kept_where_excluded() {
    let list = ListSettings { v6_hosts_as: Some(64), ..list(Kind::Spam) };
    let accepted =
        |key: &str, mark| accept(&list, NewEntry { mark, ..entry(&list, key) }, NOW).unwrap().key.to_string();
    assert_eq!(accepted("2001:db8::1", Mark::Listed), "2001:db8::/64");
    assert_eq!(accepted("2001:db8::1", Mark::Excluded), "2001:db8::1");
    assert_eq!(accepted("2001:db8::/48", Mark::Listed), "2001:db8::/48");
    assert_eq!(accepted("192.0.2.1", Mark::Listed), "192.0.2.1");
}

#[test]
fn a_key_may_be_as_wide_as_the_list_says() {
    let addresses = list(Kind::Spam);
    let guard = |text: &str, mark| {
        too_wide(&addresses, &entry(&addresses, text).key, mark).map_or("none", |guard| guard.name())
    };
    assert_eq!(guard("10.0.0.0/16", Mark::Listed), "none");
    assert_eq!(guard("10.0.0.0/15", Mark::Listed), "too-wide");
    assert_eq!(guard("2001:db8::/32", Mark::Listed), "none");
    assert_eq!(guard("2001:db8::/31", Mark::Listed), "too-wide");
    assert_eq!(guard("10.0.0.0/16", Mark::Excluded), "none");
    assert_eq!(guard("10.0.0.0/15", Mark::Excluded), "exclusion-too-wide");
    assert_eq!(guard("2001:db8::/32", Mark::Excluded), "none");
    assert_eq!(guard("2001:db8::/31", Mark::Excluded), "exclusion-too-wide");
    let never = ListSettings::never();
    assert_eq!(too_wide(&never, &entry(&never, "0.0.0.0/0").key, Mark::Listed), None);
    assert_eq!(too_wide(&never, &entry(&never, "0.0.0.0/0").key, Mark::Excluded), None);
}

#[test]
fn a_public_suffix_is_not_listed_by_accident() {
    let names = list(Kind::Domain);
    let guarded = |text: &str| too_wide(&names, &entry(&names, text).key, Mark::Listed).is_some();
    for text in ["com", "co.uk", "*.co.uk", "anything.ck"] {
        assert!(guarded(text), "{text}");
    }
    for text in ["example.com", "example.co.uk", "github.io", "www.ck"] {
        assert!(!guarded(text), "{text}");
    }
    assert_eq!(too_wide(&names, &entry(&names, "com").key, Mark::Excluded), None);
}

#[test]
fn a_list_covers_at_most_its_share_of_ipv4() {
    let list = ListSettings { covers_at_most: 50.0, ..list(Kind::Dynamic) };
    assert_eq!(covers_too_much(&list, 0, 1 << 31), None);
    let guard = covers_too_much(&list, 0, (1 << 31) + 1).unwrap();
    assert!(guard.to_string().contains("2147483649") && guard.to_string().contains("50 %"), "{guard}");
    assert_eq!(covers_too_much(&list, 1 << 32, (1 << 32) - 1), None, "less than before");
    assert_eq!(covers_too_much(&ListSettings::never(), 0, 1 << 32), None);
}

fn check(measures: Measures) -> Option<Guard> {
    measures.check(&list(Kind::Spam))
}

fn steady(keys: u64) -> Measures {
    let covered = keys * 3;
    Measures {
        keys_at_day_start: keys,
        kept_of_them: keys,
        keys_after: keys,
        covered_at_day_start: covered,
        covered_after: covered,
    }
}

#[test]
fn a_source_may_lose_a_third_of_its_keys_at_most() {
    let left = |before, after| check(Measures { keys_after: after, kept_of_them: after, ..steady(before) });
    assert_eq!(left(100, 70), None);
    assert_eq!(left(100, 69), Some(Guard::Shrinks { before: 100, after: 69 }));
    assert_eq!(left(99, 0), None);
    assert_eq!(left(0, 0), None);
}

#[test]
fn a_source_may_not_become_another_one() {
    let kept = |before, kept| check(Measures { kept_of_them: kept, ..steady(before) });
    assert_eq!(kept(1_000, 100), None);
    assert_eq!(kept(1_000, 99), Some(Guard::Turnover { before: 1_000, kept: 99 }));
    assert_eq!(kept(999, 0), None);
}

#[test]
fn a_source_may_grow_tenfold_at_most() {
    let keys = |before: u64, after| check(Measures { keys_after: after, ..steady(before) });
    assert_eq!(keys(1_000, 10_000), None);
    assert_eq!(keys(1_000, 10_001), Some(Guard::Grows { what: Grown::Keys, before: 1_000, after: 10_001 }));
    assert_eq!(keys(999, 1_000_000), None);
    let covered = |after| check(Measures { covered_after: after, ..steady(1_000) });
    assert_eq!(covered(30_000), None);
    assert_eq!(covered(30_001), Some(Guard::Grows { what: Grown::Covered, before: 3_000, after: 30_001 }));
}

#[test]
fn every_guard_says_its_name_its_figures_and_force() {
    let key = || entry(&list(Kind::Spam), "10.0.0.0/8").key;
    let name = || "dynamic".parse::<ListName>().unwrap();
    let guards = [
        (Guard::Shrinks { before: 41, after: 7 }, ["41", "7"]),
        (Guard::Turnover { before: 41, kept: 7 }, ["41", "7"]),
        (Guard::Grows { what: Grown::Keys, before: 7, after: 41 }, ["41", "7"]),
        (Guard::TooWide { list: name(), key: key(), widest: 16 }, ["10.0.0.0/8", "/16"]),
        (Guard::CoversTooMuch { list: name(), covered: 41, percent: 0.5 }, ["41", "0.5 %"]),
        (Guard::PublicSuffix(key()), ["10.0.0.0/8", "public suffix"]),
        (Guard::InsideNever { key: key(), never: key() }, ["10.0.0.0/8", "never"]),
        (Guard::ExclusionTooWide { key: key(), widest: 16 }, ["10.0.0.0/8", "/16"]),
    ];
    for (guard, parts) in guards {
        let text = guard.to_string();
        assert!(text.starts_with(guard.name()) && text.contains("force"), "{text}");
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    }
}

proptest! {
    #[test]
    fn measures_never_overflow_and_never_guards_the_list_never(
        a in any::<u64>(), b in any::<u64>(), c in any::<u64>(), d in any::<u64>(), e in any::<u64>(),
    ) {
        let measures = Measures {
            keys_at_day_start: a, kept_of_them: b, keys_after: c, covered_at_day_start: d, covered_after: e,
        };
        let _ = check(measures);
        prop_assert_eq!(measures.check(&ListSettings::never()), None);
    }

    #[test]
    fn what_was_accepted_is_accepted_again(
        seen in proptest::option::of(any::<u32>()), expires in proptest::option::of(any::<u32>()),
        first in proptest::option::of(any::<u32>()), bits in any::<u128>(),
    ) {
        let list = ListSettings { v6_hosts_as: Some(64), ..list(Kind::Spam) };
        let (seen, expires) = (seen.map(Time::from_seconds), expires.map(Time::from_seconds));
        let first_seen = first.map(Time::from_seconds);
        let key = Key::Prefix(super::super::Prefix::host(std::net::Ipv6Addr::from(bits).into()));
        if let Ok(once) = accept(&list, NewEntry { seen, first_seen, expires, ..NewEntry::plain(key, Mark::Listed) }, NOW) {
            prop_assert_eq!(accept(&list, once.clone(), NOW), Ok(once));
        }
    }
}
