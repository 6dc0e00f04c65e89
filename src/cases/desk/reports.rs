//! The desk's reports: each is kept once, counted by the rule of every list that wants it, and may list its address.
//!
//! ```text
//! 'd' identity                     it was taken                       value: null
//! 'a' prefix, time back, identity  what it says, the newest first     value: Counted
//! 't' time, identity               when it ends                       value: the key under 'a'
//! ```
//! IPv6 is counted by the /64, which one customer has at least.
//!
//! Guarantees: the rows of a body and what they list are one commit (where they list in several lists: the commit of the
//! last one, so that nothing is counted without having acted); what `never` holds or a rule spares is not kept.
//! Never: believes a time of the future; keeps a report longer than the longest `within` of the rules in force.

use super::{
    Desk, Entries, Fault, Sitting, on_a_thread,
    standing::{is_ours, listed_over},
    value,
};
use crate::{
    cases::{
        OwnReason,
        report::{self, Counted, Identity, Outcome, Report},
    },
    change::{Actor, Change, What},
    limits::{CASES_PIECE_ROWS, REPORTS_OF_ONE_MAX, REPORTS_PER_PREFIX_MAX, WIDENED_WALK_MAX},
    list::{
        Detail, Key, ListName, ListSettings, Mark, NewEntry, Prefix, RemovalRule, ReportKind, ReportRule, SourceName,
        Time, Widening,
    },
    store::{CaseFamily, CaseItem, Held, ListId, View},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is kept and counts.
    Counted,
    /// It was taken before.
    Duplicate,
    /// No list counts it.
    Ignored,
    /// It listed its address, or renewed the listing.
    Listed,
}

/// The answer to one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What became of it.
    pub taken: Taken,
    /// The first list that it listed in.
    pub list: Option<ListName>,
}

/// A list with a rule, and its number in the store.
struct Reported {
    settings: Arc<ListSettings>,
    rule: Arc<ReportRule>,
    id: Option<ListId>,
}

/// One body at work.
struct Counting<'v> {
    view: View<'v>,
    lists: Vec<Reported>,
    now: Time,
    /// What is kept of the prefixes that this body names.
    kept: HashMap<Prefix, Vec<Kept>>,
    /// What gets listed.
    staged: BTreeMap<usize, BTreeMap<Prefix, NewEntry>>,
}

/// A report that is kept: its row, and what is counted of it. Its evidence stays in the store.
struct Kept {
    row: Vec<u8>,
    report: Counted,
}

impl Kept {
    fn new(row: Vec<u8>, report: Counted) -> Self {
        Self { row, report: Counted { evidence: Box::default(), ..report } }
    }
}

fn source() -> SourceName {
    "report".parse().expect("a name of a source")
}

fn identity_row(identity: Identity) -> Vec<u8> {
    [&b"d"[..], &identity.0].concat()
}

/// Where the reports of a prefix begin.
fn prefix_row(prefix: Prefix) -> Vec<u8> {
    let octets = match prefix.first() {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    };
    [&b"a"[..], &octets].concat()
}

fn report_row(prefix: Prefix, seen: Time, identity: Identity) -> Vec<u8> {
    let back = (u32::MAX - seen.seconds()).to_be_bytes();
    [&prefix_row(prefix)[..], &back, &identity.0].concat()
}

fn time_row(seen: Time, identity: &[u8]) -> Vec<u8> {
    [&b"t"[..], &seen.seconds().to_be_bytes(), identity].concat()
}

impl Desk {
    /// Takes the reports of one reporter, at most [`crate::limits::REPORTS_AT_ONCE`], and answers each.
    ///
    /// # Errors
    /// The store cannot be read or written; nothing is kept then.
    pub async fn report(&self, actor: Actor, reporter: &str, reports: Vec<Report>) -> Result<Vec<Answered>, Fault> {
        let sitting = self.sit().await;
        let (desk, reporter) = (self.clone(), reporter.to_owned());
        let counted = on_a_thread(move || count(&desk, sitting, &reporter, &reports)).await;
        let Reckoned { sitting, taken, mut changes } = counted?;
        let Some((list, what)) = changes.pop() else {
            sitting.commit().await?;
            return self.answers(taken);
        };
        for (list, what) in changes {
            let (actor, cases) = (actor.clone(), Vec::new());
            let change = Change { actor, list, source: source(), admin: false, force: true, what, cases };
            self.door().submit(change).await?;
        }
        sitting.commit_with(Entries { actor, list, source: source(), what }).await?;
        self.answers(taken)
    }

    /// What became of each report, by what is in force now: where an exclusion covers the address, or a removal later than the
    /// evidence, the entry is written and lists nothing.
    fn answers(&self, taken: Vec<Acted>) -> Result<Vec<Answered>, Fault> {
        let view = self.store().view();
        let mut answers = Vec::with_capacity(taken.len());
        for Acted { address, taken, lists: acted } in taken {
            let key = Key::Prefix(Prefix::host(address));
            let mut listed = None;
            for list in acted {
                let Some(id) = view.catalog().list_id(&list) else { continue };
                if listed_over(&view, id, &key)?.is_some() {
                    listed = Some(list);
                    break;
                }
            }
            let taken = if listed.is_none() && taken == Taken::Listed { Taken::Counted } else { taken };
            answers.push(Answered { taken, list: listed });
        }
        Ok(answers)
    }

    /// Forgets reports that no rule counts any more.
    pub(super) async fn end_old_reports(&self) -> Result<(), Fault> {
        let longest = rules(self).into_iter().map(|list| list.rule.within.seconds()).max().unwrap_or_default();
        let before = Time::from_seconds(self.now().seconds().saturating_sub(longest));
        loop {
            let old = self.rows(CaseFamily::Report, b"t".to_vec(), time_row(before, &[])).await?;
            let last = old.len() < CASES_PIECE_ROWS;
            let mut sitting = self.sit().await;
            for (row, kept) in old {
                let identity = row.get(5..).unwrap_or_default();
                sitting.delete(CaseFamily::Report, [&b"d"[..], identity].concat());
                let kept: Vec<u8> = value(CaseFamily::Report, &kept)?;
                sitting.delete(CaseFamily::Report, kept);
                sitting.delete(CaseFamily::Report, row);
            }
            sitting.commit().await?;
            if last {
                return Ok(());
            }
        }
    }
}

/// What comes of the reports of one body.
struct Reckoned {
    /// With what is kept of them.
    sitting: Sitting,
    taken: Vec<Acted>,
    /// What is listed where.
    changes: Vec<(ListName, What)>,
}

/// A report, and the lists for which an entry is written by it.
struct Acted {
    address: IpAddr,
    taken: Taken,
    lists: Vec<ListName>,
}

/// Counts the reports of one body.
fn count(desk: &Desk, mut sitting: Sitting, reporter: &str, reports: &[Report]) -> Result<Reckoned, Fault> {
    let mut counting = Counting::begin(desk, sitting.now);
    let mut acted = Vec::with_capacity(reports.len());
    for report in reports {
        let (taken, lists) = counting.take(&mut sitting, reporter, report)?;
        acted.push(Acted { address: report.address, taken, lists });
    }
    let Counting { lists, staged, .. } = counting;
    let change = |(place, entries): (usize, BTreeMap<Prefix, NewEntry>)| {
        let lines = entries.into_values().zip(1..).map(|(entry, line)| (line, entry)).collect();
        (lists[place].settings.name.clone(), What::Add(lines))
    };
    let changes = staged.into_iter().map(change).collect();
    Ok(Reckoned { sitting, taken: acted, changes })
}

/// The lists that reports may fill.
fn rules(desk: &Desk) -> Vec<Reported> {
    let snapshot = desk.door().published().load();
    let catalog = desk.store().catalog();
    let lists = snapshot.served().lists();
    lists
        .filter_map(|(_, settings)| {
            let (rule, id) = (settings.reports.clone()?, catalog.list_id(&settings.name));
            Some(Reported { settings: Arc::clone(settings), rule, id })
        })
        .collect()
}

impl<'v> Counting<'v> {
    fn begin(desk: &'v Desk, now: Time) -> Self {
        let (view, lists) = (desk.store().view(), rules(desk));
        Self { view, lists, now, kept: HashMap::new(), staged: BTreeMap::new() }
    }

    /// Takes a report; the lists for which it wrote an entry.
    fn take(
        &mut self,
        sitting: &mut Sitting,
        reporter: &str,
        report: &Report,
    ) -> Result<(Taken, Vec<ListName>), Fault> {
        let answer = |taken| Ok((taken, Vec::new()));
        let prefix = Prefix::customer(report.address);
        let counts = |list: &Reported| report::counts(&list.rule, report.kind, report.seen, prefix, self.now);
        if !self.lists.iter().any(counts) || self.is_never(prefix)? {
            return answer(Taken::Ignored);
        }
        let identity = report.identity(reporter);
        if sitting.read::<()>(CaseFamily::Report, &identity_row(identity))?.is_some() {
            return answer(Taken::Duplicate);
        }
        let row = report_row(prefix, report.seen, identity);
        let new = report.counted(reporter);
        sitting.put(CaseFamily::Report, identity_row(identity), &());
        sitting.put(CaseFamily::Report, time_row(report.seen, &identity.0), &row);
        sitting.put(CaseFamily::Report, row.clone(), &new);
        if !self.kept.contains_key(&prefix) {
            let kept = self.read_kept(prefix)?;
            self.kept.insert(prefix, kept);
        }
        if let Some(gone) = self.keep(prefix, Kept::new(row, new.clone())) {
            sitting.delete(CaseFamily::Report, gone);
        }
        let mut acted = Vec::new();
        for place in 0..self.lists.len() {
            if self.judge(place, prefix, &new)? {
                acted.push(self.lists[place].settings.name.clone());
            }
        }
        Ok((if acted.is_empty() { Taken::Counted } else { Taken::Listed }, acted))
    }

    fn read_kept(&self, prefix: Prefix) -> Result<Vec<Kept>, Fault> {
        let rows = self.view.cases_under(CaseFamily::Report, &prefix_row(prefix), None, REPORTS_PER_PREFIX_MAX)?;
        let kept = |(row, octets): CaseItem| Ok(Kept::new(row, value(CaseFamily::Report, &octets)?));
        rows.into_iter().map(kept).collect()
    }

    /// Keeps one more; the row of the one that goes, where a reporter has said the same too often: whoever reports without
    /// end hides nobody else's reports, nor its own of other kinds.
    fn keep(&mut self, prefix: Prefix, new: Kept) -> Option<Vec<u8>> {
        let kept = self.kept.entry(prefix).or_default();
        let (mut alike, mut oldest) = (0, (kept.len(), new.report.seen));
        for (place, Kept { report, .. }) in kept.iter().enumerate() {
            if report.kind == new.report.kind && report.reporter == new.report.reporter {
                alike += 1;
                oldest = if report.seen < oldest.1 { (place, report.seen) } else { oldest };
            }
        }
        kept.push(new);
        (alike >= REPORTS_OF_ONE_MAX).then(|| kept.swap_remove(oldest.0).row)
    }

    /// Whether `never` lists all of it, by the rule of match.
    fn is_never(&self, prefix: Prefix) -> Result<bool, Fault> {
        let Some(never) = self.view.catalog().list_id(&ListName::never()) else { return Ok(false) };
        Ok(listed_over(&self.view, never, &Key::Prefix(prefix))?.is_some())
    }

    /// The listings at a prefix and at those that cover it, the widest first.
    fn entries_over(&self, list: ListId, prefix: Prefix) -> Result<Vec<Held>, Fault> {
        let mut held = self.view.over(list, &Key::Prefix(prefix))?;
        held.retain(|held| held.entry.mark == Mark::Listed);
        Ok(held)
    }

    /// Lets a list judge a new report; whether it is listed there now.
    fn judge(&mut self, place: usize, prefix: Prefix, new: &Counted) -> Result<bool, Fault> {
        let rule = Arc::clone(&self.lists[place].rule);
        let at = match crate::list::policy::widened(&self.lists[place].settings, Key::Prefix(prefix)) {
            Key::Prefix(at) => at,
            Key::Name(_) | Key::Hash(_) => prefix,
        };
        let mut kept: Vec<Counted> =
            self.kept.get(&prefix).into_iter().flatten().map(|one| one.report.clone()).collect();
        let standing = match self.removed_at(place, at)? {
            None => self.standing(place, prefix)?,
            Some(removed) if new.seen <= removed => return Ok(false),
            // The listing beneath the removal is not renewed by one report: it takes what a new listing takes.
            Some(removed) => {
                kept.retain(|report| report.seen > removed);
                None
            }
        };
        let kept = kept.as_slice();
        let outcome = report::judge(&rule, new, prefix, kept, standing.map(|(_, until)| until), self.now);
        let Outcome::Listed { seen, expires } = outcome else { return Ok(false) };
        let renewed = standing.filter(|(_, until)| self.now < *until).map(|(at, _)| at);
        let reason = said(&rule, kept, self.now);
        let evidence = new.evidence.clone();
        let entry = |at: Prefix, reason: String| NewEntry {
            seen: Some(seen),
            expires: Some(expires),
            detail: Detail { reason: reason.into(), public: Box::default(), private: evidence.clone() },
            ..NewEntry::plain(Key::Prefix(at), Mark::Listed)
        };
        if let Some(at) = renewed {
            let own = at == prefix;
            self.stage(place, at, entry(at, if own { reason.clone() } else { wide(at) }));
            // Inside a wider listing a prefix that has earned its own gets it: an exclusion of it ends by evidence at its key.
            if own || !report::score(&rule, kept, self.now).reaches(&rule) {
                return Ok(true);
            }
        }
        self.stage(place, at, entry(at, reason));
        let wider = report::widened(&rule, at, |outer, step| self.are_listed_inside(place, outer, step))?;
        for outer in wider {
            self.stage(place, outer, entry(outer, wide(outer)));
        }
        Ok(true)
    }

    fn stage(&mut self, place: usize, prefix: Prefix, entry: NewEntry) {
        self.staged.entry(place).or_default().insert(prefix, entry);
    }

    /// The time of a removal that stands at the key and that somebody looked at: a proof, a test, people. Until then nothing
    /// that was seen counts, unless this body lists the key already. What anyone takes off by the rule `self` comes back with
    /// the next report: a spammer would else have an address for as long each time as when it was new.
    fn removed_at(&self, place: usize, at: Prefix) -> Result<Option<Time>, Fault> {
        let listed = self.staged.get(&place).is_some_and(|staged| staged.contains_key(&at));
        let Some(id) = self.lists[place].id.filter(|_| !listed) else { return Ok(None) };
        let key = Key::Prefix(at);
        let mut removed = None;
        for held in self.view.at(id, &key)?.iter().filter(|held| is_ours(held)) {
            let reason = self.view.detail(held.source.owner(), &key)?.reason;
            if OwnReason::of(&held.source.name, &reason) != Some(OwnReason::Removed(RemovalRule::SelfService)) {
                removed = removed.max(Some(held.entry.last_seen));
            }
        }
        Ok(removed)
    }

    /// The narrowest listing by reports that covers the prefix, and its end.
    fn standing(&self, place: usize, prefix: Prefix) -> Result<Option<(Prefix, Time)>, Fault> {
        let staged = self.staged.get(&place).into_iter().flatten().filter(|(at, _)| at.covers(prefix));
        let staged = staged.filter_map(|(at, entry)| Some((*at, entry.expires?)));
        let stored = match self.lists[place].id {
            None => Vec::new(),
            Some(id) => self.entries_over(id, prefix)?,
        };
        let stored = stored.into_iter().filter(|held| held.source.name == source());
        let stored = stored.filter_map(|held| match held.key {
            Key::Prefix(at) => Some((at, held.entry.expires?)),
            Key::Name(_) | Key::Hash(_) => None,
        });
        Ok(stored.chain(staged).max_by_key(|(at, until)| (at.length(), *until)))
    }

    /// Whether reports list as many prefixes inside `outer` as the step asks for, once what is staged is in force. Only what
    /// reports list is walked, and what lies inside one that counts is passed over.
    fn are_listed_inside(&self, place: usize, outer: Prefix, step: Widening) -> Result<bool, Fault> {
        let counts = |at: &Prefix| at.length() == step.from && outer.covers(*at);
        let staged = self.staged.get(&place).into_iter().flat_map(BTreeMap::keys).copied();
        let mut found: BTreeSet<Prefix> = staged.filter(counts).collect();
        let catalog = self.view.catalog();
        let known = self.lists[place].id.and_then(|id| catalog.source_named(id, &source()));
        let Some(owner) = known.map(|known| known.owner()) else { return Ok(found.len() >= step.count as usize) };
        let mut rows = self.view.owned_inside(owner, outer);
        for _ in 0..WIDENED_WALK_MAX {
            if found.len() >= step.count as usize {
                return Ok(true);
            }
            let Some(row) = rows.next() else { break };
            let (key, entry) = row?;
            if let Key::Prefix(at) = key
                && entry.mark == Mark::Listed
                && entry.expires.is_none_or(|end| self.now < end)
                && counts(&at)
            {
                found.insert(at);
                rows = self.view.owned_inside_behind(owner, outer, at);
            }
        }
        Ok(found.len() >= step.count as usize)
    }
}

/// What the page of the address says of the reports that count for the list: kinds and numbers, nothing that a reporter wrote.
fn said(rule: &ReportRule, kept: &[Counted], now: Time) -> String {
    let (mut kinds, mut reporters, mut reports) = (Vec::<ReportKind>::new(), BTreeSet::<&str>::new(), 0);
    for (report, _) in report::counting(rule, kept, now) {
        kinds.push(report.kind);
        reporters.insert(&report.reporter);
        reports += 1;
    }
    kinds.sort_unstable_by_key(|kind| kind.as_str());
    kinds.dedup();
    OwnReason::Reported { reports, kinds, reporters: reporters.len() as u64 }.to_string()
}

fn wide(prefix: Prefix) -> String {
    OwnReason::Around(prefix).to_string()
}
