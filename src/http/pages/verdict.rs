//! The answer in one line, its colour, what it means, and, where nothing is listed, what to do about a refused mail.
//!
//! Guarantees: says "listed" exactly when DNS answers so; what is special about an address is said in words of its own.
//! Never: accuses.

use super::{
    messages::Messages,
    words::{Moment, far},
};
use crate::{
    http::{
        api::Stay,
        explain::{self, Explanation},
    },
    list::{Key, Kind, Time},
    snapshot::Snapshot,
};
use std::net::IpAddr;

/// What is said first.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The answer.
    pub state: String,
    /// Its class in the style sheet.
    pub tone: &'static str,
    /// What it means.
    pub lines: Vec<String>,
    /// What to do where mail was refused although nothing is listed.
    pub still: Vec<String>,
    /// The visitor's own address, where another was looked up that nobody outside sees.
    pub you: Option<String>,
}

impl Verdict {
    /// Judges what was found for a visitor from `you`.
    pub(super) fn of(
        found: &Explanation,
        snapshot: &Snapshot,
        past: &[Stay],
        you: IpAddr,
        now: Time,
        words: Messages,
    ) -> Self {
        let key = explain::written(&found.key);
        if found.test_point {
            return Self::plain(words.say("test-state"), "test", vec![words.say("test-text")]);
        }
        if found.never() {
            let address = match &found.key {
                Key::Prefix(prefix) => Some(prefix.first()),
                _ => None,
            };
            let special = address.and_then(special).unwrap_or("never-operator");
            let mut lines = vec![words.say(special), words.say("never-text")];
            let of_a_network = special != "never-operator";
            if of_a_network {
                lines.push(words.say("never-next"));
            }
            let you = (of_a_network && self::special(you).is_none()).then(|| you.to_string());
            // Who runs a machine that the operator left out is refused by somebody else.
            let still = if of_a_network { Vec::new() } else { still(snapshot, None, words) };
            return Self { still, you, ..Self::plain(words.say("never-state"), "clear", lines) };
        }
        if !found.matches.is_empty() {
            return Self::listed(found, now, words);
        }
        let last = past.iter().find(|stay| !stay.exclude);
        let still = still(snapshot, last, words);
        let (state, lines) = if !found.holes.is_empty() {
            (words.say("exempt-state"), exempt(found, &key, words))
        } else if let Some(stay) = last {
            let until = Moment::at(stay.until, now, words).text;
            let parts = [("key", key.into()), ("list", stay.list.as_str().into()), ("moment", until.into())];
            (words.say("past-state"), vec![words.get("past-text", &parts)])
        } else {
            (words.say("clear-state"), vec![words.with("clear-text", "key", key)])
        };
        Self { still, ..Self::plain(state, "clear", lines) }
    }

    fn plain(state: String, tone: &'static str, lines: Vec<String>) -> Self {
        Self { state, tone, lines, still: Vec::new(), you: None }
    }

    fn listed(found: &Explanation, now: Time, words: Messages) -> Self {
        let mut names: Vec<_> = found.matches.iter().map(|one| one.list.name.as_str()).collect();
        names.dedup();
        let number = super::messages::figure(names.len() as u64);
        let state = words.get("listed-in", &[("number", number), ("lists", names.join(", ").into())]);
        let dynamic = found.matches.iter().all(|one| one.list.kind == Kind::Dynamic);
        let mut lines = vec![if dynamic { words.say("listed-dynamic") } else { words.say("listed-other") }];
        let ends = found.matches.iter().map(|one| one.fact.expires).collect::<Option<Vec<_>>>();
        if let Some(end) = ends.and_then(|all| all.into_iter().max()) {
            lines.push(words.with("listed-until", "moment", Moment::at(end, now, words).text));
        }
        Self::plain(state, "listed", lines)
    }
}

/// That a key is exempt, and from what: a wider entry, what is said about itself, or nothing.
fn exempt(found: &Explanation, key: &str, words: Messages) -> Vec<String> {
    let mut aside = found.holes.iter().flat_map(|hole| &hole.aside).peekable();
    if aside.peek().is_none() {
        return vec![words.with("exempt-alone", "key", key)];
    }
    if aside.any(|fact| explain::written(&fact.entry) != key) {
        return vec![words.with("exempt-text", "key", key), words.say("exempt-keeps")];
    }
    vec![words.with("exempt-own", "key", key)]
}

/// What to do about a mail that was refused although nothing is listed. An older answer is remembered as long as its list
/// lets it be.
fn still(snapshot: &Snapshot, last: Option<&Stay>, words: Messages) -> Vec<String> {
    let list = last.and_then(|stay| stay.list.parse().ok());
    let mut steps = words.all("still-step");
    let later = words.with("still-later", "span", far(snapshot.served().remembered(list.as_ref()), words));
    // Before the last, which is for who was refused again.
    steps.insert(steps.len().saturating_sub(1), later);
    steps
}

/// What is special about an address that means no single machine on the Internet (RFC 6890), as a message.
fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => match v4.octets() {
            _ if v4.is_private() => Some("never-private"),
            [100, 64..=127, ..] => Some("never-carrier"),
            _ if v4.is_loopback() => Some("never-itself"),
            _ if v4.is_link_local() => Some("never-local"),
            [0 | 224..=255, ..] => Some("never-group"),
            _ => None,
        },
        IpAddr::V6(v6) if v6.is_loopback() => Some("never-itself"),
        IpAddr::V6(v6) if v6.is_unique_local() => Some("never-private"),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => Some("never-local"),
        IpAddr::V6(v6) if v6.is_multicast() || v6.is_unspecified() => Some("never-group"),
        IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        list::{ListName, ListSettings},
        snapshot::Served,
    };
    use std::sync::Arc;

    #[test]
    fn addresses_that_mean_no_single_machine_are_told_apart() {
        for (address, message) in [
            ("192.168.1.1", Some("never-private")),
            ("fd00::1", Some("never-private")),
            ("100.64.0.1", Some("never-carrier")),
            ("127.0.0.9", Some("never-itself")),
            ("::1", Some("never-itself")),
            ("169.254.3.3", Some("never-local")),
            ("fe80::1", Some("never-local")),
            ("0.0.0.0", Some("never-group")),
            ("239.1.1.1", Some("never-group")),
            ("ff02::1", Some("never-group")),
            ("192.0.2.1", None),
            ("100.128.0.1", None),
            ("2001:db8::1", None),
        ] {
            assert_eq!(special(address.parse().unwrap()), message, "{address}");
            assert!(message.is_none_or(|id| Messages::default().has(id)), "{address}");
        }
    }

    /// "In a quarter of an hour" was said of a list whose answers are kept for twelve.
    #[test]
    fn how_long_an_older_answer_is_remembered_is_what_the_list_says() {
        let list = ListSettings {
            name: "slow".parse().unwrap(),
            kind: Kind::Relay,
            ttl: Some("12h".parse().unwrap()),
            ..ListSettings::never()
        };
        let zones = vec![crate::http::tests::zone("bl.test", &["slow"])];
        let served = Served::new(vec![Arc::new(list)], zones, "http://x", Time::default());
        let snapshot = crate::http::tests::empty_snapshot(served);
        let steps = still(&snapshot, None, Messages::default());
        assert_eq!(steps.len(), 4);
        assert!(steps[2].starts_with("Send the mail again in 12 hours"), "{}", steps[2]);
        let unserved = ListName::never();
        assert_eq!(snapshot.served().remembered(Some(&unserved)).seconds(), 0);
    }
}
