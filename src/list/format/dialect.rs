//! In which format a body is, and what the list it is meant for makes of it.
//!
//! Guarantees: the names are those of `?format=` and print as they are read.
//! Never: guesses a format from the content; only the data set of an rbldnsd body may be left open.

use crate::list::{KeyFamily, ListName, ListSettings, ReturnCode, SourceName, Time};
use std::{fmt, str::FromStr};

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One key a line.
    #[default]
    Text,
    /// RFC 4180.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// A file of rbldnsd.
    Rbldnsd(DataSet),
}

/// Which data set of rbldnsd a body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataSet {
    /// Written `rbldnsd`: `combined` where a `$DATASET` comes first, else what the list's keys are.
    Detect,
    /// Ranges of IPv4.
    Ip4set,
    /// Single IPv4 addresses with one value.
    Ip4tset,
    /// Prefixes of IPv4.
    Ip4trie,
    /// Prefixes of IPv6.
    Ip6trie,
    /// /64s of IPv6 with one value.
    Ip6tset,
    /// Names.
    Dnset,
    /// Several data sets, each after its `$DATASET` line.
    Combined,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportFormat {
    /// One key a line, as [`Format::Text`] reads it.
    #[default]
    Text,
    /// RFC 4180 with a header.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// A `combined` file of rbldnsd.
    Rbldnsd,
    /// A response policy zone.
    Rpz,
    /// A master file (RFC 1035 5).
    Bind,
}

/// Why a text names no format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// Of a body.
    #[error(
        "no format of a body; take text, csv, ndjson or rbldnsd, or the rbldnsd data set itself: ip4set, ip4tset, ip4trie, ip6trie, ip6tset, dnset, combined"
    )]
    Read,
    /// Of an export.
    #[error("no format of an export; take text, csv, ndjson, rbldnsd, rpz or bind")]
    Export,
}

/// What the list and the caller make of a body.
#[derive(Clone, Debug)]
pub struct Dialect {
    /// The list: the name by which its data set is found in a `combined` file.
    pub list: ListName,
    /// Which keys it takes.
    pub family: KeyFamily,
    /// Its own code: an entry that names it carries none of its own.
    pub code: ReturnCode,
    /// Whether its entries carry texts: else the TXT of an rbldnsd entry becomes its reason.
    pub entry_texts: bool,
    /// From which durations count, and against which `$TIMESTAMP` is held.
    pub now: Time,
    /// The one source that a line may name, where the body is of one.
    pub source: Option<SourceName>,
    /// CSV columns that go into the reason as `name=value`.
    pub reason_columns: Vec<String>,
    /// Whether the caller may say `first_seen`.
    pub may_say_first_seen: bool,
    /// The one data set (its name or one of its subzones) to take from a `combined` file; `None`: all that fit the list.
    pub subset: Option<String>,
}

impl Dialect {
    /// The dialect of `list` at `now`, for a caller without special rights.
    #[must_use]
    pub fn of(list: &ListSettings, now: Time) -> Self {
        Self {
            list: list.name.clone(),
            family: list.family(),
            code: list.code,
            entry_texts: list.entry_texts,
            now,
            source: None,
            reason_columns: Vec::new(),
            may_say_first_seen: false,
            subset: None,
        }
    }
}

const FORMATS: [(&str, Format); 11] = [
    ("text", Format::Text),
    ("csv", Format::Csv),
    ("ndjson", Format::Ndjson),
    ("rbldnsd", Format::Rbldnsd(DataSet::Detect)),
    ("ip4set", Format::Rbldnsd(DataSet::Ip4set)),
    ("ip4tset", Format::Rbldnsd(DataSet::Ip4tset)),
    ("ip4trie", Format::Rbldnsd(DataSet::Ip4trie)),
    ("ip6trie", Format::Rbldnsd(DataSet::Ip6trie)),
    ("ip6tset", Format::Rbldnsd(DataSet::Ip6tset)),
    ("dnset", Format::Rbldnsd(DataSet::Dnset)),
    ("combined", Format::Rbldnsd(DataSet::Combined)),
];

const EXPORTS: [(&str, ExportFormat); 6] = [
    ("text", ExportFormat::Text),
    ("csv", ExportFormat::Csv),
    ("ndjson", ExportFormat::Ndjson),
    ("rbldnsd", ExportFormat::Rbldnsd),
    ("rpz", ExportFormat::Rpz),
    ("bind", ExportFormat::Bind),
];

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        FORMATS.iter().find(|(name, _)| *name == text).map(|(_, format)| *format).ok_or(FormatError::Read)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _) = FORMATS.iter().find(|(_, format)| format == self).expect("every format has a name");
        f.write_str(name)
    }
}

impl FromStr for DataSet {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text.parse()? {
            Format::Rbldnsd(set) => Ok(set),
            Format::Text | Format::Csv | Format::Ndjson => Err(FormatError::Read),
        }
    }
}

impl fmt::Display for DataSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Format::Rbldnsd(*self).fmt(f)
    }
}

impl FromStr for ExportFormat {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        EXPORTS.iter().find(|(name, _)| *name == text).map(|(_, format)| *format).ok_or(FormatError::Export)
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _) = EXPORTS.iter().find(|(_, format)| format == self).expect("every format has a name");
        f.write_str(name)
    }
}

impl ExportFormat {
    /// The media type of the answer that carries it.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text | Self::Rbldnsd => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Rpz | Self::Bind => "text/dns; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_prints_the_name_that_it_is_read_by() {
        for (name, format) in FORMATS {
            assert_eq!((name.parse(), format.to_string().as_str()), (Ok(format), name));
        }
        for (name, format) in EXPORTS {
            assert_eq!((name.parse(), format.to_string().as_str()), (Ok(format), name));
        }
        assert_eq!("Text".parse::<Format>(), Err(FormatError::Read));
        assert_eq!("ip4set".parse::<ExportFormat>(), Err(FormatError::Export));
        assert_eq!("text".parse::<DataSet>(), Err(FormatError::Read));
    }
}
