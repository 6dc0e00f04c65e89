//! Imports against a map.

use super::{super::*, *};
use crate::{
    list::{Detail, Entry, Key, Mark, Prefix},
    store::{
        tests::{at, list_name, listed, open, source_in},
        values::tests::any_entry,
    },
};
use proptest::prelude::*;
use std::{collections::BTreeMap, ops::ControlFlow};

type Body = Vec<(Key, Entry, Named, Detail)>;
type Model = BTreeMap<Key, (Entry, Detail)>;

fn any_body() -> impl Strategy<Value = Body> {
    let key = prop_oneof![
        (0u32..24, 28u8..=32).prop_map(|(host, length)| Key::from(Prefix::v4((0xc000_0200 + host).into(), length))),
        "[ab]\\.[ab]{1,2}".prop_map(|text| Key::parse_any(&text).unwrap()),
    ];
    let named = any::<(bool, bool)>().prop_map(|(first_seen, last_seen)| Named { first_seen, last_seen });
    let detail = "[xy]{0,1}".prop_map(|reason| Detail { reason: reason.into(), ..Detail::default() });
    // Few times and no codes, so that confirmations happen.
    let entry = prop_oneof![
        any_entry(),
        (any::<bool>(), 0u32..3)
            .prop_map(|(hole, seen)| Entry { mark: if hole { Mark::Excluded } else { Mark::Listed }, ..listed(seen) }),
    ];
    proptest::collection::vec((key, entry, named, detail), 0..50)
}

/// What a body makes of what is held, in the plainest words.
fn expected(held: &Model, body: &Body) -> (Model, Figures) {
    let mut winners: BTreeMap<Key, (Entry, Named, Detail)> = BTreeMap::new();
    let mut figures = Figures::default();
    for (key, entry, named, detail) in body {
        if let Some((former, ..)) = winners.get(key) {
            figures.duplicates += 1;
            if former.mark == Mark::Excluded && entry.mark == Mark::Listed {
                continue;
            }
        }
        winners.insert(key.clone(), (*entry, *named, detail.clone()));
    }
    let mut after = Model::new();
    for (key, (mut entry, named, detail)) in winners {
        figures.keys += 1;
        if let Some((before, before_detail)) = held.get(&key) {
            let same = detail == *before_detail
                && (entry.mark, entry.code, entry.text, entry.expires)
                    == (before.mark, before.code, before.text, before.expires);
            if !named.first_seen {
                entry.first_seen = before.first_seen;
            }
            match (named.last_seen, same) {
                (true, _) => entry.last_seen = entry.last_seen.max(before.last_seen),
                (false, true) => entry.last_seen = before.last_seen,
                (false, false) => {}
            }
            if entry == *before && detail == *before_detail { figures.unchanged += 1 } else { figures.renewed += 1 }
        } else {
            figures.added += 1;
        }
        after.insert(key, (entry, detail));
    }
    figures.held = held.len() as u64;
    figures.removed = held.keys().filter(|key| !after.contains_key(key)).count() as u64;
    (after, figures)
}

fn push_all(bulk: &mut Bulk, body: &Body) -> Result<(), BulkError> {
    body.iter().enumerate().try_for_each(|(line, (key, entry, named, detail))| {
        bulk.push(&BulkRow { line: line as u64 + 1, key, entry, named: *named, detail })
    })
}

fn stage(store: &Store, body: &Body, run_octets: usize) -> (Generation, Staged) {
    let generation = store.reserve_generation().unwrap();
    let mut bulk = Bulk::begin(store, generation).unwrap().with_runs_of(run_octets);
    push_all(&mut bulk, body).unwrap();
    assert_eq!(bulk.lines(), body.len() as u64);
    (generation, bulk.finish().unwrap())
}

fn write(staged: Staged, store: &Store, view: &View<'_>, owners: (Owner, Owner)) -> Written {
    staged.write(store, view, owners, &mut |_| {}, &|| false).unwrap().expect("nobody stops it")
}

fn switch(store: &Store, source: &Source, generation: Generation) -> std::sync::Arc<Source> {
    let mut batch = Batch::new();
    batch.put_source(source, SourceRow { generation, ..source.row.clone() });
    store.write(batch).unwrap();
    store.sync().unwrap();
    source_in(store, source.list, source.name.as_str())
}

fn held_by(store: &Store, source: &Source) -> Model {
    let view = store.view();
    let held: Vec<_> =
        view.entries(source.list).map(|held| held.unwrap()).filter(|h| h.source.id == source.id).collect();
    let owned: Vec<_> = view.owned(source.owner()).map(|row| row.unwrap()).collect();
    assert!(held.iter().map(|held| (&held.key, &held.entry)).eq(owned.iter().map(|(key, entry)| (key, entry))));
    let detailed = held.into_iter().map(|held| {
        let detail = view.detail(source.owner(), &held.key).unwrap();
        (held.key, (held.entry, detail))
    });
    detailed.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn bodies_in_turn_agree_with_a_map(
        bodies in proptest::collection::vec((any_body(), 60usize..3000), 1..4),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let list = store.create_list(&list_name("dynamic")).unwrap();
        let mut source = source_in(&store, list, "isp");
        let other = source_in(&store, list, "other");
        let mut model = Model::new();
        for (body, run_octets) in bodies {
            // Another source writes the same keys, into memory that overlaps with the files.
            let mut batch = Batch::new();
            for (key, entry, ..) in &body {
                batch.put_entry(other.owner(), key, entry, None, Arrival::Imported);
            }
            store.write(batch).unwrap();
            let (generation, staged) = stage(&store, &body, run_octets);
            let (after, figures) = expected(&model, &body);

            let mut steps = Vec::new();
            let walked = staged.walk(&store.view(), source.owner(), &mut |step| {
                steps.push((step.key(), step.is_unchanged()));
                ControlFlow::Continue(())
            }).unwrap();
            prop_assert_eq!(walked, Walked { figures, whole: true });
            prop_assert!(steps.is_sorted());
            prop_assert_eq!(steps.iter().filter(|(_, unchanged)| *unchanged).count() as u64, figures.unchanged);

            let owner = Owner { generation, ..source.owner() };
            let written = write(staged, &store, &store.view(), (source.owner(), owner));
            prop_assert_eq!(written.walked().figures, figures);
            prop_assert_eq!(held_by(&store, &source), model, "nothing is in force yet");
            written.ingest(&store).unwrap();
            source = switch(&store, &source, generation);
            model = after;
            prop_assert_eq!(held_by(&store, &source), model.clone());
        }
        let ends = model.values().filter(|(entry, _)| entry.expires.is_some_and(|end| end < at(u32::MAX))).count();
        let view = store.view();
        let hints = view.due(at(u32::MAX), usize::MAX).unwrap();
        let right = hints.iter().filter(|hint| hint.source == source.id)
            .filter(|hint| model.get(&hint.key).is_some_and(|(entry, _)| entry.expires == Some(hint.time))).count();
        prop_assert_eq!(right, ends);
        prop_assert_eq!(fs::read_dir(directory.path().join("import")).unwrap().count(), 0, "no run is left");
    }
}

fn plain_body(count: u32) -> Body {
    let row = |n: u32| {
        let key = Key::from(Prefix::v4(n.wrapping_mul(2_654_435_761).into(), 32));
        (key, listed(1), Named::default(), Detail::default())
    };
    (0..count).map(row).collect()
}

#[test]
fn a_walk_ends_where_it_is_broken_off() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let source = source_in(&store, list, "isp");
    let (_, staged) = stage(&store, &plain_body(100), 1 << 20);
    let mut count = 0;
    let walked = staged.walk(&store.view(), source.owner(), &mut |_| {
        count += 1;
        if count == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let walked = walked.unwrap();
    assert_eq!((walked.whole, walked.figures.added), (false, 10));
}

#[test]
fn what_is_to_stop_while_it_is_written_ends_at_once_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let source = source_in(&store, list, "isp");
    let (generation, staged) = stage(&store, &plain_body(100), 1 << 20);
    let (owner, count) = (Owner { generation, ..source.owner() }, std::cell::Cell::new(0));
    let written =
        staged.write(&store, &store.view(), (source.owner(), owner), &mut |_| count.set(count.get() + 1), &|| {
            count.get() == 10
        });
    assert!(written.unwrap().is_none());
    assert_eq!(count.get(), 10);
    assert_eq!(fs::read_dir(directory.path().join("import")).unwrap().count(), 0, "no file is left");
}

/// It was told as a fault of the program, and whoever imports did not hear that the disk is full.
#[test]
fn a_disk_that_is_full_is_told_from_other_faults() {
    let full = BulkError::from(io::Error::from(nix::errno::Errno::ENOSPC));
    assert!(matches!(full, BulkError::DiskFull(_)), "{full}");
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let source = source_in(&store, list, "isp");
    let (generation, staged) = stage(&store, &plain_body(100), 1 << 20);
    let place = directory.path().join("import").join(generation.0.to_string());
    std::os::unix::fs::symlink("/dev/full", place.join("entry.sst")).unwrap();
    let owner = Owner { generation, ..source.owner() };
    let full = staged.write(&store, &store.view(), (source.owner(), owner), &mut |_| {}, &|| false).err();
    assert!(matches!(full, Some(BulkError::DiskFull(_))), "{full:?}");
    assert_eq!(store.writes_off(), None);
}

/// An import that fills the disk takes the room of the log, and writes are off.
#[test]
fn an_import_leaves_room_on_the_disk_at_every_stage() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let full = || Room::told_by(directory.path(), |_| Ok(room::Disk { whole: 1 << 30, free: 1 << 20 }));
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let source = source_in(&store, list, "isp");
    let body = plain_body(100);
    let is_full = |error: Option<BulkError>| matches!(error, Some(BulkError::DiskFull(_)));
    for stage in ["runs", "body", "files", "taken over"] {
        let generation = store.reserve_generation().unwrap();
        let run_octets = if stage == "runs" { 64 } else { 1 << 20 };
        let mut bulk = Bulk::begin(&store, generation).unwrap().with_runs_of(run_octets);
        if stage == "runs" {
            bulk = bulk.with_room(full());
            assert!(is_full(push_all(&mut bulk, &body).err()));
            continue;
        }
        push_all(&mut bulk, &body).unwrap();
        if stage == "body" {
            assert!(is_full(bulk.with_room(full()).finish().err()), "what goes through the log");
            continue;
        }
        let mut staged = bulk.finish().unwrap();
        let owner = Owner { generation, ..source.owner() };
        let write =
            |staged: Staged| staged.write(&store, &store.view(), (source.owner(), owner), &mut |_| {}, &|| false);
        if stage == "files" {
            staged.room = full();
            assert!(is_full(write(staged).err()));
            continue;
        }
        let mut written = write(staged).unwrap().unwrap();
        written.room = full();
        assert!(is_full(written.ingest(&store).err()));
    }
    assert_eq!(fs::read_dir(directory.path().join("import")).unwrap().count(), 0, "no file is left");
}

#[test]
fn what_is_cut_off_before_the_switch_is_found_and_its_runs_are_gone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let source = source_in(&store, list, "isp");
    let (generation, staged) = stage(&store, &plain_body(500), 4000);
    let owner = Owner { generation, ..source.owner() };
    let view = store.view();
    write(staged, &store, &view, (source.owner(), owner)).ingest(&store).unwrap();
    let (_, abandoned) = stage(&store, &plain_body(500), 4000);
    std::mem::forget(abandoned);
    let imports = directory.path().join("import");
    assert_eq!(fs::read_dir(&imports).unwrap().count(), 1, "runs of an import under way");
    drop(view);
    drop(store);

    let store = open(directory.path());
    assert!(!imports.exists());
    let view = store.view();
    assert!(view.is_empty(list).unwrap());
    assert_eq!(view.generations(list).unwrap(), [owner], "found, to be dropped");
    let dropped = view.drop_generation(owner, None, 1000).unwrap();
    assert_eq!(dropped.entries.len(), 500);
    drop(view);
    store.write(dropped.batch).unwrap();
    assert!(store.view().generations(list).unwrap().is_empty());
    assert!(store.reserve_generation().unwrap() > generation);
}

/// An export begins, two imports follow each other, and what the export reads is cleared away under it.
#[test]
fn a_view_keeps_its_reasons_though_its_generation_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let mut source = source_in(&store, list, "isp");
    let reason = Detail { reason: "said by the first import".into(), ..Detail::default() };
    let body: Body =
        plain_body(500).into_iter().map(|(key, entry, named, _)| (key, entry, named, reason.clone())).collect();
    for _ in 0..2 {
        let (generation, staged) = stage(&store, &body, 1 << 20);
        let owner = Owner { generation, ..source.owner() };
        let written = write(staged, &store, &store.view(), (source.owner(), owner));
        written.ingest(&store).unwrap();
        let former = source.owner();
        let export = store.view();
        source = switch(&store, &source, generation);
        if export.owned(former).next().is_none() {
            continue;
        }
        let dropped = store.view().drop_generation(former, None, 1000).unwrap();
        assert_eq!((dropped.entries.len(), dropped.next), (500, None));
        store.write(dropped.batch).unwrap();
        for held in export.entries(list) {
            let held = held.unwrap();
            assert_eq!(export.detail(held.source.owner(), &held.key), Ok(reason.clone()), "{}", held.key);
        }
    }
}

#[test]
fn an_import_goes_in_while_others_write() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let source = source_in(&store, list, "isp");
    let other = source_in(&store, list, "other");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0u32;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                n = n.wrapping_add(0x9e37_79b9);
                let mut batch = Batch::new();
                let key = Key::from(Prefix::v4(n.into(), 32));
                batch.put_entry(other.owner(), &key, &listed(1), None, Arrival::Posted);
                store.write(batch).unwrap();
            }
        });
        for _ in 0..5 {
            let (generation, staged) = stage(&store, &plain_body(2000), 1 << 20);
            let owner = Owner { generation, ..source.owner() };
            let view = store.view();
            let written = write(staged, &store, &view, (source.owner(), owner));
            let walked = written.ingest(&store).unwrap();
            assert_eq!(walked.figures.keys, 2000);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(store.writes_off(), None);
}
