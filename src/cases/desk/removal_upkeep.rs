//! What time does to removals: checks are made, open requests lapse, granted ones end, closed ones are forgotten.
//!
//! A check of a mail server asks DNS that strangers run, in `rounds`: what a round did not come to is the longest due of the
//! next, and a check without an answer waits a while before it is made again, so that nothing stands at the front for ever.
//!
//! Guarantees: a request that waits for no stranger is looked at within a minute of what happened, however slow DNS is; none
//! lapses that a check is about to move; closed ones go, with contact and note, as soon as `[keep] requests` says.
//! Never: keeps the desk, or anything else that time does, while DNS is asked.

use super::{
    Desk, Fault, Sitting, on_a_thread,
    proofs::{Found, asks_server},
    request_rows::{active_row, key_row, request_row},
    rounds::Pace,
};
use crate::{
    cases::{
        Id,
        lockout::Lockout,
        request::{Around, Ending, Event, Request, State},
    },
    limits::{CASES_PIECE_ROWS, REQUEST_CHECK_TIME, REQUEST_CHECKS_AT_ONCE, REQUEST_OPEN_SECONDS, REQUEST_ROUND_TIME},
    list::{Duration, Time},
    store::CaseFamily,
};
use futures_util::StreamExt as _;
use std::{pin::pin, sync::atomic::Ordering};

impl Desk {
    /// What is closed, and what was noted beside it, goes when its time is over. What fails keeps nothing else from its end.
    pub(super) async fn forget_removals(&self) -> Result<(), Fault> {
        let parts = [self.forget_closed().await, self.forget_lockouts().await, self.forget_mails().await];
        parts.into_iter().collect()
    }

    /// One round over the requests that are open or granted.
    pub(super) async fn keep_active(&self) -> Result<(), Fault> {
        let (mut after, mut kept, mut undecided) = (None, Ok(()), 0);
        loop {
            let piece = self.active_piece(after).await?;
            undecided += piece.iter().filter(|request| request.state == State::Deciding).count();
            let Some(last) = piece.last().map(|request| request.id) else {
                self.undecided.store(undecided, Ordering::Relaxed);
                return kept;
            };
            for request in &piece {
                if self.check_due(request).is_some() && !self.asks_server(request) {
                    self.put_found(request.id, self.check_removal(request).await).await;
                }
                if !self.door().doubts_clock() {
                    kept = kept.and(self.pass_time(request).await);
                }
            }
            after = Some(last);
        }
    }

    /// The next of the open and granted requests, read on a thread that may wait: granted ones may stand for good.
    async fn active_piece(&self, after: Option<Id>) -> Result<Vec<Request>, Fault> {
        let desk = self.clone();
        on_a_thread(move || desk.active_removals(after, CASES_PIECE_ROWS)).await
    }

    async fn forget_mails(&self) -> Result<(), Fault> {
        let mut sitting = self.sit().await;
        sitting.forget_mails()?;
        sitting.commit().await
    }

    /// Since when a check of the request is due; `None`: it is not.
    fn check_due(&self, request: &Request) -> Option<Time> {
        let waits = request.state == State::Checking && request.check_again.is_none_or(|at| self.now() >= at);
        waits.then(|| request.check_again.unwrap_or(request.since))
    }

    /// Whether its check waits for strangers.
    fn asks_server(&self, request: &Request) -> bool {
        self.list_settings(&request.list).is_ok_and(|list| asks_server(&list))
    }

    /// One round over the requests that wait for a check of a mail server, the longest due first.
    pub(super) async fn keep_checks(&self) -> Result<(), Fault> {
        let (mut after, mut due) = (None, Vec::new());
        loop {
            let piece = self.active_piece(after).await?;
            let Some(last) = piece.last() else { break };
            after = Some(last.id);
            let of_servers = piece.iter().filter(|request| self.asks_server(request));
            due.extend(of_servers.filter_map(|request| Some((self.check_due(request)?, request.id))));
        }
        due.sort_unstable_by_key(|(since, _)| *since);
        self.check_servers(due.into_iter().map(|(_, id)| id).collect()).await;
        Ok(())
    }

    /// Checks mail servers for as long as a round has time.
    async fn check_servers(&self, due: Vec<Id>) {
        let pace = Pace { round: REQUEST_ROUND_TIME, look: REQUEST_CHECK_TIME, at_once: REQUEST_CHECKS_AT_ONCE };
        let (all, mut checked) = (due.len(), 0);
        let mut looks = pin!(pace.look_at(due, |id| self.check_named(*id)));
        while let Some((id, found)) = looks.next().await {
            self.put_found(id, found.unwrap_or_else(|| Ok(late()))).await;
            checked += 1;
        }
        if checked < all {
            // The rest has waited long enough.
            self.soon.checks.notify_one();
        }
    }

    /// What a fault leaves unchecked is checked again.
    async fn put_found(&self, id: Id, found: Result<Found, Fault>) {
        let put = match found {
            Ok(found) => self.checked(id, found).await,
            Err(fault) => Err(fault),
        };
        if let Err(fault) = put {
            tracing::warn!(%fault, "a check of a request failed; it is made again");
        }
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
        } else if request.state.is_open() && sitting.now >= request.lapses_at() && !self.is_checked(&request)? {
            sitting.happens(&request, Event::Tick, "time").await.map(drop)
        } else {
            sitting.commit().await
        }
    }

    /// Whether a check that the request waits for goes on. That of a server is made until people decide. The last try of a
    /// test is seven days after its first, and people decide what it leaves open; one that was put off for longer is not
    /// waited for.
    fn is_checked(&self, request: &Request) -> Result<bool, Fault> {
        let waits = request.state == State::Checking;
        if waits && self.asks_server(request) {
            return Ok(true);
        }
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

/// The check had its time.
fn late() -> Found {
    Found::Silence(format!("not done within {} seconds", REQUEST_CHECK_TIME.as_secs()).into())
}

/// The first row of that kind at or after a time.
fn timed(kind: &[u8], at: Time) -> Vec<u8> {
    [kind, &at.seconds().to_be_bytes()[..]].concat()
}
