//! Brings the entries of all sources at one key together, by the rule of match.
//!
//! Guarantees: an exclusion beats every listing; otherwise codes ascend, each with the text that DNS shows for it, as
//! [`crate::list::decide()`] has it.
//! Never: holds more than one place (a prefix, name or hash, of one list or for zones of DNS of all).

use super::{Exported, Order};
use crate::list::{Key, Mark, ReturnCode, SourceName};
use std::rc::Rc;

/// What one list says at one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decided {
    /// The list.
    pub part: usize,
    /// The key.
    pub key: Key,
    /// Codes, ascending, each once; none: excluded.
    pub tags: Vec<Tag>,
    /// The reason that goes with it.
    pub reason: Box<str>,
}

/// One code, with an own text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub code: ReturnCode,
    pub text: Option<Rc<str>>,
}

#[derive(Debug)]
struct Held {
    part: usize,
    key: Key,
    mark: Mark,
    code: ReturnCode,
    text: Option<Rc<str>>,
    source: SourceName,
    reason: Box<str>,
}

/// The entries of the current place.
#[derive(Debug)]
pub(super) struct Gathered {
    order: Order,
    held: Vec<Held>,
}

impl Gathered {
    pub(super) fn new(order: Order) -> Self {
        Self { order, held: Vec::new() }
    }

    /// Whether an entry at this key belongs to another place than what is held.
    pub(super) fn parts_from(&self, part: usize, key: &Key) -> bool {
        let Some(held) = self.held.first() else { return false };
        let elsewhere = match (&held.key, key) {
            // All scopes of one name have to be looked at together.
            (Key::Name(a), Key::Name(b)) => a.name() != b.name(),
            (a, b) => a != b,
        };
        elsewhere || self.order == Order::ByList && held.part != part
    }

    pub(super) fn add(&mut self, part: usize, entry: &Exported<'_>, own_code: ReturnCode) {
        self.held.push(Held {
            part,
            key: entry.key.clone(),
            mark: entry.mark,
            code: entry.code.unwrap_or(own_code),
            text: entry.text.map(Into::into),
            source: entry.source.clone(),
            reason: entry.detail.reason.clone(),
        });
    }

    /// What was held, one for each list and key, in that order; nothing is held afterwards.
    pub(super) fn decide(&mut self) -> Vec<Decided> {
        // The order of precedence at one key: exclusions, then code, own text first, source.
        self.held.sort_by(|a, b| {
            let rank = |held: &Held| (held.mark == Mark::Listed, held.code, held.text.is_none());
            (a.part, &a.key, rank(a), &a.source).cmp(&(b.part, &b.key, rank(b), &b.source))
        });
        let mut decided: Vec<Decided> = Vec::new();
        let mut excluded = false;
        for held in self.held.drain(..) {
            let tag = Tag { code: held.code, text: held.text };
            match decided.last_mut().filter(|last| last.part == held.part && last.key == held.key) {
                Some(_) if excluded && held.mark == Mark::Listed => {}
                Some(last) => {
                    if last.reason.is_empty() {
                        last.reason = held.reason;
                    }
                    if held.mark == Mark::Listed && last.tags.last().is_none_or(|before| before.code != tag.code) {
                        last.tags.push(tag);
                    }
                }
                None => {
                    excluded = held.mark == Mark::Excluded;
                    let tags = if excluded { Vec::new() } else { vec![tag] };
                    decided.push(Decided { part: held.part, key: held.key, tags, reason: held.reason });
                }
            }
        }
        decided
    }
}
