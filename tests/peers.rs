//! Real peers: what operators run in front of and beside the program. `ops/test` installs and runs them.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on ends there")]

mod support;

use std::{
    net::{SocketAddr, UdpSocket},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use support::{Answer, TestServer, query, reversed, wire::A};

fn output(words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).output().unwrap_or_else(|e| panic!("{words:?}: {e}"));
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(words: &[&str], log: &Path) -> Running {
    let log = std::fs::File::create(log).unwrap();
    let child = Command::new(words[0]).args(&words[1..]).stdout(Stdio::null()).stderr(log).spawn();
    Running(child.unwrap_or_else(|e| panic!("{words:?}: {e}")))
}

/// Asks another server; waits until it answers at all.
fn ask(server: SocketAddr, name: &str) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let mut buffer = [0; 4096];
    let mut message = query(name, A, &[]);
    message[2] = 1;
    for _ in 0..40 {
        socket.send_to(&message, server).unwrap();
        match socket.recv(&mut buffer) {
            Ok(length) => return Answer::read(&buffer[..length]).summary(),
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    panic!("{server} does not answer")
}

fn filled() -> TestServer {
    let server = TestServer::start();
    server.put("dynamic", "isp", "198.51.100.0/24\n!198.51.100.25\n2001:db8:1::/48\n").ok();
    server.put("compromised", "feed", "203.0.113.77\n").ok();
    server.put("bad-names", "feed", "deep.bad.example\n").ok();
    server
}

#[test]
#[ignore = "needs bind9-dnsutils and knot-dnsutils"]
fn peers_dig_and_kdig_are_answered() {
    let server = filled();
    let port = server.dns.port().to_string();
    for extra in ["+notcp", "+tcp", "+noedns", "+bufsize=512", "+dnssec", "+nocookie", "+nsid"] {
        let said = output(&["dig", "@127.0.0.1", "-p", &port, "+norecurse", extra, "1.100.51.198.bl.test", "A"]);
        assert!(said.contains("127.0.0.10") && said.contains("NOERROR") && !said.contains("WARNING"), "{extra} {said}");
    }
    let said = output(&["dig", "@127.0.0.1", "-p", &port, "+edns=1", "+noednsneg", "1.100.51.198.bl.test", "A"]);
    assert!(said.contains("BADVERS"), "{said}");
    for extra in ["+notcp", "+tcp", "+nsid", "+dnssec"] {
        let said = output(&["kdig", "@127.0.0.1", "-p", &port, "+norec", extra, "1.100.51.198.bl.test", "TXT"]);
        assert!(said.contains("198.51.100.1 is in a dynamic range") && !said.contains(";; WARNING"), "{extra} {said}");
    }
}

/// RFC 9156: a resolver that asks for one label more at a time has to find every listing.
#[test]
#[ignore = "needs unbound"]
fn peers_unbound_with_strict_name_minimisation_finds_every_listing() {
    let server = filled();
    let port = free_port();
    let stubs: String = ["bl.test", "dbl.test"]
        .map(|zone| format!("stub-zone:\n name: {zone}\n stub-addr: 127.0.0.1@{}\n", server.dns.port()))
        .concat();
    let config = server.home.join("unbound.conf");
    let text = format!(
        "server:\n interface: 127.0.0.1\n port: {port}\n do-daemonize: no\n username: \"\"\n chroot: \"\"\n directory: \"{0}\"\n \
         pidfile: \"\"\n use-syslog: no\n do-not-query-localhost: no\n qname-minimisation: yes\n qname-minimisation-strict: yes\n \
         harden-below-nxdomain: yes\n aggressive-nsec: no\n module-config: \"iterator\"\n local-zone: \"test.\" transparent\n \
         local-zone: \"example.\" transparent\nremote-control:\n control-enable: no\n{stubs}",
        server.home.display()
    );
    std::fs::write(&config, text).unwrap();
    let _unbound = start(&["unbound", "-d", "-c", config.to_str().unwrap()], &server.home.join("unbound.log"));
    let unbound: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    for (name, expected) in [
        (reversed("198.51.100.1", "bl.test"), "127.0.0.10"),
        (reversed("203.0.113.77", "bl.test"), "127.0.0.4"),
        (reversed("2001:db8:1:2:3:4:5:6", "bl.test"), "127.0.0.10"),
        ("a.b.deep.bad.example.dbl.test".to_owned(), "127.0.1.2"),
        ("deep.bad.example.dbl.test".to_owned(), "127.0.1.2"),
    ] {
        // An unlisted neighbour first: an NXDOMAIN too high in the tree would now stand in the cache.
        ask(unbound, &name.replacen(['1', 'd', '6'], "0", 1));
        assert_eq!(ask(unbound, &name), expected, "{name}");
    }
    for address in ["198.51.100.25", "192.0.2.1", "2001:db8:2::1"] {
        assert!(ask(unbound, &reversed(address, "bl.test")).starts_with("NXDOMAIN"), "{address}");
    }
}

/// Debian's rbldnsd over the same data says the same of full look-up names.
#[test]
#[ignore = "needs rbldnsd"]
fn peers_rbldnsd_with_the_same_ranges_lists_the_same_addresses() {
    let server = TestServer::start();
    let ranges = "198.51.100.0/24\n!198.51.100.0/26\n198.51.100.7\n203.0.112.0/20\n!203.0.113.77\n192.0.2.64/27\n";
    server.put("dynamic", "isp", ranges).ok();
    let data = server.home.join("ranges");
    let head = "$SOA 60 ns1.bl.test hostmaster.bl.test 1 600 300 86400 60\n$NS 300 ns1.bl.test\n:127.0.0.10:listed\n";
    std::fs::write(&data, head.to_owned() + ranges).unwrap();
    let port = free_port();
    let listen = format!("127.0.0.1/{port}");
    let zone = format!("bl.test:ip4trie:{}", data.display());
    let _rbldnsd =
        start(&["rbldnsd", "-n", "-u", "nobody", "-r", "/", "-b", &listen, &zone], &server.home.join("rbldnsd.log"));
    let rbldnsd: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    let export = server.call("GET", "/api/v1/lists/dynamic/export?format=rbldnsd", "").text;
    assert!(export.contains("198.51.100.0/24"), "{export}");
    for third in [100, 112, 113, 127, 128] {
        for fourth in 0..=255 {
            for (first, second) in [(198, 51), (203, 0), (192, 0)] {
                let third = if first == 192 { 2 } else { third };
                let name = reversed(&format!("{first}.{second}.{third}.{fourth}"), "bl.test");
                let theirs = ask(rbldnsd, &name).replace(" without SOA", "");
                assert_eq!(server.a(&name), theirs, "{name}");
            }
        }
    }
}

/// A mirror: what a zone exports, served by Debian's rbldnsd, lists what we list, the holes of `never` included.
#[test]
#[ignore = "needs rbldnsd"]
fn peers_rbldnsd_serves_an_exported_zone_as_we_do() {
    let server = TestServer::start();
    server.put("dynamic", "isp", "198.51.100.0/24 pool\n!198.51.100.25\n").ok();
    server.put("compromised", "feed", "198.51.100.7\n203.0.113.9\n").ok();
    let never = serde_json::json!({"key": "203.0.113.0/28", "source": "operator"}).to_string();
    server.call("POST", "/api/v1/lists/never/entries", &never).ok();
    let export = server.call("GET", "/api/v1/zones/bl.test/export?format=rbldnsd", "");
    assert_eq!(export.status, 200, "{}", export.text);
    let data = server.home.join("zone");
    std::fs::write(&data, &export.text).unwrap();
    let port = free_port();
    let listen = format!("127.0.0.1/{port}");
    let zone = format!("bl.test:combined:{}", data.display());
    let _rbldnsd =
        start(&["rbldnsd", "-n", "-u", "nobody", "-r", "/", "-b", &listen, &zone], &server.home.join("rbldnsd.log"));
    let rbldnsd: SocketAddr = format!("127.0.0.1:{port}").parse().unwrap();
    let sorted = |answer: String| {
        let mut codes: Vec<String> = answer.replace(" without SOA", "").split(' ').map(str::to_owned).collect();
        codes.sort();
        codes.join(" ")
    };
    for address in
        ["198.51.100.7", "198.51.100.8", "198.51.100.25", "203.0.113.9", "203.0.113.17", "127.0.0.2", "192.0.2.1"]
    {
        for zone in ["bl.test", "dynamic.bl.test", "compromised.bl.test"] {
            let name = reversed(address, zone);
            assert_eq!(sorted(ask(rbldnsd, &name)), sorted(server.a(&name)), "{name} in\n{}", export.text);
        }
    }
}

/// A mail server refuses a listed client with the text that names the page.
#[test]
#[ignore = "needs root and postfix"]
fn peers_postfix_refuses_a_listed_client_and_takes_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("postfix");
    for part in ["queue", "data", "etc"] {
        std::fs::create_dir_all(home.join(part)).unwrap();
    }
    // Postfix asks the system's resolver, which knows port 53 only: hence a network name space of its own.
    let script = include_str!("support/postfix.sh");
    let said = output(&["bash", "-c", script, "postfix", home.to_str().unwrap(), support::PROGRAM]);
    assert!(said.contains("LISTED 554") && said.contains("http://bl.test/198.51.100.7"), "{said}");
    assert!(said.contains("CLEAN 250"), "{said}");
}
