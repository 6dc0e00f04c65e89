//! `/api/v1/retests`: asking that a listed relay or proxy is tested again, and what came out.
//!
//! Guarantees: whoever asks gets the same answer after the same time, whether there will be a test, whether there is one
//! already, or whether the target is not tested.
//! Never: shows a transcript but to an admin; names who asked.

use super::challenge::{Purpose, Work};
use crate::{
    cases::{
        Id,
        retest::{Outcome, Retest, Suspicion},
    },
    http::{
        Problem, State,
        access::{Access, At},
        explain,
        limiter::{Clients, Rates},
        state::blocking,
    },
    limits::{RETEST_ANSWER_TIME, RETEST_REQUESTS_PER_HOUR, RETEST_REQUESTS_PER_PROVIDER_HOUR},
    list::{Key, ListName, Time},
};
use axum::{
    Json,
    body::Body,
    extract::State as Of,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use utoipa::ToSchema;

/// A request for a retest.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRetest {
    /// The list: one of kind relay or proxy.
    #[schema(example = "relays")]
    list: String,
    /// The address.
    #[schema(example = "192.0.2.1")]
    key: String,
    /// Needed without a token: see `GET /api/v1/challenge?for=retest`.
    #[serde(default)]
    pow: Option<Work>,
}

/// A retest was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AskedRetest {
    /// Its name.
    id: String,
    /// Always `queued`: this does not tell whether there will be a test.
    state: &'static str,
}

/// A retest.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RetestView {
    /// Its name.
    id: String,
    /// The list.
    list: String,
    /// The key that is listed.
    key: String,
    /// relay or proxy
    kind: &'static str,
    /// queued, running, arriving (something was accepted and may come through until `arrival_until`; where the result is clean,
    /// nothing has so far, and what still does lists it again at once), waiting (tried again at `next_at`), done
    state: &'static str,
    /// open, multihop, clean, unreachable, inconclusive or not-tested; null while there is none
    result: Option<&'static str>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Time,
    /// When it moves by itself: the next try, or the next look at a machine that was clean.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Time>,
    /// Until when what was accepted may still arrive.
    #[schema(value_type = Option<String>, format = DateTime)]
    arrival_until: Option<Time>,
    /// The trials of the last test.
    steps: Vec<StepView>,
    /// What was said, control characters escaped. For admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    transcript: Option<String>,
    /// The headers of what arrived. For admins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    arrived: Vec<String>,
}

/// One trial.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StepView {
    /// Which: a form of sender and recipient, or a protocol and a port.
    #[schema(example = "null-sender")]
    variant: String,
    /// refused, closed, deferred, barred (it wants encryption first), accepted, vanished, bounced, arrived, arrived-elsewhere or unanswered
    #[schema(value_type = String)]
    verdict: crate::cases::retest::Verdict,
}

impl From<Retest> for RetestView {
    fn from(retest: Retest) -> Self {
        let steps = retest.steps.iter();
        Self {
            id: retest.id.to_string(),
            list: retest.list.to_string(),
            key: retest.key.into(),
            kind: if retest.kind == Suspicion::Relay { "relay" } else { "proxy" },
            state: retest.state.as_str(),
            result: retest.result.map(Outcome::as_str),
            asked_at: retest.asked_at,
            next_at: retest.next_at,
            arrival_until: retest.arrival_until,
            steps: steps.map(|step| StepView { variant: step.variant.to_string(), verdict: step.verdict }).collect(),
            transcript: None,
            arrived: Vec::new(),
        }
    }
}

/// Ask for a retest
///
/// The answer is the same, after the same time, whether the machine will be tested, was tested within 24 hours, or is not
/// tested at all; `GET` tells how it went on.
#[utoipa::path(post, path = "/api/v1/retests", tag = "requests", request_body = NewRetest,
    responses(
        (status = 202, description = "Asked for", body = AskedRetest),
        (status = 404, description = "There is no such list, or this server makes no retests", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The list is about neither relays nor proxies, the key is no address, or the challenge is not taken", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn ask(
    Of(state): Of<State>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<AskedRetest>), Problem> {
    let new: NewRetest = access.object(&state, &headers, body).await?;
    if !state.parts.desk.makes_retests() {
        return Err(Problem::not_found("this server makes no retests"));
    }
    let list: ListName = new.list.parse().map_err(|_| Problem::not_found("there is no such list"))?;
    let key = explain::read_key(&new.key).map_err(|error| Problem::unprocessable(format!("key: {error}")))?;
    let Key::Prefix(prefix) = key else {
        return Err(Problem::unprocessable("key: only single addresses are tested"));
    };
    Purpose::Retest.paid(&state, &access, new.pow.as_ref())?;
    let answer_at = Instant::now() + RETEST_ANSWER_TIME;
    let within_limit = count(&state, &access);
    let asked = state.parts.desk.ask_retest(&list, prefix.first(), within_limit).await;
    let asked = asked.map_err(state.faulty())?;
    sleep_until(answer_at).await;
    Ok((StatusCode::ACCEPTED, Json(AskedRetest { id: asked.to_string(), state: "queued" })))
}

/// Counts a request of a client; admins are not counted.
pub(in crate::http) fn count(state: &State, access: &Access) -> bool {
    access.is_admin() || state.retests.count(access.caller.address).is_ok()
}

/// So many requests an hour. A v6 client is its /48.
pub(in crate::http) fn hourly() -> Clients {
    let (client, provider) = (RETEST_REQUESTS_PER_HOUR, RETEST_REQUESTS_PER_PROVIDER_HOUR);
    Clients::over(Duration::from_secs(3_600), Rates { client, site: client, provider })
}

/// A retest
#[utoipa::path(get, path = "/api/v1/retests/{id}", tag = "requests",
    params(("id" = String, Path, description = "Its name", example = "0123456789abcdef0123456789abcdef")),
    responses(
        (status = 200, description = "How it stands", body = RetestView),
        (status = 404, description = "There is none, or no longer", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn retest(
    Of(state): Of<State>,
    access: Access,
    At(id): At<String>,
) -> Result<Json<RetestView>, Problem> {
    access.count_look_up(&state)?;
    let id: Id = id.parse().map_err(|_| Problem::not_found("there is no such retest"))?;
    let (desk, admin, faulty) = (state.parts.desk.clone(), access.is_admin(), state.faulty());
    blocking(move || {
        let mut view = RetestView::from(desk.retest(id).map_err(faulty)?);
        if admin && let Some(evidence) = desk.retest_evidence(id).map_err(faulty)? {
            (view.transcript, view.arrived) = (Some(evidence.transcript), evidence.arrived);
        }
        Ok(Json(view))
    })
    .await
}
