//! The room as others use it: written, read, closed, opened again.

mod backups;
mod faults;
mod model;

use super::*;
use crate::list::{Detail, Entry, Key, ListName, Mark, ReturnCode, Serial, SourceName, TextId, Time};
use std::{fs, path::Path, sync::Arc};

pub(super) fn open(directory: &Path) -> Store {
    Store::open(directory, &Settings::default()).unwrap()
}

pub(super) fn key(text: &str) -> Key {
    Key::parse_any(text).unwrap()
}

pub(super) fn at(seconds: u32) -> Time {
    Time::from_seconds(seconds)
}

pub(super) fn listed(seconds: u32) -> Entry {
    let (first_seen, last_seen) = (at(seconds), at(seconds));
    Entry { mark: Mark::Listed, code: None, text: None, first_seen, last_seen, expires: None }
}

fn reason(text: &str) -> Detail {
    Detail { reason: text.into(), ..Detail::default() }
}

pub(super) fn list_name(text: &str) -> ListName {
    text.parse().unwrap()
}

pub(super) fn source_in(store: &Store, list: ListId, name: &str) -> Arc<Source> {
    store.create_source(list, &name.parse::<SourceName>().unwrap()).unwrap()
}

fn commit_row(serial: u64, time: u32) -> CommitRow {
    CommitRow {
        serial: Serial(serial),
        time: at(time),
        begun: None,
        actor: "test".into(),
        act: Act::Add,
        list: None,
        source: None,
        counts: Counts::default(),
        changes: Changes::Keys(Vec::new()),
    }
}

/// One commit that adds a key, synced.
fn add(store: &Store, source: &Source, serial: u64, text: &str) -> Result<(), WriteError> {
    let mut batch = Batch::new();
    batch.put_entry(source.owner(), &key(text), &listed(serial as u32), None, Arrival::Posted);
    batch.put_detail(source.owner(), &key(text), &reason(text));
    batch.put_commit(&commit_row(serial, serial as u32));
    store.write(batch)?;
    store.sync()
}

fn keys(entries: Entries<'_>) -> Vec<String> {
    entries.map(|held| held.unwrap().key.to_string()).collect()
}

/// While an import held the store, it went on putting files in order, and the end of the process waited half a minute.
#[test]
fn a_store_that_gives_up_compacting_begins_none_and_takes_what_is_written() {
    for gives_up in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let source = source_in(&store, store.create_list(&list_name("dynamic")).unwrap(), "isp");
        let column = store.column(schema::Column::Owned);
        for serial in 1..=3 {
            add(&store, &source, serial, "203.0.113.1").unwrap();
            store.rows.flush_cf(column).unwrap();
        }
        if gives_up {
            store.give_up_compacting();
        }
        store.rows.compact_range_cf(column, None::<&[u8]>, None::<&[u8]>);
        let files = store.rows.property_int_value_cf(column, "rocksdb.num-files-at-level0").unwrap();
        assert_eq!(files, Some(if gives_up { 3 } else { 0 }));
        add(&store, &source, 4, "203.0.113.2").unwrap();
    }
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let (list, lineage) = {
        let store = open(directory.path());
        let list = store.create_list(&list_name("dynamic")).unwrap();
        let source = source_in(&store, list, "isp");
        add(&store, &source, 1, "192.0.2.0/24").unwrap();
        let mut batch = Batch::new();
        batch.put_source(&source, SourceRow { keys: 1, sha256: Some("ab".into()), ..source.row.clone() });
        batch.put_text(list, TextId(3), "an own text");
        batch.put_zone_serial("bl.example", Serial(1));
        batch.put_note("served", b"x");
        store.write(batch).unwrap();
        store.sync().unwrap();
        (list, store.lineage())
    };
    let store = open(directory.path());
    assert_eq!((store.serial(), store.last_commit_time()), (Serial(1), Some(at(1))));
    assert_eq!((store.lineage(), store.restored(), store.writes_off()), (lineage, false, None));
    assert_eq!(store.create_list(&list_name("dynamic")), Ok(list));
    let view = store.view();
    let held = view.at(list, &key("192.0.2.0/24")).unwrap();
    assert_eq!((held.len(), held[0].source.name.as_str(), held[0].entry), (1, "isp", listed(1)));
    assert_eq!((held[0].source.row.keys, held[0].source.row.sha256.as_deref()), (1, Some("ab")));
    assert_eq!(view.detail(held[0].source.owner(), &held[0].key), Ok(reason("192.0.2.0/24")));
    assert_eq!(view.texts(list).unwrap(), [(TextId(3), "an own text".into())]);
    assert_eq!(view.text(list, TextId(3)).unwrap().as_deref(), Some("an own text"));
    assert_eq!(view.zone_serials().unwrap()["bl.example"], Serial(1));
    assert_eq!((view.note("served").unwrap(), view.note("other").unwrap()), (Some(b"x".to_vec()), None));
}

#[test]
fn the_directory_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/b");
    drop(open(&path));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn numbers_are_given_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    let mut ids = Vec::new();
    for round in 0..3 {
        let store = open(directory.path());
        let list = store.create_list(&list_name(&format!("list-{round}"))).unwrap();
        let source = source_in(&store, list, "a");
        assert!(seen.insert(source.row.generation) && seen.insert(store.reserve_generation().unwrap()));
        // A source that is gone leaves its number behind.
        let mut batch = Batch::new();
        batch.delete_source(list, source.id);
        store.write(batch).unwrap();
        assert_ne!(source_in(&store, list, "b").id, source.id);
        ids.push(list);
    }
    assert_eq!(ids, [ListId(0), ListId(1), ListId(2)]);
}

#[test]
fn only_the_generation_in_force_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let source = source_in(&store, list, "isp");
    add(&store, &source, 1, "192.0.2.1").unwrap();
    let old = source.owner();
    let before = store.view();
    let next = Owner { generation: store.reserve_generation().unwrap(), ..old };
    let mut batch = Batch::new();
    batch.put_entry(next, &key("192.0.2.2"), &listed(2), None, Arrival::Imported);
    store.write(batch).unwrap();
    assert_eq!(keys(store.view().entries(list)), ["192.0.2.1"], "not before the switch");
    let mut batch = Batch::new();
    batch.put_source(&source, SourceRow { generation: next.generation, ..source.row.clone() });
    store.write(batch).unwrap();

    let view = store.view();
    assert_eq!(keys(view.entries(list)), ["192.0.2.2"]);
    assert_eq!(keys(before.entries(list)), ["192.0.2.1"], "a view stays as it began");
    assert_eq!(view.left_at(list, &key("192.0.2.1")).unwrap(), [(old, listed(1))]);
    assert_eq!(view.generations(list).unwrap(), [old, next]);
    drop(before);

    assert!(view.drop_generation(next, None, 10).unwrap().batch.is_empty(), "what is in force is not dropped");
    let dropped = view.drop_generation(old, None, 10).unwrap();
    assert_eq!((dropped.entries, dropped.next), (vec![(key("192.0.2.1"), listed(1))], None));
    store.write(dropped.batch).unwrap();
    let view = store.view();
    assert_eq!(view.generations(list).unwrap(), [next]);
    assert!(view.left_at(list, &key("192.0.2.1")).unwrap().is_empty());
    assert_eq!(view.detail(old, &key("192.0.2.1")), Ok(Detail::default()));
}

#[test]
fn a_generation_is_dropped_in_pieces_and_goes_on_after_a_cut() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let source = source_in(&store, list, "isp");
    for serial in 1..=25 {
        add(&store, &source, serial, &format!("192.0.2.{serial}")).unwrap();
    }
    let old = source.owner();
    let generation = store.reserve_generation().unwrap();
    let mut batch = Batch::new();
    batch.put_source(&source, SourceRow { generation, ..source.row.clone() });
    store.write(batch).unwrap();
    let first = store.view().drop_generation(old, None, 10).unwrap();
    assert_eq!(first.entries.len(), 10);
    store.write(first.batch).unwrap();
    // The process ends here, and begins from the front.
    let (mut after, mut shown) = (None, 0);
    loop {
        let piece = store.view().drop_generation(old, after.as_ref(), 10).unwrap();
        shown += piece.entries.len();
        store.write(piece.batch).unwrap();
        after = piece.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(shown, 15, "each is shown once");
    assert!(store.view().generations(list).unwrap().is_empty());
}

#[test]
fn ends_are_found_by_time_and_hints_go_with_their_entry() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let owner = source_in(&store, list, "isp").owner();
    let ending = |seen: u32, end: u32| Entry { expires: Some(at(end)), ..listed(seen) };
    let put = |text: &str, entry: &Entry, before: Option<&Entry>| {
        let mut batch = Batch::new();
        batch.put_entry(owner, &key(text), entry, before, Arrival::Posted);
        store.write(batch).unwrap();
    };
    put("192.0.2.1", &ending(7200, 50), None);
    put("192.0.2.2", &ending(10_800, 40), None);
    put("192.0.2.3", &ending(0, 60), None);
    let due = |before| {
        let hints = store.view().due(at(before), 10).unwrap();
        hints.into_iter().map(|hint| (hint.time.seconds(), hint.key.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(due(60), [(40, "192.0.2.2".to_owned()), (50, "192.0.2.1".to_owned())]);
    let seen = |before| store.view().seen_before(list, None, at(before), 10).unwrap().len();
    assert_eq!((seen(3600), seen(7200), seen(10_800), seen(14_400)), (1, 1, 2, 3));
    let (mut behind, mut one_by_one) = (None, 0);
    while let Some(hint) = store.view().seen_before(list, behind.as_ref(), at(14_400), 1).unwrap().pop() {
        (behind, one_by_one) = (Some(hint), one_by_one + 1);
    }
    assert_eq!(one_by_one, 3);

    put("192.0.2.1", &ending(14_400, 70), Some(&ending(7200, 50)));
    assert_eq!(due(60).len(), 1, "a renewed entry has its new end only");
    assert_eq!(seen(10_800), 1);
    let mut batch = Batch::new();
    batch.delete_entry(owner, &key("192.0.2.1"), &ending(14_400, 70));
    batch.delete_entry(owner, &key("192.0.2.2"), &ending(10_800, 40));
    store.write(batch).unwrap();
    assert_eq!(due(1000), [(60, "192.0.2.3".to_owned())]);
    assert_eq!(seen(u32::MAX), 1);
}

#[test]
fn the_journal_says_when_it_no_longer_reaches_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for serial in 1..=5 {
        let mut batch = Batch::new();
        batch.put_commit(&commit_row(serial, serial as u32 * 10));
        store.write(batch).unwrap();
    }
    let serials = |since| -> Result<Vec<u64>, JournalError> {
        Ok(store.view().journal(Serial(since), 2)?.iter().map(|commit| commit.serial.0).collect())
    };
    assert_eq!((serials(0), serials(3), serials(5)), (Ok(vec![1, 2]), Ok(vec![4, 5]), Ok(vec![])));
    let before = |before| store.view().commits_before(at(before), at(1000), JournalWalk::default(), 10).unwrap().0;
    let old = before(1000);
    assert_eq!(old, [1, 2, 3, 4].map(Serial), "the last one stays");
    let mut batch = Batch::new();
    for serial in before(30) {
        batch.delete_commit(serial);
    }
    store.write(batch).unwrap();
    assert_eq!(serials(1), Err(JournalError::Gone(Serial(3))));
    assert_eq!(serials(2), Ok(vec![3, 4]));
    // A clock that was ahead once holds nothing up, and no commit goes before an older one.
    let mut batch = Batch::new();
    for (serial, time) in [(6, 9_000), (7, 9_001), (8, 60), (9, 9_002), (10, 70)] {
        batch.put_commit(&commit_row(serial, time));
    }
    store.write(batch).unwrap();
    assert_eq!(before(65), [3, 4, 5, 6, 7, 8].map(Serial));
    assert_eq!(before(50), [3, 4].map(Serial));
    assert_eq!(store.view().commit(Serial(4)).unwrap(), Some(commit_row(4, 40)));
    assert_eq!(store.view().commit(Serial(1)).unwrap(), None);
}

/// As many commits as a piece takes, made while the clock was ahead, ended each walk before it found one that is old: nothing
/// of the journal was deleted until their times had come.
#[test]
fn more_commits_of_a_clock_that_was_ahead_than_a_piece_takes_hold_nothing_up() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut batch = Batch::new();
    let ahead = (1..=11).map(|serial| (serial, 9_000));
    for (serial, time) in ahead.chain([(12, 10), (13, 9_000), (14, 60), (15, 70)]) {
        batch.put_commit(&commit_row(serial, time));
    }
    store.write(batch).unwrap();
    let (mut deleted, mut walk) = (Vec::new(), Some(JournalWalk::default()));
    for _piece in 0..10 {
        let Some(here) = walk else { break };
        let found;
        (found, walk) = store.view().commits_before(at(50), at(1000), here, 5).unwrap();
        let mut batch = Batch::new();
        for serial in found {
            batch.delete_commit(serial);
            deleted.push(serial.0);
        }
        store.write(batch).unwrap();
    }
    assert_eq!(deleted, (1..=12).collect::<Vec<_>>());
    assert_eq!(walk, None);
}

#[test]
fn the_journal_goes_on_over_the_gap_of_a_restored_backup() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for serial in [1, 2, 2 + (1 << 20), 3 + (1 << 20)] {
        let mut batch = Batch::new();
        batch.put_commit(&commit_row(serial, 1));
        store.write(batch).unwrap();
    }
    let view = store.view();
    assert_eq!(view.journal(Serial(2), 9).unwrap().len(), 2);
    assert_eq!(view.journal(Serial(1), 9).unwrap().len(), 3);
}

#[test]
fn history_is_found_under_every_key_that_covers() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let source = source_in(&store, list, "isp");
    let past = |until: u32| Past {
        source: source.name.clone(),
        mark: Mark::Listed,
        code: None::<ReturnCode>,
        text: None,
        reason: "r".into(),
        from: at(1),
        until: at(until),
        why: Why::Removed,
        serial: Serial(until.into()),
    };
    let mut batch = Batch::new();
    for (text, until) in [("192.0.2.0/24", 10), ("192.0.2.1", 20), ("192.0.2.1", 30), ("192.0.2.2", 40)] {
        batch.put_history(list, &key(text), source.id, &past(until));
    }
    store.write(batch).unwrap();
    let found = |since, limit| -> Vec<(String, u32)> {
        let rows = store.view().history(list, &key("192.0.2.1"), at(since), limit).unwrap();
        rows.into_iter().map(|(key, past)| (key.to_string(), past.until.seconds())).collect()
    };
    let (host, net) = ("192.0.2.1".to_owned(), "192.0.2.0/24".to_owned());
    assert_eq!(found(0, 10), [(host.clone(), 30), (host.clone(), 20), (net, 10)]);
    assert_eq!(found(15, 1), [(host, 30)]);

    let (mut after, mut old) = (None, 0);
    loop {
        let piece = store.view().history_before(at(30), after, 3).unwrap();
        let mut batch = Batch::new();
        old += piece.rows.len();
        piece.rows.into_iter().for_each(|row| batch.delete_history(row));
        store.write(batch).unwrap();
        after = piece.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((old, found(0, 10).len()), (2, 1));
}

#[test]
fn undo_keeps_what_each_key_held() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let source = source_in(&store, list, "isp");
    let head = UndoHead { time: at(5), serial: Serial(6), rows: 0, before: source.row.clone() };
    let mut batch = Batch::new();
    batch.put_undo(&source, &head);
    batch.put_undo_key(list, source.id, &key("192.0.2.1"), None);
    batch.put_undo_key(list, source.id, &key("192.0.2.0/24"), Some((&listed(1), &reason("r"))));
    store.write(batch).unwrap();
    let view = store.view();
    assert_eq!(view.undo(list, source.id).unwrap(), Some(head.clone()));
    assert_eq!(view.undos().unwrap(), [(list, source.id, head.clone())]);
    let kept = [(key("192.0.2.0/24"), Some((listed(1), reason("r")))), (key("192.0.2.1"), None)];
    assert_eq!(view.undo_keys(list, source.id).unwrap(), kept);
    assert!(view.has_undo_key(list, source.id, &key("192.0.2.1")).unwrap());
    assert!(!view.has_undo_key(list, source.id, &key("192.0.2.2")).unwrap());
    let mut batch = Batch::new();
    batch.put_undo(&source, &head);
    store.write(batch).unwrap();
    assert!(store.view().undo_keys(list, source.id).unwrap().is_empty(), "a new head takes the former rows away");
}

#[test]
fn tokens_are_found_by_their_hash_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let (id, name, scopes) = ("t1".into(), "feed".into(), vec!["write:dynamic/isp".into()]);
    let token = TokenRow { id, name, scopes, created: at(1), expires: Some(at(2)) };
    let mut batch = Batch::new();
    batch.put_token(TokenHash::of("secret"), &token);
    store.write(batch).unwrap();
    let view = store.view();
    assert_eq!(view.token_in_force(TokenHash::of("secret"), at(1)).unwrap(), Some(token.clone()));
    assert_eq!(view.token_in_force(TokenHash::of("Secret"), at(1)).unwrap(), None);
    assert_eq!(view.token_in_force(TokenHash::of("secret"), at(2)).unwrap(), None, "it has ended");
    assert_eq!(view.tokens().unwrap(), [(TokenHash::of("secret"), token)]);
    let mut batch = Batch::new();
    batch.delete_token(TokenHash::of("secret"));
    store.write(batch).unwrap();
    assert!(store.view().tokens().unwrap().is_empty());
}

#[test]
fn a_purged_list_leaves_nothing_and_returns_under_a_new_number() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let name = list_name("dynamic");
    let list = store.create_list(&name).unwrap();
    let source = source_in(&store, list, "isp");
    add(&store, &source, 1, "192.0.2.1").unwrap();
    let mut batch = Batch::new();
    batch.put_text(list, TextId(1), "text");
    batch.delete_list(&name, list);
    store.write(batch).unwrap();
    assert_eq!(store.catalog().list_id(&name), None);
    let again = store.create_list(&name).unwrap();
    assert_ne!(again, list);
    let view = store.view();
    assert!(view.is_empty(again).unwrap() && view.texts(list).unwrap().is_empty());
    assert!(view.is_empty(list).unwrap(), "its rows are not in force");
    assert_eq!(view.generations(list).unwrap(), [source.owner()], "and are found, to be dropped");
}
