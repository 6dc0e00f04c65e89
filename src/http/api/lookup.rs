//! `GET /api/v1/lookup/{key}`: is it listed, where, why, until when.
//!
//! Guarantees: the same facts as the page of the key.
//! Never: shows private evidence.

use crate::{
    http::{
        Problem, State,
        access::{Access, At},
        explain::{self, Explanation, Fact},
    },
    list::{ListSettings, Time},
    snapshot::Snapshot,
};
use axum::{Json, extract::State as Of};
use serde::Serialize;
use utoipa::ToSchema;

/// What is known about a key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LookUp {
    /// The key in its canonical form.
    #[schema(example = "192.0.2.1")]
    key: String,
    /// Whether some list holds it.
    listed: bool,
    /// Whether it is one of the points that are always listed, for tests (RFC 5782 section 5).
    test_point: bool,
    /// One for each entry that decides.
    matches: Vec<Match>,
    /// Exclusions that exempt it. Those of the list `never` stand for every list.
    excluded_by: Vec<ExcludedBy>,
    /// What the zones answer that take such keys.
    zones: Vec<ZoneAnswer>,
    /// The network that the address belongs to, if it runs its ranges here.
    network: Option<NetworkSaid>,
    /// As of this commit.
    serial: u64,
}

/// What a network says of an address.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NetworkSaid {
    name: String,
    title: String,
    /// A mail address or a page; empty: none.
    contact: String,
    /// The policy of the range; empty: none.
    text: String,
    /// The server that its customers send through; empty: none named.
    smarthost: String,
}

/// An entry that lists the key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Match {
    /// The list.
    list: String,
    /// Its kind: dynamic, compromised, relay, proxy, spam, domain, new-domain, spf-abuse, mail-hash.
    kind: &'static str,
    /// The code that DNS answers.
    #[schema(example = "127.0.0.10")]
    code: String,
    /// The TXT record of the list's own zone, octet for octet; null where no zone serves the list.
    text: Option<String>,
    #[serde(flatten)]
    fact: EntryFact,
    /// How the entry leaves before it ends.
    removal: WayOut,
}

/// An exclusion that exempts the key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExcludedBy {
    /// The list; `never` stands for all.
    list: String,
    #[serde(flatten)]
    fact: EntryFact,
}

/// What an entry says.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryFact {
    /// The entry's key: the one asked or a wider one.
    #[schema(example = "192.0.2.0/24")]
    entry: String,
    /// Who says so.
    source: String,
    /// Why, in the source's words.
    reason: String,
    /// Evidence that anyone may read.
    #[serde(skip_serializing_if = "String::is_empty")]
    evidence: String,
    /// When the source first named it.
    #[schema(value_type = String, format = DateTime)]
    first_seen: Time,
    /// When it was last confirmed.
    #[schema(value_type = String, format = DateTime)]
    last_seen: Time,
    /// When it ends if nothing renews it; null: no date is set.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
}

/// How an entry leaves before it ends.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WayOut {
    /// What the list's rule asks of who wants it off: `self`, `retest`, `proof`, `owner` or `operator`.
    rule: &'static str,
    /// Whom to write to.
    contact: Option<String>,
}

/// What one zone answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ZoneAnswer {
    /// The zone.
    origin: String,
    /// The codes of its A records; empty where it is not listed.
    answers: Vec<String>,
}

/// Look up one key
///
/// An address (IPv4 or IPv6; mapped and 6to4 addresses are their IPv4 address), a domain name, or the hash of a mail
/// address. A prefix is an error that names the call for ranges; a mail address is one, too: it should not travel in
/// URLs.
#[utoipa::path(get, path = "/api/v1/lookup/{key}", tag = "look-ups",
    params(("key" = String, Path, description = "An address, a name or a hash", example = "192.0.2.1")),
    responses((status = 200, description = "Listed or not", body = LookUp)))]
pub(super) async fn look_up(
    Of(state): Of<State>,
    access: Access,
    At(key): At<String>,
) -> Result<Json<LookUp>, Problem> {
    access.count_look_up(&state)?;
    let key = explain::read_key(&key)?;
    let here = state.clone();
    let look_up = move |view: &crate::store::View<'_>, snapshot: &std::sync::Arc<Snapshot>| {
        Ok(LookUp::of(explain::explain(view, snapshot, &key)?.said_by(&here.networks()?), snapshot))
    };
    state.read(look_up).await.map(Json)
}

impl LookUp {
    fn of(found: Explanation, snapshot: &Snapshot) -> Self {
        let listed = found.listed();
        let one = |one: explain::Match| Match {
            kind: one.list.kind.as_str(),
            code: one.code.to_string(),
            text: one.text,
            removal: WayOut { rule: one.list.removal.rule.as_str(), contact: contact(snapshot, &one.list) },
            list: one.list.name.to_string(),
            fact: one.fact.into(),
        };
        Self {
            key: explain::written(&found.key),
            listed,
            test_point: found.test_point,
            matches: found.matches.into_iter().map(one).collect(),
            excluded_by: found
                .holes
                .into_iter()
                .map(|hole| ExcludedBy { list: hole.list.to_string(), fact: hole.fact.into() })
                .collect(),
            zones: found
                .zones
                .into_iter()
                .map(|zone| ZoneAnswer {
                    origin: zone.origin,
                    answers: zone.answers.iter().map(ToString::to_string).collect(),
                })
                .collect(),
            network: found.network.map(|says| NetworkSaid {
                name: says.name,
                title: says.title,
                contact: says.contact,
                text: says.text,
                smarthost: says.smarthost,
            }),
            serial: found.serial.0,
        }
    }
}

impl From<Fact> for EntryFact {
    fn from(fact: Fact) -> Self {
        Self {
            entry: fact.entry.to_string(),
            source: fact.source.to_string(),
            reason: fact.reason,
            evidence: fact.evidence,
            first_seen: fact.first_seen,
            last_seen: fact.last_seen,
            expires: fact.expires,
        }
    }
}

/// The contact of the first zone that serves a list.
pub(in crate::http) fn contact(snapshot: &Snapshot, list: &ListSettings) -> Option<String> {
    let serves = |zone: &&crate::snapshot::Zone| {
        let settings = zone.settings();
        settings.lists.iter().chain(&settings.sublists_only).any(|name| *name == list.name)
    };
    snapshot.served().zones().iter().find(serves).map(|zone| zone.settings().contact.clone())
}
