//! Reports: what traps and mail servers saw, counted into listings by the rule of a list.
//!
//! ```text
//! score = sum over reporters of min(per_reporter, sum of weight x 0.5^(age / half_life))
//! listed: score >= threshold, by at least that many reporters, each report no older than `within`
//! ```
//! The operator's own trap ([`OWN_TRAP`]) is believed alone: it has no cap, and where it counts no second reporter is
//! asked for.
//!
//! A removal that somebody looked at (a proof, a test, people) begins anew: what was seen before it counts no more, and one
//! report does not bring the listing back that it lifted. One by the rule `self` ends with the next report.
//!
//! Guarantees: pure; a report counts once whatever is repeated; no reporter but the own trap lists anything alone, however
//! often it reports.
//! Never: ends a listing. It ends by itself when the reports cease.

use crate::{
    limits::{REPORT_AHEAD_MAX, REPORT_COUNT_MAX},
    list::{Duration, Prefix, ReportKind, ReportRule, Time, Widening},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, net::IpAddr};

/// The reporter that stands for the operator's own trap.
pub const OWN_TRAP: &str = "operator";

/// Something that a reporter saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The address of the TCP peer.
    pub address: IpAddr,
    /// What it did.
    pub kind: ReportKind,
    /// When.
    pub seen: Time,
    /// The reporter's own name for it.
    pub id: Option<Box<str>>,
    /// How often, at least once.
    pub count: u32,
    /// What shows it; for admins only.
    pub evidence: Box<str>,
}

/// A report as it is kept and counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The version of this row.
    pub v: u8,
    /// Who saw it.
    pub reporter: Box<str>,
    /// What.
    pub kind: ReportKind,
    /// When.
    pub seen: Time,
    /// How often.
    pub count: u32,
    /// What shows it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub evidence: Box<str>,
}

/// What makes two reports one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub [u8; 16]);

/// How a score came about.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// The sum, each reporter capped.
    pub total: f64,
    /// Who adds to it.
    pub reporters: u32,
    /// Whether the own trap is among them.
    pub own_trap: bool,
}

/// What the reports of an address come to in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The list does not count it.
    Ignored,
    /// It is kept and counts.
    Counted,
    /// It lists the address, or renews its listing.
    Listed {
        /// The evidence's own time.
        seen: Time,
        /// When the listing ends.
        expires: Time,
    },
}

/// The text before the names in [`Identity`], so that an id cannot look like an address.
const BY_ID: &[u8] = b"id";
const BY_HOUR: &[u8] = b"hour";

impl Report {
    /// What this report is known by: the reporter's id for it, else what it is counted by, the kind and the hour.
    #[must_use]
    pub fn identity(&self, reporter: &str) -> Identity {
        let mut hash = Sha256::new();
        let mut part = |octets: &[u8]| {
            hash.update((octets.len() as u64).to_be_bytes());
            hash.update(octets);
        };
        part(reporter.as_bytes());
        if let Some(id) = &self.id {
            part(BY_ID);
            part(id.as_bytes());
        } else {
            part(BY_HOUR);
            part(Prefix::customer(self.address).to_string().as_bytes());
            part(self.kind.as_str().as_bytes());
            part(&(self.seen.seconds() / 3_600).to_be_bytes());
        }
        let digest = hash.finalize();
        Identity(std::array::from_fn(|place| digest[place]))
    }

    /// The row that is kept of it.
    #[must_use]
    pub fn counted(&self, reporter: &str) -> Counted {
        Counted {
            v: 1,
            reporter: reporter.into(),
            kind: self.kind,
            seen: self.seen,
            count: self.count.clamp(1, REPORT_COUNT_MAX),
            evidence: self.evidence.clone(),
        }
    }
}

/// Whether the list counts a report of this kind, seen then, of this prefix.
#[must_use]
pub fn counts(rule: &ReportRule, kind: ReportKind, seen: Time, prefix: Prefix, now: Time) -> bool {
    let fresh = now.since(seen) <= rule.within && seen.since(now).seconds() <= REPORT_AHEAD_MAX;
    fresh && rule.weight(kind).is_some() && !rule.spares(prefix)
}

/// Those of the reports that count for a list, and what each weighs before it ages.
pub fn counting<'a>(
    rule: &ReportRule,
    reports: impl IntoIterator<Item = &'a Counted>,
    now: Time,
) -> impl Iterator<Item = (&'a Counted, f64)> {
    reports.into_iter().filter_map(move |report| {
        let weight = rule.weight(report.kind).filter(|_| now.since(report.seen) <= rule.within)?;
        Some((report, weight))
    })
}

/// The score of one prefix: `reports` are all that is kept of it.
#[must_use]
pub fn score<'a>(rule: &ReportRule, reports: impl IntoIterator<Item = &'a Counted>, now: Time) -> Score {
    let mut by_reporter = BTreeMap::<&str, f64>::new();
    for (report, weight) in counting(rule, reports, now) {
        let faded = weight * f64::from(report.count) * decay(rule, now.since(report.seen));
        *by_reporter.entry(&report.reporter).or_default() += faded;
    }
    let mut score = Score::default();
    for (reporter, sum) in by_reporter {
        let own = reporter == OWN_TRAP;
        score.total += if own { sum } else { sum.min(rule.per_reporter) };
        score.reporters += 1;
        score.own_trap |= own;
    }
    score
}

/// Half of a tenth of a point.
const SCORE_ROUNDED: f64 = 0.05;

fn decay(rule: &ReportRule, age: Duration) -> f64 {
    0.5_f64.powf(f64::from(age.seconds()) / f64::from(rule.half_life.seconds().max(1)))
}

impl Score {
    /// Whether it lists: to the tenth that people read, since every report has faded a little when the next one comes.
    #[must_use]
    pub fn reaches(&self, rule: &ReportRule) -> bool {
        self.total + SCORE_ROUNDED >= rule.threshold && (self.own_trap || self.reporters >= rule.reporters)
    }
}

/// What a new report comes to. `reports` are all that is kept of its prefix, the new one among them; `listed_until` is the
/// end of the listing by reports that covers the prefix now, if there is one.
#[must_use]
pub fn judge<'a>(
    rule: &ReportRule,
    new: &Counted,
    prefix: Prefix,
    reports: impl IntoIterator<Item = &'a Counted>,
    listed_until: Option<Time>,
    now: Time,
) -> Outcome {
    if !counts(rule, new.kind, new.seen, prefix, now) {
        return Outcome::Ignored;
    }
    let listed = listed_until.filter(|until| now < *until);
    if listed.is_none() && !score(rule, reports, now).reaches(rule) {
        return Outcome::Counted;
    }
    let seen = new.seen.min(now);
    let end = seen.plus(rule.expires).max(listed.unwrap_or(now));
    // A report as old as the rule allows may be older than a listing lives.
    if end <= now { Outcome::Counted } else { Outcome::Listed { seen, expires: end } }
}

/// What gets listed besides a v6 prefix that was just listed: wider prefixes, one a step of the rule. `listed` says whether
/// reports list as many inside a prefix as a step asks for, the new one among them.
pub fn widened<E>(
    rule: &ReportRule,
    new: Prefix,
    mut listed: impl FnMut(Prefix, Widening) -> Result<bool, E>,
) -> Result<Vec<Prefix>, E> {
    let mut wider = Vec::new();
    if !new.first().is_ipv6() {
        return Ok(wider);
    }
    let mut inner = new;
    for step in &rule.widen_v6 {
        if step.from != inner.length() {
            continue;
        }
        let outer = inner.widened_to(step.to);
        if rule.spares(outer) || !listed(outer, *step)? {
            break;
        }
        wider.push(outer);
        inner = outer;
    }
    Ok(wider)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const NOW: Time = Time::from_seconds(1_800_000_000);

    fn counted(reporter: &str, kind: ReportKind, ago: u32) -> Counted {
        let seen = Time::from_seconds(NOW.seconds() - ago);
        Counted { v: 1, reporter: reporter.into(), kind, seen, count: 1, evidence: Box::default() }
    }

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn one_reporter_never_lists_but_for_the_own_trap() {
        let flood: Vec<_> = (0..1_000).map(|ago| counted("a", ReportKind::Trap, ago)).collect();
        let score_of_flood = score(&ReportRule::example(), &flood, NOW);
        assert!(!score_of_flood.reaches(&ReportRule::example()), "{score_of_flood:?}");
        let low = ReportRule { threshold: 1.0, ..ReportRule::example() };
        assert!(!score(&low, &flood, NOW).reaches(&low), "not even where its cap is above the threshold");

        let agreed = [counted("a", ReportKind::Trap, 0), counted("b", ReportKind::Spam, 0)];
        assert!(score(&ReportRule::example(), &agreed, NOW).reaches(&ReportRule::example()));
        let own = [counted(OWN_TRAP, ReportKind::Trap, 60), counted(OWN_TRAP, ReportKind::Trap, 0)];
        assert!(score(&ReportRule::example(), &own, NOW).reaches(&ReportRule::example()));
    }

    /// The default figures say 2 points for a trap, 1 for spam, and 3 to be listed: a second between them kept it off the list.
    #[test]
    fn a_trap_and_a_spam_report_within_the_hour_are_three_points() {
        let rule = ReportRule { threshold: 3.0, ..ReportRule::example() };
        let reports = |ago| [counted("a", ReportKind::Trap, ago), counted("b", ReportKind::Spam, 0)];
        assert!(score(&rule, &reports(3_600), NOW).reaches(&rule));
        assert!(!score(&rule, &reports(24 * 3_600), NOW).reaches(&rule));
    }

    #[test]
    fn after_a_half_life_a_report_counts_half() {
        let two_days = 2 * 86_400;
        let total = score(&ReportRule::example(), &[counted("a", ReportKind::Trap, two_days)], NOW).total;
        assert!((total - 1.0).abs() < 1e-9, "{total}");
        assert_eq!(
            score(&ReportRule::example(), &[counted("a", ReportKind::Trap, 7 * 86_400 + 1)], NOW),
            Score::default()
        );
    }

    #[test]
    fn the_same_report_is_known_again_and_no_other_is_taken_for_it() {
        let report = |address: &str, id: Option<&str>, seen: u32| Report {
            address: address.parse().unwrap(),
            kind: ReportKind::Trap,
            seen: Time::from_seconds(seen),
            id: id.map(Into::into),
            count: 1,
            evidence: Box::default(),
        };
        let first = report("192.0.2.1", Some("m1"), 7_200).identity("a");
        assert_eq!(report("192.0.2.9", Some("m1"), 90_000).identity("a"), first, "the id decides");
        let by_hour = report("192.0.2.1", None, 7_200).identity("a");
        assert_eq!(report("::ffff:192.0.2.1", None, 10_799).identity("a"), by_hour);
        let customer = report("2001:db8:0:1::5", None, 7_200).identity("a");
        assert_eq!(report("2001:db8:0:1::6", None, 7_200).identity("a"), customer, "one customer's addresses");
        let others = [
            first,
            by_hour,
            customer,
            report("192.0.2.1", Some("m1"), 7_200).identity("b"),
            report("192.0.2.1", None, 10_800).identity("a"),
            report("192.0.2.2", None, 7_200).identity("a"),
            Report { kind: ReportKind::Spam, ..report("192.0.2.1", None, 7_200) }.identity("a"),
        ];
        assert_eq!(others.iter().collect::<HashSet<_>>().len(), others.len());
    }

    #[test]
    fn a_listing_is_made_renewed_and_never_shortened() {
        let (one, two) = (counted("a", ReportKind::Trap, 10), counted("b", ReportKind::Trap, 0));
        let host = prefix("192.0.2.1");
        assert_eq!(judge(&ReportRule::example(), &one, host, [&one], None, NOW), Outcome::Counted);
        let week = NOW.plus(ReportRule::example().expires);
        assert_eq!(
            judge(&ReportRule::example(), &two, host, [&one, &two], None, NOW),
            Outcome::Listed { seen: NOW, expires: week }
        );
        // One more report of one reporter renews; an older one does not shorten.
        let old = counted("a", ReportKind::Spam, 86_400);
        let listed = judge(&ReportRule::example(), &old, host, [&old], Some(week), NOW);
        assert_eq!(listed, Outcome::Listed { seen: old.seen, expires: week });
        // A listing that has ended is not there.
        assert_eq!(judge(&ReportRule::example(), &old, host, [&old], Some(NOW), NOW), Outcome::Counted);
    }

    #[test]
    fn what_a_rule_does_not_take_is_ignored() {
        let host = prefix("192.0.2.1");
        let ignored = |report: &Counted, prefix| {
            judge(&ReportRule::example(), report, prefix, [report], None, NOW) == Outcome::Ignored
        };
        assert!(ignored(&counted("a", ReportKind::Auth, 0), host), "no weight");
        assert!(ignored(&counted("a", ReportKind::Trap, 7 * 86_400 + 1), host), "too old");
        assert!(ignored(&counted("a", ReportKind::Trap, 0), prefix("198.51.100.9")), "spared");
        let ahead =
            |seconds| Counted { seen: NOW.plus(Duration::from_seconds(seconds)), ..counted("a", ReportKind::Trap, 0) };
        assert!(!ignored(&ahead(300), host));
        assert!(ignored(&ahead(301), host));
    }

    #[test]
    fn enough_listed_prefixes_list_the_wider_one() {
        let mut listed: HashSet<Prefix> = ["2001:db8:0:1::/64", "2001:db8:0:2::/64"].map(prefix).into();
        let step = |listed: &HashSet<Prefix>, new: Prefix| {
            let inside = |outer: Prefix, step: Widening| {
                let counted = listed.iter().filter(|one| one.length() == step.from && outer.covers(**one)).count();
                Ok::<_, ()>(counted >= step.count as usize)
            };
            widened(&ReportRule::example(), new, inside).unwrap()
        };
        assert!(step(&listed, prefix("2001:db8:0:2::/64")).is_empty());
        listed.insert(prefix("2001:db8:0:3::/64"));
        assert_eq!(step(&listed, prefix("2001:db8:0:3::/64")), [prefix("2001:db8::/56")]);
        listed.extend(["2001:db8::/56", "2001:db8:0:100::/56", "2001:db8:0:200::/56"].map(prefix));
        let both = step(&listed, prefix("2001:db8:0:3::/64"));
        assert_eq!(both, [prefix("2001:db8::/56"), prefix("2001:db8::/48")]);
        assert!(step(&listed, prefix("192.0.2.1")).is_empty());
    }

    /// Word by word as people.md says it.
    fn naive(rule: &ReportRule, reports: &[Counted]) -> bool {
        let mut total = 0.0;
        let names: HashSet<&str> = reports.iter().map(|report| &*report.reporter).collect();
        let mut counting = HashSet::new();
        for name in names {
            let mut sum = 0.0;
            for report in reports {
                let age = f64::from(NOW.seconds() - report.seen.seconds());
                if *report.reporter != *name || age > f64::from(rule.within.seconds()) {
                    continue;
                }
                if let Some((_, weight)) = rule.weights.iter().find(|(kind, _)| *kind == report.kind) {
                    counting.insert(name);
                    sum += f64::from(report.count) * weight * (-(age / f64::from(rule.half_life.seconds()))).exp2();
                }
            }
            total += if name != OWN_TRAP && sum > rule.per_reporter { rule.per_reporter } else { sum };
        }
        total + 0.05 >= rule.threshold && (counting.contains(OWN_TRAP) || counting.len() >= rule.reporters as usize)
    }

    proptest! {
        #[test]
        fn the_score_is_that_of_the_naive_model(
            reports in prop::collection::vec((0usize..4, 0usize..3, 0u32..800_000, 1u32..4), 0..12),
            threshold in 0.5f64..9.0,
            reporters in 2u32..4,
        ) {
            let names = ["a", "b", "c", OWN_TRAP];
            let rule = ReportRule { threshold, reporters, ..ReportRule::example() };
            let reports: Vec<Counted> = reports
                .into_iter()
                .map(|(who, kind, ago, count)| Counted { count, ..counted(names[who], ReportKind::ALL[kind], ago) })
                .collect();
            let close = (score(&rule, &reports, NOW).total + 0.05 - threshold).abs() < 1e-9;
            prop_assert!(close || score(&rule, &reports, NOW).reaches(&rule) == naive(&rule, &reports));
        }

        #[test]
        fn no_flood_of_one_reporter_lists(
            kinds in prop::collection::vec((0usize..5, 0u32..900_000, 1u32..1_000), 0..60),
            threshold in 0.1f64..9.0,
        ) {
            let rule = ReportRule { threshold, ..ReportRule::example() };
            let flood: Vec<Counted> = kinds
                .into_iter()
                .map(|(kind, ago, count)| Counted { count, ..counted("a", ReportKind::ALL[kind], ago) })
                .collect();
            prop_assert!(!score(&rule, &flood, NOW).reaches(&rule));
        }
    }
}
