//! Errors of the API: `application/problem+json` (RFC 9457).
//!
//! Guarantees: each kind of error has one name, one status and one title, listed at `/docs`; the detail says what to do.
//! Never: tells what went wrong inside the program, but that it did; nor repeats a token.

use crate::{
    cases::Fault,
    change::Refused,
    limits::RETRY_AFTER_DISK_FULL,
    list::{Time, format::LineError},
    store::ReadError,
};
use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use utoipa::ToSchema;

/// A line of a body that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rejected {
    /// The line, from 1.
    pub line: u64,
    /// The character in it, from 1.
    pub column: u32,
    /// The line itself, cut.
    pub text: String,
    /// What is wrong with it.
    pub error: String,
}

impl From<LineError> for Rejected {
    fn from(error: LineError) -> Self {
        let LineError { line, column, text, error } = error;
        Self { line, column, text, error }
    }
}

/// An error of the API (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Problem {
    /// Where this kind of error is explained: `/docs#problem-NAME`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: &'static str,
    /// The kind of error in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong and what to do.
    #[schema(value_type = String)]
    pub detail: Box<str>,
    /// 409: the guard that stopped the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub guard: Option<Box<str>>,
    /// 422: the first 100 lines that could not be taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<Rejected>,
    /// 422: how many lines could not be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_count: Option<u64>,
    #[serde(skip)]
    #[schema(ignore)]
    retry_after: Option<u32>,
}

/// Where errors are explained; the name of the kind follows.
pub const EXPLAINED_AT: &str = "/docs#problem-";

/// The kinds of errors: type, status, title, and for `/docs` what they mean.
pub const KINDS: &[(&str, StatusCode, &str, &str)] = &[
    (
        "/docs#problem-malformed",
        StatusCode::BAD_REQUEST,
        "The request cannot be read",
        "A parameter or the body is not of the form that this call takes.",
    ),
    (
        "/docs#problem-unauthorized",
        StatusCode::UNAUTHORIZED,
        "A token is needed",
        "Send `Authorization: Bearer TOKEN` with a token that is in force.",
    ),
    (
        "/docs#problem-forbidden",
        StatusCode::FORBIDDEN,
        "The token does not allow this",
        "The token lacks the scope, or it came in clear, or at the wrong address.",
    ),
    (
        "/docs#problem-not-found",
        StatusCode::NOT_FOUND,
        "There is no such thing",
        "No such list, source, zone, token or call.",
    ),
    (
        "/docs#problem-method",
        StatusCode::METHOD_NOT_ALLOWED,
        "Not with this method",
        "The header `Allow` names the methods of this path.",
    ),
    (
        "/docs#problem-timeout",
        StatusCode::REQUEST_TIMEOUT,
        "The request came too slowly",
        "Nothing arrived for 30 s, or the request took longer than its bound. Nothing was changed.",
    ),
    (
        "/docs#problem-conflict",
        StatusCode::CONFLICT,
        "Something else stands in the way",
        "Another import of the same source is running, or there is nothing to undo.",
    ),
    (
        "/docs#problem-guard",
        StatusCode::CONFLICT,
        "A guard stopped the change",
        "The change looks like a mistake. `guard` names the rule; an admin may repeat it with `force=true`.",
    ),
    (
        "/docs#problem-gone",
        StatusCode::GONE,
        "No longer kept",
        "The serial is older than the journal, or of another lineage. Export the lists again.",
    ),
    (
        "/docs#problem-too-large",
        StatusCode::PAYLOAD_TOO_LARGE,
        "Too much at once",
        "A bound of this call is exceeded. Entries of any number can be sent by a PUT of their source.",
    ),
    (
        "/docs#problem-media-type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Not in this encoding",
        "Bodies are plain or gzip; those of JSON calls are JSON or NDJSON.",
    ),
    (
        "/docs#problem-rejected",
        StatusCode::UNPROCESSABLE_ENTITY,
        "Something in the body cannot be taken",
        "Nothing was changed. `rejected` shows the first 100 lines; `skip_invalid=true` leaves such lines out.",
    ),
    (
        "/docs#problem-too-many",
        StatusCode::TOO_MANY_REQUESTS,
        "Too much from one client",
        "Wait as long as `Retry-After` says, or use a token.",
    ),
    (
        "/docs#problem-internal",
        StatusCode::INTERNAL_SERVER_ERROR,
        "A fault of this program",
        "The log says more. Nothing was changed.",
    ),
    ("/docs#problem-busy", StatusCode::SERVICE_UNAVAILABLE, "Busy", "Try again after the seconds in `Retry-After`."),
    (
        "/docs#problem-disk-full",
        StatusCode::SERVICE_UNAVAILABLE,
        "The disk is full",
        "The import found no room for its files. Nothing was changed, and smaller changes are taken. Make room where `data_dir` is, then import once more.",
    ),
    (
        "/docs#problem-outcome-unknown",
        StatusCode::SERVICE_UNAVAILABLE,
        "Writing failed",
        "The disk refused a write. Whether this change is kept shows after a restart; none is served before.",
    ),
    (
        "/docs#problem-writes-off",
        StatusCode::SERVICE_UNAVAILABLE,
        "Writes are off",
        "An earlier write failed; nothing was changed. DNS goes on answering; a restart is needed.",
    ),
];

impl Problem {
    /// A problem of the kind `name`, one of [`KINDS`].
    fn new(name: &str, detail: impl Into<String>) -> Self {
        let known = KINDS.iter().find(|(kind, ..)| kind.strip_prefix(EXPLAINED_AT) == Some(name));
        let (kind, status, title, _) = known.expect("every name used here is in KINDS");
        let (status, detail) = (status.as_u16(), detail.into().into());
        Self { kind, title, status, detail, guard: None, rejected: Vec::new(), rejected_count: None, retry_after: None }
    }

    /// 400
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new("malformed", detail)
    }

    /// 401
    #[must_use]
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new("unauthorized", detail)
    }

    /// 403
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new("forbidden", detail)
    }

    /// 404
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new("not-found", detail)
    }

    /// 405
    #[must_use]
    pub fn method() -> Self {
        Self::new("method", "this path knows other methods; the header Allow names them")
    }

    /// 408
    #[must_use]
    pub fn timeout(detail: impl Into<String>) -> Self {
        Self::new("timeout", detail)
    }

    /// 409
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new("conflict", detail)
    }

    /// 409 of a guard
    #[must_use]
    pub fn guard(name: &str, detail: impl Into<String>) -> Self {
        Self { guard: Some(name.into()), ..Self::new("guard", detail) }
    }

    /// 410
    #[must_use]
    pub fn gone(detail: impl Into<String>) -> Self {
        Self::new("gone", detail)
    }

    /// 413
    #[must_use]
    pub fn too_large(detail: impl Into<String>) -> Self {
        Self::new("too-large", detail)
    }

    /// 415
    #[must_use]
    pub fn media_type(detail: impl Into<String>) -> Self {
        Self::new("media-type", detail)
    }

    /// 422 of a whole request
    #[must_use]
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new("rejected", detail)
    }

    /// 422 that shows lines
    #[must_use]
    pub fn rejected(detail: impl Into<String>, rejected: Vec<Rejected>, count: u64) -> Self {
        Self { rejected, rejected_count: Some(count), ..Self::new("rejected", detail) }
    }

    /// 429
    #[must_use]
    pub fn too_many(after: Duration) -> Self {
        let detail = "this is more than a client may look up in a minute; wait, or use a token";
        Self { retry_after: Some(seconds(after)), ..Self::new("too-many", detail) }
    }

    /// 429 of what may be done again later
    #[must_use]
    pub fn too_often(detail: impl Into<String>, after: Duration) -> Self {
        Self { retry_after: Some(seconds(after)), ..Self::new("too-many", detail) }
    }

    /// 500
    #[must_use]
    pub fn internal() -> Self {
        Self::new("internal", "this should not have happened; the log says more")
    }

    /// 503 for a while
    #[must_use]
    pub fn busy(detail: impl Into<String>, after: Duration) -> Self {
        Self { retry_after: Some(seconds(after)), ..Self::new("busy", detail) }
    }

    /// 503 until somebody makes room
    #[must_use]
    pub fn disk_full(detail: impl Into<String>, after: Duration) -> Self {
        Self { retry_after: Some(seconds(after)), ..Self::new("disk-full", detail) }
    }

    /// 503: the write may or may not be there after a restart
    #[must_use]
    pub fn outcome_unknown(detail: impl Into<String>) -> Self {
        Self::new("outcome-unknown", detail)
    }

    /// 503: nothing was written
    #[must_use]
    pub fn writes_off(detail: impl Into<String>) -> Self {
        Self::new("writes-off", detail)
    }

    /// How many seconds to wait, where that is said.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }
}

/// Whole seconds, at least one.
fn seconds(wait: Duration) -> u32 {
    (wait.as_millis().div_ceil(1_000) as u32).max(1)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let said = refused.to_string();
        match refused {
            Refused::UnknownList(_) | Refused::UnknownSource(..) => Self::not_found(said),
            Refused::Rejected { lines, count } => {
                Self::rejected(said, lines.into_iter().map(Rejected::from).collect(), count)
            }
            Refused::Guard(_) => {
                let name = said.split_once(':').map_or(&*said, |(name, _)| name).to_owned();
                Self::guard(&name, said)
            }
            Refused::TooManyTexts | Refused::TooManySources => Self::unprocessable(said),
            Refused::MayNotExclude => Self::forbidden(said),
            Refused::TooLarge => Self::too_large(said),
            Refused::SourceBusy | Refused::NothingToUndo | Refused::NotOrphan(_) | Refused::FamilyChanged(_) => {
                Self::conflict(said)
            }
            Refused::Busy { retry_after } | Refused::NoRoomForTexts { retry_after } => {
                Self::busy(said, Duration::from_secs(retry_after.into()))
            }
            Refused::WritesOff => Self::writes_off(said),
            Refused::OutcomeUnknown => Self::outcome_unknown(said),
            Refused::Unreadable(_) | Refused::NotStaged(_) => {
                tracing::error!(%said, "a change failed");
                Self::internal()
            }
            Refused::DiskFull(why) => {
                tracing::error!(%why, "an import was refused, the disk is full");
                Self::disk_full(said, RETRY_AFTER_DISK_FULL)
            }
            Refused::Stopping => Self::busy(said, Duration::from_secs(5)),
        }
    }
}

impl Problem {
    /// Why the desk did not do what was asked at `now`.
    #[must_use]
    pub fn of_case(fault: Fault, now: Time) -> Self {
        let said = fault.to_string();
        match fault {
            Fault::Refused(refused) => refused.into(),
            Fault::Unreadable(error) => error.into(),
            Fault::Unknown(_) => Self::not_found(said),
            Fault::Conflict(_) => Self::conflict(said),
            Fault::Invalid(_) => Self::unprocessable(said),
            Fault::Forbidden(_) => Self::forbidden(said),
            Fault::Later { until, .. } => Self::too_often(said, Duration::from_secs(until.since(now).seconds().into())),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        tracing::error!(%error, "the store cannot be read");
        Self::internal()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).expect("strings and numbers always become JSON");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).expect("a status from KINDS");
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"dnsbld\""));
        }
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
        }
        // For who makes a page of it.
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_carries_its_status_type_and_headers() {
        let response = Problem::too_many(Duration::from_millis(1_200)).into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["retry-after"], "2");
        let json = serde_json::to_value(Problem::guard("shrinks", "why")).unwrap();
        assert_eq!((json["status"].as_u64(), json["type"].as_str()), (Some(409), Some("/docs#problem-guard")));
        assert_eq!(json["guard"], "shrinks");
        assert!(json.get("rejected").is_none());
        assert!(size_of::<Problem>() < 128, "an error travels through every call by value");
        assert_eq!(Problem::unauthorized("x").into_response().headers()["www-authenticate"], "Bearer realm=\"dnsbld\"");
    }

    /// It was told as a fault of the program.
    #[test]
    fn who_imports_hears_that_the_disk_is_full() {
        let problem = Problem::from(Refused::DiskFull("/var/lib/x: No space left on device".into()));
        assert_eq!((problem.status, problem.kind), (503, "/docs#problem-disk-full"));
        assert!(problem.detail.contains("disk is full") && problem.detail.contains("make room"), "{}", problem.detail);
        assert!(!problem.detail.contains("/var"), "paths are for the log");
        assert_eq!(problem.into_response().headers()["retry-after"], "60");
    }

    #[test]
    fn the_names_of_the_kinds_are_distinct() {
        let mut names: Vec<_> = KINDS.iter().map(|(name, ..)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }
}
