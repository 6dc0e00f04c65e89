//! Exports as a response policy zone: what is listed gets `CNAME .` (NXDOMAIN), what is exempted `CNAME rpz-passthru.`.
//!
//! Addresses are triggers on the addresses of answers (`24.0.2.0.192.rpz-ip`), names on the name asked for. Of a zone only
//! the lists of its combined answer count; a key that one list exempts and another lists is listed. An exclusion that lies in
//! nothing listed is left out: passing it through would exempt it from the policies of others.
//!
//! Guarantees: an owner comes once; the file loads as it is under any name.
//! Never: carries codes or texts: a policy has none.

use super::{
    Heading, Part,
    gather::Decided,
    served,
    sweep::{Placed, Sweep},
};
use crate::list::{Key, Prefix, Scope};
use std::{io::Write, net::IpAddr};

const INFALLIBLE: &str = "writing to a Vec cannot fail";

/// TTL of a list that is exported without a zone, in seconds: how long a resolver may go on with an old policy.
const LIST_TTL: u32 = 300;

/// The state between two places.
#[derive(Debug)]
pub(super) struct Zone {
    sweep: Sweep,
    /// Of a zone the lists on trial are left out.
    combined_only: bool,
    never: Option<usize>,
}

impl Zone {
    pub(super) fn begin(heading: &Heading, never: Option<usize>, out: &mut Vec<u8>) -> Self {
        let timers = served::SOA_TIMERS;
        match &heading.zone {
            Some(zone) => {
                let (ttl, negative, serial) = (zone.ttl.seconds(), zone.negative_ttl.seconds(), zone.serial.soa());
                let primary = zone.ns.first().map_or("localhost", |ns| ns.name());
                let contact = served::mailbox_name(&zone.contact);
                writeln!(out, "$TTL {ttl}\n@ SOA {primary}. {contact}. {serial} {timers} {negative}")
            }
            None => writeln!(
                out,
                "$TTL {LIST_TTL}\n@ SOA localhost. root.localhost. {} {timers} {LIST_TTL}",
                heading.serial.soa()
            ),
        }
        .expect(INFALLIBLE);
        out.extend_from_slice(b"@ NS localhost.\n");
        Self { sweep: Sweep::new(never), combined_only: heading.zone.is_some(), never }
    }

    /// Writes what the lists say at one prefix or name.
    pub(super) fn place(&mut self, decided: &[Decided], parts: &[Part], out: &mut Vec<u8>) {
        let counts = |part| !self.combined_only || self.never == Some(part) || parts[part].combined;
        let counted: Vec<&Decided> = decided.iter().filter(|one| counts(one.part)).collect();
        for placed in self.sweep.place(&counted).into_iter().filter(Placed::tells) {
            let owner = match &placed.key {
                Key::Prefix(prefix) => trigger(*prefix),
                Key::Name(name) if name.scope() == Scope::Below => format!("*.{}", name.name()),
                Key::Name(name) => name.name().to_owned(),
                Key::Hash(_) => continue,
            };
            let target = if placed.answer.is_empty() { "rpz-passthru." } else { "." };
            writeln!(out, "{owner} CNAME {target}").expect(INFALLIBLE);
        }
    }
}

/// The owner of an address trigger: the length, then the octets or groups from the right, `zz` for the longest run of zeros.
fn trigger(prefix: Prefix) -> String {
    let length = prefix.length();
    match prefix.first() {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{length}.{d}.{c}.{b}.{a}.rpz-ip")
        }
        IpAddr::V6(address) => {
            let groups = address.segments();
            let (start, run) = longest_zeros(&groups);
            let mut labels = Vec::with_capacity(8);
            let mut at = 8;
            while at > 0 {
                if run > 1 && at == start + run {
                    labels.push("zz".to_owned());
                    at = start;
                } else {
                    at -= 1;
                    labels.push(format!("{:x}", groups[at]));
                }
            }
            format!("{length}.{}.rpz-ip", labels.join("."))
        }
    }
}

/// Where the first longest run of zero groups begins, and its length.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let mut best = (0, 0);
    for start in 0..8 {
        let run = groups[start..].iter().take_while(|group| **group == 0).count();
        if run > best.1 {
            best = (start, run);
        }
    }
    best
}
