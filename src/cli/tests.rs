//! What the commands print, and how they take their words.

use super::*;
use serde_json::json;

#[test]
fn the_definition_of_the_command_line_is_sound() {
    CommandLine::command().debug_assert();
}

#[test]
fn a_wrong_command_line_is_usage_and_help_is_not() {
    let run = |words: &[&str]| run(words.iter().map(OsString::from));
    assert!(matches!(run(&["dnsbld", "fly"]), Err(Failure::Usage(_))));
    assert!(matches!(run(&["dnsbld", "import", "dynamic"]), Err(Failure::Usage(_))));
    assert!(matches!(run(&["dnsbld", "add", "UPPER", "192.0.2.1"]), Err(Failure::Usage(_))));
    assert!(run(&["dnsbld", "--version"]).is_ok());
}

#[test]
fn every_command_teaches_by_example() {
    for command in CommandLine::command().get_subcommands() {
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(after.contains("Example"), "{}", command.get_name());
        assert!(command.get_about().is_some(), "{}", command.get_name());
    }
}

#[test]
fn a_refusal_becomes_sentences_with_its_lines() {
    let problem = json!({
        "title": "Lines rejected", "status": 422, "detail": "2 lines cannot be read; nothing was changed",
        "rejected": [{"line": 3, "column": 1, "text": "192.0.2.1/24", "error": "did you mean 192.0.2.0/24?"}],
        "rejected_count": 2,
    });
    assert_eq!(
        words::problem(&problem),
        "2 lines cannot be read; nothing was changed\n  line 3, column 1: did you mean 192.0.2.0/24?: 192.0.2.1/24\n  and 1 more"
    );
    let placed = json!({"detail": "1 line", "rejected_count": 1, "rejected": [
        {"line": 4, "column": 1, "text": "x", "error": "not an address", "file": "m2.txt", "file_line": 2}]});
    assert_eq!(words::problem(&placed), "1 line\n  m2.txt:2:1: not an address: x");
    assert_eq!(words::problem(&json!({"title": "Not found"})), "Not found");
    let one =
        json!({"detail": "1 line", "rejected": [{"line": 1, "column": 9, "error": "not a name"}], "rejected_count": 1});
    assert_eq!(words::problem_of_one(&one), "not a name");
    assert!(
        words::problem(&json!({"detail": "a\u{1b}[31mb"})).contains("a [31mb"),
        "control characters are not printed"
    );
}

#[test]
fn a_write_says_what_it_did() {
    let answer = json!({"serial": 12, "added": 3, "removed": 0, "unchanged": 7, "rejected": [], "rejected_count": 0});
    assert_eq!(words::written(&answer), "3 added, 7 unchanged; in force as of serial 12");
    assert_eq!(words::written(&json!({"serial": 12})), "nothing to change; in force as of serial 12");
    assert_eq!(
        words::tried(&answer),
        "3 added, 7 unchanged; a dry run: nothing was changed and nothing of it is in force"
    );
}

#[test]
fn a_look_up_is_told_in_words() {
    let answer = json!({
        "key": "192.0.2.25", "listed": true, "test_point": false, "serial": 7,
        "matches": [{"list": "dynamic", "entry": "192.0.2.0/24", "source": "isp", "code": "127.0.0.10",
                     "reason": "customers", "last_seen": "2026-01-31T12:00:00Z", "expires": null}],
        "excluded_by": [{"list": "spam", "entry": "192.0.2.25", "source": "operator"}],
        "zones": [{"origin": "bl.example.org", "answers": ["127.0.0.10"]}, {"origin": "b2.example.org", "answers": []}],
    });
    assert_eq!(
        lookup::described(&answer),
        "192.0.2.25 is listed.\n  dynamic: 192.0.2.0/24, from isp, code 127.0.0.10: \"customers\"\n    \
         last seen 2026-01-31T12:00:00Z\n  not in spam: 192.0.2.25, from operator\n\
         DNS: bl.example.org answers 127.0.0.10\nDNS: b2.example.org answers not listed\nas of serial 7"
    );
    assert!(lookup::described(&json!({"key": "192.0.2.1", "listed": false})).starts_with("192.0.2.1 is not listed."));
}

#[test]
fn a_table_is_as_wide_as_its_cells() {
    let rows = vec![vec!["1".into(), "long name".into()], vec!["22".into(), "x".into()]];
    assert_eq!(words::table(&["ID", "NAME"], &rows), "ID  NAME\n1   long name\n22  x");
}

fn archive(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, kind, text) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(text.len() as u64);
        header.set_mode(0o777);
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn a_backup_is_unpacked_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let tar = archive(&[
        ("rocksdb/", tar::EntryType::Directory, ""),
        ("rocksdb/CURRENT", tar::EntryType::Regular, "MANIFEST-1\n"),
    ]);
    assert_eq!(backup::unpack(&mut &tar[..], dir.path()).unwrap(), 1);
    let file = dir.path().join("rocksdb/CURRENT");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "MANIFEST-1\n");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_archive_cannot_write_outside_of_the_backup() {
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("backup");
    std::fs::create_dir(&dir).unwrap();
    for entry in [
        ("../escaped", tar::EntryType::Regular, "x"),
        ("/tmp/escaped-from-a-backup", tar::EntryType::Regular, "x"),
        ("link", tar::EntryType::Symlink, ""),
        ("device", tar::EntryType::Block, ""),
    ] {
        assert!(backup::unpack(&mut &archive(&[entry])[..], &dir).is_err(), "{}", entry.0);
    }
    assert!(backup::unpack(&mut &archive(&[])[..], &dir).is_err(), "an empty archive is no backup");
    assert!(!outer.path().join("escaped").exists());
}

#[test]
fn a_key_is_escaped_in_a_path() {
    assert_eq!(client::escaped("2001:db8::/32"), "2001%3Adb8%3A%3A%2F32");
    assert_eq!(client::escaped("=a.example.org"), "%3Da.example.org");
}
