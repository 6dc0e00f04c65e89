//! A retest: whether a listed machine still relays, from the question to the last token that could arrive.
//!
//! ```text
//! queued > running > arriving (taken; tokens open) > done > queued (checked again after a day, a week, a month)
//!            |  ^        |
//!            v  |        v
//!           waiting (nobody at home, greylisted)
//! ```
//! Guarantees: moves are pure, and there are no others than these. Silence is never clean, nor is a machine that refuses every
//! connection before its third test, nor one that took a message while we turned mail away: that has its time to come again.
//! A machine that was found clean is listed again by the first token that it passes on, whatever the state. After a restart a
//! running test counts as a test.
//! Never: connects, reads a clock, or writes: what a move changes comes back as a [`Judgement`].

mod admit;
mod words;

pub use admit::{Admission, Asker, Bounds, Known, admit, counting_block};
pub use words::{Form, Observed, Protocol, Reach, Step, Suspicion, Token, TokenError, Variant, VariantError, Verdict};

use super::Id;
use crate::{
    limits::{RETEST_REFUSED_TESTS, RETEST_TARGET_APART_SECONDS, RETEST_TRIES},
    list::{Duration, ListName, Time},
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Where a retest stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It waits for its turn.
    Queued,
    /// It is made now.
    Running,
    /// Something was taken, and may arrive.
    Arriving,
    /// It is tried again later.
    Waiting,
    /// It has its result.
    Done,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It passes on what strangers send.
    Open,
    /// It does, through another machine. That alone lists nothing, and it is not clean either.
    Multihop,
    /// It refused, or what it took never came.
    Clean,
    /// It was not to be reached.
    Unreachable,
    /// It was reached and said neither.
    Inconclusive,
    /// There was no test: its owner wants none, the bounds were reached, or it is not listed.
    NotTested,
}

/// What the configuration says, as the moves need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Accepted, but not arrived within this: clean for now.
    pub settle: Duration,
    /// How long a token may still arrive.
    pub arrival: Duration,
    /// When a machine that was found clean is tested again, each after the one before.
    pub recheck: Vec<Duration>,
}

/// A token that was sent and may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// In which trial.
    pub variant: Variant,
    /// The token.
    pub token: Token,
    /// To which address; older rows do not say: to the one that is tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<IpAddr>,
    /// Until when an arrival counts.
    pub until: Time,
}

/// A retest as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retest {
    /// Version of this row.
    pub v: u8,
    /// Its name.
    pub id: Id,
    /// The list that holds the key.
    pub list: ListName,
    /// The key, as it is listed.
    pub key: Box<str>,
    /// The address that is tested. Of a block it is the one that was asked, but for one that was found open.
    pub address: IpAddr,
    /// For what.
    pub kind: Suspicion,
    /// Where it stands.
    pub state: State,
    /// What came out, so far or last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Outcome>,
    /// When it was asked for.
    pub asked_at: Time,
    /// When its result came out; older rows do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Time>,
    /// When it moves by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Time>,
    /// Until when a token may arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival_until: Option<Time>,
    /// Until when what was taken has time to arrive before it counts as gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle_until: Option<Time>,
    /// The first try of this round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_try: Option<Time>,
    /// Tries of this round.
    #[serde(default)]
    pub tries: u8,
    /// Those of them in which the machine refused every connection.
    #[serde(default)]
    pub closed: u8,
    /// Rounds after the first: a clean machine is looked at again.
    #[serde(default)]
    pub rechecks: u8,
    /// Whether our exclusion stands: a token that arrives then means a return.
    #[serde(default)]
    pub cleared: bool,
    /// The trial by which it was last found open, until it is found clean: a proxy that then refuses the connection at this very
    /// port has shown nothing, whatever its other ports answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_by: Option<Variant>,
    /// The trials, and what each showed last.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The tokens for the next try. A trial that was put off keeps its token: greylisting goes by sender and recipient.
    #[serde(default)]
    pub ready: Vec<(Variant, Token)>,
    /// Tokens that are out.
    #[serde(default)]
    pub sent: Vec<Sent>,
}

/// What happens to a retest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody asked for it again, at this address of the key, and there is room.
    Asked(IpAddr),
    /// Its turn is put off to that time.
    PutOff(Time),
    /// Its turn has come, with these trials to make.
    Started(Vec<(Variant, Token)>),
    /// The test was made.
    Observed(Observed),
    /// There was no test, and will be none.
    LeftOut,
    /// A token arrived, handed over by this address.
    Arrived {
        /// Which.
        token: Token,
        /// Who delivered it.
        from: IpAddr,
    },
    /// A bounce came for it: it was taken, then thought better of.
    Bounced(Token),
    /// The time it waited for has come.
    Due {
        /// Since when we have turned no mail away that could have been its, and have listened all the time.
        heard_since: Time,
    },
    /// The program was started anew while the test ran.
    Restarted,
}

/// What a move says about the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is clean: the key is excluded.
    Clear,
    /// It is open by this trial: the key is listed. `returned` where it had been cleared before.
    List {
        /// The trial that showed it.
        variant: Variant,
        /// Whether it had been found clean before: that doubles the lock-out.
        returned: bool,
    },
}

/// Why an event is no move in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a retest that is {0:?} has no such move")]
pub struct NoMove(pub State);

/// A move: the retest afterwards, and what it says about the list.
pub type Moved = (Retest, Option<Judgement>);

impl State {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Arriving => "arriving",
            Self::Waiting => "waiting",
            Self::Done => "done",
        }
    }
}

impl Outcome {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Multihop => "multihop",
            Self::Clean => "clean",
            Self::Unreachable => "unreachable",
            Self::Inconclusive => "inconclusive",
            Self::NotTested => "not-tested",
        }
    }
}

impl Retest {
    /// One that waits for its turn.
    #[must_use]
    pub fn queued(id: Id, list: ListName, key: &str, address: IpAddr, kind: Suspicion, now: Time) -> Self {
        Self {
            v: 1,
            id,
            list,
            key: key.into(),
            address,
            kind,
            state: State::Queued,
            result: None,
            asked_at: now,
            said_at: None,
            next_at: None,
            arrival_until: None,
            settle_until: None,
            first_try: None,
            tries: 0,
            closed: 0,
            rechecks: 0,
            cleared: false,
            open_by: None,
            steps: Vec::new(),
            ready: Vec::new(),
            sent: Vec::new(),
        }
    }

    /// The same, but its turn comes not before `until`.
    #[must_use]
    pub fn put_off(self, until: Time) -> Self {
        Self { state: State::Waiting, next_at: Some(until), ..self }
    }

    /// Whether its result is of `since` or later: what it said before is no answer to what was asked then.
    #[must_use]
    pub fn has_said(&self, since: Time) -> bool {
        self.result.is_some() && self.said_at.unwrap_or(self.asked_at) >= since
    }

    /// Whether a result is on its way: whoever asks meanwhile shares it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.state {
            State::Queued | State::Running | State::Waiting => true,
            State::Arriving => self.settle_until.is_some(),
            State::Done => false,
        }
    }

    /// On whose account its next test is.
    #[must_use]
    pub const fn asker(&self) -> Asker {
        if self.rechecks > 0 || matches!(self.state, State::Done | State::Arriving) {
            Asker::Recheck
        } else {
            Asker::Retry
        }
    }

    /// Whether the passing of time brings a new test, for which there has to be room.
    #[must_use]
    pub fn due_for_a_test(&self, terms: &Terms, now: Time) -> bool {
        // What was heard decides what settles, and nothing that settles is queued by it.
        let due = Event::Due { heard_since: Time::default() };
        self.moved(due, terms, now).is_ok_and(|(next, _)| next.state == State::Queued)
    }

    /// The trials of the next try: those put off keep their token, the others get a new one.
    #[must_use]
    pub fn trials(&self, variants: &[Variant], mut draw: impl FnMut() -> Token) -> Vec<(Variant, Token)> {
        let kept = |variant| self.ready.iter().find(|(v, _)| *v == variant).map(|(_, token)| *token);
        variants.iter().map(|&variant| (variant, kept(variant).unwrap_or_else(&mut draw))).collect()
    }

    /// The move.
    ///
    /// # Errors
    /// [`NoMove`], and nothing has changed.
    pub fn moved(&self, event: Event, terms: &Terms, now: Time) -> Result<Moved, NoMove> {
        let (mut next, due) = (self.clone(), self.next_at.is_some_and(|at| at <= now));
        let judged = match (self.state, event) {
            (State::Arriving | State::Done, Event::Asked(address)) => {
                // A neighbour that is closed says nothing about the one that was open, or that holds what it took.
                let holds = self.arrival_until.is_some_and(|until| until > now);
                if !holds && self.open_by.is_none() {
                    next.address = address;
                }
                next.again();
                (next.rechecks, next.asked_at) = (0, now);
                None
            }
            (_, Event::PutOff(until)) if self.next_at.is_some() && until > now => {
                next.next_at = Some(until);
                None
            }
            (State::Queued, Event::Started(trials)) => {
                next.start(trials, terms, now);
                None
            }
            (State::Queued | State::Running, Event::LeftOut) => {
                next.say(Outcome::NotTested, now);
                next.close(None);
                None
            }
            (State::Running, Event::Observed(observed)) => next.observed(&observed, terms, now),
            (State::Running, Event::Restarted) => {
                // Its tokens may be used up: each trial gets a new one.
                next.ready.clear();
                if next.steps.iter().any(|step| step.verdict == Verdict::Arrived) {
                    next.close(None);
                } else if usize::from(self.tries) < RETEST_TRIES.len() {
                    next.state = State::Queued;
                } else {
                    // Whatever stops the program each time it tests: this one was tested often enough.
                    next.say(Outcome::Inconclusive, now);
                    next.wait(terms, now);
                }
                None
            }
            (_, Event::Arrived { token, from }) => next.arrived(token, from, now)?,
            (_, Event::Bounced(token)) => {
                next.bounced(token, now).ok_or(NoMove(self.state))?;
                None
            }
            (_, Event::Due { heard_since }) if due => next.due(heard_since, terms, now),
            _ => return Err(NoMove(self.state)),
        };
        Ok((next, judged))
    }

    fn start(&mut self, trials: Vec<(Variant, Token)>, terms: &Terms, now: Time) {
        self.state = State::Running;
        self.tries += 1;
        self.first_try.get_or_insert(now);
        self.next_at = None;
        self.sent.retain(|sent| sent.until >= now);
        // From here on every one of them may arrive, even if we never hear how the test went on.
        let until = now.plus(terms.arrival);
        self.sent.retain(|sent| !trials.iter().any(|(_, token)| *token == sent.token));
        let to = Some(self.address);
        self.sent.extend(trials.iter().map(|&(variant, token)| Sent { variant, token, to, until }));
        self.ready = trials;
        self.steps.clear();
    }

    fn observed(&mut self, observed: &Observed, terms: &Terms, now: Time) -> Option<Judgement> {
        for step in &observed.steps {
            // A message can arrive before the session that sent it ends.
            if !self.steps.iter().any(|known| known.variant == step.variant) {
                self.steps.push(*step);
            }
        }
        let reach = self.reach(observed);
        self.closed += u8::from(reach == Reach::Closed);
        let with = |verdict| self.steps.iter().find(|step| step.verdict == verdict).map(|step| step.variant);
        if let Some(variant) = with(Verdict::Arrived) {
            let judged = self.found_open(variant, now);
            self.close(None);
            return Some(judged);
        }
        if with(Verdict::Accepted).or(with(Verdict::Bounced)).is_some() {
            self.state = State::Arriving;
            self.arrival_until = Some(now.plus(terms.arrival));
            self.settle_until = Some(now.plus(terms.settle));
            self.next_at = self.settle_until;
            self.ready.retain(|(variant, _)| {
                self.steps.iter().any(|s| s.variant == *variant && s.verdict == Verdict::Deferred)
            });
            return None;
        }
        self.conclude(reach, terms, now)
    }

    /// How far a test came, with what is known from those before.
    fn reach(&self, observed: &Observed) -> Reach {
        let closed = |step: &Step| step.verdict == Verdict::Closed && Some(step.variant) == self.open_by;
        match (self.kind, observed.reach) {
            // Of which no port was tried: it refused nothing.
            (Suspicion::Proxy, Reach::Closed) if observed.steps.is_empty() => Reach::Silent,
            (Suspicion::Proxy, Reach::Greeted) if observed.steps.iter().any(closed) => Reach::Closed,
            (_, reach) => reach,
        }
    }

    /// What the steps say, when nothing is in the air that could still settle it.
    fn conclude(&mut self, reach: Reach, terms: &Terms, now: Time) -> Option<Judgement> {
        let is = |verdicts: &[Verdict]| self.steps.iter().any(|step| verdicts.contains(&step.verdict));
        if is(&[Verdict::ArrivedElsewhere]) {
            self.say(Outcome::Multihop, now);
            self.close(None);
            return None;
        }
        let tried = !self.steps.is_empty() && !self.steps.iter().any(|step| step.verdict.leaves_open());
        let clean = match reach {
            Reach::Greeted => tried,
            // A rule that refuses our address alone looks the same: it would have to stand for days.
            Reach::Closed => self.closed >= RETEST_REFUSED_TESTS,
            Reach::Silent | Reach::Unwelcome => false,
        };
        if clean {
            return Some(self.found_clean(terms, now));
        }
        let result = match reach {
            Reach::Closed | Reach::Silent => Outcome::Unreachable,
            Reach::Greeted | Reach::Unwelcome => Outcome::Inconclusive,
        };
        self.say(result, now);
        self.ready.retain(|(variant, _)| {
            self.steps.iter().any(|step| step.variant == *variant && step.verdict == Verdict::Deferred)
        });
        self.wait(terms, now);
        None
    }

    fn found_clean(&mut self, terms: &Terms, now: Time) -> Judgement {
        self.say(Outcome::Clean, now);
        self.cleared = true;
        self.open_by = None;
        let again = terms.recheck.get(usize::from(self.rechecks)).map(|after| now.plus(*after));
        match self.arrival_until.filter(|until| *until > now) {
            // Clean for now: the tokens stay open.
            Some(until) => {
                self.state = State::Arriving;
                self.settle_until = None;
                self.next_at = Some(again.map_or(until, |again| again.min(until)));
                self.ready.clear();
            }
            None => self.close(again),
        }
        Judgement::Clear
    }

    fn say(&mut self, result: Outcome, now: Time) {
        (self.result, self.said_at) = (Some(result), Some(now));
    }

    /// Each time is evidence of its own, which renews the listing; only what had been cleared returns by it.
    fn found_open(&mut self, variant: Variant, now: Time) -> Judgement {
        let returned = std::mem::take(&mut self.cleared);
        self.say(Outcome::Open, now);
        self.open_by = Some(variant);
        Judgement::List { variant, returned }
    }

    /// A new round.
    fn again(&mut self) {
        self.state = State::Queued;
        (self.next_at, self.settle_until) = (None, None);
        (self.first_try, self.tries, self.closed) = (None, 0, 0);
    }

    fn close(&mut self, again: Option<Time>) {
        self.state = State::Done;
        self.next_at = again;
        self.settle_until = None;
        self.ready.clear();
    }

    /// Tries again, or gives up with the result that it has.
    fn wait(&mut self, terms: &Terms, now: Time) {
        let first = self.first_try.unwrap_or(now);
        if let Some(&after) = RETEST_TRIES.get(usize::from(self.tries)) {
            self.state = State::Waiting;
            let after = first.plus(Duration::from_seconds(after));
            self.next_at = Some(after.max(now.plus(Duration::from_seconds(RETEST_TARGET_APART_SECONDS))));
            self.settle_until = None;
            return;
        }
        // A machine that was found clean once and is silent now is looked at again as planned.
        let again = terms.recheck.get(usize::from(self.rechecks)).filter(|_| self.cleared);
        self.close(again.map(|after| now.plus(*after)));
    }

    fn arrived(&mut self, token: Token, from: IpAddr, now: Time) -> Result<Option<Judgement>, NoMove> {
        let at = self.sent.iter().position(|sent| sent.token == token && sent.until >= now);
        let at = at.ok_or(NoMove(self.state))?;
        let Sent { variant, to, .. } = self.sent.swap_remove(at);
        self.ready.retain(|(_, ready)| *ready != token);
        let to = to.unwrap_or(self.address);
        let straight = from.to_canonical() == to.to_canonical();
        let verdict = if straight { Verdict::Arrived } else { Verdict::ArrivedElsewhere };
        self.mark(variant, verdict);
        if straight {
            self.address = to;
            let judged = self.found_open(variant, now);
            // A session that still runs is heard to its end.
            if self.state != State::Running {
                self.close(None);
            }
            return Ok(Some(judged));
        }
        // Through another machine: noted, and no reason to list. Nor is it a reason to unlist before the others settled.
        if matches!(self.state, State::Arriving | State::Done) && self.result != Some(Outcome::Open) {
            self.say(Outcome::Multihop, now);
        }
        Ok(None)
    }

    fn bounced(&mut self, token: Token, now: Time) -> Option<()> {
        let sent = *self.sent.iter().find(|sent| sent.token == token && sent.until >= now)?;
        self.mark(sent.variant, Verdict::Bounced);
        Some(())
    }

    fn mark(&mut self, variant: Variant, verdict: Verdict) {
        match self.steps.iter_mut().find(|step| step.variant == variant) {
            Some(step) => step.verdict = verdict,
            None => self.steps.push(Step { variant, verdict }),
        }
    }

    /// What was taken has had its time to arrive, if we heard all that came meanwhile. Mail that we turned away has that time
    /// anew, as long as a token may arrive: whoever keeps others from reaching us puts the result off, and no more.
    fn settle(&mut self, heard_since: Time, terms: &Terms, now: Time) -> Option<Judgement> {
        let (heard, end) = (heard_since.plus(terms.settle), self.arrival_until.unwrap_or(now));
        if heard > now && end > now {
            let until = heard.min(end);
            (self.settle_until, self.next_at) = (Some(until), Some(until));
            return None;
        }
        self.settle_until = None;
        // What was accepted while we did not hear stays so, which is neither clean nor open.
        for step in self.steps.iter_mut().filter(|step| heard <= now && step.verdict == Verdict::Accepted) {
            step.verdict = Verdict::Vanished;
        }
        self.conclude(Reach::Greeted, terms, now)
    }

    fn due(&mut self, heard_since: Time, terms: &Terms, now: Time) -> Option<Judgement> {
        match self.state {
            State::Waiting => {
                self.state = State::Queued;
                self.next_at = None;
                None
            }
            State::Arriving if self.settle_until.is_some_and(|until| until <= now) => {
                self.settle(heard_since, terms, now)
            }
            State::Arriving | State::Done => {
                let again = self.cleared && usize::from(self.rechecks) < terms.recheck.len();
                let arriving = self.state == State::Arriving && self.arrival_until.is_some_and(|until| until <= now);
                match (again, arriving) {
                    // All that could arrive has; the next look was planned from the day it was found clean.
                    (true, true) => {
                        let planned = terms.recheck.get(usize::from(self.rechecks)).copied();
                        let since = self.arrival_until.unwrap_or(now).minus(terms.arrival);
                        self.close(planned.map(|after| since.plus(after).max(now)));
                    }
                    (true, false) => {
                        self.rechecks += 1;
                        self.again();
                    }
                    (false, _) => self.close(None),
                }
                None
            }
            State::Queued | State::Running => None,
        }
    }
}

#[cfg(test)]
mod tests;
