//! What a network may and may not.

use super::*;
use proptest::prelude::*;

const NOW: Time = Time::from_seconds(1_800_000_000);

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

fn held(text: &str, state: PrefixState) -> HeldPrefix {
    HeldPrefix { state, ..HeldPrefix::claimed(prefix(text), "t".into(), NOW).unwrap() }
}

fn network(name: &str, prefixes: Vec<HeldPrefix>) -> Network {
    Network {
        v: 1,
        name: name.parse().unwrap(),
        title: "Example Networks".into(),
        contacts: vec!["noc@example.org".into()],
        public_contact: String::new(),
        prefixes,
        ranges: Vec::new(),
        webhook: None,
        since: NOW,
    }
}

fn range(text: &str, words: &str) -> Range {
    Range { prefix: prefix(text), text: words.into(), smarthost: String::new(), self_removal: false }
}

#[test]
fn only_what_is_active_is_the_networks() {
    use PrefixState::{Active, Claimed, Lapsed, Proven};
    for (state, holds) in [(Claimed, false), (Proven, false), (Active, true), (Lapsed, false)] {
        let network = network("isp", vec![held("192.0.2.0/24", state)]);
        assert_eq!(network.holds(prefix("192.0.2.7")), holds, "{state}");
        assert_eq!(network.is_active(), holds, "{state}");
        assert!(!network.holds(prefix("192.0.2.0/23")));
        assert!(!network.holds(prefix("192.0.3.1")));
    }
}

#[test]
fn the_longest_range_speaks_and_the_longest_prefix_answers() {
    let wide = network("carrier", vec![HeldPrefix::entered(prefix("198.51.0.0/16"), NOW)]);
    let mut inner = network("reseller", vec![HeldPrefix::entered(prefix("198.51.100.0/24"), NOW)]);
    inner.put_range(range("198.51.100.0/24", "all")).unwrap();
    inner.put_range(range("198.51.100.128/25", "half")).unwrap();
    assert_eq!(inner.range_of(prefix("198.51.100.200")).unwrap().text, "half");
    assert_eq!(inner.range_of(prefix("198.51.100.1")).unwrap().text, "all");
    assert_eq!(inner.put_range(range("198.51.101.0/24", "")), Err(NetworkError::Outside(prefix("198.51.101.0/24"))));
    let both = [wide, inner];
    let name = |text: &str| owner(&both, prefix(text)).map(|(network, held)| format!("{} {held}", network.name));
    assert_eq!(name("198.51.100.9").unwrap(), "reseller 198.51.100.0/24");
    assert_eq!(name("198.51.0.0/17").unwrap(), "carrier 198.51.0.0/16");
    assert_eq!(name("203.0.113.1"), None);
    let overlapping = overlaps(&both, &"reseller".parse().unwrap(), prefix("198.51.100.0/24"));
    assert_eq!(overlapping, [(&both[0].name, prefix("198.51.0.0/16"))]);
}

#[test]
fn a_claim_is_proved_agreed_to_and_lapses_after_three_failures() {
    let mut held = held("192.0.2.0/24", PrefixState::Claimed);
    assert!(!held.approve(NOW), "nothing is proved yet");
    let days = |days: u32| NOW.plus(Duration::from_seconds(days * 86_400));
    assert!(!held.is_over(days(6)) && held.is_over(days(7)), "a claim waits for a week");
    held.checked(Checked::Missing, NOW);
    held.checked(Checked::Proved, NOW);
    assert_eq!((held.state, held.failures), (PrefixState::Proven, 0));
    assert!(held.approve(NOW));
    held.checked(Checked::Missing, NOW);
    held.checked(Checked::Missing, NOW);
    held.checked(Checked::Unknown, NOW);
    assert_eq!(held.state, PrefixState::Active, "silence of DNS is no failure");
    held.checked(Checked::Missing, NOW);
    assert_eq!(held.state, PrefixState::Lapsed);
    assert!(!held.is_over(days(29)) && held.is_over(days(30)));
    assert!(!held.is_due(days(6)) && held.is_due(days(7)));
    held.checked(Checked::Proved, NOW);
    assert_eq!(held.state, PrefixState::Active, "an operator had agreed before");

    let mut entered = HeldPrefix::entered(prefix("192.0.2.0/28"), NOW);
    entered.checked(Checked::Missing, NOW);
    assert!(entered.state == PrefixState::Active && !entered.is_due(days(900)));
}

#[test]
fn a_claim_stands_at_every_reverse_zone_of_the_prefix() {
    let cuts = |text: &str| reverse_cuts(prefix(text));
    assert_eq!(cuts("192.0.2.0/24").unwrap(), ["_dnsbld.2.0.192.in-addr.arpa."]);
    let sixteen = cuts("198.51.96.0/20").unwrap();
    assert_eq!(sixteen.len(), 16);
    assert_eq!(sixteen[0], "_dnsbld.96.51.198.in-addr.arpa.");
    assert_eq!(sixteen[15], "_dnsbld.111.51.198.in-addr.arpa.");
    assert_eq!(cuts("10.0.0.0/8").unwrap(), ["_dnsbld.10.in-addr.arpa."]);
    assert_eq!(cuts("10.128.0.0/9").unwrap().len(), 128);
    assert_eq!(cuts("2001:db8::/32").unwrap(), ["_dnsbld.8.b.d.0.1.0.0.2.ip6.arpa."]);
    assert_eq!(
        cuts("2001:db8::/31").unwrap_or_default(),
        ["_dnsbld.8.b.d.0.1.0.0.2.ip6.arpa.", "_dnsbld.9.b.d.0.1.0.0.2.ip6.arpa."]
    );
    assert!(matches!(cuts("192.0.2.0/25"), Err(Unprovable::TooLong(_))));
    assert!(matches!(cuts("2001:db8::/65"), Err(Unprovable::TooLong(_))));
    assert!(matches!(cuts("0.0.0.0/0"), Err(Unprovable::TooWide(_))));
}

#[test]
fn what_is_said_of_a_network_has_a_form() {
    let good = network("isp", vec![held("192.0.2.0/24", PrefixState::Active)]);
    assert_eq!(good.check(), Ok(()));
    let with = |change: &dyn Fn(&mut Network)| {
        let mut network = good.clone();
        change(&mut network);
        network.check()
    };
    assert_eq!(with(&|network| network.title = "a\r\nBcc: x".into()), Err(NetworkError::Title));
    assert_eq!(with(&|network| network.contacts = vec!["noc".into()]), Err(NetworkError::Contacts));
    assert_eq!(with(&|network| network.contacts = vec!["a@example.org\nx".into()]), Err(NetworkError::Contacts));
    assert_eq!(with(&|network| network.public_contact = "javascript:x".into()), Err(NetworkError::PublicContact));
    assert_eq!(with(&|network| network.prefixes.push(network.prefixes[0].clone())), Err(NetworkError::Prefixes));
    for url in ["http://example.org/", "https://example.org:8443/", "https://127.0.0.1/", "https://a@example.org/"] {
        assert_eq!(Webhook::check(url), Err(NetworkError::Webhook), "{url}");
    }
    assert_eq!(Webhook::check("https://hooks.example.org/dnsbl?x=1"), Ok(()));
    for name in ["", "a/b", "-x", &"a".repeat(57)] {
        assert!(name.parse::<NetworkName>().is_err(), "{name}");
    }
    let name: NetworkName = "isp.example".parse().unwrap();
    assert_eq!(NetworkName::of_source(&name.source()), Some(name));
}

#[test]
fn a_network_is_read_back_as_it_was_written() {
    let mut network = network("isp", vec![held("192.0.2.0/24", PrefixState::Active)]);
    network.put_range(range("192.0.2.128/25", "customers")).unwrap();
    let octets = serde_json::to_vec(&network).unwrap();
    assert_eq!(serde_json::from_slice::<Network>(&octets).unwrap(), network);
}

fn any_prefix() -> impl Strategy<Value = Prefix> {
    (any::<u32>(), 0u8..=32).prop_map(|(bits, length)| Prefix::v4((bits & 0x0303_0303).into(), length))
}

fn any_state() -> impl Strategy<Value = PrefixState> {
    prop::sample::select(vec![PrefixState::Claimed, PrefixState::Proven, PrefixState::Active, PrefixState::Lapsed])
}

proptest! {
    /// Address by address: nothing that the network holds, speaks for or answers for lies outside its active prefixes.
    #[test]
    fn never_outside_its_prefixes(
        prefixes in prop::collection::vec((any_prefix(), any_state()), 0..6),
        ranges in prop::collection::vec(any_prefix(), 0..6),
        asked in any_prefix(),
        bits in any::<u32>(),
    ) {
        let entered = |(prefix, state)| HeldPrefix { state, ..HeldPrefix::entered(prefix, NOW) };
        let mut network = network("isp", prefixes.iter().copied().map(entered).collect());
        for prefix in ranges {
            let _ = network.put_range(Range { prefix, text: "x".into(), smarthost: String::new(), self_removal: true });
        }
        // Some address inside what is asked.
        let host_bits = u32::MAX.checked_shr(u32::from(asked.length())).unwrap_or(0);
        let IpAddr::V4(first) = asked.first() else { unreachable!() };
        let address = u32::from(first) | (bits & host_bits);
        let inside = |prefix: Prefix| {
            let IpAddr::V4(first) = prefix.first() else { unreachable!() };
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.length())).unwrap_or(0);
            address & mask == u32::from(first)
        };
        let active = prefixes.iter().any(|(prefix, state)| *state == PrefixState::Active && inside(*prefix));
        if network.holds(asked) || network.range_of(asked).is_some() || network.holding(asked).is_some() {
            prop_assert!(active, "{asked} holds {address:x}, which is nobody's");
        }
        let networks = [network];
        prop_assert_eq!(owner(&networks, asked).is_some(), networks[0].holds(asked));
    }

    /// The zones of a claim are distinct and none of them is outside the prefix.
    #[test]
    fn the_zones_of_a_claim_are_the_prefixs(bits in any::<u32>(), length in 8u8..=24) {
        let prefix = Prefix::v4(bits.into(), length);
        let cuts = reverse_cuts(prefix).unwrap();
        let mut covered = 0;
        for cut in &cuts {
            let labels: Vec<&str> = cut.trim_end_matches(".in-addr.arpa.").split('.').skip(1).collect();
            let mut octets = [0; 4];
            for (place, label) in labels.iter().rev().enumerate() {
                octets[place] = label.parse().unwrap();
            }
            let zone = Prefix::v4(octets.into(), labels.len() as u8 * 8);
            prop_assert!(prefix.covers(zone), "{} {}", prefix, zone);
            covered += zone.size();
        }
        prop_assert_eq!(covered, prefix.size());
    }
}

/// Until that day it was neither looked at nor forgotten.
#[test]
fn a_claim_of_a_clock_that_was_ahead_is_looked_at_at_once_and_waits_from_then_on() {
    let days = |days: u32| NOW.plus(Duration::from_seconds(days * 86_400));
    let mut ahead = held("192.0.2.0/24", PrefixState::Claimed);
    (ahead.since, ahead.checked_at) = (days(900), None);
    let mut looked_at = ahead.clone();
    looked_at.checked_at = Some(days(901));
    for held in [&mut ahead, &mut looked_at] {
        assert!(held.is_due(NOW) && !held.is_over(NOW));
        held.checked(Checked::Unknown, NOW);
        assert!(!held.is_due(NOW) && held.is_due(days(1)));
        assert!(!held.is_over(days(6)) && held.is_over(days(7)));
    }
}
