//! The lines of rbldnsd files that begin with `$` (also `#$`, `;$` and `:$`).
//!
//! Guarantees: a directive that changes which entries there are is read or is an error.
//! Never: reads what speaks of the zone (`$SOA`, `$NS`, `$TTL`): that is configuration here.

use crate::list::{Duration, Time};

/// One directive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Directive<'a> {
    /// `$SOA`, `$NS`, `$TTL`.
    Zone,
    /// `$0` to `$9`.
    Variable(u8, &'a str),
    /// `$=`
    Base(&'a str),
    /// `$MAXRANGE4`, in addresses.
    MaxRange4(u64),
    /// `$TIMESTAMP`
    TimeStamp { created: Option<Time>, expires: Option<Time> },
    /// `$FILE`, which is ours alone: several files in one body.
    File,
    /// `$DATASET`
    DataSet { kind: &'a str, name: &'a str, subzones: Vec<&'a str> },
}

/// The sign that makes a line a directive, and what follows it.
pub(super) fn split(content: &str) -> Option<(&str, &str)> {
    let length = if content.starts_with('$') {
        1
    } else if content.starts_with(['#', ';', ':']) && content[1..].starts_with('$') {
        2
    } else {
        return None;
    };
    Some(content.split_at(length))
}

impl<'a> Directive<'a> {
    /// Reads what follows the sign.
    pub(super) fn read(text: &'a str) -> Result<Self, String> {
        let (word, rest) = text.split_at(text.find([' ', '\t']).unwrap_or(text.len()));
        let rest = rest.trim();
        match word.to_ascii_lowercase().as_str() {
            "soa" | "ns" | "nameserver" | "ttl" => Ok(Self::Zone),
            "=" if !rest.is_empty() => Ok(Self::Base(rest)),
            "maxrange4" => max_range4(rest).map(Self::MaxRange4),
            "timestamp" => time_stamp(rest),
            "dataset" => data_set(rest),
            "file" if rest.is_empty() => Ok(Self::File),
            digit if digit.len() == 1 && digit.as_bytes()[0].is_ascii_digit() && !rest.is_empty() => {
                Ok(Self::Variable(digit.as_bytes()[0] - b'0', rest))
            }
            _ => Err("no directive of rbldnsd; there are $SOA $NS $TTL $TIMESTAMP $MAXRANGE4 $DATASET $= and $0 to $9"
                .to_owned()),
        }
    }
}

fn max_range4(text: &str) -> Result<u64, String> {
    let (prefix, digits) = match text.strip_prefix('/') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let number = digits.parse::<u32>().ok().filter(|n| *n > 0 && (!prefix || *n <= 32));
    let number = number.ok_or("write $MAXRANGE4 as a number of addresses (256) or as a prefix length (/24)")?;
    Ok(if prefix { 1 << (32 - number) } else { u64::from(number) })
}

fn time_stamp<'a>(text: &str) -> Result<Directive<'a>, String> {
    let wrong = || "write $TIMESTAMP as yyyy:mm:dd:hh:mi:ss, then an end of that form or +1d".to_owned();
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let created = words.next().ok_or_else(wrong)?;
    let expires = words.next().unwrap_or("0");
    if words.next().is_some() {
        return Err(wrong());
    }
    let Stamp(created) = stamp(created).ok_or_else(wrong)?;
    let expires = match (expires.strip_prefix('+'), created) {
        (Some(span), Some(created)) => Some(created.plus(span_of(span).ok_or_else(wrong)?)),
        (Some(_), None) => return Err(wrong()),
        (None, _) => stamp(expires).ok_or_else(wrong)?.0,
    };
    Ok(Directive::TimeStamp { created, expires })
}

/// A time stamp, which may say that there is none; `None` where it cannot be read.
fn stamp(text: &str) -> Option<Stamp> {
    if matches!(text, "0" | "-") {
        return Some(Stamp(None));
    }
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
    if !matches!(digits.len(), 8 | 10 | 12 | 14) || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let d = format!("{digits:0<14}");
    let rfc3339 = format!("{}-{}-{}T{}:{}:{}Z", &d[..4], &d[4..6], &d[6..8], &d[8..10], &d[10..12], &d[12..]);
    rfc3339.parse().ok().map(|time| Stamp(Some(time)))
}

/// What stands at the place of a time.
struct Stamp(Option<Time>);

/// Numbers with units, added up: `1d12h`; a number alone is seconds.
fn span_of(text: &str) -> Option<Duration> {
    let mut seconds = 0u32;
    for part in text.split_inclusive(|c: char| c.is_ascii_alphabetic()) {
        let part = part.to_ascii_lowercase();
        let part = if part.ends_with(|c: char| c.is_ascii_digit()) { part + "s" } else { part };
        seconds = seconds.checked_add(part.parse::<Duration>().ok()?.seconds())?;
    }
    (!text.is_empty()).then(|| Duration::from_seconds(seconds))
}

fn data_set(text: &str) -> Result<Directive<'_>, String> {
    let words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let mut words = words.take_while(|word| !word.starts_with(['#', ';']));
    let kind = words.next().ok_or("$DATASET names a type and its subzones: $DATASET ip4set:name subzone @")?;
    let (kind, name) = kind.split_once(':').unwrap_or((kind, ""));
    Ok(Directive::DataSet { kind, name, subzones: words.collect() })
}
