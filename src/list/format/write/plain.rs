//! Exports that are read by people and programs, not by DNS servers: `text`, `csv`, `ndjson`.
//!
//! Guarantees: each reads back as what was written. In `csv` every cell is quoted, and one that a spreadsheet would compute
//! begins with `'`.
//! Never: merges entries in `csv` and `ndjson`: there each source's entry is a row of its own.

use super::{Exported, Heading, gather::Decided};
use crate::list::{ListName, Mark, ReturnCode, format::csv::SHIELDED};
use serde::Serialize;
use std::{fmt::Display, io::Write};

const INFALLIBLE: &str = "writing to a Vec cannot fail";

pub(super) fn text_head(heading: &Heading, list: &ListName, out: &mut Vec<u8>) {
    writeln!(out, "# {list}, serial {}", heading.serial).expect(INFALLIBLE);
}

pub(super) fn text_line(one: &Decided, out: &mut Vec<u8>) {
    let sign = if one.tags.is_empty() { "!" } else { "" };
    write!(out, "{sign}{}", one.key).expect(INFALLIBLE);
    if !one.reason.is_empty() {
        write!(out, " # {}", one.reason).expect(INFALLIBLE);
    }
    out.push(b'\n');
}

const COLUMNS: &str = r#""key","exclude","reason","code","text","source","seen","expires","first_seen""#;

pub(super) fn csv_head(with_list: bool, out: &mut Vec<u8>) {
    let list = if with_list { "\"list\"," } else { "" };
    write!(out, "{list}{COLUMNS}\r\n").expect(INFALLIBLE);
}

pub(super) fn csv_row(list: Option<&ListName>, entry: &Exported<'_>, out: &mut Vec<u8>) {
    if let Some(list) = list {
        cell(list.as_str(), out);
        out.push(b',');
    }
    let optional = |value: Option<&dyn Display>| value.map_or_else(String::new, ToString::to_string);
    let exclude = if entry.mark == Mark::Excluded { "true" } else { "" };
    let cells: [&str; 9] = [
        &entry.key.to_string(),
        exclude,
        &entry.detail.reason,
        &optional(entry.code.as_ref().map(|code| code as &dyn Display)),
        entry.text.unwrap_or_default(),
        entry.source.as_str(),
        &entry.last_seen.to_string(),
        &optional(entry.expires.as_ref().map(|expires| expires as &dyn Display)),
        &entry.first_seen.to_string(),
    ];
    for (at, text) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        cell(text, out);
    }
    out.extend_from_slice(b"\r\n");
}

fn cell(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    if text.starts_with(SHIELDED) {
        out.push(b'\'');
    }
    for octet in text.bytes() {
        if octet == b'"' {
            out.push(b'"');
        }
        out.push(octet);
    }
    out.push(b'"');
}

/// The object of `POST .../entries`; of a zone's export with the list, which such an object does not have.
#[derive(Serialize)]
struct Object<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<&'a ListName>,
    key: String,
    source: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    exclude: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<ReturnCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    first_seen: String,
    seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Evidence::is_empty")]
    evidence: Evidence<'a>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    public: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    private: &'a str,
}

impl Evidence<'_> {
    fn is_empty(&self) -> bool {
        self.public.is_empty() && self.private.is_empty()
    }
}

pub(super) fn ndjson_line(list: Option<&ListName>, entry: &Exported<'_>, out: &mut Vec<u8>) {
    let object = Object {
        list,
        key: entry.key.to_string(),
        source: entry.source.as_str(),
        exclude: entry.mark == Mark::Excluded,
        reason: &entry.detail.reason,
        code: entry.code,
        text: entry.text,
        first_seen: entry.first_seen.to_string(),
        seen: entry.last_seen.to_string(),
        expires: entry.expires.map(|expires| expires.to_string()),
        evidence: Evidence { public: &entry.detail.public, private: &entry.detail.private },
    };
    serde_json::to_writer(&mut *out, &object).expect("strings and a Vec cannot fail");
    out.push(b'\n');
}
