//! Which addresses this program may open a connection to, for whoever asks: a retest's target, the host of a webhook.
//!
//! Guarantees: a [`Target`] is a public unicast address, not one of ours and not one that opted out; it is an address,
//! never a name, so nothing can be resolved anew between the check and the connection; [`Rules::connect`] looks at the
//! rules once more, and at the address that the connection really has.
//! Never: follows a redirect; takes a port from a request.

use crate::limits::{RETEST_CONNECT_TIME, RETEST_REFUSED_CONNECT_TIME};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// An address that may be contacted, by the rules that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target(IpAddr);

/// Why an address is not contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotContacted {
    /// Private, local, reserved, multicast, or an address that stands for another one.
    #[error("{0} is not a public address")]
    NotPublic(IpAddr),
    /// This server's own.
    #[error("{0} belongs to this server")]
    Own(IpAddr),
    /// Its owner does not want tests.
    #[error("the owner of {0} does not want it tested")]
    OptedOut(IpAddr),
}

/// How a connection failed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It must not be made.
    #[error(transparent)]
    NotContacted(#[from] NotContacted),
    /// The machine refused it.
    #[error("connection refused")]
    Refused,
    /// No answer, or the network says that there is no way.
    #[error("no answer: {0}")]
    Silent(io::Error),
    /// The reason is on our side: no file descriptors, a source address that is not ours.
    #[error("this server cannot connect: {0}")]
    Ours(io::Error),
}

/// What may be contacted.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Let documentation ranges in. For this program's own tests in network name spaces.
    pub documentation_ranges: bool,
    /// Addresses of this server.
    pub own: Vec<IpAddr>,
    /// Owners that asked not to be tested.
    pub opt_out: Vec<IpNet>,
}

/// RFC 6890 and its registries, as of 2025: what is not globally reachable, or stands for another address.
const NOT_PUBLIC_V4: [(Ipv4Addr, u8); 11] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

const DOCUMENTATION_V4: [(Ipv4Addr, u8); 3] =
    [(Ipv4Addr::new(192, 0, 2, 0), 24), (Ipv4Addr::new(198, 51, 100, 0), 24), (Ipv4Addr::new(203, 0, 113, 0), 24)];

/// Global unicast. All else of IPv6 is denied without a list: mapped and translated addresses, `fc00::/7`, `ff00::/8`.
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Within global unicast: protocol assignments with Teredo and ORCHID, 6to4.
const NOT_PUBLIC_V6: [(Ipv6Addr, u8); 2] =
    [(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16)];

const DOCUMENTATION_V6: [(Ipv6Addr, u8); 2] =
    [(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20)];

fn among_v4(ranges: &[(Ipv4Addr, u8)], address: Ipv4Addr) -> bool {
    ranges.iter().any(|&(first, length)| Ipv4Net::new_assert(first, length).contains(&address))
}

fn among_v6(ranges: &[(Ipv6Addr, u8)], address: Ipv6Addr) -> bool {
    ranges.iter().any(|&(first, length)| Ipv6Net::new_assert(first, length).contains(&address))
}

/// Whether anybody on the Internet could reach it.
fn is_public(address: IpAddr, documentation_ranges: bool) -> bool {
    match address {
        IpAddr::V4(v4) => !among_v4(&NOT_PUBLIC_V4, v4) && (documentation_ranges || !among_v4(&DOCUMENTATION_V4, v4)),
        IpAddr::V6(v6) => {
            among_v6(&[GLOBAL_V6], v6)
                && !among_v6(&NOT_PUBLIC_V6, v6)
                && (documentation_ranges || !among_v6(&DOCUMENTATION_V6, v6))
        }
    }
}

impl Target {
    /// The address.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.0
    }
}

impl Rules {
    /// Whether `address` may be contacted.
    pub fn target(&self, address: IpAddr) -> Result<Target, NotContacted> {
        let target = self.reachable(address)?;
        if self.opt_out.iter().any(|net| net.contains(&address)) {
            return Err(NotContacted::OptedOut(address));
        }
        Ok(target)
    }

    /// The same without opt-outs: somebody who does not want tests may still want our webhooks.
    pub fn reachable(&self, address: IpAddr) -> Result<Target, NotContacted> {
        if !is_public(address, self.documentation_ranges) {
            return Err(NotContacted::NotPublic(address));
        }
        if self.own.contains(&address) {
            return Err(NotContacted::Own(address));
        }
        Ok(Target(address))
    }

    /// Connects to `target` at `port`, from `from` where it is given, within [`RETEST_CONNECT_TIME`].
    pub async fn connect(&self, target: Target, port: u16, from: Option<IpAddr>) -> Result<TcpStream, ConnectError> {
        let Target(address) = self.target(target.0)?;
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.map_err(ConnectError::Ours)?;
        if let Some(from) = from {
            socket.bind(SocketAddr::new(from, 0)).map_err(ConnectError::Ours)?;
        }
        let started = tokio::time::Instant::now();
        let connected = timeout(RETEST_CONNECT_TIME, socket.connect(SocketAddr::new(address, port))).await;
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                // A reset after seconds comes from a box in between that gave up, not from a machine without a listener.
                let late = started.elapsed() > RETEST_REFUSED_CONNECT_TIME;
                return Err(if late { ConnectError::Silent(error) } else { ConnectError::Refused });
            }
            Ok(Err(error)) => return Err(ConnectError::Silent(error)),
            Err(_) => return Err(ConnectError::Silent(io::ErrorKind::TimedOut.into())),
        };
        let reached = stream.peer_addr().map_err(ConnectError::Silent)?.ip();
        self.target(reached)?;
        if reached != address {
            return Err(NotContacted::NotPublic(reached).into());
        }
        Ok(stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The SSRF table, written again as bits: an oracle that shares no code with the rules.
    fn allowed_v4(bits: u32) -> bool {
        let [a, b, c, _] = bits.to_be_bytes();
        let denied = a == 0
            || a == 10
            || a == 127
            || a >= 224
            || (a == 100 && b & 0xc0 == 64)
            || (a == 169 && b == 254)
            || (a == 172 && b & 0xf0 == 16)
            || (a == 192 && b == 168)
            || (a == 192 && b == 88 && c == 99)
            || (a == 192 && b == 0 && (c == 0 || c == 2))
            || (a == 198 && (b == 18 || b == 19))
            || (a == 198 && b == 51 && c == 100)
            || (a == 203 && b == 0 && c == 113);
        !denied
    }

    fn allowed_v6(bits: u128) -> bool {
        let first = (bits >> 96) as u32;
        first >> 29 == 1 // 2000::/3
            && first >> 9 != 0x2001_0000 >> 9 // 2001::/23
            && first != 0x2001_0db8
            && first >> 16 != 0x2002
            && first >> 12 != 0x3fff_0000 >> 12 // 3fff::/20
    }

    fn rules_allow(address: impl Into<IpAddr>) -> bool {
        Rules::default().target(address.into()).is_ok()
    }

    /// Each first and last address of the table, and their neighbours.
    #[test]
    fn the_borders_of_every_denied_range_are_where_the_table_says() {
        for (first, length) in NOT_PUBLIC_V4.into_iter().chain(DOCUMENTATION_V4) {
            let net = Ipv4Net::new_assert(first, length);
            for bits in [u32::from(net.network()), u32::from(net.broadcast())] {
                for near in [bits.wrapping_sub(1), bits, bits.wrapping_add(1)] {
                    assert_eq!(rules_allow(Ipv4Addr::from(near)), allowed_v4(near), "{}", Ipv4Addr::from(near));
                }
            }
            assert!(!rules_allow(net.network()) && !rules_allow(net.broadcast()), "{net}");
        }
        for (first, length) in NOT_PUBLIC_V6.into_iter().chain(DOCUMENTATION_V6).chain([GLOBAL_V6]) {
            let net = Ipv6Net::new_assert(first, length);
            for bits in [u128::from(net.network()), u128::from(net.broadcast())] {
                for near in [bits.wrapping_sub(1), bits, bits.wrapping_add(1)] {
                    assert_eq!(rules_allow(Ipv6Addr::from(near)), allowed_v6(near), "{}", Ipv6Addr::from(near));
                }
            }
        }
    }

    #[test]
    fn addresses_that_stand_for_others_are_refused() {
        for text in [
            "::ffff:8.8.8.8",
            "::8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2001::1",
            "fd00::1",
            "fe80::1",
            "::1",
        ] {
            assert!(!rules_allow(text.parse::<IpAddr>().unwrap()), "{text}");
        }
        assert!(rules_allow("2a00:1450:4001::1".parse::<IpAddr>().unwrap()) && rules_allow(Ipv4Addr::new(8, 8, 8, 8)));
    }

    #[test]
    fn documentation_ranges_need_the_option_and_ours_and_opted_out_ones_are_left_alone() {
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        let mut rules = Rules { documentation_ranges: true, ..Rules::default() };
        assert_eq!(Rules::default().target(address), Err(NotContacted::NotPublic(address)));
        assert!(rules.target(address).is_ok() && rules.target("2001:db8::7".parse().unwrap()).is_ok());
        assert!(rules.target("10.0.0.1".parse().unwrap()).is_err());
        rules.opt_out = vec!["192.0.2.0/25".parse().unwrap()];
        assert_eq!(rules.target(address), Err(NotContacted::OptedOut(address)));
        assert!(rules.reachable(address).is_ok());
        rules.own = vec![address];
        assert_eq!(rules.reachable(address), Err(NotContacted::Own(address)));
    }

    #[tokio::test]
    async fn the_rules_are_looked_at_again_at_the_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let smuggled = Target(Ipv4Addr::LOCALHOST.into());
        let refused = Rules::default().connect(smuggled, port, None).await;
        assert!(matches!(refused, Err(ConnectError::NotContacted(NotContacted::NotPublic(_)))));
        let waiting = timeout(std::time::Duration::from_millis(50), listener.accept()).await;
        assert!(waiting.is_err(), "no connection was made");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn the_rules_agree_with_the_table(v4 in any::<u32>(), v6 in any::<u128>(), top in any::<u16>()) {
            prop_assert_eq!(rules_allow(Ipv4Addr::from(v4)), allowed_v4(v4));
            prop_assert_eq!(rules_allow(Ipv6Addr::from(v6)), allowed_v6(v6));
            // Most of all addresses begin with something dull; these begin like those of the table.
            let near = (v6 >> 16) | (u128::from(top & 3 | 0x2000) << 112);
            prop_assert_eq!(rules_allow(Ipv6Addr::from(near)), allowed_v6(near));
        }
    }
}
