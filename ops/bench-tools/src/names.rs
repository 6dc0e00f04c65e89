//! Lists of v6 networks and of domain names, made from a seed, to see what a million of each costs in memory.
//!
//! Guarantees: the same size and seed make the same lists, no key twice.
//! Never: makes a name under a real top-level domain.

use std::{collections::BTreeSet, net::Ipv6Addr};

use crate::random::Random;

/// v6 /64s, most of them several to a /48, as hosts in one provider's customers lie.
#[must_use]
pub fn v6_networks(count: usize, seed: u64) -> Vec<String> {
    let random = &mut Random::new(seed);
    let providers: Vec<u64> = (0..(count / 4).max(1)).map(|_| (0x2a << 56) | (random.bits() >> 24 << 16)).collect();
    let mut networks = BTreeSet::new();
    while networks.len() < count {
        networks.insert(random.pick(&providers) | (random.bits() & 0xffff));
    }
    let mut networks: Vec<u64> = networks.into_iter().collect();
    random.shuffle(&mut networks);
    networks.iter().map(|&network| format!("{}/64", Ipv6Addr::from(u128::from(network) << 64))).collect()
}

/// Names of two or three labels below `example`, as generated names look.
#[must_use]
pub fn domain_names(count: usize, seed: u64) -> Vec<String> {
    let random = &mut Random::new(seed);
    let mut names = BTreeSet::new();
    while names.len() < count {
        let labels: Vec<String> = (0..2 + random.below(2)).map(|_| label(random)).collect();
        names.insert(format!("{}.example", labels.join(".")));
    }
    let mut names: Vec<String> = names.into_iter().collect();
    random.shuffle(&mut names);
    names
}

fn label(random: &mut Random) -> String {
    let length = 4 + random.below(12);
    (0..length).map(|_| char::from(b'a' + random.below(26) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_their_size_and_hold_what_their_name_says() {
        let networks = v6_networks(500, 1);
        assert_eq!(networks.len(), 500);
        assert!(networks.iter().all(|n| n.ends_with("::/64") || n.split(':').count() <= 9));
        assert!(networks.iter().all(|n| n.trim_end_matches("/64").parse::<Ipv6Addr>().is_ok()));
        let names = domain_names(500, 1);
        assert_eq!(names.len(), 500);
        assert!(names.iter().all(|n| n.ends_with(".example")));
        assert_eq!(names, domain_names(500, 1));
    }
}
