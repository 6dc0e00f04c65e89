//! What is counted about the queries: outcomes, transports, panics.
//!
//! Guarantees: each thread writes its own cell, on cache lines of its own, so that counting costs no shared write; a
//! sum over the cells may miss what is being counted at that moment, and nothing else.
//! Never: holds an address or a name.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How a query was answered. One for each message that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The name is listed; records, or none of the type asked for.
    Listed,
    /// NXDOMAIN.
    NotListed,
    /// An empty non-terminal: something is listed beneath the name.
    Above,
    /// The apex of a zone or a name of its glue.
    Apex,
    /// Class CH: who the server is.
    Chaos,
    /// Another zone, a transfer, another class.
    Refused,
    /// FORMERR.
    Malformed,
    /// NOTIMP: an opcode other than QUERY.
    NotImplemented,
    /// BADVERS: a later version of EDNS.
    BadVersion,
    /// SERVFAIL after a panic.
    Failed,
    /// Nothing was sent: an answer that came as a question, or less than a header.
    Dropped,
}

/// Every outcome, in the order of the counters.
pub const OUTCOMES: [Outcome; 11] = [
    Outcome::Listed,
    Outcome::NotListed,
    Outcome::Above,
    Outcome::Apex,
    Outcome::Chaos,
    Outcome::Refused,
    Outcome::Malformed,
    Outcome::NotImplemented,
    Outcome::BadVersion,
    Outcome::Failed,
    Outcome::Dropped,
];

impl Outcome {
    /// The label of the metric.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::NotListed => "not_listed",
            Self::Above => "above",
            Self::Apex => "apex",
            Self::Chaos => "chaos",
            Self::Refused => "refused",
            Self::Malformed => "formerr",
            Self::NotImplemented => "notimp",
            Self::BadVersion => "badvers",
            Self::Failed => "servfail",
            Self::Dropped => "dropped",
        }
    }
}

/// What `respond` did with one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Verdict {
    /// How it was answered.
    pub outcome: Outcome,
    /// Whether the answer did not fit and went out empty with TC set.
    pub truncated: bool,
    /// Whether the engine made the answer.
    pub by_engine: bool,
}

impl Verdict {
    /// An answer of the common path.
    pub const fn common(outcome: Outcome) -> Self {
        Self { outcome, truncated: false, by_engine: false }
    }

    /// Whether there is something to send.
    #[must_use]
    pub const fn is_reply(self) -> bool {
        !matches!(self.outcome, Outcome::Dropped)
    }
}

/// The counters of one thread. 128 octets are two cache lines: processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Cell {
    outcomes: [AtomicU64; OUTCOMES.len()],
    truncated: AtomicU64,
    by_engine: AtomicU64,
    send_errors: AtomicU64,
}

impl Cell {
    /// Counts one message.
    pub fn count(&self, verdict: Verdict) {
        let mut one = Sums::default();
        one.count(verdict);
        self.add(&one);
    }

    /// Counts the messages of a batch.
    pub fn add(&self, counted: &Sums) {
        let Sums { outcomes, truncated, by_engine, unsent } = *counted;
        let outcomes = self.outcomes.iter().zip(outcomes);
        let others = [(&self.truncated, truncated), (&self.by_engine, by_engine), (&self.send_errors, unsent)];
        for (counter, number) in outcomes.chain(others).filter(|(_, number)| *number > 0) {
            counter.fetch_add(number, Relaxed);
        }
    }

    /// Counts answers that the kernel did not take.
    pub fn count_unsent(&self, answers: u64) {
        self.send_errors.fetch_add(answers, Relaxed);
    }

    fn add_to(&self, sums: &mut Sums) {
        for (sum, counter) in sums.outcomes.iter_mut().zip(&self.outcomes) {
            *sum += counter.load(Relaxed);
        }
        sums.truncated += self.truncated.load(Relaxed);
        sums.by_engine += self.by_engine.load(Relaxed);
        sums.unsent += self.send_errors.load(Relaxed);
    }
}

/// The sums of one transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    outcomes: [u64; OUTCOMES.len()],
    /// Answers that went out empty with TC set.
    pub truncated: u64,
    /// Answers that the engine made.
    pub by_engine: u64,
    /// Answers that the kernel did not take, or a client did not.
    pub unsent: u64,
}

impl Sums {
    /// Counts one message.
    pub fn count(&mut self, verdict: Verdict) {
        self.outcomes[verdict.outcome as usize] += 1;
        self.truncated += u64::from(verdict.truncated);
        self.by_engine += u64::from(verdict.by_engine);
    }

    /// Messages of one outcome.
    #[must_use]
    pub const fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    /// All messages that came.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.outcomes.iter().sum()
    }
}

/// All counters of the DNS side: a cell a UDP thread, one for TCP.
#[derive(Debug)]
pub struct Counters {
    udp: Box<[Cell]>,
    tcp: Cell,
    /// Panics that were caught while a message was answered.
    panics: AtomicU64,
    /// TCP connections that are open.
    open: AtomicU64,
    /// TCP connections that were taken in all.
    accepted: AtomicU64,
    /// TCP connections closed at once because their client had too many.
    over_cap: AtomicU64,
    /// Errors of `accept`.
    accept_errors: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Over UDP.
    pub udp: Sums,
    /// Over TCP.
    pub tcp: Sums,
    /// Panics that were caught while a message was answered. Must stay 0.
    pub panics: u64,
    /// TCP connections open now.
    pub tcp_open: u64,
    /// TCP connections taken in all.
    pub tcp_accepted: u64,
    /// TCP connections closed at once because their client had too many.
    pub tcp_over_cap: u64,
    /// Errors of `accept`.
    pub tcp_accept_errors: u64,
}

impl Counters {
    /// Counters for so many UDP workers.
    #[must_use]
    pub fn new(udp_workers: usize) -> Self {
        let [panics, open, accepted, over_cap, accept_errors] = [const { AtomicU64::new(0) }; 5];
        let udp = (0..udp_workers.max(1)).map(|_| Cell::default()).collect();
        Self { udp, tcp: Cell::default(), panics, open, accepted, over_cap, accept_errors }
    }

    /// The cell of one UDP worker. Workers beyond the number given share cells.
    #[must_use]
    pub fn udp(&self, worker: usize) -> &Cell {
        &self.udp[worker % self.udp.len()]
    }

    /// The cell of TCP.
    #[must_use]
    pub const fn tcp(&self) -> &Cell {
        &self.tcp
    }

    /// The sums now.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let mut figures = Figures {
            panics: self.panics.load(Relaxed),
            tcp_open: self.open.load(Relaxed),
            tcp_accepted: self.accepted.load(Relaxed),
            tcp_over_cap: self.over_cap.load(Relaxed),
            tcp_accept_errors: self.accept_errors.load(Relaxed),
            ..Figures::default()
        };
        for cell in &self.udp {
            cell.add_to(&mut figures.udp);
        }
        self.tcp.add_to(&mut figures.tcp);
        figures
    }

    pub(super) fn panicked(&self) {
        self.panics.fetch_add(1, Relaxed);
    }

    pub(super) fn opened(&self) {
        self.open.fetch_add(1, Relaxed);
        self.accepted.fetch_add(1, Relaxed);
    }

    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, Relaxed);
    }

    pub(super) fn turned_away(&self) {
        self.over_cap.fetch_add(1, Relaxed);
    }

    pub(super) fn accept_failed(&self) {
        self.accept_errors.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cells_of_all_threads_are_summed_and_each_outcome_has_its_place() {
        let counters = Counters::new(2);
        for (place, outcome) in OUTCOMES.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
            counters.udp(place).count(Verdict { outcome, truncated: true, by_engine: false });
        }
        counters.tcp().count(Verdict::common(Outcome::Listed));
        let figures = counters.figures();
        assert_eq!((figures.udp.received(), figures.udp.truncated, figures.udp.by_engine), (11, 11, 0));
        assert_eq!((figures.udp.of(Outcome::Listed), figures.tcp.of(Outcome::Listed), figures.panics), (1, 1, 0));
    }

    #[test]
    fn two_threads_never_write_to_one_pair_of_cache_lines() {
        assert_eq!((align_of::<Cell>(), size_of::<Cell>() % 128), (128, 0));
    }
}
