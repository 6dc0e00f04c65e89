//! For tests: a desk over a store of its own, whose clock the test moves.

use super::{Desk, Parts, Settings, Task};
use crate::{
    change::{self, Clock, Configuration, Door, Keep},
    list::{Duration, ListSettings, Time},
    store::{self, Store},
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use tokio::{sync::watch, task::spawn_blocking};

/// A desk with the list `relay`, at one time.
#[must_use]
pub fn desk(dir: &Path) -> Desk {
    desk_at(dir, Arc::new(AtomicU32::new(1_800_000_000)))
}

/// The same, by this clock. Its writer ends with the door.
#[must_use]
pub fn desk_at(dir: &Path, now: Arc<AtomicU32>) -> Desk {
    let store = Arc::new(Store::open(dir, &store::Settings::default()).unwrap());
    let year = Duration::from_seconds(365 * 86_400);
    let configuration = Configuration {
        lists: vec![Arc::new(ListSettings { name: "relay".parse().unwrap(), ..ListSettings::never() })],
        zones: Vec::new(),
        public_url: "http://bl.test".into(),
        never_builtin: true,
        keep: Keep { history: year, changes: year, evidence: year },
    };
    let clock = Clock::new(move || Time::from_seconds(now.load(Ordering::Relaxed)), || Duration::from_seconds(0));
    let (door, writer) = Door::open(store, change::Settings { configuration, threads: 1 }, clock.clone()).unwrap();
    spawn_blocking(move || writer.run());
    let (_, settings) = watch::channel(Arc::new(Settings::default()));
    Desk::new(Parts { door, clock, settings, checks: None })
}

/// These are errands of the desk, due at once.
pub async fn send(desk: &Desk, tasks: impl IntoIterator<Item = Task>) {
    let mut sitting = desk.sit().await;
    tasks.into_iter().for_each(|task| sitting.send(task));
    sitting.commit().await.unwrap();
}
