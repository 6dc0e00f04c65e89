//! What is served: the lists, the zones and the sublists, compiled from the configuration once, for every query.
//!
//! Guarantees: a list has one bit of a 64-bit mask for as long as it is configured (`Served::succeed` keeps the bits of
//! the lists that stay); `never` has none, so no view can show it. Zones stand with the longest origin first.
//! Never: holds an entry; reads a clock (whether a zone is closed is decided for the time it is given).

use super::{
    ZoneSettings,
    text::Template,
    wirename::{AnswerName, push_labels},
};
use crate::{
    limits::LISTS_MAX,
    list::{Duration, HashKind, Key, KeyFamily, ListName, ListSettings, ListedName, MailHash, ReturnCode, Time},
};
use std::{net::IpAddr, sync::Arc};

/// Which list: the place of its bit. Given at start, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListIndex(u8);

/// The lists and zones of a configuration, ready to answer from.
#[derive(Debug)]
pub struct Served {
    lists: Vec<Option<Arc<ListSettings>>>,
    templates: Vec<Template>,
    never: Arc<ListSettings>,
    zones: Vec<Zone>,
    public_url: Box<str>,
    contact: Option<Box<str>>,
}

/// One zone with its views.
#[derive(Debug)]
pub struct Zone {
    place: usize,
    settings: ZoneSettings,
    origin: Box<[u8]>,
    primary: AnswerName,
    mailbox: AnswerName,
    family: ZoneFamily,
    combined: View,
    sublists: Vec<View>,
    closed: bool,
    inner: Box<[Box<str>]>,
}

/// What the names of a zone are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneFamily {
    /// Reversed octets and nibbles.
    Addresses,
    /// Domain names.
    Names,
    /// Hashes of mail addresses.
    Hashes,
}

/// The lists that answer together: those of the zone's combined answer, or the one of a sublist.
#[derive(Debug)]
pub(super) struct View {
    /// The sublist's label; empty for the combined answer.
    pub label: Box<[u8]>,
    /// One bit a list.
    pub lists: u64,
    /// Most severe first.
    pub members: Box<[Member]>,
    /// Addresses that are always listed here (RFC 5782 5), ascending.
    pub test_addresses: Box<[u32]>,
    /// Hashes of `noemail@example.com`, one for each way of hashing that a list here uses.
    pub test_hashes: Box<[MailHash]>,
}

/// A list in a view.
#[derive(Debug)]
pub(super) struct Member {
    pub list: ListIndex,
    pub name: ListName,
    pub code: ReturnCode,
    /// Seconds: the list's, else the zone's.
    pub ttl: u32,
    pub hash: HashKind,
}

/// Places of lists, `never` among them.
pub(super) const LIST_PLACES: usize = LISTS_MAX + 1;

/// Always listed in every zone of addresses (RFC 5782 5).
pub(super) const TEST_LISTED: u32 = 0x7f00_0002;
/// Never listed anywhere (RFC 5782 5).
pub(super) const TEST_UNLISTED: u32 = 0x7f00_0001;

impl ListIndex {
    /// The list that beats all others; it has no bit.
    pub const NEVER: Self = Self(LISTS_MAX as u8);

    pub(super) const fn at(place: usize) -> Self {
        Self(place as u8)
    }

    /// Its place, from 0; [`LISTS_MAX`] for `never`.
    #[must_use]
    pub const fn place(self) -> usize {
        self.0 as usize
    }

    /// Its bit; none for `never`.
    #[must_use]
    pub const fn bit(self) -> u64 {
        if self.0 == Self::NEVER.0 { 0 } else { 1 << self.0 }
    }

    /// The lists whose bits are set, by place.
    pub fn of_bits(bits: u64) -> impl Iterator<Item = Self> {
        (0..LISTS_MAX).filter(move |place| bits >> place & 1 != 0).map(Self::at)
    }
}

impl Served {
    /// Compiles a configuration: its lists without `never`, at most [`LISTS_MAX`]. `now` decides which zones are closed.
    #[must_use]
    pub fn new(lists: Vec<Arc<ListSettings>>, zones: Vec<ZoneSettings>, public_url: &str, now: Time) -> Self {
        Self::compile(lists.into_iter().take(LISTS_MAX).map(Some).collect(), zones, public_url, now)
    }

    /// Compiles the configuration that follows this one. A list that stays keeps its bit. [`Served::replaced`] then
    /// names the lists whose entries have to be resolved anew.
    #[must_use]
    pub fn succeed(
        &self,
        lists: Vec<Arc<ListSettings>>,
        zones: Vec<ZoneSettings>,
        public_url: &str,
        now: Time,
    ) -> Self {
        let mut places: Vec<Option<Arc<ListSettings>>> = vec![None; self.lists.len()];
        let mut fresh = Vec::new();
        for list in lists.into_iter().take(LISTS_MAX) {
            match self.list(&list.name) {
                Some(index) if index != ListIndex::NEVER => places[index.place()] = Some(list),
                _ => fresh.push(list),
            }
        }
        for list in fresh {
            // A bit that nobody has is taken before one that a list has just left.
            let unused = (0..places.len()).find(|&p| places[p].is_none() && self.lists[p].is_none());
            match unused {
                Some(place) => places[place] = Some(list),
                None if places.len() < LISTS_MAX => places.push(Some(list)),
                None => {
                    let left = places.iter().position(Option::is_none).expect("at most LISTS_MAX lists");
                    places[left] = Some(list);
                }
            }
        }
        Self::compile(places, zones, public_url, now)
    }

    fn compile(lists: Vec<Option<Arc<ListSettings>>>, zones: Vec<ZoneSettings>, public_url: &str, now: Time) -> Self {
        let templates = lists.iter().map(|list| Template::parse(list.as_ref().map_or("", |list| &list.text))).collect();
        let contact = zones.first().map(|zone| zone.contact.as_str().into());
        let mut zones: Vec<_> = zones.into_iter().map(|settings| Zone::compile(settings, &lists, now)).collect();
        zones.sort_by_key(|zone| std::cmp::Reverse(zone.origin.len()));
        let origins: Vec<ListedName> = zones.iter().map(|zone| zone.settings.origin.clone()).collect();
        for (place, zone) in zones.iter_mut().enumerate() {
            zone.place = place;
            zone.inner = origins
                .iter()
                .filter_map(|origin| origin.labels_before(&zone.settings.origin))
                .map(Into::into)
                .collect();
        }
        let public_url = public_url.trim_end_matches('/').into();
        Self { lists, templates, never: Arc::new(ListSettings::never()), zones, public_url, contact }
    }

    /// Where the list of this name stands; `never` is known too.
    #[must_use]
    pub fn list(&self, name: &ListName) -> Option<ListIndex> {
        if name.is_never() {
            return Some(ListIndex::NEVER);
        }
        self.lists().find(|(_, list)| list.name == *name).map(|(index, _)| index)
    }

    /// What the configuration says about a list of this snapshot.
    #[must_use]
    pub fn settings(&self, list: ListIndex) -> Option<&Arc<ListSettings>> {
        if list == ListIndex::NEVER { Some(&self.never) } else { self.lists.get(list.place())?.as_ref() }
    }

    /// All configured lists, without `never`, by place.
    pub fn lists(&self) -> impl Iterator<Item = (ListIndex, &Arc<ListSettings>)> {
        self.lists.iter().enumerate().filter_map(|(place, list)| Some((ListIndex::at(place), list.as_ref()?)))
    }

    /// All zones, the longest origin first.
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// What goes before every key in the URLs, without a final slash.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Who answers for the zone that the configuration names first: a mail address.
    #[must_use]
    pub fn contact(&self) -> Option<&str> {
        self.contact.as_deref()
    }

    /// The longest that a resolver may keep an answer of the list, or of any list. Nothing where none is served.
    #[must_use]
    pub fn remembered(&self, list: Option<&ListName>) -> Duration {
        let views = self.zones.iter().flat_map(|zone| zone.sublists.iter().chain([&zone.combined]));
        let members = views.flat_map(|view| &view.members);
        let ttls = members.filter(|member| list.is_none_or(|list| member.name == *list)).map(|member| member.ttl);
        Duration::from_seconds(ttls.max().unwrap_or_default())
    }

    /// The places that hold another list than in `before`, or one where there was none, or none any more: what stood
    /// there has to be resolved anew, with the entries of the new list or with none.
    #[must_use]
    pub fn replaced(&self, before: &Self) -> Vec<ListIndex> {
        let name = |served: &Self, place: usize| {
            served.lists.get(place).and_then(Option::as_ref).map(|list| (list.name.clone(), list.family()))
        };
        let places = self.lists.len().max(before.lists.len());
        (0..places).filter(|&place| name(self, place) != name(before, place)).map(ListIndex::at).collect()
    }

    /// The lists that answer otherwise than in `before`, although their entries are the same.
    pub(super) fn reworded(&self, before: &Self) -> u64 {
        let shown = |served: &Self, place: usize| {
            let list = served.lists.get(place)?.as_ref()?;
            Some((list.name.clone(), list.code, list.text.clone(), list.ttl, list.hash))
        };
        let changed = |place: &usize| shown(self, *place) != shown(before, *place);
        let all = if self.public_url == before.public_url { 0 } else { u64::MAX };
        (0..self.lists.len()).filter(changed).fold(all, |bits, place| bits | ListIndex::at(place).bit())
    }

    pub(super) fn template(&self, list: ListIndex) -> &Template {
        &self.templates[list.place()]
    }

    /// The zone that answers for `name` (wire form with the root, lower case) and the octets of `name` before its origin.
    #[must_use]
    pub fn zone_of(&self, name: &[u8]) -> Option<(&Zone, usize)> {
        self.zones.iter().find_map(|zone| {
            let relative = name.len().checked_sub(zone.origin.len())?;
            (name[relative..] == *zone.origin && is_label_border(name, relative)).then_some((zone, relative))
        })
    }
}

/// Whether a label begins at `border`, which lies inside `name`.
fn is_label_border(name: &[u8], border: usize) -> bool {
    let mut at = 0;
    while at < border {
        at += 1 + usize::from(name[at]);
    }
    at == border
}

impl Zone {
    fn compile(settings: ZoneSettings, lists: &[Option<Arc<ListSettings>>], now: Time) -> Self {
        let member = |name: &ListName| {
            let (place, list) =
                lists.iter().enumerate().find_map(|(p, l)| Some((p, l.as_ref()?)).filter(|l| l.1.name == *name))?;
            let ttl = list.ttl.unwrap_or(settings.ttl).seconds();
            let (list, hash, code) = (ListIndex::at(place), list.hash, list.code);
            Some(Member { list, name: name.clone(), code, ttl, hash })
        };
        let combined: Vec<_> = settings.lists.iter().filter_map(member).collect();
        let all = || settings.lists.iter().chain(&settings.sublists_only);
        let sublists =
            all().filter_map(member).map(|m| View::new(m.name.as_str().as_bytes().into(), vec![m])).collect();
        let family = all().find_map(|name| lists.iter().flatten().find(|list| list.name == *name));
        let family = match family.map(|list| list.family()) {
            Some(KeyFamily::Names) => ZoneFamily::Names,
            Some(KeyFamily::Hashes(_)) => ZoneFamily::Hashes,
            Some(KeyFamily::Addresses | KeyFamily::Any) | None => ZoneFamily::Addresses,
        };
        let name = settings.origin.name();
        let mut origin = Vec::new();
        push_labels(name, &mut origin);
        origin.push(0);
        let primary = AnswerName::new(settings.primary().name(), name);
        let mailbox = AnswerName::of_mailbox(&settings.contact, name);
        let closed = settings.is_over(now);
        let combined = View::new(Box::default(), combined);
        Self {
            place: 0,
            origin: origin.into(),
            primary,
            mailbox,
            settings,
            family,
            combined,
            sublists,
            closed,
            inner: Box::default(),
        }
    }

    /// What the configuration says about it.
    #[must_use]
    pub const fn settings(&self) -> &ZoneSettings {
        &self.settings
    }

    /// Its place among [`Served::zones`].
    #[must_use]
    pub const fn place(&self) -> usize {
        self.place
    }

    /// The zones inside it: the labels of their origins before its own, with dots.
    pub fn inner(&self) -> impl Iterator<Item = &str> {
        self.inner.iter().map(AsRef::as_ref)
    }

    /// Its origin in wire form with the root, lower case.
    #[must_use]
    pub const fn origin(&self) -> &[u8] {
        &self.origin
    }

    /// [`ZoneSettings::primary`].
    #[must_use]
    pub const fn primary(&self) -> &AnswerName {
        &self.primary
    }

    /// The mailbox of who answers for it: RNAME of the SOA.
    #[must_use]
    pub const fn mailbox(&self) -> &AnswerName {
        &self.mailbox
    }

    /// What its names are made of.
    #[must_use]
    pub const fn family(&self) -> ZoneFamily {
        self.family
    }

    /// Whether it has closed (RFC 6471 3.4): nothing is listed, not even test points.
    #[must_use]
    pub const fn closed(&self) -> bool {
        self.closed
    }

    /// What it says of itself: its text, and the day from which it lists nothing (RFC 6471 3.4).
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let closing = self.settings.closing.map(|day| {
            let (name, verb) = (self.settings.origin.name(), if self.closed { "was closed" } else { "will be closed" });
            format!("{name} {verb} on {day}: it lists nothing from then on, please stop asking it")
        });
        self.settings.text.iter().cloned().chain(closing).collect()
    }

    /// TTL of its records, seconds.
    #[must_use]
    pub const fn ttl(&self) -> Duration {
        self.settings.ttl
    }

    /// The lists of its combined answer, most severe first.
    pub fn lists(&self) -> impl Iterator<Item = ListIndex> {
        self.combined.members.iter().map(|member| member.list)
    }

    /// All lists that are served here, those of sublists too: a change of one of them changes the zone.
    #[must_use]
    pub fn all_lists(&self) -> u64 {
        self.sublists.iter().fold(0, |bits, view| bits | view.lists)
    }

    pub(super) const fn combined(&self) -> &View {
        &self.combined
    }

    pub(super) fn sublist(&self, label: &[u8]) -> Option<&View> {
        // Octets and nibbles are far more frequent; none is as long as the shortest list's name and begins with a letter.
        if label.len() < 2 || !label[0].is_ascii_lowercase() {
            return None;
        }
        self.sublists.iter().find(|view| *view.label == *label)
    }

    /// The labels before the origin by which `key` is asked for: reversed octets or nibbles of a host, a bare name, a
    /// hash; with `sublist` those in the list's own zone. `None` for a key that no name here stands for: a prefix, or a key of another family.
    #[must_use]
    pub fn relative(&self, key: &Key, sublist: Option<&ListName>) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(64);
        match (self.family, key) {
            (ZoneFamily::Addresses, Key::Prefix(prefix)) if prefix.is_host() => match prefix.first() {
                IpAddr::V4(v4) => v4.octets().iter().rev().for_each(|octet| push_labels(&octet.to_string(), &mut out)),
                IpAddr::V6(v6) => {
                    for octet in v6.octets().iter().rev() {
                        push_labels(&format!("{:x}.{:x}", octet & 15, octet >> 4), &mut out);
                    }
                }
            },
            (ZoneFamily::Names, Key::Name(name)) => push_labels(name.name(), &mut out),
            (ZoneFamily::Hashes, Key::Hash(hash)) => push_labels(&hash.to_string(), &mut out),
            _ => return None,
        }
        if let Some(list) = sublist {
            push_labels(list.as_str(), &mut out);
        }
        Some(out)
    }
}

impl View {
    fn new(label: Box<[u8]>, members: Vec<Member>) -> Self {
        let lists = members.iter().fold(0, |bits, member| bits | member.list.bit());
        let mut test_addresses: Vec<_> = members.iter().map(|member| u32::from_be_bytes(member.code.rdata())).collect();
        if !members.is_empty() {
            test_addresses.push(TEST_LISTED);
        }
        test_addresses.sort_unstable();
        test_addresses.dedup();
        let mut kinds: Vec<_> = members.iter().map(|member| member.hash).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let test_hashes = kinds.into_iter().map(|kind| test_hash(kind, "noemail@example.com")).collect();
        Self { label, lists, members: members.into(), test_addresses: test_addresses.into(), test_hashes }
    }
}

/// The hash of one of the mail addresses that are always or never listed.
pub(super) fn test_hash(kind: HashKind, address: &str) -> MailHash {
    MailHash::of_address(kind, address).expect("a mail address")
}
