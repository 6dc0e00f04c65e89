//! Lock-outs: how long nobody may ask for a key again that came back to its list.
//!
//! Counted for each block that one customer may hold (IPv4: the address; IPv6: its /64, /56 and /48 together), apart for
//! requests that were proven and for those that were not: so a stranger's cannot lock out whom the address belongs to.
//!
//! Guarantees: doubles with each return within the memory, at most 180 days; begins anew after it.
//! Never: ends early.

use crate::{
    limits::{LOCKOUT_SECONDS_MAX, RETURN_TOGETHER_SECONDS},
    list::{Duration, Key, Removal, Time},
};
use serde::{Deserialize, Serialize};

/// What is remembered of the returns of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lockout {
    /// Version of this row.
    pub v: u8,
    /// Returns within the memory of one another.
    pub returns: u32,
    /// The last of them.
    pub last: Time,
    /// Until then nobody may ask.
    pub until: Time,
    /// From then on it is forgotten.
    pub forgotten: Time,
}

impl Lockout {
    /// Whether a return at `at` is the one that was counted last: two requests that were granted side by side return together,
    /// and so do a removal and the clean test that it was granted for.
    #[must_use]
    pub fn has_counted(&self, at: Time) -> bool {
        at.max(self.last).since(at.min(self.last)).seconds() <= RETURN_TOGETHER_SECONDS
    }

    /// What is remembered after a return at `at`.
    #[must_use]
    pub fn after_return(before: Option<&Self>, at: Time, rule: &Removal) -> Self {
        let remembered = before.filter(|before| at < before.last.plus(rule.lockout_memory));
        let returns = remembered.map_or(0, |before| before.returns).saturating_add(1);
        let doubled = u64::from(rule.lockout.seconds()) << (returns - 1).min(31);
        let length = Duration::from_seconds(doubled.min(LOCKOUT_SECONDS_MAX.into()) as u32);
        // A lock-out that runs already does not become shorter by a return, whatever the configuration says now.
        let until = at.plus(length).max(before.map_or(at, |before| before.until));
        let last = at.max(remembered.map_or(at, |before| before.last));
        Self { v: 1, returns, last, until, forgotten: last.plus(rule.lockout_memory).max(until) }
    }
}

/// The blocks whose returns count for a key.
#[must_use]
pub fn blocks(key: &Key) -> Vec<Key> {
    match key {
        Key::Prefix(prefix) if prefix.first().is_ipv6() => {
            let mut blocks = [64, 56, 48].map(|length| Key::Prefix(prefix.widened_to(length))).to_vec();
            blocks.dedup();
            blocks
        }
        Key::Prefix(_) | Key::Name(_) | Key::Hash(_) => vec![key.clone()],
    }
}

/// The key that a removal is for: an IPv4 address, or the block that one IPv6 customer has.
#[must_use]
pub fn block_of(key: Key, v6_block: u8) -> Key {
    match key {
        Key::Prefix(prefix) if prefix.first().is_ipv6() => Key::Prefix(prefix.widened_to(v6_block)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: u32 = 86_400;

    fn key(text: &str) -> Key {
        Key::parse_any(text).unwrap()
    }

    fn texts(keys: &[Key]) -> Vec<String> {
        keys.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_v6_return_counts_for_the_64_the_56_and_the_48() {
        assert_eq!(texts(&blocks(&key("192.0.2.1"))), ["192.0.2.1"]);
        let v6 = block_of(key("2001:db8:1:2ab::9"), 64);
        assert_eq!(v6.to_string(), "2001:db8:1:2ab::/64");
        assert_eq!(texts(&blocks(&v6)), ["2001:db8:1:2ab::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"]);
        assert_eq!(texts(&blocks(&block_of(key("2001:db8:1:2ab::9"), 48))), ["2001:db8:1::/48"]);
    }

    /// A late message listed again at one second and its commit ended the removal at the next: the lock-out doubled twice.
    #[test]
    fn a_test_and_the_removal_that_it_ends_are_one_return() {
        let at = |seconds| Time::from_seconds(1_000_000_000 + seconds);
        let known = Lockout::after_return(None, at(0), &Removal::default());
        assert!(known.has_counted(at(0)) && known.has_counted(at(1)));
        assert!(Lockout::after_return(None, at(1), &Removal::default()).has_counted(at(0)));
        assert!(!known.has_counted(at(DAY)));
    }

    #[test]
    fn it_doubles_up_to_180_days_and_begins_anew_after_the_memory() {
        let rule = Removal::default();
        let (mut at, mut known, mut lengths) = (Time::from_seconds(1_000_000_000), None, Vec::new());
        for _ in 0..10 {
            let next = Lockout::after_return(known.as_ref(), at, &rule);
            lengths.push(next.until.since(at).seconds() / DAY);
            at = next.until;
            known = Some(next);
        }
        assert_eq!(lengths, [1, 2, 4, 8, 16, 32, 64, 128, 180, 180]);
        let later = at.plus(rule.lockout_memory);
        assert_eq!(Lockout::after_return(known.as_ref(), later, &rule).returns, 1);
    }

    proptest! {
        #[test]
        fn whatever_the_returns_are_the_length_is_the_lockout_doubled_and_bounded(
            gaps in proptest::collection::vec(0u32..400 * DAY, 1..20),
            lockout in 1u32..40 * DAY,
        ) {
            let rule = Removal { lockout: Duration::from_seconds(lockout), ..Removal::default() };
            let (mut at, mut known): (Time, Option<Lockout>) = (Time::from_seconds(1_000_000_000), None);
            let mut expected = 0_u32;
            for gap in gaps {
                at = at.plus(Duration::from_seconds(gap));
                let within = known.is_some_and(|known| at.since(known.last) < rule.lockout_memory);
                expected = if within { expected + 1 } else { 1 };
                let next = Lockout::after_return(known.as_ref(), at, &rule);
                prop_assert_eq!(next.returns, expected);
                let length = u64::from(lockout).saturating_mul(1 << (expected - 1).min(40)).min(180 * u64::from(DAY));
                let own = at.plus(Duration::from_seconds(length as u32));
                prop_assert_eq!(next.until, known.map_or(own, |known| known.until.max(own)));
                prop_assert!(next.forgotten >= next.until);
                known = Some(next);
            }
        }
    }
}
