//! Large imports as feeds send them: broken at the end, two at once, cut off by a restart, beside a server that answers.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on ends there")]

mod support;

use std::{fmt::Write as _, io::Write as _, net::TcpStream, time::Duration};
use support::TestServer;

fn hosts(range: std::ops::Range<u32>) -> String {
    let mut text = String::new();
    for n in range {
        let [_, b, c, d] = n.to_be_bytes();
        writeln!(text, "60.{b}.{c}.{d}").unwrap();
    }
    text
}

fn count(server: &TestServer, list: &str, source: &str) -> u64 {
    let reply = server.call("GET", &format!("/api/v1/lists/{list}/sources/{source}"), "");
    if reply.status == 404 { 0 } else { reply.ok()["keys"].as_u64().expect("a count of keys") }
}

#[test]
fn a_million_lines_with_a_broken_last_one_change_nothing() {
    let server = TestServer::start();
    server.put("compromised", "feed", &hosts(0..1_000)).ok();
    let reply = server.put("compromised", "feed", &(hosts(0..1_000_000) + "60.300.1.1\n"));
    assert_eq!(reply.status, 422, "{}", reply.text);
    assert_eq!(reply.json()["rejected"][0]["line"], 1_000_001);
    assert_eq!(count(&server, "compromised", "feed"), 1_000);
    assert_eq!(server.address("60.15.66.63", "bl.test"), "NXDOMAIN");
    server.call("PUT", "/api/v1/lists/compromised/sources/feed?force=true", &hosts(0..1_000_000)).ok();
    assert_eq!(server.address("60.15.66.63", "bl.test"), "127.0.0.4");
    assert_eq!(count(&server, "compromised", "feed"), 1_000_000);
}

#[test]
fn two_imports_at_once_of_different_sources_both_land() {
    let server = TestServer::start();
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| server.put("compromised", "one", &hosts(0..300_000)).ok());
        let two = scope.spawn(|| server.put("compromised", "two", &hosts(200_000..500_000)).ok());
        (one.join().unwrap(), two.join().unwrap())
    });
    assert_ne!(one["serial"], two["serial"]);
    assert_eq!((count(&server, "compromised", "one"), count(&server, "compromised", "two")), (300_000, 300_000));
    for n in ["60.0.0.1", "60.3.13.65", "60.7.161.31"] {
        assert_eq!(server.address(n, "bl.test"), "127.0.0.4", "{n}");
    }
    server.call("DELETE", "/api/v1/lists/compromised/sources/one", "").ok();
    assert_eq!(server.address("60.0.0.1", "bl.test"), "NXDOMAIN");
    assert_eq!(server.address("60.3.13.65", "bl.test"), "127.0.0.4");
}

/// Sends a PUT's head and a part of its body, and leaves the rest out.
fn begin_put(server: &TestServer, path: &str, length: usize, part: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.http).unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {length}\r\n\r\n",
        server.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(part.as_bytes()).unwrap();
    stream
}

/// The server has read the head of a PUT when it counts the import. (A second import as the sign would have raced the first
/// for the source.)
fn wait_until_it_runs(server: &TestServer) {
    support::eventually("an import runs", Duration::from_secs(10), || {
        server.call("GET", "/api/v1/status", "").ok()["imports_running"] == 1
    });
}

#[test]
fn a_second_import_of_the_same_source_is_told_to_wait() {
    let server = TestServer::start();
    let path = "/api/v1/lists/compromised/sources/feed";
    let half = hosts(0..200_000);
    let begun = begin_put(&server, path, 2 * half.len(), &half);
    wait_until_it_runs(&server);
    let second = server.put("compromised", "feed", "60.0.0.1");
    assert_eq!(second.status, 409, "{}", second.text);
    drop(begun);
    support::eventually("a client that has gone aborts its import", Duration::from_secs(10), || {
        server.put("compromised", "feed", "60.0.0.1").status == 200
    });
    assert_eq!(count(&server, "compromised", "feed"), 1);
}

#[test]
fn a_post_during_an_import_is_served_at_once_and_gives_way_at_its_end() {
    let server = TestServer::start();
    let body = hosts(0..200_000);
    let path = "/api/v1/lists/compromised/sources/feed";
    let mut begun = begin_put(&server, path, 2 * body.len(), &body);
    wait_until_it_runs(&server);
    server.add("compromised", "feed", "61.1.1.1").ok();
    server.add("compromised", "other", "61.1.1.2").ok();
    server.exclude("compromised", "operator", "60.0.0.7").ok();
    assert_eq!(server.address("61.1.1.1", "bl.test"), "127.0.0.4");
    begun.write_all(body.as_bytes()).unwrap();
    let mut answer = [0; 4096];
    let length = std::io::Read::read(&mut begun, &mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.contains(" 200 ") && answer.contains("\"replaced_posts\":1"), "{answer}");
    assert_eq!(server.address("61.1.1.1", "bl.test"), "NXDOMAIN");
    assert_eq!(server.address("61.1.1.2", "bl.test"), "127.0.0.4");
    assert_eq!(server.address("60.0.0.7", "bl.test"), "NXDOMAIN");
    assert_eq!(server.address("60.0.0.8", "bl.test"), "127.0.0.4");
}

#[test]
fn a_kill_in_the_middle_of_an_import_leaves_what_was_before() {
    let mut server = TestServer::start();
    server.put("compromised", "feed", &hosts(0..150_000)).ok();
    let body = hosts(100_000..400_000);
    let _begun = begin_put(&server, "/api/v1/lists/compromised/sources/feed", 2 * body.len(), &body);
    std::thread::sleep(Duration::from_millis(100));
    server.kill_and_restart();
    assert_eq!(count(&server, "compromised", "feed"), 150_000);
    assert_eq!(server.address("60.0.0.1", "bl.test"), "127.0.0.4");
    assert_eq!(server.address("60.5.0.1", "bl.test"), "NXDOMAIN");
    server.call("PUT", "/api/v1/lists/compromised/sources/feed?force=true", &body).ok();
    server.kill_and_restart();
    assert_eq!(count(&server, "compromised", "feed"), 300_000);
    assert_eq!(server.address("60.0.0.1", "bl.test"), "NXDOMAIN");
    assert_eq!(server.address("60.5.0.1", "bl.test"), "127.0.0.4");
}

#[test]
fn a_term_signal_during_an_import_ends_the_server_with_0_within_3_seconds() {
    let mut server = TestServer::start();
    let body = hosts(0..100_000);
    let _begun = begin_put(&server, "/api/v1/lists/compromised/sources/feed", 2 * body.len(), &body);
    std::thread::sleep(Duration::from_millis(50));
    server.signal("TERM");
    assert_eq!(server.wait(Duration::from_secs(3)), Some(0), "{}", server.log());
}

#[test]
fn answers_go_on_during_an_import() {
    let server = TestServer::start();
    server.put("dynamic", "isp", "198.51.100.0/24").ok();
    std::thread::scope(|scope| {
        let import = scope.spawn(|| server.put("compromised", "feed", &hosts(0..1_000_000)).ok());
        let mut asked = 0;
        while !import.is_finished() || asked < 100 {
            assert_eq!(server.address("198.51.100.1", "bl.test"), "127.0.0.10");
            asked += 1;
        }
        import.join().unwrap();
    });
}

#[test]
fn a_gzip_body_is_read_as_it_streams() {
    let server = TestServer::start();
    let plain = server.home.join("list");
    std::fs::write(&plain, hosts(0..60_000)).unwrap();
    assert!(std::process::Command::new("gzip").arg(&plain).status().unwrap().success());
    let body = std::fs::read(plain.with_extension("gz")).unwrap();
    let path = "/api/v1/lists/compromised/sources/feed";
    let reply = server.call_as(Some(&server.token), "PUT", path, &body, &[("Content-Encoding", "gzip")]);
    assert_eq!(reply.ok()["added"], 60_000);
    let reply =
        server.call_as(Some(&server.token), "PUT", path, &body[..body.len() / 2], &[("Content-Encoding", "gzip")]);
    assert!(matches!(reply.status, 400 | 422), "{} {}", reply.status, reply.text);
    let reply = server.call_as(Some(&server.token), "PUT", path, &body, &[("Content-Encoding", "br")]);
    assert_eq!(reply.status, 415);
    assert_eq!(count(&server, "compromised", "feed"), 60_000);
}
