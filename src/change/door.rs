//! The one door: what other rooms call.
//!
//! Guarantees: an answer comes when the change is on disk and served, or when it is known that nothing happened; the queue
//! before the writer is bounded.
//! Never: changes anything itself. The writer does, alone.

use super::{
    clock::Clock,
    import::Import,
    places::Places,
    request::{Actor, CaseRow, Change, Committed, Configuration, ImportStart, Pause, Refused, Status, WholeChange},
    state::{ListState, Registered},
    switch::{Switch, Switched},
    whole,
    writer::Writer,
};
use crate::{
    limits::{POST_ENTRIES_MAX, RETRY_AFTER_QUEUE, WRITER_QUEUE_MAX},
    list::{ListName, Serial, SourceName, Time},
    metrics,
    snapshot::Published,
    store::{Batch, Store, TokenHash, TokenRow},
};
use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    time::Instant,
};
use tokio::sync::oneshot;

/// What `open` needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Lists, zones and how long things are kept.
    pub configuration: Configuration,
    /// Threads that build the first snapshot and whole lists.
    pub threads: usize,
}

/// Why the room does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The configuration cannot be served from this store.
    #[error(transparent)]
    Configuration(Refused),
    /// The store fails.
    #[error("{0}")]
    Store(String),
}

/// The door. Cheap to clone; all clones lead to the same writer.
#[derive(Clone)]
pub struct Door {
    inner: Arc<Inner>,
}

struct Inner {
    requests: SyncSender<Request>,
    shared: Arc<Shared>,
}

/// What the door, the writer and the imports share.
pub(super) struct Shared {
    pub store: Arc<Store>,
    pub published: Arc<Published>,
    pub clock: Clock,
    pub places: Arc<Places>,
    pub registered: Mutex<Arc<Registered>>,
    pub metrics: OnceLock<metrics::Change>,
    /// Rows up to which a change of a whole source goes row by row; tests lower it.
    pub batch_rows: AtomicUsize,
    #[cfg(test)]
    pub failing: AtomicBool,
    /// What a test does before the next switch.
    #[cfg(test)]
    pub acts_of_test: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
    pub pause: Mutex<Option<Pause>>,
    pub restored: Mutex<Option<Time>>,
    pub stored: AtomicU64,
    pub writes_off: AtomicBool,
    pub stopping: AtomicBool,
}

/// How an answer goes back.
pub(super) type Reply<T> = oneshot::Sender<Result<T, Refused>>;

/// What waits for the writer.
pub(super) enum Request {
    Change(Change, Instant, Reply<Committed>),
    Switch(Box<Switch>, Reply<Switched>),
    Configure(Configuration, Reply<Committed>),
    /// What is written and is no commit.
    Aside(Batch, Reply<()>),
    /// Which own texts of a list are carried is to be looked at.
    Texts(Arc<ListState>, Reply<()>),
    Resume(Actor, Reply<()>),
    /// Nothing to do: the writer looks whether the door was closed, without waiting for the next second.
    Wake,
    /// The next second, early: tests that move the clock do not wait for it.
    #[cfg(test)]
    Tick(Reply<()>),
}

impl Shared {
    #[cfg(test)]
    pub fn run_acts_of_test(&self) {
        let acts = std::mem::take(&mut *self.acts_of_test.lock().unwrap());
        for act in acts {
            act();
        }
    }

    pub fn registered(&self) -> Arc<Registered> {
        self.registered.lock().expect("nothing panics while it holds this lock").clone()
    }

    pub fn register(&self, registered: Arc<Registered>) {
        *self.registered.lock().expect("nothing panics while it holds this lock") = registered;
    }

    /// Looks again which lists nobody configures.
    pub fn renew_orphans(&self) {
        let renewed = self.registered().with_orphans_of(&self.store.catalog());
        self.register(Arc::new(renewed));
    }

    pub fn pause(&self, pause: Option<Pause>) {
        *self.pause.lock().expect("nothing panics while it holds this lock") = pause;
    }

    pub fn paused(&self) -> Option<Pause> {
        *self.pause.lock().expect("nothing panics while it holds this lock")
    }

    /// Whether the clock is taken for wrong: what ended by it would not come back.
    pub fn doubts_clock(&self) -> bool {
        self.paused().is_some_and(Pause::doubts_clock)
    }

    pub fn stored(&self) -> Serial {
        Serial(self.stored.load(Ordering::Acquire))
    }

    pub fn batch_rows(&self) -> usize {
        self.batch_rows.load(Ordering::Relaxed)
    }

    pub fn writes_off(&self) -> bool {
        // Imports write for themselves: what fails there shows in the store.
        self.writes_off.load(Ordering::Acquire) || self.store.writes_off().is_some()
    }

    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// For whoever is at something long.
    ///
    /// # Errors
    /// [`Refused::Stopping`]
    pub fn go_on(&self) -> Result<(), Refused> {
        if self.stopping() { Err(Refused::Stopping) } else { Ok(()) }
    }
}

/// How a change is put to the writer.
fn asked(change: Change) -> Result<impl FnOnce(Reply<Committed>) -> Request, Refused> {
    if let super::What::Add(lines) = &change.what
        && lines.len() > POST_ENTRIES_MAX
    {
        return Err(Refused::TooLarge);
    }
    let begun = Instant::now();
    Ok(move |reply| Request::Change(change, begun, reply))
}

impl Door {
    /// Registers the lists, builds the first snapshot, and gives the door and the writer, which the caller runs on a thread
    /// of its own until [`Door::close`].
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(store: Arc<Store>, settings: Settings, clock: Clock) -> Result<(Self, Writer), OpenError> {
        let (requests, waiting) = sync_channel(WRITER_QUEUE_MAX);
        let writer = Writer::open(store, settings, clock, waiting)?;
        let shared = writer.shared().clone();
        Ok((Self { inner: Arc::new(Inner { requests, shared }) }, writer))
    }

    /// What DNS serves.
    #[must_use]
    pub fn published(&self) -> Arc<Published> {
        self.inner.shared.published.clone()
    }

    /// The store, to read from.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.inner.shared.store
    }

    /// Changes a list.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn submit(&self, change: Change) -> Result<Committed, Refused> {
        let _awaited = self.inner.shared.published.wait_for();
        self.ask(asked(change)?).await
    }

    /// As [`Door::submit`], for threads that may wait.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn submit_waiting(&self, change: Change) -> Result<Committed, Refused> {
        let _awaited = self.inner.shared.published.wait_for();
        self.ask_waiting(asked(change)?)
    }

    /// Changes all that a source holds. Waits: for a thread that may.
    ///
    /// # Errors
    /// See [`Refused`]; [`Refused::SourceBusy`] where an import or another such change of the source runs.
    pub fn change_whole(&self, change: WholeChange) -> Result<Committed, Refused> {
        whole::change(self, &self.inner.shared, change)
    }

    /// Takes off what a source holds in each of these lists, or in none of them where it is busy in one. Waits: for a thread
    /// that may.
    ///
    /// # Errors
    /// See [`Refused`]; with [`Refused::SourceBusy`] and [`Refused::UnknownList`] nothing has changed.
    pub fn purge_in(&self, lists: &[ListName], actor: &Actor, source: &SourceName) -> Result<(), Refused> {
        whole::purge_in(self, &self.inner.shared, lists, actor, source)
    }

    /// Begins an import. Its lines are pushed, and it is finished, on a thread that may wait.
    ///
    /// # Errors
    /// [`Refused::UnknownList`], [`Refused::SourceBusy`], [`Refused::Busy`], [`Refused::WritesOff`].
    pub fn begin_import(&self, start: ImportStart) -> Result<Import, Refused> {
        Import::begin(self.clone(), self.inner.shared.clone(), start)
    }

    /// Takes a new configuration. One that changes answers is a commit by actor `config`.
    ///
    /// # Errors
    /// [`Refused::FamilyChanged`]; nothing has changed then.
    pub async fn configure(&self, configuration: Configuration) -> Result<Committed, Refused> {
        self.ask(|reply| Request::Configure(configuration, reply)).await
    }

    /// Lets expiry go on.
    ///
    /// # Errors
    /// [`Refused::WritesOff`]
    pub async fn resume_expiry(&self, actor: Actor) -> Result<(), Refused> {
        self.ask(|reply| Request::Resume(actor, reply)).await
    }

    /// Writes rows of cases by a move that changes no entry: durable when it answers, and no commit, so without a serial.
    /// Waits: for a thread that may.
    ///
    /// # Errors
    /// [`Refused::Busy`], [`Refused::WritesOff`], [`Refused::OutcomeUnknown`]
    pub fn write_cases_waiting(&self, rows: Vec<CaseRow>) -> Result<(), Refused> {
        self.write_aside_waiting(CaseRow::batch(rows))
    }

    /// Keeps a token.
    ///
    /// # Errors
    /// [`Refused::WritesOff`], [`Refused::OutcomeUnknown`]
    pub async fn put_token(&self, hash: TokenHash, token: TokenRow) -> Result<(), Refused> {
        let mut batch = Batch::new();
        batch.put_token(hash, &token);
        self.ask(|reply| Request::Aside(batch, reply)).await
    }

    /// Forgets a token.
    ///
    /// # Errors
    /// [`Refused::WritesOff`], [`Refused::OutcomeUnknown`]
    pub async fn revoke_token(&self, hash: TokenHash) -> Result<(), Refused> {
        let mut batch = Batch::new();
        batch.delete_token(hash);
        self.ask(|reply| Request::Aside(batch, reply)).await
    }

    /// Whether the clock is taken for wrong, so that nothing ends by it until an admin lets expiry go on.
    #[must_use]
    pub fn doubts_clock(&self) -> bool {
        self.inner.shared.doubts_clock()
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        let shared = &self.inner.shared;
        Status {
            stored: shared.stored(),
            served: shared.published.load().serial(),
            lineage: shared.store.lineage().to_string(),
            writes_off: shared.writes_off(),
            expiry_paused: shared.paused(),
            orphans: shared.registered().orphans.clone(),
            imports: shared.places.imports(),
            restored: *shared.restored.lock().expect("nothing panics while it holds this lock"),
        }
    }

    /// Aborts running imports and ends the writer after what waits already.
    pub fn close(&self) {
        self.inner.shared.stopping.store(true, Ordering::Release);
        // Where the queue is full the writer is awake.
        let _ = self.inner.requests.try_send(Request::Wake);
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply))?;
        answer.await.unwrap_or(Err(Refused::Stopping))
    }

    /// As `ask`, for threads that may wait.
    pub(super) fn ask_waiting<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        self.send(request(reply))?;
        answer.blocking_recv().unwrap_or(Err(Refused::Stopping))
    }

    /// Writes what is no commit, for threads that may wait.
    pub(super) fn write_aside_waiting(&self, batch: Batch) -> Result<(), Refused> {
        self.ask_waiting(|reply| Request::Aside(batch, reply))
    }

    /// Has the writer look which own texts the list carries, for threads that may wait.
    pub(super) fn look_at_texts_waiting(&self, list: &Arc<ListState>) -> Result<(), Refused> {
        self.ask_waiting(|reply| Request::Texts(Arc::clone(list), reply))
    }

    fn send(&self, request: Request) -> Result<(), Refused> {
        self.inner.shared.go_on()?;
        if self.inner.shared.writes_off() {
            return Err(Refused::WritesOff);
        }
        self.inner.requests.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Busy { retry_after: RETRY_AFTER_QUEUE },
            TrySendError::Disconnected(_) => Refused::Stopping,
        })
    }

    /// What happens before the next change of a whole source is switched to.
    #[cfg(test)]
    pub fn before_switch(&self, act: impl FnOnce() + Send + 'static) {
        self.shared().acts_of_test.lock().unwrap().push(Box::new(act));
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    #[cfg(test)]
    pub(super) fn tick(&self) -> Result<(), Refused> {
        self.ask_waiting(Request::Tick)
    }
}
