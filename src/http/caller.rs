//! Who is calling: the connection's peer, and behind a trusted proxy the client that it names.
//!
//! ```text
//! X-Forwarded-For: (whatever the client wrote), 203.0.113.9, 10.0.0.7   + peer 10.0.0.2
//!                                               ^^^^^^^^^^^ right-most hop that is no trusted proxy
//! ```
//! Guarantees: without a trusted peer the header is not looked at; a client cannot choose its own address, because only
//! hops written by trusted proxies are walked, from the right. An unreadable hop ends the walk at the proxy that wrote it.
//! Never: resolves names; keeps addresses.

use super::Settings;
use crate::{limits::FORWARDED_HOPS_MAX, list::Prefix};
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Which of our sockets took the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `[http] listen`.
    Public,
    /// `[http] admin_listen`.
    Admin,
}

/// The other end of a connection. Every request carries it as an extension.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address and port.
    pub address: SocketAddr,
    /// Our socket.
    pub door: Door,
}

/// The machine that a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its address; IPv4 never in its mapped form.
    pub address: IpAddr,
    /// Whether a token sent by it was not seen by others on its way: from this machine, or through a trusted proxy.
    pub private: bool,
    /// Our socket.
    pub door: Door,
}

impl Caller {
    /// Works out who sent a request.
    #[must_use]
    pub fn of(peer: Peer, headers: &HeaderMap, settings: &Settings) -> Self {
        let direct = peer.address.ip().to_canonical();
        let trusted = |address: IpAddr| contains(&settings.trusted_proxies, address);
        let mut address = direct;
        for hop in hops_from_the_right(headers) {
            if !trusted(address) {
                break;
            }
            let Some(next) = read_hop(hop) else { break };
            address = next;
        }
        Self { address, private: direct.is_loopback() || trusted(direct), door: peer.door }
    }

    /// What the limits count it as.
    #[must_use]
    pub fn key(&self) -> Prefix {
        Prefix::customer(self.address)
    }
}

/// Whether one of the prefixes holds the address.
#[must_use]
pub fn contains(prefixes: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    prefixes.iter().any(|net| net.contains(&address))
}

/// The hops of all headers of that name, last first. A header that is no text ends the walk.
fn hops_from_the_right(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values: Vec<_> = headers.get_all(FORWARDED_FOR).iter().collect();
    values
        .into_iter()
        .rev()
        .flat_map(|value| value.to_str().unwrap_or_default().rsplit(',').map(str::trim))
        .take(FORWARDED_HOPS_MAX)
}

/// An address as proxies write it: bare, in brackets, with or without a port.
fn read_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('"').and_then(|h| h.strip_suffix('"')).unwrap_or(hop);
    let address = if let Ok(address) = bare.parse::<IpAddr>() {
        address
    } else if let Ok(socket) = bare.parse::<SocketAddr>() {
        socket.ip()
    } else {
        bare.strip_prefix('[')?.strip_suffix(']')?.parse::<std::net::Ipv6Addr>().ok()?.into()
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    fn settings() -> Settings {
        let trusted_proxies = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap()).to_vec();
        Settings { trusted_proxies, ..Settings::default() }
    }

    fn caller(peer: &str, forwarded: &[&str]) -> String {
        let peer = Peer { address: SocketAddr::new(peer.parse().unwrap(), 4000), door: Door::Public };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        Caller::of(peer, &headers, &settings()).address.to_string()
    }

    #[test]
    fn the_right_most_untrusted_hop_is_the_client() {
        let long = format!("{}203.0.113.9", "1.1.1.1, ".repeat(1_000));
        let deep = format!("203.0.113.9{}", ", 10.0.0.1".repeat(FORWARDED_HOPS_MAX));
        // The peer, its header lines, and who is calling.
        let forms: &[(&str, &[&str], &str)] = &[
            ("198.51.100.1", &[], "198.51.100.1"),
            ("198.51.100.1", &["203.0.113.9"], "198.51.100.1"),
            ("127.0.0.1", &["203.0.113.9"], "127.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1,203.0.113.9,10.2.3.4"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9", "10.0.0.9"], "203.0.113.9"),
            ("10.0.0.1", &["  203.0.113.9\t"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["\"[2001:db8::7]:4711\""], "2001:db8::7"),
            ("10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9, unknown, 10.0.0.5"], "10.0.0.5"),
            ("10.0.0.1", &["203.0.113.9,"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9, [10.0.0.5"], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
            ("fd00::1", &["2001:db8::7, fd00::2"], "2001:db8::7"),
            ("10.0.0.1", &[&long], "203.0.113.9"),
            ("10.0.0.1", &[&deep], "10.0.0.1"),
        ];
        for (peer, lines, expected) in forms {
            assert_eq!(caller(peer, lines), *expected, "{peer} with {lines:?}");
        }
    }

    #[test]
    fn a_token_is_private_from_this_machine_and_through_a_trusted_proxy_only() {
        for (peer, private) in [("127.0.0.1", true), ("::1", true), ("10.0.0.1", true), ("203.0.113.9", false)] {
            let peer = Peer { address: SocketAddr::new(peer.parse().unwrap(), 1), door: Door::Public };
            assert_eq!(Caller::of(peer, &HeaderMap::new(), &settings()).private, private, "{peer:?}");
        }
    }

    #[test]
    fn a_client_is_a_v4_address_or_a_v6_64() {
        let key = |text: &str| Prefix::customer(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    proptest! {
        #[test]
        fn an_untrusted_peer_stays_itself_whatever_it_writes(header in "[ -~]{0,80}") {
            prop_assert_eq!(caller("198.51.100.1", &[&header]), "198.51.100.1");
        }

        #[test]
        fn what_stands_left_of_an_untrusted_hop_does_not_count(header in "[ -~]{0,80}") {
            prop_assert_eq!(caller("10.0.0.1", &[&format!("{header},203.0.113.9")]), "203.0.113.9");
        }
    }
}
