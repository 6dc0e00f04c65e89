//! The indexes against the plain model, and the answers of DESIGN 4.4 one by one.
//!
//! Guarantees: every property is asked at the keys where something begins or ends, and at all names above them.
//! Never: touches a disk or a socket.

use super::{
    model::{Model, build, found, labels, listed, served},
    *,
};
use crate::list::{HashKind, Key, Prefix, Scope};
use proptest::prelude::*;
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
};

// ---- Random rows -----------------------------------------------------------------------------------------------------

/// Addresses that are near each other, at the ends of the space, or special.
fn v4_address() -> impl Strategy<Value = u32> {
    prop_oneof![
        (0u32..4, 0u32..4, prop_oneof![0u32..4, 250u32..256]).prop_map(|(b, c, d)| 0xc600_0000 | b << 16 | c << 8 | d),
        (prop_oneof![Just(0u32), Just(1), Just(127), Just(255)], 0u32..256).prop_map(|(a, d)| a << 24 | d),
        Just(0x0708_0901), // 7.8.9.1: four single digits
        Just(u32::MAX),
        any::<u32>(),
    ]
}

fn v4_key() -> impl Strategy<Value = Key> {
    (v4_address(), prop_oneof![3 => Just(32u8), 2 => 22u8..32, 1 => 0u8..22])
        .prop_map(|(address, length)| Key::Prefix(Prefix::v4(address.into(), length)))
}

fn v6_address() -> impl Strategy<Value = u128> {
    prop_oneof![
        (0u128..3, 0u128..3, 0u128..3).prop_map(|(a, b, c)| 0x2001_0db8 << 96 | a << 80 | b << 64 | c),
        (0u128..0x20).prop_map(|a| 0x2000 << 112 | a << 112),
        v4_address().prop_map(|v4| 0xffff << 32 | u128::from(v4)),
        v4_address().prop_map(|v4| 0x2002 << 112 | u128::from(v4) << 80),
        Just(u128::MAX),
        any::<u128>(),
    ]
}

fn v6_key() -> impl Strategy<Value = Key> {
    (v6_address(), prop_oneof![2 => Just(64u8), 1 => Just(128u8), 3 => 0u8..=128]).prop_filter_map(
        "canonical",
        |(address, length)| {
            let net = ipnet::Ipv6Net::new(address.into(), length).ok()?.trunc();
            Prefix::new(net.into()).ok().map(Key::Prefix)
        },
    )
}

fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop_oneof![Just("a"), Just("b"), Just("a-b"), Just("ab"), Just("test")], 1..5)
        .prop_map(|labels| format!("{}.x", labels.join(".")))
}

fn name_key() -> impl Strategy<Value = Key> {
    (
        prop_oneof![5 => name(), 1 => Just("x".to_owned())],
        prop_oneof![Just(Scope::All), Just(Scope::Itself), Just(Scope::Below)],
    )
        .prop_map(|(name, scope)| Key::Name(ListedName::new(&name, scope).unwrap()))
}

fn hash_key() -> impl Strategy<Value = Key> {
    (0u8..8).prop_map(|n| match n {
        0 => Key::Hash(MailHash::of_address(HashKind::Sha1, "noemail@example.com").unwrap()),
        1 => Key::Hash(MailHash::of_address(HashKind::Sha1, "invalid@example.com").unwrap()),
        n => Key::Hash(MailHash::of_address(HashKind::Sha1, &format!("{n}@example.com")).unwrap()),
    })
}

/// One change: a list of the family or `never`, a key, and what the list says there from now on.
fn change() -> impl Strategy<Value = (usize, Key, Option<Decision>)> {
    let decision = |own: &'static str, other: &'static str| {
        prop_oneof![
            1 => Just(None), 2 => Just(Some(Decision::Excluded)), 3 => Just(Some(listed(&[own]))),
            1 => Just(Some(listed(&[own, other])))
        ]
    };
    prop_oneof![
        4 => (prop_oneof![4 => 0usize..3, 1 => Just(64)], prop_oneof![v4_key(), v6_key()], decision("127.0.0.4", "127.0.0.9")),
        2 => (prop_oneof![4 => 3usize..5, 1 => Just(64)], name_key(), decision("127.0.1.2", "127.0.1.9")),
        1 => (prop_oneof![4 => 5usize..7, 1 => Just(64)], hash_key(), decision("127.0.2.2", "127.0.2.9")),
    ]
}

fn make(model: &mut Model, (list, key, decision): &(usize, Key, Option<Decision>)) {
    let place = (ListIndex::at(*list), key.clone());
    match decision {
        Some(decision) => drop(model.rows.insert(place, decision.clone())),
        None => drop(model.rows.remove(&place)),
    }
}

fn make_all(model: &mut Model, changes: &[(usize, Key, Option<Decision>)]) {
    for change in changes {
        make(model, change);
    }
}

/// Resolves again what a change of `key` reaches, as the one door does.
fn resolve(edit: &mut Edit, model: &Model, list: ListIndex, key: &Key) {
    let wider = |other: &Key| other.covers(key) && other != key;
    let of_list = || model.rows.iter().filter(|((of, _), _)| *of == list).map(|((_, key), decision)| (key, decision));
    let length = |key: &Key| if let Key::Prefix(prefix) = key { prefix.length() } else { 0 };
    let inherited = of_list().filter(|(other, _)| wider(other)).max_by_key(|(other, _)| length(other)).map(|(_, d)| d);
    let inside = || of_list().filter(|(other, _)| key.covers(other));
    match key {
        Key::Prefix(prefix) => match prefix.first() {
            IpAddr::V4(v4) => {
                let rows = inside().map(|(key, d)| {
                    let Key::Prefix(prefix) = key else { unreachable!() };
                    let IpAddr::V4(v4) = prefix.first() else { unreachable!() };
                    (v4.into(), prefix.length(), d.clone())
                });
                edit.resolve_v4(list, (v4.into(), prefix.length()), inherited, rows);
            }
            IpAddr::V6(v6) => {
                let rows = inside().filter_map(|(key, d)| {
                    let Key::Prefix(prefix) = key else { unreachable!() };
                    let IpAddr::V6(v6) = prefix.first() else { return None };
                    Some((v6.into(), prefix.length(), d.clone()))
                });
                edit.resolve_v6(list, (v6.into(), prefix.length()), inherited, rows);
            }
        },
        Key::Name(name) => {
            let rows = |wanted: &dyn Fn(&ListedName) -> bool| {
                let named = of_list()
                    .filter_map(|(key, d)| if let Key::Name(n) = key { Some((n.clone(), d.clone())) } else { None });
                named.filter(|(name, _)| wanted(name)).collect::<Vec<NameRow>>()
            };
            let under = name.name();
            let at_or_below = |n: &ListedName| n.name() == under || n.name().ends_with(&format!(".{under}"));
            let above = rows(&|n| under.ends_with(&format!(".{}", n.name())));
            edit.resolve_names(list, under, &above, rows(&at_or_below).into_iter());
        }
        Key::Hash(hash) => edit.resolve_hash(list, hash, of_list().find(|(other, _)| *other == key).map(|(_, d)| d)),
    }
}

/// The relative names at, near and above a key, in its zone.
fn questions(key: &Key) -> Vec<Vec<String>> {
    let mut full: Vec<Vec<String>> = Vec::new();
    let v4 = |v4: u32| Ipv4Addr::from(v4).octets().iter().rev().map(ToString::to_string).collect::<Vec<_>>();
    let v6 = |v6: u128| (0..32).map(|n| format!("{:x}", v6 >> (4 * n) & 15)).collect::<Vec<_>>();
    match key {
        Key::Prefix(prefix) => match prefix.first() {
            IpAddr::V4(first) => {
                let first = u32::from(first);
                let size = u32::MAX.checked_shr(prefix.length().into()).unwrap_or(0);
                for address in [first, first | size, (first | size).wrapping_add(1), first.wrapping_sub(1)] {
                    full.push(v4(address));
                    full.push(v6(0xffff << 32 | u128::from(address)));
                    full.push(v6(0x2002 << 112 | u128::from(address) << 80 | 7));
                }
            }
            IpAddr::V6(first) => {
                let first = u128::from(first);
                let last = first | u128::MAX.checked_shr(prefix.length().into()).unwrap_or(0);
                full.extend([first, last, last.wrapping_add(1), first.wrapping_sub(1)].map(v6));
            }
        },
        Key::Name(name) => {
            full.extend(
                [name.name().to_owned(), format!("c.{}", name.name()), format!("a.a.{}", name.name())]
                    .map(|name| labels(&name)),
            );
        }
        Key::Hash(hash) => full.push(vec![hash.to_string()]),
    }
    let above = full.iter().flat_map(|name| (0..name.len()).map(|from| name[from..].to_vec()));
    // A set: neighbours have most of the names above them in common.
    above.collect::<BTreeSet<_>>().into_iter().collect()
}

fn check(snapshot: &Snapshot, model: &Model, keys: &[Key]) -> Result<(), TestCaseError> {
    let served = snapshot.served();
    for key in keys {
        for question in questions(key) {
            for zone in [zone_of(served, key)] {
                let sublists = zone.settings().lists.iter().chain(&zone.settings().sublists_only);
                for sublist in std::iter::once(None).chain(sublists.map(Some)) {
                    // The model knows names by our own form of a name.
                    let is_name = ListedName::new(&question.join("."), Scope::All).is_ok();
                    if zone.family() == ZoneFamily::Names && !is_name {
                        continue;
                    }
                    let mut question = question.clone();
                    question.extend(sublist.map(|name| name.as_str().to_owned()));
                    let expected = model.find(served, zone, &question);
                    prop_assert_eq!(
                        found(snapshot, zone, &question),
                        expected,
                        "{:?} in {:?}",
                        question,
                        zone.settings().origin
                    );
                }
            }
        }
    }
    Ok(())
}

/// The zone whose names stand for keys like this.
fn zone_of<'a>(served: &'a Served, key: &Key) -> &'a Zone {
    let family = match key {
        Key::Prefix(_) => ZoneFamily::Addresses,
        Key::Name(_) => ZoneFamily::Names,
        Key::Hash(_) => ZoneFamily::Hashes,
    };
    served.zones().iter().find(|zone| zone.family() == family).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_snapshot_answers_by_the_rule_of_match(changes in proptest::collection::vec(change(), 1..25)) {
        let served = served();
        let mut model = Model::default();
        make_all(&mut model, &changes);
        let snapshot = build(&model, &served);
        let keys: Vec<_> = changes.iter().map(|(_, key, _)| key.clone()).collect();
        check(&snapshot, &model, &keys)?;
    }

    #[test]
    fn edits_in_any_order_lead_to_what_a_build_gives(
        changes in proptest::collection::vec(change(), 1..40), cuts in proptest::collection::vec(any::<bool>(), 40)
    ) {
        let served = served();
        let mut model = Model::default();
        let mut snapshot = build(&model, &served);
        let mut edit = snapshot.edit();
        for (serial, change) in changes.iter().enumerate() {
            make(&mut model, change);
            resolve(&mut edit, &model, ListIndex::at(change.0), &change.1);
            if cuts[serial] {
                snapshot = edit.finish(Serial(serial as u64));
                edit = snapshot.edit();
            }
        }
        let snapshot = edit.finish(Serial(99));
        let keys: Vec<_> = changes.iter().map(|(_, key, _)| key.clone()).collect();
        check(&snapshot, &model, &keys)?;
        let fresh = build(&model, &served);
        for (list, _) in served.lists() {
            prop_assert_eq!(snapshot.covered_v4(list), fresh.covered_v4(list));
        }
        prop_assert_eq!(snapshot.covered_v4(ListIndex::NEVER), fresh.covered_v4(ListIndex::NEVER));
    }

    #[test]
    fn a_list_resolved_whole_is_as_built(changes in proptest::collection::vec(change(), 1..30), others in proptest::collection::vec(change(), 1..30)) {
        let served = served();
        let (mut before, mut model) = (Model::default(), Model::default());
        make_all(&mut before, &changes);
        make_all(&mut model, &others);
        let mut edit = build(&before, &served).edit();
        for list in served.lists().map(|(list, _)| list).chain([ListIndex::NEVER]) {
            edit.resolve_v4(list, (0, 0), None, model.v4(list, 0, u32::MAX));
            edit.resolve_v6(list, (0, 0), None, model.v6(list));
            edit.resolve_names(list, "", &[], model.names(list));
            edit.resolve_hashes(list, model.hashes(list));
        }
        let snapshot = edit.finish(Serial(2));
        let keys: Vec<_> = changes.iter().chain(&others).map(|(_, key, _)| key.clone()).collect();
        check(&snapshot, &model, &keys)?;
    }

    #[test]
    fn a_zones_serial_moves_exactly_when_one_of_its_answers_does(changes in proptest::collection::vec(change(), 1..12), last in change()) {
        let served = served();
        let mut model = Model::default();
        make_all(&mut model, &changes);
        let before = build(&model, &served);
        make(&mut model, &last);
        let mut edit = before.edit();
        resolve(&mut edit, &model, ListIndex::at(last.0), &last.1);
        let announced: Vec<_> = edit.changed_zones().cloned().collect();
        let after = edit.finish(Serial(2));
        for zone in served.zones() {
            let moved = after.zone_serial(zone) == Serial(2);
            prop_assert_eq!(announced.contains(&zone.settings().origin), moved);
            prop_assert!(!moved || zone.family() == zone_of(&served, &last.1).family());
            let differs = questions(&last.1).into_iter().any(|question| {
                let sublists = zone.settings().lists.iter().chain(&zone.settings().sublists_only);
                std::iter::once(None).chain(sublists.map(Some)).any(|sublist| {
                    let mut question = question.clone();
                    question.extend(sublist.map(|name| name.as_str().to_owned()));
                    found(&before, zone, &question) != found(&after, zone, &question)
                })
            });
            prop_assert!(moved || !differs);
        }
    }

    #[test]
    fn ipv4_agrees_with_a_published_trie(
        rows in proptest::collection::vec((v4_key(), any::<bool>()), 1..200), probes in proptest::collection::vec(v4_address(), 100)
    ) {
        use prefix_trie::PrefixMap;
        let served = served();
        let (mut model, mut trie) = (Model::default(), PrefixMap::<ipnet::Ipv4Net, bool>::new());
        for (key, is_listed) in rows {
            let Key::Prefix(prefix) = &key else { continue };
            let ipnet::IpNet::V4(net) = prefix.net() else { continue };
            trie.insert(net, is_listed);
            let decision = if is_listed { listed(&["127.0.0.4"]) } else { Decision::Excluded };
            model.rows.insert((ListIndex::at(0), key), decision);
        }
        let snapshot = build(&model, &served);
        let nets: Vec<_> = trie.iter().map(|(net, _)| net).collect();
        let ends = nets.iter().flat_map(|net| [u32::from(net.addr()), u32::from(net.broadcast())]);
        for address in probes.into_iter().chain(ends) {
            let net = ipnet::Ipv4Net::new(address.into(), 32).unwrap();
            let is_listed = trie.get_lpm(&net).is_some_and(|(_, is_listed)| *is_listed);
            prop_assert_eq!(snapshot.sets.mask(snapshot.v4.get(address)) != 0, is_listed, "{}", net);
        }
    }
}
