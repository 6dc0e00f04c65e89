//! A mistake in a configuration file: where it is, and what to write instead.
//!
//! Guarantees: lines and columns count from 1, columns in characters, as editors show them.
//! Never: stops at the first one; whoever reads collects them all.

use std::{cell::RefCell, fmt};

/// One mistake. Order is that of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong, and what to write instead.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.what)
    }
}

/// The text being read, and what was found wrong with it so far.
pub struct Page<'t> {
    text: &'t str,
    found: RefCell<Vec<Mistake>>,
}

/// A value and the octet of the file where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Octets before it.
    pub offset: usize,
}

impl<T> At<T> {
    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> At<U> {
        At { value: change(self.value), offset: self.offset }
    }
}

impl<'t> Page<'t> {
    /// Nothing found yet.
    pub fn new(text: &'t str) -> Self {
        Self { text, found: RefCell::default() }
    }

    /// Notes that something is wrong at `offset`.
    pub fn mistake(&self, offset: usize, what: impl Into<String>) {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &self.text[..end];
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        self.found.borrow_mut().push(Mistake { line, column, what: what.into() });
    }

    /// The octet of the file where octet `at` of a text in quotes stands; where escapes hide it, that of the text.
    pub fn inside(&self, text: &At<String>, at: usize) -> usize {
        let inside = text.offset + 1;
        let before = text.value.get(..at);
        let as_written = before.is_some_and(|before| self.text.get(inside..).is_some_and(|t| t.starts_with(before)));
        if as_written { inside + at } else { text.offset }
    }

    /// All that was found, in the order of the file, each once.
    pub fn into_mistakes(self) -> Vec<Mistake> {
        let mut found = self.found.into_inner();
        found.sort();
        found.dedup();
        found
    }
}
