//! A domain name as a key, and how far it reaches.
//!
//! Guarantees: the name is in A-label form (IDNA, UTS 46), lower case, without a final dot, of 1 to 63 octets a label and
//! at most [`NAME_OCTETS_MAX`] in all, so that `NAME.LIST.ORIGIN` still fits into a DNS name for origins of usual length.
//! Never: takes a dotted IPv4 address for a name, nor a label that DNS tools would have to escape.

use crate::limits::NAME_OCTETS_MAX;
use std::{cmp::Ordering, fmt, str::FromStr};

/// How far a listed name reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The name and all below it; written `example.org`.
    All,
    /// Only the name; written `=example.org`.
    Itself,
    /// Only what is below it; written `*.example.org`.
    Below,
}

/// A name with its scope. Order: by the labels from the right, so that a name stands right before all below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListedName {
    name: Box<str>,
    scope: Scope,
}

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty, or an empty label.
    #[error("not a domain name; write it as example.org, =example.org (only itself) or *.example.org (only below)")]
    Unreadable,
    /// A label or the whole is too long for DNS.
    #[error("a label of a name has at most 63 octets, a listed name at most {NAME_OCTETS_MAX}")]
    TooLong,
    /// A character that no listed name has.
    #[error("a name consists of letters, digits, '-' and '_'")]
    Character,
    /// An address in a list of names.
    #[error("this is an address, not a name")]
    Address,
}

impl ListedName {
    /// Reads a bare name (no scope sign), folding it by IDNA.
    ///
    /// # Errors
    /// See [`NameError`].
    pub fn new(name: &str, scope: Scope) -> Result<Self, NameError> {
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.is_empty() {
            return Err(NameError::Unreadable);
        }
        if name.len() > 4 * NAME_OCTETS_MAX {
            return Err(NameError::TooLong);
        }
        let plain =
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_'));
        // Punycode labels go through IDNA too: a broken `xn--` label is no name.
        let folded = if plain && !name.contains("xn--") {
            name.into()
        } else {
            let folded = idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::EMPTY);
            folded.map_err(|_| NameError::Character)?.into_owned().into_boxed_str()
        };
        Self::check(&folded)?;
        Ok(Self { name: folded, scope })
    }

    fn check(name: &str) -> Result<(), NameError> {
        if name.len() > NAME_OCTETS_MAX {
            return Err(NameError::TooLong);
        }
        for label in name.split('.') {
            match label.len() {
                0 => return Err(NameError::Unreadable),
                1..=63 => {}
                _ => return Err(NameError::TooLong),
            }
            if !label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_')) {
                return Err(NameError::Character);
            }
        }
        // No top-level domain is all digits (RFC 3696 2): such a text is an address or a part of one.
        let last = name.rsplit('.').next().unwrap_or(name);
        if last.bytes().all(|b| b.is_ascii_digit()) { Err(NameError::Address) } else { Ok(()) }
    }

    /// The name without its scope sign: `example.org`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its labels before those of `origin`: `ns1` of `ns1.bl.example.org`; `None` where it is no name inside it.
    #[must_use]
    pub fn labels_before(&self, origin: &Self) -> Option<&str> {
        self.name().strip_suffix(origin.name())?.strip_suffix('.')
    }

    /// How far it reaches.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// The labels from the right: `org`, `example`.
    pub fn labels_from_right(&self) -> impl Iterator<Item = &str> {
        self.name.rsplit('.')
    }

    /// Whether it decides for the bare name `asked` (A-labels, lower case).
    #[must_use]
    pub fn covers_name(&self, asked: &str) -> bool {
        let itself = asked == &*self.name;
        let below = asked.len() > self.name.len()
            && asked.ends_with(&*self.name)
            && asked.as_bytes()[asked.len() - self.name.len() - 1] == b'.';
        match self.scope {
            Scope::All => itself || below,
            Scope::Itself => itself,
            Scope::Below => below,
        }
    }
}

impl Ord for ListedName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.labels_from_right().cmp(other.labels_from_right()).then(self.scope.cmp(&other.scope))
    }
}

impl PartialOrd for ListedName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for ListedName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if let Some(name) = text.strip_prefix("*.") {
            Self::new(name, Scope::Below)
        } else if let Some(name) = text.strip_prefix('=') {
            Self::new(name, Scope::Itself)
        } else {
            Self::new(text, Scope::All)
        }
    }
}

impl fmt::Display for ListedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.scope {
            Scope::All => "",
            Scope::Itself => "=",
            Scope::Below => "*.",
        };
        write!(f, "{sign}{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<ListedName, NameError> {
        text.parse()
    }

    #[test]
    fn a_name_is_folded_to_lower_case_a_labels() {
        assert_eq!(read("Bücher.Example.").unwrap().name(), "xn--bcher-kva.example");
        assert_eq!(read("EXAMPLE.org").unwrap().to_string(), "example.org");
        assert_eq!(read("_dmarc.example.org").unwrap().name(), "_dmarc.example.org");
    }

    #[test]
    fn the_sign_says_how_far_it_reaches() {
        let below = read("*.example.org").unwrap();
        assert!(below.covers_name("a.b.example.org") && !below.covers_name("example.org"));
        let itself = read("=example.org").unwrap();
        assert!(itself.covers_name("example.org") && !itself.covers_name("a.example.org"));
        let all = read("example.org").unwrap();
        assert!(
            all.covers_name("example.org") && all.covers_name("a.example.org") && !all.covers_name("anexample.org")
        );
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = format!("{}.org", "a".repeat(64));
        for text in
            ["", ".", "a..b", "192.0.2.1", "10", "a b", "a/b", "*.", "=", "a.*.b", "xn--a", &long, &"ab.".repeat(90)]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_stands_right_before_all_below_it() {
        let mut names: Vec<_> = ["org", "a-b.org", "a.org", "x.a.org", "*.a.org"].map(|n| read(n).unwrap()).into();
        names.sort();
        assert_eq!(
            names.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["org", "a.org", "*.a.org", "x.a.org", "a-b.org"]
        );
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(text in "[*=]?\\.?[a-zA-Z0-9_.-]{1,40}|\\PC{0,40}") {
            if let Ok(name) = read(&text) {
                prop_assert_eq!(read(&name.to_string()), Ok(name));
            }
        }
    }
}
