//! The rules by which lists change, as their users meet them: over HTTP in, over DNS out.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on ends there")]

mod support;

use serde_json::json;
use socket2::{Domain, Socket, Type};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};
use support::{TestServer, wire::TXT};

/// Warmshowers #240: a server exempted from a dynamic range was listed again when its provider imported the range anew.
#[test]
fn an_exempted_server_stays_exempt_when_its_provider_imports_the_range_again() {
    let server = TestServer::start();
    server.put("dynamic", "isp", "198.51.100.0/24").ok();
    server.exclude("dynamic", "operator", "198.51.100.25").ok();
    assert_eq!(server.address("198.51.100.25", "bl.test"), "NXDOMAIN");

    server.put("dynamic", "isp", "198.51.100.0/24\n203.0.113.0/24").ok();

    assert_eq!(server.address("198.51.100.25", "bl.test"), "NXDOMAIN");
    assert_eq!(server.address("198.51.100.26", "bl.test"), "127.0.0.10");
    assert_eq!(server.address("203.0.113.1", "bl.test"), "127.0.0.10");
}

#[test]
fn the_most_specific_key_decides_and_an_exclusion_holds_against_wider_keys_only() {
    let server = TestServer::start();
    server.put("dynamic", "isp", "198.51.100.0/24\n!198.51.100.0/25\n198.51.100.7").ok();
    assert_eq!(server.address("198.51.100.7", "bl.test"), "127.0.0.10");
    assert_eq!(server.address("198.51.100.8", "bl.test"), "NXDOMAIN");
    assert_eq!(server.address("198.51.100.200", "bl.test"), "127.0.0.10");
}

#[test]
fn what_never_holds_no_list_matches_however_specific() {
    let server = TestServer::start();
    server
        .call(
            "POST",
            "/api/v1/lists/never/entries",
            &json!({"key": "198.51.100.0/28", "source": "operator"}).to_string(),
        )
        .ok();
    let refused = server.put("dynamic", "isp", "198.51.100.0/24\n198.51.100.7");
    assert_eq!(refused.status, 409, "{}", refused.text);
    server.call("PUT", "/api/v1/lists/dynamic/sources/isp?force=true", "198.51.100.0/24\n198.51.100.7").ok();
    assert_eq!(server.address("198.51.100.7", "bl.test"), "NXDOMAIN");
    assert_eq!(server.address("198.51.100.17", "bl.test"), "127.0.0.10");
    assert_eq!(
        server
            .call(
                "POST",
                "/api/v1/lists/dynamic/entries",
                &json!({"key": "10.1.2.3", "source": "operator"}).to_string()
            )
            .status,
        409
    );
    server.call("DELETE", "/api/v1/lists/never/entries?key=198.51.100.0/28&source=operator", "").ok();
    assert_eq!(server.address("198.51.100.7", "bl.test"), "127.0.0.10");
}

#[test]
fn a_change_is_served_when_it_is_answered() {
    let server = TestServer::start();
    for n in 1..100 {
        let key = format!("198.51.100.{n}");
        let reply = server.add("compromised", "operator", &key).ok();
        assert_eq!(server.address(&key, "bl.test"), "127.0.0.4", "{reply}");
        let reply =
            server.call("DELETE", &format!("/api/v1/lists/compromised/entries?key={key}&source=operator"), "").ok();
        assert_eq!(server.address(&key, "bl.test"), "NXDOMAIN", "{reply}");
    }
}

#[test]
fn serials_rise_by_one_a_commit_and_a_refused_change_uses_none() {
    let server = TestServer::start();
    let first = server.put("dynamic", "isp", "198.51.100.0/24").ok()["serial"].as_u64().unwrap();
    assert_eq!(server.put("dynamic", "isp", "198.51.100.0/24\nnonsense").status, 422);
    assert_eq!(server.put("nolist", "isp", "198.51.100.0/24").status, 404);
    let second = server.put("dynamic", "isp", "198.51.100.0/24").ok();
    assert_eq!(second["serial"].as_u64().unwrap(), first + 1, "an import that confirms is a commit too");
    assert_eq!((second["added"].as_u64(), second["unchanged"].as_u64()), (Some(0), Some(1)));
}

#[test]
fn a_wrong_line_rejects_the_whole_body_and_says_where() {
    let server = TestServer::start();
    server.put("dynamic", "isp", "198.51.100.0/24").ok();
    let reply = server.put("dynamic", "isp", "203.0.113.0/24\n  203.0.113.1/24\n192.0.2.0/24");
    assert_eq!((reply.status, reply.kind.as_str()), (422, "application/problem+json"));
    let answer = reply.json();
    let rejected = &answer["rejected"][0];
    assert_eq!((rejected["line"].as_u64(), rejected["column"].as_u64()), (Some(2), Some(3)), "{answer}");
    assert!(rejected["error"].as_str().unwrap().contains("203.0.113.0/24"), "{answer}");
    assert_eq!(answer["rejected_count"], 1);
    assert_eq!(server.address("203.0.113.1", "bl.test"), "NXDOMAIN", "nothing changed");
    let skipped =
        server.call("PUT", "/api/v1/lists/dynamic/sources/isp?skip_invalid=true", "203.0.113.0/24\nnonsense").ok();
    assert_eq!(skipped["rejected_count"], 1);
    assert_eq!(server.address("203.0.113.1", "bl.test"), "127.0.0.10");
}

#[test]
fn an_import_that_loses_most_of_its_keys_needs_force() {
    let server = TestServer::start();
    let lines = |n: usize| (0..n).map(|i| format!("198.51.{}.{}\n", i / 250, i % 250)).collect::<String>();
    server.put("compromised", "feed", &lines(200)).ok();
    let refused = server.put("compromised", "feed", &lines(139));
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("force"), "{}", refused.text);
    server.put("compromised", "feed", &lines(141)).ok();
    assert_eq!(server.put("compromised", "feed", &lines(120)).status, 409, "measured from the beginning of its day");
    server.call("PUT", "/api/v1/lists/compromised/sources/feed?force=true", "198.51.0.1").ok();
    assert_eq!(server.put("dynamic", "isp", "0.0.0.0/0").status, 409, "wider than the list allows");
}

#[test]
fn a_source_owns_its_entries_and_an_import_touches_no_others() {
    let server = TestServer::start();
    server.put("compromised", "one", "198.51.100.1\n198.51.100.2").ok();
    server.put("compromised", "two", "198.51.100.2\n198.51.100.3").ok();
    server.put("compromised", "one", "198.51.100.1").ok();
    assert_eq!(server.address("198.51.100.2", "bl.test"), "127.0.0.4");
    let nothing = server.call("DELETE", "/api/v1/lists/compromised/entries?key=198.51.100.3&source=one", "").ok();
    assert_eq!(nothing["still_listed_by"][0]["source"], "two");
    server.call("DELETE", "/api/v1/lists/compromised/sources/two", "").ok();
    assert_eq!(server.address("198.51.100.2", "bl.test"), "NXDOMAIN");
}

#[test]
fn undo_brings_back_what_a_source_held_also_after_a_restart() {
    let mut server = TestServer::start();
    server.put("dynamic", "isp", "198.51.100.0/24").ok();
    server.put("dynamic", "isp", "203.0.113.0/24").ok();
    server.kill_and_restart();
    server.call("POST", "/api/v1/lists/dynamic/sources/isp/undo", "").ok();
    assert_eq!(server.address("198.51.100.1", "bl.test"), "127.0.0.10");
    assert_eq!(server.address("203.0.113.1", "bl.test"), "NXDOMAIN");
    assert_eq!(server.call("POST", "/api/v1/lists/dynamic/sources/isp/undo", "").status, 409);
}

#[test]
fn own_codes_and_texts_are_answered_where_the_list_allows_them() {
    let server = TestServer::start();
    let entry = json!({"key": "198.51.100.9", "source": "feed", "code": "127.0.0.5", "text": "a worm on {address}"});
    server.call("POST", "/api/v1/lists/compromised/entries", &entry.to_string()).ok();
    assert_eq!(server.address("198.51.100.9", "bl.test"), "127.0.0.5");
    assert_eq!(
        server.ask("9.100.51.198.bl.test", TXT).text().unwrap(),
        "a worm on 198.51.100.9 http://bl.test/198.51.100.9"
    );
    let wrong = json!({"key": "198.51.100.9", "source": "feed", "code": "127.0.0.77"});
    assert_eq!(server.call("POST", "/api/v1/lists/compromised/entries", &wrong.to_string()).status, 422);
    let wrong = json!({"key": "198.51.100.9", "source": "feed", "text": "mine"});
    assert_eq!(server.call("POST", "/api/v1/lists/relay/entries", &wrong.to_string()).status, 422);
}

#[test]
fn an_end_of_its_own_ends_an_entry() {
    let server = TestServer::start();
    let entry = json!({"key": "198.51.100.9", "source": "feed", "expires": "2s"});
    server.call("POST", "/api/v1/lists/compromised/entries", &entry.to_string()).ok();
    assert_eq!(server.address("198.51.100.9", "bl.test"), "127.0.0.4");
    support::eventually("the entry is gone", Duration::from_secs(10), || {
        server.address("198.51.100.9", "bl.test") == "NXDOMAIN"
    });
    let history = server.call("GET", "/api/v1/history/198.51.100.9", "");
    assert!(history.text.contains("compromised"), "{}", history.text);
}

#[test]
fn an_explanation_names_list_source_reason_and_the_records_text() {
    let server = TestServer::start();
    server.put("compromised", "trap", "198.51.100.7 connected to a trap\n").ok();
    server.put("dynamic", "isp", "198.51.100.0/24").ok();
    server.exclude("dynamic", "operator", "198.51.100.7").ok();
    let found = server.get("/api/v1/lookup/198.51.100.7").ok();
    assert_eq!((found["listed"].as_bool(), found["matches"].as_array().unwrap().len()), (Some(true), 1), "{found}");
    let entry = &found["matches"][0];
    assert_eq!((entry["list"].as_str(), entry["source"].as_str()), (Some("compromised"), Some("trap")));
    assert_eq!(entry["reason"], "connected to a trap");
    assert_eq!(entry["text"].as_str().unwrap(), server.ask("7.100.51.198.compromised.bl.test", TXT).text().unwrap());
    assert!(found["excluded_by"].to_string().contains("operator"), "{found}");
    assert_eq!(found["zones"][0]["origin"], "bl.test");
    assert_eq!(server.get("/api/v1/lookup/198.51.100.0%2F24").status, 400);
    assert_eq!(server.get("/api/v1/lookup/someone@example.org").status, 400);
}

/// Says these lines to the inbox from this address; the codes of its replies.
fn say(from: &str, inbox: SocketAddr, lines: &[&str]) -> Vec<String> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&format!("{from}:0").parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.connect_timeout(&inbox.into(), Duration::from_secs(5)).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all((lines.join("\r\n") + "\r\nQUIT\r\n").as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said.lines().map(|line| line[..3].to_owned()).collect()
}

#[test]
fn a_mail_to_a_trap_lists_who_hands_it_over_and_nobody_that_it_names() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let rule = "\n[list.reports]\nthreshold = 2\n[[list]]\nname = \"relay\"";
    let trap = format!(
        "\n[retest]\nehlo = \"mx.bl.test\"\ncontact = \"postmaster@bl.test\"\ninbox_listen = \"{free}\"\ntrap_domains = [\"trap.test\"]\n"
    );
    let server = TestServer::with(&(support::CONFIG.replacen("[[list]]\nname = \"relay\"", rule, 1) + &trap));
    // Loopback is all there is to send from; nothing else of it may be listed.
    let hole = json!({ "key": "127.0.0.9", "source": "operator", "exclude": true }).to_string();
    server.call("POST", "/api/v1/lists/never/entries", &hole).ok();
    let mail = |to: &str, sender: &str| {
        let (from, to) = (format!("MAIL FROM:<{sender}>"), format!("RCPT TO:<{to}>"));
        let body = "Received: from mail.example ([198.51.100.7])\r\nSubject: buy\r\n\r\nnow\r\n.";
        say("127.0.0.9", free, &["HELO [198.51.100.7]", &from, &to, "DATA", body])
    };
    for (to, sender) in [("x@other.test", "a@example.org"), ("abuse@trap.test", "a@example.org"), ("x@trap.test", "")] {
        assert_eq!(mail(to, sender)[3], "550", "{to} from <{sender}>");
    }
    assert_eq!(server.address("127.0.0.9", "bl.test"), "NXDOMAIN");
    assert_eq!(mail("x@trap.test", "a@example.org")[2..], ["250", "250", "354", "250", "221"]);
    assert_eq!(server.address("127.0.0.9", "bl.test"), "127.0.0.4");
    assert_eq!(server.address("198.51.100.7", "bl.test"), "NXDOMAIN");
}

#[test]
fn who_may_not_is_refused() {
    let server = TestServer::start();
    let token = |scopes: serde_json::Value| {
        let body = json!({ "name": "t", "scopes": scopes }).to_string();
        let made = server.call("POST", "/api/v1/tokens", &body);
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["token"].as_str().unwrap().to_owned()
    };
    let feed = token(json!(["write:compromised/feed"]));
    let call = |token: &str, method: &str, path: &str, body: &str| {
        server.call_as(Some(token), method, path, body.as_bytes(), &[]).status
    };
    assert_eq!(call(&feed, "PUT", "/api/v1/lists/compromised/sources/feed", "198.51.100.1"), 200);
    assert_eq!(call(&feed, "PUT", "/api/v1/lists/compromised/sources/other", "198.51.100.1"), 403);
    assert_eq!(call(&feed, "PUT", "/api/v1/lists/dynamic/sources/feed", "198.51.100.1"), 403);
    assert_eq!(call(&feed, "PUT", "/api/v1/lists/compromised/sources/feed", "!198.51.100.1"), 403);
    assert_eq!(call(&feed, "PUT", "/api/v1/lists/compromised/sources/feed?force=true", "198.51.100.1"), 403);
    assert_eq!(call(&feed, "GET", "/api/v1/lists/compromised/entries?source=feed", ""), 200);
    assert_eq!(call(&feed, "GET", "/api/v1/lists/compromised/entries", ""), 403);
    assert_eq!(call(&feed, "POST", "/api/v1/tokens", "{}"), 403);
    assert_eq!(call("nonsense", "GET", "/api/v1/status", ""), 401);
    assert_eq!(server.call_as(None, "GET", "/api/v1/status", b"", &[]).status, 401);
    let hole = token(json!(["exclude:compromised/feed", "write:compromised/feed"]));
    assert_eq!(call(&hole, "PUT", "/api/v1/lists/compromised/sources/feed", "!198.51.100.1"), 200);
    let reserved = token(json!(["write:*/*"]));
    for source in ["removal", "retest", "config", "network.x", "operator"] {
        assert_eq!(
            call(&reserved, "PUT", &format!("/api/v1/lists/compromised/sources/{source}"), "198.51.100.1"),
            403,
            "{source}"
        );
    }
    assert_eq!(call(&reserved, "PUT", "/api/v1/lists/never/sources/feed", "198.51.100.1"), 403, "never is for admins");
}
