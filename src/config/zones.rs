//! One `[[zone]]`.
//!
//! Guarantees: what one zone says about itself fits together: its glue stands inside it, its names are names of hosts.
//! Never: knows the other zones or the lists.

use super::{
    fields::Fields,
    mistake::{At, Page},
    options::Table,
    words::{HostName, Mailbox, Span},
};
use crate::{
    limits::{ORIGIN_OCTETS_MAX, TTL_SECONDS_MAX},
    list::{Duration, ListName, ListedName, Time, string_faults},
    snapshot::ZoneSettings,
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};
use toml::de::DeTable;

/// What could be read of a zone.
pub struct DeclaredZone {
    /// Its origin.
    pub origin: Option<At<ListedName>>,
    /// Lists of the combined answer.
    pub lists: Vec<At<ListName>>,
    /// Lists served alone only.
    pub sublists_only: Vec<At<ListName>>,
    /// Name servers.
    pub ns: Vec<At<ListedName>>,
    /// Names with addresses.
    pub glue: Vec<At<ListedName>>,
    /// All of it.
    pub settings: Option<ZoneSettings>,
}

impl DeclaredZone {
    /// All lists that it serves.
    pub fn served(&self) -> impl Iterator<Item = &At<ListName>> {
        self.lists.iter().chain(&self.sublists_only)
    }
}

struct Address<T>(T);

#[derive(Debug, thiserror::Error)]
#[error("write {0}")]
struct AddressError(&'static str);

impl FromStr for Address<Ipv4Addr> {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        text.parse().map(Self).map_err(|_| AddressError("an IPv4 address as 192.0.2.80"))
    }
}

impl FromStr for Address<Ipv6Addr> {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        text.parse().map(Self).map_err(|_| AddressError("an IPv6 address as 2001:db8::80"))
    }
}

impl FromStr for Address<IpAddr> {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        text.parse().map(Self).map_err(|_| AddressError("an address as 192.0.2.80 or 2001:db8::80"))
    }
}

/// Reads one `[[zone]]` whose header stands at `offset`.
pub fn read_zone(page: &Page<'_>, written: &DeTable<'_>, offset: usize) -> DeclaredZone {
    let fields = Fields::read(page, Table::Zone, Some(written), offset);
    let origin = read_origin(&fields);
    let lists = fields.parsed_all("lists");
    let sublists_only = fields.parsed_all("sublists_only");
    let ns: Vec<At<ListedName>> =
        fields.parsed_all("ns").into_iter().map(|at: At<HostName>| at.map(|name| name.0)).collect();
    if fields.is_empty("lists") && fields.is_empty("sublists_only") {
        fields.mistake(offset, "lists: a zone serves at least one list");
    }
    if fields.is_empty("ns") {
        fields.mistake(offset, "ns: name at least one name server, for example ns = [\"ns1.example.org\"]");
    }
    let contact = fields.parsed::<Mailbox>("contact");
    let ttl = read_ttl(&fields, "ttl");
    let negative_ttl = read_ttl(&fields, "negative_ttl");
    let text = fields.txt("text", string_faults);
    let a = fields.parsed_all::<Address<Ipv4Addr>>("a").into_iter().map(|at| at.value.0).collect();
    let aaaa = fields.parsed_all::<Address<Ipv6Addr>>("aaaa").into_iter().map(|at| at.value.0).collect();
    let glue = read_glue(&fields, origin.as_ref());
    let closing = fields.parsed::<Time>("closing");
    let plain = |names: &[At<ListName>]| names.iter().map(|at| at.value.clone()).collect();
    let settings = || {
        Some(ZoneSettings {
            origin: origin.as_ref()?.value.clone(),
            lists: plain(&lists),
            sublists_only: plain(&sublists_only),
            ns: ns.iter().map(|at| at.value.clone()).collect(),
            contact: contact?.value.0,
            ttl: ttl?.value,
            negative_ttl: negative_ttl?.value,
            text: text.map(|at| at.value),
            a,
            aaaa,
            glue: glue.iter().map(|(name, addresses)| (name.value.clone(), addresses.clone())).collect(),
            closing: closing.map(|at| at.value),
        })
    };
    let settings = settings();
    let glue = glue.into_iter().map(|(name, _)| name).collect();
    DeclaredZone { origin, lists, sublists_only, ns, glue, settings }
}

/// A TTL: at least a second, at most [`TTL_SECONDS_MAX`].
pub fn read_ttl(fields: &Fields<'_, '_>, key: &str) -> Option<At<Duration>> {
    let span = fields.parsed::<Span>(key)?.map(|span| span.0);
    if span.value.seconds() > TTL_SECONDS_MAX {
        let most = Duration::from_seconds(TTL_SECONDS_MAX);
        fields.mistake(span.offset, format!("{key}: {} is too long for a TTL; write at most {most}", span.value));
        return None;
    }
    Some(span)
}

fn read_origin(fields: &Fields<'_, '_>) -> Option<At<ListedName>> {
    let origin = fields.parsed::<HostName>("origin")?.map(|name| name.0);
    if origin.value.name().len() > ORIGIN_OCTETS_MAX {
        let what =
            format!("origin: at most {ORIGIN_OCTETS_MAX} octets, so that a reversed IPv6 address fits before it");
        fields.mistake(origin.offset, what);
        return None;
    }
    Some(origin)
}

type Glue = Vec<(At<ListedName>, Vec<IpAddr>)>;

fn read_glue(fields: &Fields<'_, '_>, origin: Option<&At<ListedName>>) -> Glue {
    let rows = fields.addresses::<HostName, Address<IpAddr>>("glue");
    let mut glue: Glue = Vec::new();
    for (name, addresses) in rows {
        let name = name.map(|name| name.0);
        let text = name.value.name();
        if let Some(origin) = origin {
            let origin = origin.value.name();
            if text == origin {
                fields.mistake(name.offset, "glue: addresses of the origin itself go into `a` and `aaaa`");
            } else if let Some(below) = text.strip_suffix(origin).and_then(|rest| rest.strip_suffix('.')) {
                let last = below.rsplit('.').next().unwrap_or(below);
                // Such a label is where a reversed address begins.
                if last.bytes().all(|b| b.is_ascii_digit()) || last.len() == 1 {
                    fields.mistake(
                        name.offset,
                        format!(
                            "glue: `{last}` before the origin begins an address; use another name, as ns1.{origin}"
                        ),
                    );
                }
            } else {
                fields.mistake(name.offset, format!("glue: {text} is not inside {origin}; leave it out"));
            }
        }
        if addresses.is_empty() {
            fields.mistake(name.offset, format!("glue: give {text} at least one address"));
        }
        if glue.iter().any(|(other, _)| other.value == name.value) {
            fields.mistake(name.offset, format!("glue: {text} stands here twice"));
        }
        glue.push((name, addresses.into_iter().map(|at| at.value.0).collect()));
    }
    glue
}
