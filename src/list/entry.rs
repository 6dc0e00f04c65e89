//! An entry: one key in one list from one source, listed or excluded, and what is known about it.
//!
//! Guarantees: `Entry` is what decides and what DNS needs; `Detail` is what people read. They are kept apart.
//! Never: names its list, key or source: those are where the entry stands.

use super::{Key, ReturnCode, Time};

/// Whether the key is listed, or a hole in a wider listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Mark {
    /// The key is listed.
    #[default]
    Listed,
    /// The key is *not* listed, although a wider entry may cover it.
    Excluded,
}

/// A text of a list that single entries carry in place of the list's own. Interned per list, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextId(pub u16);

/// What decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Listed or excluded.
    pub mark: Mark,
    /// One of the list's further codes; `None`: the list's own.
    pub code: Option<ReturnCode>,
    /// An own text; `None`: the list's.
    pub text: Option<TextId>,
    /// When this source first named the key.
    pub first_seen: Time,
    /// The evidence's own time, or when the entry was made or renewed.
    pub last_seen: Time,
    /// An end of its own.
    pub expires: Option<Time>,
}

/// What people read about an entry. Private evidence leaves only to admins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Why, in the source's words. Never in DNS.
    pub reason: Box<str>,
    /// Evidence that anyone may read.
    pub public: Box<str>,
    /// Evidence that only admins read.
    pub private: Box<str>,
}

impl Detail {
    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reason.is_empty() && self.public.is_empty() && self.private.is_empty()
    }
}

/// What a body, a form or a command says about one key, before the list's policy has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// The key.
    pub key: Key,
    /// Listed or excluded.
    pub mark: Mark,
    /// A code other than the list's.
    pub code: Option<ReturnCode>,
    /// A text other than the list's.
    pub text: Option<Box<str>>,
    /// When the evidence was seen.
    pub seen: Option<Time>,
    /// When the key was first named (from admins only).
    pub first_seen: Option<Time>,
    /// An end of its own.
    pub expires: Option<Time>,
    /// Reason and evidence.
    pub detail: Detail,
}

impl NewEntry {
    /// A plain entry: nothing said but the key.
    #[must_use]
    pub fn plain(key: Key, mark: Mark) -> Self {
        let (code, text, seen, first_seen, expires) = (None, None, None, None, None);
        Self { key, mark, code, text, seen, first_seen, expires, detail: Detail::default() }
    }
}
