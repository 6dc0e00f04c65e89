//! What the program's own sources say of an entry, as its reason.
//!
//! | source | reason |
//! |---|---|
//! | `removal` | `removed on request (self)` |
//! | `retest` | `retest ID: clean`, `open relay: what was sent to it by TRIAL came back to this server` |
//! | `report` | `3 reports (spam, trap) by 2 reporters`, `reports list several networks inside 2001:db8::/56` |
//!
//! Guarantees: what is written is read back, so that a page can say it in the reader's language, whenever it was written.
//! Never: reads what others wrote: the names of these sources are the program's own.

use super::{
    Id,
    retest::{Suspicion, Variant},
};
use crate::list::{Prefix, RemovalRule, ReportKind, SourceName};
use std::fmt;

/// A reason that the program writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnReason {
    /// An exclusion that a request brought about.
    Removed(RemovalRule),
    /// An exclusion after a test.
    Clean(Id),
    /// A listing after a test.
    Open(Suspicion, Variant),
    /// A listing by reports.
    Reported {
        /// How many.
        reports: u64,
        /// Of what, each once.
        kinds: Vec<ReportKind>,
        /// By how many.
        reporters: u64,
    },
    /// A listing around several that reports list.
    Around(Prefix),
}

impl OwnReason {
    /// The reason of an entry of `source`, where it is one of these.
    #[must_use]
    pub fn of(source: &SourceName, reason: &str) -> Option<Self> {
        let read = match source.as_str() {
            "removal" => removed(reason),
            "retest" => clean(reason).or_else(|| open(reason)),
            "report" => reported(reason).or_else(|| around(reason)),
            _ => None,
        };
        read.filter(|read| read.to_string() == reason)
    }
}

fn removed(reason: &str) -> Option<OwnReason> {
    let rule = reason.strip_prefix("removed on request (")?.strip_suffix(')')?;
    rule.parse().ok().map(OwnReason::Removed)
}

fn clean(reason: &str) -> Option<OwnReason> {
    let id = reason.strip_prefix("retest ")?.strip_suffix(": clean")?;
    id.parse().ok().map(OwnReason::Clean)
}

fn open(reason: &str) -> Option<OwnReason> {
    let (what, rest) = reason.split_once(": what was sent to it by ")?;
    let what = [Suspicion::Relay, Suspicion::Proxy].into_iter().find(|one| open_what(*one) == what)?;
    let variant = rest.strip_suffix(" came back to this server")?.parse().ok()?;
    Some(OwnReason::Open(what, variant))
}

fn reported(reason: &str) -> Option<OwnReason> {
    let (reports, rest) = reason.split_once(" (")?;
    let (kinds, reporters) = rest.split_once(") by ")?;
    let number = |text: &str| text.split_once(' ')?.0.parse().ok();
    let kinds: Result<_, _> = kinds.split(", ").filter(|kind| !kind.is_empty()).map(str::parse).collect();
    Some(OwnReason::Reported { reports: number(reports)?, kinds: kinds.ok()?, reporters: number(reporters)? })
}

fn around(reason: &str) -> Option<OwnReason> {
    let prefix = reason.strip_prefix("reports list several networks inside ")?;
    prefix.parse().ok().map(OwnReason::Around)
}

const fn open_what(what: Suspicion) -> &'static str {
    match what {
        Suspicion::Relay => "open relay",
        Suspicion::Proxy => "open proxy",
    }
}

fn plural(number: u64, one: &str) -> String {
    if number == 1 { one.to_owned() } else { format!("{one}s") }
}

impl fmt::Display for OwnReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed(rule) => write!(f, "removed on request ({})", rule.as_str()),
            Self::Clean(id) => write!(f, "retest {id}: clean"),
            Self::Open(what, variant) => {
                write!(f, "{}: what was sent to it by {variant} came back to this server", open_what(*what))
            }
            Self::Reported { reports, kinds, reporters } => {
                let kinds = kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
                let (what, who) = (plural(*reports, "report"), plural(*reporters, "reporter"));
                write!(f, "{reports} {what} ({kinds}) by {reporters} {who}")
            }
            Self::Around(prefix) => write!(f, "reports list several networks inside {prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::retest::{Form, Protocol};
    use proptest::prelude::*;

    fn source(reason: &OwnReason) -> SourceName {
        match reason {
            OwnReason::Removed(_) => "removal",
            OwnReason::Clean(_) | OwnReason::Open(..) => "retest",
            OwnReason::Reported { .. } | OwnReason::Around(_) => "report",
        }
        .parse()
        .unwrap()
    }

    fn any_reason() -> impl Strategy<Value = OwnReason> {
        let form = prop::sample::select(Form::ALL.to_vec()).prop_map(|form| (Suspicion::Relay, Variant::Relay(form)));
        let port = (prop::sample::select(Protocol::ALL.to_vec()), any::<u16>());
        let port = port.prop_map(|(protocol, port)| (Suspicion::Proxy, Variant::Proxy(protocol, port)));
        let kinds = prop::sample::subsequence(ReportKind::ALL.to_vec(), 0..=5);
        prop_oneof![
            prop::sample::select(RemovalRule::ALL.to_vec()).prop_map(OwnReason::Removed),
            any::<[u8; 16]>().prop_map(|octets| OwnReason::Clean(Id(octets))),
            prop_oneof![form, port].prop_map(|(what, variant)| OwnReason::Open(what, variant)),
            (0u64..3_000, kinds, 0u64..300).prop_map(|(reports, kinds, reporters)| OwnReason::Reported {
                reports,
                kinds,
                reporters
            }),
            any::<u32>().prop_map(|bits| OwnReason::Around(Prefix::host(std::net::Ipv4Addr::from(bits).into()))),
        ]
    }

    #[test]
    fn reasons_of_before_are_read_and_those_of_others_are_not() {
        for (source, reason) in [
            ("removal", "removed on request (self)"),
            ("retest", "retest 00112233445566778899aabbccddeeff: clean"),
            ("retest", "open proxy: what was sent to it by socks5:1080 came back to this server"),
            ("report", "1 report (trap) by 1 reporter"),
            ("report", "12 reports (spam, trap) by 3 reporters"),
            ("report", "reports list several networks inside 2001:db8::/56"),
        ] {
            let read = OwnReason::of(&source.parse().unwrap(), reason).unwrap_or_else(|| panic!("{reason}"));
            assert_eq!(read.to_string(), reason);
            assert_eq!(OwnReason::of(&"feed".parse().unwrap(), reason), None);
        }
        for reason in
            ["", "1 reports (trap) by 1 reporter", "removed", "retest x: clean", "2 reports (x) by 1 reporter"]
        {
            for source in ["removal", "retest", "report"] {
                assert_eq!(OwnReason::of(&source.parse().unwrap(), reason), None, "{reason}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(reason in any_reason()) {
            prop_assert_eq!(OwnReason::of(&source(&reason), &reason.to_string()), Some(reason));
        }
    }
}
