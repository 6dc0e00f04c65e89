//! The table of DESIGN 4.4, asked of [`respond`]: what is listed, the apex, EDNS, what is broken. Also the fixture of the
//! other tests of this room.

use super::*;
use crate::list::{
    Decision, HashKind, Kind, ListName, ListSettings, ListedName, MailHash, ReturnCode, Serial, Tag, TextId, Time,
};
use crate::snapshot::{HashRow, ListIndex, NameRow, Rows, Served, V4Row, V6Row, ZoneSettings};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, Record};
use std::collections::HashMap;
use std::net::Ipv4Addr;

pub(super) const A: u16 = 1;
pub(super) const NS: u16 = 2;
pub(super) const SOA: u16 = 6;
pub(super) const TXT: u16 = 16;
pub(super) const AAAA: u16 = 28;
pub(super) const ANY: u16 = 255;

/// Codes that one key of the list `many` has: 35 records go beyond 512 octets, 80 beyond 1,232.
const SOME_CODES: u8 = 35;
const MANY_CODES: u8 = 80;

/// The rows of the fixture.
struct Fixture {
    dynamic: ListIndex,
    compromised: ListIndex,
    names: ListIndex,
    hashes: ListIndex,
    many: ListIndex,
}

fn listed(codes: impl IntoIterator<Item = [u8; 4]>) -> Decision {
    let tag = |code| Tag { code: ReturnCode::try_from(Ipv4Addr::from(code)).unwrap(), text: None };
    Decision::Listed(codes.into_iter().map(tag).collect())
}

fn host(text: &str, length: u8, decision: Decision) -> V4Row {
    (u32::from(text.parse::<Ipv4Addr>().unwrap()), length, decision)
}

impl Rows for Fixture {
    fn v4(&self, of: ListIndex, first: u32, last: u32) -> Box<dyn Iterator<Item = V4Row> + Send + '_> {
        let rows = if of == self.dynamic {
            vec![
                host("198.51.100.0", 24, listed([[127, 0, 0, 10]])),
                host("198.51.100.25", 32, Decision::Excluded),
                host("203.0.113.0", 24, listed([[127, 0, 0, 10]])),
            ]
        } else if of == self.compromised {
            vec![
                host("192.0.2.1", 32, listed([[127, 0, 0, 4]])),
                host("198.51.100.7", 32, listed([[127, 0, 0, 4], [127, 0, 0, 5]])),
            ]
        } else if of == self.many {
            let codes = |count| listed((0..count).map(|last| [127, 0, 2, last]));
            vec![host("192.0.2.35", 32, codes(SOME_CODES)), host("192.0.2.80", 32, codes(MANY_CODES))]
        } else {
            Vec::new()
        };
        Box::new(rows.into_iter().filter(move |row| (first..=last).contains(&row.0)))
    }

    fn v6(&self, list: ListIndex) -> Box<dyn Iterator<Item = V6Row> + Send + '_> {
        let row = (0x2001_0db8_0001_0000_0000_0000_0000_0000, 48, listed([[127, 0, 0, 10]]));
        Box::new((list == self.dynamic).then_some(row).into_iter())
    }

    fn names(&self, list: ListIndex) -> Box<dyn Iterator<Item = NameRow> + Send + '_> {
        let rows = if list == self.names { &["bad.example", "*.wild.example"][..] } else { &[] };
        Box::new(rows.iter().map(|name| (name.parse().unwrap(), listed([[127, 0, 1, 2]]))))
    }

    fn hashes(&self, list: ListIndex) -> Box<dyn Iterator<Item = HashRow> + Send + '_> {
        let hash = MailHash::of_address(HashKind::Sha1, "someone@example.org").unwrap();
        Box::new((list == self.hashes).then(|| (hash, listed([[127, 0, 1, 20]]))).into_iter())
    }

    fn texts(&self, _: ListIndex) -> Vec<(TextId, Arc<str>)> {
        Vec::new()
    }
}

fn list(name: &str, kind: Kind, code: &str) -> Arc<ListSettings> {
    let never = ListSettings::never();
    let text = format!("{{address}} is on {name}. See {{url}}");
    let (name, code) = (name.parse().unwrap(), code.parse().unwrap());
    Arc::new(ListSettings { name, kind, code, text, ..never })
}

fn zone(origin: &str, lists: &[&str]) -> ZoneSettings {
    let name = |name: &str| name.parse::<ListedName>().unwrap();
    let lists = lists.iter().map(|list| list.parse::<ListName>().unwrap()).collect();
    ZoneSettings {
        origin: name(origin),
        lists,
        sublists_only: Vec::new(),
        ns: vec![name(&format!("ns1.{origin}")), name("ns2.example.org")],
        contact: "post.master@example.org".into(),
        ttl: "5m".parse().unwrap(),
        negative_ttl: "1m".parse().unwrap(),
        text: Some("the zone's own text".into()),
        a: vec!["192.0.2.80".parse().unwrap()],
        aaaa: vec!["2001:db8::80".parse().unwrap()],
        glue: vec![
            (name(&format!("ns1.{origin}")), vec!["192.0.2.53".parse().unwrap(), "2001:db8::53".parse().unwrap()]),
            (name(&format!("a.deep.{origin}")), vec!["2001:db8::54".parse().unwrap()]),
            (name(&format!("ns.bad.example.{origin}")), vec!["192.0.2.54".parse().unwrap()]),
        ],
        closing: None,
    }
}

/// A snapshot with a zone of each family, one that has closed, one without own addresses and glue.
pub(super) fn snapshot() -> Arc<Snapshot> {
    let lists = vec![
        list("compromised", Kind::Compromised, "127.0.0.4"),
        list("dynamic", Kind::Dynamic, "127.0.0.10"),
        list("bad-names", Kind::Domain, "127.0.1.2"),
        list("bad-mailboxes", Kind::MailHash, "127.0.1.20"),
        list("many", Kind::Spam, "127.0.2.200"),
    ];
    let closed = ZoneSettings { closing: Some(Time::from_seconds(1_000)), ..zone("closed.test", &["dynamic"]) };
    let bare = ZoneSettings {
        a: Vec::new(),
        aaaa: Vec::new(),
        glue: Vec::new(),
        text: None,
        ..zone("many.bl.test", &["many"])
    };
    let inside = ZoneSettings { glue: Vec::new(), ..zone("v4.eu.bl.test", &["dynamic"]) };
    let zones = vec![
        inside,
        zone("bl.test", &["compromised", "dynamic"]),
        zone("dbl.test", &["bad-names"]),
        zone("hbl.test", &["bad-mailboxes"]),
        closed,
        bare,
    ];
    let served = Served::new(lists, zones, "http://bl.test", Time::from_seconds(2_000));
    let index = |name: &str| served.list(&name.parse().unwrap()).unwrap();
    let rows = Fixture {
        dynamic: index("dynamic"),
        compromised: index("compromised"),
        names: index("bad-names"),
        hashes: index("bad-mailboxes"),
        many: index("many"),
    };
    Arc::new(Snapshot::build(Arc::new(served), Serial(7), &HashMap::new(), &rows, 1))
}

pub(super) fn identity() -> Arc<Identity> {
    Arc::new(Identity::new("test-server"))
}

/// A query with RD set, of class IN.
pub(super) fn query(name: &str, kind: u16) -> Vec<u8> {
    let mut message = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        message.push(label.len() as u8);
        message.extend_from_slice(label.as_bytes());
    }
    message.push(0);
    message.extend(kind.to_be_bytes());
    message.extend([0, 1]);
    message
}

/// The same with an OPT record.
pub(super) fn with_opt(mut message: Vec<u8>, payload: u16, version: u8, flags: u16, options: &[u8]) -> Vec<u8> {
    message[11] += 1;
    message.extend([0, 0, 41]);
    message.extend(payload.to_be_bytes());
    message.extend([0, version]);
    message.extend(flags.to_be_bytes());
    message.extend((options.len() as u16).to_be_bytes());
    message.extend_from_slice(options);
    message
}

struct Server {
    snapshot: Arc<Snapshot>,
    identity: Arc<Identity>,
}

impl Server {
    fn new() -> Self {
        Self { snapshot: snapshot(), identity: identity() }
    }

    fn octets(&self, message: &[u8], transport: Transport) -> (Verdict, Vec<u8>) {
        let mut out = b"left over from the last answer".to_vec();
        let verdict = respond(&self.snapshot, &self.identity, message, transport, &mut out);
        (verdict, out)
    }

    fn message(&self, message: &[u8]) -> Message {
        let (verdict, octets) = self.octets(message, Transport::Udp);
        assert!(verdict.is_reply());
        Message::from_vec(&octets).unwrap()
    }

    fn ask(&self, name: &str, kind: u16) -> Message {
        self.message(&query(name, kind))
    }

    /// The addresses answered, or what there is instead.
    fn said(&self, name: &str, kind: u16) -> String {
        summary(&self.ask(name, kind))
    }
}

fn data(record: &Record) -> String {
    match &record.data {
        RData::TXT(text) => text.txt_data.iter().map(|s| String::from_utf8_lossy(s).into_owned()).collect::<String>(),
        data => data.to_string(),
    }
}

fn summary(message: &Message) -> String {
    let records: Vec<_> = message.answers.iter().map(data).collect();
    match message.metadata.response_code {
        ResponseCode::NoError if records.is_empty() => "NODATA".into(),
        ResponseCode::NoError => records.join(" "),
        code => format!("{code:?}"),
    }
}

#[test]
fn what_is_listed_is_answered_by_its_type() {
    let server = Server::new();
    let listed = server.ask("7.100.51.198.bl.test", A);
    assert_eq!(summary(&listed), "127.0.0.4 127.0.0.5 127.0.0.10");
    assert!(listed.answers.iter().all(|record| record.ttl == 300));
    assert!(listed.metadata.authoritative && !listed.metadata.truncation && listed.authorities.is_empty());
    let text = server.ask("7.100.51.198.bl.test", TXT);
    assert_eq!(text.answers.len(), 1);
    assert!(summary(&text).contains("http://bl.test/198.51.100.7"), "{}", summary(&text));
    for kind in [AAAA, NS, SOA, 15, 43, 249, 1_000, 65_280, 65_535, 0, 41, 250] {
        let other = server.ask("7.100.51.198.bl.test", kind);
        assert_eq!((summary(&other).as_str(), other.authorities.len()), ("NODATA", 1), "{kind}");
    }
    assert_eq!(server.said("8.100.51.198.dynamic.bl.test", A), "127.0.0.10");
    assert_eq!(server.said("a.bad.example.dbl.test", A), "127.0.1.2");
    assert_eq!(server.said("2f2cf2c9f255479ae8ca97d951347bab94ac4c70.hbl.test", A), "127.0.1.20");
}

#[test]
fn what_is_not_listed_gets_the_soa_of_the_zone() {
    let server = Server::new();
    for (name, says) in [
        ("25.100.51.198.bl.test", "NXDomain"),
        ("100.51.198.bl.test", "NODATA"),
        ("198.bl.test", "NODATA"),
        ("1.0.0.2.bl.test", "NODATA"),
        ("dynamic.bl.test", "NODATA"),
        ("example.dbl.test", "NODATA"),
    ] {
        for kind in [A, TXT, NS] {
            let answer = server.ask(name, kind);
            assert_eq!(summary(&answer), says, "{name}");
            let soa = &answer.authorities[0];
            assert_eq!((answer.authorities.len(), soa.name.to_ascii().as_str(), soa.ttl), (1, &*origin_of(name), 60));
            assert!(answer.metadata.authoritative);
            let RData::SOA(soa) = &soa.data else { panic!("a SOA") };
            assert_eq!((soa.serial, soa.minimum), (7, 60));
            assert_eq!(soa.mname.to_ascii(), format!("ns1.{}", origin_of(name)));
            assert_eq!(soa.rname.iter().next(), Some(&b"post.master"[..]), "the local part is one label");
        }
    }
}

fn origin_of(name: &str) -> String {
    let labels: Vec<_> = name.rsplitn(3, '.').collect();
    format!("{}.{}.", labels[1], labels[0])
}

#[test]
fn the_apex_and_its_glue_have_records_of_their_own() {
    let server = Server::new();
    let soa = server.ask("bl.test", SOA);
    assert_eq!((soa.answers.len(), soa.answers[0].ttl, soa.authorities.len()), (1, 300, 0));
    assert!(soa.metadata.authoritative);
    let ns = server.ask("bl.test", NS);
    assert_eq!(summary(&ns), "ns1.bl.test. ns2.example.org.");
    let glue: Vec<_> = ns.additionals.iter().map(data).collect();
    assert_eq!(glue, ["192.0.2.53", "2001:db8::53"]);
    for (name, kind, says) in [
        ("bl.test", TXT, "the zone's own text"),
        ("bl.test", A, "192.0.2.80"),
        ("bl.test", AAAA, "2001:db8::80"),
        ("bl.test", 15, "NODATA"),
        ("bl.test", ANY, "192.0.2.80"),
        ("ns1.bl.test", A, "192.0.2.53"),
        ("NS1.bl.TEST", AAAA, "2001:db8::53"),
        ("ns1.bl.test", TXT, "NODATA"),
        ("a.deep.bl.test", A, "NODATA"),
        ("a.deep.bl.test", ANY, "2001:db8::54"),
        ("deep.bl.test", A, "NODATA"),
        ("b.deep.bl.test", A, "NXDomain"),
        ("many.bl.test", A, "NODATA"),
        ("eu.bl.test", A, "NODATA"),
        ("eu.bl.test", ANY, "NODATA"),
        ("v6.eu.bl.test", A, "NXDomain"),
        ("7.100.51.198.v4.eu.bl.test", A, "127.0.0.10"),
        ("ns.bad.example.dbl.test", A, "192.0.2.54"),
        ("bad.example.dbl.test", A, "127.0.1.2"),
        ("other.bad.example.dbl.test", A, "127.0.1.2"),
        ("many.bl.test", TXT, "NODATA"),
    ] {
        assert_eq!(server.said(name, kind), says, "{name} {kind}");
    }
    assert!(matches!(server.ask("many.bl.test", ANY).answers[0].data, RData::SOA(_)), "RFC 8482");
}

#[test]
fn any_gets_the_addresses_alone_and_transfers_are_refused() {
    let server = Server::new();
    assert_eq!(server.said("7.100.51.198.bl.test", ANY), "127.0.0.4 127.0.0.5 127.0.0.10");
    assert_eq!(server.said("25.100.51.198.bl.test", ANY), "NXDomain");
    for kind in [251, 252] {
        for name in ["bl.test", "7.100.51.198.bl.test"] {
            assert_eq!(server.said(name, kind), "Refused");
        }
    }
    let mut ixfr = query("bl.test", 251);
    ixfr[9] = 1;
    ixfr.extend([0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(summary(&server.message(&ixfr)), "Refused");
}

#[test]
fn a_zone_that_has_closed_lists_nothing_and_says_so_for_a_week() {
    let server = Server::new();
    for name in ["8.100.51.198.closed.test", "2.0.0.127.closed.test"] {
        let answer = server.ask(name, A);
        assert_eq!((summary(&answer).as_str(), answer.authorities[0].ttl), ("NXDomain", 7 * 86_400));
    }
    let texts = server.said("closed.test", TXT);
    assert!(texts.contains("was closed on 1970-01-01"), "{texts}");
    assert_eq!(server.ask("closed.test", SOA).answers[0].ttl, 7 * 86_400);
}

#[test]
fn other_zones_are_refused_and_told_why_where_there_is_an_opt() {
    let server = Server::new();
    for name in ["example.org", "test", "", "xbl.test", "bl.test.example"] {
        for kind in [A, SOA, ANY] {
            let (verdict, octets) = server.octets(&query(name, kind), Transport::Udp);
            assert_eq!((verdict, octets.len()), (Verdict::common(Outcome::Refused), query(name, kind).len()));
            let (_, octets) = server.octets(&with_opt(query(name, kind), 1232, 0, 0, &[]), Transport::Udp);
            assert!(octets.ends_with(&[0, 6, 0, 15, 0, 2, 0, 20]), "EDE 20");
            assert_eq!((octets[2] & 4, octets[3]), (0, 5), "no AA");
        }
    }
}

#[test]
fn class_ch_names_the_server_and_nothing_else() {
    let server = Server::new();
    let chaos = |name: &str, kind| {
        let mut message = query(name, kind);
        let end = message.len();
        message[end - 1] = 3;
        summary(&server.message(&message))
    };
    for name in ["id.server", "hostname.bind", "ID.Server"] {
        assert_eq!(chaos(name, TXT), "test-server");
        assert_eq!(chaos(name, A), "Refused");
    }
    for name in ["version.bind", "version.server", "authors.bind", "bl.test", ""] {
        assert_eq!(chaos(name, TXT), "Refused");
    }
}

#[test]
fn edns_is_answered_by_its_rules() {
    let server = Server::new();
    for name in ["8.100.51.198.bl.test", "1.2.3.4.bl.test", "bl.test", "ns1.bl.test", "example.org"] {
        for kind in [A, TXT, SOA, ANY, 252] {
            let opt = |payload, version, flags, options: &[u8]| {
                server.message(&with_opt(query(name, kind), payload, version, flags, options)).edns
            };
            assert!(server.ask(name, kind).edns.is_none(), "no OPT without one");
            let plain = opt(4_096, 0, 0, &[]).expect("OPT in, OPT out");
            assert_eq!((plain.max_payload(), plain.version(), plain.flags().dnssec_ok), (1_232, 0, false));
            let flagged = opt(512, 0, 0xffff, &[0xff, 0xf0, 0, 1, 7, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
            assert_eq!((flagged.flags().dnssec_ok, flagged.flags().z), (true, 0), "DO is copied, Z is not");
            let ours: Vec<_> = flagged.options().as_ref().iter().map(|(code, _)| u16::from(*code)).collect();
            assert!(ours.iter().all(|code| *code == 15), "options are not echoed: {ours:?}");
            let nsid = opt(1_232, 0, 0, &[0, 3, 0, 0]).unwrap();
            let [.., (_, option)] = nsid.options().as_ref() else { panic!("NSID") };
            let codes: Vec<_> = nsid.options().as_ref().iter().map(|(code, _)| u16::from(*code)).collect();
            assert!(codes.contains(&3), "NSID when asked for: {option:?}");
            for version in [1, 100, 255] {
                let question = with_opt(query(name, kind), 1_232, version, 0x8000, &[9]);
                let (verdict, octets) = server.octets(&question, Transport::Udp);
                assert_eq!(verdict.outcome, Outcome::BadVersion);
                let record = &octets[octets.len() - 11..];
                assert_eq!(record, [0, 0, 41, 0x04, 0xd0, 1, 0, 0x80, 0, 0, 0], "BADVERS, version 0, DO");
                assert_eq!((octets[2], octets[3], &octets[6..10]), (0x81, 0, &[0; 4][..]), "no AA, no records");
            }
        }
    }
}

#[test]
fn what_does_not_fit_goes_out_empty_with_tc_and_whole_over_tcp() {
    let server = Server::new();
    for (name, codes, payload, fits) in [
        ("35.2.0.192.many.bl.test", SOME_CODES, None, false),
        ("35.2.0.192.many.bl.test", SOME_CODES, Some(0), false),
        ("35.2.0.192.many.bl.test", SOME_CODES, Some(1_232), true),
        ("80.2.0.192.many.bl.test", MANY_CODES, Some(4_096), false),
    ] {
        for kind in [A, ANY] {
            let plain = query(name, kind);
            let question = payload.map_or(plain.clone(), |payload| with_opt(plain, payload, 0, 0x8000, &[]));
            let (verdict, octets) = server.octets(&question, Transport::Udp);
            let answer = Message::from_vec(&octets).unwrap();
            assert_eq!((verdict.truncated, answer.metadata.truncation), (!fits, !fits), "{name} {payload:?}");
            assert_eq!(answer.answers.len(), if fits { usize::from(codes) } else { 0 });
            assert_eq!(answer.edns.is_some(), payload.is_some(), "the OPT is kept");
            let (verdict, octets) = server.octets(&question, Transport::Stream);
            let answer = Message::from_vec(&octets).unwrap();
            assert_eq!((verdict.truncated, answer.answers.len()), (false, usize::from(codes)));
        }
    }
}

/// The border itself: an answer of exactly the size that the client takes goes out whole, one octet less cuts it.
#[test]
fn an_answer_of_just_the_clients_size_is_not_cut() {
    let server = Server::new();
    let name = "35.2.0.192.many.bl.test";
    let (_, whole) = server.octets(&with_opt(query(name, A), 1_232, 0, 0, &[]), Transport::Udp);
    let size = whole.len() as u16;
    assert!((513..1_232).contains(&size));
    for (payload, cut) in [(size, false), (size - 1, true)] {
        let (verdict, _) = server.octets(&with_opt(query(name, A), payload, 0, 0, &[]), Transport::Udp);
        assert_eq!(verdict.truncated, cut);
    }
}

/// RFC 8906 section 8: what a server makes of flags, and of what it does not know.
#[test]
fn flags_are_answered_as_rfc_8906_wants() {
    let server = Server::new();
    let flags = |name: &str, high: u8, low: u8| {
        let mut message = query(name, SOA);
        (message[2], message[3]) = (high, low);
        let (_, octets) = server.octets(&message, Transport::Udp);
        u16::from_be_bytes([octets[2], octets[3]])
    };
    for name in ["bl.test", "8.100.51.198.bl.test"] {
        assert_eq!(flags(name, 1, 0), 0x8500, "RD is copied, RA is 0");
        assert_eq!(flags(name, 0, 0x10), 0x8400, "CD is ignored");
        assert_eq!(flags(name, 0, 0x20), 0x8400, "AD is not echoed");
        assert_eq!(flags(name, 0, 0x40), 0x8400, "Z is zeroed");
        assert_eq!(flags(name, 0x06, 0x8f), 0x8400, "AA, TC, RA and a code are not the client's to say");
    }
    for opcode in 1..16_u8 {
        let mut message = query("bl.test", SOA);
        message[2] = opcode << 3 | 1;
        let (verdict, octets) = server.octets(&message, Transport::Udp);
        let expected = [0xab, 0xcd, 0x81 | opcode << 3, 4, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!((verdict.outcome, &octets[..]), (Outcome::NotImplemented, &expected[..]), "a header alone");
    }
}

#[test]
fn broken_messages_get_what_the_table_says() {
    let server = Server::new();
    let good = query("8.100.51.198.bl.test", A);
    let with = |at: usize, value: u8| {
        let mut message = good.clone();
        message[at] = value;
        server.octets(&message, Transport::Udp)
    };
    assert_eq!(with(2, 0x80).0.outcome, Outcome::Dropped);
    for count in [0, 2, 255] {
        let (verdict, octets) = with(5, count);
        assert_eq!((verdict.outcome, octets.len(), octets[3]), (Outcome::Malformed, 12, 1), "QDCOUNT {count}");
    }
    for length in 0..12 {
        assert_eq!(server.octets(&good[..length], Transport::Udp).0.outcome, Outcome::Dropped, "{length} octets");
    }
    for length in 12..good.len() {
        let (verdict, octets) = server.octets(&good[..length], Transport::Udp);
        assert_eq!((verdict.outcome, octets.len()), (Outcome::Malformed, 12), "{length} octets");
    }
    for class in [0, 2, 4, 254, 255] {
        let (verdict, octets) = with(good.len() - 1, class);
        assert_eq!((verdict.outcome, octets[2] & 4, octets[3]), (Outcome::Refused, 0, 5), "class {class}");
    }
    let trailing = [&good[..], &[0]].concat();
    let (verdict, octets) = server.octets(&trailing, Transport::Udp);
    assert_eq!(verdict.outcome, Outcome::Malformed);
    assert_eq!(octets[12..], good[12..], "the question was readable and is echoed");
    let mut twice = with_opt(with_opt(good.clone(), 1232, 0, 0x8000, &[]), 1232, 0, 0, &[]);
    assert_eq!(twice[11], 2);
    let answer = server.message(&twice);
    assert_eq!(answer.metadata.response_code, ResponseCode::FormErr);
    assert!(answer.edns.is_some_and(|edns| edns.flags().dnssec_ok), "OPT in, OPT out");
    let at = good.len();
    twice.truncate(at + 11);
    twice.splice(at..=at, *b"\x01a\x00");
    twice[11] = 1;
    assert_eq!(server.message(&twice).metadata.response_code, ResponseCode::FormErr, "OPT below a name");
}

#[test]
fn the_questions_own_case_comes_back() {
    let server = Server::new();
    for (name, kind) in [("8.100.51.198.bL.TeSt", A), ("x.bL.tESt", TXT), ("BL.test", SOA), ("eXAMPLE.org", A)] {
        let question = query(name, kind);
        assert_eq!(server.octets(&question, Transport::Udp).1[12..question.len()], question[12..], "{name}");
    }
    for kind in [SOA, NS, TXT, AAAA] {
        let answer = server.message(&query("bL.TeSt", kind));
        for record in answer.answers.iter().chain(&answer.authorities) {
            assert_eq!(record.name.to_ascii(), "bL.TeSt.", "{kind}");
        }
        assert!(!answer.answers.is_empty() || !answer.authorities.is_empty(), "{kind}");
    }
}

/// A server that anyone may ask must be no amplifier. The worst there is: a TXT record of one string of 255 octets adds 268
/// octets, which for the shortest name (`test` in `dbl.test`, 31 octets) is 9.7 times the query, 5.6 times with the
/// headers of IP and UDP. Nothing else reaches four times.
#[test]
fn no_answer_is_much_longer_than_its_query() {
    let server = Server::new();
    let names = ["7.100.51.198.bl.test", "1.2.3.4.bl.test", "198.bl.test", "bl.test", "example.org", "test.dbl.test"];
    for name in names {
        for kind in [A, TXT, NS, SOA, AAAA, ANY, 252] {
            for question in [query(name, kind), with_opt(query(name, kind), 4_096, 0, 0, &[0, 3, 0, 0])] {
                let (verdict, octets) = server.octets(&question, Transport::Udp);
                if kind == TXT && verdict.outcome == Outcome::Listed {
                    let nsid = if question[11] == 1 { server.identity.nsid().len() } else { 0 };
                    assert!(octets.len() <= question.len() + nsid + 268, "{name}");
                    continue;
                }
                // The headers of IP and UDP travel both ways.
                let (sent, came) = (octets.len() + 28, question.len() + 28);
                assert!(sent <= 4 * came, "{name} {kind}: {came} octets give {sent}");
            }
        }
    }
}

#[test]
fn a_panic_is_counted_and_answered_servfail() {
    let counters = Counters::new(1);
    let mut out = Vec::new();
    let message = query("bl.test", A);
    let verdict = caught(&message, &mut out, &counters, |_| panic!("as a fault would"));
    assert_eq!((verdict.outcome, counters.figures().panics), (Outcome::Failed, 1));
    assert_eq!(out, [0xab, 0xcd, 0x81, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
}

/// Every type, eight classes, sixteen opcodes: none ends the thread, each is answered as its kind is.
#[test]
fn every_type_class_and_opcode_is_answered() {
    let server = Server::new();
    let mut out = Vec::new();
    let mut message = query("8.100.51.198.bl.test", A);
    let at = message.len() - 4;
    for opcode in 0..16_u8 {
        message[2] = opcode << 3;
        for class in [0, 1, 2, 3, 4, 254, 255, 0xffff_u16] {
            message[at + 2..].copy_from_slice(&class.to_be_bytes());
            for kind in 0..=u16::MAX {
                message[at..at + 2].copy_from_slice(&kind.to_be_bytes());
                let verdict = respond(&server.snapshot, &server.identity, &message, Transport::Udp, &mut out);
                let expected = match (opcode, class, kind) {
                    (1.., ..) => Outcome::NotImplemented,
                    (_, 1, 251 | 252) | (_, 0 | 2.., _) => Outcome::Refused,
                    _ => Outcome::Listed,
                };
                assert_eq!(verdict.outcome, expected, "{opcode} {class} {kind}");
            }
        }
    }
}
