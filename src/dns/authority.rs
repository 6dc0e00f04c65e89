//! What a zone says about itself: the numbers of its SOA, its TTLs, the names of its glue.
//!
//! Guarantees: the common path and the engine take these from here, so that they cannot differ in them.
//! Never: looks at what is listed.

use crate::snapshot::{Zone, ZoneSettings};
use std::net::IpAddr;

/// Seconds after which a secondary asks again; the store's changes reach none by themselves.
pub(super) const REFRESH: u32 = 3_600;

/// Seconds after which a secondary repeats a question that failed.
pub(super) const RETRY: u32 = 600;

/// Seconds after which a secondary without answer stops serving.
pub(super) const EXPIRE: u32 = 7 * 86_400;

/// The TTLs of a zone, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ttls {
    /// Of the records of the apex and the glue.
    pub records: u32,
    /// Of the SOA in the answer section.
    pub soa: u32,
    /// Of the SOA in a negative answer: min(TTL, MINIMUM) (RFC 2308 5).
    pub negative: u32,
    /// MINIMUM of the SOA.
    pub minimum: u32,
}

impl Ttls {
    /// Those of one zone.
    pub fn of(zone: &Zone) -> Self {
        let settings = zone.settings();
        let records = settings.ttl.seconds();
        if zone.closed() {
            let closed = ZoneSettings::CLOSED_TTL.seconds();
            return Self { records, soa: closed, negative: closed, minimum: closed };
        }
        let minimum = settings.negative_ttl.seconds();
        Self { records, soa: records, negative: records.min(minimum), minimum }
    }
}

/// How a name stands to the glue of its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glue<'a> {
    /// Neither a name of the glue nor above one.
    Elsewhere,
    /// A name of the glue, with its addresses.
    Itself(&'a [IpAddr]),
    /// An empty non-terminal above a name of the glue, or above the origin of a zone inside this one.
    Above,
}

/// Looks up the labels before the origin, in wire form and lower case, among the names of the glue and above the zones inside.
pub(super) fn glue<'a>(zone: &'a Zone, relative: &[u8]) -> Glue<'a> {
    let settings = zone.settings();
    let above = |own: &str| own.match_indices('.').any(|(dot, _)| is_name(relative, &own[dot + 1..]));
    let mut found = if zone.inner().any(above) { Glue::Above } else { Glue::Elsewhere };
    for (name, addresses) in &settings.glue {
        let Some(own) = name.labels_before(&settings.origin) else { continue };
        if is_name(relative, own) {
            return Glue::Itself(addresses);
        }
        if above(own) {
            found = Glue::Above;
        }
    }
    found
}

/// Whether labels in wire form are those of a dotted name. Octet by octet they differ only where lengths stand for dots.
fn is_name(wire: &[u8], dotted: &str) -> bool {
    if wire.len() != dotted.len() + 1 {
        return false;
    }
    let mut rest = wire;
    dotted.split('.').all(|label| {
        let Some((length, after)) = rest.split_first() else { return false };
        let same = usize::from(*length) == label.len() && after.starts_with(label.as_bytes());
        rest = after.get(label.len()..).unwrap_or_default();
        same
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_in_wire_form_are_compared_with_dotted_names() {
        assert!(is_name(b"\x03ns1", "ns1") && is_name(b"\x01a\x03ns1", "a.ns1"));
        for (wire, dotted) in [(&b"\x03ns2"[..], "ns1"), (b"\x05a.ns1", "a.ns1"), (b"\x01a\x03ns1", "a-ns1"), (b"", "")]
        {
            assert!(!is_name(wire, dotted), "{dotted}");
        }
    }
}
