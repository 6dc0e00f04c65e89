//! The map of what is listed: IPv4 as a Hilbert curve, whole by /16, a /8 by /24, a /16 by /28.
//!
//! Single addresses are not drawn: who wants to take a list away whole asks for an export, with a token.
//!
//! Guarantees: made from one snapshot; counted at most once for a serial and a view, one at a time, and never more often
//! than every few seconds; the same is there as a table; no script.
//! Never: shows which address it is that is listed.

mod curve;
mod kept;
mod picture;

use super::{
    Access, Asked, At, Of, Reader, Response, Site, State, StatusCode, html, messages::Messages, problem_page, rendered,
    visible,
};
use crate::{
    http::{Problem, api, state::blocking},
    limits::{ASKED_SHOWN_MAX, MAP_FRESH_TIME, MAP_ROWS_SHOWN},
    list::{KeyFamily, ListName, Serial},
    snapshot::{Census, Snapshot},
};
use askama::Template;
use axum::{
    http::{HeaderValue, header},
    response::IntoResponse,
};
use curve::Place;
pub(in crate::http) use kept::Kept;
use std::{fmt, net::Ipv4Addr, sync::Arc};

/// What part of IPv4 is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Part {
    first: u32,
    length: u8,
}

impl Part {
    const WHOLE: Self = Self { first: 0, length: 0 };

    /// Reads `10`, `10.0.0.0/8`, `10.1`, `10.1.0.0/16`, or an address: its /16.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text == "0.0.0.0/0" {
            return Some(Self::WHOLE);
        }
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().ok().filter(|length| *length <= 32)?)),
            None => (text, None),
        };
        let mut octets = [0u8; 4];
        let parts: Vec<_> = address.split('.').filter(|part| !part.is_empty()).collect();
        for (octet, part) in octets.iter_mut().zip(&parts) {
            *octet = part.parse().ok()?;
        }
        let shown = match length.unwrap_or(if parts.len() == 1 { 8 } else { 16 }) {
            0..8 => return (parts.len() <= 4).then_some(Self::WHOLE),
            8..16 => 8,
            _ => 16,
        };
        let first = u32::from_be_bytes(octets) & !(u32::MAX >> shown);
        (1..=4).contains(&parts.len()).then_some(Self { first, length: shown })
    }

    /// The length of its cells. A whole /16 has fewer than 65,536, so that no cell is a single address.
    const fn cell(self) -> u8 {
        match self.length {
            0 => 16,
            8 => 24,
            _ => 28,
        }
    }

    /// The 256 parts of the next step in.
    fn inner(self) -> impl Iterator<Item = Self> {
        let length = self.length + 8;
        (0..256u32).map(move |place| Self { first: self.first | place << (32 - length), length })
    }

    fn outer(self) -> Option<Self> {
        let length = self.length.checked_sub(8)?;
        Some(Self { first: self.first & !u32::MAX.checked_shr(length.into()).unwrap_or(0), length })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.length)
    }
}

/// What was asked for.
struct View {
    list: Option<ListName>,
    part: Part,
}

/// The same where it cannot be read, as it was written.
struct Unread {
    list: String,
    at: String,
}

impl View {
    fn of(query: &[(String, String)], list: Option<&str>) -> Result<Self, Unread> {
        let named = |wanted: &str| query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let (list, at) = (list.or(named("list")).unwrap_or_default(), named("at").unwrap_or_default());
        let named = if list.is_empty() { Some(None) } else { list.parse().ok().map(Some) };
        let view = named.zip(Part::read(at)).map(|(list, part)| Self { list, part });
        view.ok_or_else(|| Unread { list: list.to_owned(), at: at.to_owned() })
    }

    /// The bits of the lists that are shown.
    fn wanted(&self, snapshot: &Snapshot) -> Result<u64, Problem> {
        let served = snapshot.served();
        let Some(name) = &self.list else {
            return Ok(served.lists().fold(0, |bits, (list, _)| bits | list.bit()));
        };
        let settings = api::list_settings(snapshot, name)?;
        let addresses = settings.family() == KeyFamily::Addresses;
        let list = served.list(name).filter(|_| addresses);
        list.map(crate::snapshot::ListIndex::bit).ok_or_else(|| Problem::not_found("this list holds no addresses"))
    }

    fn link(&self, part: Part) -> String {
        match &self.list {
            Some(list) => format!("/map?list={list}&at={part}"),
            None => format!("/map?at={part}"),
        }
    }
}

#[derive(Template)]
#[template(path = "map.html", config = "src/http/pages/askama.toml")]
struct MapPage {
    site: Site,
    heading: String,
    lead: String,
    picture: String,
    label: String,
    squares: Vec<Square>,
    outer: Option<Link>,
    rows: Vec<Row>,
    choices: Vec<Choice>,
    at: String,
    shades: Vec<picture::Shade>,
    grain: String,
}

#[derive(Template)]
#[template(path = "map-unread.html", config = "src/http/pages/askama.toml")]
struct UnreadPage {
    site: Site,
    heading: String,
    choices: Vec<Choice>,
    at: String,
}

struct Square {
    x: u32,
    y: u32,
    side: u32,
    title: String,
    href: Option<String>,
    /// Whether anything is listed in it.
    some: bool,
}

struct Link {
    href: String,
    name: String,
}

struct Row {
    part: String,
    href: Option<String>,
    count: String,
    share: String,
}

struct Choice {
    name: String,
    current: bool,
}

/// `/map`
pub(in crate::http) async fn map(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    Asked(query): Asked<Vec<(String, String)>>,
) -> Response {
    page(&state, &access, &reader, View::of(&query, None)).await
}

/// `/lists/{list}/map`
pub(in crate::http) async fn of_list(
    Of(state): Of<State>,
    access: Access,
    reader: Reader,
    At(list): At<String>,
    Asked(query): Asked<Vec<(String, String)>>,
) -> Response {
    page(&state, &access, &reader, View::of(&query, Some(&list))).await
}

async fn page(state: &State, access: &Access, reader: &Reader, view: Result<View, Unread>) -> Response {
    if let Err(problem) = access.count_look_up(state) {
        return problem_page(state, reader, &problem);
    }
    let view = match view {
        Ok(view) => view,
        Err(unread) => return unread_page(state, reader, &unread),
    };
    let (here, for_whom) = (state.clone(), reader.clone());
    let made = blocking(move || {
        let snapshot = here.snapshot();
        let counted = census(&here, &snapshot, &view)?;
        Ok(MapPage::of(Site::of(&here, &snapshot, "map", &for_whom), &snapshot, &view, &counted))
    });
    rendered(state, reader, made.await)
}

/// The form again, with what was asked for: what is wrong with it is mended where it was written.
fn unread_page(state: &State, reader: &Reader, unread: &Unread) -> Response {
    let (snapshot, words) = (state.snapshot(), reader.messages);
    let page = UnreadPage {
        site: Site::of(state, &snapshot, "map", reader),
        heading: words.say("unread-heading"),
        choices: choices(&snapshot, &unread.list),
        at: visible(&unread.at).chars().take(ASKED_SHOWN_MAX).collect(),
    };
    html(StatusCode::BAD_REQUEST, reader, &page)
}

/// `/map.png`: the picture of a view. With the serial that it is of in its address it may be kept.
pub(in crate::http) async fn picture(
    Of(state): Of<State>,
    access: Access,
    Asked(query): Asked<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    access.count_look_up(&state)?;
    let view = View::of(&query, None).map_err(|_| Problem::malformed("there is no such part of the map"))?;
    let asked = query.iter().find(|(name, _)| name == "serial").and_then(|(_, serial)| serial.parse::<u64>().ok());
    blocking(move || {
        let snapshot = state.snapshot();
        let (serial, census) = census(&state, &snapshot, &view)?;
        let octets = picture::png(&census, view.part).map_err(|error| {
            tracing::error!(%error, "a map cannot be drawn");
            Problem::internal()
        })?;
        let kept = if asked == Some(serial.0) { "public, max-age=3600" } else { "no-cache" };
        let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, kept)];
        Ok((headers.map(|(name, value)| (name, HeaderValue::from_static(value))), octets).into_response())
    })
    .await
}

fn census(state: &State, snapshot: &Snapshot, view: &View) -> Result<(Serial, Arc<Census>), Problem> {
    let wanted = view.wanted(snapshot)?;
    let part = view.part;
    let count = || snapshot.census_v4(wanted, part.first, part.length, part.cell());
    Ok(state.map.get((wanted, part), snapshot.serial(), MAP_FRESH_TIME, count))
}

impl MapPage {
    fn of(site: Site, snapshot: &Snapshot, view: &View, (serial, census): &(Serial, Arc<Census>)) -> Self {
        let words = site.words();
        let part = view.part;
        let total: u64 = census.counts.iter().map(|count| u64::from(*count)).sum();
        let what = match &view.list {
            Some(list) => words.with("map-heading-list", "list", list),
            None => words.say("map-heading"),
        };
        let listed = words.count("map-listed", total);
        let grain = words.get("map-grain", &[("size", format!("/{}", part.cell()).into())]);
        let at = if part == Part::WHOLE { String::new() } else { part.to_string() };
        let list = view.list.as_ref().map(ListName::as_str).unwrap_or_default();
        Self {
            picture: format!("/map.png?list={list}&at={part}&serial={}", serial.0),
            label: words.get("map-label", &[("part", part.to_string().into()), ("listed", listed.as_str().into())]),
            lead: listed,
            squares: squares(view, census, words),
            rows: rows(view, census, words),
            outer: part.outer().map(|outer| Link {
                href: view.link(outer),
                name: if outer == Part::WHOLE { words.say("map-whole") } else { outer.to_string() },
            }),
            choices: choices(snapshot, list),
            heading: if at.is_empty() { what } else { format!("{what}: {at}") },
            at,
            shades: picture::shades(part.cell(), words),
            grain,
            site,
        }
    }
}

/// What lies in each of the 256 parts of the next step in.
fn parts(view: &View, census: &Census) -> Vec<(Part, u64)> {
    let each = census.counts.len() / 256;
    let sums = census.counts.chunks(each).map(|cells| cells.iter().map(|count| u64::from(*count)).sum());
    view.part.inner().zip(sums).collect()
}

fn inner_link(view: &View, part: Part) -> Option<String> {
    (part.length <= 16).then(|| view.link(part))
}

fn squares(view: &View, census: &Census, words: Messages) -> Vec<Square> {
    let side = picture::side(census) / 16;
    let square = |(part, count): (Part, u64)| {
        let Place { x, y } = Place::of(view.part, part);
        let title = words.get("map-square", &[("part", part.to_string().into()), ("number", super::figure(count))]);
        Square { x: x * side, y: y * side, side, title, href: inner_link(view, part), some: count > 0 }
    };
    parts(view, census).into_iter().map(square).collect()
}

/// The fullest parts, as a table.
fn rows(view: &View, census: &Census, words: Messages) -> Vec<Row> {
    let mut parts = parts(view, census);
    parts.retain(|(_, count)| *count > 0);
    parts.sort_by_key(|(part, count)| (std::cmp::Reverse(*count), part.first));
    let row = |(part, count): (Part, u64)| {
        let size = 1u64 << (32 - part.length);
        let hundredths = count * 10_000 / size;
        let share = match hundredths {
            0 => words.say("map-share-least"),
            _ => words.with("map-share", "percent", words.decimal(hundredths)),
        };
        Row { href: inner_link(view, part), part: part.to_string(), count: words.number(count), share }
    };
    parts.into_iter().take(MAP_ROWS_SHOWN).map(row).collect()
}

fn choices(snapshot: &Snapshot, current: &str) -> Vec<Choice> {
    let lists = snapshot.served().lists().filter(|(_, list)| list.family() == KeyFamily::Addresses);
    lists.map(|(_, list)| Choice { current: list.name.as_str() == current, name: list.name.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_part_is_read_as_people_write_it() {
        for (text, part) in [
            ("", "0.0.0.0/0"),
            ("10", "10.0.0.0/8"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.20", "10.20.0.0/16"),
            ("10.20.", "10.20.0.0/16"),
            ("10.20.30.40", "10.20.0.0/16"),
            ("10.20.30.40/12", "10.0.0.0/8"),
            ("10.20.30.0/24", "10.20.0.0/16"),
            ("10.0.0.0/4", "0.0.0.0/0"),
        ] {
            assert_eq!(Part::read(text).map(|part| part.to_string()).as_deref(), Some(part), "{text}");
        }
        for text in ["256", "10.x", "1.2.3.4.5", "10.0.0.0/33", "2001:db8::1", "/8"] {
            assert_eq!(Part::read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_part_is_one_of_the_three_steps(text in "[0-9./]{0,20}|\\PC{0,20}") {
            if let Some(part) = Part::read(&text) {
                prop_assert!(matches!(part.length, 0 | 8 | 16));
                prop_assert_eq!(Part::read(&part.to_string()), Some(part));
                prop_assert_eq!(part.first & u32::MAX.checked_shr(part.length.into()).unwrap_or(0), 0);
            }
        }
    }
}
