//! HOW DNS IS ANSWERED. The only room of hickory-server.
//!
//! ```text
//! datagram > listen ─┐
//! stream   > stream ─┴> respond: screen > question > answer ──────────────> octets
//!                                drop,    FORMERR    common path  ╰> engine (hickory's RequestHandler, polled once)
//! ```
//! [`respond`] is one function for every transport and never waits. Its **common path** parses without allocating and
//! writes the answer in place; everything else goes to the **engine**, which can answer every query and is the
//! specification: a differential property test holds the common path to it.
//!
//! Guarantees: no input ends a thread: a panic is caught, counted and answered SERVFAIL; answers (QR=1) get nothing;
//! an answer over UDP has at most 1,232 octets; queries and clients are bounded by `limits`.
//! Never: logs a query or an address; waits, locks or reads a disk while answering; spawns: who runs the
//! [`UdpWorker`]s and the [`TcpServer`] does.

mod answer;
mod authority;
mod counters;
mod datagrams;
mod engine;
mod listen;
mod question;
mod records;
mod screen;
mod stream;
mod wire;

#[cfg(test)]
mod tests;

pub use counters::{Cell, Counters, Figures, OUTCOMES, Outcome, Sums, Verdict};
pub use listen::{BindError, Listeners, Service, Settings, UdpWorker};
pub use stream::TcpServer;

use crate::limits::{NSID_OCTETS_MAX, TCP_ANSWER_OCTETS_MAX, UDP_PAYLOAD_MIN};
use crate::snapshot::Snapshot;
use question::Question;
use screen::Screened;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{fs, sync::Arc};

/// How a message came, which bounds its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A datagram: at most what the client takes, between 512 and 1,232 octets.
    Udp,
    /// A stream: at most 65,535 octets.
    Stream,
}

/// Who the server is, for those who ask by NSID (RFC 5001) or `id.server` (RFC 4892).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    nsid: Box<[u8]>,
}

impl Identity {
    /// The configured name; without one, the host's. A longer name is cut at 64 octets.
    #[must_use]
    pub fn new(nsid: &str) -> Self {
        let host = if nsid.is_empty() { fs::read_to_string("/proc/sys/kernel/hostname") } else { Ok(nsid.to_owned()) };
        let name = host.unwrap_or_default();
        let octets = name.trim().as_bytes();
        Self { nsid: octets[..octets.len().min(NSID_OCTETS_MAX)].into() }
    }

    /// The name.
    #[must_use]
    pub fn nsid(&self) -> &[u8] {
        &self.nsid
    }
}

/// Answers one message: `out` is cleared and holds the answer, unless the verdict says that nothing is sent.
///
/// Nothing is allocated on the common path as long as the capacity of `out` suffices.
pub fn respond(
    snapshot: &Arc<Snapshot>,
    identity: &Arc<Identity>,
    message: &[u8],
    transport: Transport,
    out: &mut Vec<u8>,
) -> Verdict {
    let header = match screen::screen(message) {
        Screened::Drop => return Verdict::common(Outcome::Dropped),
        Screened::Bare(rcode, outcome) => {
            answer::bare(message, rcode, question::edns_anywhere(message), out);
            return Verdict::common(outcome);
        }
        Screened::Read(header) => header,
    };
    let question = match Question::read(message, header) {
        Ok(question) => question,
        Err(malformed) => {
            answer::malformed(header, malformed, out);
            return Verdict::common(Outcome::Malformed);
        }
    };
    let limit = match transport {
        Transport::Udp => usize::from(question.edns.map_or(UDP_PAYLOAD_MIN, |edns| edns.payload)),
        Transport::Stream => TCP_ANSWER_OCTETS_MAX,
    };
    answer::common(snapshot, &question, limit, out)
        .unwrap_or_else(|| engine::answer(snapshot, identity, &question, limit, out))
}

/// [`respond`], with a panic caught, counted and answered SERVFAIL.
fn respond_safely(
    snapshot: &Arc<Snapshot>,
    identity: &Arc<Identity>,
    message: &[u8],
    transport: Transport,
    out: &mut Vec<u8>,
    counters: &Counters,
) -> Verdict {
    caught(message, out, counters, |out| respond(snapshot, identity, message, transport, out))
}

fn caught(
    message: &[u8],
    out: &mut Vec<u8>,
    counters: &Counters,
    answer: impl FnOnce(&mut Vec<u8>) -> Verdict,
) -> Verdict {
    // `out` is cleared before it is written, and the snapshot is immutable: nothing half done is seen afterwards.
    catch_unwind(AssertUnwindSafe(|| answer(out))).unwrap_or_else(|_| {
        counters.panicked();
        answer::failed(message, out);
        Verdict::common(Outcome::Failed)
    })
}
