//! Keys of the ordered indexes (v6, names, hashes) as octet strings whose order is that of the keys.
//!
//! A v6 address is its octets without trailing zeros. A name is its labels from the right, each closed by 0x00: `K` is
//! the name itself, everything from `K 0x01` to the name's end (the last 0x00 become 0x01) is what lies below it.
//!
//! Guarantees: what is below a name lies between its `below` and its `end`; a label that no list can hold falls between
//! the listed ones, where it finds what its parent says.
//! Never: allocates.

use crate::{
    limits::NAME_OCTETS_MAX,
    list::{HashKind, MailHash},
};
use arrayvec::ArrayVec;
use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};

/// Octets of a key: a name as it is asked for, its closing octet and one more.
pub(super) const KEY_OCTETS_MAX: usize = if NAME_OCTETS_MAX < 255 { 258 } else { NAME_OCTETS_MAX + 3 };

/// A key on the stack.
pub(super) type KeyBuf = ArrayVec<u8, KEY_OCTETS_MAX>;

/// The key of a v6 address.
pub(super) fn v6(address: u128) -> ArrayVec<u8, 16> {
    let octets = address.to_be_bytes();
    let zeros = address.trailing_zeros() as usize / 8;
    octets[..16 - zeros].iter().copied().collect()
}

/// The key of a hash; what follows it is none.
pub(super) fn hash(kind: HashKind, octets: &[u8]) -> ArrayVec<u8, 34> {
    let kind = match kind {
        HashKind::Md5 => 1,
        HashKind::Sha1 => 2,
        HashKind::Sha256 => 3,
    };
    std::iter::once(kind).chain(octets.iter().copied()).collect()
}

/// The end of a hash's key: its first successor.
pub(super) fn hash_end(hash: &MailHash) -> ArrayVec<u8, 34> {
    let mut end = self::hash(hash.kind(), hash.octets());
    end.push(0);
    end
}

/// Reads a hash from a lower-case label; its length tells the kind.
pub(super) fn hash_of_label(label: &[u8]) -> Option<(HashKind, ArrayVec<u8, 32>)> {
    let mut octets = [0; 32];
    let (kind, length) = match label.len() {
        32 => (HashKind::Md5, HEXLOWER_PERMISSIVE.decode_mut(label, &mut octets[..16]).ok()?),
        40 => (HashKind::Sha1, HEXLOWER_PERMISSIVE.decode_mut(label, &mut octets[..20]).ok()?),
        52 => {
            let mut upper = [0; 52];
            upper.copy_from_slice(label);
            upper.make_ascii_uppercase();
            (HashKind::Sha256, BASE32_NOPAD.decode_mut(&upper, &mut octets).ok()?)
        }
        _ => return None,
    };
    Some((kind, octets[..length].iter().copied().collect()))
}

/// The key of a name.
#[derive(Clone, Debug)]
pub(super) struct NameKey {
    /// The key of the name itself and one 0x01.
    octets: KeyBuf,
    labels: u8,
}

impl NameKey {
    /// Of labels as they were asked for, any octets, from the right. They fit into a DNS name.
    pub fn of_asked<'a>(labels: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut octets = KeyBuf::new();
        let mut number = 0;
        for label in labels {
            number += 1;
            let plain = label.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
            if !plain {
                // No listed name has such a label, nor is one below it: after all its listed siblings.
                octets.extend([0xff, 0]);
                break;
            }
            octets.extend(label.iter().copied());
            octets.push(0);
        }
        octets.push(1);
        Self { octets, labels: number }
    }

    /// Of a listed name; of everything for "".
    pub fn of_listed(name: &str) -> Self {
        let mut octets = KeyBuf::new();
        let mut labels = 0;
        if !name.is_empty() {
            for label in name.rsplit('.') {
                octets.extend(label.bytes());
                octets.push(0);
                labels += 1;
            }
        }
        octets.push(1);
        Self { octets, labels }
    }

    /// Of the name itself.
    pub fn itself(&self) -> &[u8] {
        &self.octets[..self.octets.len() - 1]
    }

    /// Where what lies below it begins.
    pub fn below(&self) -> &[u8] {
        &self.octets
    }

    /// Where what lies below it ends.
    pub fn end(&self) -> KeyBuf {
        let mut end = self.octets.clone();
        end.pop();
        if let Some(last) = end.last_mut() {
            *last = 1;
        }
        end
    }

    /// How many labels it has.
    pub const fn labels(&self) -> u8 {
        self.labels
    }
}
