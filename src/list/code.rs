//! The return code of a list: the A record a mail server gets for a listed key.
//!
//! Guarantees: a `ReturnCode` is always in 127.0.0.0/8, never 127.0.0.1 (which means "not listed", RFC 5782
//! section 5) and never in 127.255.255.0/24 (which clients read as an error of the list, not as a listing).
//! Never: decides which code a list has; that is configuration.

use serde::{Deserialize, Serialize};
use std::{fmt, net::Ipv4Addr, str::FromStr};

/// An address in 127.0.0.0/8 that says which list holds a key.
///
/// Order is that of the address, so that a set of codes is always answered in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Ipv4Addr", into = "Ipv4Addr")]
pub struct ReturnCode(Ipv4Addr);

/// Why an address cannot be a return code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReturnCodeError {
    /// The text is no IPv4 address at all.
    #[error("not an IPv4 address; write it as 127.0.0.2")]
    Unreadable,
    /// A mail server would take it for the address of a machine.
    #[error("{0} is outside 127.0.0.0/8")]
    NotLoopback(Ipv4Addr),
    /// The value has a meaning of its own for mail servers.
    #[error("{0} is reserved: clients read it as \"not listed\" or as an error")]
    Reserved(Ipv4Addr),
}

impl ReturnCode {
    /// The four octets as they stand in the RDATA of the A record.
    #[must_use]
    pub const fn rdata(self) -> [u8; 4] {
        self.0.octets()
    }
}

impl TryFrom<Ipv4Addr> for ReturnCode {
    type Error = ReturnCodeError;

    fn try_from(address: Ipv4Addr) -> Result<Self, ReturnCodeError> {
        match address.octets() {
            [127, 0, 0, 1] | [127, 255, 255, _] => Err(ReturnCodeError::Reserved(address)),
            [127, ..] => Ok(Self(address)),
            _ => Err(ReturnCodeError::NotLoopback(address)),
        }
    }
}

impl From<ReturnCode> for Ipv4Addr {
    fn from(code: ReturnCode) -> Self {
        code.0
    }
}

impl FromStr for ReturnCode {
    type Err = ReturnCodeError;

    fn from_str(text: &str) -> Result<Self, ReturnCodeError> {
        let address: Ipv4Addr = text.parse().map_err(|_| ReturnCodeError::Unreadable)?;
        Self::try_from(address)
    }
}

impl fmt::Display for ReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_values_that_clients_misread_are_refused() {
        let reserved = Ipv4Addr::LOCALHOST;
        assert_eq!(ReturnCode::try_from(reserved), Err(ReturnCodeError::Reserved(reserved)));
        assert!("127.255.255.254".parse::<ReturnCode>().is_err());
        assert!("127.0.1.255".parse::<ReturnCode>().is_ok());
        assert_eq!("10.0.0.2".parse::<ReturnCode>(), Err(ReturnCodeError::NotLoopback(Ipv4Addr::new(10, 0, 0, 2))));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(bits in any::<u32>()) {
            if let Ok(code) = ReturnCode::try_from(Ipv4Addr::from(bits | 0x7f00_0000)) {
                prop_assert_eq!(code.to_string().parse(), Ok(code));
                prop_assert_eq!(code.rdata()[0], 127);
            }
        }
    }
}
