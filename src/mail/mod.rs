//! HOW MAIL REACHES AND LEAVES US. A small server for mail that we wait for, and the doer of errands.
//!
//! ```text
//! a relay under test > inbox (who hands it over, headers only) > Mailroom: does anyone wait for it? > cases
//! a reporter's mail  > inbox (whole) > Mailroom: dkim (who stands behind it), feedback (what it says) > cases
//! a case's commit > outbox rows > Outbox: mail by the operator's mail server, calls of webhooks > done, or later
//! ```
//! Guarantees: what we do not wait for, and what is sent to no trap, is refused at RCPT; errands are done at least once, each
//! with its id.
//! Never: bounces, forwards, or keeps the body of a mail that arrives.

#[cfg(feature = "store")]
pub mod dkim;
pub mod feedback;
#[cfg(feature = "store")]
mod inbox;
#[cfg(feature = "store")]
mod outbox;
#[cfg(feature = "store")]
mod places;
#[cfg(feature = "store")]
mod server;
#[cfg(feature = "store")]
mod webhook;

#[cfg(feature = "store")]
pub use {
    inbox::{Inbox, Mailroom, NotNow},
    outbox::{Outbox, Post, Settings},
    places::Unheard,
    server::{Arrival, Untaken, Wanted},
    webhook::{Caller, Signer},
};
