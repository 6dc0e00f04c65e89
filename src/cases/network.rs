//! A network: who runs which address ranges, how that was proved, and what it says of its ranges.
//!
//! ```text
//! claimed ──(TXT at every reverse zone cut)──> proven ──(an operator)──> active ──(three checks fail)──> lapsed
//!                                                        active, from the start, where an operator entered it
//! lapsed ──(the TXT are back)──> active        claimed for 7 days, lapsed for 30 ──> gone
//! ```
//! Guarantees: pure; a network may do something with a key only where [`Network::holds`] says so, which is inside its active
//! prefixes; the longest range decides what is said of an address, the longest active prefix who answers for it.
//! Never: asks DNS. What a check found is an event.

use crate::{
    limits::{
        CLAIM_CHECK_SECONDS, CLAIM_CUTS_MAX, CLAIM_FAILURES_MAX, CLAIM_LAPSED_SECONDS, CLAIM_PREFIXES_MAX,
        CLAIM_RETRY_SECONDS, CLAIM_UNSEEN_SECONDS, NETWORK_CONTACTS_MAX, NETWORK_NAME_OCTETS_MAX, NETWORK_PREFIXES_MAX,
        NETWORK_RANGES_MAX, NETWORK_TEXT_CHARACTERS_MAX, NETWORK_TITLE_CHARACTERS_MAX,
    },
    list::{Duration, LabelError, ListedName, Prefix, SourceName, Time},
};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// The name of a network. Its source is `network.NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NetworkName(Box<str>);

/// A network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// The version of this row.
    pub v: u8,
    /// Its name.
    pub name: NetworkName,
    /// What people call it.
    pub title: String,
    /// Mail addresses for the operator and the network's own mail.
    pub contacts: Vec<String>,
    /// A mail address or a page for the public; empty: none.
    #[serde(default)]
    pub public_contact: String,
    /// What it answers for.
    pub prefixes: Vec<HeldPrefix>,
    /// What it says of its ranges.
    pub ranges: Vec<Range>,
    /// Where new listings, and requests as they move, are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// Since when it is known.
    pub since: Time,
}

/// A prefix and how the network came by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPrefix {
    /// The prefix.
    #[serde(with = "as_text")]
    pub prefix: Prefix,
    /// How it is proved.
    pub proof: Proof,
    /// How it stands.
    pub state: PrefixState,
    /// Since when.
    pub since: Time,
    /// When it was last checked.
    #[serde(default)]
    pub checked_at: Option<Time>,
    /// Checks that failed since the last that did not.
    #[serde(default)]
    pub failures: u8,
    /// What the TXT records say behind `dnsbld=`; empty where an operator vouches.
    #[serde(default)]
    pub token: Box<str>,
}

/// How a prefix is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// An operator of this server entered it.
    Operator,
    /// TXT records in its reverse zones.
    ReverseTxt,
}

/// How a prefix stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrefixState {
    /// Somebody says so.
    Claimed,
    /// The TXT records are there.
    Proven,
    /// An operator agreed: it is in force.
    Active,
    /// It was in force, and the TXT records are gone.
    Lapsed,
}

/// What a network says of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The range.
    #[serde(with = "as_text")]
    pub prefix: Prefix,
    /// Its policy, in its words; empty: none.
    #[serde(default)]
    pub text: String,
    /// The server that customers send through; empty: none named.
    #[serde(default)]
    pub smarthost: String,
    /// Whether customers may take single addresses off.
    #[serde(default)]
    pub self_removal: bool,
}

/// Where new listings, and requests as they move, are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// `https://HOST/...`
    pub url: String,
    /// The name of the key that signs.
    pub key_id: String,
    /// The key, in hex. Shown when it is made, never again.
    pub key: String,
}

/// Why a network is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The name.
    #[error(
        "the name of a network has 1 to {NETWORK_NAME_OCTETS_MAX} characters: letters, digits, '.', '_' and '-', the \
         first a letter or digit"
    )]
    Name,
    /// The title.
    #[error("title: 1 to {NETWORK_TITLE_CHARACTERS_MAX} characters on one line")]
    Title,
    /// A mail address.
    #[error("contacts: 1 to {NETWORK_CONTACTS_MAX} mail addresses, each as noc@example.org")]
    Contacts,
    /// What the public is shown.
    #[error("public_contact: a mail address, a page that begins with https://, or nothing")]
    PublicContact,
    /// A prefix that is there twice, or too many.
    #[error("prefixes: 1 to {NETWORK_PREFIXES_MAX}, each once")]
    Prefixes,
    /// A range outside.
    #[error("{0} is not inside a prefix of this network")]
    Outside(Prefix),
    /// Too many ranges.
    #[error("a network has at most {NETWORK_RANGES_MAX} ranges")]
    TooManyRanges,
    /// The text of a range.
    #[error("text: at most {NETWORK_TEXT_CHARACTERS_MAX} characters")]
    Text,
    /// The smarthost.
    #[error("smarthost: a host name such as smtp.example.org")]
    Smarthost,
    /// The webhook's address.
    #[error("webhook: an address that begins with https://, names a host, and no port but 443")]
    Webhook,
}

/// Why a prefix cannot be claimed with TXT records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unprovable {
    /// No reverse zone of its own.
    #[error(
        "{0} is longer than its reverse zone: IPv4 down to /24 and IPv6 down to /64 can be proved; write to the operator"
    )]
    TooLong(Prefix),
    /// Too many cuts.
    #[error("{0} has more than {CLAIM_CUTS_MAX} reverse zones; claim its parts, or write to the operator")]
    TooWide(Prefix),
    /// Too many prefixes.
    #[error("a claim has at most {CLAIM_PREFIXES_MAX} prefixes; claim the others once the network is known")]
    ManyPrefixes,
    /// Too many cuts of all prefixes together.
    #[error(
        "the prefixes have more than {CLAIM_CUTS_MAX} reverse zones together; claim fewer, or write to the operator"
    )]
    ManyCuts,
}

/// What a check of a claim found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Every record is there.
    Proved,
    /// One is not, or says something else.
    Missing,
    /// DNS gave no answer: nothing is known.
    Unknown,
}

impl FromStr for NetworkName {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let named: Result<SourceName, LabelError> = text.parse();
        if named.is_ok() && text.len() <= NETWORK_NAME_OCTETS_MAX {
            Ok(Self(text.into()))
        } else {
            Err(NetworkError::Name)
        }
    }
}

impl TryFrom<String> for NetworkName {
    type Error = NetworkError;
    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl From<NetworkName> for String {
    fn from(name: NetworkName) -> Self {
        name.0.into()
    }
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl NetworkName {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The source under which the network writes.
    #[must_use]
    pub fn source(&self) -> SourceName {
        format!("network.{}", self.0).parse().expect("a name of a network makes a name of a source")
    }

    /// What a token of the network allows, in the words of its scope.
    #[must_use]
    pub fn scope(&self) -> String {
        format!("network:{}", self.0)
    }

    /// The network that writes under a source; `None` for other sources.
    #[must_use]
    pub fn of_source(source: &SourceName) -> Option<Self> {
        source.as_str().strip_prefix("network.").and_then(|name| name.parse().ok())
    }
}

impl fmt::Display for PrefixState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claimed => "claimed",
            Self::Proven => "proven",
            Self::Active => "active",
            Self::Lapsed => "lapsed",
        })
    }
}

impl HeldPrefix {
    /// One that an operator enters.
    #[must_use]
    pub fn entered(prefix: Prefix, now: Time) -> Self {
        let (proof, state) = (Proof::Operator, PrefixState::Active);
        Self { prefix, proof, state, since: now, checked_at: None, failures: 0, token: Box::default() }
    }

    /// One that somebody claims; `token` goes into the TXT records.
    ///
    /// # Errors
    /// [`Unprovable`]
    pub fn claimed(prefix: Prefix, token: Box<str>, now: Time) -> Result<Self, Unprovable> {
        reverse_cuts(prefix)?;
        let (proof, state) = (Proof::ReverseTxt, PrefixState::Claimed);
        Ok(Self { prefix, proof, state, since: now, checked_at: None, failures: 0, token })
    }

    /// What a check found. A check that could not be made changes nothing but its time.
    pub fn checked(&mut self, found: Checked, now: Time) {
        if self.proof == Proof::Operator {
            return;
        }
        // What a clock that was ahead wrote would keep it for years.
        self.since = self.since.min(now);
        self.checked_at = Some(now);
        let state = match (self.state, found) {
            (_, Checked::Unknown) => return,
            (state, Checked::Proved) => {
                self.failures = 0;
                match state {
                    PrefixState::Claimed => PrefixState::Proven,
                    PrefixState::Lapsed => PrefixState::Active,
                    PrefixState::Proven | PrefixState::Active => state,
                }
            }
            (state, Checked::Missing) => {
                self.failures = self.failures.saturating_add(1);
                match state {
                    PrefixState::Active if self.failures >= CLAIM_FAILURES_MAX => PrefixState::Lapsed,
                    PrefixState::Proven => PrefixState::Claimed,
                    PrefixState::Claimed | PrefixState::Active | PrefixState::Lapsed => state,
                }
            }
        };
        if state != self.state {
            (self.state, self.since) = (state, now);
        }
    }

    /// An operator agrees. Only what is proven can be agreed to: else nothing happens, and the answer is `false`.
    pub fn approve(&mut self, now: Time) -> bool {
        if self.state != PrefixState::Proven {
            return false;
        }
        (self.state, self.since) = (PrefixState::Active, now);
        true
    }

    /// Since when it is time to look at the TXT records; `None` where an operator vouches.
    #[must_use]
    pub fn due_at(&self) -> Option<Time> {
        let every = if self.state == PrefixState::Claimed { CLAIM_RETRY_SECONDS } else { CLAIM_CHECK_SECONDS };
        let due = self.checked_at.map_or(self.since, |last| last.plus(Duration::from_seconds(every)));
        (self.proof == Proof::ReverseTxt).then_some(due)
    }

    /// Whether it is time to look at the TXT records. A look whose time has not come was made by a clock that was ahead.
    #[must_use]
    pub fn is_due(&self, now: Time) -> bool {
        let ahead = self.checked_at.unwrap_or(self.since) > now;
        self.due_at().is_some_and(|due| ahead || now >= due)
    }

    /// Whether nobody has proved it for so long that it is forgotten, with the entries inside it.
    #[must_use]
    pub fn is_over(&self, now: Time) -> bool {
        let kept = match self.state {
            PrefixState::Claimed => CLAIM_UNSEEN_SECONDS,
            PrefixState::Lapsed => CLAIM_LAPSED_SECONDS,
            PrefixState::Proven | PrefixState::Active => return false,
        };
        now.since(self.since) >= Duration::from_seconds(kept)
    }
}

impl Range {
    /// Checks what is said.
    ///
    /// # Errors
    /// [`NetworkError::Text`], [`NetworkError::Smarthost`]
    pub fn check(&self) -> Result<(), NetworkError> {
        if self.text.chars().count() > NETWORK_TEXT_CHARACTERS_MAX {
            return Err(NetworkError::Text);
        }
        if !self.smarthost.is_empty() && !is_host(&self.smarthost) {
            return Err(NetworkError::Smarthost);
        }
        Ok(())
    }
}

impl Webhook {
    /// Checks the address.
    ///
    /// # Errors
    /// [`NetworkError::Webhook`]
    pub fn check(url: &str) -> Result<(), NetworkError> {
        let rest = url.strip_prefix("https://").ok_or(NetworkError::Webhook)?;
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let host = host.strip_suffix(":443").unwrap_or(host);
        let plain = url.bytes().all(|b| b.is_ascii_graphic() && b != b'#') && url.len() <= 512;
        if is_host(host) && plain { Ok(()) } else { Err(NetworkError::Webhook) }
    }
}

impl Network {
    /// Checks all that is said of it.
    ///
    /// # Errors
    /// [`NetworkError`]
    pub fn check(&self) -> Result<(), NetworkError> {
        let title = self.title.trim();
        let (characters, plain) = (title.chars().count(), !title.chars().any(char::is_control));
        if characters == 0 || characters > NETWORK_TITLE_CHARACTERS_MAX || !plain {
            return Err(NetworkError::Title);
        }
        let many = self.contacts.len();
        if many == 0 || many > NETWORK_CONTACTS_MAX || !self.contacts.iter().all(|contact| is_mailbox(contact)) {
            return Err(NetworkError::Contacts);
        }
        let contact = &*self.public_contact;
        let page =
            contact.starts_with("https://") && contact.len() <= 200 && contact.bytes().all(|b| b.is_ascii_graphic());
        if !(contact.is_empty() || page || is_mailbox(contact)) {
            return Err(NetworkError::PublicContact);
        }
        let mut prefixes: Vec<Prefix> = self.prefixes.iter().map(|held| held.prefix).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        if prefixes.is_empty() || prefixes.len() < self.prefixes.len() || prefixes.len() > NETWORK_PREFIXES_MAX {
            return Err(NetworkError::Prefixes);
        }
        self.ranges.iter().try_for_each(Range::check)
    }

    /// The same, without what checks note for themselves.
    #[must_use]
    pub fn unchecked(&self) -> Self {
        let mut all = self.clone();
        for held in &mut all.prefixes {
            (held.checked_at, held.failures) = (None, 0);
        }
        all
    }

    /// The prefixes in force.
    pub fn active(&self) -> impl Iterator<Item = Prefix> {
        self.prefixes.iter().filter(|held| held.state == PrefixState::Active).map(|held| held.prefix)
    }

    /// Whether all of `prefix` lies inside one that is in force.
    #[must_use]
    pub fn holds(&self, prefix: Prefix) -> bool {
        self.active().any(|held| held.covers(prefix))
    }

    /// Whether all that was in force of it `then` still is.
    #[must_use]
    pub fn still_holds(&self, then: &Self) -> bool {
        then.active().all(|prefix| self.holds(prefix))
    }

    /// Whether this is the source under which it writes.
    #[must_use]
    pub fn writes_as(&self, source: &SourceName) -> bool {
        NetworkName::of_source(source).as_ref() == Some(&self.name)
    }

    /// What was claimed of it by this word, the one of its records: the network with no other prefix and nothing else that
    /// is its own; `None` where nothing was.
    #[must_use]
    pub fn claimed_by(&self, word: &str) -> Option<Self> {
        let claimed = |held: &HeldPrefix| !held.token.is_empty() && *held.token == *word;
        let prefixes: Vec<HeldPrefix> = self.prefixes.iter().filter(|held| claimed(held)).cloned().collect();
        let (ranges, webhook) = (Vec::new(), None);
        (!prefixes.is_empty()).then(|| Self { prefixes, ranges, webhook, ..self.clone() })
    }

    /// Whether its token is taken: something of it is in force.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active().next().is_some()
    }

    /// The prefix in force that holds `prefix`, the longest.
    #[must_use]
    pub fn holding(&self, prefix: Prefix) -> Option<Prefix> {
        self.active().filter(|held| held.covers(prefix)).max_by_key(|held| held.length())
    }

    /// What it says of an address: the longest range decides. Nothing where the address is not in force.
    #[must_use]
    pub fn range_of(&self, prefix: Prefix) -> Option<&Range> {
        if !self.holds(prefix) {
            return None;
        }
        self.ranges.iter().filter(|range| range.prefix.covers(prefix)).max_by_key(|range| range.prefix.length())
    }

    /// Says something of a range, in place of what was said.
    ///
    /// # Errors
    /// [`NetworkError::Outside`] and what [`Range::check`] finds.
    pub fn put_range(&mut self, range: Range) -> Result<(), NetworkError> {
        range.check()?;
        if !self.prefixes.iter().any(|held| held.prefix.covers(range.prefix)) {
            return Err(NetworkError::Outside(range.prefix));
        }
        match self.ranges.binary_search_by_key(&range.prefix, |other| other.prefix) {
            Ok(place) => self.ranges[place] = range,
            Err(_) if self.ranges.len() >= NETWORK_RANGES_MAX => return Err(NetworkError::TooManyRanges),
            Err(place) => self.ranges.insert(place, range),
        }
        Ok(())
    }

    /// Forgets what was said of a range; whether something was.
    pub fn remove_range(&mut self, prefix: Prefix) -> bool {
        let before = self.ranges.len();
        self.ranges.retain(|range| range.prefix != prefix);
        self.ranges.len() < before
    }
}

/// Who answers for a prefix: the network whose active prefix is the longest that holds it.
#[must_use]
pub fn owner(networks: &[Network], prefix: Prefix) -> Option<(&Network, Prefix)> {
    let holding = networks.iter().filter_map(|network| Some((network, network.holding(prefix)?)));
    // Of two that hold the very same prefix the first by name answers, so that it is always the same one.
    holding.max_by(|(one, held), (other, held_too)| {
        held.length().cmp(&held_too.length()).then_with(|| other.name.cmp(&one.name))
    })
}

/// The prefixes of other networks that lie over, in or at `prefix`: shown to the operator who agrees to a claim.
#[must_use]
pub fn overlaps<'a>(networks: &'a [Network], name: &NetworkName, prefix: Prefix) -> Vec<(&'a NetworkName, Prefix)> {
    let others = networks.iter().filter(|network| network.name != *name);
    let held = others.flat_map(|network| network.prefixes.iter().map(|held| (&network.name, held.prefix)));
    held.filter(|(_, held)| held.covers(prefix) || prefix.covers(*held)).collect()
}

/// Where the TXT records of a claim stand: `_dnsbld.` below each reverse zone that covers the prefix, at the next octet
/// (IPv4) or nibble (IPv6) from its length on.
///
/// # Errors
/// [`Unprovable`]
pub fn reverse_cuts(prefix: Prefix) -> Result<Vec<String>, Unprovable> {
    let length = u32::from(prefix.length());
    let (longest, step) = if prefix.first().is_ipv4() { (24, 8) } else { (64, 4) };
    if length > longest {
        return Err(Unprovable::TooLong(prefix));
    }
    let cut = length.div_ceil(step).max(1) * step;
    let count = 1_usize << (cut - length);
    if count > CLAIM_CUTS_MAX || length < step {
        return Err(Unprovable::TooWide(prefix));
    }
    Ok((0..count as u128).map(|part| reverse_name(prefix.first(), cut, part)).collect())
}

/// The record's name for the `part`th zone of `cut` bits from `first` on.
fn reverse_name(first: IpAddr, cut: u32, part: u128) -> String {
    let mut labels: Vec<String> = Vec::new();
    match first {
        IpAddr::V4(address) => {
            let octets = Ipv4Addr::from(u32::from(address) | (part as u32) << (32 - cut)).octets();
            labels.extend(octets[..cut as usize / 8].iter().map(u8::to_string));
        }
        IpAddr::V6(address) => {
            let bits = u128::from(address) | part << (128 - cut);
            let octets = Ipv6Addr::from(bits).octets();
            let nibbles = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
            labels.extend(nibbles.take(cut as usize / 4).map(|nibble| format!("{nibble:x}")));
        }
    }
    labels.reverse();
    let tree = if first.is_ipv4() { "in-addr.arpa" } else { "ip6.arpa" };
    format!("_dnsbld.{}.{tree}.", labels.join("."))
}

/// Whether a text is the name of a host, with a dot in it.
fn is_host(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let letters = text.rsplit('.').next().is_some_and(|label| label.bytes().any(|b| b.is_ascii_alphabetic()));
    // RFC 952: a hyphen stands inside a label only. What begins with one would be an option to a program.
    let hyphens = text.split('.').all(|label| !label.starts_with('-') && !label.ends_with('-'));
    plain && letters && hyphens && text.contains('.') && text.parse::<ListedName>().is_ok()
}

fn is_mailbox(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    !local.is_empty() && local.len() <= 64 && local.bytes().all(plain) && is_host(domain)
}

/// A prefix as its text.
mod as_text {
    use super::Prefix;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(prefix: &Prefix, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(prefix)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Prefix, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
