//! Nothing lost: what was acknowledged is there after a kill, a power cut, an I/O error and a full disk.
//!
//! A client sends numbered batches and notes, outside the store, what it sent and what was acknowledged. After each fault
//! the store is opened again: every acknowledged batch is there whole and at its serial, every other one whole or absent,
//! serials have no gap, and DNS answers what the store holds. Seeds are printed; `DNSBLD_SEED` repeats one,
//! `DNSBLD_KILLS` sets the number of kills (50), `DNSBLD_CUTS` that of power cuts (10).
//!
//! The tests named `durability_*` need root (mounts) and strace; `ops/test` runs them.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on ends there")]

mod support;

use rand::{RngExt as _, SeedableRng, rngs::StdRng};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use support::{CONFIG, TestServer, try_call};

/// Keys of one batch.
const KEYS: u32 = 12;
/// Keys of one large import: beyond the bound up to which an import is one batch of rows.
const IMPORT_KEYS: u32 = 60_000;

/// What the client knows, outside the store.
#[derive(Default)]
struct Notes {
    /// Batches sent, with the serial of those that were acknowledged.
    batches: BTreeMap<u32, Option<u64>>,
    /// Imports sent, with the serial of those that were acknowledged.
    imports: BTreeMap<u32, Option<u64>>,
    /// The import that was found after the last fault; it stays until a later one is switched in.
    found: Option<u32>,
}

impl Notes {
    /// What the source may hold: the last import known to be in force, or one sent after it without an answer. Several may
    /// have gone unanswered, one before each fault.
    fn candidates(&self) -> Vec<Option<u32>> {
        let acknowledged = self.imports.iter().rfind(|(_, serial)| serial.is_some()).map(|(n, _)| *n);
        let known = acknowledged.max(self.found);
        let unanswered = self.imports.keys().filter(|n| known.is_none_or(|known| **n > known));
        std::iter::once(known).chain(unanswered.map(|n| Some(*n))).collect()
    }
}

fn number(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let seed = std::env::var("DNSBLD_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(now.as_secs());
    eprintln!("DNSBLD_SEED={seed}");
    seed
}

fn batch_key(batch: u32, key: u32) -> String {
    format!("61.{}.{}.{key}", batch >> 8 & 255, batch & 255)
}

fn batch_body(batch: u32) -> String {
    (0..KEYS).map(|key| format!("{{\"key\":\"{}\",\"source\":\"client\"}}\n", batch_key(batch, key))).collect()
}

/// Import `n` holds the keys `n * 1000 ..` of 62/8: each differs from the one before at both ends.
fn import_body(import: u32) -> String {
    let mut text = String::new();
    for key in import * 1_000..import * 1_000 + IMPORT_KEYS {
        let [_, b, c, d] = key.to_be_bytes();
        writeln!(text, "62.{b}.{c}.{d}").expect("a string");
    }
    text
}

/// Sends batches, and a large import now and then, until told to stop or until the server is gone.
fn client(server: &TestServer, notes: &Mutex<Notes>, stop: &AtomicBool, imports: bool) {
    let (http, token) = (server.http, server.token.clone());
    while !stop.load(Ordering::Relaxed) {
        let (batch, import) = {
            let mut notes = notes.lock().expect("no panic");
            let batch = notes.batches.last_key_value().map_or(0, |(n, _)| n + 1);
            notes.batches.insert(batch, None);
            let import =
                (imports && batch % 40 == 20).then(|| notes.imports.last_key_value().map_or(0, |(n, _)| n + 1));
            if let Some(import) = import {
                notes.imports.insert(import, None);
            }
            (batch, import)
        };
        let call = |method, path: &str, body: &str| {
            let reply = try_call(http, Some(&token), method, path, body.as_bytes(), &[]).ok()?;
            (reply.status == 200).then(|| reply.json()["serial"].as_u64().expect("a serial"))
        };
        if let Some(import) = import {
            // Where an import is refused for want of room, writes go on.
            let serial = call("PUT", "/api/v1/lists/compromised/sources/bulk?force=true", &import_body(import));
            notes.lock().expect("no panic").imports.insert(import, serial);
        }
        let serial = call("POST", "/api/v1/lists/compromised/entries", &batch_body(batch));
        notes.lock().expect("no panic").batches.insert(batch, serial);
        if serial.is_none() {
            return;
        }
    }
}

/// What the store holds of `62/8` or of a batch, by the API.
fn held(server: &TestServer, source: &str, within: &str) -> u32 {
    let mut total = 0;
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/lists/compromised/entries?within={within}&source={source}&limit=10000{after}");
        let page = server.call("GET", &path, "").ok();
        total += page["entries"].as_array().expect("entries").len() as u32;
        match &page["next"] {
            Value::String(next) => after = format!("&after={next}"),
            _ => return total,
        }
    }
}

/// The verifier; says which import it found. `from`: batches before it were verified after an earlier fault.
fn verify(server: &TestServer, notes: &Notes, from: u32) -> Option<u32> {
    let mut serial_before = 0;
    for line in server.call("GET", "/api/v1/changes?since=0&limit=1000000", "").text.lines() {
        let commit: Value = serde_json::from_str(line).expect("a line of JSON");
        let serial = commit["serial"].as_u64().expect("a serial");
        assert_eq!(serial, serial_before + 1, "a serial is skipped or used twice");
        serial_before = serial;
    }
    for (batch, acknowledged) in notes.batches.range(from..) {
        let within = format!("61.{}.{}.0/24", batch >> 8 & 255, batch & 255);
        let keys = held(server, "client", &within);
        assert!(keys == KEYS || keys == 0, "batch {batch} is there in part: {keys} of {KEYS}");
        if let Some(serial) = acknowledged {
            assert_eq!(keys, KEYS, "batch {batch}, acknowledged as {serial}, is lost");
            assert!(*serial <= serial_before, "batch {batch}: serial {serial} is beyond the last, {serial_before}");
        }
        let expected = if keys == 0 { "NXDOMAIN" } else { "127.0.0.4" };
        for key in [0, KEYS - 1] {
            assert_eq!(server.address(&batch_key(*batch, key), "bl.test"), expected, "DNS differs from the store");
        }
    }
    let candidates = notes.candidates();
    let source = server.call("GET", "/api/v1/lists/compromised/sources/bulk", "");
    let keys = if source.status == 200 { source.json()["keys"].as_u64().expect("keys") as u32 } else { 0 };
    let found = candidates.iter().find(|candidate| match candidate {
        None => keys == 0,
        Some(import) => keys == IMPORT_KEYS && edges(server, *import),
    });
    *found.unwrap_or_else(|| panic!("the import is none of {candidates:?}: {keys} keys"))
}

/// Whether DNS serves import `n`, no more and no less, at its edges.
fn edges(server: &TestServer, import: u32) -> bool {
    let listed = |key: u32| {
        let [_, b, c, d] = key.to_be_bytes();
        server.address(&format!("62.{b}.{c}.{d}"), "bl.test") == "127.0.0.4"
    };
    let first = import * 1_000;
    listed(first)
        && listed(first + IMPORT_KEYS - 1)
        && !listed(first + IMPORT_KEYS)
        && (first == 0 || !listed(first - 1))
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let mut random = StdRng::seed_from_u64(seed());
    let mut server = TestServer::start();
    let notes = Mutex::new(Notes::default());
    let kills = number("DNSBLD_KILLS", 50);
    for kill in 0..kills {
        let from = notes.lock().expect("no panic").batches.len() as u32;
        let stop = AtomicBool::new(false);
        let pid = server.pid();
        std::thread::scope(|scope| {
            let (server, notes, stop) = (&server, &notes, &stop);
            scope.spawn(move || client(server, notes, stop, true));
            std::thread::sleep(Duration::from_millis(random.random_range(5..400)));
            Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill runs");
            stop.store(true, Ordering::Relaxed);
        });
        server.kill_and_restart();
        let last = kill + 1 == kills;
        let mut notes = notes.lock().expect("no panic");
        notes.found = verify(&server, &notes, if last { 0 } else { from });
    }
    let notes = notes.into_inner().expect("no panic");
    let acknowledged = notes.batches.values().flatten().count();
    eprintln!(
        "{kills} kills, {acknowledged} batches and {} imports acknowledged, none lost",
        notes.imports.values().flatten().count()
    );
    assert!(acknowledged as u32 > kills, "the client got through");
}

/// A disk that can lose its power: an ext4 image on XFS, whose copy by reflink is what the platters held at that moment.
struct Disk {
    _dir: tempfile::TempDir,
    outer: PathBuf,
    mounts: Vec<PathBuf>,
}

fn run(words: &[&str]) {
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap_or_else(|e| panic!("{words:?}: {e}"));
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Disk {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let outer = dir.path().join("outer");
        std::fs::create_dir(&outer).expect("made");
        let image = dir.path().join("xfs.img");
        run(&["truncate", "-s", "3G", image.to_str().expect("plain")]);
        run(&["mkfs.xfs", "-q", "-m", "reflink=1", image.to_str().expect("plain")]);
        run(&["mount", "-o", "loop", image.to_str().expect("plain"), outer.to_str().expect("plain")]);
        let mut disk = Self { _dir: dir, mounts: vec![outer.clone()], outer };
        let inner = disk.outer.join("inner.img");
        run(&["truncate", "-s", "800M", inner.to_str().expect("plain")]);
        run(&["mkfs.ext4", "-q", "-F", inner.to_str().expect("plain")]);
        disk.mount("inner.img", "inner");
        disk
    }

    fn mount(&mut self, image: &str, at: &str) -> PathBuf {
        let at = self.outer.join(at);
        std::fs::create_dir_all(&at).expect("made");
        run(&["mount", "-o", "loop", self.outer.join(image).to_str().expect("plain"), at.to_str().expect("plain")]);
        self.mounts.push(at.clone());
        at
    }

    fn inner(&self) -> PathBuf {
        self.outer.join("inner")
    }

    /// What the disk holds at this moment, as an image of its own.
    fn cut(&self) {
        let (from, to) = (self.outer.join("inner.img"), self.outer.join("cut.img"));
        run(&["cp", "--reflink=always", from.to_str().expect("plain"), to.to_str().expect("plain")]);
    }

    fn unmount(&mut self, at: &Path) {
        run(&["umount", at.to_str().expect("plain")]);
        self.mounts.retain(|m| m != at);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for at in self.mounts.iter().rev() {
            Command::new("umount").arg("-l").arg(at).status().ok();
        }
    }
}

/// One run up to a power cut; the batches that were acknowledged before it, and the server that came up after it.
fn power_cut(random: &mut StdRng, wrapper: &[&str]) -> (Disk, Result<TestServer, String>, Notes) {
    let mut disk = Disk::new();
    std::fs::write(disk.inner().join("dnsbld.toml"), CONFIG).expect("written");
    run(&["sync"]);
    let server = TestServer::in_directory(&disk.inner(), wrapper);
    let notes = Mutex::new(Notes::default());
    let stop = AtomicBool::new(false);
    let before = std::thread::scope(|scope| {
        scope.spawn(|| client(&server, &notes, &stop, true));
        std::thread::sleep(Duration::from_millis(random.random_range(200..1_500)));
        // Noted before the cut begins: what is acknowledged while the image is copied may be in it or not.
        let before = {
            let notes = notes.lock().expect("no panic");
            Notes { batches: notes.batches.clone(), imports: notes.imports.clone(), found: None }
        };
        disk.cut();
        stop.store(true, Ordering::Relaxed);
        before
    });
    // Everything sent after the note was taken may be there whole or be absent.
    let after = notes.into_inner().expect("no panic");
    let open = |before: BTreeMap<u32, Option<u64>>, after: BTreeMap<u32, Option<u64>>| {
        after.into_keys().map(|n| (n, before.get(&n).copied().flatten())).collect()
    };
    let notes = Notes {
        batches: open(before.batches, after.batches),
        imports: open(before.imports, after.imports),
        found: None,
    };
    drop(server);
    let home = disk.mount("cut.img", "cut");
    // The machine that has lost its power begins anew.
    std::fs::remove_file(home.join("var/boot")).ok();
    let server = TestServer::try_in_directory(&home, &[]);
    (disk, server, notes)
}

#[test]
#[ignore = "needs root for loop mounts"]
fn durability_what_was_acknowledged_survives_a_power_cut() {
    let mut random = StdRng::seed_from_u64(seed());
    let cuts = number("DNSBLD_CUTS", 10);
    let mut acknowledged = 0;
    for _ in 0..cuts {
        let (mut disk, server, notes) = power_cut(&mut random, &[]);
        let server = server.unwrap_or_else(|said| panic!("not ready after the cut: {said}"));
        verify(&server, &notes, 0);
        acknowledged += notes.batches.values().flatten().count();
        drop(server);
        let cut = disk.outer.join("cut");
        disk.unmount(&cut);
    }
    eprintln!("{cuts} power cuts, {acknowledged} batches acknowledged, none lost");
    assert!(acknowledged as u32 > cuts);
}

/// The proof that the test above can fail: with every sync made void, acknowledged batches are lost.
#[test]
#[ignore = "needs root for loop mounts, and strace"]
fn durability_a_power_cut_is_noticed_when_syncs_are_void() {
    let mut random = StdRng::seed_from_u64(seed());
    let void = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=fdatasync,fsync",
        "-e",
        "inject=fdatasync,fsync:retval=0",
    ];
    let lost = (0..5).any(|_| {
        let (disk, server, notes) = power_cut(&mut random, &void);
        let lost = match &server {
            Err(_) => true,
            Ok(server) => notes.batches.iter().any(|(batch, acknowledged)| {
                let within = format!("61.{}.{}.0/24", batch >> 8 & 255, batch & 255);
                acknowledged.is_some() && held(server, "client", &within) != KEYS
            }),
        };
        drop(server);
        drop(disk);
        lost
    });
    assert!(lost, "five power cuts without any sync lost nothing: the test sees nothing");
}

/// DNS goes on, writes are refused, `/health` says so, and after a restart what was acknowledged is there.
fn after_a_write_error(server: &mut TestServer, notes: &Notes) {
    let health = server.get("/health");
    assert_eq!(health.status, 503, "{}", health.text);
    assert_eq!(server.get("/health/live").status, 200);
    let refused = server.add("compromised", "client", "61.255.255.1");
    assert_eq!(refused.status, 503, "{}", refused.text);
    let served = notes.batches.iter().rfind(|(_, acknowledged)| acknowledged.is_some());
    if let Some((batch, _)) = served {
        assert_eq!(server.address(&batch_key(*batch, 0), "bl.test"), "127.0.0.4", "DNS answers on");
    }
    server.kill();
}

#[test]
#[ignore = "needs strace"]
fn durability_an_io_error_at_any_sync_loses_nothing_that_was_acknowledged() {
    let mut seen = 0;
    for when in [1, 2, 3, 5, 8, 13, 21, 34, 55] {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::write(home.path().join("dnsbld.toml"), CONFIG).expect("written");
        drop(TestServer::in_directory(home.path(), &[]));
        let inject = format!("inject=fdatasync,fsync:error=EIO:when={when}+");
        let strace =
            ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", &inject];
        let Ok(mut server) = TestServer::try_in_directory(home.path(), &strace) else {
            // The error came while the store was opened: it has to open without it.
            let server = TestServer::in_directory(home.path(), &[]);
            verify(&server, &Notes::default(), 0);
            continue;
        };
        let notes = Mutex::new(Notes::default());
        client(&server, &notes, &AtomicBool::new(false), when % 2 == 1);
        let notes = notes.into_inner().expect("no panic");
        after_a_write_error(&mut server, &notes);
        server.start_again();
        verify(&server, &notes, 0);
        seen += 1;
    }
    assert!(seen > 2, "errors were met while serving");
}

/// A mount that ends with the test.
struct Mounted(String);
impl Drop for Mounted {
    fn drop(&mut self) {
        Command::new("umount").args(["-l", &self.0]).status().ok();
    }
}

/// It was told as a fault of the program, and whoever imports did not hear what to do.
#[test]
#[ignore = "needs root to mount a small file system"]
fn durability_an_import_that_finds_the_disk_full_is_refused_and_writes_go_on() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().to_str().expect("plain").to_owned();
    run(&["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", &path]);
    let _mounted = Mounted(path.clone());
    std::fs::write(home.path().join("dnsbld.toml"), CONFIG).expect("written");
    let server = TestServer::in_directory(home.path(), &[]);
    server.add("compromised", "client", "61.0.0.1").ok();
    // Room for the log and for small changes, not for the files of so many keys, which hardly pack.
    let mut ballast = std::fs::File::create(home.path().join("ballast")).expect("a file");
    while std::io::Write::write_all(&mut ballast, &vec![0; 65_536]).is_ok() {}
    let filled = ballast.metadata().expect("a size").len();
    ballast.set_len(filled - (2 << 20)).expect("shortened");
    let many: String = (0..400_000_u32).fold(String::new(), |mut text, n| {
        let [_, b, c, d] = n.wrapping_mul(2_654_435_761).to_be_bytes();
        writeln!(text, "62.{b}.{c}.{d} reason {n}").expect("a string");
        text
    });
    let refused = server.put("compromised", "bulk", &many);
    assert_eq!((refused.status, &refused.json()["type"]), (503, &Value::from("/docs#problem-disk-full")));
    server.add("compromised", "client", "61.0.0.2").ok();
    assert_eq!(held(&server, "bulk", "62.0.0.0/8"), 0);
    drop(ballast);
    std::fs::remove_file(home.path().join("ballast")).expect("removed");
    assert!(server.put("compromised", "bulk", &many).ok()["added"].as_u64() > Some(300_000));
}

#[test]
#[ignore = "needs root to mount a small file system"]
fn durability_a_full_disk_turns_writes_off_and_dns_answers_on() {
    for megabytes in [24, 33, 41] {
        let home = tempfile::tempdir().expect("a directory");
        let size = format!("size={megabytes}m");
        let path = home.path().to_str().expect("plain").to_owned();
        run(&["mount", "-t", "tmpfs", "-o", &size, "tmpfs", &path]);
        let _mounted = Mounted(path.clone());
        std::fs::write(home.path().join("dnsbld.toml"), CONFIG).expect("written");
        let mut server = TestServer::in_directory(home.path(), &[]);
        let notes = Mutex::new(Notes::default());
        std::thread::scope(|scope| {
            let filler = scope.spawn(|| client(&server, &notes, &AtomicBool::new(false), true));
            let mut ballast = std::fs::File::create(home.path().join("ballast")).expect("a file");
            while !filler.is_finished() {
                std::io::Write::write_all(&mut ballast, &vec![0; 65_536]).ok();
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let notes = notes.into_inner().expect("no panic");
        let status = server.add("compromised", "client", "61.255.255.1").status;
        assert!(matches!(status, 503 | 507), "{megabytes} MB: {status}");
        let (batch, _) = notes.batches.iter().rfind(|(_, a)| a.is_some()).expect("some batch went through");
        assert_eq!(server.address(&batch_key(*batch, 0), "bl.test"), "127.0.0.4", "DNS answers on");
        server.kill();
        std::fs::remove_file(home.path().join("ballast")).expect("removed");
        run(&["mount", "-o", "remount,size=400m", &path]);
        server.start_again();
        verify(&server, &notes, 0);
        server.add("compromised", "client", "61.255.255.1").ok();
    }
}
