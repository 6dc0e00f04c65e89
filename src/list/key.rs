//! What is listed: an address prefix, a domain name, or the hash of a mail address.
//!
//! Guarantees: `Key`s of one family sort so that a key stands right before all that lies inside it.
//! Never: guesses. Which families a list takes is its [`KeyFamily`], part of the configuration.

use super::{HashKind, ListedName, MailHash, MailHashError, NameError, Prefix, PrefixError};
use std::{fmt, net::IpAddr};

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// An address range.
    Prefix(Prefix),
    /// A domain name.
    Name(ListedName),
    /// The hash of a mail address.
    Hash(MailHash),
}

/// How keys are stored and looked up: each family has an index of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4 prefixes.
    V4 = 1,
    /// IPv6 prefixes.
    V6 = 2,
    /// Names.
    Name = 3,
    /// Hashes.
    Hash = 4,
}

/// Which keys a list takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFamily {
    /// IPv4 and IPv6 prefixes.
    Addresses,
    /// Domain names.
    Names,
    /// Hashes of mail addresses.
    Hashes(HashKind),
    /// Every kind: the list `never`. Hashes are told by their form.
    Any,
}

/// Why a text is no key of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// For lists of addresses.
    #[error(transparent)]
    Prefix(#[from] PrefixError),
    /// For lists of names.
    #[error(transparent)]
    Name(#[from] NameError),
    /// For lists of hashes.
    #[error(transparent)]
    Hash(#[from] MailHashError),
}

impl Key {
    /// Reads a key of a list that takes `family`. A mail address in a list of hashes is hashed.
    ///
    /// # Errors
    /// The family's own error.
    pub fn parse(text: &str, family: KeyFamily) -> Result<Self, KeyError> {
        match family {
            KeyFamily::Addresses => Ok(Self::Prefix(text.parse()?)),
            KeyFamily::Names => Ok(Self::Name(text.parse()?)),
            KeyFamily::Hashes(kind) if text.contains('@') => Ok(Self::Hash(MailHash::of_address(kind, text)?)),
            KeyFamily::Hashes(kind) => Ok(Self::Hash(MailHash::from_label(kind, text)?)),
            KeyFamily::Any => Self::parse_any(text),
        }
    }

    /// Reads a key of whatever family its form shows. A mail address is refused: which hash is meant is not known.
    ///
    /// # Errors
    /// That of a name, if it is nothing else; that of a prefix, if it begins like an address.
    pub fn parse_any(text: &str) -> Result<Self, KeyError> {
        if text.contains('@') {
            return Err(MailHashError::InClear.into());
        }
        match text.parse::<Prefix>() {
            Ok(prefix) => return Ok(Self::Prefix(prefix)),
            Err(PrefixError::Unreadable) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(hash) = Self::hash_of_any_kind(text) {
            return Ok(hash);
        }
        let name: ListedName = text.parse()?;
        // IDNA drops characters that nobody sees: what is left may be a hash after all, and prints like one.
        Ok(Self::hash_of_any_kind(&name.to_string()).unwrap_or(Self::Name(name)))
    }

    fn hash_of_any_kind(text: &str) -> Option<Self> {
        let kinds = [HashKind::Md5, HashKind::Sha1, HashKind::Sha256];
        kinds.into_iter().find_map(|kind| MailHash::from_label(kind, text).ok()).map(Self::Hash)
    }

    /// The family whose index holds it.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Prefix(prefix) => match prefix.first() {
                IpAddr::V4(_) => Family::V4,
                IpAddr::V6(_) => Family::V6,
            },
            Self::Name(_) => Family::Name,
            Self::Hash(_) => Family::Hash,
        }
    }

    /// Whether `other` lies inside this key (or is the same).
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        use super::Scope;
        match (self, other) {
            (Self::Prefix(a), Self::Prefix(b)) => a.covers(*b),
            (Self::Name(a), Self::Name(b)) if a.name() == b.name() => a.scope() == Scope::All || a.scope() == b.scope(),
            (Self::Name(a), Self::Name(b)) => a.covers_name(b.name()),
            (Self::Hash(a), Self::Hash(b)) => a == b,
            _ => false,
        }
    }
}

impl KeyFamily {
    /// Whether a list that takes this may hold `key`.
    #[must_use]
    pub fn takes(self, key: &Key) -> bool {
        match (self, key) {
            (Self::Any, _) | (Self::Addresses, Key::Prefix(_)) | (Self::Names, Key::Name(_)) => true,
            (Self::Hashes(kind), Key::Hash(hash)) => hash.kind() == kind,
            _ => false,
        }
    }
}

impl From<Prefix> for Key {
    fn from(prefix: Prefix) -> Self {
        Self::Prefix(prefix)
    }
}

impl From<ListedName> for Key {
    fn from(name: ListedName) -> Self {
        Self::Name(name)
    }
}

impl From<MailHash> for Key {
    fn from(hash: MailHash) -> Self {
        Self::Hash(hash)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(prefix) => prefix.fmt(f),
            Self::Name(name) => name.fmt(f),
            Self::Hash(hash) => hash.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_shows_its_family() {
        let family = |text: &str| Key::parse_any(text).map(|key| key.family());
        assert_eq!(family("192.0.2.1").unwrap(), Family::V4);
        assert_eq!(family("2001:db8::/32").unwrap(), Family::V6);
        assert_eq!(family("example.org").unwrap(), Family::Name);
        assert_eq!(family(&"a1".repeat(20)).unwrap(), Family::Hash);
        assert!(matches!(family("192.0.2.1/24"), Err(KeyError::Prefix(PrefixError::HostBits { .. }))));
        assert_eq!(family("someone@example.org"), Err(KeyError::Hash(MailHashError::InClear)));
    }

    /// Found by fuzzing: U+034F is nothing to IDNA, so a name was left that read back as a hash.
    #[test]
    fn a_hash_with_an_unseen_character_is_a_hash() {
        let key = Key::parse_any(&format!("{}\u{34f}{}", "f".repeat(16), "a".repeat(36))).unwrap();
        assert_eq!(key.family(), Family::Hash);
        assert_eq!(Key::parse_any(&key.to_string()), Ok(key));
    }

    #[test]
    fn a_list_takes_only_its_own_family() {
        assert!(Key::parse("example.org", KeyFamily::Addresses).is_err());
        assert!(Key::parse("192.0.2.1", KeyFamily::Names).is_err());
        let hash = Key::parse("a@example.org", KeyFamily::Hashes(HashKind::Sha1)).unwrap();
        assert!(KeyFamily::Hashes(HashKind::Sha1).takes(&hash) && !KeyFamily::Hashes(HashKind::Md5).takes(&hash));
    }
}
