//! What the configuration says about the web side (`[http]`, and what `[keep]` says about who may read history).
//!
//! Guarantees: plain values; `config` checks them and fills them in.
//! Never: changes while a request is served; a reload hands over new ones.

use crate::list::Duration;
use ipnet::IpNet;
use std::net::SocketAddr;

/// Settings of the pages and the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where pages and the API are served.
    pub listen: SocketAddr,
    /// Where we are reached from outside, without a final slash: goes into pages and TXT records.
    pub public_url: String,
    /// If set, tokens are taken only here.
    pub admin_listen: Option<SocketAddr>,
    /// Whether tokens are taken in clear from anywhere.
    pub plain_tokens: bool,
    /// Look-ups, history and pages a minute for a client without a token.
    pub lookups_per_minute: u32,
    /// Proxies whose `X-Forwarded-For` is believed and which speak TLS to the outside.
    pub trusted_proxies: Vec<IpNet>,
    /// Where reports by mail arrive; `None` where no mail is received.
    pub inbox_domain: Option<String>,
    /// Who may read `/metrics`.
    pub metrics_from: Vec<IpNet>,
    /// How far back anyone may read history (`[keep] public_history`).
    pub public_history: Duration,
    /// How long things are kept: what the page about privacy says.
    pub kept: Kept,
}

/// The rest of `[keep]`, for those whose data it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What left a list.
    pub history: Duration,
    /// The journal.
    pub changes: Duration,
    /// Evidence of what left a list.
    pub evidence: Duration,
    /// Who did what.
    pub audit: Duration,
    /// Closed requests, with contact and note.
    pub requests: Duration,
    /// Conversations of retests.
    pub transcripts: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8053)),
            public_url: "http://127.0.0.1:8053".into(),
            admin_listen: None,
            plain_tokens: false,
            lookups_per_minute: 60,
            trusted_proxies: Vec::new(),
            inbox_domain: None,
            metrics_from: ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a valid prefix")).to_vec(),
            public_history: Duration::from_seconds(90 * 86_400),
            kept: Kept {
                history: Duration::from_seconds(730 * 86_400),
                changes: Duration::from_seconds(30 * 86_400),
                evidence: Duration::from_seconds(90 * 86_400),
                audit: Duration::from_seconds(730 * 86_400),
                requests: Duration::from_seconds(90 * 86_400),
                transcripts: Duration::from_seconds(30 * 86_400),
            },
        }
    }
}

impl Settings {
    /// The host part of `public_url`: what the pages call this place.
    #[must_use]
    pub fn site(&self) -> &str {
        let rest = self.public_url.split_once("://").map_or(&*self.public_url, |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }
}
