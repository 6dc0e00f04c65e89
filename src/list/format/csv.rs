//! The format `csv` (RFC 4180): a row is an entry.
//!
//! A first row that names a key column (`key`, `ip`, `cidr`, `network` or `domain`, in any case) is a header; in a list of
//! names `domain` goes before the columns of addresses, elsewhere they before it. Two columns of the same right would leave
//! one half of the keys out, so they are refused. Without a header a row is key, reason. `key` may begin with `!`.
//! Read are `reason, exclude, code, text, seen, expires, first_seen` (the last from admins; from others it is passed over);
//! of the other columns only those that `reason_columns` names come in, as `name=value` behind the reason, because feeds
//! carry what must not be published. Rows that begin with `#` are comments, as many feeds have them.
//!
//! Guarantees: what the program writes reads back: the `'` that keeps a spreadsheet from computing a cell is taken off.
//! Never: takes a row for a comment because of what stands inside its quotes.

use super::{
    Dialect,
    reader::{Emit, Fault},
    remark, text,
};
use crate::{
    limits::{CSV_COLUMNS_MAX, REASON_COLUMNS_MAX},
    list::{Duration, DurationError, KeyFamily, Mark, NewEntry, ReturnCode, Time, TimeError},
};
use std::{borrow::Cow, str::FromStr};

/// What is known about a body from its first row on.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Option<Columns>,
}

/// Where each thing stands.
#[derive(Debug, Default)]
struct Columns {
    key: usize,
    reason: Option<usize>,
    exclude: Option<usize>,
    code: Option<usize>,
    text: Option<usize>,
    seen: Option<usize>,
    expires: Option<usize>,
    first_seen: Option<usize>,
    /// For the reason, each with its name.
    more: Vec<(String, usize)>,
}

/// The names of key columns, those that go before the others first.
const fn key_columns(family: KeyFamily) -> &'static [&'static [&'static str]] {
    match family {
        KeyFamily::Names => &[&["key", "domain"], &["ip", "cidr", "network"]],
        KeyFamily::Addresses | KeyFamily::Hashes(_) => &[&["key", "ip", "cidr", "network"], &["domain"]],
        KeyFamily::Any => &[&["key", "ip", "cidr", "network", "domain"]],
    }
}

/// One cell and the octet it begins at.
struct Cell<'a> {
    at: usize,
    text: Cow<'a, str>,
}

impl Table {
    /// Reads one record.
    pub(super) fn record(&mut self, whole: &str, dialect: &Dialect, emit: Emit<'_>) -> Result<(), Fault> {
        if whole.trim().is_empty() || whole.starts_with('#') {
            return Ok(());
        }
        let cells = cells(whole)?;
        let Some(columns) = &self.columns else {
            let (columns, header) = match Columns::of_header(&cells, dialect)? {
                Some(columns) => (columns, true),
                None if dialect.reason_columns.is_empty() => (Columns { reason: Some(1), ..Columns::default() }, false),
                None => return Err(Fault::body(0, "reason_columns needs a first row that names the columns")),
            };
            let entries = if header { Ok(()) } else { columns.row(&cells, dialect, emit) };
            self.columns = Some(columns);
            return entries;
        };
        columns.row(&cells, dialect, emit)
    }
}

impl Columns {
    /// The columns, if this row names a key column.
    fn of_header(cells: &[Cell<'_>], dialect: &Dialect) -> Result<Option<Self>, Fault> {
        let find = |name: &str| cells.iter().position(|cell| cell.text.trim().eq_ignore_ascii_case(name));
        let Some(key) = Self::key_of_header(cells, dialect.family)? else { return Ok(None) };
        if dialect.reason_columns.len() > REASON_COLUMNS_MAX {
            return Err(Fault::body(0, format!("reason_columns names more than {REASON_COLUMNS_MAX} columns")));
        }
        let mut more = Vec::new();
        for name in &dialect.reason_columns {
            match find(name) {
                Some(at) => more.push((name.clone(), at)),
                None => {
                    return Err(Fault::body(0, format!("no column is named `{name}`, which reason_columns asks for")));
                }
            }
        }
        let (reason, exclude, code, text) = (find("reason"), find("exclude"), find("code"), find("text"));
        let (seen, expires) = (find("seen"), find("expires"));
        let first_seen = find("first_seen").filter(|_| dialect.may_say_first_seen);
        Ok(Some(Self { key, reason, exclude, code, text, seen, expires, first_seen, more }))
    }

    /// The one column of keys.
    fn key_of_header(cells: &[Cell<'_>], family: KeyFamily) -> Result<Option<usize>, Fault> {
        for names in key_columns(family) {
            let is_one = |cell: &Cell<'_>| names.iter().any(|name| cell.text.trim().eq_ignore_ascii_case(name));
            let mut found = cells.iter().enumerate().filter(|(_, cell)| is_one(cell));
            let Some((first, cell)) = found.next() else { continue };
            let Some((second, other)) = found.next() else { return Ok(Some(first)) };
            let (one, two) = (cell.text.trim(), other.text.trim());
            let error = format!(
                "two columns name keys, `{one}` (column {}) and `{two}` (column {}); rename the one that does not hold them",
                first + 1,
                second + 1
            );
            return Err(Fault::body(other.at, error));
        }
        Ok(None)
    }

    fn row(&self, cells: &[Cell<'_>], dialect: &Dialect, emit: Emit<'_>) -> Result<(), Fault> {
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).filter(|cell| !cell.text.trim().is_empty());
        let Some(key) = cell(Some(self.key)) else {
            return Err(Fault::line(0, format!("the row has no key in column {}", self.key + 1)));
        };
        let (bang, key_text) = match key.text.trim().strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, key.text.trim()),
        };
        let (keys, rest) = text::keys(key_text, dialect.family).map_err(|error| Fault::line(key.at, error))?;
        if !rest.trim().is_empty() {
            return Err(Fault::line(key.at, "a key cell holds one key and nothing else"));
        }
        let excluded = bang || cell(self.exclude).map(flag).transpose()?.unwrap_or(false);
        let mark = if excluded { Mark::Excluded } else { Mark::Listed };
        let code = cell(self.code).map(read::<ReturnCode>).transpose()?.filter(|code| *code != dialect.code);
        let seen = cell(self.seen).map(read::<Time>).transpose()?;
        let first_seen = cell(self.first_seen).map(read::<Time>).transpose()?;
        let expires = cell(self.expires).map(|cell| end(&cell.text, dialect.now)).transpose();
        let expires = expires.map_err(|error| Fault::line(cell(self.expires).map_or(0, |cell| cell.at), error))?;
        let own_text = cell(self.text).map(|cell| cell.text.trim().into());
        let reason = self.reason(cell(self.reason), cells, dialect);
        for key in keys {
            let mut entry = NewEntry::plain(key, mark);
            (entry.code, entry.text, entry.seen) = (code, own_text.clone(), seen);
            (entry.first_seen, entry.expires) = (first_seen, expires);
            entry.detail.reason = reason.clone();
            emit(None, entry);
        }
        Ok(())
    }

    fn reason(&self, reason: Option<&Cell<'_>>, cells: &[Cell<'_>], dialect: &Dialect) -> Box<str> {
        if self.more.is_empty() {
            return reason.map_or_else(Box::default, |cell| remark::reason(&cell.text, dialect));
        }
        let mut parts: Vec<Cow<'_, str>> = reason.map(|cell| Cow::Borrowed(cell.text.trim())).into_iter().collect();
        for (name, at) in &self.more {
            if let Some(cell) = cells.get(*at).filter(|cell| !cell.text.trim().is_empty()) {
                parts.push(format!("{name}={}", cell.text.trim()).into());
            }
        }
        remark::reason(&parts.join("; "), dialect)
    }
}

fn read<T: FromStr<Err: ToString>>(cell: &Cell<'_>) -> Result<T, Fault> {
    cell.text.trim().parse().map_err(|error: T::Err| Fault::line(cell.at, error.to_string()))
}

fn flag(cell: &Cell<'_>) -> Result<bool, Fault> {
    match cell.text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "!" => Ok(true),
        "0" | "false" | "no" => Ok(false),
        _ => Err(Fault::line(cell.at, "exclude is true or false")),
    }
}

/// An end: a time, or a duration from now on.
pub(super) fn end(text: &str, now: Time) -> Result<Time, String> {
    let text = text.trim();
    let too_late = || {
        let last = Time::LAST;
        format!(
            "an end later than {last}, the last time that is kept; write an earlier one, or none for an entry that stays"
        )
    };
    match text.parse::<Duration>() {
        Ok(duration) => return now.checked_plus(duration).ok_or_else(too_late),
        Err(DurationError::TooLong) => return Err(too_late()),
        Err(DurationError::Unreadable) => {}
    }
    text.parse().map_err(|error| match error {
        TimeError::TooLate => too_late(),
        TimeError::TooEarly => error.to_string(),
        TimeError::Unreadable => {
            "not an end; write a time (2026-01-31T12:00:00Z), a date (2026-01-31) or a duration from now (90d)"
                .to_owned()
        }
    })
}

/// The cells of a record.
fn cells(whole: &str) -> Result<Vec<Cell<'_>>, Fault> {
    let mut cells = Vec::new();
    let mut at = 0;
    loop {
        let (text, length) = cell(&whole[at..]);
        if cells.len() == CSV_COLUMNS_MAX {
            return Err(Fault::line(at, format!("a row has at most {CSV_COLUMNS_MAX} columns")));
        }
        cells.push(Cell { at, text: without_shield(text) });
        at += length;
        if at >= whole.len() {
            return Ok(cells);
        }
        at += 1;
        if at == whole.len() {
            cells.push(Cell { at, text: Cow::Borrowed("") });
            return Ok(cells);
        }
    }
}

/// The first cell of a text, and how many octets it takes, the comma not counted. A quote inside a bare cell is itself.
fn cell(text: &str) -> (Cow<'_, str>, usize) {
    let Some(inside) = text.strip_prefix('"') else {
        let length = text.find(',').unwrap_or(text.len());
        return (Cow::Borrowed(&text[..length]), length);
    };
    let mut content = Cow::Borrowed("");
    let mut at = 0;
    loop {
        let Some(quote) = inside[at..].find('"') else {
            // An unclosed quote rejects the body before it comes here.
            content += &inside[at..];
            return (content, text.len());
        };
        content += &inside[at..at + quote];
        at += quote + 1;
        if !inside[at..].starts_with('"') {
            break;
        }
        content += "\"";
        at += 1;
    }
    // What stands between a closing quote and the comma belongs to the cell, as spreadsheets read it.
    let tail = inside[at..].find(',').unwrap_or(inside.len() - at);
    content += &inside[at..at + tail];
    (content, 1 + at + tail)
}

/// Takes off the `'` that the program's exports put before what a spreadsheet would compute.
fn without_shield(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(SHIELDED) => Cow::Owned(rest.to_owned()),
        _ => text,
    }
}

/// What a cell must not begin with, or a spreadsheet computes it; and the shield itself.
pub(super) const SHIELDED: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];
