//! Records as hickory's types, for the engine.
//!
//! Guarantees: what the configuration holds is written as it is; a text longer than 255 octets becomes several strings
//! of one TXT record.
//! Never: decides what is answered.

use super::authority::{self, Ttls};
use crate::list::Serial;
use crate::snapshot::{Listed, Zone};
use arrayvec::ArrayVec;
use hickory_proto::rr::rdata::{A, AAAA, NS, SOA, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use std::net::{IpAddr, Ipv4Addr};

/// A dotted name, absolute. Configured names consist of letters, digits, `-` and `_`.
fn absolute(name: &str) -> Name {
    let labels = name.split('.').filter(|label| !label.is_empty()).map(str::as_bytes);
    Name::from_labels(labels).expect("a configured name has labels of 1 to 63 octets and at most 200 in all")
}

/// A mail address as a name: the local part is one label, dots and all (RFC 1035 8).
fn mailbox(contact: &str) -> Name {
    match contact.split_once('@') {
        Some((local, domain)) => {
            let labels = domain.split('.').filter(|label| !label.is_empty()).map(str::as_bytes);
            Name::from_labels([local.as_bytes()].into_iter().chain(labels)).unwrap_or_else(|_| absolute(domain))
        }
        None => absolute(contact),
    }
}

/// The SOA of a zone, with the TTL of its section. `origin`: the zone's, in the case of the question, here and below.
pub(super) fn soa(zone: &Zone, origin: &Name, serial: Serial, ttl: u32) -> Record {
    let settings = zone.settings();
    let soa = SOA::new(
        absolute(settings.primary().name()),
        mailbox(&settings.contact),
        serial.0 as u32,
        authority::REFRESH.cast_signed(),
        authority::RETRY.cast_signed(),
        authority::EXPIRE.cast_signed(),
        Ttls::of(zone).minimum,
    );
    Record::from_rdata(origin.clone(), ttl, RData::SOA(soa))
}

/// The A records of a listed name.
pub(super) fn codes(name: &Name, listed: &Listed<'_>) -> Vec<Record> {
    let a = |code| Record::from_rdata(name.clone(), listed.ttl(), RData::A(A(Ipv4Addr::from(code))));
    listed.codes().map(a).collect()
}

/// The TXT record of a listed name: one string.
pub(super) fn text(name: &Name, listed: &Listed<'_>) -> Record {
    let mut text = ArrayVec::<u8, 255>::new();
    listed.text(&mut text);
    Record::from_rdata(name.clone(), listed.ttl(), RData::TXT(TXT::from_bytes(vec![&text])))
}

/// Addresses of the type asked for; for ANY those of one `RRset` (RFC 8482 4.1).
pub(super) fn addresses(name: &Name, addresses: &[IpAddr], kind: RecordType, ttl: u32) -> Vec<Record> {
    let any_v4 = addresses.iter().any(IpAddr::is_ipv4);
    let wanted = |address: &&IpAddr| match kind {
        RecordType::A => address.is_ipv4(),
        RecordType::AAAA => address.is_ipv6(),
        RecordType::ANY => address.is_ipv4() == any_v4,
        _ => false,
    };
    addresses.iter().filter(wanted).map(|address| Record::from_rdata(name.clone(), ttl, data(*address))).collect()
}

fn data(address: IpAddr) -> RData {
    match address {
        IpAddr::V4(address) => RData::A(A(address)),
        IpAddr::V6(address) => RData::AAAA(AAAA(address)),
    }
}

/// The NS records of a zone.
pub(super) fn name_servers(zone: &Zone, origin: &Name, ttl: u32) -> Vec<Record> {
    let ns = |name| Record::from_rdata(origin.clone(), ttl, RData::NS(NS(absolute(name))));
    zone.settings().ns.iter().map(|server| ns(server.name())).collect()
}

/// The addresses of those name servers that are glue.
pub(super) fn glue(zone: &Zone, ttl: u32) -> Vec<Record> {
    let settings = zone.settings();
    let servers = settings.glue.iter().filter(|(name, _)| settings.ns.iter().any(|ns| ns.name() == name.name()));
    let records = servers.flat_map(|(name, addresses)| {
        let owner = absolute(name.name());
        addresses.iter().map(move |address| Record::from_rdata(owner.clone(), ttl, data(*address)))
    });
    records.collect()
}

/// The TXT records of the apex.
pub(super) fn apex_texts(zone: &Zone, origin: &Name, ttl: u32) -> Vec<Record> {
    let texts = zone.texts();
    texts.iter().map(|text| Record::from_rdata(origin.clone(), ttl, RData::TXT(strings(text)))).collect()
}

fn strings(text: &str) -> TXT {
    TXT::from_bytes(text.as_bytes().chunks(255).collect())
}

/// The TXT record of class CH that names the server.
pub(super) fn chaos_text(name: &Name, nsid: &[u8]) -> Record {
    let mut record = Record::from_rdata(name.clone(), 0, RData::TXT(TXT::from_bytes(vec![nsid])));
    record.dns_class = DNSClass::CH;
    record
}
