//! Where `never` holds anything: what an entry is held against before it is taken.
//!
//! The first keys are looked up in the store, as a POST's few need; a feed's millions are held against the addresses of
//! `never`, read once and joined to disjoint ranges.
//!
//! Guarantees: the answer is the store's own, as of the look-up or of the moment the ranges were read.
//! Never: keeps more than [`NEVER_RANGES_MAX`] ranges; beyond them every key is looked up.

use super::{
    rows::{Looking, Overlay},
    state::ListState,
};
use crate::{
    limits::{NEVER_LOOK_UPS, NEVER_RANGES_MAX},
    list::{Decision, Key, Prefix},
    store::{ReadError, Store, View},
};
use std::{net::IpAddr, sync::Arc};

/// What `never` holds, asked key by key.
pub(super) struct Never {
    list: Arc<ListState>,
    nothing: Overlay,
    /// How many keys were looked up in the store.
    looked_up: u32,
    ranges: Option<Ranges>,
}

impl Never {
    pub fn new(list: Arc<ListState>) -> Self {
        Self { list, nothing: Overlay::default(), looked_up: 0, ranges: None }
    }

    /// The key of `never` that decides for all of `key`, if that lists it.
    pub fn over(&mut self, store: &Store, key: &Key) -> Result<Option<Key>, ReadError> {
        if self.looked_up < NEVER_LOOK_UPS {
            self.looked_up += 1;
        } else {
            let ranges = match &mut self.ranges {
                Some(ranges) => ranges,
                unread => unread.insert(Ranges::read(&store.view(), &self.list)?),
            };
            if !ranges.meet(key) {
                return Ok(None);
            }
        }
        self.decides(&store.view(), key)
    }

    fn decides(&self, view: &View<'_>, key: &Key) -> Result<Option<Key>, ReadError> {
        let looking = Looking { view, list: &self.list, overlay: &self.nothing };
        let itself = std::iter::once(key.clone());
        for wider in itself.chain(self.list.lengths.wider(key)) {
            // `*.example.org` and `example.org` both decide for what is below: the exclusion of either wins, and to see the
            // listing of the first one met is enough for a guard.
            match looking.decision_at(&wider)? {
                Some(Decision::Listed(_)) => return Ok(Some(wider)),
                Some(Decision::Excluded) => return Ok(None),
                None => {}
            }
        }
        Ok(None)
    }
}

/// All that a key could meet: ranges of addresses, first and last, disjoint and ascending; whether there is any name or hash.
#[derive(Debug, Default, PartialEq)]
struct Ranges {
    v4: Joined<u32>,
    v6: Joined<u128>,
    names: bool,
    hashes: bool,
}

impl Ranges {
    fn read(view: &View<'_>, never: &ListState) -> Result<Self, ReadError> {
        let mut ranges = Self {
            names: view.scan_names(never.id, "").next().transpose()?.is_some(),
            hashes: view.scan_hashes(never.id).next().transpose()?.is_some(),
            ..Self::default()
        };
        for row in view.scan_v4(never.id, 0, u32::MAX) {
            let (first, length) = row?.key;
            ranges.v4.join(first, first | u32::MAX.checked_shr(length.into()).unwrap_or(0));
        }
        for row in view.scan_v6(never.id, 0, u128::MAX) {
            let (first, length) = row?.key;
            ranges.v6.join(first, first | u128::MAX.checked_shr(length.into()).unwrap_or(0));
        }
        Ok(ranges)
    }

    fn meet(&self, key: &Key) -> bool {
        match key {
            Key::Name(_) => self.names,
            Key::Hash(_) => self.hashes,
            Key::Prefix(prefix) => self.meet_prefix(*prefix),
        }
    }

    fn meet_prefix(&self, prefix: Prefix) -> bool {
        match prefix.first() {
            IpAddr::V4(first) => self.v4.hold(first.to_bits()),
            IpAddr::V6(first) => self.v6.hold(first.to_bits()),
        }
    }
}

/// Ranges of addresses, or so many that they are taken for everything.
#[derive(Debug, PartialEq)]
enum Joined<A> {
    Known(Vec<(A, A)>),
    TooMany,
}

impl<A> Default for Joined<A> {
    fn default() -> Self {
        Self::Known(Vec::new())
    }
}

impl<A: Ord + Copy> Joined<A> {
    /// Takes a prefix; they come in the order of their first addresses, and two prefixes are nested or disjoint.
    fn join(&mut self, first: A, last: A) {
        let Self::Known(ranges) = self else { return };
        if ranges.last().is_some_and(|(_, end)| last <= *end) {
            return;
        }
        if ranges.len() == NEVER_RANGES_MAX {
            *self = Self::TooMany;
        } else {
            ranges.push((first, last));
        }
    }

    /// Whether a range holds this address. What lies over a prefix holds its first address too.
    fn hold(&self, address: A) -> bool {
        let Self::Known(ranges) = self else { return true };
        let before = ranges.partition_point(|(first, _)| *first <= address);
        before > 0 && address <= ranges[before - 1].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_prefix_over_a_key_is_met_and_nothing_far_from_all(
            known in proptest::collection::btree_set((any::<u16>(), 0u8..=32), 0..30), key in any::<u16>(), length in 8u8..=32,
        ) {
            let prefix = |bits: u16, length| Prefix::v4(std::net::Ipv4Addr::from(u32::from(bits) << 12), length);
            let known: std::collections::BTreeSet<Prefix> = known.into_iter().map(|(b, length)| prefix(b, length)).collect();
            let mut ranges = Ranges::default();
            for known in &known {
                let IpAddr::V4(first) = known.first() else { unreachable!("made from v4") };
                let last = first.to_bits() | u32::MAX.checked_shr(known.length().into()).unwrap_or(0);
                ranges.v4.join(first.to_bits(), last);
            }
            let key = prefix(key, length);
            let over = known.iter().any(|known| known.covers(key));
            let host = Prefix::host(key.first());
            let holds_first = known.iter().any(|known| known.covers(host));
            prop_assert!(!over || ranges.meet_prefix(key));
            prop_assert_eq!(ranges.meet_prefix(key), holds_first);
        }
    }
}
