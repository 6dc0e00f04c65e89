//! Upkeep: errands for those who do them, the audit trail for those who read it, and the end of what has one.
//!
//! Guarantees: what `[keep]` ends is gone within an hour, whatever else fails or waits for DNS; a walk over a family goes in
//! pieces and lets others have their turn between them.
//! Never: does an errand; ends anything by a clock that is doubted.

use super::{Desk, Fault, Sitting, on_a_thread, value};
use crate::{
    cases::{AuditRow, Due, Errand},
    limits::{CASES_PIECE_ROWS, DESK_UPKEEP_EVERY, ERRAND_KEPT_SECONDS, NEWS_EVERY},
    list::{Duration, Time},
    store::{CaseFamily, CaseItem},
};
use tokio_util::sync::CancellationToken;

impl Desk {
    /// Does what time asks for, until told to stop. One task of the process.
    ///
    /// Checks of requests and claims have rounds of their own: those wait for the DNS of strangers, and nothing else shall wait
    /// for that. So has what networks are told, which follows the commits.
    pub async fn run(self, stop: CancellationToken) {
        let cases = async {
            let mut looked = None;
            loop {
                // A list that comes back may hold what a network wrote that is gone since.
                let lists = self.dynamic_lists();
                if looked.as_ref() != Some(&lists) {
                    let kept = self.keep_all_inside().await;
                    looked = kept.is_ok().then_some(lists);
                    told(kept);
                }
                told(self.keep_cases().await);
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = self.soon.cases.notified() => {}
                    () = tokio::time::sleep(DESK_UPKEEP_EVERY) => {}
                }
            }
        };
        let checks = async {
            loop {
                let Some(kept) = stop.run_until_cancelled(self.keep_checks()).await else { return };
                told(kept);
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = self.soon.checks.notified() => {}
                    () = tokio::time::sleep(DESK_UPKEEP_EVERY) => {}
                }
            }
        };
        let claims = async {
            loop {
                let Some(kept) = stop.run_until_cancelled(self.keep_claims()).await else { return };
                told(kept);
                if stop.run_until_cancelled(tokio::time::sleep(DESK_UPKEEP_EVERY)).await.is_none() {
                    return;
                }
            }
        };
        let news = async {
            let mut served = self.door().published().watch();
            loop {
                told(self.keep_told().await);
                tokio::select! {
                    () = stop.cancelled() => return,
                    changed = served.changed() => if changed.is_err() { return },
                    // A mail may wait for its hour.
                    () = tokio::time::sleep(DESK_UPKEEP_EVERY) => {}
                }
                if stop.run_until_cancelled(tokio::time::sleep(NEWS_EVERY)).await.is_none() {
                    return;
                }
            }
        };
        tokio::join!(cases, checks, claims, news);
    }

    /// One round of all that time asks for.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn upkeep(&self) -> Result<(), Fault> {
        let (cases, checks, claims, news) =
            tokio::join!(self.keep_cases(), self.keep_checks(), self.keep_claims(), self.keep_told());
        cases.and(checks).and(claims).and(news)
    }

    /// A fault of one part is told when all parts have had their turn.
    async fn keep_cases(&self) -> Result<(), Fault> {
        let active = self.keep_active().await;
        if self.door().doubts_clock() {
            return active;
        }
        let parts = [active, self.forget_removals().await, self.end_old_reports().await, self.end_old_rows().await];
        parts.into_iter().collect()
    }

    async fn end_old_rows(&self) -> Result<(), Fault> {
        let (now, keep) = (self.now(), self.settings().keep_audit);
        let audit = self.end_before(CaseFamily::Audit, now.minus(keep)).await;
        let outbox = self.end_before(CaseFamily::Outbox, now.minus(Duration::from_seconds(ERRAND_KEPT_SECONDS))).await;
        audit.and(outbox)
    }

    /// Deletes the rows of a family that is keyed by time.
    async fn end_before(&self, family: CaseFamily, before: Time) -> Result<(), Fault> {
        loop {
            let old = self.rows(family, Vec::new(), before.seconds().to_be_bytes().to_vec()).await?;
            let last = old.len() < CASES_PIECE_ROWS;
            let mut sitting = self.sit().await;
            for (key, _) in old {
                sitting.delete(family, key);
            }
            sitting.commit().await?;
            if last {
                return Ok(());
            }
        }
    }

    /// A piece of the rows of a family, read on a thread that may wait.
    pub(in crate::cases) async fn rows(
        &self,
        family: CaseFamily,
        from: Vec<u8>,
        until: Vec<u8>,
    ) -> Result<Vec<CaseItem>, Fault> {
        let desk = self.clone();
        on_a_thread(move || Ok(desk.store().view().cases(family, &from, &until, CASES_PIECE_ROWS)?)).await
    }

    /// Errands whose time has come, at most `limit`, the longest waiting first; those behind `after`, or from the first on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn due_errands(&self, after: Option<&Due>, limit: usize) -> Result<Vec<Due>, Fault> {
        let from = after.map_or_else(Vec::new, |due| [&due.row[..], &[0]].concat());
        let until = self.now().seconds().saturating_add(1).to_be_bytes();
        let rows = self.store().view().cases(CaseFamily::Outbox, &from, &until, limit)?;
        let due = |(row, octets): CaseItem| Ok(Due { errand: value(CaseFamily::Outbox, &octets)?, row });
        rows.into_iter().map(due).collect()
    }

    /// The errand is done, or given up.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn errand_done(&self, due: &Due) -> Result<(), Fault> {
        let mut sitting = self.sit().await;
        sitting.delete(CaseFamily::Outbox, due.row.clone());
        sitting.commit().await
    }

    /// The errand failed and is tried again after a while.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn errand_later(&self, due: &Due, wait: Duration) -> Result<(), Fault> {
        let mut sitting = self.sit().await;
        sitting.delete(CaseFamily::Outbox, due.row.clone());
        let errand = Errand { tries: due.errand.tries.saturating_add(1), ..due.errand.clone() };
        let at = sitting.now.plus(wait);
        sitting.put(CaseFamily::Outbox, errand.row_key(at), &errand);
        sitting.commit().await
    }

    /// The audit trail from `since` on, oldest first, at most `limit` rows, and where to go on.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn audit_since(
        &self,
        since: Time,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, AuditRow)>, Fault> {
        let from = after.map_or_else(|| since.seconds().to_be_bytes().to_vec(), |after| [after, &[0]].concat());
        let rows = self.store().view().cases(CaseFamily::Audit, &from, &[], limit)?;
        rows.into_iter().map(|(key, octets)| Ok((key, value(CaseFamily::Audit, &octets)?))).collect()
    }
}

fn told(round: Result<(), Fault>) {
    if let Err(fault) = round {
        tracing::error!(%fault, "the upkeep of cases failed; it is tried again");
    }
}

impl Sitting {
    /// At most `limit` rows under a beginning of keys, as they are in the store.
    pub(in crate::cases) fn under(
        &self,
        family: CaseFamily,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<CaseItem>, Fault> {
        Ok(self.desk().store().view().cases_under(family, prefix, None, limit)?)
    }
}
