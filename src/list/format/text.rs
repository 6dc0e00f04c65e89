//! The format `text`: one key a line, as most feeds are found.
//!
//! A line is a key, after a `!` an excluded one; what follows it after a blank, `;`, `,` or `#` is a remark and becomes the
//! reason. A key is an address, a prefix, a range (`a-b`, `a - b`) or a name; a dot before a name (`.example.org`, the way
//! of cookies and of many feeds) says nothing new, because a name covers what is below it anyway.
//!
//! Guarantees: a line that begins with `#` or `;` is a comment, an empty one nothing; all else is an entry or an error.
//! Never: completes a key: `10.1`, `10.1.2.3-9` and a host with a prefix length are errors that say what to write.

use super::{
    Dialect,
    reader::{Emit, Fault},
    remark,
};
use crate::list::{Detail, Key, KeyFamily, Mark, NewEntry, Prefix, PrefixError, range_to_prefixes};
use std::net::IpAddr;

const BLANKS: [char; 2] = [' ', '\t'];

/// Reads one line.
pub(super) fn line(whole: &str, dialect: &Dialect, emit: Emit<'_>) -> Result<(), Fault> {
    let content = whole.trim_start();
    if content.is_empty() || content.starts_with(['#', ';']) {
        return Ok(());
    }
    let (mark, content) = match content.strip_prefix('!') {
        Some(rest) => (Mark::Excluded, rest.trim_start_matches(BLANKS)),
        None => (Mark::Listed, content),
    };
    let at = whole.len() - content.len();
    let (keys, rest) = keys(content, dialect.family).map_err(|error| Fault::line(at, error))?;
    let reason = remark::reason(after_separator(rest), dialect);
    for key in keys {
        let mut entry = NewEntry::plain(key, mark);
        entry.detail = Detail { reason: reason.clone(), ..Detail::default() };
        emit(None, entry);
    }
    Ok(())
}

/// The keys that a text begins with, and what follows them.
pub(super) fn keys(content: &str, family: KeyFamily) -> Result<(Keys, &str), String> {
    let quoted = if matches!(family, KeyFamily::Hashes(_)) { end_of_quotes(content) } else { 0 };
    let (word, rest) = content.split_at(quoted + end_of_key(&content[quoted..]));
    if matches!(family, KeyFamily::Addresses | KeyFamily::Any)
        && let Some(range) = range(content, word, rest)
    {
        let (first, last, rest) = range?;
        let prefixes = range_to_prefixes(first, last).map_err(|error| error.to_string())?;
        return Ok((Keys::Range(prefixes.into_iter()), rest));
    }
    let word = match family {
        KeyFamily::Names => word.strip_prefix('.').unwrap_or(word),
        KeyFamily::Addresses | KeyFamily::Hashes(_) | KeyFamily::Any => word,
    };
    if word.is_empty() {
        return Err("no key before the remark".to_owned());
    }
    let key = Key::parse(word, family).map_err(|error| error.to_string())?;
    Ok((Keys::One(Some(key)), rest))
}

/// Where a key ends. Looked for in octets: this is what the time of an import is spent on.
fn end_of_key(text: &str) -> usize {
    text.bytes().position(|octet| matches!(octet, b' ' | b'\t' | b';' | b',' | b'#')).unwrap_or(text.len())
}

/// Where the quoted local part of a mail address ends, if the text begins with one: what parts a key from its remark may
/// stand inside the quotes.
fn end_of_quotes(text: &str) -> usize {
    if !text.starts_with('"') {
        return 0;
    }
    let mut escaped = false;
    let quote = text.bytes().skip(1).position(|octet| {
        let closes = octet == b'"' && !escaped;
        escaped = octet == b'\\' && !escaped;
        closes
    });
    quote.map_or(0, |at| at + 2)
}

/// One key, or the prefixes of a range: most lines hold one, which costs no allocation.
pub(super) enum Keys {
    One(Option<Key>),
    Range(std::vec::IntoIter<Prefix>),
}

impl Iterator for Keys {
    type Item = Key;

    fn next(&mut self) -> Option<Key> {
        match self {
            Self::One(key) => key.take(),
            Self::Range(prefixes) => prefixes.next().map(Key::Prefix),
        }
    }
}

type Range<'a> = Result<(IpAddr, IpAddr, &'a str), String>;

/// A range, if the text begins with one: `a-b`, `a - b`, `a -b`, `a- b`.
fn range<'a>(content: &'a str, word: &'a str, rest: &'a str) -> Option<Range<'a>> {
    let (first, behind) = match word.find('-') {
        Some(at) => (&word[..at], &content[at + 1..]),
        None => (word, rest.trim_start_matches(BLANKS).strip_prefix('-')?),
    };
    let first: IpAddr = first.parse().ok()?;
    let behind = behind.trim_start_matches(BLANKS);
    let (last, rest) = behind.split_at(end_of_key(behind));
    match last.parse::<IpAddr>() {
        Ok(last) => Some(Ok((first, last, rest))),
        // `192.0.2.1 - 5 reports` has a remark; `192.0.2.1-5` and `192.0.2.1 - 192.0.2.300` are meant as ranges.
        Err(_) if !word.contains('-') && !looks_like_an_address(last) => None,
        // A name may begin like an address: `1.2.3.4-5.example.org`.
        Err(_) if last.contains(|c: char| c.is_ascii_alphabetic()) && !last.contains(':') => None,
        Err(_) => Some(Err(format!("{}; write both ends in full: 192.0.2.3-192.0.2.9", PrefixError::Range))),
    }
}

fn looks_like_an_address(text: &str) -> bool {
    text.contains(['.', ':']) && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':'))
}

/// What follows a key, without the sign that parts it from the key.
fn after_separator(rest: &str) -> &str {
    let rest = rest.trim_start();
    rest.strip_prefix([';', ',', '#']).unwrap_or(rest).trim()
}
