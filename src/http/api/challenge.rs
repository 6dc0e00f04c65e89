//! `/api/v1/challenge`: what a call that anyone may make costs who has no token: a little time, or a little work.
//!
//! Guarantees: the same rules as for the forms of the pages.
//! Never: needed by who sends a token that is in force.

use crate::{
    http::{
        Problem, State,
        access::{Access, Asked},
        forms::NotTaken,
    },
    limits::{FORM_RIPE_SECONDS, FORM_TOKEN_SECONDS, FORM_WORK_BITS},
};
use axum::{Json, extract::State as Of};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// What a challenge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::http) enum Purpose {
    /// `POST /api/v1/removals`
    Removal,
    /// `POST /api/v1/retests`
    Retest,
    /// `POST /api/v1/networks/claims`
    Claim,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Which call it is for.
    #[serde(rename = "for")]
    #[param(inline)]
    purpose: Purpose,
}

/// A challenge.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the API's word for it")]
pub(super) struct Challenge {
    /// To be sent back as `pow.challenge`, once, by the same client.
    challenge: String,
    /// So many seconds from now it is taken as it is.
    ripe_after: u32,
    /// Sooner with a `pow.nonce` for which SHA-256 of `CHALLENGE.NONCE` begins with so many zero bits.
    bits: u32,
    /// So many seconds from now it is taken no more.
    valid: u32,
}

/// What shows that a call cost something.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"challenge": "a0vTgNUHdVXdZsLeyVYVuM6uAJCd5mRb1C_qkfNC"}))]
pub(in crate::http) struct Work {
    /// From `GET /api/v1/challenge`.
    pub challenge: String,
    /// The work; without it the challenge has to be ripe.
    #[serde(default)]
    pub nonce: Option<String>,
}

/// A challenge
///
/// Calls that anyone may make want one from who sends no token. Send it back when it is ripe, or at once with a nonce.
#[utoipa::path(get, path = "/api/v1/challenge", tag = "requests", params(Wanted),
    responses((status = 200, description = "A challenge", body = Challenge)))]
pub(super) async fn challenge(
    Of(state): Of<State>,
    access: Access,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Challenge>, Problem> {
    access.count_look_up(&state)?;
    let challenge = state.forms.issue(wanted.purpose.as_str(), access.caller.key(), state.parts.clock.now());
    let (ripe_after, bits, valid) = (FORM_RIPE_SECONDS, FORM_WORK_BITS, FORM_TOKEN_SECONDS);
    Ok(Json(Challenge { challenge, ripe_after, bits, valid }))
}

impl Purpose {
    /// As the tokens are signed for.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Removal => "removal",
            Self::Retest => "retest",
            Self::Claim => "claim",
        }
    }

    /// Takes what a call costs that anyone may make, and counts it; who sends a token in force pays nothing.
    ///
    /// # Errors
    /// 422 without a challenge or with one that is not taken, 429 where it is not ripe or too many came.
    pub fn paid(self, state: &State, access: &Access, work: Option<&Work>) -> Result<(), Problem> {
        if access.holder.is_some() {
            return Ok(());
        }
        let lacking = || {
            Problem::unprocessable(format!("pow: take a challenge from GET /api/v1/challenge?for={}", self.as_str()))
        };
        let work = work.ok_or_else(lacking)?;
        let (key, now) = (access.caller.key(), state.parts.clock.now());
        state.forms.admit(self.as_str(), key, now, &work.challenge, work.nonce.as_deref()).map_err(
            |fault| match fault {
                NotTaken::Soon(wait) => Problem::too_often(format!("pow: {fault}"), Duration::from_secs(wait.into())),
                NotTaken::Foreign | NotTaken::Old | NotTaken::Used => Problem::unprocessable(format!("pow: {fault}")),
            },
        )?;
        state.forms.count(&access.caller)
    }
}
