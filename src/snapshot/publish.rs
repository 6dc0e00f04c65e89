//! The snapshot that answers now, and how the next one takes its place.
//!
//! Guarantees: a reader sees whole snapshots only, in the order of their publication; reading takes no lock. A snapshot
//! that was replaced is freed by the publisher's threads (`publish`, `sweep`), never by a reader, as long as readers load
//! again before they are dropped.
//! Never: makes a snapshot.

use super::Snapshot;
use crate::list::Serial;
use arc_swap::{ArcSwap, Cache};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Where the snapshot in force is found.
#[derive(Debug)]
pub struct Published {
    current: Arc<ArcSwap<Snapshot>>,
    serial: watch::Sender<Serial>,
    retired: Mutex<Vec<Arc<Snapshot>>>,
}

/// A thread's own way to the snapshot in force: one comparison as long as nothing changes.
#[derive(Debug)]
pub struct Reader(Cache<Arc<ArcSwap<Snapshot>>, Arc<Snapshot>>);

impl Published {
    /// The first snapshot.
    #[must_use]
    pub fn new(first: Snapshot) -> Self {
        let serial = watch::Sender::new(first.serial());
        Self { current: Arc::new(ArcSwap::from_pointee(first)), serial, retired: Mutex::default() }
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
