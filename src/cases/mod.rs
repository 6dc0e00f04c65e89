//! WHAT PEOPLE ASK OF US. Removals, retests, networks and reports: each a case with states, each state with its moves.
//!
//! ```text
//! http, retest, mail ──> Desk ──> rows read ──> pure move (state, event, now) ──> state, changes, effects
//!                                                   └──> one commit: entries, the case's row, its audit row, its errands
//! ```
//! The moves are pure functions of this room. The [`Desk`] is the shell around them: it reads what a move needs, and hands what
//! it says to the one door, as one commit. What is to happen outside (mail, calls) is a row of `outbox` in that commit,
//! which `mail` works off: at least once, each with an id.
//!
//! Guarantees: a case's move and the change of entries that it causes are there both or not at all, before anyone hears of it;
//! every move is an audit row; what people tell us has an end (`[keep]`).
//! Never: asks DNS or sends anything itself: [`Checks`] and the senders are handed over or come and fetch.

mod audit;
mod checks;
mod desk;
mod errand;
mod fault;
mod grounds;
mod id;
mod lockout;
pub mod network;
mod proof;
mod reason;
pub mod report;
mod request;
pub mod retest;
#[cfg(test)]
pub mod testing;

pub use audit::AuditRow;
pub use checks::{Checks, Unanswered, Unmet};
pub use desk::{
    Answered, Asked, Asking, Course, Decider, Desk, NetworkIs, Parts, Shown, Taken, Waiting, on_a_thread,
    retest_rows::Evidence,
    retests::{Declined, NextTest, Order, RetestSettings, suspicion},
};
pub use errand::{Due, Errand, Task};
pub use fault::{Fault, Field, NotYours, Obstacle, Unfit, Wait};
pub use grounds::{Finding, Grounds};
pub use id::{Id, IdError, Secret, SecretHash};
pub use lockout::{Lockout, block_of, blocks};
pub use proof::{CodeError, Shown as ShownProof};
pub use reason::OwnReason;
pub use request::{Ending, Event, NoMove, Request, State};

use crate::list::Duration;

/// What the configuration says about cases.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where the pages are, without a final slash: mails and answers name it.
    pub public_url: String,
    /// `[keep] audit`
    pub keep_audit: Duration,
    /// Whether mails can be sent.
    pub mails: bool,
    /// Domains whose postmasters want no codes.
    pub no_mail_to: Vec<Box<str>>,
    /// `[keep] requests`: how long a case is kept once it is closed.
    pub keep_requests: Duration,
    /// `[retest]`; `None`: this server makes none.
    pub retest: Option<RetestSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        let day = 86_400;
        Self {
            public_url: "http://127.0.0.1:8053".into(),
            mails: false,
            no_mail_to: Vec::new(),
            keep_audit: Duration::from_seconds(730 * day),
            keep_requests: Duration::from_seconds(90 * day),
            retest: None,
        }
    }
}
