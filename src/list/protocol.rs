//! How proxies are spoken to: what is looked for at their ports.
//!
//! Guarantees: each has one name, the same in the configuration, the API and the store.
//! Never: speaks.

use serde::{Deserialize, Serialize};

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// HTTP CONNECT
    Connect,
    /// HTTP POST of an absolute URL
    Post,
    /// SOCKS version 4
    Socks4,
    /// SOCKS version 5 without a login
    Socks5,
}

impl Protocol {
    /// All.
    pub const ALL: [Self; 4] = [Self::Connect, Self::Post, Self::Socks4, Self::Socks5];

    /// Its name, also the key of the option `proxy_ports`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Post => "post",
            Self::Socks4 => "socks4",
            Self::Socks5 => "socks5",
        }
    }
}
