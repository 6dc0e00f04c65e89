//! What the configuration says about one zone.
//!
//! Guarantees: valid when it comes from `config`, which checks what spans several zones and lists.
//! Never: changes while a snapshot is served from it; a reload makes new ones.

use crate::list::{Duration, ListName, ListedName, Time};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One zone: a DNS origin that serves lists of one key family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneSettings {
    /// Where it stands in DNS (always of scope `All`).
    pub origin: ListedName,
    /// Lists of the combined answer, most severe first.
    pub lists: Vec<ListName>,
    /// Lists served as sublists only.
    pub sublists_only: Vec<ListName>,
    /// Name servers of the apex.
    pub ns: Vec<ListedName>,
    /// Mailbox of the SOA, as a mail address.
    pub contact: String,
    /// TTL of the records.
    pub ttl: Duration,
    /// TTL of negative answers, the SOA's MINIMUM (RFC 2308).
    pub negative_ttl: Duration,
    /// TXT record of the apex.
    pub text: Option<String>,
    /// A records of the apex.
    pub a: Vec<Ipv4Addr>,
    /// AAAA records of the apex.
    pub aaaa: Vec<Ipv6Addr>,
    /// Addresses of names inside the zone.
    pub glue: Vec<(ListedName, Vec<IpAddr>)>,
    /// From this time on nothing is listed (RFC 6471 3.4).
    pub closing: Option<Time>,
}

impl ZoneSettings {
    /// TTL of the SOA and of negative answers of a closed zone: seven days, so that those who still ask do so seldom (RFC
    /// 6471 3.4).
    pub const CLOSED_TTL: Duration = Duration::from_seconds(7 * 86_400);

    /// MNAME of the SOA: the first name server, or the origin where there is none.
    #[must_use]
    pub fn primary(&self) -> &ListedName {
        self.ns.first().unwrap_or(&self.origin)
    }

    /// Whether its closing day has come.
    #[must_use]
    pub fn is_over(&self, now: Time) -> bool {
        self.closing.is_some_and(|day| day <= now)
    }
}
