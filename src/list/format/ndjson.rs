//! The format `ndjson`: one JSON object a line, the object of `POST .../entries`.
//!
//! `{"key", "source"?, "exclude"?, "reason"?, "code"?, "text"?, "seen"?, "expires"?, "evidence"?: {"public"?, "private"?}}`,
//! and `first_seen` from admins. `expires` may be a duration. In a body of one source a line names that one or none.
//!
//! Guarantees: an unknown field is an error, so that a misspelt `expires` does not list for ever.
//! Never: follows nesting beyond what `serde_json` permits (128 levels).

use super::{
    Dialect, csv,
    reader::{Emit, Fault, Item, present},
    remark,
};
use crate::{
    limits::EVIDENCE_OCTETS_MAX,
    list::{FromObject, Key, Mark, NewEntry, ReturnCode, SourceName, Time},
};
use serde::Deserialize;
use std::{borrow::Cow, str::FromStr};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Object<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    exclude: Option<bool>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    seen: Option<Cow<'a, str>>,
    #[serde(borrow)]
    first_seen: Option<Cow<'a, str>>,
    #[serde(borrow)]
    expires: Option<Cow<'a, str>>,
    #[serde(borrow)]
    evidence: Option<FromObject<Evidence<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Evidence<'a> {
    #[serde(borrow)]
    public: Option<Cow<'a, str>>,
    #[serde(borrow)]
    private: Option<Cow<'a, str>>,
}

/// Reads one line.
pub(super) fn line(whole: &str, dialect: &Dialect, emit: Emit<'_>) -> Result<(), Fault> {
    if whole.trim().is_empty() {
        return Ok(());
    }
    if !whole.trim_start().starts_with('{') {
        return Err(Fault::line(0, r#"a line is one object: {"key": "192.0.2.1", "reason": "..."}"#));
    }
    let object: Object<'_> = serde_json::from_str(whole).map_err(|error| {
        let text = error.to_string();
        let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
        Fault::line(octet(whole, error.line(), error.column()), what)
    })?;
    let (source, entry) = object.entry(dialect).map_err(|(field, error)| {
        let at = whole.find(&format!("\"{field}\"")).unwrap_or(0);
        Fault::line(at, format!("{field}: {error}"))
    })?;
    emit(source, entry);
    Ok(())
}

/// Reads a body that is one JSON object, which may spread over lines.
pub fn read_object(body: &[u8], dialect: &Dialect, sink: &mut dyn FnMut(Item)) {
    let whole = String::from_utf8_lossy(body);
    let emit: Emit<'_> = &mut |source, entry| sink(Item::Entry { line: 1, source, entry });
    if whole.trim().is_empty() {
        let fault = Fault::line(0, "the body is empty; write an object with a key");
        sink(Item::Rejected(present(1, "", &fault, dialect)));
    } else if let Err(fault) = line(&whole, dialect, emit) {
        let before = remark::cut(&whole, fault.at);
        let number = before.matches('\n').count();
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let text = whole[begin..].lines().next().unwrap_or_default();
        let fault = Fault { at: fault.at - begin, ..fault };
        sink(Item::Rejected(present(number as u64 + 1, text, &fault, dialect)));
    }
}

/// The octet that `serde_json`'s line and column (from 1, in octets) mean.
fn octet(whole: &str, line: usize, column: usize) -> usize {
    let begin: usize = whole.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (begin + column.saturating_sub(1)).min(whole.len())
}

type Wrong = (&'static str, String);

impl Object<'_> {
    fn entry(self, dialect: &Dialect) -> Result<(Option<SourceName>, NewEntry), Wrong> {
        let key = Key::parse(self.key.trim(), dialect.family).map_err(|error| ("key", error.to_string()))?;
        let mark = if self.exclude == Some(true) { Mark::Excluded } else { Mark::Listed };
        let mut entry = NewEntry::plain(key, mark);
        let source = read("source", self.source.as_deref())?;
        if let (Some(named), Some(own)) = (&source, &dialect.source)
            && named != own
        {
            return Err(("source", another(named, own)));
        }
        entry.code = read("code", self.code.as_deref())?.filter(|code: &ReturnCode| *code != dialect.code);
        entry.text = self.text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(Into::into);
        entry.seen = read::<Time>("seen", self.seen.as_deref())?;
        entry.first_seen = read::<Time>("first_seen", self.first_seen.as_deref())?;
        if entry.first_seen.is_some() && !dialect.may_say_first_seen {
            return Err(("first_seen", "only admins may say when a key was first seen; leave it out".to_owned()));
        }
        let end = self.expires.map(|text| csv::end(&text, dialect.now)).transpose();
        entry.expires = end.map_err(|error| ("expires", error))?;
        entry.detail.reason = self.reason.map_or_else(Box::default, |reason| remark::reason(&reason, dialect));
        let FromObject(evidence) = self.evidence.unwrap_or_default();
        entry.detail.public = evidence_part("public", evidence.public.as_deref(), dialect)?;
        entry.detail.private = evidence_part("private", evidence.private.as_deref(), dialect)?;
        Ok((source, entry))
    }
}

/// What is said of a line of another source: an export of several is not taken back as one of them unasked.
fn another(named: &SourceName, own: &SourceName) -> String {
    format!(
        "this line is of {named}, the body of {own}; import the lines of each source under its name, or, to take them all \
         under {own}, export with format=csv, whose column source is passed over"
    )
}

fn read<T: FromStr<Err: ToString>>(field: &'static str, text: Option<&str>) -> Result<Option<T>, Wrong> {
    text.map(|text| text.trim().parse().map_err(|error: T::Err| (field, error.to_string()))).transpose()
}

fn evidence_part(field: &'static str, text: Option<&str>, dialect: &Dialect) -> Result<Box<str>, Wrong> {
    let clean = remark::evidence(text.unwrap_or_default(), dialect);
    if clean.len() > EVIDENCE_OCTETS_MAX {
        return Err((
            field,
            format!("evidence has at most {EVIDENCE_OCTETS_MAX} octets; keep the rest and name where"),
        ));
    }
    Ok(clean)
}
