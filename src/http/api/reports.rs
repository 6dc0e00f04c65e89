//! `/api/v1/reports`: evidence from traps and mail servers.
//!
//! Guarantees: a body is taken whole or not at all; each report is answered in its place.
//! Never: takes the reporter's name from the body. It is the token's.

use crate::{
    cases::{
        Taken,
        report::{OWN_TRAP, Report},
    },
    http::{Problem, State, access::Access, auth::Act, body, problem::Rejected, state::blocking},
    limits::{
        EVIDENCE_OCTETS_MAX, RECORD_OCTETS_MAX, REJECTED_ERROR_CHARACTERS_MAX, REJECTED_SHOWN_MAX,
        REJECTED_TEXT_CHARACTERS_MAX, REPORT_COUNT_MAX, REPORT_ID_CHARACTERS_MAX, REPORTS_AT_ONCE, REPORTS_OCTETS_MAX,
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
    #[schema(value_type = String, format = DateTime, example = "2026-01-15T08:00:00Z")]
    seen: Time,
    /// Your own name for it: the same id counts once. Without one a report of the same address (IPv6: /64),
    /// kind and hour counts once.
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
    let sender = access.may(Act::Report)?.clone();
    let held = body::whole_in(&state.room, body, body::encoding(&headers)?, REPORTS_OCTETS_MAX).await?;
    let asked = state.clone();
    let (holder, reports, _its_room) = blocking(move || {
        let reports = read(&held.octets)?;
        Ok((asked.still_may(&sender, Act::Report)?, reports, held))
    })
    .await?;
    let reporter = holder.reporter().unwrap_or(OWN_TRAP).to_owned();
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

/// The reports of a body. It is read no further than it takes to know that there are too many.
fn read(octets: &[u8]) -> Result<Vec<Report>, Problem> {
    // One object may spread over lines; several stand on a line each.
    if octets.len() <= RECORD_OCTETS_MAX && serde_json::from_slice::<serde::de::IgnoredAny>(octets).is_ok() {
        let report = one(octets).map_err(|error| refused(vec![rejected(1, octets, &error)], 1))?;
        return Ok(vec![report]);
    }
    let (mut reports, mut lines, mut count) = (Vec::new(), Vec::new(), 0);
    for (place, line) in octets.split(|octet| *octet == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if reports.len() + count >= REPORTS_AT_ONCE {
            return Err(Problem::too_large(format!("at most {REPORTS_AT_ONCE} reports at once")));
        }
        match one(line) {
            Ok(report) => reports.push(report),
            Err(error) => {
                count += 1;
                if lines.len() < REJECTED_SHOWN_MAX {
                    lines.push(rejected(place as u64 + 1, line, &error));
                }
            }
        }
    }
    if count > 0 {
        return Err(refused(lines, count as u64));
    }
    if reports.is_empty() {
        return Err(Problem::unprocessable("there is no report in the body"));
    }
    Ok(reports)
}

fn refused(lines: Vec<Rejected>, count: u64) -> Problem {
    Problem::rejected(format!("{count} reports cannot be taken; nothing was kept"), lines, count)
}

fn rejected(line: u64, octets: &[u8], error: &str) -> Rejected {
    // What is shown is found in the line's beginning: four octets a character at most.
    let begin = &octets[..octets.len().min(4 * REJECTED_TEXT_CHARACTERS_MAX)];
    let text = String::from_utf8_lossy(begin).chars().take(REJECTED_TEXT_CHARACTERS_MAX).collect();
    let error = error.chars().take(REJECTED_ERROR_CHARACTERS_MAX).collect();
    LineError { line, column: 1, text, error }.into()
}

fn one(octets: &[u8]) -> Result<Report, String> {
    // What is wrong with a report is said by its own words: they are few.
    if octets.len() > RECORD_OCTETS_MAX {
        return Err(format!("longer than {RECORD_OCTETS_MAX} octets"));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// 4 MiB of `x` lines were all looked at, a thousand times as many as a body may have.
    #[test]
    fn a_body_with_too_many_reports_is_read_no_further_than_that_is_known() {
        let good = r#"{"address":"203.0.113.7","kind":"trap","seen":"2027-01-15T08:00:00Z"}"#.to_owned() + "\n";
        for line in ["x\n", &good] {
            assert_eq!(read(line.repeat(REPORTS_AT_ONCE + 1).as_bytes()).unwrap_err().status, 413);
        }
        assert_eq!(read(good.repeat(REPORTS_AT_ONCE).as_bytes()).unwrap().len(), REPORTS_AT_ONCE);
        let bad = read("x\n".repeat(REPORTS_AT_ONCE).as_bytes()).unwrap_err();
        assert_eq!((bad.status, bad.rejected.len(), bad.rejected_count), (422, REJECTED_SHOWN_MAX, Some(1_000)));
    }

    #[test]
    fn what_is_wrong_with_a_report_is_said_in_few_words() {
        for name in ["x".repeat(1_000), "x".repeat(RECORD_OCTETS_MAX)] {
            let refused = read(format!("{{\"{name}\":1}}").as_bytes()).unwrap_err();
            let shown = &refused.rejected[0];
            assert!(shown.error.chars().count() <= REJECTED_ERROR_CHARACTERS_MAX, "{}", shown.error.len());
            assert!(shown.text.chars().count() <= REJECTED_TEXT_CHARACTERS_MAX, "{}", shown.text.len());
        }
    }
}
