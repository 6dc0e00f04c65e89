//! A request for removal: its states, and every move there is.
//!
//! ```text
//!            ┌────────────── what the list's rule asks for, in this order ──────────────┐
//! (asked) ──> proving ──> checking (DNS or retest) ──> deciding (owner, operator) ──> granted ──> ended
//!                └───────────────┴──────────────────────┴──> refused, withdrawn, lapsed (7 days)
//! ```
//! Where the network that was to decide no longer answers for the key, and no other does, the request goes on by `proof`: from
//! deciding back to the first stage that this asks for.
//!
//! Guarantees: pure: the same request, event and time give the same move; there are no other moves; a request that is
//! granted was not locked out, and went through every stage that its rule asked for.
//! Never: reads a clock or a row.

use super::{Finding, Grounds, Id, SecretHash};
use crate::{
    limits::REQUEST_OPEN_SECONDS,
    list::{Duration, ListName, ProofKind, RemovalRule, Time},
};
use serde::{Deserialize, Serialize};

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Who asked has to show that the key is theirs.
    Proving,
    /// DNS is asked, or a test runs.
    Checking,
    /// The range's network or an operator decides.
    Deciding,
    /// The key is exempt.
    Granted,
    /// It was granted and is over.
    Ended,
    /// The answer is no.
    Refused,
    /// Who asked took it back.
    Withdrawn,
    /// Nothing happened for seven days.
    Lapsed,
}

/// How a removal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Newer evidence listed the key again.
    Returned,
    /// Its time was over.
    Expired,
    /// The network or an operator took it back.
    Revoked,
}

/// What a request has to go through yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// A proof that the key belongs to who asks.
    pub proof: bool,
    /// DNS, or a test.
    pub check: bool,
    /// The word of the network or an operator.
    pub decision: bool,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Version of this row.
    pub v: u8,
    /// What it is called.
    pub id: Id,
    /// What shows that somebody is who asked.
    pub secret: SecretHash,
    /// The list.
    pub list: ListName,
    /// The key as it was asked, such as an IPv6 address.
    pub asked: Box<str>,
    /// The key that is exempted.
    pub key: Box<str>,
    /// The rule that it goes by.
    pub rule: RemovalRule,
    /// The network that decides.
    #[serde(default)]
    pub owner: Option<Box<str>>,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub since: Time,
    /// When it was asked.
    pub asked_at: Time,
    /// What it has to go through yet.
    pub needs: Needs,
    /// How control was shown.
    #[serde(default)]
    pub proven: Option<ProofKind>,
    /// Whether it was asked from the key itself, whatever that proves in this list.
    #[serde(default)]
    pub from_key: bool,
    /// To be put into TXT.
    pub token: Box<str>,
    /// What was mailed to postmaster@, and how often a wrong one was tried.
    #[serde(default)]
    pub code: Option<MailedCode>,
    /// When the cause was mended, as who asks says.
    #[serde(default)]
    pub repaired_at: Option<Time>,
    /// How to reach who asks. Personal.
    #[serde(default)]
    pub contact: Box<str>,
    /// What they say. Personal.
    #[serde(default)]
    pub note: Box<str>,
    /// Until when the exemption lasts.
    #[serde(default)]
    pub until: Option<Time>,
    /// How it ended.
    #[serde(default)]
    pub ending: Option<Ending>,
    /// Why it stands where it stands.
    #[serde(default)]
    pub why: Grounds,
    /// Why a check gave nothing yet: it is tried again from then on.
    #[serde(default)]
    pub check_again: Option<Time>,
    /// Tries of the check so far.
    #[serde(default)]
    pub checks: u8,
}

/// A code that was mailed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailedCode {
    /// The domain.
    pub domain: Box<str>,
    /// Its hash.
    pub hash: SecretHash,
    /// When it was mailed.
    pub at: Time,
    /// Wrong ones since.
    pub wrong: u8,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Control was shown.
    Proven(ProofKind),
    /// The check was passed.
    Passed,
    /// It was not.
    Failed(Finding),
    /// Nobody can check: people decide.
    Unchecked(Finding),
    /// The network or an operator says yes.
    Accepted(String),
    /// Or no.
    Declined(String),
    /// The network that was to decide no longer answers for the key, and no other does: it goes by proof from here on.
    OwnerGone(Needs),
    /// Who asked takes it back.
    Withdrawn,
    /// Time passes, and nothing is under way.
    Tick,
    /// The exemption is over.
    Over(Ending),
    /// The network or an operator takes it back, and says why.
    Revoked(String),
}

/// What stands around a request when something happens to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Until when the key is locked out for such a request.
    pub locked_until: Option<Time>,
    /// Whether a wider listing stands, which only its source and the operator lift.
    pub wider: bool,
    /// The time of the newest evidence against the key itself, where it is newer than the request.
    pub newer_evidence: Option<Time>,
    /// How long an exemption lasts.
    pub lasts: Option<Duration>,
}

/// The event does not fit the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request is {}", .0.as_str())]
pub struct NoMove(pub State);

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Proving,
        Self::Checking,
        Self::Deciding,
        Self::Granted,
        Self::Ended,
        Self::Refused,
        Self::Withdrawn,
        Self::Lapsed,
    ];

    /// As the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proving => "proving",
            Self::Checking => "checking",
            Self::Deciding => "deciding",
            Self::Granted => "granted",
            Self::Ended => "ended",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }

    /// Whether something is still to happen before it is decided.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Proving | Self::Checking | Self::Deciding)
    }

    /// Whether nothing can happen to it any more.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Ended | Self::Refused | Self::Withdrawn | Self::Lapsed)
    }
}

impl Ending {
    /// As the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl Needs {
    /// The stage that comes next; `None`: nothing is lacking.
    #[must_use]
    pub const fn next(self) -> Option<State> {
        match self {
            Self { proof: true, .. } => Some(State::Proving),
            Self { check: true, .. } => Some(State::Checking),
            Self { decision: true, .. } => Some(State::Deciding),
            Self { .. } => None,
        }
    }

    /// The same where proofs can be looked at, or cannot: then people decide in place of them.
    #[must_use]
    pub const fn with(self, proofs_at_hand: bool) -> Self {
        if self.proof && !proofs_at_hand { Self { proof: false, decision: true, ..self } } else { self }
    }
}

impl Request {
    /// Whether this network may decide: it waits for the network, or stands already and may be taken back by it.
    #[must_use]
    pub fn is_for(&self, network: &str) -> bool {
        let waits = self.network_decides() || !self.state.is_open();
        self.owner.as_deref() == Some(network) && waits
    }

    /// Whether the network of the address decides, and no operator.
    #[must_use]
    pub fn network_decides(&self) -> bool {
        self.owner.is_some() && self.rule == RemovalRule::Owner
    }

    /// Whether it holds something personal: how to reach who asked, what they said, which domain a code was mailed to.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        !self.contact.is_empty() || !self.note.is_empty() || self.code.is_some()
    }

    /// The request without that.
    #[must_use]
    pub fn without_person(self) -> Self {
        Self { contact: Box::default(), note: Box::default(), code: None, ..self }
    }

    /// When nothing has happened for so long that it lapses: each stage has its time, so that who shows a proof on the last day
    /// is not lapsed on the next.
    #[must_use]
    pub fn lapses_at(&self) -> Time {
        self.since.plus(Duration::from_seconds(REQUEST_OPEN_SECONDS))
    }

    /// Where it stands after it was asked: nothing has happened to it yet but that.
    #[must_use]
    pub fn begun(self, around: Around, now: Time) -> Self {
        self.onward(around, now, Grounds::default())
    }

    /// The request after an event.
    ///
    /// # Errors
    /// The event does not fit; nothing moves.
    pub fn step(&self, event: Event, around: Around, now: Time) -> Result<Self, NoMove> {
        let no = Err(NoMove(self.state));
        let mut next = self.clone();
        match (self.state, event) {
            (State::Proving, Event::Proven(proof)) => {
                next.proven = Some(proof);
                next.needs.proof = false;
                Ok(next.onward(around, now, Grounds::default()))
            }
            // A proof that nobody asked for still counts: for lock-outs, and for who decides.
            (State::Checking | State::Deciding, Event::Proven(proof)) => {
                next.proven = Some(proof);
                // For whom a machine belongs to it is tested once more.
                if matches!(next.why, Grounds::Found(Finding::TestLater { .. })) {
                    next.why = Grounds::default();
                }
                Ok(next)
            }
            (State::Checking, Event::Passed) => {
                next.needs.check = false;
                Ok(next.onward(around, now, Grounds::default()))
            }
            (State::Checking, Event::Failed(why)) => Ok(next.moved(State::Refused, now, why)),
            (State::Deciding, Event::Declined(why)) => Ok(next.moved(State::Refused, now, why)),
            (State::Checking, Event::Unchecked(why)) => {
                next.needs = Needs { check: false, decision: true, ..next.needs };
                Ok(next.onward(around, now, why.into()))
            }
            (State::Deciding, Event::Accepted(why)) => {
                next.needs.decision = false;
                // Who decides knows the evidence and the lock-out, and answers for both.
                let wider = around.wider && self.network_decides();
                let around = Around { locked_until: None, newer_evidence: None, wider, ..around };
                Ok(next.onward(around, now, why.into()))
            }
            (State::Deciding, Event::OwnerGone(needs)) if self.network_decides() => {
                (next.rule, next.owner, next.needs) = (RemovalRule::Proof, None, needs);
                Ok(next.onward(around, now, Grounds::default()))
            }
            (open, Event::Withdrawn) if open.is_open() => Ok(next.moved(State::Withdrawn, now, Grounds::default())),
            (open, Event::Tick) if open.is_open() && now >= self.lapses_at() => {
                Ok(next.moved(State::Lapsed, now, Finding::Lapsed))
            }
            (State::Granted, Event::Over(how)) => {
                next.ending = Some(how);
                Ok(next.moved(State::Ended, now, Finding::Over { how }))
            }
            (State::Granted, Event::Revoked(why)) => {
                let how = Ending::Revoked;
                next.ending = Some(how);
                let why = if why.is_empty() { Finding::Over { how }.into() } else { Grounds::from(why) };
                Ok(next.moved(State::Ended, now, why))
            }
            _ => no,
        }
    }

    /// To the next stage that is lacking; where none is, granted, unless something newer stands against it.
    fn onward(self, around: Around, now: Time, why: Grounds) -> Self {
        if let Some(stage) = self.needs.next() {
            return self.moved(stage, now, why);
        }
        if let Some(until) = around.locked_until.filter(|until| now < *until) {
            return self.moved(State::Refused, now, Finding::LockedOut { until });
        }
        if let Some(at) = around.newer_evidence.filter(|at| *at > self.asked_at) {
            return self.moved(State::Refused, now, Finding::NewerEvidence { at });
        }
        if around.wider && self.rule != RemovalRule::Operator {
            // It came since it was asked.
            let needs = Needs { decision: true, ..self.needs };
            return Self { rule: RemovalRule::Operator, needs, ..self }.moved(State::Deciding, now, why);
        }
        let until = around.lasts.map(|lasts| now.plus(lasts));
        Self { until, ..self }.moved(State::Granted, now, why)
    }

    fn moved(self, state: State, now: Time, why: impl Into<Grounds>) -> Self {
        let since = if state == self.state { self.since } else { now };
        Self { state, since, why: why.into(), check_again: None, ..self }
    }
}

#[cfg(test)]
mod tests;
