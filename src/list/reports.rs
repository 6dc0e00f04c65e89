//! How a list turns reports into listings: `[list.reports]` of the configuration.
//!
//! Guarantees: valid when it comes from `config`: every kind has a weight, two reporters at least are asked for, and what
//! is widened gets wider step by step.
//! Never: counts. `cases::report` does, by this rule.

use super::{Duration, Prefix};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What was seen of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// Mail to an address that nobody uses.
    Trap,
    /// Mail that a filter or a person calls spam.
    Spam,
    /// Guessed passwords.
    Auth,
    /// It passes on mail for strangers.
    Relay,
    /// It passes on connections for strangers.
    Proxy,
}

/// Why a text is no kind of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of report; write trap, spam, auth, relay or proxy")]
pub struct ReportKindError;

/// That many listed prefixes of one length list the wider one that holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widening {
    /// The length of what is counted.
    pub from: u8,
    /// The length of what gets listed.
    pub to: u8,
    /// How many.
    pub count: u32,
}

/// The rule of one list.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportRule {
    /// The kinds that count and how much each does, in the order of the configuration.
    pub weights: Vec<(ReportKind, f64)>,
    /// The score from which an address is listed.
    pub threshold: f64,
    /// How many reporters have to agree.
    pub reporters: u32,
    /// Older reports do not count.
    pub within: Duration,
    /// After so long a report counts half.
    pub half_life: Duration,
    /// The most that one reporter adds to the score.
    pub per_reporter: f64,
    /// How long after the last report a listing ends.
    pub expires: Duration,
    /// From the longest to the shortest.
    pub widen_v6: Vec<Widening>,
    /// Never listed by reports.
    pub spare: Vec<Prefix>,
}

impl ReportKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Trap, Self::Spam, Self::Auth, Self::Relay, Self::Proxy];

    /// As the configuration and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Spam => "spam",
            Self::Auth => "auth",
            Self::Relay => "relay",
            Self::Proxy => "proxy",
        }
    }
}

impl FromStr for ReportKind {
    type Err = ReportKindError;

    fn from_str(text: &str) -> Result<Self, ReportKindError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(ReportKindError)
    }
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ReportRule {
    /// What a report of this kind weighs; `None` where the list does not count it.
    #[must_use]
    pub fn weight(&self, kind: ReportKind) -> Option<f64> {
        self.weights.iter().find(|(counted, _)| *counted == kind).map(|(_, weight)| *weight)
    }

    /// The rule that tests go by: traps and spam, two reporters, 198.51.100.0/24 spared.
    #[cfg(test)]
    #[must_use]
    pub fn example() -> Self {
        let duration = |text: &str| text.parse().expect("a duration");
        Self {
            weights: vec![(ReportKind::Trap, 2.0), (ReportKind::Spam, 1.0)],
            threshold: 3.0,
            reporters: 2,
            within: duration("7d"),
            half_life: duration("48h"),
            per_reporter: 2.0,
            expires: duration("7d"),
            widen_v6: [(64, 56, 3), (56, 48, 3)].map(|(from, to, count)| Widening { from, to, count }).to_vec(),
            spare: vec!["198.51.100.0/24".parse().expect("a prefix")],
        }
    }

    /// Whether reports never list this prefix.
    #[must_use]
    pub fn spares(&self, prefix: Prefix) -> bool {
        self.spare.iter().any(|spared| spared.covers(prefix) || prefix.covers(*spared))
    }
}
