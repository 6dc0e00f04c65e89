//! Who waits for mail: retests, for their test messages and for bounces of them; reporters, who write to a mailbox of their
//! own; and traps, for whatever comes.
//!
//! Guarantees: a report counts only when DKIM shows that the domain of its mailbox stands behind it; one that is not taken is
//! told why in the SMTP session; where DNS gives no answer, the sender tries again later; when mail was turned away, the desk
//! knows it, and the operator hears of it, in the log once a minute.
//! Never: believes what a sender wrote about who handed a mail over.

use crate::{
    cases::{
        Checks, Desk, Fault,
        report::{OWN_TRAP, Report},
        retest::Token,
    },
    change::Actor,
    config,
    http::{Holder, REPORTS_PREFIX},
    limits::{EVIDENCE_OCTETS_MAX, INBOX_UNHEARD_LOG_SECONDS},
    list::ReportKind,
    mail::{
        Arrival, Mailroom, NotNow, Unheard, Untaken, Wanted,
        dkim::{self, Unsigned},
        feedback,
    },
    metrics::{self, Reason},
    retest::{MAILBOX_PREFIX, SENDER_PREFIX},
    store::TokenHash,
};
use async_trait::async_trait;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// The mailroom of a running program.
pub struct Room {
    /// Who takes what arrives.
    pub desk: Desk,
    /// Who asks DNS for keys; without it no report is taken by mail.
    pub dns: Option<Arc<dyn Checks>>,
    /// What is counted.
    pub metrics: metrics::Mail,
    /// When it was last logged that mail was turned away, in seconds.
    pub logged: AtomicU32,
}

/// Whether reports can come by mail.
pub fn takes_reports(retest: &config::Retest) -> bool {
    retest.inbox_listen.is_some() && !retest.inbox_domain.is_empty()
}

/// The token that a mailbox names, and whether mail to it is a bounce.
fn token_of(mailbox: &str) -> Option<(Token, bool)> {
    let (text, bounce) = match mailbox.strip_prefix(MAILBOX_PREFIX) {
        Some(text) => (text, false),
        None => (mailbox.strip_prefix(SENDER_PREFIX)?, true),
    };
    text.parse().ok().map(|token| (token, bounce))
}

/// What could not be noted may come again.
fn later(what: &'static str) -> impl FnOnce(Fault) -> Untaken {
    move |fault| {
        tracing::error!(%fault, "{what} could not be noted");
        Untaken::NotNow
    }
}

#[async_trait]
impl Mailroom for Room {
    fn waits_for(&self, mailbox: &str) -> Result<Option<Wanted>, NotNow> {
        if mailbox.starts_with(REPORTS_PREFIX) {
            return Ok(self.reporter(mailbox)?.map(|_| Wanted::Whole));
        }
        let Some((token, _)) = token_of(mailbox) else { return Ok(None) };
        let waits = self.desk.retest_waits_for(token).map_err(|fault| {
            tracing::error!(%fault, "the inbox cannot look up a mailbox");
            self.unheard(Unheard::Any);
            NotNow
        })?;
        Ok(waits.then_some(Wanted::Headers))
    }

    async fn arrived(&self, arrival: Arrival) -> Result<(), Untaken> {
        for (token, bounce) in arrival.mailboxes.iter().filter_map(|mailbox| token_of(mailbox)) {
            let taken = self.desk.retest_arrived(token, arrival.peer, bounce, &arrival.headers).await;
            taken.inspect_err(|_| self.unheard(Unheard::Any)).map_err(later("an arrived test message"))?;
        }
        for mailbox in arrival.mailboxes.iter().filter(|mailbox| mailbox.starts_with(REPORTS_PREFIX)) {
            self.reported(mailbox, &arrival.whole).await?;
        }
        if arrival.trapped { self.trapped(arrival).await } else { Ok(()) }
    }

    fn unheard(&self, unheard: Unheard) {
        let (reason, near) = match unheard {
            Unheard::Idle => ("idle", None),
            Unheard::Near(address) => ("near", Some(address)),
            Unheard::Any => ("any", None),
        };
        self.metrics.unheard.get_or_create(&Reason { reason }).inc();
        if unheard != Unheard::Idle {
            self.desk.mail_unheard(near);
        }
        let now = self.desk.now().seconds();
        if now.abs_diff(self.logged.load(Ordering::Relaxed)) >= INBOX_UNHEARD_LOG_SECONDS {
            self.logged.store(now, Ordering::Relaxed);
            tracing::warn!(reason, "the inbox is short of room: what is not heard puts off the results of retests");
        }
    }
}

impl Room {
    /// Whose mailbox it is, if it is in force.
    fn reporter(&self, mailbox: &str) -> Result<Option<Holder>, NotNow> {
        let found = self.desk.store().view().token_in_force(TokenHash::of(mailbox), self.desk.now());
        let row = found.map_err(|error| {
            tracing::error!(%error, "the inbox cannot look up a reporter");
            NotNow
        })?;
        Ok(row.as_ref().map(Holder::of).filter(|holder| holder.mailbox().is_some()))
    }

    /// Takes the report of a reporter's mail.
    async fn reported(&self, mailbox: &str, mail: &[u8]) -> Result<(), Untaken> {
        let refused = |why: &dyn ToString| Untaken::Refused(why.to_string());
        let holder = self.reporter(mailbox).map_err(|NotNow| Untaken::NotNow)?;
        let Some((holder, (reporter, domain))) = holder.as_ref().and_then(|holder| Some((holder, holder.mailbox()?)))
        else {
            return Err(refused(&"this mailbox is no longer in force"));
        };
        let dns = self.dns.as_ref().ok_or(Untaken::NotNow)?;
        dkim::check(mail, domain, self.desk.now(), dns.as_ref()).await.map_err(|unsigned| match unsigned {
            Unsigned::Unanswered(_) => Untaken::NotNow,
            Unsigned::None(_) | Unsigned::Flawed(..) | Unsigned::Long => refused(&unsigned),
        })?;
        let found = feedback::read(mail).map_err(|error| refused(&error))?;
        // "Not spam" and the like: well-formed, and nothing against the address.
        let Some(kind) = found.kind else { return Ok(()) };
        let feedback::Feedback { address, seen, id, count, evidence, .. } = found;
        let report = Report { address, kind, seen, id, count, evidence };
        let taken = self.desk.report(holder.actor(), reporter.as_str(), vec![report]).await;
        taken.map(drop).map_err(later("a report by mail"))
    }

    /// Reports who handed over a mail to a trap; by nothing that its sender wrote.
    async fn trapped(&self, arrival: Arrival) -> Result<(), Untaken> {
        let evidence: String = arrival.headers.chars().take(EVIDENCE_OCTETS_MAX).collect();
        let report = Report {
            address: arrival.peer,
            kind: ReportKind::Trap,
            seen: self.desk.now(),
            // One an hour counts, however many mails come.
            id: None,
            count: 1,
            evidence: evidence.into(),
        };
        let taken = self.desk.report(Actor::new("trap"), OWN_TRAP, vec![report]).await;
        taken.map(drop).map_err(later("a mail to a trap"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cases::testing::desk,
        metrics::{Metrics, scrape},
    };

    /// Nothing told the desk, or the operator, that the inbox took no more.
    #[tokio::test]
    async fn the_desk_and_the_operator_hear_of_mail_that_was_turned_away() {
        let dir = tempfile::tempdir().unwrap();
        let (desk, counted) = (desk(dir.path()), Metrics::default());
        let (metrics, logged) = (counted.mail.clone(), AtomicU32::new(0));
        let room = Room { desk: desk.clone(), dns: None, metrics, logged };
        let (near, other) = ("192.0.2.7".parse().unwrap(), "203.0.113.7".parse().unwrap());
        let heard_since = || [near, other].map(|address| desk.heard_since(address) == desk.now());
        for (unheard, expected) in
            [(Unheard::Idle, [false, false]), (Unheard::Near(near), [true, false]), (Unheard::Any, [true, true])]
        {
            room.unheard(unheard);
            assert_eq!(heard_since(), expected, "{unheard:?}");
        }
        let page = scrape(&counted.registry(Vec::new));
        for reason in ["idle", "near", "any"] {
            let line = format!("dnsbld_inbox_unheard_total{{reason=\"{reason}\"}} 1");
            assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
        }
        assert_eq!(room.logged.load(Ordering::Relaxed), desk.now().seconds());
    }

    #[test]
    fn a_mailbox_names_its_token() {
        let token = Token::random();
        assert_eq!(token_of(&format!("t-{token}")), Some((token, false)));
        assert_eq!(token_of(&format!("s-{token}")), Some((token, true)));
        assert_eq!((token_of("postmaster"), token_of("t-00")), (None, None));
    }
}
