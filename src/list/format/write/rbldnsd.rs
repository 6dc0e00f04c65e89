//! Exports for rbldnsd: one `combined` file, in which each list is a data set, of a zone with `$SOA`, `$NS` and `$TTL`.
//!
//! Names keep their reach: `x` (it and all below) is written `.x`, `=x` is `x`, `*.x` stays. A key with several codes has its
//! further codes in data sets of their own behind the first, where every narrower key without them is a hole, because a trie
//! of rbldnsd has one value a key. Zones also get the test points of RFC 5782 in a data set `_test` for each list.
//!
//! Guarantees: a mirror that loads the file answers with the codes and the own texts that this server has: of each list one
//! text, that of the lowest code.
//! Never: writes reasons, which are no business of DNS.

use super::{
    ExportError, Heading, Part,
    gather::Decided,
    served,
    sweep::{Placed, Sweep},
};
use crate::{
    limits::{EXPORT_HELD_OCTETS_MAX, EXPORT_NEVER_OCTETS_MAX},
    list::{Family, Key, KeyFamily, ListSettings, ListedName, Scope, format::rbldnsd::OWN_MARK},
};
use std::io::Write;

const INFALLIBLE: &str = "writing to a Vec cannot fail";

/// The state between two entries.
#[derive(Debug, Default)]
pub(super) struct File {
    /// The family whose data set is open.
    family: Option<Family>,
    /// Further codes: the second of each key, the third and so on.
    ranks: Vec<Rank>,
    mask: Mask,
}

/// Takes `never` off the lists: its keys become holes where a list covers them, and what lies inside them goes.
#[derive(Debug, Default)]
struct Mask {
    part: Option<usize>,
    /// The keys of `never`, in key order, and how many of them come before the current key of the list.
    keys: Vec<Decided>,
    passed: usize,
    /// The families that they are of.
    families: Vec<Family>,
    /// The list that is being written, and where in it.
    list: usize,
    sweep: Sweep,
}

/// The data set of the second, third, ... code of the keys that have so many.
#[derive(Debug, Default)]
struct Rank {
    lines: Vec<u8>,
    /// The keys in it that may cover the next one, widest first.
    covering: Vec<Key>,
}

impl File {
    pub(super) fn begin(heading: &Heading, never: Option<usize>, out: &mut Vec<u8>) -> Self {
        writeln!(out, "{OWN_MARK}\n# serial {}", heading.serial).expect(INFALLIBLE);
        if let Some(zone) = &heading.zone {
            let (ttl, negative, serial) = (zone.ttl.seconds(), zone.negative_ttl.seconds(), zone.serial.soa());
            let ns: Vec<&str> = zone.ns.iter().map(ListedName::name).collect();
            let primary = ns.first().copied().unwrap_or("localhost");
            let contact = served::mailbox_name(&zone.contact);
            let timers = served::SOA_TIMERS;
            writeln!(out, "$SOA {ttl} {primary} {contact} {serial} {timers} {negative}").expect(INFALLIBLE);
            writeln!(out, "$NS {ttl} {}\n$TTL {ttl}", ns.join(" ")).expect(INFALLIBLE);
        }
        Self { mask: Mask { part: never, ..Mask::default() }, ..Self::default() }
    }

    pub(super) fn begin_list(
        &mut self,
        heading: &Heading,
        parts: &[Part],
        number: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), ExportError> {
        self.finish(heading, parts, out)?;
        self.mask.begin(number);
        let part = &parts[number];
        if heading.zone.is_some() {
            test_points(part, out);
        }
        let family = match part.list.family() {
            KeyFamily::Addresses | KeyFamily::Any => Family::V4,
            KeyFamily::Names | KeyFamily::Hashes(_) => Family::Name,
        };
        self.open(family, heading, part, out);
        Ok(())
    }

    /// Ends the list that is being written, if any.
    pub(super) fn finish(&mut self, heading: &Heading, parts: &[Part], out: &mut Vec<u8>) -> Result<(), ExportError> {
        if self.family.is_some() {
            let rest = self.mask.pass(None);
            let part = &parts[self.mask.list];
            rest.iter().try_for_each(|one| self.entry(heading, part, one, out))?;
        }
        self.end_data_set(out);
        Ok(())
    }

    /// Takes what a list says at the next prefix, name or hash.
    pub(super) fn place(
        &mut self,
        heading: &Heading,
        parts: &[Part],
        decided: Vec<Decided>,
        out: &mut Vec<u8>,
    ) -> Result<(), ExportError> {
        let number = decided.first().map_or(0, |one| one.part);
        if self.mask.part == Some(number) {
            return self.mask.take(decided);
        }
        let part = &parts[number];
        self.mask.place(decided).iter().try_for_each(|one| self.entry(heading, part, one, out))
    }

    /// Writes the further codes of the open data set.
    fn end_data_set(&mut self, out: &mut Vec<u8>) {
        for rank in self.ranks.drain(..) {
            out.extend_from_slice(&rank.lines);
        }
        self.family = None;
    }

    fn entry(&mut self, heading: &Heading, part: &Part, one: &Decided, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let family = match one.key.family() {
            Family::Hash => Family::Name,
            other => other,
        };
        if self.family != Some(family) {
            self.end_data_set(out);
            self.open(family, heading, part, out);
        }
        if one.tags.is_empty() {
            writeln!(out, "!{}", Written(&one.key)).expect(INFALLIBLE);
        } else {
            line(one, 0, heading, &part.list, out);
        }
        if family == Family::Name {
            // A dnset answers every value of a name.
            (1..one.tags.len()).for_each(|tag| line(one, tag, heading, &part.list, out));
            return Ok(());
        }
        self.further_codes(heading, part, one)
    }

    fn further_codes(&mut self, heading: &Heading, part: &Part, one: &Decided) -> Result<(), ExportError> {
        while self.ranks.len() + 1 < one.tags.len() {
            let mut rank = Rank::default();
            data_set(kind(self.family.unwrap_or(Family::V4)), part, heading, &mut rank.lines);
            self.ranks.push(rank);
        }
        let mut held = 0;
        for (number, rank) in (1..).zip(&mut self.ranks) {
            rank.covering.retain(|wide| wide.covers(&one.key));
            if number < one.tags.len() {
                line(one, number, heading, &part.list, &mut rank.lines);
                rank.covering.push(one.key.clone());
            } else if !rank.covering.is_empty() {
                writeln!(rank.lines, "!{}", Written(&one.key)).expect(INFALLIBLE);
            }
            held += rank.lines.len();
        }
        if held > EXPORT_HELD_OCTETS_MAX { Err(ExportError::TooManyCodes(held)) } else { Ok(()) }
    }

    fn open(&mut self, family: Family, heading: &Heading, part: &Part, out: &mut Vec<u8>) {
        data_set(kind(family), part, heading, out);
        self.family = Some(family);
    }
}

impl Mask {
    /// Takes what `never` says at its next key.
    fn take(&mut self, decided: Vec<Decided>) -> Result<(), ExportError> {
        for one in decided {
            let family = one.key.family();
            if !self.families.contains(&family) {
                self.families.push(family);
            }
            self.keys.push(one);
        }
        let held = self.keys.len().saturating_mul(size_of::<Decided>());
        if held > EXPORT_NEVER_OCTETS_MAX { Err(ExportError::NeverTooLarge(self.keys.len())) } else { Ok(()) }
    }

    fn begin(&mut self, list: usize) {
        (self.list, self.passed, self.sweep) = (list, 0, Sweep::new(self.part));
    }

    /// What a mirror has to hold for the next key of the list, and for the keys of `never` before it.
    fn place(&mut self, decided: Vec<Decided>) -> Vec<Decided> {
        let Some(place) = decided.first().map(|one| one.key.clone()) else { return decided };
        if !self.families.contains(&place.family()) {
            return decided;
        }
        let mut held = self.pass(Some(&place));
        let mut here = decided;
        here.extend(self.take_at(&place));
        held.extend(self.put(&here));
        held
    }

    /// What it has to hold for the keys of `never` before `end`.
    fn pass(&mut self, end: Option<&Key>) -> Vec<Decided> {
        let mut held = Vec::new();
        while let Some(next) = self.keys.get(self.passed) {
            if end.is_some_and(|end| next.key >= *end || same_place(&next.key, end)) {
                break;
            }
            let place = next.key.clone();
            let here = self.take_at(&place);
            held.extend(self.put(&here));
        }
        held
    }

    fn take_at(&mut self, place: &Key) -> Vec<Decided> {
        let from = self.passed;
        while self.keys.get(self.passed).is_some_and(|one| same_place(&one.key, place)) {
            self.passed += 1;
        }
        self.keys[from..self.passed].to_vec()
    }

    fn put(&mut self, here: &[Decided]) -> Vec<Decided> {
        let here: Vec<&Decided> = here.iter().collect();
        let placed = self.sweep.place(&here);
        // A name whose two answers are the same is one key.
        if let [itself, below] = &placed[..]
            && itself.answer == below.answer
            && let Key::Name(name) = &itself.key
        {
            let whole = ListedName::new(name.name(), Scope::All).expect("it is a name already");
            return self.decided(itself, Key::Name(whole)).into_iter().collect();
        }
        placed.iter().filter_map(|one| self.decided(one, one.key.clone())).collect()
    }

    fn decided(&self, placed: &Placed, key: Key) -> Option<Decided> {
        let tags = placed.answer.iter().map(|said| said.tag.clone()).collect();
        placed.tells().then(|| Decided { part: self.list, key, tags, reason: Box::default() })
    }
}

/// Whether two keys are judged together: the scopes of a name are.
fn same_place(a: &Key, b: &Key) -> bool {
    match (a, b) {
        (Key::Name(a), Key::Name(b)) => a.name() == b.name(),
        (a, b) => a == b,
    }
}

const fn kind(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip4trie",
        Family::V6 => "ip6trie",
        Family::Name | Family::Hash => "dnset",
    }
}

/// `$DATASET` and the default value.
fn data_set(kind: &str, part: &Part, heading: &Heading, out: &mut Vec<u8>) {
    let list = &part.list;
    subzones(kind, list.name.as_str(), part, heading.zone.is_some(), out);
    if let Some(ttl) = list.ttl {
        writeln!(out, "$TTL {}", ttl.seconds()).expect(INFALLIBLE);
    }
    writeln!(out, ":{}:{}", list.code, text(&list.text, heading, list, list.code)).expect(INFALLIBLE);
}

fn subzones(kind: &str, name: &str, part: &Part, of_zone: bool, out: &mut Vec<u8>) {
    let at = match (of_zone, part.combined) {
        (true, true) => format!("{} @", part.list.name),
        (true, false) => part.list.name.to_string(),
        (false, _) => "@".to_owned(),
    };
    writeln!(out, "$DATASET {kind}:{name} {at}").expect(INFALLIBLE);
}

/// What the server answers without any entry (RFC 5782 5), so that a mirror passes the tests of mail servers.
fn test_points(part: &Part, out: &mut Vec<u8>) {
    let kind = if part.list.family() == KeyFamily::Addresses { "ip4trie" } else { "dnset" };
    subzones(kind, "_test", part, true, out);
    for point in served::test_points(&part.list) {
        writeln!(out, "{point} :{}:{}", part.list.code, served::TEST_TEXT).expect(INFALLIBLE);
    }
}

fn line(one: &Decided, number: usize, heading: &Heading, list: &ListSettings, out: &mut Vec<u8>) {
    let tag = &one.tags[number];
    write!(out, "{}", Written(&one.key)).expect(INFALLIBLE);
    match &tag.text {
        // This server shows the first code's text alone; an empty one is no TXT record to rbldnsd.
        _ if number > 0 => write!(out, " :{}:", tag.code).expect(INFALLIBLE),
        Some(own) => write!(out, " :{}:{}", tag.code, text(own, heading, list, tag.code)).expect(INFALLIBLE),
        None if tag.code != list.code => {
            write!(out, " :{}:{}", tag.code, text(&list.text, heading, list, tag.code)).expect(INFALLIBLE);
        }
        None => {}
    }
    out.push(b'\n');
}

/// A text as a template of rbldnsd: `$` is the listed key. The URL stands behind a text that does not hold it.
fn text(text: &str, heading: &Heading, list: &ListSettings, code: crate::list::ReturnCode) -> String {
    let url = format!("{}/{{address}}", heading.public_url);
    let tail = if text.contains("{url}") { "" } else { " {url}" };
    let filled = format!("{text}{tail}").replace("{url}", &url).replace("{list}", list.name.as_str());
    let filled = filled.replace("{code}", &code.to_string()).replace('$', "$$");
    // A digit right behind the `$` would make it a variable, so a blank parts them.
    let mut template = String::with_capacity(filled.len() + 1);
    for (number, piece) in filled.split("{address}").enumerate() {
        if number > 0 {
            template.push('$');
            if piece.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '=' | '$')) {
                template.push(' ');
            }
        }
        template.push_str(piece);
    }
    // rbldnsd takes off one `=`, and blanks.
    if template.starts_with('=') { format!("={template}") } else { template }
}

/// A key as rbldnsd writes it.
struct Written<'a>(&'a Key);

impl std::fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Key::Name(name) => match name.scope() {
                Scope::All => write!(f, ".{}", name.name()),
                Scope::Itself => f.write_str(name.name()),
                Scope::Below => write!(f, "*.{}", name.name()),
            },
            key @ (Key::Prefix(_) | Key::Hash(_)) => key.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It was held whatever its size, and walked from its first key for each key of another family.
    #[test]
    fn a_never_of_too_many_keys_is_an_error() {
        let key =
            || Decided { part: 0, key: Key::parse_any("192.0.2.1").unwrap(), tags: Vec::new(), reason: Box::default() };
        let most = EXPORT_NEVER_OCTETS_MAX / size_of::<Decided>();
        let mut mask = Mask::default();
        assert_eq!(mask.take((0..most).map(|_| key()).collect()), Ok(()));
        assert_eq!(mask.families, [Family::V4]);
        assert_eq!(mask.take(vec![key()]), Err(ExportError::NeverTooLarge(most + 1)));
    }
}
