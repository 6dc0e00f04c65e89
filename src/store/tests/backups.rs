//! Backups: what they hold, and that they know themselves.

use super::{
    super::{open::rocksdb_path, *},
    *,
};

#[test]
fn a_backup_knows_itself_and_its_origin_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("backup");
    let store = open(directory.path());
    let list = store.create_list(&list_name("dynamic")).unwrap();
    let source = source_in(&store, list, "isp");
    add(&store, &source, 1, "192.0.2.1").unwrap();
    // Writers go on while it is made.
    std::thread::scope(|scope| {
        let backup = scope.spawn(|| store.backup(&copy));
        for serial in 2..=30 {
            add(&store, &source, serial, &format!("192.0.2.{serial}")).unwrap();
        }
        backup.join().unwrap().unwrap();
    });
    assert!(matches!(store.backup(&copy), Err(BackupError::Taken(_))));
    let lineage = store.lineage();
    drop(store);
    assert!(!open(directory.path()).restored());

    let store = open(&copy);
    assert!(store.restored() && store.lineage() == lineage);
    let serial = store.serial().0;
    assert!(serial >= 1);
    assert_eq!(keys(store.view().entries(list)).len() as u64, serial, "as of one serial");
    drop(store);
    let store = open(&copy);
    assert!(store.restored(), "until it goes its own way");
    let mut batch = Batch::new();
    let own = Lineage::draw();
    batch.adopt_lineage(own);
    batch.put_commit(&commit_row(serial + (1 << 20), 9));
    store.write(batch).unwrap();
    assert!(!store.restored() && store.lineage() == own && own != lineage);
    store.sync().unwrap();
    drop(store);
    let store = open(&copy);
    assert!(!store.restored() && store.lineage() == own);
    assert_eq!(own.to_string().parse(), Ok(own));
}

#[test]
fn a_backup_that_was_cut_off_does_not_stand_in_the_way() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir_all(copy.path().join("rocksdb.partial")).unwrap();
    store.backup(copy.path()).unwrap();
    assert!(!copy.path().join("rocksdb.partial").exists());
    drop(store);
    assert!(open(copy.path()).restored());
}

/// Pages promise it: RocksDB deletes by writing, and keeps what was there until it rewrites the file.
#[test]
fn what_was_deleted_is_nowhere_in_the_files_of_a_later_backup() {
    for family in [CaseFamily::Request, CaseFamily::Retest, CaseFamily::Report, CaseFamily::Network, CaseFamily::Outbox]
    {
        is_nowhere_once_deleted(family);
    }
}

fn is_nowhere_once_deleted(family: CaseFamily) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let mut batch = Batch::new();
    batch.put_case(family, b"one".to_vec(), b"marked@example.org".to_vec());
    batch.put_case(family, b"two".to_vec(), b"kept@example.org".to_vec());
    store.write(batch).unwrap();
    let holds = |name: &str, text: &[u8]| {
        let copy = directory.path().join(name);
        store.backup(&copy).unwrap();
        let files = fs::read_dir(rocksdb_path(&copy)).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
        files.into_iter().any(|octets| octets.windows(text.len()).any(|window| window == text))
    };
    assert!(holds("first", b"marked@example.org"), "{family:?}: it stands there in clear");
    let mut batch = Batch::new();
    batch.delete_case(family, b"one".to_vec());
    store.write(batch).unwrap();
    assert!(!holds("second", b"marked@example.org"), "{family:?}");
    assert!(holds("third", b"kept@example.org"));
}
