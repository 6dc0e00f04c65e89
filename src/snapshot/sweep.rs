//! The rule of match within one list: nested ranges with decisions become a line of points, each with the value that
//! holds from there on. The most specific range decides; a hole is a range with nothing.
//!
//! Guarantees: points ascend strictly and each differs from the one before; memory is bounded by the depth of nesting.
//! Never: looks at other lists.

use super::{
    NameRow, V4Row, V6Row,
    key::{self, NameKey},
    sets::{Resolver, ValueId},
};
use crate::list::{Decision, ListedName, Scope, Tag};
use smallvec::SmallVec;
use std::iter::Peekable;

/// A key of the ordered indexes.
pub(super) type Octets = SmallVec<[u8; 22]>;

/// A range, from its first key to the one after its last (`None`: to the end of all keys), and what is said there: by a
/// name of so many labels.
pub(super) struct Span<K> {
    pub first: K,
    pub end: Option<K>,
    pub decision: Decision,
    pub labels: u8,
}

/// Walks along the points. What holds at the place reached is `now`.
pub(super) struct Front<K, I> {
    spans: I,
    next_span: Option<(K, Option<K>, ValueId)>,
    open: Vec<(Option<K>, ValueId)>,
    base: ValueId,
    now: ValueId,
    ahead: Option<(K, ValueId)>,
}

impl<K: Ord, I: Iterator<Item = Span<K>>> Front<K, I> {
    /// `spans`: by first key, wider before narrower, each inside or outside each other. `base` holds where none does.
    pub fn new(spans: I, base: ValueId, resolver: &mut Resolver) -> Self {
        let mut front = Self { spans, next_span: None, open: Vec::new(), base, now: base, ahead: None };
        front.fetch(resolver);
        front.look_ahead(resolver);
        front
    }

    fn fetch(&mut self, resolver: &mut Resolver) {
        self.next_span = self.spans.next().map(|span| {
            let value = resolver.value(&span.decision, span.labels);
            (span.first, span.end, value)
        });
    }

    /// Whether the next thing is the end of the innermost open range.
    fn ends_next(&self) -> bool {
        match (self.open.last(), &self.next_span) {
            (Some((Some(end), _)), Some((first, ..))) => end <= first,
            (Some((Some(_), _)), None) => true,
            _ => false,
        }
    }

    fn raw(&mut self, resolver: &mut Resolver) -> Option<(K, ValueId)> {
        if self.ends_next() {
            let (end, _) = self.open.pop()?;
            let value = self.open.last().map_or(self.base, |(_, value)| *value);
            return Some((end?, value));
        }
        let (first, end, value) = self.next_span.take()?;
        self.open.push((end, value));
        self.fetch(resolver);
        Some((first, value))
    }

    fn next_raw_is_at(&self, key: &K) -> bool {
        if self.ends_next() {
            self.open.last().is_some_and(|(end, _)| end.as_ref() == Some(key))
        } else {
            self.next_span.as_ref().is_some_and(|(first, ..)| first == key)
        }
    }

    fn look_ahead(&mut self, resolver: &mut Resolver) {
        self.ahead = loop {
            let Some((key, mut value)) = self.raw(resolver) else { break None };
            while self.next_raw_is_at(&key) {
                let Some((_, later)) = self.raw(resolver) else { break };
                value = later;
            }
            if value != self.now {
                break Some((key, value));
            }
        };
    }

    /// The value at the place reached.
    pub const fn now(&self) -> ValueId {
        self.now
    }

    /// Where it changes next.
    pub fn next_key(&self) -> Option<&K> {
        self.ahead.as_ref().map(|(key, _)| key)
    }

    /// Goes to the next point.
    pub fn step(&mut self, resolver: &mut Resolver) -> Option<(K, ValueId)> {
        let (key, value) = self.ahead.take()?;
        self.now = value;
        self.look_ahead(resolver);
        Some((key, value))
    }

    /// Goes on until `now` is what holds at `key`.
    pub fn reach(&mut self, key: &K, resolver: &mut Resolver) {
        while self.next_key().is_some_and(|next| next <= key) {
            self.step(resolver);
        }
    }
}

/// Spans of IPv4 prefixes; 2^32 is a key here, so every span has an end.
pub(super) fn v4_spans(rows: impl Iterator<Item = V4Row>) -> impl Iterator<Item = Span<u64>> {
    rows.map(|(address, length, decision)| {
        let first = u64::from(address);
        Span { first, end: Some(first + (1 << (32 - length))), decision, labels: 0 }
    })
}

/// Prefixes where v6 rows say nothing: what stands inside follows the IPv4 entries, whatever is said of wider ones.
const FOLLOW_V4: [(u128, u8); 2] = [(0xffff << 32, 96), (0x2002 << 112, 16)];

/// Spans of IPv6 prefixes inside `under`, with holes where names follow the IPv4 entries.
pub(super) fn v6_spans(under: (u128, u8), rows: impl Iterator<Item = V6Row>) -> impl Iterator<Item = Span<Octets>> {
    let inside = move |first: u128, length: u8| length >= under.1 && first & mask_v6(under.1) == under.0;
    let mut holes = FOLLOW_V4.into_iter().filter(move |&(first, length)| inside(first, length)).peekable();
    let mut rows = rows.peekable();
    std::iter::from_fn(move || match (holes.peek(), rows.peek()) {
        (Some(&(first, length)), Some(row)) if (first, length) < (row.0, row.1) => {
            holes.next();
            Some((first, length, Decision::Excluded))
        }
        (Some(_), None) => holes.next().map(|(first, length)| (first, length, Decision::Excluded)),
        _ => rows.next(),
    })
    .map(|(address, length, decision)| {
        let (first, end) = v6_range(address, length);
        Span { first, end, decision, labels: 0 }
    })
}

fn mask_v6(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

/// The keys of a v6 prefix: its first, and the one after its last.
pub(super) fn v6_range(address: u128, length: u8) -> (Octets, Option<Octets>) {
    let octets = |address| Octets::from_slice(&key::v6(address));
    (octets(address), (address | !mask_v6(length)).checked_add(1).map(octets))
}

/// What the rows at one name say, by scope.
#[derive(Default)]
struct AtName {
    all: Option<Decision>,
    itself: Option<Decision>,
    below: Option<Decision>,
}

impl AtName {
    fn add(&mut self, scope: Scope, decision: Decision) {
        *match scope {
            Scope::All => &mut self.all,
            Scope::Itself => &mut self.itself,
            Scope::Below => &mut self.below,
        } = Some(decision);
    }
}

/// What two scopes of one name say together where both cover the question: an exclusion wins, tags are united. Of two
/// texts for one code that of the narrower scope is shown.
fn united(wide: Option<&Decision>, narrow: Option<&Decision>) -> Option<Decision> {
    let (wide, narrow) = match (wide, narrow) {
        (Some(wide), Some(narrow)) => (wide, narrow),
        (one, other) => return one.or(other).cloned(),
    };
    let (Decision::Listed(wide), Decision::Listed(narrow)) = (wide, narrow) else { return Some(Decision::Excluded) };
    let mut tags: Vec<(bool, Tag)> = narrow.iter().chain(wide).map(|tag| (tag.text.is_none(), *tag)).collect();
    // Stable: of equal rank the narrower comes first.
    tags.sort_by_key(|&(no_text, tag)| (tag.code, no_text));
    tags.dedup_by_key(|(_, tag)| tag.code);
    Some(Decision::Listed(tags.into_iter().map(|(_, tag)| tag).collect()))
}

/// What a list says below the longest of the given names that reach down, with the number of its labels.
pub(super) fn below_all(above: &[NameRow]) -> Option<(Decision, u8)> {
    let reaching = || above.iter().filter(|(name, _)| name.scope() != Scope::Itself);
    let longest = reaching().map(|(name, _)| name.name()).max_by_key(|name| name.len())?;
    let mut at = AtName::default();
    for (name, decision) in reaching().filter(|(name, _)| name.name() == longest) {
        at.add(name.scope(), decision.clone());
    }
    Some((united(at.all.as_ref(), at.below.as_ref())?, NameKey::of_listed(longest).labels()))
}

/// Spans of names.
pub(super) struct NameSpans<I: Iterator<Item = NameRow>> {
    rows: Peekable<I>,
    below: Option<Span<Octets>>,
}

impl<I: Iterator<Item = NameRow>> NameSpans<I> {
    pub fn new(rows: I) -> Self {
        Self { rows: rows.peekable(), below: None }
    }

    fn gather(&mut self) -> Option<(ListedName, AtName)> {
        let (name, decision) = self.rows.next()?;
        let mut at = AtName::default();
        at.add(name.scope(), decision);
        while let Some((next, decision)) = self.rows.next_if(|(next, _)| next.name() == name.name()) {
            at.add(next.scope(), decision);
        }
        Some((name, at))
    }
}

impl<I: Iterator<Item = NameRow>> Iterator for NameSpans<I> {
    type Item = Span<Octets>;

    fn next(&mut self) -> Option<Span<Octets>> {
        if let Some(below) = self.below.take() {
            return Some(below);
        }
        let (name, at) = self.gather()?;
        let key = NameKey::of_listed(name.name());
        let (itself, below) = (Octets::from_slice(key.itself()), Octets::from_slice(key.below()));
        let (labels, end) = (key.labels(), Some(Octets::from_slice(&key.end())));
        if let AtName { all: Some(decision), itself: None, below: None } = at {
            return Some(Span { first: itself, end, decision, labels });
        }
        self.below = united(at.all.as_ref(), at.below.as_ref()).map(|decision| Span {
            first: below.clone(),
            end,
            decision,
            labels,
        });
        match united(at.all.as_ref(), at.itself.as_ref()) {
            Some(decision) => Some(Span { first: itself, end: Some(below), decision, labels }),
            None => self.below.take(),
        }
    }
}
