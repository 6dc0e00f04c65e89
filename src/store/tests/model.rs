//! Every way of reading against a walk over a plain map.

use super::{
    super::{schema::any_key, values::tests::any_entry, *},
    *,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever is kept, every way of reading agrees with a walk over a plain map.
    #[test]
    fn all_ways_of_reading_agree_with_a_map(
        rows in proptest::collection::vec((any_key(), 0usize..3, any_entry()), 0..60),
        narrow in proptest::collection::vec((0u32..64, 22u8..=32, 0usize..3, any_entry()), 0..60),
        asked in proptest::collection::vec(any_key(), 0..10),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let list = store.create_list(&list_name("dynamic")).unwrap();
        let other = store.create_list(&list_name("relay")).unwrap();
        // The third is no source in force: its rows must not be seen.
        let sources = ["a", "b", "c"].map(|name| source_in(&store, list, name));
        let foreign = source_in(&store, other, "a");
        let near = narrow.into_iter().map(|(host, length, source, entry)| {
            (crate::list::Prefix::v4((0xc000_0200 + host).into(), length).into(), source, entry)
        });
        let mut model = BTreeMap::new();
        for (key, source, entry) in rows.into_iter().chain(near) {
            let owner = sources[source].owner();
            let before = model.get(&(key.clone(), source)).copied();
            let mut batch = Batch::new();
            batch.put_entry(owner, &key, &entry, before.as_ref(), Arrival::Posted);
            batch.put_entry(foreign.owner(), &key, &entry, None, Arrival::Posted);
            store.write(batch).unwrap();
            model.insert((key, source), entry);
        }
        let mut batch = Batch::new();
        let generation = store.reserve_generation().unwrap();
        batch.put_source(&sources[2], SourceRow { generation, ..SourceRow::default() });
        store.write(batch).unwrap();
        model.retain(|(_, source), _| *source != 2);

        let view = store.view();
        let plain = |held: Held| ((held.key, usize::from(held.source.id.0)), held.entry);
        let wanted = |test: &dyn Fn(&Key) -> bool| -> Vec<_> {
            model.iter().filter(|((key, _), _)| test(key)).map(|(at, entry)| (at.clone(), *entry)).collect()
        };
        let all: Vec<_> = view.entries(list).map(|held| plain(held.unwrap())).collect();
        prop_assert_eq!(all, wanted(&|_| true));
        for asked in asked.iter().chain(model.keys().map(|(key, _)| key).take(40)) {
            let at: Vec<_> = view.at(list, asked).unwrap().into_iter().map(plain).collect();
            prop_assert_eq!(at, wanted(&|key| key == asked));
            let covering: Vec<_> = view.covering(list, asked).unwrap().into_iter().map(plain).collect();
            prop_assert_eq!(covering, wanted(&|key| key != asked && key.covers(asked)));
            let inside: Vec<_> = view.inside(list, asked).map(|held| plain(held.unwrap())).collect();
            prop_assert_eq!(inside, wanted(&|key| asked.covers(key)));
            let after: Vec<_> = view.entries_after(list, asked).map(|held| plain(held.unwrap())).collect();
            prop_assert_eq!(after, wanted(&|key| key > asked));
            for wide in asked_ancestors(asked) {
                let after: Vec<_> = view.inside_after(list, &wide, asked).map(|held| plain(held.unwrap())).collect();
                prop_assert_eq!(after, wanted(&|key| wide.covers(key) && key > asked));
            }
        }
        let (first, last) = (0xc000_0208, 0xc000_0230);
        let four = view.scan_v4(list, first, last).map(|row| { let row = row.unwrap(); (row.key, row.entry) });
        let expected = wanted(&|key| schema::read_v4(&schema::key_octets(key)).is_some_and(|(a, _)| (first..=last).contains(&a)));
        prop_assert_eq!(four.map(|(_, entry)| entry).collect::<Vec<_>>(), expected.iter().map(|row| row.1).collect::<Vec<_>>());
        let six = view.scan_v6(list, 0, u128::MAX).count();
        let names = view.scan_names(list, "").count();
        let hashes = view.scan_hashes(list).count();
        let whole = view.scan_v4(list, 0, u32::MAX).count();
        prop_assert_eq!(whole + six + names + hashes, model.len());
        let below: Vec<_> = view.scan_names(list, "a").map(|row| Key::from(row.unwrap().key)).collect();
        let expected = wanted(&|key| matches!(key, Key::Name(name) if name.labels_from_right().next() == Some("a")));
        prop_assert_eq!(below, expected.into_iter().map(|((key, _), _)| key).collect::<Vec<_>>());
        for (number, source) in sources.iter().enumerate().take(2) {
            let owned: Vec<_> = view.owned(source.owner()).map(|row| row.unwrap().0).collect();
            let expected: Vec<_> = model.keys().filter(|(_, s)| *s == number).map(|(key, _)| key.clone()).collect();
            if let Some(second) = expected.get(1) {
                let after: Vec<_> = view.owned_after(source.owner(), &expected[0]).map(|row| row.unwrap().0).collect();
                prop_assert_eq!(after.first(), Some(second));
            }
            prop_assert_eq!(owned, expected);
        }
    }
}

fn asked_ancestors(key: &Key) -> Vec<Key> {
    let wide = schema::wider_keys(key);
    wide.iter().step_by(9).filter_map(|octets| schema::read_key(octets)).filter(|wide| wide.covers(key)).collect()
}
