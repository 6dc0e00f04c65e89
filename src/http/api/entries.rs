//! `/api/v1/lists/{list}/entries`: single entries, added, removed and read.
//!
//! Guarantees: a POST is one commit, of one source; a page of entries never ends in the middle of a key.
//! Never: shows private evidence to anyone but admins.

use super::{Forced, lists, posted::Posted, written::Written};
use crate::{
    change::{Change, What, last_seen},
    http::{
        Problem, State,
        access::{Access, Asked, At},
        auth::Act,
        body,
        fence::{self, Fence},
        state::blocking,
    },
    limits::{ENTRIES_PAGE_MAX, ENTRIES_WALKED_MAX, POST_OCTETS_MAX},
    list::{Key, ListName, ListSettings, Mark, SourceName, Time, format::Dialect},
    store::{Held, ListId, ReadError, Source, View},
};
use axum::{Json, body::Body, extract::State as Of, http::HeaderMap};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// An entry to be added or renewed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "it describes the body; list::format reads it")]
pub(super) struct NewEntryObject {
    /// An address, a prefix, a name (`=name`: only itself, `*.name`: only what is below), a hash, or in lists of hashes
    /// a mail address, of which only the hash is kept.
    #[schema(example = "192.0.2.25")]
    key: String,
    /// Who says so; the same in all lines.
    #[schema(example = "feed-1")]
    source: String,
    /// Make a hole: the key is not listed although a wider entry covers it.
    exclude: Option<bool>,
    /// Why. Shown on the pages; never in DNS.
    #[schema(example = "connected to a trap")]
    reason: Option<String>,
    /// One of the list's further codes.
    code: Option<String>,
    /// A text of its own for the TXT record, where the list allows it.
    text: Option<String>,
    /// When it was seen; else now.
    #[schema(format = DateTime)]
    seen: Option<String>,
    /// When it was first seen; from admins only.
    #[schema(format = DateTime)]
    first_seen: Option<String>,
    /// When it ends: a time, or a duration such as `7d`.
    #[schema(example = "7d")]
    expires: Option<String>,
    /// Evidence.
    evidence: Option<EvidenceObject>,
}

/// Evidence of an entry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "it describes the body; list::format reads it")]
pub(super) struct EvidenceObject {
    /// For anyone.
    public: Option<String>,
    /// For admins.
    private: Option<String>,
}

/// Some entries of a list, in the order of their keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntriesPage {
    /// The entries.
    entries: Vec<EntryObject>,
    /// Where to go on: the parameter `after` of the next page; null at the end.
    next: Option<String>,
    /// As of this commit.
    serial: u64,
}

/// One entry.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryObject {
    /// Its key.
    key: String,
    /// Who says so.
    source: String,
    /// Whether it makes a hole.
    exclude: bool,
    /// Why.
    reason: String,
    /// Its own code; null: the list's.
    code: Option<String>,
    /// Its own text; null: the list's.
    text: Option<String>,
    /// When the source first named it.
    #[schema(value_type = String, format = DateTime)]
    first_seen: Time,
    /// When it was last confirmed.
    #[schema(value_type = String, format = DateTime)]
    last_seen: Time,
    /// Its own end; null: by the list's rule.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
    /// Evidence; the private part is for admins.
    evidence: Evidence,
}

/// Evidence as it is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Evidence {
    /// For anyone.
    public: String,
    /// For admins; absent for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    private: Option<String>,
}

/// Add or renew entries
///
/// One JSON object, or one a line (NDJSON), at most 50,000, all of one source. Excluding needs a token that may exclude.
#[utoipa::path(post, path = "/api/v1/lists/{list}/entries", tag = "entries",
    security(("token" = ["write:LIST/SOURCE"])),
    params(("list" = String, Path, description = "The list", example = "compromised"), Forced),
    request_body(content((NewEntryObject = "application/json"), (NewEntryObject = "application/x-ndjson"))),
    responses(
        (status = 200, description = "It is on disk and served", body = Written),
        (status = 409, description = "A guard stopped it", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A line cannot be taken, or the lines are of several sources; nothing was changed", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn add(
    Of(state): Of<State>,
    access: Access,
    At(list): At<ListName>,
    Asked(Forced { force }): Asked<Forced>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Written>, Problem> {
    access.may(Act::Status)?;
    let settings = lists::settings(&state.snapshot(), &list)?;
    let holder = fence::writing(&state, &access, &settings).await?;
    if force {
        holder.may(Act::Force)?;
    }
    let held = body::whole_in(&state.room, body, body::encoding(&headers)?, POST_OCTETS_MAX).await?;
    let dialect = Dialect { may_say_first_seen: holder.is_admin(), ..Dialect::of(&settings, state.parts.clock.now()) };
    let (asked, sender, to) = (state.clone(), holder.clone(), list.clone());
    let (holder, Posted { source, lines }, _its_room) = blocking(move || {
        let posted = Posted::read(&held.octets, dialect)?;
        let holder = asked.still_may(&sender, Act::Write(&to, &posted.source))?;
        Ok((holder, posted, held))
    })
    .await?;
    if lines.iter().any(|(_, entry)| entry.mark == Mark::Excluded) {
        holder.may(Act::Exclude(&list, &source))?;
    }
    if force {
        holder.may(Act::Force)?;
    }
    let fence = Fence::around(&state, &holder, &settings, &source).await?;
    lines.iter().try_for_each(|(line, entry)| fence.holds(*line, &entry.key, entry.mark))?;
    let (actor, admin) = (holder.actor(), holder.is_admin());
    let change = Change { actor, list, source, admin, force, what: What::Add(lines), cases: Vec::new() };
    Ok(Json(fence.submit(&state, change).await?.into()))
}

/// Which entry to remove.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveParameters {
    /// The key as it was written.
    #[param(example = "192.0.2.25")]
    key: String,
    /// Whose entry.
    #[param(example = "feed-1")]
    source: String,
    /// Override the guards (admins only).
    #[serde(default)]
    force: bool,
}

/// Remove an entry
///
/// Where the source does not hold the key, nothing changes, and `still_listed_by` says who lists it.
#[utoipa::path(delete, path = "/api/v1/lists/{list}/entries", tag = "entries",
    security(("token" = ["write:LIST/SOURCE"])),
    params(("list" = String, Path, description = "The list", example = "compromised"), RemoveParameters),
    responses(
        (status = 200, description = "The source does not hold the key (any more)", body = Written),
        (status = 409, description = "A guard stopped it", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The list does not take this", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove(
    Of(state): Of<State>,
    access: Access,
    At(list): At<ListName>,
    Asked(asked): Asked<RemoveParameters>,
) -> Result<Json<Written>, Problem> {
    let source = source_name(&asked.source)?;
    let holder = access.may(Act::Write(&list, &source))?;
    if asked.force {
        holder.may(Act::Force)?;
    }
    let settings = lists::settings(&state.snapshot(), &list)?;
    let key = lists::key(&settings, &asked.key)?;
    Fence::around(&state, holder, &settings, &source).await?.holds(1, &key, Mark::Excluded)?;
    let (actor, admin, force) = (holder.actor(), holder.is_admin(), asked.force);
    let change = Change { actor, list, source, admin, force, what: What::Remove(vec![key]), cases: Vec::new() };
    Ok(Json(state.parts.door.submit(change).await?.into()))
}

/// A source's name from the query string.
fn source_name(text: &str) -> Result<SourceName, Problem> {
    text.parse().map_err(|error| Problem::malformed(format!("source: {error}")))
}

/// Which entries to read.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadParameters {
    /// Only keys inside this one: a prefix, or a name.
    #[param(example = "192.0.2.0/24")]
    within: Option<String>,
    /// Only entries of this source. Its own token may read them.
    source: Option<String>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// How many entries at most, about; up to 10,000.
    #[param(example = 100)]
    limit: Option<usize>,
}

/// Read entries
///
/// In the order of their keys, a page at a time. A page may hold fewer entries than the limit, or none, and still name
/// where to go on.
#[utoipa::path(get, path = "/api/v1/lists/{list}/entries", tag = "entries",
    security(("token" = ["read"]), ("token" = ["write:LIST/SOURCE"])),
    params(("list" = String, Path, description = "The list", example = "compromised"), ReadParameters),
    responses((status = 200, description = "A page", body = EntriesPage)))]
pub(super) async fn read(
    Of(state): Of<State>,
    access: Access,
    At(list): At<ListName>,
    Asked(asked): Asked<ReadParameters>,
) -> Result<Json<EntriesPage>, Problem> {
    let source = asked.source.as_deref().map(source_name).transpose()?;
    match &source {
        Some(source) => access.may(Act::ReadSource(&list, source))?,
        None => access.may(Act::Read)?,
    };
    let admin = access.is_admin();
    state
        .read(move |view, snapshot| {
            let settings = lists::settings(snapshot, &list)?;
            let key = |text: Option<&str>| text.map(|text| lists::key(&settings, text)).transpose();
            let page = Page {
                within: key(asked.within.as_deref())?,
                after: key(asked.after.as_deref())?,
                source,
                limit: asked.limit.unwrap_or(100).clamp(1, ENTRIES_PAGE_MAX),
                admin,
            };
            page.read(view, &settings).map(Json)
        })
        .await
}

/// What one page is to hold.
struct Page {
    within: Option<Key>,
    after: Option<Key>,
    source: Option<SourceName>,
    limit: usize,
    admin: bool,
}

impl Page {
    fn read(&self, view: &View<'_>, list: &ListSettings) -> Result<EntriesPage, Problem> {
        let serial = view.serial().0;
        let nothing = EntriesPage { entries: Vec::new(), next: None, serial };
        let Some(id) = view.catalog().list_id(&list.name) else { return Ok(nothing) };
        let source = match &self.source {
            None => None,
            Some(name) => match view.catalog().source_named(id, name) {
                None => return Ok(nothing),
                Some(source) => Some(Arc::clone(source)),
            },
        };
        let mut entries = Vec::new();
        let mut walked_to: Option<Key> = None;
        for (walked, held) in self.walk(view, id, source.as_ref()).enumerate() {
            let held = held?;
            // All that is said at one key stands on one page.
            let full = entries.len() >= self.limit || walked >= ENTRIES_WALKED_MAX;
            if full && walked_to.as_ref().is_some_and(|key| *key != held.key) {
                return Ok(EntriesPage { entries, next: walked_to.map(|key| key.to_string()), serial });
            }
            walked_to = Some(held.key.clone());
            if source.as_ref().is_none_or(|source| source.id == held.source.id) {
                entries.push(self.object(view, id, held)?);
            }
        }
        Ok(EntriesPage { entries, next: None, serial })
    }

    /// The walk that reads the fewest rows.
    fn walk<'v>(
        &self,
        view: &'v View<'_>,
        id: ListId,
        source: Option<&Arc<Source>>,
    ) -> Box<dyn Iterator<Item = Result<Held, ReadError>> + 'v> {
        match (&self.within, source, &self.after) {
            (Some(within), _, Some(after)) => Box::new(view.inside_after(id, within, after)),
            (Some(within), _, None) => Box::new(view.inside(id, within)),
            (None, None, Some(after)) => Box::new(view.entries_after(id, after)),
            (None, None, None) => Box::new(view.entries(id)),
            (None, Some(source), after) => {
                let owned = match after {
                    Some(after) => view.owned_after(source.owner(), after),
                    None => view.owned(source.owner()),
                };
                let source = Arc::clone(source);
                let held = move |(key, entry)| Held { key, source: Arc::clone(&source), entry };
                Box::new(owned.map(move |row| row.map(&held)))
            }
        }
    }

    fn object(&self, view: &View<'_>, list: ListId, held: Held) -> Result<EntryObject, Problem> {
        let Held { key, source, entry } = held;
        let detail = view.detail(source.owner(), &key)?;
        let text = entry.text.map(|text| view.text(list, text)).transpose()?.flatten();
        Ok(EntryObject {
            key: key.to_string(),
            source: source.name.to_string(),
            exclude: entry.mark == Mark::Excluded,
            reason: detail.reason.into(),
            code: entry.code.map(|code| code.to_string()),
            text: text.map(Into::into),
            first_seen: entry.first_seen,
            last_seen: last_seen(&entry, source.row.complete_at),
            expires: entry.expires,
            evidence: Evidence { public: detail.public.into(), private: self.admin.then(|| detail.private.into()) },
        })
    }
}
