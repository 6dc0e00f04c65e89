//! The hash of a mail address: the key of mail-hash lists. The address itself is never kept.
//!
//! Guarantees: a `MailHash` has exactly the octets of its kind, and prints as the one DNS label that clients ask for.
//! Never: holds, prints or logs a mail address.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use sha1::Digest as _;
use std::fmt;

/// How a list hashes mail addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashKind {
    /// 16 octets, 32 hex digits.
    Md5,
    /// 20 octets, 40 hex digits.
    Sha1,
    /// 32 octets, 52 characters of base32 (RFC 4648, lower case, no padding): hex would not fit into a label.
    Sha256,
}

/// The hash of a mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailHash {
    kind: HashKind,
    octets: [u8; 32],
}

/// Why a text is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailHashError {
    /// Wrong length or digits.
    #[error("not a hash; this list takes {}", .0.described())]
    Unreadable(HashKind),
    /// Something with an `@` that is no mail address. In words, because what holds an `@` is not shown.
    #[error(
        "not a mail address; write it alone, as local part, at sign and domain: no mailto:, no angle brackets, blanks and \
         further at signs only inside a quoted local part"
    )]
    Address,
    /// Where hashes of every kind stand as they are written.
    #[error(
        "mail addresses are not taken here, because which hash is meant is not known; write the hash as its list has it: \
         SHA-1 in 40 or MD5 in 32 hex digits, or SHA-256 in 52 characters of base32"
    )]
    InClear,
}

impl HashKind {
    /// Number of octets of the hash.
    #[must_use]
    pub const fn octets(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    const fn described(self) -> &'static str {
        match self {
            Self::Md5 => "MD5 in 32 hex digits, or a mail address, which is hashed",
            Self::Sha1 => "SHA-1 in 40 hex digits, or a mail address, which is hashed",
            Self::Sha256 => "SHA-256 in 52 characters of base32, or a mail address, which is hashed",
        }
    }
}

impl MailHash {
    /// The hash with these octets; `None` where their number is not the kind's.
    #[must_use]
    pub fn from_octets(kind: HashKind, octets: &[u8]) -> Option<Self> {
        let mut whole = [0; 32];
        if octets.len() != kind.octets() {
            return None;
        }
        whole[..octets.len()].copy_from_slice(octets);
        Some(Self { kind, octets: whole })
    }

    /// Reads the label form, in any case.
    ///
    /// # Errors
    /// [`MailHashError::Unreadable`]
    pub fn from_label(kind: HashKind, label: &str) -> Result<Self, MailHashError> {
        let octets = match kind {
            HashKind::Sha256 => BASE32_NOPAD.decode(label.to_ascii_uppercase().as_bytes()),
            HashKind::Md5 | HashKind::Sha1 => HEXLOWER.decode(label.to_ascii_lowercase().as_bytes()),
        };
        octets.ok().and_then(|octets| Self::from_octets(kind, &octets)).ok_or(MailHashError::Unreadable(kind))
    }

    /// Hashes a mail address: trimmed, lower-cased, its domain in A-labels. A quoted local part keeps its quotes.
    ///
    /// # Errors
    /// [`MailHashError::Address`]
    pub fn of_address(kind: HashKind, address: &str) -> Result<Self, MailHashError> {
        let (local, domain) = address.trim().rsplit_once('@').ok_or(MailHashError::Address)?;
        if !is_local_part(local) {
            return Err(MailHashError::Address);
        }
        let domain = super::ListedName::new(domain, super::Scope::All).map_err(|_| MailHashError::Address)?;
        let canonical = format!("{}@{}", local.to_lowercase(), domain.name());
        let hash = match kind {
            HashKind::Md5 => Self::from_octets(kind, &md5::Md5::digest(canonical)),
            HashKind::Sha1 => Self::from_octets(kind, &sha1::Sha1::digest(canonical)),
            HashKind::Sha256 => Self::from_octets(kind, &sha2::Sha256::digest(canonical)),
        };
        Ok(hash.expect("a digest has the length of its kind"))
    }

    /// How it was made.
    #[must_use]
    pub const fn kind(&self) -> HashKind {
        self.kind
    }

    /// The octets of the hash.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets[..self.kind.octets()]
    }
}

/// Whether mail servers take this before the last `@` (RFC 5321 4.1.2). Dots may stand anywhere and letters be of any
/// script, as large providers have had both; what would need quotes needs them here.
fn is_local_part(local: &str) -> bool {
    let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !r#""(),:;<>@[\]"#.contains(c);
        return !local.is_empty() && local.chars().all(plain);
    };
    let mut signs = quoted.chars();
    while let Some(sign) = signs.next() {
        // A backslash takes the next sign, whatever it is.
        let stands = if sign == '\\' { signs.next() } else { Some(sign).filter(|sign| *sign != '"') };
        if stands.is_none_or(char::is_control) {
            return false;
        }
    }
    !quoted.is_empty()
}

impl fmt::Display for MailHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            HashKind::Sha256 => f.write_str(&BASE32_NOPAD.encode(self.octets()).to_ascii_lowercase()),
            HashKind::Md5 | HashKind::Sha1 => f.write_str(&HEXLOWER.encode(self.octets())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_is_folded_before_it_is_hashed() {
        let hash = |text| MailHash::of_address(HashKind::Sha1, text).unwrap();
        assert_eq!(hash(" NoEmail@Example.COM "), hash("noemail@example.com"));
        assert_eq!(hash("noemail@example.com").to_string(), "1ffff7d2d2b7f100df95b70e659c88e5b38ec4e6");
        assert_eq!(hash("a@bücher.example"), hash("a@xn--bcher-kva.example"));
        assert!(MailHash::of_address(HashKind::Sha1, "@example.org").is_err());
        assert!(MailHash::of_address(HashKind::Sha1, "a b@example.org").is_err());
    }

    /// `mailto:q@b.example` was hashed as it stands: a listing that no mail server ever asks for.
    #[test]
    fn what_no_mail_server_takes_for_an_address_is_not_hashed() {
        let hash = |text: &str| MailHash::of_address(HashKind::Sha1, text);
        for text in [
            "mailto:q@b.example",
            "a@b@c.example",
            "<q@b.example>",
            "Q <q@b.example",
            "a,b@c.example",
            "a\\@b@c.example",
            "\"a\"@b@c.example",
            "\"a\"b\"@c.example",
            "\"a\\\"@c.example",
            "\"\"@c.example",
            "\"@c.example",
            "\"a\tb\"@c.example",
        ] {
            assert_eq!(hash(text), Err(MailHashError::Address), "{text}");
        }
        for text in [
            "\"x y\"@b.example",
            "\"a@b\"@c.example",
            "\"a\\\"b\\\\\"@c.example",
            "a..b.@docomo.example",
            "o'hara+tag=1/2@b.example",
            "grün@b.example",
        ] {
            assert!(hash(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn every_kind_fits_into_one_label() {
        for (kind, length) in [(HashKind::Md5, 32), (HashKind::Sha1, 40), (HashKind::Sha256, 52)] {
            assert_eq!(MailHash::of_address(kind, "a@example.org").unwrap().to_string().len(), length);
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(octets in any::<[u8; 32]>()) {
            for kind in [HashKind::Md5, HashKind::Sha1, HashKind::Sha256] {
                let hash = MailHash::from_octets(kind, &octets[..kind.octets()]).unwrap();
                prop_assert_eq!(MailHash::from_label(kind, &hash.to_string().to_uppercase()), Ok(hash));
            }
        }
    }
}
