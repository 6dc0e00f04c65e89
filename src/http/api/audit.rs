//! `/api/v1/audit`: who moved which case, when and why.
//!
//! Guarantees: every move of every case, as long as `[keep] audit` says, oldest first.
//! Never: shows contacts, notes, secrets or codes: the trail holds none.

use crate::{
    cases::AuditRow,
    http::{
        Problem, State,
        access::{Access, Asked},
        auth::Act,
        state::blocking,
    },
    limits::AUDIT_PAGE_MAX,
    list::Time,
};
use axum::{Json, extract::State as Of};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    /// From this time on; else from the oldest that is kept.
    #[serde(default)]
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// Behind the last row of the page before.
    #[serde(default)]
    after: Option<String>,
}

/// Some of the trail.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Trail {
    /// The moves.
    moves: Vec<Move>,
    /// Where to go on; null at the end.
    next: Option<String>,
}

/// One move of one case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Move {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Who: `token:NAME`, `admin.token`, `network.NAME`, `anyone`, `operator`, `check` or `time`. Further ones may come.
    actor: String,
    /// What kind of case.
    case: String,
    /// Which.
    id: String,
    /// The list.
    list: Option<String>,
    /// The key.
    key: Option<String>,
    /// The state before; null: it began.
    from: Option<String>,
    /// The state after.
    to: String,
    /// Why.
    why: Option<String>,
}

impl std::convert::From<AuditRow> for Move {
    fn from(row: AuditRow) -> Self {
        let text = |text: Option<Box<str>>| text.map(String::from).filter(|text| !text.is_empty());
        Self {
            at: row.at,
            actor: row.actor.into(),
            case: row.case.into(),
            id: row.id.into(),
            list: text(row.list),
            key: text(row.key),
            from: text(row.from),
            to: row.to.into(),
            why: text(row.why),
        }
    }
}

/// The audit trail of cases
#[utoipa::path(get, path = "/api/v1/audit", tag = "operation", security(("token" = ["admin"])), params(From),
    responses((status = 200, description = "Moves, oldest first, at most 500", body = Trail)))]
pub(super) async fn audit(
    Of(state): Of<State>,
    access: Access,
    Asked(asked): Asked<From>,
) -> Result<Json<Trail>, Problem> {
    access.may(Act::Admin)?;
    let read = |text: &String| data_encoding::HEXLOWER.decode(text.as_bytes());
    let after = asked.after.as_ref().map(read).transpose();
    let after = after.map_err(|_| Problem::malformed("after: send what `next` said"))?;
    let (desk, from, faulty) = (state.desk().clone(), asked.from.unwrap_or_default(), state.faulty());
    blocking(move || {
        let rows = desk.audit_since(from, after.as_deref(), AUDIT_PAGE_MAX);
        let rows = rows.map_err(faulty)?;
        let full = rows.len() == AUDIT_PAGE_MAX;
        let next = rows.last().filter(|_| full).map(|(key, _)| data_encoding::HEXLOWER.encode(key));
        Ok(Json(Trail { moves: rows.into_iter().map(|(_, row)| row.into()).collect(), next }))
    })
    .await
}
