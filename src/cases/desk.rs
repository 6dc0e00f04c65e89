//! The desk: the shell around the pure moves.
//!
//! ```text
//! sitting = desk.sit().await       one at a time: what it reads stays so until its commit
//! sitting.read(...)                rows, with what this sitting has put already
//! sitting.put(...), audit(...), send(...)
//! sitting.commit(), or commit_with(entries): one commit of all, by the one door
//! ```
//! Each kind of case has its `impl Desk` in a file of its own below `desk/`.
//!
//! A commit is not broken off: whoever asked may go away while it is under way, and the next turn still comes behind it.
//!
//! Guarantees: moves take place one after the other; a sitting that is dropped has changed nothing; what is kept in memory of
//! the networks is forgotten with the commit that changes them.
//! Never: keeps in memory what a restart would lose; walks a whole family within a request.

mod claims;
mod course;
mod hearing;
mod listings;
mod networks;
mod news_mail;
mod owners;
mod proofs;
mod removal_upkeep;
mod removals;
mod reports;
mod request_rows;
pub(super) mod retest_rows;
pub(super) mod retests;
mod rounds;
mod standing;
mod upkeep;
mod webhooks;

pub use course::Course;
pub use networks::NetworkIs;
pub use removals::{Asked, Asking, Decider, Shown};
pub use reports::{Answered, Taken};

use super::{
    AuditRow, Checks, Errand, Fault, Obstacle, Settings, Task,
    network::{Network, PrefixState},
};
use crate::{
    change::{Actor, CaseRow, Change, Clock, Committed, Door, Refused, What},
    list::{ListName, SourceName, Time},
    store::{CaseFamily, ReadError, Store, View},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
};
use tokio::{
    sync::{Mutex, Notify, OwnedMutexGuard, watch},
    task::spawn_blocking,
};

/// What `run` hands over.
pub struct Parts {
    /// The one door.
    pub door: Door,
    /// Where times come from.
    pub clock: Clock,
    /// The settings in force; a reload puts others in.
    pub settings: watch::Receiver<Arc<Settings>>,
    /// Who asks DNS and mail servers; without one, people decide what it would have told.
    pub checks: Option<Arc<dyn Checks>>,
}

/// Where cases are dealt with. Cheap to clone; all clones are the same desk.
#[derive(Clone)]
pub struct Desk {
    parts: Arc<Parts>,
    turn: Arc<Mutex<()>>,
    networks: networks::KnownNetworks,
    declined: Arc<retests::Declined>,
    hearing: Arc<hearing::Hearing>,
    soon: Arc<Soon>,
    /// Moves written into the audit trail since the start: their order within a second.
    audited: Arc<AtomicU32>,
    /// Requests that waited for a decision when all were looked at last.
    undecided: Arc<AtomicUsize>,
}

/// What waits for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Requests that a network or an operator decides; as of the last round, which is within the minute.
    pub requests: usize,
    /// Networks of which a prefix is proven, and not in force until an operator agrees.
    pub claims: usize,
}

/// What wakes those who look what time asks for: each keeps its own call until it hears it.
#[derive(Default)]
struct Soon {
    cases: Notify,
    checks: Notify,
}

/// A turn at the desk.
pub(super) struct Sitting {
    desk: Desk,
    /// The time of all that happens in it.
    pub now: Time,
    rows: Vec<CaseRow>,
    _turn: OwnedMutexGuard<()>,
}

/// Entries that change in the commit of a move.
pub(super) struct Entries {
    /// Who asked.
    pub actor: Actor,
    /// The list.
    pub list: ListName,
    /// The program's own source.
    pub source: SourceName,
    /// What changes.
    pub what: What,
}

impl Desk {
    /// A desk for these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let networks = networks::KnownNetworks::default();
        let (turn, soon, audited) = (Arc::default(), Arc::default(), Arc::default());
        let (declined, hearing, undecided) = (Arc::default(), Arc::default(), Arc::default());
        Self { parts: Arc::new(parts), turn, networks, declined, hearing, soon, audited, undecided }
    }

    /// What waits for people.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn waiting(&self) -> Result<Waiting, Fault> {
        let proven = |network: &&Network| network.prefixes.iter().any(|held| held.state == PrefixState::Proven);
        let claims = self.networks()?.iter().filter(proven).count();
        Ok(Waiting { requests: self.undecided.load(Ordering::Relaxed), claims })
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.parts.settings.borrow())
    }

    /// What the desk's time is.
    #[must_use]
    pub fn now(&self) -> Time {
        self.parts.clock.now()
    }

    /// The store, to read from.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        self.parts.door.store()
    }

    /// Who asks DNS, if anyone does.
    pub(super) fn checks(&self) -> Option<&Arc<dyn Checks>> {
        self.parts.checks.as_ref()
    }

    /// Requests for a retest that were not taken.
    pub(super) fn declined(&self) -> &retests::Declined {
        &self.declined
    }

    /// The door, to read what is served.
    pub(super) fn door(&self) -> &Door {
        &self.parts.door
    }

    /// Something waits that should not wait for the next round of upkeep.
    pub(super) fn look_soon(&self) {
        self.soon.cases.notify_one();
        self.soon.checks.notify_one();
    }

    /// The next turn. Nothing that waits for others (DNS, a peer) belongs into it.
    pub(super) async fn sit(&self) -> Sitting {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        Sitting { desk: self.clone(), now: self.now(), rows: Vec::new(), _turn: turn }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desk")
    }
}

/// Reads the value of a row.
pub(super) fn value<T: DeserializeOwned>(family: CaseFamily, octets: &[u8]) -> Result<T, Fault> {
    let damaged = |error| Fault::Unreadable(ReadError::Damaged(format!("a row of {family:?}: {error}")));
    serde_json::from_slice(octets).map_err(damaged)
}

/// The row with this key, as a view shows it.
fn read_row<T: DeserializeOwned>(view: &View<'_>, family: CaseFamily, key: &[u8]) -> Result<Option<T>, Fault> {
    view.case(family, key)?.map(|octets| value(family, &octets)).transpose()
}

impl Sitting {
    /// Whose turn this is.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The row with this key, with what this sitting has put there.
    pub fn read<T: DeserializeOwned>(&self, family: CaseFamily, key: &[u8]) -> Result<Option<T>, Fault> {
        let put = self.rows.iter().rev().find(|row| row.family == family && row.key == key);
        match put {
            Some(row) => row.value.as_ref().map(|octets| value(family, octets)).transpose(),
            None => read_row(&self.desk.store().view(), family, key),
        }
    }

    /// The row with this key is this from here on.
    pub fn put<T: Serialize>(&mut self, family: CaseFamily, key: Vec<u8>, row: &T) {
        let octets = serde_json::to_vec(row).expect("texts, numbers and lists of them are JSON");
        self.rows.push(CaseRow { family, key, value: Some(octets) });
    }

    /// The row with this key goes.
    pub fn delete(&mut self, family: CaseFamily, key: Vec<u8>) {
        self.rows.push(CaseRow { family, key, value: None });
    }

    /// The move goes into the audit trail.
    pub fn audit(&mut self, row: AuditRow) {
        let row = AuditRow { at: self.now, ..row };
        let place = self.desk.audited.fetch_add(1, Ordering::Relaxed);
        self.put(CaseFamily::Audit, row.row_key(place), &row);
    }

    /// Something is to be done outside.
    pub fn send(&mut self, task: Task) {
        let errand = Errand::new(task, self.now);
        self.put(CaseFamily::Outbox, errand.row_key(self.now), &errand);
    }

    /// Makes all of it durable, without a change of entries.
    pub async fn commit(self) -> Result<(), Fault> {
        if self.rows.is_empty() {
            return Ok(());
        }
        self.commit_by(Door::write_cases_waiting).await
    }

    /// Makes all of it durable together with a change of entries. The guards against accidents of a feed do not hold for
    /// cases: each is one person's one key.
    pub async fn commit_with(self, entries: Entries) -> Result<Committed, Fault> {
        let Entries { actor, list, source, what } = entries;
        let change = |cases| Change { actor, list, source, admin: false, force: true, what, cases };
        self.commit_by(|door, rows| door.submit_waiting(change(rows))).await
    }

    /// Hands the rows over on a thread that keeps the turn until they are written, whatever becomes of who waits here: the
    /// next turn would else read what was there before.
    async fn commit_by<T: Send + 'static>(
        self,
        write: impl FnOnce(&Door, Vec<CaseRow>) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Fault> {
        let Self { desk, rows, _turn: turn, .. } = self;
        on_a_thread(move || {
            let of_networks = rows.iter().any(|row| row.family == CaseFamily::Network);
            let written = write(desk.door(), rows);
            if of_networks {
                desk.networks.forget();
            }
            drop(turn);
            Ok(written?)
        })
        .await
    }
}

/// Work that waits for the disk or reads much, on a thread that may wait.
pub async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    spawn_blocking(work).await.map_err(|error| Obstacle::BrokenOff(error.to_string().into()))?
}
