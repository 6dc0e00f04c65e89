//! What the pages of a network show: prefixes, ranges, requests, listed addresses.
//!
//! Guarantees: what others wrote is stripped of what does not show; a policy comes to be read, or as it was to be edited.
//! Never: decides who may see it.

use super::super::{
    grounds::reason,
    messages::Messages,
    words::{Moment, several_lines, visible},
};
use crate::{
    cases::{
        Request,
        network::{HeldPrefix, Network, PrefixState, Proof, Range, reverse_cuts},
    },
    http::api,
    list::Time,
};

/// A prefix and how it is proven.
pub(super) struct PrefixShown {
    pub prefix: String,
    pub proof: String,
    pub state: String,
    pub checked: Option<Moment>,
}

/// What has to stand in reverse DNS for a prefix that was claimed.
pub(in super::super) struct RecordsShown {
    pub prefix: String,
    pub state: String,
    pub checked: Option<Moment>,
    /// The records, as lines of a zone's file.
    pub lines: Vec<String>,
}

/// What is said of a range.
pub(super) struct RangeShown {
    pub prefix: String,
    pub text: String,
    pub smarthost: String,
    pub self_removal: bool,
}

/// A request that waits for the network.
pub(super) struct RequestShown {
    pub id: String,
    pub key: String,
    pub list: String,
    pub note: String,
    pub contact: String,
    pub asked: Moment,
}

/// An entry inside the prefixes.
pub(super) struct ListedShown {
    pub key: String,
    pub list: String,
    pub source: String,
    pub reason: String,
    pub exclude: bool,
    pub seen: Moment,
}

/// The prefixes in these states.
pub(super) fn prefixes(
    network: &Network,
    words: Messages,
    now: Time,
    shown: fn(PrefixState) -> bool,
) -> Vec<PrefixShown> {
    let held = network.prefixes.iter().filter(|held| shown(held.state));
    held.map(|held| PrefixShown {
        prefix: held.prefix.to_string(),
        proof: match held.proof {
            Proof::Operator => words.say("network-by-operator"),
            Proof::ReverseTxt => words.say("network-by-dns"),
        },
        state: state(held, words),
        checked: held.checked_at.map(|at| Moment::at(at, now, words)),
    })
    .collect()
}

fn state(held: &HeldPrefix, words: Messages) -> String {
    words.say(match held.state {
        PrefixState::Claimed => "network-claimed",
        PrefixState::Proven => "network-proven",
        PrefixState::Active => "network-active",
        PrefixState::Lapsed => "network-lapsed",
    })
}

/// The records of each prefix that was claimed.
pub(in super::super) fn records(network: &Network, words: Messages, now: Time) -> Vec<RecordsShown> {
    let claimed = network.prefixes.iter().filter(|held| !held.token.is_empty());
    claimed
        .map(|held| RecordsShown {
            prefix: held.prefix.to_string(),
            state: state(held, words),
            checked: held.checked_at.map(|at| Moment::at(at, now, words)),
            lines: reverse_cuts(held.prefix)
                .unwrap_or_default()
                .iter()
                .map(|name| format!("{name} TXT \"dnsbld={}\"", held.token))
                .collect(),
        })
        .collect()
}

impl RangeShown {
    /// `written`: how its text is, to be read or to be edited.
    pub(super) fn of(range: &Range, written: fn(&str) -> String) -> Self {
        Self {
            prefix: range.prefix.to_string(),
            text: written(&range.text),
            smarthost: range.smarthost.clone(),
            self_removal: range.self_removal,
        }
    }
}

impl RequestShown {
    pub(super) fn of(request: &Request, words: Messages, now: Time) -> Self {
        Self {
            id: request.id.to_string(),
            key: request.asked.to_string(),
            list: request.list.to_string(),
            note: several_lines(&request.note),
            contact: visible(&request.contact),
            asked: Moment::at(request.asked_at, now, words),
        }
    }
}

impl ListedShown {
    pub(super) fn of(listed: api::Listed, words: Messages, now: Time) -> Self {
        let said = match listed.source.parse() {
            Ok(source) => reason(&source, &listed.reason, words),
            Err(_) => visible(&listed.reason),
        };
        Self {
            key: listed.key,
            list: listed.list,
            source: listed.source,
            reason: said,
            exclude: listed.exclude,
            seen: Moment::at(listed.last_seen, now, words),
        }
    }
}
