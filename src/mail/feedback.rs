//! What a report by mail says: ARF (RFC 5965) and X-ARF (0.1 and 0.2 as text, 3 and 4 as JSON), from the octets of a mail.
//!
//! Guarantees: address, time and kind come from the one part that is made for programs, never from the mail that is reported
//! or from a header; a field that decides stands once, or the mail is no report.
//! Never: asks who sent it (that is `dkim`), or panics, whatever the octets.

mod parts;

use crate::{
    limits::{EVIDENCE_OCTETS_MAX, FEEDBACK_FIELDS_MAX, REPORT_COUNT_MAX, REPORT_ID_CHARACTERS_MAX},
    list::{ReportKind, Time},
};
use parts::Part;
use serde::Deserialize;
use std::net::IpAddr;

/// What was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// The address that did it.
    pub address: IpAddr,
    /// What it did; `None` where reports of this type say nothing against an address, such as "not spam".
    pub kind: Option<ReportKind>,
    /// When it did it.
    pub seen: Time,
    /// The reporter's own name for the report.
    pub id: Option<Box<str>>,
    /// How often.
    pub count: u32,
    /// The report as it stands in the mail, without control characters, cut at the bound of evidence.
    pub evidence: Box<str>,
}

/// Why a mail is no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedbackError {
    /// No such part.
    #[error(
        "no part of the mail is a report: message/feedback-report (ARF), or report.txt or application/json (X-ARF)"
    )]
    NoReport,
    /// It has more parts than are read, or parts in parts in parts.
    #[error("the mail has too many parts; send the report, what it is about, and no more")]
    Parts,
    /// More than one.
    #[error("more than one part of the mail is a report; send one in a mail")]
    Several,
    /// It is not what it says it is.
    #[error("the JSON of the report cannot be read")]
    Json,
    /// Which address, or when, does not stand there.
    #[error("the report has no {0}")]
    Missing(&'static str),
    /// It stands there twice.
    #[error("the report has more than one {0}")]
    Twice(&'static str),
    /// It is not an address, or not a time.
    #[error("the report's {0} cannot be read")]
    Unreadable(&'static str),
}

/// Reads a mail.
///
/// # Errors
/// See [`FeedbackError`].
pub fn read(mail: &[u8]) -> Result<Feedback, FeedbackError> {
    let parts = parts::of(mail)?;
    let only = |wanted: &dyn Fn(&Part<'_>) -> bool| {
        let mut found = parts.iter().filter(|part| wanted(part));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(FeedbackError::Several),
            (one, _) => Ok(one.map(Part::text)),
        }
    };
    if let Some(text) = only(&|part| part.is("message", "feedback-report"))? {
        let fields = Fields::of(&text);
        // X-ARF 3 and 4 come with an ARF part that says no more than their name.
        if !fields.needed("Feedback-Type")?.eq_ignore_ascii_case("xarf") {
            return fields.arf(&text);
        }
    }
    if let Some(text) = only(&|part| part.is("application", "json"))? {
        return from_json(&text);
    }
    let by_name = |part: &Part<'_>| part.is("text", "plain") && part.name() == Some("report.txt");
    let text = only(&by_name)?.ok_or(FeedbackError::NoReport)?;
    Fields::of(&text).x_arf(&text)
}

/// Lines of `Name: value`, as ARF and the YAML of X-ARF write them.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn of(text: &str) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    // The value may begin on this line.
                    if !value.is_empty() {
                        value.push(' ');
                    }
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':')
                && fields.len() < FEEDBACK_FIELDS_MAX
            {
                fields.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        Self(fields)
    }

    /// The field of this name, without the quotes of YAML.
    fn one(&self, name: &'static str) -> Result<Option<&str>, FeedbackError> {
        let mut found = self.0.iter().filter(|(one, _)| one.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(FeedbackError::Twice(name)),
            (one, _) => Ok(one.map(|(_, value)| value.trim_matches(['"', '\'']))),
        }
    }

    fn needed(&self, name: &'static str) -> Result<&str, FeedbackError> {
        self.one(name)?.ok_or(FeedbackError::Missing(name))
    }

    fn arf(&self, text: &str) -> Result<Feedback, FeedbackError> {
        let kind = match self.needed("Feedback-Type")?.to_ascii_lowercase().as_str() {
            "abuse" | "fraud" | "virus" => Some(ReportKind::Spam),
            _ => None,
        };
        // RFC 5965 3.2; Received-Date is what the drafts before it called the same.
        let date = self.one("Arrival-Date")?.map_or_else(|| self.one("Received-Date"), |date| Ok(Some(date)))?;
        let seen = time("Arrival-Date", date.ok_or(FeedbackError::Missing("Arrival-Date"))?)?;
        let address = address("Source-IP", self.needed("Source-IP")?)?;
        let count = self.one("Incidents")?.and_then(|count| count.parse().ok()).unwrap_or(1);
        Ok(Feedback { address, kind, seen, id: None, count, evidence: shown(text) }.bounded())
    }

    fn x_arf(&self, text: &str) -> Result<Feedback, FeedbackError> {
        let kind = self.one("Report-Type")?.and_then(kind_of);
        let seen = time("Date", self.needed("Date")?)?;
        let address = address("Source", self.needed("Source")?)?;
        let id = self.one("Report-ID")?.map(Into::into);
        Ok(Feedback { address, kind, seen, id, count: 1, evidence: shown(text) }.bounded())
    }
}

/// X-ARF 4, and 3 inside `Report`.
#[derive(Deserialize)]
struct Json {
    report_id: Option<String>,
    timestamp: Option<String>,
    source_identifier: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    evidence_source: Option<String>,
    #[serde(rename = "Report")]
    third: Option<Third>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Third {
    report_type: Option<String>,
    date: Option<String>,
    source_ip: Option<String>,
    source: Option<Source>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(rename = "IP")]
    ip: Option<String>,
}

fn from_json(text: &str) -> Result<Feedback, FeedbackError> {
    let json: Json = serde_json::from_str(text).map_err(|_| FeedbackError::Json)?;
    let (kind, date, source, names) = match json.third {
        Some(third) => {
            let source = third.source_ip.or_else(|| third.source.and_then(|source| source.ip));
            (third.report_type, third.date, source, ("Report.Date", "Report.Source.IP"))
        }
        None => (json.kind, json.timestamp, json.source_identifier, ("timestamp", "source_identifier")),
    };
    let mut kind = kind.as_deref().and_then(kind_of);
    if kind == Some(ReportKind::Spam) && json.evidence_source.as_deref() == Some("spamtrap") {
        kind = Some(ReportKind::Trap);
    }
    let seen = time(names.0, date.as_deref().ok_or(FeedbackError::Missing(names.0))?)?;
    let address = address(names.1, source.as_deref().ok_or(FeedbackError::Missing(names.1))?)?;
    let id = json.report_id.map(Into::into);
    Ok(Feedback { address, kind, seen, id, count: 1, evidence: shown(text) }.bounded())
}

/// What a type of X-ARF is here; the versions write one name with `-`, with `_`, or without either.
fn kind_of(name: &str) -> Option<ReportKind> {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    match name.to_ascii_lowercase().as_str() {
        "spam" => Some(ReportKind::Spam),
        "loginattack" => Some(ReportKind::Auth),
        _ => None,
    }
}

/// An address as RFC 5965 and its users write it: perhaps as the literal of RFC 5321, perhaps with a comment.
fn address(name: &'static str, text: &str) -> Result<IpAddr, FeedbackError> {
    let text = text.split('(').next().unwrap_or_default().trim();
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let text = match text.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => &text[5..],
        _ => text,
    };
    text.parse().map(|address: IpAddr| address.to_canonical()).map_err(|_| FeedbackError::Unreadable(name))
}

/// RFC 3339, or the date of a mail (RFC 5322).
fn time(name: &'static str, text: &str) -> Result<Time, FeedbackError> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let stamp = parser.parse_timestamp(text.trim()).map_err(|_| FeedbackError::Unreadable(name))?;
    let seconds = u32::try_from(stamp.as_second()).map_err(|_| FeedbackError::Unreadable(name))?;
    Ok(Time::from_seconds(seconds))
}

fn shown(text: &str) -> Box<str> {
    let mut shown = String::new();
    for c in text.chars().filter(|c| *c == '\n' || !c.is_control()) {
        if shown.len() + c.len_utf8() > EVIDENCE_OCTETS_MAX {
            break;
        }
        shown.push(c);
    }
    shown.trim().into()
}

impl Feedback {
    /// Within the bounds that reports of the API have.
    fn bounded(mut self) -> Self {
        self.count = self.count.clamp(1, REPORT_COUNT_MAX);
        self.id = self.id.filter(|id| !id.is_empty() && id.chars().count() <= REPORT_ID_CHARACTERS_MAX);
        self
    }
}

#[cfg(test)]
mod tests;
