//! `/api/v1/status` and what an admin does about it.
//!
//! Guarantees: shows what `/health` judges.
//! Never: names tokens to anyone but admins.

use super::{lists, tokens::Token};
use crate::{
    http::{Problem, State, access::Access, auth::Act},
    list::Time,
};
use axum::{Json, extract::State as Of, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

/// How the server stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Status {
    /// Serial of the last commit on disk.
    stored_serial: u64,
    /// Serial that DNS answers by.
    served_serial: u64,
    /// What the serials belong to: another one after a restore.
    lineage: String,
    /// Whether a failed write has turned writes off.
    writes_off: bool,
    /// Whether expiry waits for an admin.
    expiry_paused: bool,
    /// Why it waits.
    expiry_paused_because: Option<String>,
    /// Requests that wait for a decision, by an operator or by the network of the address; as of the last minute.
    requests_waiting: usize,
    /// Networks that have proven a prefix and wait for an operator.
    claims_waiting: usize,
    /// Imports under way.
    imports_running: usize,
    /// Lists that hold entries but stand in no configuration.
    orphans: Vec<String>,
    /// The lists.
    lists: Vec<ListCount>,
    /// Since when a restored store waits for its tokens to be looked at.
    #[schema(value_type = Option<String>, format = DateTime)]
    restored_at: Option<Time>,
    /// After a restore, to admins: the tokens that came with the backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    restored_tokens: Option<Vec<Token>>,
}

/// The size of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListCount {
    /// Its name.
    name: String,
    /// Its kind.
    kind: &'static str,
    /// Entries of all sources.
    entries: u64,
    /// How many sources.
    sources: usize,
}

/// How the server stands
#[utoipa::path(get, path = "/api/v1/status", tag = "operation", security(("token" = [])),
    responses((status = 200, description = "Serials, counts, and what needs attention", body = Status)))]
pub(super) async fn status(Of(state): Of<State>, access: Access) -> Result<Json<Status>, Problem> {
    access.may(Act::Status)?;
    let (now, waiting) = (state.parts.door.status(), state.desk().waiting().map_err(state.faulty())?);
    let (restored, admin) = (now.restored, access.is_admin());
    let (lists, restored_tokens) = state
        .read(move |view, snapshot| {
            let tokens = if admin && restored.is_some() { Some(view.tokens()?) } else { None };
            let before = |created: Time| restored.is_none_or(|at| created <= at);
            let tokens = tokens.map(|rows| {
                rows.into_iter().filter(|(_, row)| before(row.created)).map(|(_, row)| Token::from(row)).collect()
            });
            Ok((lists::all(view, snapshot), tokens))
        })
        .await?;
    Ok(Json(Status {
        stored_serial: now.stored.0,
        served_serial: now.served.0,
        lineage: now.lineage,
        writes_off: now.writes_off,
        expiry_paused: now.expiry_paused.is_some(),
        expiry_paused_because: now.expiry_paused.map(|pause| pause.to_string()),
        requests_waiting: waiting.requests,
        claims_waiting: waiting.claims,
        imports_running: now.imports,
        orphans: now.orphans.iter().map(ToString::to_string).collect(),
        lists: lists
            .into_iter()
            .map(|list| ListCount {
                name: list.name,
                kind: list.kind,
                entries: list.entries,
                sources: list.sources.len(),
            })
            .collect(),
        restored_at: restored,
        restored_tokens,
    }))
}

/// Let expiry go on
///
/// It pauses by itself where the clock jumped or a backup was started; see `expiry_paused_because` in the status.
#[utoipa::path(post, path = "/api/v1/expiry/resume", tag = "operation", security(("token" = ["admin"])),
    responses((status = 204, description = "Entries end again")))]
pub(super) async fn resume(Of(state): Of<State>, access: Access) -> Result<StatusCode, Problem> {
    let actor = access.may(Act::Admin)?.actor();
    state.parts.door.resume_expiry(actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
