//! Keys as rbldnsd writes them: `10.1.2` for a /24, `127.16-31`, `192.0.2.3-9`, `2001:db8:1:2` for a /64.
//!
//! Guarantees: what it accepts means what it means to rbldnsd, which was asked where its manual says nothing.
//! Never: accepts host bits below a prefix (rbldnsd does so with `-e` only) or a bare number for a /8.

use super::super::DataSet;
use crate::list::{Key, KeyFamily, ListedName, Mark, Prefix, PrefixError, Scope, range_to_prefixes};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the lines of a data set hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// `ip4set`, `ip4trie`.
    V4,
    /// `ip4tset`: single addresses, one value for all.
    V4Hosts,
    /// `ip6trie`.
    V6,
    /// `ip6tset`: /64s, excluded single addresses, one value for all.
    V6Halves,
    /// `dnset`.
    Names,
    /// Each key shows what it is.
    ByForm,
}

impl Set {
    /// What a data set holds; `None` for those that hold data sets.
    pub(super) const fn of(set: DataSet) -> Option<Self> {
        Some(match set {
            DataSet::Ip4set | DataSet::Ip4trie => Self::V4,
            DataSet::Ip4tset => Self::V4Hosts,
            DataSet::Ip6trie => Self::V6,
            DataSet::Ip6tset => Self::V6Halves,
            DataSet::Dnset => Self::Names,
            DataSet::Detect | DataSet::Combined => return None,
        })
    }

    /// Whether a list of `family` takes its keys.
    pub(super) const fn fits(self, family: KeyFamily) -> bool {
        match family {
            KeyFamily::Any => true,
            KeyFamily::Addresses => !matches!(self, Self::Names),
            KeyFamily::Names | KeyFamily::Hashes(_) => matches!(self, Self::Names),
        }
    }

    /// Whether all entries share the value of the first `:` line.
    pub(super) const fn has_one_value(self) -> bool {
        matches!(self, Self::V4Hosts | Self::V6Halves)
    }
}

/// The keys that a line begins with (a range may be several), and what follows them.
pub(super) fn read(content: &str, set: Set, mark: Mark, family: KeyFamily) -> Result<(Vec<Key>, &str), String> {
    match set {
        Set::V4 | Set::V4Hosts => v4(content, set),
        Set::V6 | Set::V6Halves => v6(content, set, mark),
        Set::Names => name(content, family),
        Set::ByForm => by_form(content, mark, family),
    }
}

fn by_form(content: &str, mark: Mark, family: KeyFamily) -> Result<(Vec<Key>, &str), String> {
    let run = content.find(|c: char| !is_v4_character(c)).unwrap_or(content.len());
    let (head, rest) = content.split_at(run);
    let word = word_of(content);
    if head.contains(['.', '/', '-']) && (ends_v4(rest) || family != KeyFamily::Any) {
        v4(content, Set::V4)
    } else if word.contains(':') {
        v6(content, Set::V6, mark)
    } else if family == KeyFamily::Any {
        name(content, family)
    } else {
        v4(content, Set::V4)
    }
}

fn word_of(content: &str) -> &str {
    &content[..content.find([' ', '\t']).unwrap_or(content.len())]
}

const fn is_v4_character(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '.' | '/' | '-')
}

fn ends_v4(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([' ', '\t', ':', '#', ';'])
}

fn v4(content: &str, set: Set) -> Result<(Vec<Key>, &str), String> {
    let end = content.find(|c: char| !is_v4_character(c)).unwrap_or(content.len());
    let (word, rest) = content.split_at(end);
    if word.is_empty() || !ends_v4(rest) {
        return Err(PrefixError::Unreadable.to_string());
    }
    let prefixes = v4_word(word)?;
    if set == Set::V4Hosts && !prefixes.iter().all(|prefix| prefix.is_host()) {
        return Err("an ip4tset holds single addresses; name the data set ip4set or ip4trie".to_owned());
    }
    Ok((prefixes.into_iter().map(Key::Prefix).collect(), rest))
}

fn v4_word(word: &str) -> Result<Vec<Prefix>, String> {
    let (first, bits, rest) = octets(word)?;
    if let Some(rest) = rest.strip_prefix('-') {
        let (last, last_bits, rest) = octets(rest)?;
        let last = match last_bits {
            // One octet is the last one of the first address: 192.0.2.3-9, 127.16-31.
            8 => (last >> (bits - 8)) | (first & mask(bits - 8)),
            same if same == bits => last,
            _ => return Err("both ends of a range have the same number of octets, or the second has one".to_owned()),
        };
        let last = last | !mask(bits);
        if !rest.is_empty() {
            return Err(PrefixError::Unreadable.to_string());
        }
        let ends = (IpAddr::from(Ipv4Addr::from(first)), IpAddr::from(Ipv4Addr::from(last)));
        return range_to_prefixes(ends.0, ends.1).map_err(|error| error.to_string());
    }
    let length = match rest.strip_prefix('/') {
        Some(length) => prefix_length(length, 32)?,
        None if !rest.is_empty() => return Err(PrefixError::Unreadable.to_string()),
        None if bits == 8 => return Err(format!("a bare number is no address; write {word}/8")),
        None => bits,
    };
    let net = Ipv4Net::new(Ipv4Addr::from(first), length).expect("at most 32");
    Ok(vec![Prefix::new(IpNet::V4(net)).map_err(|error| error.to_string())?])
}

fn prefix_length(text: &str, max: u8) -> Result<u8, String> {
    let digits = !text.is_empty() && text.len() <= 3 && text.bytes().all(|octet| octet.is_ascii_digit());
    let length = text.parse::<u8>().ok().filter(|length| digits && *length <= max);
    length.ok_or_else(|| PrefixError::Length { max }.to_string())
}

/// One to four octets from the left: the address with zeros behind them, the bits they fill, and what follows.
pub(super) fn octets(text: &str) -> Result<(u32, u8, &str), String> {
    let mut address = 0;
    let mut bits = 0;
    let mut rest = text;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        // Zeros before an octet are decimal to rbldnsd: 010 is ten.
        let octet = rest[..end].parse::<u8>().map_err(|_| PrefixError::Unreadable.to_string())?;
        bits += 8;
        address |= u32::from(octet) << (32 - bits);
        rest = &rest[end..];
        match rest.strip_prefix('.') {
            Some(behind) if bits < 32 => rest = behind,
            _ => return Ok((address, bits, rest)),
        }
    }
}

const fn mask(bits: u8) -> u32 {
    if bits == 0 { 0 } else { u32::MAX << (32 - bits) }
}

fn v6(content: &str, set: Set, mark: Mark) -> Result<(Vec<Key>, &str), String> {
    let end = content.find([' ', '\t', '#', ';']).unwrap_or(content.len());
    let (mut word, mut rest) = content.split_at(end);
    let (address, length) = match word.split_once('/') {
        Some((address, behind)) => {
            // A value may follow the length at once.
            let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
            if behind[digits..].starts_with(':') {
                (word, rest) = content.split_at(address.len() + 1 + digits);
            }
            (address, Some(prefix_length(&word[address.len() + 1..], 128)?))
        }
        None => (word, None),
    };
    let (address, bits) = groups(address)?;
    let length = length.unwrap_or(bits);
    let required = if mark == Mark::Excluded { 128 } else { 64 };
    if set == Set::V6Halves && length != required {
        return Err("an ip6tset lists /64s and excludes single addresses; name the data set ip6trie".to_owned());
    }
    let net = Ipv6Net::new(address, length).expect("at most 128");
    let prefix = Prefix::new(IpNet::V6(net)).map_err(|error| error.to_string())?;
    Ok((vec![Key::Prefix(prefix)], rest))
}

/// One to eight groups from the left, or a compressed address; and the bits they fill.
fn groups(text: &str) -> Result<(Ipv6Addr, u8), String> {
    let count = text.split(':').count();
    if text.contains("::") || count == 8 || text.contains('.') {
        return Ok((text.parse().map_err(|_| PrefixError::Unreadable.to_string())?, 128));
    }
    if count > 8 {
        return Err(PrefixError::Unreadable.to_string());
    }
    let address = format!("{text}::").parse().map_err(|_| PrefixError::Unreadable.to_string())?;
    Ok((address, 16 * count as u8))
}

fn name(content: &str, family: KeyFamily) -> Result<(Vec<Key>, &str), String> {
    let (word, rest) = content.split_at(word_of(content).len());
    let key = match family {
        KeyFamily::Hashes(_) => Key::parse(word, family).map_err(|error| error.to_string())?,
        KeyFamily::Any if word.contains('@') || !word.contains('.') => {
            Key::parse_any(word).map_err(|error| error.to_string())?
        }
        KeyFamily::Names | KeyFamily::Any | KeyFamily::Addresses => {
            let (bare, scope) = if let Some(bare) = word.strip_prefix("*.") {
                (bare, Scope::Below)
            } else if let Some(bare) = word.strip_prefix('.') {
                (bare, Scope::All)
            } else {
                (word, Scope::Itself)
            };
            Key::Name(ListedName::new(bare, scope).map_err(|error| error.to_string())?)
        }
    };
    Ok((vec![key], rest))
}
