//! The supervisor: the only place that spawns units of the program.
//!
//! A *unit* is a thread or a task that lives as long as the program. What lives shorter (a connection, a body) belongs to
//! the unit that made it, and waits for it.
//!
//! Guarantees: every unit is waited for; a unit that ends, fails or panics before it was told to is reported at once, by name.
//! Never: starts a unit again. A server of which a part is missing ends, and the service manager starts it whole.

use crate::limits::ASIDE_NICENESS;
use futures_util::FutureExt as _;
use std::{fmt, future::Future, io, panic::AssertUnwindSafe, thread, time::Duration};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::{Instant, timeout_at},
};

/// How a unit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It came to its end.
    Returned,
    /// It gave up, and says why.
    Failed(String),
    /// It panicked; the log has the message.
    Panicked,
}

/// A unit that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its name.
    pub unit: String,
    /// How.
    pub end: End,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            End::Returned => write!(f, "{} ended by itself", self.unit),
            End::Failed(why) => write!(f, "{} failed: {why}", self.unit),
            End::Panicked => write!(f, "{} panicked", self.unit),
        }
    }
}

/// Owns every unit.
#[derive(Debug)]
pub struct Supervisor {
    running: Vec<String>,
    tasks: JoinSet<()>,
    report: UnboundedSender<Ended>,
    reports: UnboundedReceiver<Ended>,
}

impl Default for Supervisor {
    fn default() -> Self {
        // As many messages as there are units, each one.
        let (report, reports) = unbounded_channel();
        Self { running: Vec::new(), tasks: JoinSet::new(), report, reports }
    }
}

impl Supervisor {
    /// Starts a thread.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub fn thread(&mut self, name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let (unit, report) = (name.to_owned(), self.report.clone());
        let run = move || {
            let end = match std::panic::catch_unwind(AssertUnwindSafe(body)) {
                Ok(()) => End::Returned,
                Err(_) => End::Panicked,
            };
            // Nobody listens any more when the program ends anyhow.
            let _unheard = report.send(Ended { unit, end });
        };
        thread::Builder::new().name(name.to_owned()).spawn(run)?;
        self.running.push(name.to_owned());
        Ok(())
    }

    /// Starts a task. Needs a runtime.
    pub fn task<E: fmt::Display>(&mut self, name: &str, body: impl Future<Output = Result<(), E>> + Send + 'static) {
        let (unit, report) = (name.to_owned(), self.report.clone());
        self.tasks.spawn(async move {
            let end = match AssertUnwindSafe(body).catch_unwind().await {
                Ok(Ok(())) => End::Returned,
                Ok(Err(error)) => End::Failed(error.to_string()),
                Err(_) => End::Panicked,
            };
            let _unheard = report.send(Ended { unit, end });
        });
        self.running.push(name.to_owned());
    }

    /// Waits until a unit ends, whichever it is.
    pub async fn next_end(&mut self) -> Ended {
        let ended = self.reports.recv().await.expect("the supervisor itself holds a sender");
        if let Some(place) = self.running.iter().position(|name| *name == ended.unit) {
            self.running.swap_remove(place);
        }
        ended
    }

    /// Waits until all units have ended, as they were told to. Gives the names of those that did not within `patience`,
    /// and how the others ended where that was not well.
    pub async fn drain(mut self, patience: Duration) -> Vec<String> {
        let deadline = Instant::now() + patience;
        let mut faults = Vec::new();
        while !self.running.is_empty() {
            match timeout_at(deadline, self.next_end()).await {
                Ok(Ended { end: End::Returned, .. }) => {}
                Ok(ended) => faults.push(ended.to_string()),
                Err(_) => {
                    faults.extend(self.running.drain(..).map(|unit| format!("{unit} did not end in time")));
                }
            }
        }
        self.tasks.shutdown().await;
        faults
    }
}

/// Does long work on a thread of its own that gives way to those that answer, and waits for its end. Returns what the work
/// returned; the error is a panic's.
///
/// # Errors
/// As [`thread::JoinHandle::join`]; a thread that the system does not give counts as a panic.
pub fn aside<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> thread::Result<T> {
    let yielding = move || {
        // On Linux the priority is the thread's own. Where it cannot be lowered the work is done all the same.
        let _ = rustix::process::setpriority_process(None, ASIDE_NICENESS);
        work()
    };
    thread::Builder::new().name(name.to_owned()).spawn(yielding).map_err(|error| Box::new(error) as Box<_>)?.join()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[tokio::test]
    async fn a_unit_that_ends_is_reported_by_name_and_manner() {
        let mut units = Supervisor::default();
        units.thread("thread", || panic!("as a test asks for")).unwrap();
        assert_eq!(units.next_end().await, Ended { unit: "thread".into(), end: End::Panicked });
        units.task("task", async { Err("no disk") });
        assert_eq!(units.next_end().await.to_string(), "task failed: no disk");
        units.task("other", async { Ok::<(), Infallible>(()) });
        assert_eq!(units.next_end().await.to_string(), "other ended by itself");
    }

    #[test]
    fn work_aside_gives_way_and_its_panic_is_told() {
        let niceness = |()| rustix::process::getpriority_process(None).unwrap();
        let here = niceness(());
        assert!(aside("work", move || niceness(())).unwrap() >= ASIDE_NICENESS);
        assert_eq!(niceness(()), here, "the others keep theirs");
        assert!(aside("work", || panic!("as a test asks for")).is_err());
    }

    #[tokio::test]
    async fn draining_waits_for_all_and_names_who_is_late() {
        let mut units = Supervisor::default();
        units.task("quick", async { Ok::<(), Infallible>(()) });
        units.task("stuck", std::future::pending::<Result<(), Infallible>>());
        assert_eq!(units.drain(Duration::from_millis(50)).await, ["stuck did not end in time"]);
    }
}
