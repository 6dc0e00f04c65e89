//! The names of lists and of sources.
//!
//! Guarantees: a `ListName` can stand as a DNS label that no resolver takes for an octet or a nibble (RFC 5782 2.3: two
//! characters or more, not only digits); a `SourceName` can stand in a path, a log line and a page as it is.
//! Never: says which lists or sources exist.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Why a text is no name of a list or of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Rule for lists.
    #[error("the name of a list has 2 to 32 characters: a to z, 0 to 9 and '-', the first a letter, the last no '-'")]
    List,
    /// Rule for sources.
    #[error(
        "the name of a source has 1 to 64 characters: letters, digits, '.', '_' and '-', the first a letter or digit"
    )]
    Source,
}

/// The name of a list, which is also the label of its sublist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListName(Box<str>);

/// The name of a source: who says so. Public, as part of every explanation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceName(Box<str>);

impl ListName {
    /// The name of the built-in list that no zone serves and that beats every other.
    pub const NEVER: &'static str = "never";

    /// The list `never`.
    #[must_use]
    pub fn never() -> Self {
        Self(Self::NEVER.into())
    }

    /// Whether it is the list `never`.
    #[must_use]
    pub fn is_never(&self) -> bool {
        &*self.0 == Self::NEVER
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SourceName {
    /// The source of what an operator writes by hand.
    #[must_use]
    pub fn operator() -> Self {
        Self("operator".into())
    }

    /// The source of what the program itself brings along: built-in `never` prefixes.
    #[must_use]
    pub fn config() -> Self {
        Self("config".into())
    }

    /// Whether only the program itself writes under this name.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        matches!(&*self.0, "removal" | "retest" | "report" | "config") || self.is_network()
    }

    /// Whether it is that of a network, which lists its own ranges.
    #[must_use]
    pub fn is_network(&self) -> bool {
        self.0.starts_with("network.")
    }

    /// Whether exclusions of this source end when another source brings newer evidence.
    #[must_use]
    pub fn yields_to_evidence(&self) -> bool {
        matches!(&*self.0, "removal" | "retest")
    }

    /// Whether only admins write under this name.
    #[must_use]
    pub fn is_for_admins(&self) -> bool {
        &*self.0 == "operator"
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ListName {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        let characters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if characters && first && !text.ends_with('-') && (2..=32).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err(LabelError::List)
        }
    }
}

impl FromStr for SourceName {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        let characters = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if characters && first && text.len() <= 64 { Ok(Self(text.into())) } else { Err(LabelError::Source) }
    }
}

macro_rules! text_conversions {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = LabelError;
            fn try_from(text: String) -> Result<Self, LabelError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
text_conversions!(ListName);
text_conversions!(SourceName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_cannot_be_taken_for_an_octet_or_a_nibble() {
        for text in ["a", "10", "1a", "-ab", "ab-", "Ab", "a_b", "a.b", "", &"a".repeat(33)] {
            assert!(text.parse::<ListName>().is_err(), "{text}");
        }
        assert!("new-domain".parse::<ListName>().is_ok());
    }

    #[test]
    fn the_programs_own_sources_are_known() {
        for text in ["removal", "retest", "report", "config", "network.example"] {
            assert!(text.parse::<SourceName>().unwrap().is_reserved());
        }
        for text in ["", ".a", "a b", "a/b", &"a".repeat(65)] {
            assert!(text.parse::<SourceName>().is_err(), "{text}");
        }
        assert!(!SourceName::operator().is_reserved());
    }
}
