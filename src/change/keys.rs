//! What lies around a key: what covers it, what it covers, how much that is.
//!
//! Guarantees: every wider key that is named covers the key; of some keys the outermost cover all.
//! Never: looks whether a key is anywhere.

use crate::list::{Key, ListedName, Scope};

/// The key under which a change at `key` shows: itself, for a name all scopes of it and all below.
pub(super) fn scope_of_change(key: &Key) -> Key {
    match key {
        Key::Name(name) => all_of(name.name()),
        other => other.clone(),
    }
}

/// A bare name as the key that covers it and all below it.
pub(super) fn all_of(name: &str) -> Key {
    ListedName::new(name, Scope::All).expect("the name of a listed name").into()
}

/// Sorts and leaves only keys that no other of them covers.
pub(super) fn outermost(mut keys: Vec<Key>) -> Vec<Key> {
    keys.sort_unstable();
    let mut kept: Vec<Key> = Vec::with_capacity(keys.len());
    for key in keys {
        if kept.last().is_none_or(|last| !last.covers(&key)) {
            kept.push(key);
        }
    }
    kept
}

/// How much of the address space a key covers: addresses (v6: /64s); nothing for names and hashes.
pub(super) fn size_of_key(key: &Key) -> u64 {
    match key {
        Key::Prefix(prefix) => prefix.size(),
        Key::Name(_) | Key::Hash(_) => 0,
    }
}

/// The keys that are wider than `key` and cover it, the narrowest first.
pub(super) fn wider(key: &Key) -> Vec<Key> {
    match key {
        Key::Prefix(prefix) => {
            std::iter::successors(prefix.parent(), |wider| wider.parent()).map(Key::Prefix).collect()
        }
        Key::Name(name) => {
            let below = |name: &str, scope| Key::from(ListedName::new(name, scope).expect("a part of a listed name"));
            let mut found = Vec::new();
            if name.scope() != Scope::All {
                found.push(all_of(name.name()));
            }
            let mut rest = name.name();
            while let Some((_, parent)) = rest.split_once('.') {
                found.extend([below(parent, Scope::Below), below(parent, Scope::All)]);
                rest = parent;
            }
            found
        }
        Key::Hash(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::{HashKind, MailHash, Prefix};
    use proptest::prelude::*;

    fn any_key() -> impl Strategy<Value = Key> {
        prop_oneof![
            (any::<u32>(), 0u8..=32).prop_map(|(bits, length)| Prefix::v4(bits.into(), length).into()),
            (any::<u64>(), 1u8..=64).prop_map(|(bits, length)| {
                let net = ipnet::Ipv6Net::new((0x2001_u128 << 112 | u128::from(bits)).into(), 64 + length).unwrap();
                Key::Prefix(Prefix::new(net.trunc().into()).unwrap())
            }),
            "[*=]?(\\.)?[ab]{1,2}(-b)?\\.([ab]\\.)?org"
                .prop_filter_map("a name", |text| text.parse().ok().map(Key::Name)),
            any::<[u8; 20]>().prop_map(|octets| MailHash::from_octets(HashKind::Sha1, &octets).unwrap().into()),
        ]
    }

    proptest! {
        #[test]
        fn every_wider_key_covers_and_the_outermost_cover_all(keys in proptest::collection::vec(any_key(), 1..20)) {
            for key in &keys {
                prop_assert!(wider(key).iter().all(|wide| wide.covers(key) && wide != key));
            }
            let kept = outermost(keys.clone());
            prop_assert!(keys.iter().all(|key| kept.iter().filter(|wide| wide.covers(key)).count() == 1), "{kept:?}");
        }
    }
}
