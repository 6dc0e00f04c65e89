//! Exports as a master file (RFC 1035 5): A and TXT records, for BIND and every other server of DNS.
//!
//! DNS knows wildcards only at the dots, and a wildcard does not reach below a name that exists (RFC 4592). So address lists
//! are laid flat: disjoint ranges with one answer each, cut at the octets (IPv6: nibbles), each piece one wildcard or one
//! address. A hole or a narrower listing so costs up to 255 records a level (IPv6: 15), and answers are exact; so does a
//! block whose wildcard would reach names of the other family. For names, a name between a wildcard and a narrower name is
//! written out with the wildcard's answer, and a hole gets a HINFO record, which makes it exist without A and TXT.
//!
//! Guarantees: a server that loads the file answers A as this one does, NXDOMAIN or NODATA where nothing is listed; TXT too,
//! but that a text about a range names the range; one about a name names the name that decides. At most [`EXPORT_RECORDS_MAX`] records, else an error.
//! Never: writes the names of mapped and 6to4 addresses, which this server answers from their IPv4 entries; but for the test
//! point `::ffff:127.0.0.2`.

use super::{
    ExportError, Heading, Part,
    gather::Decided,
    served::{self, TEST_TEXT},
    sweep::{Asked, Node, Said, at_name, at_prefix, climb, over, served},
};
use crate::{
    limits::EXPORT_RECORDS_MAX,
    list::{Key, KeyFamily, Prefix},
};
use ipnet::IpNet;
use std::{
    fmt::Write as _,
    io::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    rc::Rc,
};

/// A name of DNS as text, without the last dot (RFC 1035 3.1).
const PRESENTED_NAME_OCTETS_MAX: usize = 253;

const INFALLIBLE: &str = "writing to a Vec cannot fail";

/// The whole zone: its combined answer and its sublists, or one list alone.
#[derive(Debug)]
pub(super) struct Zone {
    views: Vec<View>,
    records: u64,
    /// [`EXPORT_RECORDS_MAX`]; less in tests.
    max: u64,
}

/// One of the answers that a zone gives.
#[derive(Debug)]
struct View {
    /// `.LIST` for a sublist, nothing for the combined answer.
    suffix: String,
    /// The lists in it, by their place.
    parts: Vec<usize>,
    never: Option<usize>,
    /// Keys around the current one, widest first: last address and answer.
    covering: Vec<(u128, Vec<Said>)>,
    /// The first address (of the current family) that is not written yet; `None` past the last one.
    cursor: Option<u128>,
    /// A range that the next one may continue.
    range: Option<(u128, u128, Vec<Said>)>,
    v6: bool,
    names: Vec<Node>,
}

/// Where records go: what a record needs besides owner and answer.
struct Sink<'a> {
    heading: &'a Heading,
    parts: &'a [Part],
    out: &'a mut Vec<u8>,
    records: &'a mut u64,
    max: u64,
}

impl Zone {
    pub(super) fn begin(heading: &Heading, parts: &[Part], never: Option<usize>, out: &mut Vec<u8>) -> Self {
        let Some(zone) = &heading.zone else {
            writeln!(out, "; serial {}; for $INCLUDE in a zone file", heading.serial).expect(INFALLIBLE);
            return Self {
                views: vec![View::new(
                    String::new(),
                    (0..parts.len()).filter(|part| Some(*part) != never).collect(),
                    never,
                )],
                records: 0,
                max: EXPORT_RECORDS_MAX,
            };
        };
        let (ttl, negative, serial) = (zone.ttl.seconds(), zone.negative_ttl.seconds(), zone.serial.soa());
        let primary = zone.ns.first().map_or("localhost", |ns| ns.name());
        let contact = served::mailbox_name(&zone.contact);
        let timers = served::SOA_TIMERS;
        writeln!(out, "$ORIGIN {}.\n$TTL {ttl}", zone.origin.name()).expect(INFALLIBLE);
        writeln!(out, "@ SOA {primary}. {contact}. {serial} {timers} {negative}").expect(INFALLIBLE);
        for ns in &zone.ns {
            writeln!(out, "@ NS {}.", ns.name()).expect(INFALLIBLE);
        }
        for text in &zone.texts {
            writeln!(out, "@ TXT {}", served::quoted_in_pieces(text)).expect(INFALLIBLE);
        }
        for (name, addresses) in &zone.addresses {
            for address in addresses {
                let kind = if address.is_ipv4() { "A" } else { "AAAA" };
                writeln!(out, "{}. {kind} {address}", name.name()).expect(INFALLIBLE);
            }
        }
        let lists = || (0..parts.len()).filter(|part| Some(*part) != never);
        let combined = lists().filter(|part| parts[*part].combined).collect();
        let mut views = vec![View::new(String::new(), combined, never)];
        views.extend(lists().map(|part| View::new(format!(".{}", parts[part].list.name), vec![part], never)));
        for view in &views {
            test_points(view, parts, out);
        }
        Self { views, records: 0, max: EXPORT_RECORDS_MAX }
    }

    /// Takes what the lists say at one prefix, name or hash.
    pub(super) fn place(
        &mut self,
        decided: &[Decided],
        heading: &Heading,
        parts: &[Part],
        out: &mut Vec<u8>,
    ) -> Result<(), ExportError> {
        let mut sink = Sink { heading, parts, out, records: &mut self.records, max: self.max };
        for view in &mut self.views {
            let here: Vec<&Decided> = decided.iter().filter(|one| view.takes(one.part)).collect();
            match here.first().map(|one| &one.key) {
                Some(Key::Prefix(prefix)) => view.prefix(*prefix, &here, &mut sink)?,
                Some(Key::Name(name)) => view.name(name.name(), &here, &mut sink)?,
                Some(Key::Hash(hash)) => view.hash(&hash.to_string(), &here, &mut sink)?,
                None => {}
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, heading: &Heading, parts: &[Part], out: &mut Vec<u8>) -> Result<(), ExportError> {
        let mut sink = Sink { heading, parts, out, records: &mut self.records, max: self.max };
        self.views.iter_mut().try_for_each(|view| view.end_family(&mut sink))
    }
}

impl View {
    fn new(suffix: String, parts: Vec<usize>, never: Option<usize>) -> Self {
        let (covering, names) = (Vec::new(), Vec::new());
        Self { suffix, parts, never, covering, cursor: Some(0), range: None, v6: false, names }
    }

    fn takes(&self, part: usize) -> bool {
        self.parts.contains(&part) || self.never == Some(part)
    }

    fn prefix(&mut self, prefix: Prefix, decided: &[&Decided], sink: &mut Sink<'_>) -> Result<(), ExportError> {
        let (first, last, v6) = bounds(prefix);
        if v6 != self.v6 {
            self.end_family(sink)?;
            self.v6 = v6;
            self.cursor = Some(0);
        }
        while self.covering.last().is_some_and(|(end, _)| *end < first) {
            self.leave(sink)?;
        }
        if let (Some((_, answer)), Some(cursor)) = (self.covering.last(), self.cursor)
            && cursor < first
        {
            let answer = answer.clone();
            self.add(cursor, first - 1, &answer, sink)?;
        }
        let inherited = self.covering.last().map_or(&[][..], |(_, said)| said);
        let answer = over(inherited, at_prefix(decided), None);
        self.cursor = Some(first);
        self.covering.push((last, answer));
        Ok(())
    }

    /// Leaves the innermost key: what remains of it is written.
    fn leave(&mut self, sink: &mut Sink<'_>) -> Result<(), ExportError> {
        let Some((last, answer)) = self.covering.pop() else { return Ok(()) };
        if let Some(cursor) = self.cursor.filter(|cursor| *cursor <= last) {
            self.add(cursor, last, &answer, sink)?;
            self.cursor = last.checked_add(1);
        }
        Ok(())
    }

    fn end_family(&mut self, sink: &mut Sink<'_>) -> Result<(), ExportError> {
        while !self.covering.is_empty() {
            self.leave(sink)?;
        }
        self.write_range(sink)
    }

    /// Adds a range, joining it to the one before where nothing changes.
    fn add(&mut self, first: u128, last: u128, answer: &[Said], sink: &mut Sink<'_>) -> Result<(), ExportError> {
        let answer = served(self.never, answer);
        match &mut self.range {
            Some((_, end, before)) if end.checked_add(1) == Some(first) && *before == answer => *end = last,
            _ => {
                self.write_range(sink)?;
                self.range = Some((first, last, answer));
            }
        }
        Ok(())
    }

    /// Cuts the held range at octets or nibbles.
    fn write_range(&mut self, sink: &mut Sink<'_>) -> Result<(), ExportError> {
        let Some((mut first, last, answer)) = self.range.take() else { return Ok(()) };
        if answer.is_empty() {
            return Ok(());
        }
        let (bits, step) = if self.v6 { (128, 4) } else { (32, 8) };
        loop {
            let mut free = 0;
            while free < bits && fits(first, last, free + step) {
                free += step;
            }
            while free > 0 && reaches_the_other_family(first, free, self.v6) {
                free -= step;
            }
            let shown = if self.v6 {
                IpNet::new(IpAddr::V6(Ipv6Addr::from(first)), (bits - free) as u8)
            } else {
                IpNet::new(IpAddr::V4(Ipv4Addr::from(first as u32)), (bits - free) as u8)
            };
            let shown = shown.expect("the length lies in the family's bounds");
            let host = free == 0;
            let text = if host { shown.addr().to_string() } else { shown.to_string() };
            let owner = owner(first, free, self.v6);
            self.records(&owner, &answer, &text, host.then_some(&text), sink)?;
            let size = if free == 128 { return Ok(()) } else { 1u128 << free };
            match first.checked_add(size) {
                Some(next) if next <= last => first = next,
                _ => return Ok(()),
            }
        }
    }

    fn name(&mut self, name: &str, decided: &[&Decided], sink: &mut Sink<'_>) -> Result<(), ExportError> {
        climb(&mut self.names, name);
        let above = self.names.last().map_or_else(Vec::new, |node| node.below.clone());
        let here = Rc::from(name);
        let said = |asked| {
            let said = at_name(decided, asked);
            over(&above, said.iter().map(|(part, tags)| (*part, tags.as_deref())), Some(&here))
        };
        let left_below = said(Asked::Below);
        let inherited = served(self.never, &above);
        let (itself, below) = (served(self.never, &said(Asked::Itself)), served(self.never, &left_below));
        if itself != inherited || below != inherited {
            if !inherited.is_empty() {
                self.names_between(name, &above, sink)?;
            }
            self.about_name(name, &itself, sink)?;
            self.about_name(&format!("*.{name}"), &below, sink)?;
            if itself.is_empty() && below.is_empty() && !inherited.is_empty() {
                // Without any record the name would not exist, and the wildcard above would answer for it.
                sink.count()?;
                writeln!(sink.out, "{name}{} HINFO \"not\" \"listed\"", self.suffix).expect(INFALLIBLE);
            }
            self.names.push(Node { name: name.into(), below: left_below });
        } else if left_below != above {
            // Nothing changes here, but a narrower name may end what holds here for `never`, or what it hides.
            self.names.push(Node { name: name.into(), below: left_below });
        }
        Ok(())
    }

    /// Names between the listed one above and this one begin to exist through it, so the wildcard no longer reaches them.
    fn names_between(&mut self, name: &str, said: &[Said], sink: &mut Sink<'_>) -> Result<(), ExportError> {
        let inherited = &served(self.never, said);
        let above = self.names.last().map_or(0, |node| node.name.len() + 1);
        let between = &name[..name.len() - above];
        let borders: Vec<usize> = between.match_indices('.').map(|(at, _)| at + 1).collect();
        for border in borders.into_iter().rev() {
            let one = &name[border..];
            self.about_name(one, inherited, sink)?;
            self.about_name(&format!("*.{one}"), inherited, sink)?;
            self.names.push(Node { name: one.into(), below: said.to_vec() });
        }
        Ok(())
    }

    /// The records of a name or of a wildcard below it. What they say is of the name that decides for the first list.
    fn about_name(&self, owner: &str, answer: &[Said], sink: &mut Sink<'_>) -> Result<(), ExportError> {
        let decides = answer.first().and_then(|said| said.decides.clone());
        let shown = decides.as_deref().unwrap_or(owner);
        self.records(owner, answer, shown, Some(shown), sink)
    }

    fn hash(&self, hash: &str, decided: &[&Decided], sink: &mut Sink<'_>) -> Result<(), ExportError> {
        let said = at_name(decided, Asked::Itself);
        let answer = over(&[], said.iter().map(|(part, tags)| (*part, tags.as_deref())), None);
        self.records(hash, &served(self.never, &answer), hash, Some(hash), sink)
    }

    /// Whether nobody can ask for this name, and no server loads it.
    fn is_beyond_dns(&self, owner: &str, heading: &Heading) -> bool {
        let origin = heading.zone.as_ref().map_or(0, |zone| zone.origin.name().len() + 1);
        owner.len() + self.suffix.len() + origin > PRESENTED_NAME_OCTETS_MAX
    }

    /// The A records of an answer and its TXT record.
    fn records(
        &self,
        owner: &str,
        answer: &[Said],
        shown: &str,
        key: Option<&str>,
        sink: &mut Sink<'_>,
    ) -> Result<(), ExportError> {
        if answer.is_empty() || self.is_beyond_dns(owner, sink.heading) {
            return Ok(());
        }
        let ttl = answer.iter().filter_map(|said| sink.parts[said.part].list.ttl).min();
        let ttl = ttl.map_or_else(String::new, |ttl| format!("{} ", ttl.seconds()));
        let suffix = &self.suffix;
        for code in served::codes(answer) {
            sink.count()?;
            writeln!(sink.out, "{owner}{suffix} {ttl}A {code}").expect(INFALLIBLE);
        }
        sink.count()?;
        let text = served::quoted(&served::text(answer, shown, key, sink.heading, sink.parts));
        writeln!(sink.out, "{owner}{suffix} {ttl}TXT {text}").expect(INFALLIBLE);
        Ok(())
    }
}

impl Sink<'_> {
    fn count(&mut self) -> Result<(), ExportError> {
        *self.records += 1;
        if *self.records > self.max {
            return Err(ExportError::TooManyRecords(self.max));
        }
        Ok(())
    }
}

/// First and last address as numbers, and whether they are of IPv6.
fn bounds(prefix: Prefix) -> (u128, u128, bool) {
    match prefix.net() {
        IpNet::V4(net) => (u32::from(net.network()).into(), u32::from(net.broadcast()).into(), false),
        IpNet::V6(net) => (net.network().into(), net.broadcast().into(), true),
    }
}

/// Whether a block with `free` bits begins at `first` and ends by `last`.
fn fits(first: u128, last: u128, free: u32) -> bool {
    let mask = if free >= 128 { u128::MAX } else { (1 << free) - 1 };
    first & mask == 0 && first | mask <= last
}

/// Whether the wildcard of a block would answer for names of the other family too: `*.0.0.2` is 2.0.0.0/24, and the end of
/// `200::/12`. Names of IPv4 have four labels of decimal digits, those of IPv6 have 32 of one hexadecimal digit each.
fn reaches_the_other_family(first: u128, free: u32, v6: bool) -> bool {
    let (bits, step) = if v6 { (128, 4) } else { (32, 8) };
    let labels = (free..bits).step_by(step);
    let few = labels.len() < 4;
    few && labels.into_iter().all(|shift| first >> shift & ((1 << step) - 1) <= 9)
}

/// The owner of a block: octets or nibbles from the right, a `*` for the free ones.
fn owner(first: u128, free: u32, v6: bool) -> String {
    let mut owner = String::new();
    if free > 0 {
        owner.push('*');
    }
    let (bits, step) = if v6 { (128, 4) } else { (32, 8) };
    for shift in (free..bits).step_by(step) {
        if !owner.is_empty() {
            owner.push('.');
        }
        let label = first >> shift & ((1 << step) - 1);
        let written = if v6 { write!(owner, "{label:x}") } else { write!(owner, "{label}") };
        written.expect("writing to a String cannot fail");
    }
    owner
}

/// `::ffff:127.0.0.2`, which RFC 5782 5 demands of a list that has IPv6.
const IPV6_TEST_POINT: Ipv6Addr = Ipv4Addr::new(127, 0, 0, 2).to_ipv6_mapped();

/// What the server answers without any entry (RFC 5782 5).
fn test_points(view: &View, parts: &[Part], out: &mut Vec<u8>) {
    let lists = || view.parts.iter().map(|part| &parts[*part].list);
    let Some(first) = lists().next() else { return };
    let mut points: Vec<(String, Vec<String>)> = Vec::new();
    match first.family() {
        KeyFamily::Addresses | KeyFamily::Any => {
            let codes: Vec<String> = lists().map(|list| list.code.to_string()).collect();
            points.push(("2.0.0.127".to_owned(), codes.clone()));
            points.push((owner(IPV6_TEST_POINT.to_bits(), 0, true), codes));
            for list in lists() {
                let [a, b, c, d] = list.code.rdata();
                points.push((format!("{d}.{c}.{b}.{a}"), vec![list.code.to_string()]));
            }
        }
        KeyFamily::Names => {
            let codes: Vec<String> = lists().map(|list| list.code.to_string()).collect();
            points.push(("test".to_owned(), codes.clone()));
            points.push(("*.test".to_owned(), codes));
        }
        KeyFamily::Hashes(kind) => {
            points.push((served::noemail(kind), lists().map(|list| list.code.to_string()).collect()));
        }
    }
    let mut written: Vec<String> = Vec::new();
    for (owner, codes) in points {
        if written.contains(&owner) {
            continue;
        }
        for (at, code) in codes.iter().enumerate() {
            if !codes[..at].contains(code) {
                writeln!(out, "{owner}{} A {code}", view.suffix).expect(INFALLIBLE);
            }
        }
        writeln!(out, "{owner}{} TXT {}", view.suffix, served::quoted(TEST_TEXT)).expect(INFALLIBLE);
        written.push(owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::{ListSettings, Serial, format::write::gather::Tag};
    use std::sync::Arc;

    #[test]
    fn an_expansion_that_explodes_is_an_error_and_no_endless_file() {
        let heading = Heading { zone: None, serial: Serial(1), public_url: String::new() };
        let parts = [Part { list: Arc::new(ListSettings::never()), combined: true }];
        let tags = vec![Tag { code: "127.0.0.2".parse().unwrap(), text: None }];
        let decided = |key: &str, tags: &[Tag]| {
            let key = Key::Prefix(key.parse().unwrap());
            [Decided { part: 0, key, tags: tags.to_vec(), reason: Box::default() }]
        };
        let write = |max| {
            let mut out = Vec::new();
            let mut zone = Zone { max, ..Zone::begin(&heading, &parts, None, &mut out) };
            zone.place(&decided("10.0.0.0/8", &tags), &heading, &parts, &mut out)?;
            zone.place(&decided("10.1.2.3", &[]), &heading, &parts, &mut out)?;
            zone.finish(&heading, &parts, &mut out)
        };
        // 255 wildcards at each of three levels, A and TXT for each.
        assert_eq!(write(3 * 255 * 2), Ok(()));
        assert_eq!(write(3 * 255 * 2 - 1), Err(ExportError::TooManyRecords(3 * 255 * 2 - 1)));
    }
}
