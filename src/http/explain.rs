//! Everything about one key: where it is listed and why, where it is exempted, what DNS answers.
//!
//! Guarantees: by the rule of match, from the rows of the store and the snapshot of the same serial; one match for each
//! entry that decides; the text is the TXT record of the list's sublist, octet for octet.
//! Never: shows private evidence.

use super::Problem;
use crate::{
    cases::network::{Network, owner},
    change::{end_of, last_seen},
    limits::EXPLAINED_ENTRIES_MAX,
    list::{
        Entry, Key, KeyError, ListName, ListSettings, ListedName, MailHashError, Mark, Prefix, PrefixError, ReturnCode,
        Scope, Serial, SourceName, Time,
    },
    snapshot::{Found, Snapshot, TXT_OCTETS_MAX, Zone},
    store::{Held, View},
};
use arrayvec::ArrayVec;
use std::{net::IpAddr, sync::Arc};

/// What is known about a key.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The key: one address, name or hash.
    pub key: Key,
    /// Whether DNS always lists it (RFC 5782 section 5).
    pub test_point: bool,
    /// The entries that list it.
    pub matches: Vec<Match>,
    /// The exclusions that exempt it; those of `never` stand for every list.
    pub holes: Vec<Hole>,
    /// What each zone answers that takes such keys.
    pub zones: Vec<ZoneAnswer>,
    /// What the network of the address says of it, if one runs its range here.
    pub network: Option<NetworkSays>,
    /// As of this commit.
    pub serial: Serial,
}

/// What a network says of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSays {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// A mail address or a page; empty: none.
    pub contact: String,
    /// The policy of the range; empty: none.
    pub text: String,
    /// Where customers send through; empty: none named.
    pub smarthost: String,
}

impl NetworkSays {
    /// What is said of a key; the longest active prefix answers, its longest range speaks.
    #[must_use]
    pub fn of(networks: &[Network], key: &Key) -> Option<Self> {
        let Key::Prefix(prefix) = key else { return None };
        let (network, _) = owner(networks, *prefix)?;
        let range = network.range_of(*prefix);
        Some(Self {
            name: network.name.to_string(),
            title: network.title.clone(),
            contact: network.public_contact.clone(),
            text: range.map(|range| range.text.clone()).unwrap_or_default(),
            smarthost: range.map(|range| range.smarthost.clone()).unwrap_or_default(),
        })
    }
}

/// An entry that lists the key.
#[derive(Clone, Debug)]
pub struct Match {
    /// The list.
    pub list: Arc<ListSettings>,
    /// The text of the TXT record, if some zone serves the list.
    pub text: Option<String>,
    /// The code.
    pub code: ReturnCode,
    /// The entry.
    pub fact: Fact,
}

/// An exclusion that decides, or an entry of `never`.
#[derive(Clone, Debug)]
pub struct Hole {
    /// The list; `never` stands for all.
    pub list: ListName,
    /// The entry.
    pub fact: Fact,
    /// Whether newer evidence against the key ends it.
    pub yields: bool,
    /// What would list the key without it; told once for a list, with the last of its exclusions.
    pub aside: Vec<Fact>,
}

/// What an entry says.
#[derive(Clone, Debug)]
pub struct Fact {
    /// The entry's key: the one asked or a wider one.
    pub entry: Key,
    /// Who says so.
    pub source: SourceName,
    /// Why, in the source's words.
    pub reason: String,
    /// Evidence that anyone may read.
    pub evidence: String,
    /// When the source first named it.
    pub first_seen: Time,
    /// When it was last confirmed.
    pub last_seen: Time,
    /// When it ends, if nothing renews it.
    pub expires: Option<Time>,
}

/// What one zone answers.
#[derive(Clone, Debug)]
pub struct ZoneAnswer {
    /// The zone.
    pub origin: String,
    /// The name that is asked.
    pub question: String,
    /// The codes; none where it is not listed.
    pub answers: Vec<ReturnCode>,
}

/// Why a text cannot be looked up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unasked {
    /// It is a range.
    #[error("{0} is a range; look up one address, or ask GET /api/v1/lists/LIST/entries?within={0}")]
    Range(Prefix),
    /// It is a mail address, which is not kept here.
    #[error("mail addresses are not looked up in clear; look up the hash")]
    MailAddress,
    /// It is none of the things that are listed.
    #[error("{0}")]
    Unreadable(String),
}

impl Unasked {
    fn of(error: &KeyError) -> Self {
        match error {
            KeyError::Hash(MailHashError::InClear) => Self::MailAddress,
            other => Self::Unreadable(other.to_string()),
        }
    }
}

impl From<Unasked> for Problem {
    fn from(unasked: Unasked) -> Self {
        Self::malformed(unasked.to_string())
    }
}

/// Reads what somebody wants to look up: an address (mapped and 6to4 ones are their IPv4 address), a name or a hash.
///
/// # Errors
/// [`Unasked`]
pub fn read_key(text: &str) -> Result<Key, Unasked> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(Key::Prefix(Prefix::host(address)));
    }
    match Key::parse_any(text) {
        Ok(Key::Prefix(prefix)) if !prefix.is_host() => Err(Unasked::Range(prefix)),
        Ok(Key::Name(name)) => {
            let itself = ListedName::new(name.name(), Scope::Itself);
            itself.map(Key::Name).map_err(|error| Unasked::Unreadable(error.to_string()))
        }
        Ok(key) => Ok(key),
        // Host bits below a prefix: a range all the same.
        Err(KeyError::Prefix(PrefixError::HostBits { masked, .. })) => match Prefix::new(masked) {
            Ok(prefix) => Err(Unasked::Range(prefix)),
            Err(error) => Err(Unasked::Unreadable(error.to_string())),
        },
        Err(error) => Err(Unasked::of(&error)),
    }
}

/// A looked-up key as people write it: a name without the sign of its scope.
#[must_use]
pub fn written(key: &Key) -> String {
    match key {
        Key::Prefix(prefix) if prefix.is_host() => prefix.first().to_string(),
        Key::Name(name) => name.name().to_owned(),
        other => other.to_string(),
    }
}

/// Gathers what is known about `key`, as [`read_key`] gives it.
///
/// # Errors
/// 500 where the store fails.
pub fn explain(view: &View<'_>, snapshot: &Snapshot, key: &Key) -> Result<Explanation, Problem> {
    let served = snapshot.served();
    let zones = answers(snapshot, key);
    let never = ListName::never();
    let mut holes = Vec::new();
    if let Some(id) = view.catalog().list_id(&never) {
        let deciding = nearest(&view.over(id, key)?);
        if !deciding.is_empty() && deciding.iter().all(|held| held.entry.mark == Mark::Listed) {
            for held in deciding {
                let fact = fact(view, &ListSettings::never(), held)?;
                holes.push(Hole { list: never.clone(), fact, yields: false, aside: Vec::new() });
            }
        }
    }
    let spared = !holes.is_empty();
    let mut matches = Vec::new();
    for (_, list) in served.lists().filter(|(_, list)| !spared && list.family().takes(key)) {
        let Some(id) = view.catalog().list_id(&list.name) else { continue };
        let over = view.over(id, key)?;
        let deciding = nearest(&over);
        if deciding.iter().any(|held| held.entry.mark == Mark::Excluded) {
            holes.extend(exemption(view, list, over, deciding)?);
            continue;
        }
        let text = sublist_text(snapshot, key, &list.name);
        for held in deciding {
            let code = list.tag(&held.entry).code;
            let fact = fact(view, list, held)?;
            matches.push(Match { list: Arc::clone(list), text: text.clone(), code, fact });
        }
    }
    matches.sort_by_key(|one| severity(snapshot, &one.list.name));
    let test_point = zones.iter().any(|(_, test_point)| *test_point);
    let zones = zones.into_iter().map(|(zone, _)| zone).collect();
    let (network, serial) = (None, snapshot.serial());
    Ok(Explanation { key: key.clone(), test_point, matches, holes, zones, network, serial })
}

impl Explanation {
    /// With what the network of the address says.
    #[must_use]
    pub fn said_by(self, networks: &[Network]) -> Self {
        Self { network: NetworkSays::of(networks, &self.key), ..self }
    }

    /// Whether it is listed anywhere.
    #[must_use]
    pub fn listed(&self) -> bool {
        self.test_point || !self.matches.is_empty()
    }

    /// Whether `never` holds it.
    #[must_use]
    pub fn never(&self) -> bool {
        self.holes.iter().any(|hole| hole.list.is_never())
    }
}

/// The exclusions among what decides, with what they keep from listing the key; `without`: all that cover it.
fn exemption(
    view: &View<'_>,
    list: &ListSettings,
    mut without: Vec<Held>,
    deciding: Vec<Held>,
) -> Result<Vec<Hole>, Problem> {
    let here = deciding.first().map(|held| place(&held.key));
    without.retain(|held| Some(place(&held.key)) != here || held.entry.mark == Mark::Listed);
    let without = nearest(&without);
    let listed = without.iter().all(|held| held.entry.mark == Mark::Listed);
    let aside = without.into_iter().filter(|_| listed).map(|held| fact(view, list, held));
    let aside = aside.collect::<Result<Vec<_>, _>>()?;
    let mut holes = Vec::new();
    for held in deciding.into_iter().filter(|held| held.entry.mark == Mark::Excluded) {
        let yields = list.yields_to_evidence(&held.source.name);
        holes.push(Hole { list: list.name.clone(), fact: fact(view, list, held)?, yields, aside: Vec::new() });
    }
    if let Some(last) = holes.last_mut() {
        last.aside = aside;
    }
    Ok(holes)
}

/// Those at the most specific key among all that cover one question.
fn nearest(all: &[Held]) -> Vec<Held> {
    let nearest = all.iter().map(|held| place(&held.key)).max();
    let mut found: Vec<Held> = all.iter().filter(|held| Some(place(&held.key)) == nearest).cloned().collect();
    // Where many sources name the key, an exclusion must not be among those that are not shown.
    found.sort_by_key(|held| held.entry.mark != Mark::Excluded);
    found.truncate(EXPLAINED_ENTRIES_MAX);
    found
}

/// How specific a key is among those that cover one question.
fn place(key: &Key) -> usize {
    match key {
        Key::Prefix(prefix) => prefix.length().into(),
        Key::Name(name) => name.name().len(),
        Key::Hash(_) => 0,
    }
}

fn fact(view: &View<'_>, list: &ListSettings, held: Held) -> Result<Fact, Problem> {
    let Held { key, source, entry } = held;
    let detail = view.detail(source.owner(), &key)?;
    let seen = last_seen(&entry, source.row.complete_at);
    Ok(Fact {
        entry: key,
        source: source.name.clone(),
        reason: detail.reason.into(),
        evidence: detail.public.into(),
        first_seen: entry.first_seen,
        last_seen: seen,
        expires: ends(&entry, source.row.complete_at, list),
    })
}

/// When an entry of the list ends by itself; nothing where it does not.
#[must_use]
pub fn ends(entry: &Entry, complete_at: Option<Time>, list: &ListSettings) -> Option<Time> {
    end_of(entry, complete_at, list.expires_after).filter(|end| *end < Time::LAST)
}

/// What every zone answers that takes such a key, and whether that is a test point.
fn answers(snapshot: &Snapshot, key: &Key) -> Vec<(ZoneAnswer, bool)> {
    let zones = snapshot.served().zones().iter();
    zones
        .filter_map(|zone| {
            let relative = zone.relative(key, None)?;
            let (answers, test_point) = match snapshot.find(zone, &relative) {
                Found::Listed(listed) => (listed.codes().collect(), listed.is_test_point()),
                Found::Above | Found::Apex | Found::Nothing => (Vec::new(), false),
            };
            let origin = zone.settings().origin.name().to_owned();
            let question = format!("{}.{origin}", dotted(&relative));
            Some((ZoneAnswer { origin, question, answers }, test_point))
        })
        .collect()
}

/// Labels in wire form as they are typed.
fn dotted(mut wire: &[u8]) -> String {
    let mut name = String::new();
    while let Some((length, rest)) = wire.split_first() {
        let (label, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&String::from_utf8_lossy(label));
        wire = rest;
    }
    name
}

/// The place of a list in the zone that serves it, most severe first; what only has a sublist comes last.
fn severity(snapshot: &Snapshot, list: &ListName) -> usize {
    let place = |zone: &Zone| zone.settings().lists.iter().position(|name| name == list);
    snapshot.served().zones().iter().find_map(place).unwrap_or(usize::MAX)
}

/// The TXT record of the list's sublist in the first zone that serves it.
fn sublist_text(snapshot: &Snapshot, key: &Key, list: &ListName) -> Option<String> {
    snapshot.served().zones().iter().find_map(|zone| {
        let settings = zone.settings();
        if !settings.lists.iter().chain(&settings.sublists_only).any(|name| name == list) {
            return None;
        }
        let relative = zone.relative(key, Some(list))?;
        let Found::Listed(listed) = snapshot.find(zone, &relative) else { return None };
        let mut text = ArrayVec::<u8, TXT_OCTETS_MAX>::new();
        listed.text(&mut text);
        Some(String::from_utf8_lossy(&text).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_up_is_one_address_name_or_hash() {
        let read = |text: &str| read_key(text).map(|key| written(&key));
        for (text, key) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 192.0.2.1/32 ", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2002:c000:201::1", "192.0.2.1"),
            ("2001:DB8::0:1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("Example.ORG.", "example.org"),
            ("*.example.org", "example.org"),
        ] {
            assert_eq!(read(text), Ok(key.to_owned()), "{text}");
        }
        assert_eq!(read_key("192.0.2.0/24"), Err(Unasked::Range("192.0.2.0/24".parse().unwrap())));
        assert_eq!(read_key("192.0.2.7/24"), Err(Unasked::Range("192.0.2.0/24".parse().unwrap())));
        assert_eq!(read_key("someone@example.org"), Err(Unasked::MailAddress));
        for text in ["", "<script>", "192.0.2.256", "a b", "192.0.2.1.2"] {
            assert!(matches!(read_key(text), Err(Unasked::Unreadable(_))), "{text}");
        }
    }

    #[test]
    fn a_question_is_shown_as_it_is_typed() {
        assert_eq!(dotted(b"\x011\x012\x010\x03192"), "1.2.0.192");
        assert_eq!(dotted(b""), "");
    }
}
