//! What spans several lists, zones or listeners.
//!
//! Guarantees: after these checks every name that a zone uses exists, no two zones or lists claim the same place in DNS,
//! and no two listeners the same address.
//! Never: changes what was read.

use super::{
    lists::DeclaredList,
    mistake::{At, Page},
    words::Listen,
    zones::DeclaredZone,
};
use crate::list::{KeyFamily, ListName};
use std::{collections::HashMap, net::SocketAddr};

/// Lists against each other.
pub fn lists(page: &Page<'_>, lists: &[DeclaredList]) {
    for (place, list) in lists.iter().enumerate() {
        let Some(name) = &list.name else { continue };
        if lists[..place].iter().filter_map(|other| other.name.as_ref()).any(|other| other.value == name.value) {
            page.mistake(name.offset, format!("name: there is a list `{}` already; give this one another", name.value));
        }
    }
}

/// Zones against the lists and against each other.
pub fn zones(page: &Page<'_>, zones: &[DeclaredZone], lists: &[DeclaredList]) {
    let mut families: HashMap<&ListName, Option<KeyFamily>> = HashMap::new();
    for list in lists {
        if let Some(name) = &list.name {
            families.entry(&name.value).or_insert(list.family);
        }
    }
    for (place, zone) in zones.iter().enumerate() {
        served_lists(page, zone, &families);
        origin(page, zone, &zones[..place], zones);
        name_servers(page, zone, zones);
    }
}

fn served_lists(page: &Page<'_>, zone: &DeclaredZone, families: &HashMap<&ListName, Option<KeyFamily>>) {
    let mut first: Option<(&At<ListName>, KeyFamily)> = None;
    let mut seen: Vec<&ListName> = Vec::new();
    for list in zone.served() {
        let name = &list.value;
        if seen.contains(&name) {
            page.mistake(list.offset, format!("lists: `{name}` stands twice in this zone; leave one out"));
        }
        seen.push(name);
        let Some(family) = families.get(name) else {
            let mut known: Vec<&str> = families.keys().map(|name| name.as_str()).collect();
            known.sort_unstable();
            let what = format!("lists: there is no list `{name}`; there are {}", known.join(", "));
            page.mistake(
                list.offset,
                if known.is_empty() { format!("lists: there is no list `{name}`") } else { what },
            );
            continue;
        };
        let Some(family) = *family else { continue };
        if family == KeyFamily::Names && !name.as_str().contains('-') {
            page.mistake(
                list.offset,
                format!(
                    "lists: in a zone of names the name of a list needs a '-', so that it cannot be a top-level domain; \
                     call it `{name}-list`, say"
                ),
            );
        }
        match first {
            None => first = Some((list, family)),
            Some((other, expected)) if expected != family => page.mistake(
                list.offset,
                format!(
                    "lists: `{name}` holds {}, `{}` holds {}; a zone serves one kind of key, make a zone for each",
                    described(family),
                    other.value,
                    described(expected)
                ),
            ),
            Some(_) => {}
        }
    }
}

fn described(family: KeyFamily) -> String {
    match family {
        KeyFamily::Addresses => "addresses".into(),
        KeyFamily::Names => "names".into(),
        KeyFamily::Hashes(kind) => format!("{kind:?} hashes").to_lowercase(),
        KeyFamily::Any => "every kind of key".into(),
    }
}

fn origin(page: &Page<'_>, zone: &DeclaredZone, before: &[DeclaredZone], zones: &[DeclaredZone]) {
    let Some(origin) = &zone.origin else { return };
    let name = origin.value.name();
    if before.iter().filter_map(|other| other.origin.as_ref()).any(|other| other.value == origin.value) {
        page.mistake(origin.offset, format!("origin: there is a zone {name} already"));
    }
    for other in zones {
        let Some(parent) = &other.origin else { continue };
        let above = parent.value.name();
        let Some(label) = name.strip_suffix(above).and_then(|rest| rest.strip_suffix('.')) else { continue };
        if other.served().any(|list| list.value.as_str() == label) {
            page.mistake(
                origin.offset,
                format!("origin: {name} is the sublist `{label}` of the zone {above}; choose another origin"),
            );
        }
        let last = label.rsplit('.').next().unwrap_or(label);
        if last.len() == 1 || last.bytes().all(|b| b.is_ascii_digit()) {
            page.mistake(
                origin.offset,
                format!("origin: {name} stands where the zone {above} answers for addresses; choose another origin"),
            );
        }
    }
    for glue in &zone.glue {
        let sublist = zone.served().find(|list| {
            let apex = format!("{}.{name}", list.value);
            glue.value.name() == apex || glue.value.name().ends_with(&format!(".{apex}"))
        });
        if let Some(list) = sublist {
            let what = format!("glue: {} is in the sublist `{}`; use another name", glue.value.name(), list.value);
            page.mistake(glue.offset, what);
        }
    }
}

/// A name server given twice is one of those that a zone should have several of, and one inside its own zone without an address would be answered with NXDOMAIN: the zone would be lame.
fn name_servers(page: &Page<'_>, zone: &DeclaredZone, zones: &[DeclaredZone]) {
    for (place, server) in zone.ns.iter().enumerate() {
        if zone.ns[..place].iter().any(|other| other.value == server.value) {
            page.mistake(
                server.offset,
                format!("ns: {} stands twice in this zone; leave one out", server.value.name()),
            );
            continue;
        }
        let inside = |zone: &&DeclaredZone| {
            zone.origin.as_ref().is_some_and(|origin| origin.value.covers_name(server.value.name()))
        };
        let length = |zone: &&DeclaredZone| zone.origin.as_ref().map_or(0, |origin| origin.value.name().len());
        let Some(home) = zones.iter().filter(inside).max_by_key(length) else { continue };
        let at_origin = home.origin.as_ref().is_some_and(|origin| origin.value == server.value)
            && home.settings.as_ref().is_none_or(|zone| !zone.a.is_empty() || !zone.aaaa.is_empty());
        if !at_origin && !home.glue.iter().any(|glue| glue.value == server.value) {
            let name = server.value.name();
            page.mistake(
                server.offset,
                format!("ns: {name} is inside the zone; give its address: glue = {{ \"{name}\" = [\"192.0.2.53\"] }}"),
            );
        }
    }
}

/// Listeners against each other. Port 0 asks for any free port and collides with nothing.
pub fn listeners(page: &Page<'_>, places: &[At<Listen>]) {
    for (number, place) in places.iter().enumerate() {
        let address = place.value.0;
        if address.port() == 0 {
            continue;
        }
        // The later one is told, whichever of the two is the wider.
        let takes = |other: &&At<Listen>| collide(other.value.0, address);
        match places[..number].iter().find(takes).map(|other| other.value.0) {
            Some(other) if other == address => {
                page.mistake(place.offset, format!("listen: {address} is taken by another listener of this file"));
            }
            Some(other) => page.mistake(
                place.offset,
                format!(
                    "listen: {address} is taken by another listener of this file, {other}: one of them is every address \
                     of the machine; leave one out"
                ),
            ),
            None => {}
        }
    }
}

/// Whether the second to bind finds its port taken: at the same address, or where one of them is every address of a family.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let every = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.is_ipv4() == other.is_ipv4() && (every || one.ip() == other.ip())
}
