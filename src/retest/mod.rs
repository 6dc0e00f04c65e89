//! HOW WE CHECK AGAIN. Whether a listed machine still relays mail, or still is an open proxy, is seen by trying.
//!
//! ```text
//! a case is due > target (may it be contacted?) > relay, proxy (pure dialogues) over converse (time, octets) > Observed
//!                                                   |                                                             |
//!                              mail::inbox, lure < the target passes our token on                       cases::retest decides
//! ```
//! Guarantees: only public addresses are contacted, and only at fixed ports; every test ends within a fixed time, whatever
//! the other side does; mail and proxy connections go to our own listeners and nowhere else.
//! Never: decides what a result means for a list; sends to a third party; logs in.

mod converse;
mod lure;
mod probe;
mod proxy;
mod queue;
mod rdns;
mod relay;
mod target;

pub use lure::{Came, serve as serve_lure};
pub use probe::{Probe, ProbeError, Prober};
pub use proxy::Secret;
pub use queue::{Pace, Queue};
pub use rdns::Resolver;
pub use relay::Tester;
pub use target::{ConnectError, NotContacted, Rules, Target};

/// Begins the mailboxes that test messages are sent to.
pub const MAILBOX_PREFIX: &str = "t-";
/// Begins the mailboxes that test messages are sent from: what comes there is a bounce.
pub const SENDER_PREFIX: &str = "s-";
