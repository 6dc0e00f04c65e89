//! What the configuration says about one list.
//!
//! Guarantees: valid when it comes from `config`, which checks what spans several fields.
//! Never: changes while a snapshot is served from it; a reload makes new ones.

use super::{Duration, Entry, HashKind, KeyFamily, ListName, Prefix, Removal, ReportRule, ReturnCode, SourceName, Tag};
use std::sync::Arc;

/// What a list is about. The kind fixes the family of its keys and the advice on its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Address ranges that are assigned to customers for a session.
    Dynamic,
    /// Hosts that someone else controls.
    Compromised,
    /// Open mail relays.
    Relay,
    /// Open proxies.
    Proxy,
    /// Senders of spam.
    Spam,
    /// Bad domains.
    Domain,
    /// Domains registered a short time ago.
    NewDomain,
    /// Domains whose SPF lets in the world.
    SpfAbuse,
    /// Mail addresses, as hashes.
    MailHash,
    /// The list that beats all others; only `never` is of this kind, and no configuration names it.
    Never,
}

/// One list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListSettings {
    /// Its name, also the sublist's label.
    pub name: ListName,
    /// Its kind.
    pub kind: Kind,
    /// Its return code.
    pub code: ReturnCode,
    /// Further codes that single entries may carry.
    pub codes: Vec<ReturnCode>,
    /// The text of the TXT record, with `{address}`, `{list}`, `{code}` and `{url}`.
    pub text: String,
    /// Whether single entries may carry their own text.
    pub entry_texts: bool,
    /// A shorter IPv4 prefix needs `force`.
    pub widest_v4: u8,
    /// A shorter IPv6 prefix needs `force`.
    pub widest_v6: u8,
    /// Percent of IPv4 that the list may cover without `force`.
    pub covers_at_most: f64,
    /// What gets a key listed, in words.
    pub criteria: String,
    /// How long after it was last seen an entry ends; `None`: never.
    pub expires_after: Option<Duration>,
    /// TTL of its records; `None`: the zone's.
    pub ttl: Option<Duration>,
    /// Longer IPv6 listings are widened to this length; `None`: kept.
    pub v6_hosts_as: Option<u8>,
    /// How mail addresses are hashed (mail-hash lists).
    pub hash: HashKind,
    /// How people get a key out of it.
    pub removal: Removal,
    /// How reports list an address; `None`: they do not.
    pub reports: Option<Arc<ReportRule>>,
}

impl Kind {
    /// Every kind that a configuration may name: all but [`Kind::Never`].
    pub const CONFIGURED: [Self; 9] = [
        Self::Dynamic,
        Self::Compromised,
        Self::Relay,
        Self::Proxy,
        Self::Spam,
        Self::Domain,
        Self::NewDomain,
        Self::SpfAbuse,
        Self::MailHash,
    ];

    /// As the configuration and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dynamic => "dynamic",
            Self::Compromised => "compromised",
            Self::Relay => "relay",
            Self::Proxy => "proxy",
            Self::Spam => "spam",
            Self::Domain => "domain",
            Self::NewDomain => "new-domain",
            Self::SpfAbuse => "spf-abuse",
            Self::MailHash => "mail-hash",
            Self::Never => "never",
        }
    }
}

impl ListSettings {
    /// What an entry of the list says in DNS. A code that is no longer one of `codes` is the list's, and an own text is said
    /// only where entries may carry them: what is configured holds for what is there, too.
    #[must_use]
    pub fn tag(&self, entry: &Entry) -> Tag {
        let code = entry.code.filter(|code| self.codes.contains(code)).unwrap_or(self.code);
        Tag { code, text: entry.text.filter(|_| self.entry_texts) }
    }

    /// Whether entries that are there say the same by both.
    #[must_use]
    pub fn tags_alike(&self, other: &Self) -> bool {
        (self.code, &self.codes, self.entry_texts) == (other.code, &other.codes, other.entry_texts)
    }

    /// Which keys it takes.
    #[must_use]
    pub const fn family(&self) -> KeyFamily {
        match self.kind {
            Kind::Dynamic | Kind::Compromised | Kind::Relay | Kind::Proxy | Kind::Spam => KeyFamily::Addresses,
            Kind::Domain | Kind::NewDomain | Kind::SpfAbuse => KeyFamily::Names,
            Kind::MailHash => KeyFamily::Hashes(self.hash),
            Kind::Never => KeyFamily::Any,
        }
    }

    /// Whether this key stands for a single host: one address, or the IPv6 block that one is listed as.
    #[must_use]
    pub fn is_single(&self, key: Prefix) -> bool {
        key.is_host() || (key.first().is_ipv6() && self.v6_block() == key.length())
    }

    /// Whether exclusions of this source end when another source brings newer evidence. A removal from a dynamic range does not:
    /// that an address lies in the range says nothing against it.
    #[must_use]
    pub fn yields_to_evidence(&self, source: &SourceName) -> bool {
        source.yields_to_evidence() && !(self.kind == Kind::Dynamic && source.as_str() == "removal")
    }

    /// The length of the IPv6 block that one customer has, as this list sees it: where it does not say, as most providers
    /// give it.
    #[must_use]
    pub fn v6_block(&self) -> u8 {
        self.v6_hosts_as.unwrap_or(64)
    }

    /// The list `never`: every family, no guards, no expiry. Its code is never answered.
    #[must_use]
    pub fn never() -> Self {
        Self {
            name: ListName::never(),
            kind: Kind::Never,
            code: "127.0.0.2".parse().expect("a valid code"),
            codes: Vec::new(),
            text: String::new(),
            entry_texts: false,
            widest_v4: 0,
            widest_v6: 0,
            covers_at_most: 100.0,
            criteria: "Addresses and names that no list may hold.".into(),
            expires_after: None,
            ttl: None,
            v6_hosts_as: None,
            hash: HashKind::Sha1,
            removal: Removal::default(),
            reports: None,
        }
    }
}
