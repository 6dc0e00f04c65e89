//! What a list accepts, and the guards against accidents.
//!
//! [`accept`] says what is wrong with an entry whoever writes it; a [`Guard`] says what looks like an accident, and an admin's
//! `force` overrides it. Guards on one entry come from [`too_wide`], those on a source from [`Measures::check`], the one on a
//! list from [`covers_too_much`]; whether an entry lies inside `never` the caller has to look up.
//!
//! Guarantees: pure; the thresholds are constants of [`crate::limits`], and each text names the figures and `force`.
//! Never: guards the list `never`: what an operator writes there, is meant.

use super::{
    Key, KeyFamily, Kind, ListName, ListSettings, Mark, NewEntry, ReturnCode, TextFault, Time, template_faults,
};
use crate::limits::{
    EXCLUSION_WIDEST_V4, EXCLUSION_WIDEST_V6, GONE_PERCENT_MAX, GROWTH_FACTOR_MAX, SHRINK_KEYS_MIN, SHRINK_PERCENT_MAX,
    TEXT_OCTETS_MAX, TURNOVER_KEYS_MIN,
};
use std::net::IpAddr;

/// Why a list does not take an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A name in a list of addresses, a hash of another kind.
    #[error("the list {list} does not take such a key: {key}")]
    Family {
        /// The list.
        list: ListName,
        /// The key.
        key: Key,
    },
    /// A code that the list does not have.
    #[error("the list {list} has no code {code}; it has {}", listed(.has))]
    Code {
        /// The list.
        list: ListName,
        /// The code of the entry.
        code: ReturnCode,
        /// The list's code and its further ones.
        has: Vec<ReturnCode>,
    },
    /// A text in a list without entry texts.
    #[error("the entries of the list {0} have no text of their own; write a reason, or set entry_texts for the list")]
    NoTexts(ListName),
    /// A text that does not fit into a TXT record as it is.
    #[error("a text has 1 to {TEXT_OCTETS_MAX} printable ASCII characters")]
    Text,
    /// A text that is not like those of lists.
    #[error("text: {0}")]
    Placeholder(TextFault),
    /// The entry would end at once.
    #[error(
        "seen {seen} is longer ago than the list's expires_after ({after}); leave the entry out or give it expires"
    )]
    SeenTooOld {
        /// When it was seen.
        seen: Time,
        /// The list's setting.
        after: super::Duration,
    },
    /// The entry has ended already.
    #[error("expires {0} has passed; leave the entry out")]
    Expired(Time),
}

/// Something that looks like an accident.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Guard {
    /// The source has lost many of its keys.
    #[error(
        "shrinks: the source held {before} keys when its day began and would hold {after}, fewer by more than {SHRINK_PERCENT_MAX} %; {FORCE}"
    )]
    Shrinks {
        /// Keys at the start of its day.
        before: u64,
        /// Keys afterwards.
        after: u64,
    },
    /// The source has become another one.
    #[error(
        "turnover: of the {before} keys that the source held when its day began {kept} would be left, more than {GONE_PERCENT_MAX} % would be gone; {FORCE}"
    )]
    Turnover {
        /// Keys at the start of its day.
        before: u64,
        /// How many of them are left.
        kept: u64,
    },
    /// The source has grown beyond measure.
    #[error(
        "grows: the source had {before} {what} when its day began and would have {after}, more than {GROWTH_FACTOR_MAX} times as many; {FORCE}"
    )]
    Grows {
        /// What has grown.
        what: Grown,
        /// At the start of its day.
        before: u64,
        /// Afterwards.
        after: u64,
    },
    /// A listing wider than the list permits.
    #[error("too-wide: {key} is wider than the /{widest} that the list {list} permits; {FORCE}")]
    TooWide {
        /// The list.
        list: ListName,
        /// The key.
        key: Key,
        /// The list's shortest prefix of that family.
        widest: u8,
    },
    /// The list covers more than it should.
    #[error(
        "covers-too-much: the list {list} would cover {covered} IPv4 addresses, more than its covers_at_most of {percent} %; {FORCE}"
    )]
    CoversTooMuch {
        /// The list.
        list: ListName,
        /// IPv4 addresses listed, exclusions taken off.
        covered: u64,
        /// The list's setting.
        percent: f64,
    },
    /// A name under which others register theirs.
    #[error("public-suffix: {0} is a public suffix, under which anyone can register a name; {FORCE}")]
    PublicSuffix(Key),
    /// A listing that could not act.
    #[error("inside-never: {key} lies inside {never}, which the list never holds, so it would not be served; {FORCE}")]
    InsideNever {
        /// The key.
        key: Key,
        /// What covers it.
        never: Key,
    },
    /// An exclusion that frees a provider.
    #[error("exclusion-too-wide: the exclusion {key} is wider than /{widest}; {FORCE}")]
    ExclusionTooWide {
        /// The key.
        key: Key,
        /// The shortest prefix that may be excluded.
        widest: u8,
    },
}

const FORCE: &str = "an admin overrides this with force";

/// What of a source has grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grown {
    /// Its keys.
    Keys,
    /// The addresses (IPv6: /64s) that they cover.
    Covered,
}

impl std::fmt::Display for Grown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Keys => "keys",
            Self::Covered => "addresses (IPv6: /64s)",
        })
    }
}

impl Guard {
    /// The name by which the API and metrics know it; its text begins with it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Shrinks { .. } => "shrinks",
            Self::Turnover { .. } => "turnover",
            Self::Grows { .. } => "grows",
            Self::TooWide { .. } => "too-wide",
            Self::CoversTooMuch { .. } => "covers-too-much",
            Self::PublicSuffix(_) => "public-suffix",
            Self::InsideNever { .. } => "inside-never",
            Self::ExclusionTooWide { .. } => "exclusion-too-wide",
        }
    }
}

/// The entry as the list keeps it: IPv6 listings widened as `v6_hosts_as` says, a code or text that says nothing new taken
/// off, times from the future brought back to `now`.
///
/// # Errors
/// See [`Rejection`].
pub fn accept(list: &ListSettings, mut new: NewEntry, now: Time) -> Result<NewEntry, Rejection> {
    if !list.family().takes(&new.key) {
        return Err(Rejection::Family { list: list.name.clone(), key: new.key });
    }
    if new.mark == Mark::Excluded {
        // An exclusion answers nothing, and holds exactly where it was written.
        (new.code, new.text) = (None, None);
    } else {
        new.key = widened(list, new.key);
    }
    if let Some(code) = new.code {
        if code == list.code {
            new.code = None;
        } else if !list.codes.contains(&code) {
            let has = [list.code].into_iter().chain(list.codes.iter().copied()).collect();
            return Err(Rejection::Code { list: list.name.clone(), code, has });
        }
    }
    if let Some(text) = &new.text {
        if !list.entry_texts {
            return Err(Rejection::NoTexts(list.name.clone()));
        }
        match template_faults(text).into_iter().next() {
            None if text.is_empty() => return Err(Rejection::Text),
            None => {}
            Some((_, TextFault::TooLong | TextFault::Character)) => return Err(Rejection::Text),
            Some((_, fault @ TextFault::Placeholder(_))) => return Err(Rejection::Placeholder(fault)),
        }
    }
    if let Some(expires) = new.expires.filter(|expires| *expires <= now) {
        return Err(Rejection::Expired(expires));
    }
    new.seen = new.seen.map(|seen| seen.min(now));
    // An entry with an end of its own does not end by the list's rule.
    if let (Some(seen), Some(after), None) = (new.seen, list.expires_after, new.expires)
        && seen.plus(after) <= now
    {
        return Err(Rejection::SeenTooOld { seen, after });
    }
    new.first_seen = new.first_seen.map(|first| first.min(new.seen.unwrap_or(now)));
    Ok(new)
}

/// The key that a listing of `key` is kept under: longer IPv6 prefixes are widened to `v6_hosts_as`. Removals ask the same.
#[must_use]
pub fn widened(list: &ListSettings, key: Key) -> Key {
    match (&key, list.v6_hosts_as) {
        (Key::Prefix(prefix), Some(length)) if prefix.first().is_ipv6() => Key::Prefix(prefix.widened_to(length)),
        _ => key,
    }
}

/// Whether one entry is wider than it may be without `force`: a prefix, a public suffix, an exclusion.
#[must_use]
pub fn too_wide(list: &ListSettings, key: &Key, mark: Mark) -> Option<Guard> {
    if list.kind == Kind::Never {
        return None;
    }
    match (key, mark) {
        (Key::Prefix(prefix), Mark::Listed) => {
            let widest = match prefix.first() {
                IpAddr::V4(_) => list.widest_v4,
                IpAddr::V6(_) => list.widest_v6,
            };
            let guard = Guard::TooWide { list: list.name.clone(), key: key.clone(), widest };
            (prefix.length() < widest).then_some(guard)
        }
        (Key::Prefix(prefix), Mark::Excluded) => {
            let widest = match prefix.first() {
                IpAddr::V4(_) => EXCLUSION_WIDEST_V4,
                IpAddr::V6(_) => EXCLUSION_WIDEST_V6,
            };
            (prefix.length() < widest).then(|| Guard::ExclusionTooWide { key: key.clone(), widest })
        }
        (Key::Name(name), Mark::Listed) => is_public_suffix(name.name()).then(|| Guard::PublicSuffix(key.clone())),
        (Key::Name(_), Mark::Excluded) | (Key::Hash(_), _) => None,
    }
}

/// Whether anyone can register names right below this one (ICANN part of the public suffix list).
fn is_public_suffix(name: &str) -> bool {
    psl::suffix(name.as_bytes())
        .is_some_and(|suffix| suffix.typ() == Some(psl::Type::Icann) && suffix.as_bytes() == name.as_bytes())
}

/// Whether a change makes a list cover more of IPv4 than it may without `force`. A list that covers too much already, by an
/// admin's will, can still be changed, as long as it does not cover more.
#[must_use]
pub fn covers_too_much(list: &ListSettings, covered_before: u64, covered_after: u64) -> Option<Guard> {
    const ALL: f64 = 4_294_967_296.0;
    if list.family() != KeyFamily::Addresses || covered_after <= covered_before {
        return None;
    }
    // Counts of IPv4 addresses are far below 2^52.
    #[expect(clippy::cast_precision_loss, reason = "at most 2^32")]
    let share = covered_after as f64 / ALL * 100.0;
    let guard = Guard::CoversTooMuch { list: list.name.clone(), covered: covered_after, percent: list.covers_at_most };
    (share > list.covers_at_most).then_some(guard)
}

/// What a change does to its source, against what the source held when its day began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Keys when its day began.
    pub keys_at_day_start: u64,
    /// How many of those are still held afterwards.
    pub kept_of_them: u64,
    /// Keys afterwards.
    pub keys_after: u64,
    /// Addresses (IPv6: /64s) covered when its day began.
    pub covered_at_day_start: u64,
    /// Addresses (IPv6: /64s) covered afterwards.
    pub covered_after: u64,
}

impl Measures {
    /// The first guard that a change of a list's source meets.
    #[must_use]
    pub fn check(&self, list: &ListSettings) -> Option<Guard> {
        if list.kind == Kind::Never {
            return None;
        }
        let (before, after) = (self.keys_at_day_start, self.keys_after);
        if before >= SHRINK_KEYS_MIN && parts(after, 100) < parts(before, 100 - SHRINK_PERCENT_MAX) {
            return Some(Guard::Shrinks { before, after });
        }
        if before < TURNOVER_KEYS_MIN {
            return None;
        }
        let kept = self.kept_of_them;
        if parts(kept, 100) < parts(before, 100 - GONE_PERCENT_MAX) {
            return Some(Guard::Turnover { before, kept });
        }
        let grown = [(Grown::Keys, before, after), (Grown::Covered, self.covered_at_day_start, self.covered_after)];
        let beyond =
            grown.into_iter().find(|(_, before, after)| u128::from(*after) > parts(*before, GROWTH_FACTOR_MAX));
        beyond.map(|(what, before, after)| Guard::Grows { what, before, after })
    }
}

/// A product that cannot overflow: IPv6 lists may cover up to 2^64 /64s.
fn parts(count: u64, times: u64) -> u128 {
    u128::from(count) * u128::from(times)
}

fn listed(codes: &[ReturnCode]) -> String {
    codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
