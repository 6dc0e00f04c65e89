//! `/api/v1/lists`: what the lists are, and purging one that the configuration no longer names.
//!
//! Guarantees: counts are those of the rows, as of one serial.
//! Never: changes a list's settings; that is configuration.

use super::written::Written;
use crate::{
    change::{Change, What},
    http::{
        Problem, State,
        access::{Access, At},
        auth::Act,
    },
    list::{Key, KeyFamily, ListName, ListSettings, MailHash, Serial, SourceName, Time},
    snapshot::{ListIndex, Snapshot},
    store::{Source, View},
};
use axum::{Json, extract::State as Of};
use serde::Serialize;
use utoipa::ToSchema;

/// One list.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct List {
    /// Its name.
    pub name: String,
    /// Its kind: dynamic, compromised, relay, proxy, spam, domain, new-domain, spf-abuse, mail-hash or never.
    pub kind: &'static str,
    /// Which keys it takes: addresses, names, hashes or any.
    pub keys: &'static str,
    /// The code that DNS answers; null for `never`, which is not served.
    pub code: Option<String>,
    /// Further codes that single entries may carry.
    pub codes: Vec<String>,
    /// What gets a key listed.
    pub criteria: String,
    /// How long after it was last seen an entry ends, such as `90d`; null: it does not end by itself.
    pub expires_after: Option<String>,
    /// Who lets a key out when somebody asks: self, retest, proof, owner or operator.
    pub removal: &'static str,
    /// Entries of all sources.
    pub entries: u64,
    /// IPv4 addresses that it covers, exclusions taken off.
    pub covered_v4: u64,
    /// The zones that serve it.
    pub zones: Vec<String>,
    /// Who writes to it.
    pub sources: Vec<SourceState>,
}

/// What is known of a source in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SourceState {
    /// Its name.
    pub name: String,
    /// Keys that it holds.
    pub keys: u64,
    /// Addresses that they cover, each key counted by itself (IPv6: /64s).
    pub covered: u64,
    /// When it last said all that it holds (PUT).
    #[schema(value_type = Option<String>, format = DateTime)]
    pub complete_at: Option<Time>,
    /// The commit that last changed or confirmed it.
    pub serial: u64,
    /// SHA-256 of its last body before packing, in hex.
    pub sha256: Option<String>,
}

/// All lists
#[utoipa::path(get, path = "/api/v1/lists", tag = "lists",
    responses((status = 200, description = "The lists in the order of the configuration, then `never`", body = Vec<List>)))]
pub(super) async fn lists(Of(state): Of<State>, _access: Access) -> Result<Json<Vec<List>>, Problem> {
    state.read(|view, snapshot| Ok(all(view, snapshot))).await.map(Json)
}

/// One list
#[utoipa::path(get, path = "/api/v1/lists/{list}", tag = "lists",
    params(("list" = String, Path, description = "Its name", example = "dynamic")),
    responses((status = 200, description = "The list", body = List)))]
pub(super) async fn list(Of(state): Of<State>, _access: Access, At(list): At<ListName>) -> Result<Json<List>, Problem> {
    state.read(move |view, snapshot| find(view, snapshot, &list)).await.map(Json)
}

/// Purge a list that the configuration no longer names
///
/// All entries of all its sources go, and cannot be brought back.
#[utoipa::path(delete, path = "/api/v1/lists/{list}", tag = "lists", security(("token" = ["admin"])),
    params(("list" = String, Path, description = "An orphan, as `status` names it", example = "old-list")),
    responses(
        (status = 200, description = "It is gone", body = Written),
        (status = 409, description = "The configuration names it", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn purge(
    Of(state): Of<State>,
    access: Access,
    At(list): At<ListName>,
) -> Result<Json<Written>, Problem> {
    let actor = access.may(Act::Admin)?.actor();
    let (source, what) = (SourceName::operator(), What::PurgeList);
    let change = Change { actor, list, source, admin: true, force: false, what, cases: Vec::new() };
    Ok(Json(state.parts.door.submit(change).await?.into()))
}

/// All lists, `never` last.
pub(in crate::http) fn all(view: &View<'_>, snapshot: &Snapshot) -> Vec<List> {
    let served = snapshot.served();
    let mut lists: Vec<_> = served.lists().map(|(index, settings)| describe(view, snapshot, index, settings)).collect();
    lists.push(describe(view, snapshot, ListIndex::NEVER, &ListSettings::never()));
    lists
}

/// The list of that name.
///
/// # Errors
/// 404
pub(in crate::http) fn find(view: &View<'_>, snapshot: &Snapshot, name: &ListName) -> Result<List, Problem> {
    let unknown = || Problem::not_found(format!("there is no list {name}"));
    let index = snapshot.served().list(name).ok_or_else(unknown)?;
    let settings = settings(snapshot, name)?;
    Ok(describe(view, snapshot, index, &settings))
}

/// The settings of the list of that name, `never` among them.
///
/// # Errors
/// 404
pub(in crate::http) fn settings(snapshot: &Snapshot, name: &ListName) -> Result<std::sync::Arc<ListSettings>, Problem> {
    if name.is_never() {
        return Ok(std::sync::Arc::new(ListSettings::never()));
    }
    let served = snapshot.served();
    let settings = served.list(name).and_then(|index| served.settings(index));
    settings.cloned().ok_or_else(|| Problem::not_found(format!("there is no list {name}")))
}

fn describe(view: &View<'_>, snapshot: &Snapshot, index: ListIndex, settings: &ListSettings) -> List {
    let never = settings.name.is_never();
    let id = view.catalog().list_id(&settings.name);
    let known = |id| view.catalog().sources(id).filter(|source| source.is_known());
    let sources: Vec<_> = id.into_iter().flat_map(known).map(|source| SourceState::of(source)).collect();
    let zones = snapshot.served().zones().iter().map(crate::snapshot::Zone::settings);
    let serving = zones.filter(|zone| zone.lists.iter().chain(&zone.sublists_only).any(|name| *name == settings.name));
    List {
        name: settings.name.to_string(),
        kind: settings.kind.as_str(),
        keys: match settings.family() {
            KeyFamily::Addresses => "addresses",
            KeyFamily::Names => "names",
            KeyFamily::Hashes(_) => "hashes",
            KeyFamily::Any => "any",
        },
        code: (!never).then(|| settings.code.to_string()),
        codes: settings.codes.iter().map(ToString::to_string).collect(),
        criteria: settings.criteria.clone(),
        expires_after: settings.expires_after.map(|term| term.to_string()),
        removal: settings.removal.rule.as_str(),
        entries: sources.iter().map(|source: &SourceState| source.keys).sum(),
        covered_v4: snapshot.covered_v4(index),
        zones: serving.map(|zone| zone.origin.name().to_owned()).collect(),
        sources,
    }
}

impl SourceState {
    /// What the row of a source says.
    pub fn of(source: &Source) -> Self {
        let row = &source.row;
        let Serial(serial) = row.serial;
        Self {
            name: source.name.to_string(),
            keys: row.keys,
            covered: row.covered,
            complete_at: row.complete_at,
            serial,
            sha256: row.sha256.as_deref().map(str::to_owned),
        }
    }
}

/// The key that a parameter names, as the list reads its keys.
///
/// # Errors
/// 400
pub(in crate::http) fn key(settings: &ListSettings, text: &str) -> Result<Key, Problem> {
    if text.contains('@') {
        let hash = match settings.family() {
            KeyFamily::Hashes(kind) => MailHash::of_address(kind, text).ok(),
            _ => None,
        };
        let named = hash.map(|hash| format!(", which is {hash}")).unwrap_or_default();
        return Err(Problem::malformed(format!(
            "a mail address does not belong where logs may keep it; name its hash{named}"
        )));
    }
    Key::parse(text, settings.family()).map_err(|error| Problem::malformed(format!("{text}: {error}")))
}
