//! The common path held to the engine: for any query that both can answer, the same is said.

use super::super::tests::{identity, query, snapshot, with_opt};
use super::super::{Transport, answer as common_path, respond, screen};
use super::*;
use hickory_proto::op::Message;
use proptest::prelude::*;
use std::sync::LazyLock;

static SNAPSHOT: LazyLock<Arc<Snapshot>> = LazyLock::new(snapshot);

/// All that a message says, with names in one case: the engine writes an origin as it is configured, the common path
/// points into the question.
fn said(octets: &[u8]) -> String {
    let message = Message::from_vec(octets).expect("an answer that can be read");
    let records = |records: &[Record]| records.iter().map(|r| format!("{r:?}\n").to_lowercase()).collect::<String>();
    format!(
        "{:?} {:?}\nanswers\n{}authorities\n{}additional\n{}{:?}",
        message.metadata,
        message.queries,
        records(&message.answers),
        records(&message.authorities),
        records(&message.additionals),
        message.edns
    )
}

/// Asserts that both say the same, where both answer. Returns whether they did.
fn compare(message: &[u8], limit: usize) -> bool {
    let screen::Screened::Read(header) = screen::screen(message) else { return false };
    let Ok(question) = Question::read(message, header) else { return false };
    let (mut common, mut specified) = (Vec::new(), Vec::new());
    let Some(verdict) = common_path::common(&SNAPSHOT, &question, limit, &mut common) else { return false };
    let by_engine = answer(&SNAPSHOT, &identity(), &question, limit, &mut specified);
    assert_eq!(said(&common), said(&specified), "{message:x?}");
    assert_eq!((verdict.outcome, verdict.truncated), (by_engine.outcome, by_engine.truncated), "{message:x?}");
    assert_eq!((verdict.by_engine, by_engine.by_engine), (false, true));
    true
}

fn label() -> impl Strategy<Value = String> {
    let octet = prop_oneof![
        Just("127"),
        Just("0"),
        Just("2"),
        Just("198"),
        Just("51"),
        Just("100"),
        Just("7"),
        Just("25"),
        Just("192"),
        Just("35"),
        Just("80"),
        Just("203"),
        Just("113"),
        Just("002"),
        Just("256"),
        Just("d"),
        Just("8"),
        Just("B"),
    ];
    prop_oneof![
        6 => octet.prop_map(str::to_owned),
        1 => "[0-9a-f]",
        1 => "[a-zA-Z0-9_-]{1,12}",
        1 => prop_oneof![Just("bad"), Just("example"), Just("wild"), Just("test"), Just("invalid"), Just("ns1")]
            .prop_map(str::to_owned),
    ]
}

fn relative() -> impl Strategy<Value = String> {
    let exact = prop_oneof![
        Just("7.100.51.198"),
        Just("8.100.51.198"),
        Just("25.100.51.198"),
        Just("100.51.198"),
        Just("198"),
        Just("2.0.0.127"),
        Just("1.0.0.127"),
        Just("35.2.0.192"),
        Just("80.2.0.192"),
        Just("a.deep"),
        Just("deep"),
        Just("2f2cf2c9f255479ae8ca97d951347bab94ac4c70"),
        Just("x.bad.example"),
        Just("wild.example"),
        Just("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.B.d.0.1.0.0.2"),
        Just("8.b.d.0.1.0.0.2"),
    ];
    prop_oneof![
        exact.prop_map(str::to_owned),
        proptest::collection::vec(label(), 0..6).prop_map(|labels| labels.join(".")),
        proptest::collection::vec("[0-9a-f]", 1..34).prop_map(|labels| labels.join(".")),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let list = prop_oneof![4 => Just(""), 1 => Just("dynamic."), 1 => Just("compromised."), 1 => Just("bad-names.")];
    let origin = prop_oneof![
        5 => Just("bl.test"), 2 => Just("bL.TesT"), 2 => Just("dbl.test"), 2 => Just("hbl.test"),
        2 => Just("many.bl.test"), 1 => Just("closed.test"), 1 => Just("example.org"),
    ];
    (relative(), list, origin).prop_map(|(relative, list, origin)| format!("{relative}.{list}{origin}"))
}

fn kind() -> impl Strategy<Value = u16> {
    prop_oneof![4 => Just(1), 3 => Just(16), 1 => Just(2), 1 => Just(6), 1 => Just(28), 1 => Just(255), 1 => any::<u16>()]
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let options = prop_oneof![
        3 => Just(Vec::new()),
        2 => Just(vec![0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]),
        1 => Just(vec![0, 8, 0, 4, 9, 9, 0, 0]),
        1 => Just(vec![0, 3, 0, 0]),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
    ];
    let version = prop_oneof![8 => Just(0_u8), 1 => any::<u8>()];
    let opt = proptest::option::of((any::<u16>(), version, any::<u16>(), options));
    (name(), kind(), any::<u8>(), any::<u8>(), opt).prop_map(|(name, kind, high, low, opt)| {
        let mut message = query(&name, kind);
        (message[2], message[3]) = (high & 0x07, low);
        match opt {
            Some((payload, version, flags, options)) => with_opt(message, payload, version, flags, &options),
            None => message,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_common_path_says_what_the_engine_says(message in message(), stream in any::<bool>()) {
        compare(&message, if stream { 65_535 } else { 512 });
        compare(&message, 1_232);
    }

    #[test]
    fn mutated_queries_are_answered_alike(
        mut message in message(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in proptest::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        for (place, value) in changes {
            let at = place.index(message.len());
            message[at] = value;
        }
        if let Some(cut) = cut {
            message.truncate(cut.index(message.len()));
        }
        compare(&message, 1_232);
        whole_and_bounded(&message);
    }

    #[test]
    fn any_octets_are_answered_within_bounds_or_dropped(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
        whole_and_bounded(&octets);
        let mut asked = octets;
        if asked.len() >= 12 {
            asked[2] &= 0x07;
            asked[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 1]);
            whole_and_bounded(&asked);
        }
    }
}

/// What holds for every message: answers get nothing; whatever is sent can be read, is an answer to this client, and
/// keeps to its transport's bound.
fn whole_and_bounded(message: &[u8]) {
    let mut out = Vec::new();
    let verdict = respond(&SNAPSHOT, &identity(), message, Transport::Udp, &mut out);
    let dropped = message.len() < 12 || message[2] & 0x80 != 0;
    assert_eq!(!verdict.is_reply(), dropped, "{message:x?}");
    assert_ne!(verdict.outcome, Outcome::Failed, "{message:x?}");
    if !dropped {
        assert!(out.len() <= 1_232 && out[..2] == message[..2] && out[2] & 0x80 != 0, "{message:x?}");
        assert_eq!((out[2] ^ message[2]) & 0x79, 0, "opcode and RD are kept");
        Message::from_vec(&out).expect("an answer that can be read");
    }
}

/// Were `compare` to find nothing to compare, the properties above would hold for nothing.
#[test]
fn the_common_path_takes_what_resolvers_ask() {
    for name in ["7.100.51.198.bl.test", "198.bl.test", "1.2.3.4.bl.test", "example.org", "x.bad.example.dbl.test"] {
        for kind in [1, 16, 2, 6, 28, 1_000] {
            let plain = query(name, kind);
            assert!(compare(&plain, 512), "{name} {kind}");
            assert!(compare(&with_opt(plain.clone(), 1_232, 0, 0x8000, &[]), 1_232));
            let cookie = [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
            assert!(compare(&with_opt(plain.clone(), 1_232, 0, 0, &cookie), 1_232));
            assert!(!compare(&with_opt(plain, 1_232, 0, 0, &[0, 3, 0, 0]), 1_232), "NSID is the engine's");
        }
    }
}
