//! What time does to removals: checks are made, open requests lapse, granted ones end, closed ones are forgotten.
//!
//! Guarantees: a request is looked at within a minute of what happened; closed ones go, with contact and note, as soon as
//! `[keep] requests` says.
//! Never: keeps the desk while DNS is asked.

use super::{
    Desk, Fault, Sitting,
    request_rows::{active_row, key_row, request_row},
};
use crate::{
    cases::{
        Id,
        lockout::Lockout,
        request::{Around, Ending, Event, Request, State},
    },
    limits::{CASES_PIECE_ROWS, REQUEST_CHECKS_AT_ONCE, REQUEST_OPEN_SECONDS},
    list::{Duration, Time},
    store::CaseFamily,
};
use futures_util::{StreamExt as _, stream};

impl Desk {
    /// One round over all removals.
    pub(super) async fn keep_removals(&self) -> Result<(), Fault> {
        // What fails keeps nothing else from its end.
        let parts = [
            self.keep_active().await,
            self.forget_closed().await,
            self.forget_lockouts().await,
            self.forget_mails().await,
        ];
        parts.into_iter().collect()
    }

    async fn keep_active(&self) -> Result<(), Fault> {
        let (mut after, mut kept) = (None, Ok(()));
        loop {
            let piece = self.active_removals(after, CASES_PIECE_ROWS)?;
            let Some(last) = piece.last().map(|request| request.id) else { return kept };
            self.check_all(&piece).await;
            for request in &piece {
                kept = kept.and(self.pass_time(request).await);
            }
            after = Some(last);
        }
    }

    async fn forget_mails(&self) -> Result<(), Fault> {
        let mut sitting = self.sit().await;
        sitting.forget_mails()?;
        sitting.commit().await
    }

    async fn check_all(&self, requests: &[Request]) {
        let now = self.now();
        let waiting =
            |request: &&Request| request.state == State::Checking && request.check_again.is_none_or(|at| now >= at);
        let due: Vec<Request> = requests.iter().filter(waiting).cloned().collect();
        let check = |request: Request| async move {
            let found = match self.check_removal(&request).await {
                Ok(found) => self.checked(request.id, found).await,
                Err(fault) => Err(fault),
            };
            if let Err(fault) = found {
                tracing::warn!(%fault, "a check of a request failed; it is made again");
            }
        };
        stream::iter(due).for_each_concurrent(REQUEST_CHECKS_AT_ONCE, check).await;
    }

    /// Lapses an open request whose time is over, and ends a granted one whose exclusion is gone. One that stands for good
    /// keeps nothing of a person longer than a closed one does.
    async fn pass_time(&self, request: &Request) -> Result<(), Fault> {
        let mut sitting = self.sit().await;
        let request = sitting.request(request.id)?;
        sitting.found_by_owner(&request)?;
        let (mut sitting, request) = match self.list_settings(&request.list) {
            Ok(settings) => sitting.at_its_owner(&settings, request).await?,
            Err(_) => (sitting, request),
        };
        if request.state == State::Granted {
            let ended = match self.list_settings(&request.list) {
                Ok(settings) => sitting.settle_granted(&settings, &request)?.is_some(),
                Err(_) => sitting.settle_without_list(&request),
            };
            let kept = sitting.now < request.since.plus(self.settings().keep_requests);
            if !ended && !kept && request.is_personal() {
                sitting.put_unmoved(&request.without_person());
            }
            sitting.commit().await
        } else if request.state.is_open() && sitting.now >= request.lapses_at() && !self.is_tested(&request)? {
            sitting.happens(&request, Event::Tick, "time").await.map(drop)
        } else {
            sitting.commit().await
        }
    }

    /// Whether a test that the request waits for goes on: its last try is seven days after its first, and people decide what
    /// it leaves open. One that was put off for longer is not waited for.
    fn is_tested(&self, request: &Request) -> Result<bool, Fault> {
        let waits = request.state == State::Checking;
        let test = if waits { self.test_of(request)? } else { None };
        let soon = self.now().plus(Duration::from_seconds(REQUEST_OPEN_SECONDS));
        Ok(test.is_some_and(|test| test.is_open() && test.next_at.is_none_or(|at| at <= soon)))
    }

    async fn forget_closed(&self) -> Result<(), Fault> {
        let before = self.now().minus(self.settings().keep_requests);
        for (row, _) in self.rows(CaseFamily::Request, b"c".to_vec(), timed(b"c", before)).await? {
            let mut sitting = self.sit().await;
            if let Some(id) = row.last_chunk::<16>().map(|id| Id(*id)) {
                // Stores of before kept this row of a closed request.
                if let Ok(request) = sitting.request(id) {
                    sitting.delete(CaseFamily::Request, key_row(&request));
                }
                sitting.delete(CaseFamily::Request, request_row(id));
                sitting.delete(CaseFamily::Request, active_row(id));
            }
            sitting.delete(CaseFamily::Request, row);
            sitting.commit().await?;
        }
        Ok(())
    }

    async fn forget_lockouts(&self) -> Result<(), Fault> {
        let now = self.now();
        for (row, _) in self.rows(CaseFamily::Request, b"f".to_vec(), timed(b"f", now)).await? {
            let mut sitting = self.sit().await;
            let lock = row.get(5..).unwrap_or_default().to_vec();
            let known: Option<Lockout> = sitting.read(CaseFamily::Request, &lock)?;
            if known.is_some_and(|known| known.forgotten <= now) {
                sitting.delete(CaseFamily::Request, lock);
            }
            sitting.delete(CaseFamily::Request, row);
            sitting.commit().await?;
        }
        Ok(())
    }
}

impl Sitting {
    /// Ends a removal from a list that the configuration no longer names: by its time, or with the list when that is purged.
    /// Until then it stands, as the list's entries do: the list may come back. Whether it has ended.
    fn settle_without_list(&mut self, request: &Request) -> bool {
        let purged = self.desk().store().view().catalog().list_id(&request.list).is_none();
        let over = match request.until {
            Some(until) if until <= self.now => Ending::Expired,
            _ if purged => Ending::Revoked,
            _ => return false,
        };
        let Ok(next) = request.step(Event::Over(over), Around::default(), self.now) else { return false };
        self.put_request(Some(request), &next, "time");
        true
    }
}

/// The first row of that kind at or after a time.
fn timed(kind: &[u8], at: Time) -> Vec<u8> {
    [kind, &at.seconds().to_be_bytes()[..]].concat()
}
