//! `/api/v1/reports`: evidence from traps and mail servers.
//!
//! Guarantees: a body is taken whole or not at all; each report is answered in its place.
//! Never: takes the reporter's name from the body. It is the token's.

use crate::{
    cases::{
        Taken,
        report::{OWN_TRAP, Report},
    },
    http::{Problem, State, access::Access, auth::Act, body, problem::Rejected},
    limits::{
        EVIDENCE_OCTETS_MAX, REJECTED_SHOWN_MAX, REPORT_COUNT_MAX, REPORT_ID_CHARACTERS_MAX, REPORTS_AT_ONCE,
        REPORTS_OCTETS_MAX,
    },
    list::{FromObject, ReportKind, Time, format::LineError},
};
use axum::{Json, body::Body, extract::State as Of, http::HeaderMap};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;

/// What was seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReport {
    /// The address that connected. One address, not a range.
    #[schema(example = "192.0.2.25", value_type = String)]
    address: IpAddr,
    /// What it did: `trap`, `spam`, `auth`, `relay` or `proxy`.
    #[schema(example = "trap", value_type = String)]
    kind: ReportKind,
    /// When, at most five minutes ahead of the server's clock.
    #[schema(value_type = String, format = DateTime)]
    seen: Time,
    /// Your own name for it: the same id counts once. Without one a report of the same address, kind and hour counts once.
    #[serde(default)]
    #[schema(example = "4XkQ2w1zZ9")]
    id: Option<String>,
    /// How often it happened.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10_000)]
    count: Option<u32>,
    /// What shows it, for the operators of this server only.
    #[serde(default)]
    evidence: Option<String>,
}

/// What became of a report.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReportAnswer {
    /// Your own name for it.
    id: Option<String>,
    /// `counted`; `duplicate`: it was taken before; `ignored`: too old, of a kind or an address that no list counts;
    /// `listed`: it listed the address or renewed the listing.
    #[schema(example = "counted")]
    state: &'static str,
    /// The list, where it is listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<String>,
}

/// Report what was seen
///
/// One JSON object, or one a line (NDJSON), at most 1,000. The page of each list says how reports list an address there.
/// A token with the scope `report:NAME` reports as NAME; an admin reports as the operator's own trap.
#[utoipa::path(post, path = "/api/v1/reports", tag = "reports", security(("token" = ["report:REPORTER"])),
    request_body(content((NewReport = "application/json"), (NewReport = "application/x-ndjson"))),
    responses(
        (status = 200, description = "On disk, each answered in its place", body = [ReportAnswer]),
        (status = 422, description = "A line cannot be taken; nothing was kept", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn report(
    Of(state): Of<State>,
    access: Access,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Vec<ReportAnswer>>, Problem> {
    let holder = access.may(Act::Report)?;
    let reporter = holder.reporter().unwrap_or(OWN_TRAP).to_owned();
    let held = body::whole_in(&state.room, body, body::encoding(&headers)?, REPORTS_OCTETS_MAX).await?;
    let reports = read(&held.octets)?;
    let ids: Vec<_> = reports.iter().map(|report| report.id.clone()).collect();
    let answers = state.desk().report(holder.actor(), &reporter, reports).await;
    let answers = answers.map_err(state.faulty())?;
    let answered = ids.into_iter().zip(answers).map(|(id, answer)| ReportAnswer {
        id: id.map(Into::into),
        state: match answer.taken {
            Taken::Counted => "counted",
            Taken::Duplicate => "duplicate",
            Taken::Ignored => "ignored",
            Taken::Listed => "listed",
        },
        list: answer.list.map(|list| list.to_string()),
    });
    Ok(Json(answered.collect()))
}

/// The reports of a body.
fn read(octets: &[u8]) -> Result<Vec<Report>, Problem> {
    // One object may spread over lines; several stand on a line each.
    if serde_json::from_slice::<serde::de::IgnoredAny>(octets).is_ok() {
        let report = one(octets).map_err(|error| refused(vec![rejected(1, octets, error)], 1))?;
        return Ok(vec![report]);
    }
    let (mut reports, mut lines, mut count) = (Vec::new(), Vec::new(), 0);
    for (place, line) in octets.split(|octet| *octet == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match one(line) {
            Ok(report) => reports.push(report),
            Err(error) => {
                count += 1;
                if lines.len() < REJECTED_SHOWN_MAX {
                    lines.push(rejected(place as u64 + 1, line, error));
                }
            }
        }
    }
    if count > 0 {
        return Err(refused(lines, count));
    }
    if reports.is_empty() {
        return Err(Problem::unprocessable("there is no report in the body"));
    }
    if reports.len() > REPORTS_AT_ONCE {
        return Err(Problem::too_large(format!("at most {REPORTS_AT_ONCE} reports at once")));
    }
    Ok(reports)
}

fn refused(lines: Vec<Rejected>, count: u64) -> Problem {
    Problem::rejected(format!("{count} reports cannot be taken; nothing was kept"), lines, count)
}

fn rejected(line: u64, octets: &[u8], error: String) -> Rejected {
    let text = String::from_utf8_lossy(octets).chars().take(200).collect();
    LineError { line, column: 1, text, error }.into()
}

fn one(octets: &[u8]) -> Result<Report, String> {
    let FromObject(new) = serde_json::from_slice::<FromObject<NewReport>>(octets).map_err(|error| error.to_string())?;
    let count = new.count.unwrap_or(1);
    if !(1..=REPORT_COUNT_MAX).contains(&count) {
        return Err(format!("count: from 1 to {REPORT_COUNT_MAX}"));
    }
    if new.id.as_ref().is_some_and(|id| id.is_empty() || id.chars().count() > REPORT_ID_CHARACTERS_MAX) {
        return Err(format!("id: 1 to {REPORT_ID_CHARACTERS_MAX} characters"));
    }
    let evidence = new.evidence.unwrap_or_default();
    if evidence.len() > EVIDENCE_OCTETS_MAX {
        return Err(format!("evidence: at most {EVIDENCE_OCTETS_MAX} octets"));
    }
    Ok(Report {
        address: new.address,
        kind: new.kind,
        seen: new.seen,
        id: new.id.map(Into::into),
        count,
        evidence: evidence.into(),
    })
}
