//! Names of cases, and the secrets of those who asked.
//!
//! Guarantees: 128 random bits each, so that neither is guessed; of a secret only its SHA-256 is kept, compared in constant
//! time.
//! Never: shows a secret but to who asked, with the answer to what they sent; orders cases by their names.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::Digest as _;
use std::{fmt, str::FromStr};

/// Octets of an id and of a secret.
const OCTETS: usize = 16;

/// What a case is called: 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub [u8; OCTETS]);

/// A text that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: it has 32 digits, 0 to 9 and a to f")]
pub struct IdError;

/// What shows that somebody is who asked: 32 hexadecimal digits, in clear for the moment in which it is made and shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What is kept of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretHash(Box<str>);

impl Id {
    /// A new one.
    #[must_use]
    pub fn draw() -> Self {
        Self(drawn())
    }
}

impl Secret {
    /// A new one.
    #[must_use]
    pub fn draw() -> Self {
        Self(data_encoding::HEXLOWER.encode(&drawn()))
    }

    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of another secret, such as a code.
    #[must_use]
    pub fn hash_of(text: &str) -> SecretHash {
        SecretHash::of(text)
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl SecretHash {
    fn of(text: &str) -> Self {
        Self(data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(text)).into())
    }

    /// Whether `told` is the secret. What is compared are hashes: a time that depends on them tells nothing of use.
    #[must_use]
    pub fn is(&self, told: &str) -> bool {
        *self == Self::of(told)
    }
}

fn drawn() -> [u8; OCTETS] {
    let mut octets = [0; OCTETS];
    getrandom::fill(&mut octets).expect("Linux gives random octets to every process");
    octets
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let octets = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| IdError)?;
        octets.try_into().map(Self).map_err(|_| IdError)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_a_secret_is_known_by_its_hash() {
        let id = Id::draw();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id != Id::draw() && "".parse::<Id>().is_err() && "0123".parse::<Id>().is_err());
        let secret = Secret::draw();
        assert!(
            secret.hash().is(secret.reveal()) && !secret.hash().is("") && !secret.hash().is(Secret::draw().reveal())
        );
        assert!(!format!("{secret:?} {:?}", secret.hash()).contains(secret.reveal()));
    }
}
