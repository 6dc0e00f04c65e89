//! `/api/v1/lists/{list}/sources/{source}`: what a source holds, replaced as a whole.
//!
//! Guarantees: a PUT takes a body of any size in bounded memory and is one commit; a client that goes away before its end
//! changes nothing.
//! Never: touches the entries of another source.

use super::{feed::Feed, lists, lists::SourceState, written::Written};
use crate::{
    change::{ImportStart, Whole, WholeChange},
    http::{
        Problem, State,
        access::{Access, Asked, At},
        auth::Act,
        body,
        fence::Fence,
        state::{aside, blocking},
    },
    list::{
        ListName, SourceName,
        format::{Dialect, Format, Reader},
    },
};
use axum::{Json, body::Body, extract::State as Of, http::HeaderMap};
use serde::Deserialize;
use std::sync::Arc;
use tokio::runtime::Handle;
use utoipa::IntoParams;

/// How a body is read.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplaceParameters {
    /// `text` (default), `csv`, `ndjson`, `rbldnsd`, or one of rbldnsd's data sets: ip4set, ip4tset, ip4trie, ip6trie,
    /// ip6tset, dnset, combined.
    #[param(example = "text")]
    format: Option<String>,
    /// Count and check, change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Override the guards (admins only).
    #[serde(default)]
    force: bool,
    /// Leave lines out that cannot be taken, in place of refusing the whole body.
    #[serde(default)]
    skip_invalid: bool,
    /// CSV columns that go into the reason as `name=value`, with commas between. Others are dropped.
    reason_columns: Option<String>,
    /// The one data set to take from a combined rbldnsd file.
    subset: Option<String>,
}

/// Replace what a source holds
///
/// The body is everything that the source says from now on; what it does not name any more leaves. It may be packed with
/// gzip and have any size. Always a commit, also where nothing changed: it is the feed's heartbeat.
#[utoipa::path(put, path = "/api/v1/lists/{list}/sources/{source}", tag = "sources",
    security(("token" = ["write:LIST/SOURCE"])),
    params(
        ("list" = String, Path, description = "The list", example = "dynamic"),
        ("source" = String, Path, description = "The source", example = "isp"),
        ReplaceParameters),
    request_body(content((String = "text/plain", example = "192.0.2.0/24 customers\n!192.0.2.25 a mail server\n"), (String = "text/csv"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "It is on disk and served (with `dry_run`: it would be)", body = Written),
        (status = 409, description = "A guard stopped it, or an import of this source is running", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Lines cannot be taken; nothing was changed", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn replace(
    Of(state): Of<State>,
    access: Access,
    At((list, source)): At<(ListName, SourceName)>,
    Asked(asked): Asked<ReplaceParameters>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Written>, Problem> {
    let holder = access.may(Act::Write(&list, &source))?.clone();
    if asked.force {
        holder.may(Act::Force)?;
    }
    let format: Format = match asked.format.as_deref() {
        None => Format::default(),
        Some(text) => text.parse().map_err(|error| Problem::malformed(format!("format: {error}")))?,
    };
    let encoding = body::encoding(&headers)?;
    let settings = lists::settings(&state.snapshot(), &list)?;
    let fence = Fence::around(&state, &holder, &settings, &source).await?;
    let columns = asked.reason_columns.as_deref().unwrap_or_default().split(',').map(str::trim);
    let dialect = Dialect {
        reason_columns: columns.filter(|column| !column.is_empty()).map(str::to_owned).collect(),
        may_say_first_seen: holder.is_admin(),
        subset: asked.subset,
        source: Some(source.clone()),
        ..Dialect::of(&settings, state.parts.clock.now())
    };
    let start = ImportStart {
        actor: holder.actor(),
        token: holder.id.clone(),
        admin: holder.is_admin(),
        list: list.clone(),
        source: source.clone(),
        force: asked.force,
        dry_run: asked.dry_run,
        skip_invalid: asked.skip_invalid,
    };
    let door = state.parts.door.clone();
    let import = blocking(move || Ok(door.begin_import(start)?)).await?;
    let fence = Arc::new(fence);
    let (reader, around) = (Reader::new(format, dialect), Arc::clone(&fence));
    let looked = std::time::Instant::now();
    let feed = Feed { reader, import, state: state.clone(), holder, fence: around, list, source, looked };
    let (sender, receiver) = body::channel();
    let runtime = Handle::current();
    let import = move || {
        let committed = feed.run(receiver, encoding)?;
        runtime.block_on(fence.settle(&state))?;
        Ok(committed)
    };
    match tokio::join!(body::pump(body, sender), aside("import", import)) {
        // The pump knows best why a body broke off.
        (Err(broken), Err(_)) => Err(broken),
        (_, committed) => Ok(Json(committed?.into())),
    }
}

/// What is known of a source
///
/// After a connection was cut in the middle of a PUT, its serial and SHA-256 tell whether the body arrived.
#[utoipa::path(get, path = "/api/v1/lists/{list}/sources/{source}", tag = "sources",
    security(("token" = ["read"]), ("token" = ["write:LIST/SOURCE"])),
    params(
        ("list" = String, Path, description = "The list", example = "dynamic"),
        ("source" = String, Path, description = "The source", example = "isp")),
    responses((status = 200, description = "Its counts, serial, and the hash of its last body", body = SourceState)))]
pub(super) async fn source(
    Of(state): Of<State>,
    access: Access,
    At((list, source)): At<(ListName, SourceName)>,
) -> Result<Json<SourceState>, Problem> {
    access.may(Act::ReadSource(&list, &source))?;
    state
        .read(move |view, snapshot| {
            lists::settings(snapshot, &list)?;
            let catalog = view.catalog();
            let found = catalog.list_id(&list).and_then(|id| catalog.source_named(id, &source));
            let found = found
                .filter(|source| source.is_known())
                .ok_or_else(|| Problem::not_found(format!("list {list} has no source {source}")))?;
            Ok(Json(SourceState::of(found)))
        })
        .await
}

/// Purge a source
///
/// All that it holds goes, and cannot be brought back. No guard stops it.
#[utoipa::path(delete, path = "/api/v1/lists/{list}/sources/{source}", tag = "sources",
    security(("token" = ["write:LIST/SOURCE"])),
    params(
        ("list" = String, Path, description = "The list", example = "dynamic"),
        ("source" = String, Path, description = "The source", example = "isp")),
    responses(
        (status = 200, description = "It holds nothing any more", body = Written),
        (status = 409, description = "An import of this source is running", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn purge(
    Of(state): Of<State>,
    access: Access,
    At((list, source)): At<(ListName, SourceName)>,
) -> Result<Json<Written>, Problem> {
    act(&state, &access, list, source, Whole::Purge).await
}

/// Go back to what a source held before its last PUT
///
/// What was posted since goes, too. Kept for 24 hours, also over a restart; a second undo is 409.
#[utoipa::path(post, path = "/api/v1/lists/{list}/sources/{source}/undo", tag = "sources",
    security(("token" = ["write:LIST/SOURCE"])),
    params(
        ("list" = String, Path, description = "The list", example = "dynamic"),
        ("source" = String, Path, description = "The source", example = "isp")),
    responses(
        (status = 200, description = "It holds what it held", body = Written),
        (status = 409, description = "There is nothing to undo, or an import of this source is running", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn undo(
    Of(state): Of<State>,
    access: Access,
    At((list, source)): At<(ListName, SourceName)>,
) -> Result<Json<Written>, Problem> {
    act(&state, &access, list, source, Whole::Undo).await
}

async fn act(
    state: &State,
    access: &Access,
    list: ListName,
    source: SourceName,
    whole: Whole,
) -> Result<Json<Written>, Problem> {
    let holder = access.may(Act::Write(&list, &source))?;
    if source.is_network() {
        let settings = lists::settings(&state.snapshot(), &list)?;
        let fence = Fence::around(state, holder, &settings, &source).await?;
        if fence.stands() && whole == Whole::Undo {
            return Err(Problem::forbidden(
                "a network undoes nothing: what it held may no longer be its own; PUT again",
            ));
        }
    }
    let may_exclude = holder.may(Act::Exclude(&list, &source)).is_ok();
    let change = WholeChange { actor: holder.actor(), list, source, may_exclude, whole };
    let door = state.parts.door.clone();
    let committed = aside("purge or undo", move || Ok(door.change_whole(change)?)).await?;
    Ok(Json(committed.into()))
}
