//! HOW MAIL REACHES AND LEAVES US. A small server for mail that we wait for, and the doer of errands.
//!
//! ```text
//! a relay under test > inbox (who hands it over, headers only) > Mailroom: does anyone wait for it? > cases
//! a case's commit > outbox rows > Outbox: mail by the operator's mail server, calls of webhooks > done, or later
//! ```
//! Guarantees: what we do not wait for, and what is sent to no trap, is refused at RCPT; errands are done at least once, each
//! with its id.
//! Never: bounces, forwards, or keeps the body of a mail that arrives.

mod inbox;
mod outbox;
mod server;
mod webhook;

pub use inbox::{Inbox, Mailroom, NotNow};
pub use outbox::{Outbox, Post, Settings};
pub use server::Arrival;
pub use webhook::{Caller, Signer};
