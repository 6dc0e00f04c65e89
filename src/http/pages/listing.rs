//! One list's card on the page of a key: what it says, what can be done now, what happens then, and why.
//!
//! Guarantees: what can be done comes before why; the sources' own words are stripped of what does not show.
//! Never: shows private evidence.

use super::{
    advice::{Advice, Ends, Steps, headline},
    grounds::reason,
    messages::Messages,
    rule::Tests,
    words::{Moment, several_lines, visible},
};
use crate::{
    cases::suspicion,
    http::{
        api::contact_of,
        explain::{self, Explanation, Fact, Hole, Match, NetworkSays},
    },
    list::{Key, Kind, Time},
    snapshot::Snapshot,
};

/// A list that holds the key.
pub(super) struct Listing {
    pub list: String,
    /// "192.0.2.1 is an open proxy"
    pub headline: String,
    /// Which list, and by which entry where that is a wider one.
    pub by: String,
    pub meaning: String,
    /// What the network of the range says to its customers.
    pub policy: Option<String>,
    /// The server for outgoing mail that this network names.
    pub smarthost: Option<String>,
    /// Its page, and what people call it.
    pub network: Option<(String, String)>,
    pub home: Steps,
    pub server: Steps,
    pub then: Option<String>,
    pub ending: String,
    pub contact: Option<String>,
    /// Where its removal is asked for.
    pub removal: String,
    /// Where a new test is asked for.
    pub retest: Option<String>,
    pub facts: Vec<FactShown>,
    pub text: Option<String>,
}

/// What one source says.
pub(super) struct FactShown {
    pub entry: String,
    pub source: String,
    pub reason: String,
    pub evidence: String,
    pub first_seen: Moment,
    pub last_seen: Moment,
    pub expires: Option<Moment>,
    pub code: String,
}

/// An exclusion, or an entry of `never`.
pub(super) struct HoleShown {
    pub list: String,
    pub fact: FactShown,
    /// How it ends, where that is not said by its date.
    pub lines: Vec<String>,
    /// What it keeps from listing the key.
    pub aside: Vec<FactShown>,
}

impl Listing {
    /// The cards of all lists that hold the key, in the order of the matches.
    pub(super) fn all(found: &Explanation, snapshot: &Snapshot, tests: Tests, now: Time, words: Messages) -> Vec<Self> {
        let mut listings: Vec<Self> = Vec::new();
        for one in &found.matches {
            let fact = FactShown::of(&one.fact, one.code.to_string(), now, words);
            if let Some(listing) = listings.iter_mut().find(|listing| listing.list == one.list.name.as_str()) {
                listing.facts.push(fact);
                continue;
            }
            let tested = tests == Tests::Made && may_be_tested(one);
            let (ends, mut ending) = ending(&found.matches, one, now, words);
            if ends == Ends::WhenTaken {
                let also = if tested { "ends-test" } else { "ends-removal" };
                ending = format!("{ending} {}", words.with(also, "key", explain::written(&found.key)));
            }
            let says = found.network.as_ref().filter(|_| one.list.kind == Kind::Dynamic);
            let listing = Self::of(&found.key, snapshot, one, fact, (ends, ending), words).said_by(says);
            let retest = format!("/retest?list={}&key={}", listing.list, explain::written(&found.key));
            listings.push(Self { retest: tested.then_some(retest), ..listing });
        }
        listings
    }

    fn of(
        key: &Key,
        snapshot: &Snapshot,
        one: &Match,
        fact: FactShown,
        (ends, ending): (Ends, String),
        words: Messages,
    ) -> Self {
        let Advice { meaning, home, server, then, .. } = Advice::of(&one.list, ends, words);
        let list = one.list.name.to_string();
        let who = match key {
            Key::Hash(_) => words.say("who-hash"),
            other => explain::written(other),
        };
        let by = if explain::written(&one.fact.entry) == explain::written(key) {
            words.with("own-entry", "list", &list)
        } else {
            words.get("wider-entry", &[("list", list.as_str().into()), ("entry", fact.entry.as_str().into())])
        };
        Self {
            headline: headline(one.list.kind, &who, words),
            by,
            meaning,
            policy: None,
            smarthost: None,
            network: None,
            home,
            server,
            then,
            ending,
            contact: contact_of(snapshot, &one.list),
            removal: format!("/removals/new?list={list}&key={}", explain::written(key)),
            retest: None,
            facts: vec![fact],
            text: one.text.as_deref().map(visible),
            list,
        }
    }

    /// With the words of the network that the address belongs to.
    fn said_by(self, says: Option<&NetworkSays>) -> Self {
        let Some(says) = says else { return self };
        let policy = Some(several_lines(&says.text)).filter(|text| !text.is_empty());
        let smarthost = Some(says.smarthost.clone()).filter(|name| !name.is_empty());
        let network = Some((format!("/networks/{}", says.name), visible(&says.title)));
        Self { policy, smarthost, network, ..self }
    }
}

/// Whether a new test can be asked for: only what is listed by itself is tested.
fn may_be_tested(one: &Match) -> bool {
    let single = matches!(one.fact.entry, Key::Prefix(entry) if one.list.is_single(entry));
    single && suspicion(one.list.kind).is_some()
}

/// How the stay in the list of `one` ends, and in words.
fn ending(matches: &[Match], one: &Match, now: Time, words: Messages) -> (Ends, String) {
    let facts: Vec<_> = matches.iter().filter(|other| other.list.name == one.list.name).map(|m| &m.fact).collect();
    let last = facts.iter().map(|fact| fact.expires).collect::<Option<Vec<_>>>();
    if let Some(end) = last.and_then(|all| all.into_iter().max()) {
        let end = Moment::at(end, now, words).text;
        let message = if facts.len() > 1 { "ends-several" } else { "ends-at" };
        return (Ends::ByItself, words.with(message, "moment", end));
    }
    let undated = facts.iter().filter(|fact| fact.expires.is_none());
    let sources: Vec<_> = undated.map(|fact| fact.source.as_str()).collect();
    (Ends::WhenTaken, words.with("ends-undated", "sources", sources.join(", ")))
}

impl FactShown {
    fn of(fact: &Fact, code: String, now: Time, words: Messages) -> Self {
        Self {
            entry: fact.entry.to_string(),
            source: fact.source.to_string(),
            reason: reason(&fact.source, &fact.reason, words),
            evidence: several_lines(&fact.evidence),
            first_seen: Moment::at(fact.first_seen, now, words),
            last_seen: Moment::at(fact.last_seen, now, words),
            expires: fact.expires.map(|end| Moment::at(end, now, words)),
            code,
        }
    }
}

impl HoleShown {
    /// The exclusions, in the order in which they were found; what ends all those of one list stands at its last.
    pub(super) fn all(found: &Explanation, now: Time, words: Messages) -> Vec<Self> {
        let last = |place: usize| found.holes.get(place + 1).is_none_or(|next| next.list != found.holes[place].list);
        let shown = found.holes.iter().enumerate().map(|(place, hole)| {
            let of_list = found.holes.iter().filter(|other| other.list == hole.list);
            let lines = if last(place) { ends(&of_list.collect::<Vec<_>>(), now, words) } else { Vec::new() };
            let shown = |fact| FactShown::of(fact, String::new(), now, words);
            Self {
                list: hole.list.to_string(),
                fact: shown(&hole.fact),
                lines,
                aside: hole.aside.iter().map(shown).collect(),
            }
        });
        shown.collect()
    }
}

/// How the exemption from one list ends, which stands as long as one of its exclusions does.
fn ends(of_list: &[&Hole], now: Time, words: Messages) -> Vec<String> {
    let mut lines = Vec::new();
    if of_list.iter().all(|hole| hole.yields) {
        lines.push(words.say("removal-newer"));
    }
    let held = of_list.iter().any(|hole| !hole.aside.is_empty());
    let ends = of_list.iter().map(|hole| hole.fact.expires).collect::<Option<Vec<_>>>();
    let end = ends.and_then(|all| all.into_iter().max()).filter(|_| held);
    lines.extend(end.map(|end| words.with("exempt-ends", "moment", Moment::at(end, now, words).text)));
    lines
}
