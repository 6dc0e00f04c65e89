//! When mail to our inbox was last turned away: what did not arrive before then may still have been sent.
//!
//! A restart forgets this, and is such a time itself.
//!
//! Guarantees: bounded memory: where too many neighbourhoods are to be told apart, it is as if all had been turned away.
//! Never: asks the inbox. It tells.

use super::Desk;
use crate::{
    cases::retest::counting_block,
    limits::INBOX_UNHEARD_MAX,
    list::{Prefix, Time},
};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// Until when mail was turned away.
#[derive(Debug, Default)]
pub(super) struct Hearing(Mutex<Unheard>);

#[derive(Debug, Default)]
struct Unheard {
    /// That of anybody.
    any: Time,
    /// That of these blocks.
    near: HashMap<Prefix, Time>,
}

impl Hearing {
    fn unheard(&self, near: Option<IpAddr>, now: Time) {
        let mut unheard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Unheard { any, near: blocks } = &mut *unheard;
        let block = near.map(counting_block);
        if let Some(block) = block.filter(|block| blocks.contains_key(block) || blocks.len() < INBOX_UNHEARD_MAX) {
            blocks.insert(block, now);
        } else {
            *any = now;
            blocks.clear();
        }
    }

    fn since(&self, address: IpAddr) -> Time {
        let unheard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let near = unheard.near.get(&counting_block(address)).copied().unwrap_or_default();
        unheard.any.max(near)
    }
}

impl Desk {
    /// Mail was turned away: that of neighbours of `near`, or that of anybody.
    pub fn mail_unheard(&self, near: Option<IpAddr>) {
        self.hearing.unheard(near, self.now());
    }

    /// Since when no mail was turned away that this address could have handed over.
    #[must_use]
    pub fn heard_since(&self, address: IpAddr) -> Time {
        self.hearing.since(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_neighbours_lost_is_theirs_and_what_cannot_be_told_apart_is_everybodys() {
        let (hearing, at) = (Hearing::default(), Time::from_seconds);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        hearing.unheard(Some(address("192.0.2.7")), at(10));
        hearing.unheard(Some(address("2001:db8:1:2::3")), at(20));
        let since = |text: &str| hearing.since(address(text)).seconds();
        assert_eq!(["192.0.2.200", "192.0.3.7", "2001:db8:1:ffff::"].map(since), [10, 0, 20]);
        hearing.unheard(None, at(30));
        assert_eq!(["192.0.2.200", "192.0.3.7", "2001:db8:1:ffff::"].map(since), [30, 30, 30]);
        for number in 0..=u32::try_from(INBOX_UNHEARD_MAX).unwrap() {
            hearing.unheard(Some(IpAddr::from((number << 8).to_be_bytes())), at(40));
        }
        assert_eq!(since("203.0.113.1"), 40);
        assert!(hearing.0.lock().unwrap().near.len() <= INBOX_UNHEARD_MAX);
    }
}
