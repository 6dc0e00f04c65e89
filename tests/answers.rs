//! What DNS answers: the table of DESIGN 4.4, asked over real sockets.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on ends there")]

mod support;

use support::{
    Answer, TestServer, query, reversed,
    wire::{self, A, AAAA, ANY, NS, SOA, TXT},
};

fn filled() -> TestServer {
    let server = TestServer::start();
    server.put("dynamic", "isp", "198.51.100.0/24\n!198.51.100.25\n203.0.113.0/24\n2001:db8:1::/48\n").ok();
    server.put("compromised", "feed", "198.51.100.7 seen in a trap\n192.0.2.1\n2001:db8:1::1\n").ok();
    server.put("relay", "feed", "198.51.100.7\n").ok();
    server.put("bad-names", "feed", "bad.example\n*.wild.example\n=only.example\nxn--bcher-kva.example\n").ok();
    server.put("bad-mailboxes", "feed", "Someone@Example.org\n").ok();
    server
}

#[test]
fn an_address_gets_the_codes_of_its_lists_in_the_zones_order() {
    let server = filled();
    assert_eq!(server.address("198.51.100.7", "bl.test"), "127.0.0.4 127.0.0.2 127.0.0.10");
    assert_eq!(server.address("198.51.100.8", "bl.test"), "127.0.0.10");
    assert_eq!(server.address("198.51.100.25", "bl.test"), "NXDOMAIN");
    assert_eq!(server.address("192.0.3.1", "bl.test"), "NXDOMAIN");
    assert_eq!(server.address("2001:db8:1::1", "bl.test"), "127.0.0.4 127.0.0.10");
    assert_eq!(server.address("2001:db8:2::1", "bl.test"), "NXDOMAIN");
    assert_eq!(server.address("198.51.100.7", "relay.bl.test"), "127.0.0.2");
    assert_eq!(server.address("198.51.100.8", "relay.bl.test"), "NXDOMAIN");
}

#[test]
fn ttls_are_those_of_the_zone_and_negative_answers_carry_its_soa() {
    let server = filled();
    let listed = server.ask(&reversed("198.51.100.7", "bl.test"), A);
    assert!(listed.answers.iter().all(|r| r.ttl == 300), "{listed:?}");
    assert_eq!(listed.flags & 0x8400, 0x8400, "QR and AA");
    let negative = server.ask(&reversed("192.0.3.1", "bl.test"), A);
    let soa = &negative.authority[0];
    assert_eq!((soa.name.as_str(), soa.rtype, soa.ttl), ("bl.test", SOA, 60));
}

#[test]
fn the_text_says_why_in_one_string_with_the_address_of_the_page() {
    let server = filled();
    let text = |name: &str| server.ask(name, TXT).text();
    assert_eq!(
        text("7.100.51.198.bl.test").unwrap(),
        "198.51.100.7 is controlled by someone else; also relay, dynamic http://bl.test/198.51.100.7"
    );
    assert_eq!(
        text("7.100.51.198.relay.bl.test").unwrap(),
        "198.51.100.7 relays for anyone http://bl.test/198.51.100.7"
    );
    assert_eq!(text("mail.bad.example.dbl.test").unwrap(), "bad.example is a bad name http://bl.test/bad.example");
    assert_eq!(text("25.100.51.198.bl.test"), None);
}

#[test]
fn listed_names_reach_as_far_as_their_sign_says() {
    let server = filled();
    for (name, answer) in [
        ("bad.example", "127.0.1.2"),
        ("a.b.bad.example", "127.0.1.2"),
        ("wild.example", "NODATA"),
        ("a.wild.example", "127.0.1.2"),
        ("only.example", "127.0.1.2"),
        ("a.only.example", "NXDOMAIN"),
        ("XN--BCHER-KVA.example", "127.0.1.2"),
        ("example", "NODATA"),
        ("good.example", "NXDOMAIN"),
        ("test", "127.0.1.2"),
        ("a.test", "127.0.1.2"),
        ("invalid", "NXDOMAIN"),
    ] {
        assert_eq!(server.a(&format!("{name}.dbl.test")), answer, "{name}");
        assert_eq!(server.a(&format!("{name}.bad-names.dbl.test")), answer, "{name} in the sublist");
    }
}

#[test]
fn a_mail_address_is_found_by_its_hash_alone() {
    let server = filled();
    let asked = server.call("GET", "/api/v1/lists/bad-mailboxes/export", "").text;
    // SHA-1 of "someone@example.org"
    let held = "2f2cf2c9f255479ae8ca97d951347bab94ac4c70";
    assert!(asked.contains(held), "{asked}");
    assert!(!asked.contains('@'), "{asked}");
    assert_eq!(server.a(&format!("{held}.hbl.test")), "127.0.1.20");
    assert_eq!(server.a(&format!("{}.hbl.test", held.to_uppercase())), "127.0.1.20");
    assert_eq!(server.a(&format!("{}.hbl.test", "0".repeat(40))), "NXDOMAIN");
}

/// rbldnsd issue 17: NXDOMAIN above a listed name makes resolvers that minimise names (RFC 9156) miss the listing.
#[test]
fn every_name_above_something_listed_is_an_empty_non_terminal() {
    let server = filled();
    for zone in ["bl.test", "relay.bl.test", "compromised.bl.test"] {
        for partial in ["198", "51.198", "100.51.198"] {
            for qtype in [A, TXT, NS, AAAA] {
                let answer = server.ask(&format!("{partial}.{zone}"), qtype);
                assert_eq!(answer.summary(), "NODATA", "{partial}.{zone} {qtype}");
            }
        }
    }
    assert_eq!(server.a("203.bl.test"), "NODATA");
    assert_eq!(server.a("203.relay.bl.test"), "NXDOMAIN", "nothing of this sublist is below");
    assert_eq!(server.a("113.0.203.dynamic.bl.test"), "NODATA");
    let v6 = reversed("2001:db8:1::1", "bl.test");
    for (dots, _) in v6.match_indices('.').take(31) {
        let partial = &v6[dots + 1..];
        assert_eq!(server.a(partial), "NODATA", "{partial}");
    }
    assert_eq!(server.a("5.7.100.51.198.bl.test"), "NXDOMAIN", "below a full address");
}

#[test]
fn a_range_cut_out_whole_leaves_no_empty_non_terminal() {
    let server = TestServer::start();
    server.put("dynamic", "isp", "198.51.100.0/24\n!198.51.100.0/25\n!198.51.100.128/25\n2001:db8::/32\n!2001:db8::/33\n!2001:db8:8000::/33\n").ok();
    for name in ["198", "51.198", "100.51.198", "1.100.51.198", "8.b.d.0.1.0.0.2", "1.0.0.2"] {
        assert_eq!(server.a(&format!("{name}.dynamic.bl.test")), "NXDOMAIN", "{name}");
    }
}

#[test]
fn test_points_beat_entries_and_never() {
    let server = filled();
    assert_eq!(server.address("127.0.0.2", "bl.test"), "127.0.0.4 127.0.0.2 127.0.0.10");
    assert_eq!(server.address("127.0.0.2", "dynamic.bl.test"), "127.0.0.10");
    assert_eq!(server.address("127.0.0.10", "bl.test"), "127.0.0.10");
    assert_eq!(server.address("127.0.0.1", "bl.test"), "NXDOMAIN");
    assert_eq!(server.address("::ffff:127.0.0.2", "bl.test"), "127.0.0.4 127.0.0.2 127.0.0.10");
    assert_eq!(server.address("::ffff:127.0.0.1", "bl.test"), "NXDOMAIN");
    assert!(server.ask("2.0.0.127.bl.test", TXT).text().expect("a text").to_lowercase().contains("test"));
    assert_eq!(server.a("0.0.127.bl.test"), "NODATA");
    let noemail = "1ffff7d2d2b7f100df95b70e659c88e5b38ec4e6";
    assert_eq!(server.a(&format!("{noemail}.hbl.test")), "127.0.1.20");
}

#[test]
fn mapped_and_6to4_names_are_answered_from_the_v4_entries() {
    let server = filled();
    assert_eq!(server.address("::ffff:198.51.100.8", "bl.test"), "127.0.0.10");
    assert_eq!(server.address("2002:c633:6408::1", "bl.test"), "127.0.0.10");
    assert_eq!(server.address("2002:c000:301::1", "bl.test"), "NXDOMAIN");
    assert_eq!(server.a("2.0.0.2.bl.test"), "NODATA", "above listed v4 entries");
}

#[test]
fn labels_that_are_no_address_are_not_found() {
    let server = filled();
    for name in ["002.0.0.127", "256.0.0.1", "1.8.100.51.198.1", "x", "+1.100.51.198", "8.100.51.0198", "g.0.0.2"] {
        assert_eq!(server.a(&format!("{name}.bl.test")), "NXDOMAIN", "{name}");
    }
    let upper = reversed("2001:db8:1::1", "").to_uppercase();
    assert_eq!(server.a(&format!("{upper}BL.Test")), "127.0.0.4 127.0.0.10");
}

#[test]
fn the_questions_own_case_comes_back() {
    let server = filled();
    let answer = server.ask("7.100.51.198.bL.TeSt", A);
    assert_eq!(answer.question.expect("echoed").0, "7.100.51.198.bL.TeSt");
}

#[test]
fn a_listed_name_has_no_other_types() {
    let server = filled();
    for qtype in [AAAA, NS, SOA, 15, 1000, 65_280] {
        let answer = server.ask("8.100.51.198.bl.test", qtype);
        assert_eq!((answer.summary().as_str(), answer.answers.len()), ("NODATA", 0), "{qtype}");
    }
    let any = server.ask("8.100.51.198.bl.test", ANY);
    assert_eq!((any.summary().as_str(), any.answers.len()), ("127.0.0.10", 1), "RFC 8482");
}

#[test]
fn the_apex_has_its_records_and_the_sublist_none() {
    let server = filled();
    let soa = server.ask("bl.test", SOA);
    assert_eq!(soa.answers.len(), 1);
    let ns = server.ask("bl.test", NS);
    let servers: Vec<_> = ns.answers.iter().map(|r| String::from_utf8_lossy(&r.data).into_owned()).collect();
    assert_eq!(servers, ["ns1.bl.test", "ns2.example.org"]);
    assert!(ns.additional.iter().any(|r| r.name == "ns1.bl.test" && r.data == [192, 0, 2, 53]), "{ns:?}");
    assert_eq!(server.a("bl.test"), "192.0.2.80");
    assert_eq!(server.ask("bl.test", TXT).text().unwrap(), "the zone's own text");
    assert_eq!(server.a("ns1.bl.test"), "192.0.2.53");
    assert_eq!(server.ask("ns1.bl.test", AAAA).answers.len(), 1);
    assert_eq!(server.a("relay.bl.test"), "NODATA");
    assert_eq!(server.a("dbl.test"), "NODATA");
}

#[test]
fn the_serial_of_a_zone_moves_with_what_it_serves_and_no_further() {
    let server = filled();
    let serial = |zone: &str| {
        let data = server.ask(zone, SOA).answers[0].data.clone();
        u32::from_be_bytes(data[data.len() - 20..data.len() - 16].try_into().unwrap())
    };
    let (addresses, names) = (serial("bl.test"), serial("dbl.test"));
    server.add("dynamic", "operator", "192.0.2.77").ok();
    assert!(serial("bl.test") > addresses);
    assert_eq!(serial("dbl.test"), names);
}

#[test]
fn other_zones_are_refused_with_the_reason() {
    let server = filled();
    let answer = Answer::read(&server.exchange(&query("example.org", A, &wire::opt(1232, 0, 0, &[]))).unwrap());
    assert_eq!(answer.rcode, 5);
    assert_eq!(answer.opt().expect("an OPT").data[..6], [0, 15, 0, 2, 0, 20], "EDE 20");
    for qtype in [251, 252] {
        assert_eq!(server.ask_tcp("bl.test", qtype).rcode, 5, "transfers come later");
    }
}

#[test]
fn edns_is_answered_by_its_rules() {
    let server = filled();
    let ask =
        |additional: &[u8]| Answer::read(&server.exchange(&query("8.100.51.198.bl.test", A, additional)).unwrap());
    assert!(ask(&[]).opt().is_none());
    let plain = ask(&wire::opt(4096, 0, 0, &[]));
    assert_eq!((plain.summary().as_str(), plain.opt().unwrap().class), ("127.0.0.10", 1232));
    let version = ask(&wire::opt(1232, 1, 0, &[]));
    let record = version.opt().expect("an OPT");
    assert_eq!((version.rcode, record.ttl >> 24, record.ttl >> 16 & 255), (0, 1, 0), "BADVERS, version 0");
    let nsid = ask(&wire::opt(1232, 0, 0, &[(3, b"")]));
    assert_eq!(nsid.opt().unwrap().data, [&[0, 3, 0, 11], &b"test-server"[..]].concat());
    let unknown = ask(&wire::opt(1232, 0, 0x8000, &[(65_001, b"xyz"), (10, b"12345678")]));
    assert_eq!(unknown.summary(), "127.0.0.10");
    assert!(unknown.opt().unwrap().data.is_empty(), "unknown options are not echoed");
    assert_eq!(unknown.opt().unwrap().ttl, 0x8000, "DO is copied");
    let twice = [wire::opt(1232, 0, 0, &[]), wire::opt(1232, 0, 0, &[])].concat();
    let mut message = query("8.100.51.198.bl.test", A, &twice);
    message[11] = 2;
    assert_eq!(Answer::read(&server.exchange(&message).unwrap()).rcode, 1, "two OPT");
}

#[test]
fn broken_messages_get_what_the_table_says() {
    let server = filled();
    let good = query("8.100.51.198.bl.test", A, &[]);
    let with = |at: usize, value: u8| {
        let mut message = good.clone();
        message[at] = value;
        server.exchange(&message)
    };
    assert_eq!(with(2, 0x80), None, "a response is dropped");
    for opcode in [1, 2, 4, 5, 15] {
        let answer = Answer::read(&with(2, opcode << 3).unwrap());
        assert_eq!((answer.rcode, answer.flags >> 11 & 15), (4, u16::from(opcode)), "NOTIMP keeps the opcode");
    }
    assert_eq!(Answer::read(&with(5, 2).unwrap()).rcode, 1, "two questions");
    assert_eq!(with(5, 0).map(|b| Answer::read(&b).rcode), Some(1), "no question");
    let class = good.len() - 1;
    assert_eq!(Answer::read(&with(class, 4).unwrap()).rcode, 5, "class HS");
    for length in 0..12 {
        assert_eq!(server.exchange(&good[..length]), None, "{length} octets");
    }
    for length in 12..good.len() {
        let answer = server.exchange(&good[..length]).expect("an answer");
        assert_eq!((answer[3] & 15, answer[2] & 0x80), (1, 0x80), "{length} octets: FORMERR");
    }
}

#[test]
fn flags_are_answered_as_rfc_8906_wants() {
    let server = filled();
    let with_flags = |high: u8, low: u8| {
        let mut message = query("8.100.51.198.bl.test", A, &[]);
        (message[2], message[3]) = (high, low);
        Answer::read(&server.exchange(&message).unwrap()).flags
    };
    assert_eq!(with_flags(1, 0x10), 0x8500, "RD is copied, CD ignored, RA is 0");
    assert_eq!(with_flags(0, 0x20), 0x8400, "AD is not echoed");
    assert_eq!(with_flags(0, 0x40), 0x8400, "Z is zeroed");
}

#[test]
fn tcp_answers_as_udp_does() {
    let server = filled();
    for name in ["7.100.51.198.bl.test", "51.198.bl.test", "1.2.3.4.bl.test", "bl.test", "bad.example.dbl.test"] {
        for qtype in [A, TXT, SOA, NS] {
            let (udp, tcp) = (server.ask(name, qtype), server.ask_tcp(name, qtype));
            assert_eq!(format!("{udp:?}"), format!("{tcp:?}"), "{name} {qtype}");
        }
    }
}
