//! `/health`, `/health/live` and `/metrics`: for those who watch the server.
//!
//! Guarantees: `/health` is 503 when writes are off or DNS answers by an old state; `/health/live` is 200 as long as DNS
//! answers at all.
//! Never: says anything about entries.

use crate::{
    http::{Problem, State, access::Access, caller::contains, state::blocking},
    limits::PUBLICATION_LAG_MAX,
    list::Serial,
    metrics,
};
use axum::{
    Json,
    extract::State as Of,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::sync::Arc;
use tokio::time::timeout;
use utoipa::ToSchema;

/// Whether all is well.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    /// What is wrong; empty where all is well.
    failing: Vec<&'static str>,
    /// What needs an admin, though all works.
    attention: Vec<&'static str>,
}

/// Whether everything works
#[utoipa::path(get, path = "/health", tag = "operation",
    responses(
        (status = 200, description = "Everything works", body = Health),
        (status = 503, description = "Something does not", body = Health)))]
pub(super) async fn health(Of(state): Of<State>) -> (StatusCode, Json<Health>) {
    let now = state.parts.door.status();
    let mut failing = Vec::new();
    if now.writes_off {
        failing.push("writes are off after a failed write; mend the disk and restart");
    }
    if now.served < now.stored && !catches_up(&state, now.stored).await {
        failing.push("DNS answers by an old state");
    }
    if !(state.parts.dns_answers)() {
        failing.push("DNS does not answer");
    }
    let mut attention = Vec::new();
    if now.expiry_paused.is_some() {
        attention.push("expiry is paused and waits for POST /api/v1/expiry/resume");
    }
    let (code, status) =
        if failing.is_empty() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "failing") };
    (code, Json(Health { status, failing, attention }))
}

/// Whether the served state reaches a stored serial within the time that a publication takes at most.
async fn catches_up(state: &State, stored: Serial) -> bool {
    let mut served = state.parts.door.published().watch();
    timeout(PUBLICATION_LAG_MAX, served.wait_for(|serial| *serial >= stored)).await.is_ok_and(|reached| reached.is_ok())
}

/// Whether DNS answers
#[utoipa::path(get, path = "/health/live", tag = "operation",
    responses(
        (status = 200, description = "DNS answers", body = Health),
        (status = 503, description = "It does not", body = Health)))]
pub(super) async fn live(Of(state): Of<State>) -> (StatusCode, Json<Health>) {
    if (state.parts.dns_answers)() {
        return (StatusCode::OK, Json(Health { status: "ok", failing: Vec::new(), attention: Vec::new() }));
    }
    let failing = vec!["DNS does not answer"];
    (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "failing", failing, attention: Vec::new() }))
}

/// Metrics for Prometheus
///
/// Only for the addresses in `[http] metrics_from`.
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses(
        (status = 200, description = "The metrics, in Prometheus' text format", body = String, content_type = "text/plain"),
        (status = 403, description = "Not from this address", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn metrics(Of(state): Of<State>, access: Access) -> Result<Response, Problem> {
    if !contains(&access.settings.metrics_from, access.caller.address) {
        return Err(Problem::forbidden("metrics are given only to the addresses in [http] metrics_from"));
    }
    let scrape = Arc::clone(&state.parts.scrape);
    let page = blocking(move || Ok(scrape())).await?;
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], page).into_response())
}
