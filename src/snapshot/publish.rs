//! The snapshot that answers now, and how the next one takes its place.
//!
//! Guarantees: a reader sees whole snapshots only, in the order of their publication; reading takes no lock. A snapshot
//! that was replaced is freed by the publisher's threads (`publish`, `sweep`), never by a reader, as long as readers load
//! again before they are dropped. Who answers can tell, at the cost of one read, that a snapshot is waited for.
//! Never: makes a snapshot.

use super::Snapshot;
use crate::list::Serial;
use arc_swap::{ArcSwap, Cache};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering::Relaxed},
};
use tokio::sync::watch;

/// Where the snapshot in force is found.
#[derive(Debug)]
pub struct Published {
    current: Arc<ArcSwap<Snapshot>>,
    serial: watch::Sender<Serial>,
    retired: Mutex<Vec<Arc<Snapshot>>>,
    awaited: AtomicUsize,
}

/// Somebody waits for a change to be served, as long as this lives.
#[derive(Debug)]
pub struct Awaited<'a>(&'a AtomicUsize);

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// A thread's own way to the snapshot in force: one comparison as long as nothing changes.
#[derive(Debug)]
pub struct Reader(Cache<Arc<ArcSwap<Snapshot>>, Arc<Snapshot>>);

impl Published {
    /// The first snapshot.
    #[must_use]
    pub fn new(first: Snapshot) -> Self {
        let serial = watch::Sender::new(first.serial());
        Self {
            current: Arc::new(ArcSwap::from_pointee(first)),
            serial,
            retired: Mutex::default(),
            awaited: AtomicUsize::new(0),
        }
    }

    /// The snapshot in force.
    #[must_use]
    pub fn load(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// For a thread that asks often.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader(Cache::new(Arc::clone(&self.current)))
    }

    /// The serial served, and word of every publication.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Serial> {
        self.serial.subscribe()
    }

    /// From here on, readers that load see `next`.
    pub fn publish(&self, next: Snapshot) {
        let serial = next.serial();
        let old = self.current.swap(Arc::new(next));
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).push(old);
        self.serial.send_replace(serial);
        self.sweep();
    }

    /// Says that somebody waits for a change to be served.
    #[must_use]
    pub fn wait_for(&self) -> Awaited<'_> {
        self.awaited.fetch_add(1, Relaxed);
        Awaited(&self.awaited)
    }

    /// Whether somebody waits for a change to be served. A thread that answers without a pause then lets others have the
    /// processor, since the change may need it: a hint, nothing hangs on it.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        self.awaited.load(Relaxed) > 0
    }

    /// Frees the replaced snapshots that no reader holds any more. Called once a second or so, it bounds how long the
    /// memory of an old snapshot is kept after the last reader has moved on.
    pub fn sweep(&self) {
        let unheld = |snapshot: &mut Arc<Snapshot>| Arc::strong_count(snapshot) == 1;
        let free: Vec<_> = {
            let mut retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
            retired.extract_if(.., unheld).collect()
        };
        drop(free);
    }

    /// Replaced snapshots that some reader still holds.
    #[must_use]
    pub fn retired(&self) -> usize {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Reader {
    /// The snapshot in force.
    pub fn load(&mut self) -> &Arc<Snapshot> {
        self.0.load()
    }
}
