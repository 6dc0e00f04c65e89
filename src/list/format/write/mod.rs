//! Exports: what lists hold, written down in the six formats.
//!
//! A [`Writer`] takes the entries of one list, or of all lists of a zone, in key order, and appends octets to a buffer that
//! the caller empties as it likes. `text`, `csv`, `ndjson` and `rbldnsd` take a zone's lists one after the other; `rpz` and
//! `bind` are one zone of DNS, so they take all lists side by side, sorted by key ([`ExportFormat::order`]).
//!
//! Guarantees: bounded memory; `text`, `rbldnsd`, `rpz` and `bind` have one line a key by the rule of match at one key
//! ([`crate::list::decide()`]); what a reader of the format takes for markup is escaped.
//! Never: writes reasons into what DNS servers load, or what the caller did not hand over (private evidence).

mod bind;
mod gather;
mod plain;
mod rbldnsd;
mod rpz;
mod served;
mod sweep;

#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod tests;

use self::gather::Gathered;
use super::ExportFormat;
use crate::list::{
    Detail, Duration, Key, KeyFamily, Kind, ListSettings, ListedName, Mark, ReturnCode, Serial, SourceName, Time,
};
use std::{net::IpAddr, sync::Arc};

/// One entry of an export.
#[derive(Clone, Copy, Debug)]
pub struct Exported<'a> {
    /// Its key.
    pub key: &'a Key,
    /// Listed or excluded.
    pub mark: Mark,
    /// Who says so.
    pub source: &'a SourceName,
    /// A code other than the list's.
    pub code: Option<ReturnCode>,
    /// A text other than the list's.
    pub text: Option<&'a str>,
    /// Reason and evidence; the caller leaves out what its own caller may not read.
    pub detail: &'a Detail,
    /// When the source first named the key.
    pub first_seen: Time,
    /// When it was last seen.
    pub last_seen: Time,
    /// An end of its own.
    pub expires: Option<Time>,
}

/// One list of an export.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its settings.
    pub list: Arc<ListSettings>,
    /// Whether the zone's combined answer has it, or only its sublist. Of no meaning where a list is exported alone, and for
    /// `never`, which may come as the first of several parts: it is no list of the zone, but takes its keys off all others.
    pub combined: bool,
}

/// What stands above the entries.
#[derive(Clone, Debug)]
pub struct Heading {
    /// The zone, if one is exported.
    pub zone: Option<ZoneHead>,
    /// As of which commit.
    pub serial: Serial,
    /// Goes into texts (`bind`, `rbldnsd`), without a slash at its end.
    pub public_url: String,
}

/// What a zone file says at its apex.
#[derive(Clone, Debug)]
pub struct ZoneHead {
    /// Where it stands.
    pub origin: ListedName,
    /// Its name servers; at least one.
    pub ns: Vec<ListedName>,
    /// A mail address.
    pub contact: String,
    /// TTL of the records.
    pub ttl: Duration,
    /// TTL of negative answers.
    pub negative_ttl: Duration,
    /// The zone's own serial.
    pub serial: Serial,
    /// TXT records of the origin.
    pub texts: Vec<String>,
    /// Addresses of names in the zone: of the origin, of name servers.
    pub addresses: Vec<(ListedName, Vec<IpAddr>)>,
}

/// In which order a format takes the entries of several lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// All of the first list, then all of the second; in each by key.
    ByList,
    /// By key; at one key in any order.
    ByKey,
}

/// Why an export cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// A policy zone knows addresses and names.
    #[error("a response policy zone cannot hold hashes of mail addresses; take rbldnsd, bind, text, csv or ndjson")]
    Hashes,
    /// Ranges with holes multiply in a zone file.
    #[error(
        "this would be more than {0} records in a zone file, because DNS has wildcards only at the dots; take rbldnsd"
    )]
    TooManyRecords(u64),
    /// rbldnsd's tries have one value a key, so further values need data sets of their own, which are held in memory.
    #[error("too many keys have several codes for the format rbldnsd ({0} octets of them); take ndjson")]
    TooManyCodes(usize),
    /// rbldnsd has no list that beats others: `never` is held in memory and taken off each list.
    #[error("never has more keys than can be taken off each list for the format rbldnsd ({0}); take ndjson")]
    NeverTooLarge(usize),
}

impl ExportFormat {
    /// Whether servers of DNS load it: it then says what this server answers, and not what the entries are.
    #[must_use]
    pub const fn is_of_dns(self) -> bool {
        match self {
            Self::Text | Self::Csv | Self::Ndjson => false,
            Self::Rbldnsd | Self::Rpz | Self::Bind => true,
        }
    }

    /// In which order it takes the entries of several lists.
    #[must_use]
    pub const fn order(self) -> Order {
        match self {
            Self::Text | Self::Csv | Self::Ndjson | Self::Rbldnsd => Order::ByList,
            Self::Rpz | Self::Bind => Order::ByKey,
        }
    }
}

/// Writes one export.
#[derive(Debug)]
pub struct Writer {
    heading: Heading,
    parts: Vec<Part>,
    /// The part that entries are being written of (formats by list); `None` before the first.
    part: Option<usize>,
    /// Which part is `never`, where it only takes keys off the others.
    never: Option<usize>,
    gathered: Gathered,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Text,
    Csv,
    Ndjson,
    Rbldnsd(rbldnsd::File),
    Rpz(rpz::Zone),
    Bind(bind::Zone),
}

impl Writer {
    /// Begins an export of `parts`: one list, or those of `heading.zone` in its order; `never` may stand before them.
    ///
    /// # Errors
    /// [`ExportError::Hashes`]
    pub fn new(
        format: ExportFormat,
        heading: Heading,
        parts: Vec<Part>,
        out: &mut Vec<u8>,
    ) -> Result<Self, ExportError> {
        let never = parts.iter().position(|part| part.list.kind == Kind::Never).filter(|_| parts.len() > 1);
        let lists = parts.iter().filter(|part| never.is_none() || part.list.kind != Kind::Never);
        let hashes =
            lists.map(|part| part.list.family()).any(|family| matches!(family, KeyFamily::Hashes(_) | KeyFamily::Any));
        let body = match format {
            ExportFormat::Text => Body::Text,
            ExportFormat::Csv => {
                plain::csv_head(heading.zone.is_some(), out);
                Body::Csv
            }
            ExportFormat::Ndjson => Body::Ndjson,
            ExportFormat::Rbldnsd => Body::Rbldnsd(rbldnsd::File::begin(&heading, never, out)),
            ExportFormat::Rpz if hashes => return Err(ExportError::Hashes),
            ExportFormat::Rpz => Body::Rpz(rpz::Zone::begin(&heading, never, out)),
            ExportFormat::Bind => Body::Bind(bind::Zone::begin(&heading, &parts, never, out)),
        };
        Ok(Self { heading, parts, part: None, never, gathered: Gathered::new(format.order()), body })
    }

    /// Appends an entry of the list at `part`, in the order of the format.
    ///
    /// # Errors
    /// [`ExportError`], after which the export is worth nothing.
    pub fn entry(&mut self, part: usize, entry: &Exported<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let data = matches!(self.body, Body::Text | Body::Csv | Body::Ndjson);
        if data && self.never == Some(part) {
            return Ok(());
        }
        // Test points beat entries: a mirror has none in their place.
        let mirror = matches!(self.body, Body::Rbldnsd(_) | Body::Bind(_)) && self.heading.zone.is_some();
        if mirror && served::is_reserved(entry.key) {
            return Ok(());
        }
        match self.body {
            Body::Csv => {
                let list = self.heading.zone.as_ref().map(|_| &self.parts[part].list.name);
                plain::csv_row(list, entry, out);
                return Ok(());
            }
            Body::Ndjson => {
                let list = self.heading.zone.as_ref().map(|_| &self.parts[part].list.name);
                plain::ndjson_line(list, entry, out);
                return Ok(());
            }
            Body::Text | Body::Rbldnsd(_) | Body::Rpz(_) | Body::Bind(_) => {}
        }
        if self.gathered.parts_from(part, entry.key) {
            self.put(out)?;
        }
        self.gathered.add(part, entry, self.parts[part].list.code);
        Ok(())
    }

    /// Ends the export.
    ///
    /// # Errors
    /// [`ExportError`]
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        self.put(out)?;
        if matches!(self.body, Body::Text | Body::Rbldnsd(_)) {
            self.open_parts(self.parts.len(), out)?;
        }
        match &mut self.body {
            Body::Rbldnsd(file) => file.finish(&self.heading, &self.parts, out)?,
            Body::Bind(zone) => zone.finish(&self.heading, &self.parts, out)?,
            Body::Text | Body::Csv | Body::Ndjson | Body::Rpz(_) => {}
        }
        Ok(())
    }

    /// Writes what was gathered.
    fn put(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let decided = self.gathered.decide();
        let Some(first) = decided.first() else { return Ok(()) };
        if matches!(self.body, Body::Text | Body::Rbldnsd(_)) && self.part.is_none_or(|part| part < first.part) {
            self.open_parts(first.part + 1, out)?;
        }
        let Self { heading, parts, body, .. } = self;
        match body {
            Body::Text => {
                for one in &decided {
                    plain::text_line(one, out);
                }
                Ok(())
            }
            Body::Rbldnsd(file) => file.place(heading, parts, decided, out),
            Body::Rpz(zone) => {
                zone.place(&decided, parts, out);
                Ok(())
            }
            Body::Bind(zone) => zone.place(&decided, heading, parts, out),
            Body::Csv | Body::Ndjson => Ok(()),
        }
    }

    /// Begins every part before `end` that has not begun, those without entries too: a mirror must know that they are empty.
    fn open_parts(&mut self, end: usize, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let from = self.part.map_or(0, |part| part + 1);
        for part in from..end {
            self.part = Some(part);
            if self.never == Some(part) {
                continue;
            }
            match &mut self.body {
                Body::Text => plain::text_head(&self.heading, &self.parts[part].list.name, out),
                Body::Rbldnsd(file) => file.begin_list(&self.heading, &self.parts, part, out)?,
                Body::Csv | Body::Ndjson | Body::Rpz(_) | Body::Bind(_) => {}
            }
        }
        Ok(())
    }
}
