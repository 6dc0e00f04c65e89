//! What rows hold: the octets of entries, details, history, undo.
//!
//! ```text
//! entry    flags (1)  [code, its last 3 octets]  [text (2)]  first seen (4)  [last seen (4)]  [expires (4)]
//!          flags: 1 excluded, 2 code, 4 text, 8 expires, 16 last seen differs from first seen
//! detail   reason, public, private: each its length (2) and its octets; nothing at all where all are empty
//! ```
//!
//! Guarantees: an entry has at most [`ENTRY_OCTETS_MAX`] octets; what is written is read back; octets that nobody wrote are
//! refused, not guessed.
//! Never: knows a row's key.

use super::ReadError;
use crate::list::{Detail, Entry, Mark, ReturnCode, Serial, SourceName, TextId, Time};
use std::net::Ipv4Addr;

/// Octets of an entry at most: DESIGN allows 32.
pub(super) const ENTRY_OCTETS_MAX: usize = 18;

const EXCLUDED: u8 = 1;
const CODE: u8 = 2;
const TEXT: u8 = 4;
const EXPIRES: u8 = 8;
const SEEN: u8 = 16;

/// Octets yet to be read.
pub(super) struct Octets<'a>(pub &'a [u8]);

impl<'a> Octets<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(super) fn time(&mut self) -> Option<Time> {
        self.u32().map(Time::from_seconds)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.u16()?;
        std::str::from_utf8(self.take(length.into())?).ok()
    }
}

/// Appends a text, cut to what its length can say. Policy admits none near that.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    let mut length = text.len().min(usize::from(u16::MAX));
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    out.extend((length as u16).to_be_bytes());
    out.extend(&text.as_bytes()[..length]);
}

/// Appends an entry.
pub(super) fn put_entry(out: &mut Vec<u8>, entry: &Entry) {
    let flag = |on: bool, flag: u8| if on { flag } else { 0 };
    out.push(
        flag(entry.mark == Mark::Excluded, EXCLUDED)
            | flag(entry.code.is_some(), CODE)
            | flag(entry.text.is_some(), TEXT)
            | flag(entry.expires.is_some(), EXPIRES)
            | flag(entry.last_seen != entry.first_seen, SEEN),
    );
    if let Some(code) = entry.code {
        out.extend(&code.rdata()[1..]);
    }
    if let Some(TextId(text)) = entry.text {
        out.extend(text.to_be_bytes());
    }
    out.extend(entry.first_seen.seconds().to_be_bytes());
    if entry.last_seen != entry.first_seen {
        out.extend(entry.last_seen.seconds().to_be_bytes());
    }
    if let Some(expires) = entry.expires {
        out.extend(expires.seconds().to_be_bytes());
    }
}

pub(super) fn entry_octets(entry: &Entry) -> Vec<u8> {
    let mut out = Vec::with_capacity(ENTRY_OCTETS_MAX);
    put_entry(&mut out, entry);
    out
}

/// Takes an entry from the front of `octets`.
pub(super) fn take_entry(octets: &mut Octets<'_>) -> Option<Entry> {
    let flags = octets.u8()?;
    if flags & !(EXCLUDED | CODE | TEXT | EXPIRES | SEEN) != 0 {
        return None;
    }
    let mark = if flags & EXCLUDED == 0 { Mark::Listed } else { Mark::Excluded };
    let code = if flags & CODE == 0 {
        None
    } else {
        let [b, c, d] = octets.take(3)?.try_into().ok()?;
        Some(ReturnCode::try_from(Ipv4Addr::new(127, b, c, d)).ok()?)
    };
    let text = if flags & TEXT == 0 { None } else { Some(TextId(octets.u16()?)) };
    let first_seen = octets.time()?;
    let last_seen = if flags & SEEN == 0 { first_seen } else { octets.time()? };
    let expires = if flags & EXPIRES == 0 { None } else { Some(octets.time()?) };
    Some(Entry { mark, code, text, first_seen, last_seen, expires })
}

/// The entry that `octets` are.
pub(super) fn read_entry(octets: &[u8]) -> Option<Entry> {
    let mut octets = Octets(octets);
    take_entry(&mut octets).filter(|_| octets.0.is_empty())
}

/// Appends a detail; nothing where it is empty.
pub(super) fn put_detail(out: &mut Vec<u8>, detail: &Detail) {
    if !detail.is_empty() {
        for text in [&detail.reason, &detail.public, &detail.private] {
            put_text(out, text);
        }
    }
}

/// The detail that `octets` are.
pub(super) fn read_detail(octets: &[u8]) -> Option<Detail> {
    if octets.is_empty() {
        return Some(Detail::default());
    }
    let mut octets = Octets(octets);
    let detail =
        Detail { reason: octets.text()?.into(), public: octets.text()?.into(), private: octets.text()?.into() };
    octets.0.is_empty().then_some(detail)
}

/// Why an entry is no longer as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Why {
    /// Its source took it back.
    Removed = 1,
    /// Its time came.
    Expired = 2,
    /// Its source's next body did not hold it.
    Replaced = 3,
    /// Its source said something else of the same key: mark, code or text.
    Changed = 4,
    /// An operator emptied the source or the list.
    Purged = 5,
    /// An operator went back to what the source held before.
    Undone = 6,
    /// An exclusion made by a removal or a retest: newer evidence came.
    Outweighed = 7,
}

impl Why {
    fn read(octet: u8) -> Option<Self> {
        use Why::{Changed, Expired, Outweighed, Purged, Removed, Replaced, Undone};
        [Removed, Expired, Replaced, Changed, Purged, Undone, Outweighed].into_iter().find(|why| *why as u8 == octet)
    }

    /// One word for it, as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::Changed => "changed",
            Self::Purged => "purged",
            Self::Undone => "undone",
            Self::Outweighed => "outweighed",
        }
    }
}

/// An entry that is no longer in force, or no longer so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Whose it was. By name: the source may be gone.
    pub source: SourceName,
    /// What it said.
    pub mark: Mark,
    /// Its code; `None`: the list's.
    pub code: Option<ReturnCode>,
    /// Its own text.
    pub text: Option<Box<str>>,
    /// Its reason.
    pub reason: Box<str>,
    /// Since when it was so.
    pub from: Time,
    /// When it left.
    pub until: Time,
    /// Why it left.
    pub why: Why,
    /// The commit that ended it.
    pub serial: Serial,
}

pub(super) fn past_octets(past: &Past) -> Vec<u8> {
    let mut out = vec![past.why as u8];
    // An entry holds what a past holds: mark, code, from, until. One layout, one reader.
    let text = past.text.as_ref().map(|_| TextId(0));
    let (mark, code, first_seen, last_seen) = (past.mark, past.code, past.from, past.until);
    put_entry(&mut out, &Entry { mark, code, text, first_seen, last_seen, expires: None });
    out.extend(past.serial.0.to_be_bytes());
    for text in [past.source.as_str(), &past.reason, past.text.as_deref().unwrap_or_default()] {
        put_text(&mut out, text);
    }
    out
}

pub(super) fn read_past(octets: &[u8]) -> Option<Past> {
    let mut octets = Octets(octets);
    let why = Why::read(octets.u8()?)?;
    let entry = take_entry(&mut octets)?;
    let serial = Serial(octets.u64()?);
    let source = octets.text()?.parse().ok()?;
    let reason = octets.text()?.into();
    let text = octets.text()?;
    let past = Past {
        source,
        mark: entry.mark,
        code: entry.code,
        text: entry.text.map(|_| text.into()),
        reason,
        from: entry.first_seen,
        until: entry.last_seen,
        why,
        serial,
    };
    octets.0.is_empty().then_some(past)
}

/// What stood at a key before: nothing, or an entry and its detail.
pub type Before = Option<(Entry, Detail)>;

pub(super) fn before_octets(before: Option<(&Entry, &Detail)>) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some((entry, detail)) = before {
        put_entry(&mut out, entry);
        put_detail(&mut out, detail);
    }
    out
}

pub(super) fn read_before(octets: &[u8]) -> Option<Before> {
    if octets.is_empty() {
        return Some(None);
    }
    let mut octets = Octets(octets);
    let entry = take_entry(&mut octets)?;
    Some(Some((entry, read_detail(octets.0)?)))
}

/// What is no row of ours is damage: it says which row, in hex, as RocksDB's own tools print it.
pub(super) fn damaged(column: super::schema::Column, row: &[u8]) -> ReadError {
    let row = data_encoding::HEXLOWER.encode(row);
    ReadError::Damaged(format!("the row {row} of `{}` holds what this program did not write", column.name()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub fn any_entry() -> impl Strategy<Value = Entry> {
        let code = proptest::option::of(
            any::<[u8; 3]>()
                .prop_filter_map("a code", |[b, c, d]| ReturnCode::try_from(Ipv4Addr::new(127, b, c, d)).ok()),
        );
        let times = (any::<u32>(), any::<u32>(), proptest::option::of(any::<u32>()));
        (any::<bool>(), code, proptest::option::of(any::<u16>()), times).prop_map(|(hole, code, text, (a, b, end))| {
            Entry {
                mark: if hole { Mark::Excluded } else { Mark::Listed },
                code,
                text: text.map(TextId),
                first_seen: Time::from_seconds(a),
                last_seen: Time::from_seconds(b),
                expires: end.map(Time::from_seconds),
            }
        })
    }

    #[test]
    fn the_octets_of_an_entry_are_fixed() {
        let at = Time::from_seconds(0x0102_0304);
        let plain = Entry { mark: Mark::Listed, code: None, text: None, first_seen: at, last_seen: at, expires: None };
        assert_eq!(entry_octets(&plain), [0, 1, 2, 3, 4]);
        let full = Entry {
            mark: Mark::Excluded,
            code: Some("127.9.8.7".parse().unwrap()),
            text: Some(TextId(0x0a0b)),
            first_seen: at,
            last_seen: Time::from_seconds(5),
            expires: Some(Time::from_seconds(6)),
        };
        assert_eq!(entry_octets(&full), [31, 9, 8, 7, 10, 11, 1, 2, 3, 4, 0, 0, 0, 5, 0, 0, 0, 6]);
        assert_eq!(entry_octets(&full).len(), ENTRY_OCTETS_MAX);
        assert_eq!(read_entry(&[32, 1, 2, 3, 4]), None, "a flag that nobody wrote");
        assert_eq!(read_entry(&[0, 1, 2, 3, 4, 5]), None, "an octet too many");
    }

    #[test]
    fn the_octets_of_details_and_of_the_past_are_fixed() {
        let detail = Detail { reason: "ab".into(), public: "".into(), private: "c".into() };
        let mut octets = Vec::new();
        put_detail(&mut octets, &detail);
        assert_eq!(octets, [0, 2, b'a', b'b', 0, 0, 0, 1, b'c']);
        let past = Past {
            source: "s".parse().unwrap(),
            mark: Mark::Listed,
            code: None,
            text: Some("t".into()),
            reason: "r".into(),
            from: Time::from_seconds(1),
            until: Time::from_seconds(2),
            why: Why::Expired,
            serial: Serial(3),
        };
        let fixed = [2, 20, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 1, b's', 0, 1, b'r', 0, 1, b't'];
        assert_eq!(past_octets(&past), fixed);
        assert_eq!(read_past(&fixed), Some(past));
    }

    proptest! {
        #[test]
        fn an_entry_and_its_detail_read_back(entry in any_entry(), texts in any::<[String; 3]>()) {
            let octets = entry_octets(&entry);
            prop_assert!(octets.len() <= ENTRY_OCTETS_MAX);
            prop_assert_eq!(read_entry(&octets), Some(entry));
            let [reason, public, private] = texts.map(String::into_boxed_str);
            let detail = Detail { reason, public, private };
            let before = before_octets(Some((&entry, &detail)));
            prop_assert_eq!(read_before(&before), Some(Some((entry, detail))));
        }

        #[test]
        fn broken_values_are_refused_and_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = (read_past(&octets), read_before(&octets));
            if let Some(entry) = read_entry(&octets) {
                // Last seen may be written although it is the first: such octets are not ours, but harmless.
                prop_assert!(entry_octets(&entry).len() <= octets.len());
            }
            if let Some(detail) = read_detail(&octets) {
                prop_assert!(detail.is_empty() || !octets.is_empty());
            }
        }
    }
}
