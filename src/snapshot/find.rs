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
#[derive(Clone)]
struct Labels<'a> {
    relative: &'a [u8],
    starts: ArrayVec<u8, 127>,
}

impl<'a> Labels<'a> {
    /// Splits wire labels; `None` for what is no name.
    fn of(relative: &'a [u8]) -> Option<Self> {
        // RFC 1035 2.3.4: no name is longer, so its key fits into its buffer.
        if relative.len() > 255 {
            return None;
        }
        let mut labels = Self { relative, starts: ArrayVec::new() };
        let mut at = 0;
        while at < relative.len() {
            labels.starts.try_push(u8::try_from(at).ok()?).ok()?;
            at += 1 + usize::from(relative[at]);
        }
        (at == relative.len()).then_some(labels)
    }

    /// How many they are.
    const fn len(&self) -> usize {
        self.starts.len()
    }

    /// One label, from the left.
    fn get(&self, place: usize) -> &'a [u8] {
        let start = usize::from(self.starts[place]);
        &self.relative[start + 1..=start + usize::from(self.relative[start])]
    }

    /// From the right.
    fn reversed(&self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).rev().map(|place| self.get(place))
    }

    fn last(&self) -> Option<&'a [u8]> {
        self.len().checked_sub(1).map(|place| self.get(place))
    }

    /// Takes the last label off.
    fn pop(&mut self) {
        if let Some(start) = self.starts.pop() {
            self.relative = &self.relative[..usize::from(start)];
        }
    }

    /// The last `number` labels, all where there are fewer.
    fn suffix(&self, number: usize) -> impl Iterator<Item = &'a [u8]> {
        (self.len().saturating_sub(number)..self.len()).map(|place| self.get(place))
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
            labels.pop();
            if labels.len() == 0 {
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
        let as_v4 = if labels.len() <= 4 { octets(labels) } else { None };
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

    /// Brings what looking up these IPv4 prefixes (with their lengths in bits) reads into the processor's cache. Each look-up
    /// alone waits for memory three times; a batch that is touched beforehand waits about as often as one. Changes no answer.
    pub fn touch_v4(&self, prefixes: &[(u32, u32)]) {
        // Not to be thrown out as unused.
        black_box(self.v4.touch(prefixes));
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
        if labels.len() != 1 {
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
    let mut end = labels.relative.len();
    for &start in labels.starts.iter().rev() {
        shift -= 8;
        prefix |= octet(&labels.relative[..end], end - usize::from(start) - 1)? << shift;
        end = usize::from(start);
    }
    Some((prefix, 32 - shift))
}

/// The IPv4 prefix of whole octets that a name in wire form begins with, and its length in bits: up to four octets, the last
/// one first, then no matter what.
#[must_use]
pub fn guess_v4(name: &[u8]) -> (u32, u32) {
    let (mut address, mut bits, mut end) = (0, 0, 0);
    while bits < 32
        && let Some(&length) = name.get(end)
        && let Some(label) = name.get(..end + 1 + usize::from(length))
        && let Some(octet) = octet(label, usize::from(length))
    {
        address = address >> 8 | octet << 24;
        bits += 8;
        end = label.len();
    }
    (address, bits)
}

/// By their number: what the digits of an octet count for, the last one last, and the least that they are without a zero
/// before them.
const DIGITS: [([u32; 3], u32); 4] = [([0, 0, 0], u32::MAX), ([0, 0, 1], 0), ([0, 10, 1], 10), ([100, 10, 1], 100)];

/// The canonical octet (no leading zero) whose `length` digits end `name`. No branch hangs on how many they are: the
/// processor cannot foresee that, and four wrong guesses a query would cost more than all the rest of its name.
fn octet(name: &[u8], length: usize) -> Option<u32> {
    let (weights, least) = DIGITS.get(length)?;
    // Only a name that begins with one digit has no three octets there.
    let digits = name.last_chunk().copied().unwrap_or_else(|| [0, 0, name.last().copied().unwrap_or_default()]);
    let (mut octet, mut beyond) = (0, 0);
    for (digit, weight) in digits.into_iter().zip(weights) {
        let digit = u32::from(digit.wrapping_sub(b'0'));
        octet += digit * weight;
        // What is no digit counts for more than 9.
        beyond += digit.saturating_sub(9) * weight;
    }
    (beyond == 0 && (*least..=255).contains(&octet)).then_some(octet)
}

/// The IPv6 prefix that reversed nibbles name, with its length in bits.
fn nibbles(labels: &Labels<'_>) -> Option<(u128, u32)> {
    if labels.len() > 32 {
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
        let served = &self.snapshot.served;
        let list = member.name.as_str().as_bytes();
        let facts = Facts { key, list, code: tags.code(0), public_url: served.public_url().as_bytes() };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_octet_is_canonical_or_none() {
        let read = |label: &str| octet([&[label.len() as u8], label.as_bytes()].concat().as_slice(), label.len());
        for number in 0..=999_u32 {
            assert_eq!(read(&number.to_string()), Some(number).filter(|number| *number <= 255));
        }
        for label in ["", "00", "01", "001", "010", "0255", "1000", "a", "1a", "a1", "/1", ":1", "\u{7f}\u{7f}"] {
            assert_eq!(read(label), None, "{label}");
        }
        assert_eq!(octet(b"\x02", 0), None);
    }

    #[test]
    fn octets_are_guessed_as_the_name_says_them() {
        assert_eq!(guess_v4(b"\x012\x010\x0210\x03127\x02bl\x04test\x00"), (0x7f0a_0002, 32));
        assert_eq!(guess_v4(b"\x0210\x03127\x02bl\x04test\x00"), (0x7f0a_0000, 16));
        for name in [&b"\x04test\x00"[..], b"\x03300\x00", b"\x01", b"\xff1", b""] {
            assert_eq!(guess_v4(name), (0, 0));
        }
    }
}
