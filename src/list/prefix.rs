//! An address range as a prefix: the key of every address list.
//!
//! Guarantees: a `Prefix` has no bits below its length, and has one form only: what lies inside `::ffff:0:0/96`
//! (RFC 4291 2.5.5.2) or is a /16 to /48 inside `2002::/16` (6to4, RFC 3056) is kept as the IPv4 prefix it stands for.
//! Never: silently drops host bits. `192.0.2.1/24` is an error that prints `192.0.2.0/24`.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// A canonical IPv4 or IPv6 prefix. Order: IPv4 first, then by address, wider before narrower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(IpNet);

/// Why a text is no prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// No address, no prefix.
    #[error("not an address or a prefix; write it as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32")]
    Unreadable,
    /// The part behind the slash.
    #[error("the prefix length must be a number from 0 to {max}")]
    Length {
        /// 32 or 128
        max: u8,
    },
    /// Bits are set below the prefix length.
    #[error("{given} has bits set below its prefix length; did you mean {masked}?")]
    HostBits {
        /// as written
        given: IpNet,
        /// what the length covers
        masked: IpNet,
    },
    /// A 6to4 prefix longer than /48 names a part of one IPv4 address.
    #[error("{0} is inside 2002::/16 and longer than /48: it names a part of one IPv4 address; list that address")]
    Inside6to4(Ipv6Net),
    /// A range whose end lies before its beginning, or that mixes families.
    #[error("a range goes from a lower to a higher address of the same family")]
    Range,
    /// A range that would become more prefixes than [`crate::limits::RANGE_PREFIXES_MAX`].
    #[error("this range splits into more than {0} prefixes")]
    RangeTooRagged(usize),
}

impl Prefix {
    /// The IPv4 prefix of `length` bits that covers `address`. `length` is at most 32.
    #[must_use]
    pub fn v4(address: Ipv4Addr, length: u8) -> Self {
        Self(IpNet::V4(Ipv4Net::new(address, length.min(32)).expect("at most 32").trunc()))
    }

    /// The canonical form of a prefix without host bits.
    ///
    /// # Errors
    /// [`PrefixError::HostBits`], [`PrefixError::Inside6to4`]
    pub fn new(net: IpNet) -> Result<Self, PrefixError> {
        let masked = net.trunc();
        if masked != net {
            return Err(PrefixError::HostBits { given: net, masked });
        }
        let IpNet::V6(v6) = net else { return Ok(Self(net)) };
        let length = v6.prefix_len();
        let segments = v6.addr().segments();
        match (embedded_v4(v6.addr()), segments[0]) {
            (Some(v4), 0x2002) if (16..=48).contains(&length) => Ok(Self::v4(v4, length - 16)),
            (Some(_), 0x2002) if length > 48 => Err(PrefixError::Inside6to4(v6)),
            (Some(v4), 0) if length >= 96 => Ok(Self::v4(v4, length - 96)),
            _ => Ok(Self(net)),
        }
    }

    /// The prefix of one address: /32 or /128; a mapped or 6to4 address is its IPv4 address.
    #[must_use]
    pub fn host(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::v4(v4, 32),
            IpAddr::V6(v6) => match embedded_v4(v6) {
                Some(v4) => Self::v4(v4, 32),
                None => Self(IpNet::from(address)),
            },
        }
    }

    /// What counts as one client or customer: an IPv4 address, or the /64 of IPv6 that one of them has at least.
    #[must_use]
    pub fn customer(address: IpAddr) -> Self {
        let host = Self::host(address);
        if host.first().is_ipv6() { host.widened_to(64) } else { host }
    }

    /// The same prefix as an ipnet type.
    #[must_use]
    pub const fn net(self) -> IpNet {
        self.0
    }

    /// The number of leading bits that count.
    #[must_use]
    pub fn length(self) -> u8 {
        self.0.prefix_len()
    }

    /// The lowest address inside.
    #[must_use]
    pub fn first(self) -> IpAddr {
        self.0.addr()
    }

    /// Whether every address of `other` is inside this prefix (the same prefix included).
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether it holds one address only.
    #[must_use]
    pub fn is_host(self) -> bool {
        self.0.prefix_len() == self.0.max_prefix_len()
    }

    /// The prefix one bit shorter, if there is one.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        self.0.supernet().map(Self)
    }

    /// The prefix of at most `length` bits that covers this one: itself where it is not longer.
    #[must_use]
    pub fn widened_to(self, length: u8) -> Self {
        if self.length() <= length {
            return self;
        }
        Self(IpNet::new(self.0.addr(), length).expect("shorter than a valid length").trunc())
    }

    /// How much it covers: IPv4 addresses, or IPv6 /64s (a longer v6 prefix counts as one).
    #[must_use]
    pub fn size(self) -> u64 {
        match self.0 {
            IpNet::V4(net) => 1 << (32 - net.prefix_len()),
            IpNet::V6(net) if net.prefix_len() == 0 => u64::MAX,
            IpNet::V6(net) if net.prefix_len() < 64 => 1 << (64 - net.prefix_len()),
            IpNet::V6(_) => 1,
        }
    }
}

/// The IPv4 address inside a mapped (`::ffff:a.b.c.d`) or 6to4 (`2002:aabb:ccdd::`) address.
#[must_use]
pub fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, ..] = address.segments();
    if a == 0x2002 {
        return Some(Ipv4Addr::from(u32::from(b) << 16 | u32::from(c)));
    }
    address.to_ipv4_mapped()
}

/// The fewest prefixes that cover exactly the addresses from `first` to `last`, in order.
///
/// # Errors
/// [`PrefixError::Range`] where the end lies before the beginning or the families differ,
/// [`PrefixError::RangeTooRagged`] beyond [`crate::limits::RANGE_PREFIXES_MAX`], and those of [`Prefix::new`].
pub fn range_to_prefixes(first: IpAddr, last: IpAddr) -> Result<Vec<Prefix>, PrefixError> {
    let max = crate::limits::RANGE_PREFIXES_MAX;
    let nets: Vec<IpNet> = match (first, last) {
        (IpAddr::V4(a), IpAddr::V4(b)) if a <= b => {
            ipnet::Ipv4Subnets::new(a, b, 0).take(max + 1).map(IpNet::V4).collect()
        }
        (IpAddr::V6(a), IpAddr::V6(b)) if a <= b => {
            ipnet::Ipv6Subnets::new(a, b, 0).take(max + 1).map(IpNet::V6).collect()
        }
        _ => return Err(PrefixError::Range),
    };
    if nets.len() > max {
        return Err(PrefixError::RangeTooRagged(max));
    }
    nets.into_iter().map(Prefix::new).collect()
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let Some((address, length)) = text.split_once('/') else {
            let address: IpAddr = text.parse().map_err(|_| PrefixError::Unreadable)?;
            return match address {
                // A bare 6to4 address is a /128, longer than /48: the error says what to list instead.
                IpAddr::V6(_) => Self::new(IpNet::from(address)),
                IpAddr::V4(_) => Ok(Self::host(address)),
            };
        };
        let address: IpAddr = address.parse().map_err(|_| PrefixError::Unreadable)?;
        let max = if address.is_ipv4() { 32 } else { 128 };
        let digits = !length.is_empty() && length.len() <= 3 && length.bytes().all(|b| b.is_ascii_digit());
        let length = length.parse::<u8>().ok().filter(|n| digits && *n <= max).ok_or(PrefixError::Length { max })?;
        Self::new(IpNet::new(address, length).map_err(|_| PrefixError::Length { max })?)
    }
}

impl fmt::Display for Prefix {
    /// A host without its length: `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32` (RFC 5952).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_host() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Prefix, PrefixError> {
        text.parse()
    }

    #[test]
    fn host_bits_are_an_error_that_names_the_masked_form() {
        let error = read("192.0.2.1/24").unwrap_err().to_string();
        assert!(error.contains("192.0.2.0/24"), "{error}");
        assert!(read("2001:db8::1/64").is_err());
    }

    #[test]
    fn mapped_and_6to4_keys_are_kept_as_their_v4_prefix() {
        assert_eq!(read("::ffff:192.0.2.1"), read("192.0.2.1"));
        assert_eq!(read("::ffff:192.0.2.0/120"), read("192.0.2.0/24"));
        assert_eq!(read("2002:c000:0200::/40"), read("192.0.2.0/24"));
        assert_eq!(read("2002::/16"), read("0.0.0.0/0"));
        assert!(matches!(read("2002:c000:201::1"), Err(PrefixError::Inside6to4(_))));
        assert_eq!(read("::/0").unwrap().length(), 0);
        assert_eq!(read("::/90").unwrap().to_string(), "::/90");
    }

    #[test]
    fn what_is_no_prefix_is_refused() {
        for text in [
            "",
            "1.2.3",
            "1.2.3.4/33",
            "1.2.3.4/",
            "1.2.3.4/+8",
            "01.2.3.4",
            "1.2.3.4/ 8",
            "::1/129",
            "a/8",
            "1.2.3.4/008/",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_becomes_its_fewest_prefixes() {
        let range = |a: &str, b: &str| {
            let prefixes = range_to_prefixes(a.parse().unwrap(), b.parse().unwrap())?;
            Ok(prefixes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(range("192.0.2.0", "192.0.2.255").unwrap(), "192.0.2.0/24");
        assert_eq!(range("192.0.2.3", "192.0.2.8").unwrap(), "192.0.2.3 192.0.2.4/30 192.0.2.8");
        assert_eq!(range("0.0.0.0", "255.255.255.255").unwrap(), "0.0.0.0/0");
        assert_eq!(range("192.0.2.9", "192.0.2.8"), Err(PrefixError::Range));
        assert_eq!(range("192.0.2.9", "2001:db8::"), Err(PrefixError::Range));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(bits in any::<u128>(), length in 0u8..=128, four in any::<bool>()) {
            let prefix = if four { Prefix::v4(Ipv4Addr::from(bits as u32), length % 33) } else {
                match Prefix::new(Ipv6Net::new(Ipv6Addr::from(bits), length).unwrap().trunc().into()) {
                    Ok(prefix) => prefix,
                    Err(_) => return Ok(()),
                }
            };
            prop_assert_eq!(prefix.to_string().parse(), Ok(prefix));
            prop_assert!(prefix.parent().is_none_or(|parent| parent.covers(prefix) && !prefix.covers(parent)));
        }

        #[test]
        fn a_range_covers_its_addresses_and_no_others(a in any::<u32>(), span in 0u32..5000, probe in 0u32..6000) {
            let b = a.saturating_add(span);
            let prefixes = range_to_prefixes(Ipv4Addr::from(a).into(), Ipv4Addr::from(b).into()).unwrap();
            let address = a.wrapping_sub(500).wrapping_add(probe);
            let inside = prefixes.iter().filter(|p| p.covers(Prefix::v4(address.into(), 32))).count();
            prop_assert_eq!(inside, usize::from((a..=b).contains(&address)));
        }
    }
}
