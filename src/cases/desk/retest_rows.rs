//! The rows of retests: by which a retest is found, what counts as a test, and how long evidence is kept.
//!
//! ```text
//! c ID              the retest                     t ADDRESS TIME ID   a test of that address
//! k TOKEN           a token that is out            x TIME ADDRESS ID   the same, by its time
//! d TIME ID         its next move                  a TIME ID           a test on our own account
//! q TIME ID         it waits for its turn          e ID                evidence
//! r ID              it runs                        y TIME ID           the end of evidence
//! s LIST 00 KEY     the retest of a key
//! ```
//! Guarantees: the rows by which a retest is found are put in the commit of its move; counts end after a day, evidence after
//! its time.
//! Never: moves a retest.

use super::{Desk, Fault, Sitting};
use crate::{
    cases::{
        AuditRow, Id,
        retest::{Asker, Known, Retest, State, counting_block},
    },
    limits::{CASES_PIECE_ROWS, RETEST_TARGET_APART_SECONDS},
    list::{Duration, ListName, Prefix, Time},
    store::CaseFamily,
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

pub(super) const FAMILY: CaseFamily = CaseFamily::Retest;
const DAY: Duration = Duration::from_seconds(RETEST_TARGET_APART_SECONDS);

#[derive(Serialize, Deserialize)]
pub(super) struct Named {
    pub id: Id,
}

/// Private evidence: what was said, and the headers of what arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The last conversation.
    #[serde(default)]
    pub transcript: String,
    /// The headers of what arrived, each with the address that handed it over.
    #[serde(default)]
    pub arrived: Vec<String>,
    /// Until when it is kept.
    pub until: Time,
}

pub(super) fn row(of: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[of][..], &parts.concat()].concat()
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// With which octets the addresses of a prefix begin, as whole ones go.
fn beginning(prefix: Prefix) -> Vec<u8> {
    let mapping = if prefix.first().is_ipv4() { 96 } else { 0 };
    octets(prefix.first())[..(mapping + usize::from(prefix.length())) / 8].to_vec()
}

/// What a row of a test says.
fn test_in(row: &[u8]) -> Option<(Prefix, Time)> {
    let octets: [u8; 16] = row.get(1..17)?.try_into().ok()?;
    Some((Prefix::host(IpAddr::from(octets).to_canonical()), time_at(row, 17)))
}

fn time_at(key: &[u8], at: usize) -> Time {
    let octets = key.get(at..at + 4).and_then(|octets| octets.try_into().ok());
    Time::from_seconds(octets.map_or(0, u32::from_be_bytes))
}

pub(super) fn id_at_end(key: &[u8]) -> Option<Id> {
    key.last_chunk::<16>().map(|octets| Id(*octets))
}

pub(super) fn same_key(list: &ListName, key: &str) -> Vec<u8> {
    row(b's', &[list.as_str().as_bytes(), &[0], key.as_bytes()])
}

/// The rows by which a retest is found, beside its own.
fn pointers(retest: &Retest) -> Vec<Vec<u8>> {
    let id = &retest.id.0;
    let mut rows = vec![same_key(&retest.list, &retest.key)];
    rows.extend(retest.sent.iter().map(|sent| row(b'k', &[&sent.token.bits()])));
    rows.extend(retest.next_at.map(|at| row(b'd', &[&at.seconds().to_be_bytes(), id])));
    match retest.state {
        State::Queued => rows.push(row(b'q', &[&retest.asked_at.seconds().to_be_bytes(), id])),
        State::Running => rows.push(row(b'r', &[id])),
        State::Arriving | State::Waiting | State::Done => {}
    }
    rows
}

impl Sitting {
    pub(super) fn retest(&self, id: Id) -> Result<Option<Retest>, Fault> {
        self.read(FAMILY, &row(b'c', &[&id.0]))
    }

    /// Writes a retest, its pointers, and the move into the audit trail.
    pub(super) fn keep(&mut self, before: Option<&Retest>, after: &Retest, actor: &str) {
        let (old, new) = (before.map(pointers).unwrap_or_default(), pointers(after));
        for gone in old.iter().filter(|row| !new.contains(row)) {
            self.delete(FAMILY, gone.clone());
        }
        for added in new.into_iter().filter(|row| !old.contains(row)) {
            self.put(FAMILY, added, &Named { id: after.id });
        }
        self.put(FAMILY, row(b'c', &[&after.id.0]), after);
        let from = before.map(|before| before.state);
        if from != Some(after.state) {
            let id = after.id.to_string();
            let audit = AuditRow::new(actor, "retest", &id, from.map(State::as_str), after.state.as_str());
            let audit = audit.about(after.list.as_str(), &after.key);
            let result = after.result.filter(|_| !matches!(after.state, State::Queued | State::Running));
            self.audit(match result {
                Some(result) => audit.because(result.as_str()),
                None => audit,
            });
        }
    }

    /// What is known of tests of this key, at this address; but for how many wait, and were made on our own account.
    pub(super) fn known(&self, key: &str, address: IpAddr, same: Option<&Retest>) -> Result<Known, Fault> {
        let now = self.now;
        let (host, block) = (Prefix::host(address), counting_block(address));
        let key = key.parse().unwrap_or(host);
        let widest = if key.covers(block) { key } else { block };
        let rows = self.under(FAMILY, &row(b't', &[&beginning(widest)]), CASES_PIECE_ROWS)?;
        let tests: Vec<(Prefix, Time)> = rows.iter().filter_map(|(row, _)| test_in(row)).collect();
        let recent_in = |prefix: Prefix| {
            let within = tests.iter().filter(|(at, when)| prefix.covers(*at) && when.plus(DAY) > now);
            let mut times: Vec<Time> = within.map(|(_, when)| *when).collect();
            times.sort_unstable();
            times
        };
        let (of_target, in_block) = (recent_in(key), recent_in(block));
        let same = same.map(|retest| (retest.id, retest.is_open()));
        Ok(Known { same, of_target, in_block, automatic: 0, queued: 0 })
    }

    /// How many tests wait, up to `most`.
    pub(super) fn queued(&self, most: usize) -> Result<usize, Fault> {
        Ok(self.under(FAMILY, b"q", most)?.len())
    }

    /// A test of this address is admitted, and counts from now.
    pub(super) fn count_test(&mut self, id: Id, address: IpAddr, asker: Asker) {
        let (at, of_target) = (self.now.seconds().to_be_bytes(), octets(address));
        self.put(FAMILY, row(b't', &[&of_target, &at, &id.0]), &Named { id });
        self.put(FAMILY, row(b'x', &[&at, &of_target, &id.0]), &Named { id });
        if asker == Asker::Recheck {
            self.put(FAMILY, row(b'a', &[&at, &id.0]), &Named { id });
        }
    }

    pub(super) fn evidence(
        &mut self,
        retest: &Retest,
        keep: Duration,
        change: impl FnOnce(&mut Evidence),
    ) -> Result<(), Fault> {
        let at = row(b'e', &[&retest.id.0]);
        let mut evidence: Evidence = self.read(FAMILY, &at)?.unwrap_or_default();
        change(&mut evidence);
        evidence.until = self.now.plus(keep);
        self.put(FAMILY, at, &evidence);
        let end = evidence.until.seconds().to_be_bytes();
        self.put(FAMILY, row(b'y', &[&end, &retest.id.0]), &Named { id: retest.id });
        Ok(())
    }
}

impl Desk {
    /// Tests on our own account in the last 24 hours. There may be a hundred thousand: counted once a round.
    pub(super) async fn automatic_tests(&self) -> Result<usize, Fault> {
        let since = self.now().minus(DAY).plus(Duration::from_seconds(1)).seconds();
        let (mut from, until) = (row(b'a', &[&since.to_be_bytes()]), row(b'a' + 1, &[]));
        let mut count = 0;
        loop {
            let piece = self.rows(FAMILY, from, until.clone()).await?;
            count += piece.len();
            match piece.last() {
                Some((last, _)) if piece.len() == CASES_PIECE_ROWS => from = [&last[..], &[0]].concat(),
                _ => return Ok(count),
            }
        }
    }

    /// Counts of tests end after a day, evidence after its time.
    pub(super) async fn forget_retests(&self) -> Result<(), Fault> {
        let now = self.now();
        let yesterday = now.minus(DAY).seconds().to_be_bytes();
        let mut sitting = self.sit().await;
        let view = self.store().view();
        let until = |of: u8, time: &[u8]| view.cases(FAMILY, &[of], &row(of, &[time]), CASES_PIECE_ROWS);
        for (key, _) in until(b'x', &yesterday)? {
            if let (Some(at), Some(target), Some(id)) = (key.get(1..5), key.get(5..21), key.get(21..)) {
                sitting.delete(FAMILY, row(b't', &[target, at, id]));
            }
            sitting.delete(FAMILY, key);
        }
        for (key, _) in until(b'a', &yesterday)? {
            sitting.delete(FAMILY, key);
        }
        for (key, _) in until(b'y', &now.seconds().to_be_bytes())? {
            Self::end_evidence(&mut sitting, key)?;
        }
        drop(view);
        sitting.commit().await
    }

    /// The transcript goes, and with it a retest that has come to its end.
    fn end_evidence(sitting: &mut Sitting, key: Vec<u8>) -> Result<(), Fault> {
        if let Some(id) = id_at_end(&key) {
            let evidence: Option<Evidence> = sitting.read(FAMILY, &row(b'e', &[&id.0]))?;
            if evidence.is_none_or(|evidence| evidence.until <= sitting.now) {
                sitting.delete(FAMILY, row(b'e', &[&id.0]));
                match sitting.retest(id)? {
                    Some(retest) if retest.state == State::Done && retest.next_at.is_none() => {
                        for pointer in pointers(&retest) {
                            sitting.delete(FAMILY, pointer);
                        }
                        sitting.delete(FAMILY, row(b'c', &[&id.0]));
                    }
                    // It outlives its evidence, and comes to its end without any more.
                    Some(_) => {
                        let later = sitting.now.plus(DAY).seconds().to_be_bytes();
                        sitting.put(FAMILY, row(b'y', &[&later, &id.0]), &Named { id });
                    }
                    None => {}
                }
            }
        }
        sitting.delete(FAMILY, key);
        Ok(())
    }
}
