//! The command line as an operator types it, and its exit codes.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on ends there")]

mod support;

use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};
use support::{CONFIG, PROGRAM, TestServer};

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn run(words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(PROGRAM).args(words).output().expect("the program starts");
    (output.status.code(), said(&output))
}

fn config_in(folder: &Path, config: &str) -> String {
    let path = folder.join("dnsbld.toml");
    std::fs::write(&path, config).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_wrong_configuration_names_every_mistake_with_its_line_and_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = CONFIG
        .replace("code = \"127.0.0.10\"", "code = \"127.0.0.1\"")
        .replace("kind = \"relay\"", "kind = \"rellay\"")
        .replace("lists = [\"bad-names\"]", "lists = [\"bad-names\", \"dynamic\"]")
        .replace("negative_ttl = \"1m\"", "negative_ttl = \"1 minute\"\ncolour = \"red\"");
    let path = config_in(folder.path(), &wrong);
    for command in [&["check-config", &path][..], &["serve", "--config", &path]] {
        let (code, text) = run(command);
        assert_eq!(code, Some(78), "{text}");
        for part in ["127.0.0.1", "rellay", "dynamic", "1 minute", "colour"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let line = wrong.lines().position(|l| l.contains("rellay")).unwrap() + 1;
        assert!(text.contains(&format!(":{line}")), "line {line} in {text}");
    }
    assert!(!folder.path().join("var").exists(), "nothing is made");
    assert_eq!(run(&["check-config", &config_in(folder.path(), CONFIG)]).0, Some(0));
    assert_eq!(run(&["check-config", "/nonexistent/file"]).0, Some(78));
}

#[test]
fn what_keeps_a_server_from_starting_has_a_code_of_its_own() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let taken = CONFIG.replace("listen = [\"127.0.0.1:0\"]", &format!("listen = [\"{}\"]", server.dns));
    let (code, text) = run(&["serve", "--config", &config_in(folder.path(), &taken)]);
    assert_eq!(code, Some(71), "{text}");
    assert!(text.contains(&server.dns.to_string()), "{text}");

    let same = CONFIG.replace("data_dir = \"var\"", &format!("data_dir = \"{}\"", server.home.join("var").display()));
    let (code, text) = run(&["serve", "--config", &config_in(folder.path(), &same)]);
    assert_eq!(code, Some(73), "{text}");
    assert_eq!(text.lines().filter(|l| !l.trim().is_empty()).count(), 1, "one clear sentence: {text}");

    let mut server = server;
    server.signal("TERM");
    assert_eq!(server.wait(Duration::from_secs(3)), Some(0));
    std::fs::write(find(&server.home.join("var"), "CURRENT"), "garbage").unwrap();
    let (code, text) = run(&["serve", "--config", server.home.join("dnsbld.toml").to_str().unwrap()]);
    assert_eq!(code, Some(74), "{text}");
}

fn find(folder: &Path, name: &str) -> std::path::PathBuf {
    let direct = folder.join(name);
    if direct.exists() {
        return direct;
    }
    let inner = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).filter(|p| p.is_dir());
    inner.map(|p| p.join(name)).find(|p| p.exists()).unwrap_or_else(|| panic!("{name} in {}", folder.display()))
}

#[test]
fn usage_and_an_absent_server_have_their_codes() {
    assert_eq!(run(&["import"]).0, Some(64));
    assert_eq!(run(&["no-such-command"]).0, Some(64));
    assert_eq!(run(&["lookup", "192.0.2.1", "--server", "http://127.0.0.1:9"]).0, Some(69));
    assert_eq!(run(&["--help"]).0, Some(0));
    assert_eq!(run(&["--version"]).0, Some(0));
    let (code, man) = run(&["man"]);
    assert!(code == Some(0) && man.contains(".TH"), "{man}");
    for shell in ["bash", "zsh", "fish"] {
        assert_eq!(run(&["completions", shell]).0, Some(0));
    }
}

#[test]
fn a_list_is_imported_looked_up_exported_and_emptied_by_hand() {
    let server = TestServer::start();
    let (one, two) = (server.home.join("one"), server.home.join("two"));
    std::fs::write(&one, "198.51.100.0/24 customers of an example\n").unwrap();
    std::fs::write(&two, "203.0.113.5\n").unwrap();
    let output = server.command(&["import", "dynamic", one.to_str().unwrap(), two.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    let output = server.command(&["lookup", "198.51.100.9"]);
    assert!(output.status.success() && said(&output).contains("dynamic"), "{}", said(&output));
    let output = server.command(&["exclude", "dynamic", "198.51.100.9"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(server.address("198.51.100.9", "bl.test"), "NXDOMAIN");
    let export = said(&server.command(&["export", "dynamic"]));
    assert!(export.contains("!198.51.100.9") && export.contains("198.51.100.0/24"), "{export}");
    assert!(server.command(&["add", "compromised", "192.0.2.9"]).status.success());
    assert_eq!(server.address("192.0.2.9", "bl.test"), "127.0.0.4");
    assert!(server.command(&["remove", "compromised", "192.0.2.9"]).status.success());
    assert_eq!(server.address("192.0.2.9", "bl.test"), "NXDOMAIN");
    let json = server.command(&["lookup", "198.51.100.10", "--json"]);
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).expect("what the API answered");
    assert_eq!(value["listed"], true);
    assert!(server.command(&["status"]).status.success());
}

#[test]
fn removing_what_another_source_holds_says_who_and_what_to_type() {
    let server = TestServer::start();
    server.put("dynamic", "isp", "198.51.100.0/24").ok();
    let output = server.command(&["remove", "dynamic", "198.51.100.9"]);
    assert_eq!(output.status.code(), Some(1));
    let text = said(&output);
    assert!(text.contains("isp") && text.contains("exclude dynamic 198.51.100.9"), "{text}");
}

#[test]
fn a_refused_import_ends_with_1_and_shows_the_lines() {
    let server = TestServer::start();
    let file = server.home.join("list");
    std::fs::write(&file, "198.51.100.0/24\n198.51.100.1/24\n").unwrap();
    let output = server.command(&["import", "dynamic", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("198.51.100.0/24") && said(&output).contains('2'), "{}", said(&output));
}

/// The lines of several files were counted through: line 4 was told of a file with two.
#[test]
fn a_refused_line_is_named_by_its_file_and_its_line_there() {
    let server = TestServer::start();
    let (one, two) = (server.home.join("m1.txt"), server.home.join("m2.txt"));
    std::fs::write(&one, "198.51.100.0/24\n198.51.102.0/24").unwrap();
    std::fs::write(&two, "198.51.103.0/24\n 198.51.100.1/24\n").unwrap();
    let files = [one.to_str().unwrap(), two.to_str().unwrap()];
    let output = server.command(&["import", "dynamic", files[0], files[1]]);
    let place = format!("{}:2:2: 198.51.100.1/24 has bits", files[1]);
    assert!(output.status.code() == Some(1) && said(&output).contains(&place), "{}", said(&output));
    let output = server.command(&["import", "dynamic", files[1], "--skip-invalid", "--dry-run"]);
    let text = said(&output);
    assert!(output.status.success() && text.contains(&place), "{text}");
    assert!(text.contains("nothing of it is in force") && !text.contains("as of serial"), "{text}");
    let json = server.command(&["import", "dynamic", files[0], files[1], "--json"]);
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).expect("what the API answered, and the place");
    let rejected = &value["rejected"][0];
    assert_eq!((&rejected["line"], &rejected["file_line"]), (&4.into(), &2.into()), "{value}");
    assert_eq!(rejected["file"], files[1], "{value}");
}

/// The note about it stood in the same place, and in the variable of a script.
#[test]
fn a_new_token_stands_alone_on_standard_output() {
    let server = TestServer::start();
    let output = server.command(&["token", "create", "feed", "--scope", "write:dynamic/feed"]);
    let token = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && token.starts_with("dnsbld_") && token.lines().count() == 1, "{token}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("shown only now"));
}

#[test]
fn a_backup_taken_while_serving_starts_as_a_store_of_its_own() {
    let server = TestServer::start();
    let serial = server.put("dynamic", "isp", "198.51.100.0/24").ok()["serial"].as_u64().unwrap();
    let copy = server.home.join("copy");
    let output = server.command(&["backup", copy.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    server.put("dynamic", "isp", "203.0.113.0/24").ok();
    let lineage = server.call("GET", "/api/v1/status", "").ok()["lineage"].clone();

    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("dnsbld.toml"), CONFIG).unwrap();
    std::fs::rename(&copy, home.path().join("var")).unwrap();
    let restored = TestServer::in_directory(home.path(), &[]);
    assert_eq!(restored.address("198.51.100.1", "bl.test"), "127.0.0.10");
    assert_eq!(restored.address("203.0.113.1", "bl.test"), "NXDOMAIN");
    let status = restored.call("GET", "/api/v1/status", "").ok();
    assert_ne!(status["lineage"], lineage, "{status}");
    let added = restored.add("dynamic", "operator", "192.0.2.1").ok()["serial"].as_u64().unwrap();
    assert!(added > serial + (1 << 20) - 1, "{added} after {serial}");
}

#[test]
fn a_reload_changes_lists_and_a_wrong_file_changes_nothing() {
    let server = TestServer::start();
    server.put("dynamic", "isp", "198.51.100.0/24").ok();
    let path = server.home.join("dnsbld.toml");
    let within = Duration::from_secs(10);
    let eventually = |expected: &str| {
        support::eventually(expected, within, || server.address("198.51.100.1", "bl.test") == expected);
    };
    std::fs::write(&path, CONFIG.replace("127.0.0.10", "127.0.0.11")).unwrap();
    server.signal("HUP");
    eventually("127.0.0.11");
    std::fs::write(&path, "colour = \"red\"").unwrap();
    server.signal("HUP");
    support::eventually("the mistake is told", within, || server.log().contains("colour"));
    assert_eq!(server.address("198.51.100.1", "bl.test"), "127.0.0.11");
    std::fs::write(&path, "").unwrap();
    server.signal("HUP");
    support::eventually("the empty file is told", within, || server.log().contains("it has no [[zone]]"));
    assert_eq!(server.address("198.51.100.1", "bl.test"), "127.0.0.11");
    std::fs::write(&path, CONFIG.replace(", \"dynamic\"]", "]")).unwrap();
    server.signal("HUP");
    eventually("NXDOMAIN");
}

#[test]
fn the_readmes_table_of_options_is_the_programs() {
    let (code, table) = run(&["check-config", "--table"]);
    assert_eq!(code, Some(0));
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    assert!(readme.contains(table.trim()), "put this into README.md:\n{table}");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/example.toml");
    assert_eq!(run(&["check-config", example.to_str().unwrap()]).0, Some(0));
}
