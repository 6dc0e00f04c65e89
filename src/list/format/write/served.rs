//! What zone files need to know of how this server answers: mailboxes, timers, test points, texts.
//!
//! Guarantees: a text fits into one TXT string, as it would from this server.
//! Never: knows addresses of queries: a text about a range names the range.

use super::{Heading, Part, sweep::Said};
use crate::list::{HashKind, Key, KeyFamily, ListSettings, MailHash, ReturnCode, format::remark};
use std::fmt::Write as _;

/// Refresh, retry and expire of a SOA, in seconds: who loads the file asks nobody for more, so they are customary values.
pub(super) const SOA_TIMERS: &str = "3600 600 604800";

/// The text of a test point.
pub(super) const TEST_TEXT: &str = "This is a test entry (RFC 5782)";

/// Octets of a TXT record's string.
const STRING_OCTETS: usize = 255;

/// Octets that a URL with its key may have; longer ones lead to the first page.
pub(super) const URL_OCTETS_MAX: usize = 200;

/// A mail address as a name of DNS (RFC 1035 8): before the `@`, what means something in a master file is escaped.
pub(super) fn mailbox_name(contact: &str) -> String {
    match contact.rsplit_once('@') {
        Some((local, domain)) => {
            let mut name = String::with_capacity(contact.len() + 2);
            for sign in local.chars() {
                if matches!(sign, '.' | '\\' | ';' | '"' | '(' | ')' | '$' | '@') {
                    name.push('\\');
                }
                name.push(sign);
            }
            format!("{name}.{domain}")
        }
        None => contact.to_owned(),
    }
}

/// The test points of a list in a zone file, as keys of that file: listed without an entry.
pub(super) fn test_points(list: &ListSettings) -> Vec<String> {
    match list.family() {
        KeyFamily::Addresses | KeyFamily::Any => {
            let mut points = vec!["127.0.0.2".to_owned(), list.code.to_string()];
            points.dedup();
            points
        }
        KeyFamily::Names => vec![".test".to_owned()],
        KeyFamily::Hashes(kind) => vec![noemail(kind)],
    }
}

/// Whether a zone answers for this key without regard to entries (RFC 5782 5): names at and below `test` and `invalid`, and
/// the hash of the test address.
pub(super) fn is_reserved(key: &Key) -> bool {
    match key {
        Key::Prefix(_) => false,
        Key::Name(name) => matches!(name.name().rsplit('.').next(), Some("test" | "invalid")),
        Key::Hash(hash) => hash.to_string() == noemail(hash.kind()),
    }
}

/// The hash of the address that every list of hashes lists.
pub(super) fn noemail(kind: HashKind) -> String {
    MailHash::of_address(kind, "noemail@example.com").expect("a mail address").to_string()
}

/// The codes of an answer in this server's order: lists in order, codes ascending, each once.
pub(super) fn codes(said: &[Said]) -> Vec<ReturnCode> {
    let mut codes = Vec::with_capacity(said.len());
    for one in said {
        if !codes.contains(&one.tag.code) {
            codes.push(one.tag.code);
        }
    }
    codes
}

/// The one string of the TXT record for `shown`, an address, range or name; `key` completes the URL where it is one key.
pub(super) fn text(said: &[Said], shown: &str, key: Option<&str>, heading: &Heading, parts: &[Part]) -> String {
    let Some(first) = said.first() else { return String::new() };
    let list = &parts[first.part].list;
    let template = first.tag.text.as_deref().unwrap_or(&list.text);
    let short = |key: &&str| heading.public_url.len() + 1 + key.len() <= URL_OCTETS_MAX;
    let url = format!("{}/{}", heading.public_url, key.filter(short).unwrap_or_default());
    let fill = |text: &str| {
        let text = text.replace("{address}", shown).replace("{url}", &url).replace("{list}", list.name.as_str());
        text.replace("{code}", &first.tag.code.to_string())
    };
    let mut words = fill(template);
    let has_url = words.contains(&url);
    let tail = if has_url { String::new() } else { format!(" {url}") };
    let mut others: Vec<&str> = Vec::new();
    for one in &said[1..] {
        let name = parts[one.part].list.name.as_str();
        if one.part != first.part && !others.contains(&name) {
            others.push(name);
        }
    }
    let also = if others.is_empty() { String::new() } else { format!("; also {}", others.join(", ")) };
    if words.len() + also.len() + tail.len() <= STRING_OCTETS {
        return format!("{words}{also}{tail}");
    }
    let room = STRING_OCTETS - tail.len().min(STRING_OCTETS);
    if words.len() > room {
        let whole = remark::cut(&words, room).len();
        words.truncate(words[..whole].rfind(' ').unwrap_or(whole));
    }
    format!("{words}{tail}")
}

/// A text of any length as strings of a master file.
pub(super) fn quoted_in_pieces(text: &str) -> String {
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let piece = remark::cut(rest, STRING_OCTETS);
        pieces.push(quoted(piece));
        rest = &rest[piece.len()..];
        if rest.is_empty() || piece.is_empty() {
            return pieces.join(" ");
        }
    }
}

/// A string of a master file (RFC 1035 5.1).
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for octet in text.bytes() {
        match octet {
            b'"' | b'\\' => quoted.extend(['\\', char::from(octet)]),
            b' '..=b'~' => quoted.push(char::from(octet)),
            other => write!(quoted, "\\{other:03}").expect("writing to a String cannot fail"),
        }
    }
    quoted.push('"');
    quoted
}
