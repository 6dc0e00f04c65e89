//! The question: what does a zone say about a name?
//!
//! Guarantees: DESIGN 4.4 for what is listed, what is an empty non-terminal and what is nothing; test points beat entries
//! and `never`; no allocation, no lock.
//! Never: reads a packet or writes an answer.

use super::{
    ListIndex, Snapshot, Zone, ZoneFamily,
    key::{self, NameKey},
    served::{Member, TEST_LISTED, TEST_UNLISTED, View, test_hash},
    sets::SetTag,
    text::{self, Facts, TXT_OCTETS_MAX, Template},
};
use crate::list::{HashKind, ListName, MailHash, ReturnCode};
use arrayvec::ArrayVec;
use std::{
    hint::black_box,
    io::Write as _,
    net::{Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

/// What stands at a name.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// Records: A and TXT.
    Listed(Listed<'a>),
    /// An empty non-terminal, the apex of a sublist among them: NOERROR without data.
    Above,
    /// The zone's own records.
    Apex,
    /// NXDOMAIN.
    Nothing,
}

/// A listing, as one zone or sublist answers it.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    snapshot: &'a Snapshot,
    view: &'a View,
    says: Says<'a>,
    asked: Asked<'a>,
}

/// Where the answer comes from.
#[derive(Clone, Copy, Debug)]
enum Says<'a> {
    Tags(&'a [SetTag]),
    /// The test point of all lists, or of those that hash in one way.
    Test(Option<HashKind>),
    /// The test point of one code.
    TestCode(ReturnCode),
}

#[derive(Clone, Copy, Debug)]
enum Asked<'a> {
    V4(u32),
    V6(u128),
    /// The labels before the origin or the sublist.
    Name(&'a [u8]),
    /// One label without its length.
    Hash(&'a [u8]),
}

/// The labels of a relative name, found once: where each begins. A name has at most 127, all within 255 octets.
#[derive(Clone, Copy)]
struct Labels<'a> {
    relative: &'a [u8],
    starts: [u8; 128],
    count: usize,
}

impl<'a> Labels<'a> {
    /// Splits wire labels; `None` for what is no name.
    fn of(relative: &'a [u8]) -> Option<Self> {
        // RFC 1035 2.3.4: no name is longer, so its key fits into its buffer.
        if relative.len() > 255 {
            return None;
        }
        let mut labels = Self { relative, starts: [0; 128], count: 0 };
        let mut at = 0;
        while at < relative.len() {
            *labels.starts.get_mut(labels.count)? = u8::try_from(at).ok()?;
            at += 1 + usize::from(relative[at]);
            labels.count += 1;
        }
        (at == relative.len()).then_some(labels)
    }

    /// One label, from the left.
    fn get(&self, place: usize) -> &'a [u8] {
        let start = usize::from(self.starts[place]);
        &self.relative[start + 1..=start + usize::from(self.relative[start])]
    }

    /// From the right.
    fn reversed(&self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.count).rev().map(|place| self.get(place))
    }

    fn last(&self) -> Option<&'a [u8]> {
        self.count.checked_sub(1).map(|place| self.get(place))
    }

    /// Without the last label.
    fn without_last(mut self) -> Self {
        if let Some(last) = self.last() {
            self.relative = &self.relative[..self.relative.len() - 1 - last.len()];
            self.count -= 1;
        }
        self
    }

    /// The last `number` labels, all where there are fewer.
    fn suffix(&self, number: usize) -> impl Iterator<Item = &'a [u8]> {
        (self.count.saturating_sub(number)..self.count).map(|place| self.get(place))
    }
}

static UNLISTED_HASHES: LazyLock<[MailHash; 3]> = LazyLock::new(|| {
    [HashKind::Md5, HashKind::Sha1, HashKind::Sha256].map(|kind| test_hash(kind, "invalid@example.com"))
});

impl Snapshot {
    /// What `zone` says about the name whose labels before the origin are `relative`: wire form, lower case, no root.
    #[must_use]
    pub fn find<'a>(&'a self, zone: &'a Zone, relative: &'a [u8]) -> Found<'a> {
        if relative.is_empty() {
            return Found::Apex;
        }
        let Some(mut labels) = Labels::of(relative) else { return Found::Nothing };
        let mut view = zone.combined();
        if let Some(sublist) = labels.last().and_then(|label| zone.sublist(label)) {
            view = sublist;
            labels = labels.without_last();
            if labels.count == 0 {
                return Found::Above;
            }
        }
        if zone.closed() {
            return Found::Nothing;
        }
        match zone.family() {
            ZoneFamily::Addresses => self.find_address(view, &labels),
            ZoneFamily::Names => self.find_name(view, &labels),
            ZoneFamily::Hashes => self.find_hash(view, &labels),
        }
    }

    fn find_address<'a>(&'a self, view: &'a View, labels: &Labels<'a>) -> Found<'a> {
        let as_v4 = if labels.count <= 4 { octets(labels) } else { None };
        if let Some((prefix, bits)) = as_v4 {
            if bits == 32
                && let Some(listed) = self.listed_v4(view, prefix, Asked::V4(prefix))
            {
                return Found::Listed(listed);
            }
            if bits < 32 && self.any_v4(view, prefix, bits) {
                return Found::Above;
            }
        }
        match nibbles(labels) {
            Some((address, 128)) => self.find_v6(view, address),
            Some((prefix, bits)) if self.any_v6(view, prefix, bits) => Found::Above,
            _ => Found::Nothing,
        }
    }

    fn find_v6<'a>(&'a self, view: &'a View, address: u128) -> Found<'a> {
        let embedded = crate::list::embedded_v4(Ipv6Addr::from(address));
        let listed = if let Some(v4) = embedded {
            let asked = if address >> 112 == 0x2002 { Asked::V6(address) } else { Asked::V4(v4.into()) };
            self.listed_v4(view, v4.into(), asked)
        } else {
            self.listed(view, self.v6.get(&key::v6(address)), Asked::V6(address))
        };
        listed.map_or(Found::Nothing, Found::Listed)
    }

    /// Brings what looking up these IPv4 addresses reads first into the processor's cache. Each look-up alone waits for memory
    /// twice; a batch that is touched beforehand waits about as often as one. Changes no answer.
    pub fn touch_v4(&self, addresses: &[u32]) {
        // Not to be thrown out as unused.
        black_box(self.v4.touch(addresses));
    }

    fn listed_v4<'a>(&'a self, view: &'a View, address: u32, asked: Asked<'a>) -> Option<Listed<'a>> {
        let test = |says| Some(Listed { snapshot: self, view, says, asked });
        match address {
            TEST_UNLISTED => return None,
            TEST_LISTED if !view.members.is_empty() => return test(Says::Test(None)),
            // All codes are in 127.0.0.0/8.
            0x7f00_0000..=0x7fff_ffff => {
                let code = view.members.iter().map(|m| m.code).find(|c| u32::from_be_bytes(c.rdata()) == address);
                if let Some(code) = code {
                    return test(Says::TestCode(code));
                }
            }
            _ => {}
        }
        self.listed(view, self.v4.get(address), asked)
    }

    fn listed<'a>(&'a self, view: &'a View, set: super::sets::SetId, asked: Asked<'a>) -> Option<Listed<'a>> {
        let shown = self.sets.mask(set) & view.lists != 0;
        shown.then(|| Listed { snapshot: self, view, says: Says::Tags(self.sets.tags(set)), asked })
    }

    /// Whether anything is listed in the IPv4 prefix, test points included.
    fn any_v4(&self, view: &View, prefix: u32, bits: u32) -> bool {
        let last = prefix | u32::MAX.checked_shr(bits).unwrap_or(0);
        let test = view.test_addresses.iter().any(|test| (prefix..=last).contains(test));
        test || self.v4.any(prefix, last, &self.sets, view.lists)
    }

    /// Whether anything is listed in the IPv6 prefix of whole nibbles, the parts that follow the IPv4 entries included.
    fn any_v6(&self, view: &View, prefix: u128, bits: u32) -> bool {
        let last = prefix | u128::MAX.checked_shr(bits).unwrap_or(0);
        let embedded = |base: u128, base_bits: u32| {
            let inside = prefix >> (128 - base_bits) == base >> (128 - base_bits);
            if bits <= base_bits {
                return (prefix..=last).contains(&base) && self.any_v4(view, 0, 0);
            }
            let v4_bits = (bits - base_bits).min(32);
            let v4 = (prefix >> (96 - base_bits)) as u32;
            if !inside {
                false
            } else if v4_bits == 32 {
                self.listed_v4(view, v4, Asked::V4(v4)).is_some()
            } else {
                self.any_v4(view, v4, v4_bits)
            }
        };
        let end = last.checked_add(1).map(key::v6);
        self.v6.any(&key::v6(prefix), end.as_deref(), &self.sets, view.lists)
            || embedded(0xffff << 32, 96)
            || embedded(0x2002 << 112, 16)
    }

    fn find_name<'a>(&'a self, view: &'a View, labels: &Labels<'a>) -> Found<'a> {
        let relative = labels.relative;
        match labels.last().unwrap_or_default() {
            b"test" if !view.members.is_empty() => {
                let asked = Asked::Name(relative);
                return Found::Listed(Listed { snapshot: self, view, says: Says::Test(None), asked });
            }
            b"invalid" => return Found::Nothing,
            _ => {}
        }
        let key = NameKey::of_asked(labels.reversed());
        if let Some(listed) = self.listed(view, self.names.get(key.itself()), Asked::Name(relative)) {
            return Found::Listed(listed);
        }
        let (from, end) = (key.below(), key.end());
        if self.names.any(from, Some(&end), &self.sets, view.lists) { Found::Above } else { Found::Nothing }
    }

    fn find_hash<'a>(&'a self, view: &'a View, labels: &Labels<'a>) -> Found<'a> {
        if labels.count != 1 {
            return Found::Nothing;
        }
        let label = labels.get(0);
        let Some((kind, octets)) = key::hash_of_label(label) else { return Found::Nothing };
        if view.test_hashes.iter().any(|test| test.kind() == kind && test.octets() == &octets[..]) {
            let says = Says::Test(Some(kind));
            return Found::Listed(Listed { snapshot: self, view, says, asked: Asked::Hash(label) });
        }
        if UNLISTED_HASHES.iter().any(|test| test.kind() == kind && test.octets() == &octets[..]) {
            return Found::Nothing;
        }
        let set = self.hashes.get(&key::hash(kind, &octets));
        self.listed(view, set, Asked::Hash(label)).map_or(Found::Nothing, Found::Listed)
    }
}

/// The IPv4 prefix that reversed octets name, with its length in bits; at most four labels.
fn octets(labels: &Labels<'_>) -> Option<(u32, u32)> {
    let mut prefix = 0;
    let mut shift = 32;
    for label in labels.reversed() {
        shift -= 8;
        prefix |= octet(label)? << shift;
    }
    Some((prefix, 32 - shift))
}

/// A canonical octet: no leading zero.
fn octet(label: &[u8]) -> Option<u32> {
    let digit = |b: u8| b.is_ascii_digit().then(|| u32::from(b - b'0'));
    match *label {
        [a] => digit(a),
        [a, b] if a != b'0' => Some(digit(a)? * 10 + digit(b)?),
        [a, b, c] if a != b'0' => Some(digit(a)? * 100 + digit(b)? * 10 + digit(c)?).filter(|octet| *octet <= 255),
        _ => None,
    }
}

/// The IPv6 prefix that reversed nibbles name, with its length in bits.
fn nibbles(labels: &Labels<'_>) -> Option<(u128, u32)> {
    if labels.count > 32 {
        return None;
    }
    let mut prefix = 0;
    let mut shift = 128;
    for label in labels.reversed() {
        let [digit] = *label else { return None };
        shift -= 4;
        prefix |= u128::from(nibble(digit)?) << shift;
    }
    Some((prefix, 128 - shift))
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl<'a> Listed<'a> {
    /// The members of the view that list what was asked, with their tags.
    fn members(&self) -> impl Iterator<Item = (&'a Member, Tags<'a>)> + use<'a> {
        let says = self.says;
        let members = self.view.members.iter();
        members.filter_map(move |member| {
            let tags = match says {
                Says::Tags(tags) => {
                    let first = tags.iter().position(|tag| tag.list == member.list)?;
                    let tags = &tags[first..];
                    let end = tags.iter().position(|tag| tag.list != member.list).unwrap_or(tags.len());
                    Tags::Set(&tags[..end])
                }
                Says::Test(kind) if kind.is_none_or(|kind| kind == member.hash) => Tags::Own(member.code),
                Says::TestCode(code) if code == member.code => Tags::Own(code),
                Says::Test(_) | Says::TestCode(_) => return None,
            };
            Some((member, tags))
        })
    }

    fn all_codes(&self) -> impl Iterator<Item = ReturnCode> + use<'a> {
        self.members().flat_map(|(_, tags)| (0..tags.len()).map(move |place| tags.code(place)))
    }

    /// The codes to answer: the lists in the view's order, codes ascending inside a list, each code once.
    pub fn codes(&self) -> impl Iterator<Item = ReturnCode> + use<'a> {
        let this = *self;
        let first = move |&(place, code): &(usize, ReturnCode)| !this.all_codes().take(place).any(|c| c == code);
        self.all_codes().enumerate().filter(first).map(|(_, code)| code)
    }

    /// TTL of the records, seconds: the smallest of the lists'.
    #[must_use]
    pub fn ttl(&self) -> u32 {
        self.members().map(|(member, _)| member.ttl).min().unwrap_or(0)
    }

    /// The lists that hold what was asked, in the view's order.
    pub fn lists(&self) -> impl Iterator<Item = (ListIndex, &'a ListName)> + use<'a> {
        self.members().map(|(member, _)| (member.list, &member.name))
    }

    /// Whether this is a test point (RFC 5782 5).
    #[must_use]
    pub const fn is_test_point(&self) -> bool {
        !matches!(self.says, Says::Tags(_))
    }

    /// The TXT string: `out` is emptied first.
    pub fn text(&self, out: &mut ArrayVec<u8, TXT_OCTETS_MAX>) {
        out.clear();
        let Some((member, tags)) = self.members().next() else { return };
        let mut buffer = ArrayVec::new();
        let key = self.key(tags, &mut buffer);
        let (mut code, served) = (ArrayVec::<u8, 15>::new(), &self.snapshot.served);
        // 15 octets hold the longest IPv4 address.
        let _ = write!(code, "{}", tags.code(0));
        let list = member.name.as_str().as_bytes();
        let facts = Facts { key, list, code: &code, public_url: served.public_url().as_bytes() };
        let also = self.members().skip(1).map(|(member, _)| member.name.as_str().as_bytes());
        let own = tags.text(0).and_then(|text| self.snapshot.text(member.list, text));
        if self.is_test_point() {
            text::compose(&TEST_TEXT, &facts, std::iter::empty(), out);
        } else {
            text::compose(own.unwrap_or_else(|| served.template(member.list)), &facts, also, out);
        }
    }

    /// The key as it stands in the URL: the address asked, or the name or hash that decided.
    fn key<'b>(&self, tags: Tags<'_>, out: &'b mut ArrayVec<u8, 256>) -> &'b [u8] {
        match self.asked {
            Asked::V4(address) => drop(write!(out, "{}", Ipv4Addr::from(address))),
            Asked::V6(address) => drop(write!(out, "{}", Ipv6Addr::from(address))),
            Asked::Hash(label) => text::push(out, label),
            Asked::Name(relative) => {
                let labels = Labels::of(relative);
                // A test name is decided by its last label.
                for label in labels.iter().flat_map(|labels| labels.suffix(tags.labels().max(1))) {
                    if !out.is_empty() {
                        text::push(out, b".");
                    }
                    text::push(out, label);
                }
            }
        }
        out
    }
}

static TEST_TEXT: LazyLock<Template> =
    LazyLock::new(|| Template::parse("{address} is a test entry (RFC 5782), no listing"));

/// The tags of one list in an answer.
#[derive(Clone, Copy)]
enum Tags<'a> {
    Set(&'a [SetTag]),
    Own(ReturnCode),
}

impl Tags<'_> {
    const fn len(&self) -> usize {
        match self {
            Self::Set(tags) => tags.len(),
            Self::Own(_) => 1,
        }
    }

    fn code(&self, place: usize) -> ReturnCode {
        match self {
            Self::Set(tags) => tags[place].tag.code,
            Self::Own(code) => *code,
        }
    }

    fn text(&self, place: usize) -> Option<crate::list::TextId> {
        match self {
            Self::Set(tags) => tags[place].tag.text,
            Self::Own(_) => None,
        }
    }

    fn labels(&self) -> usize {
        match self {
            Self::Set(tags) => usize::from(tags[0].labels),
            Self::Own(_) => 0,
        }
    }
}
