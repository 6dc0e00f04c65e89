//! The queue's end: takes what is next from the desk, tests it, and tells the desk what was seen.
//!
//! Guarantees: no more tests at once and a second than configured, and one at a time at one address; what ran when the
//! program ended is put back at the next start; a test that breaks off frees its place and its address; a token that came to
//! our listener is told before the test that it came by.
//! Never: decides who is next, or what a result means.

use super::{
    lure::Came,
    probe::{Probe, ProbeError, Prober},
};
use crate::{
    cases::{
        Desk, Fault, Id, Order,
        retest::{Observed, Reach},
    },
    limits::{RETEST_LOOK_EVERY, RETEST_TELL_TRIES, RETEST_UNTOLD_MAX},
    list::Time,
};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    task::{self, JoinSet},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

/// How fast it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Tests at once.
    pub parallel: usize,
    /// Tests that begin in a second.
    pub per_second: u32,
}

/// Works the queue off.
#[derive(Debug)]
pub struct Queue {
    /// Where it waits.
    pub desk: Desk,
    /// Who tests.
    pub prober: Prober,
    /// What comes to the listener that proxies are asked for.
    pub came: mpsc::Receiver<Came>,
    /// How fast.
    pub pace: Pace,
}

/// The tests that run, each with its retest and address: of one that breaks off, no more than its task is known.
#[derive(Default)]
struct Running {
    tests: JoinSet<Option<Observed>>,
    of: HashMap<task::Id, (Id, IpAddr)>,
}

impl Queue {
    /// Works until `stop`. Tests that run then are dropped: they count, and are made again.
    pub async fn run(mut self, stop: CancellationToken) {
        if let Err(fault) = self.desk.retests_restarted().await {
            tracing::error!(%fault, "retests that ran before the start are not put back");
        }
        let prober = Arc::new(self.prober);
        let (mut running, mut untold) = (Running::default(), Untold::default());
        let desk = self.desk.clone();
        let tell = |seen| told(desk.clone(), seen);
        let mut starts = interval(Duration::from_secs(1) / self.pace.per_second.max(1));
        starts.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = interval(RETEST_LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(came) = self.came.recv() => untold.tell(Seen::Came(came), &tell).await,
                Some((id, observed)) = running.next() => {
                    // What came through during a test counts before what the target said in it.
                    while let Ok(came) = self.came.try_recv() {
                        untold.tell(Seen::Came(came), &tell).await;
                    }
                    untold.tell(Seen::Observed(id, observed), &tell).await;
                }
                _ = looks.tick() => {
                    untold.tell_again(&tell).await;
                    self.desk.retests_due().await.inspect_err(report).unwrap_or_default();
                }
                _ = starts.tick(), if running.of.len() < self.pace.parallel => {
                    let next = self.desk.next_retest(&running.busy()).await;
                    if let Some(order) = next.inspect_err(report).unwrap_or_default() {
                        let prober = Arc::clone(&prober);
                        running.start(order.id, order.address, async move { test(&prober, order).await });
                    }
                }
            }
        }
    }
}

/// What the desk is to be told.
#[derive(Clone)]
enum Seen {
    /// A token came through a proxy.
    Came(Came),
    /// What a test saw; `None` where it was left out.
    Observed(Id, Option<Observed>),
}

/// What the desk could not write down, in its order, with how often it was told. Without it a retest would run for ever: its
/// test is over.
#[derive(Default)]
struct Untold(VecDeque<(Seen, u32)>);

impl Untold {
    async fn tell<T: Future<Output = Result<(), Fault>>>(&mut self, seen: Seen, told: &impl Fn(Seen) -> T) {
        // What a test saw waits behind what came through before.
        let waits = matches!(seen, Seen::Observed(..)) && !self.0.is_empty();
        if !waits && told(seen.clone()).await.inspect_err(report).is_ok() {
            return;
        }
        // What strangers send to the listener pushes out none of what our own tests saw.
        let came = |(seen, _): &(Seen, u32)| matches!(seen, Seen::Came(_));
        if self.0.len() >= RETEST_UNTOLD_MAX {
            let Some(place) = self.0.iter().position(came).or(matches!(seen, Seen::Observed(..)).then_some(0)) else {
                return;
            };
            self.0.remove(place);
        }
        self.0.push_back((seen, 1));
    }

    /// In their order: what came through counts before what was seen after it.
    async fn tell_again<T: Future<Output = Result<(), Fault>>>(&mut self, told: &impl Fn(Seen) -> T) {
        for (seen, times) in std::mem::take(&mut self.0) {
            if told(seen.clone()).await.is_err() && times < RETEST_TELL_TRIES {
                self.0.push_back((seen, times + 1));
            }
        }
    }
}

async fn told(desk: Desk, seen: Seen) -> Result<(), Fault> {
    match seen {
        // Most tokens that strangers send are none of ours: those do not wait for a seat at the desk.
        Seen::Came(Came { token, from }) if desk.retest_waits_for(token)? => {
            desk.retest_arrived(token, from, false, "to the listener that proxies are asked for\n").await
        }
        Seen::Came(_) => Ok(()),
        Seen::Observed(id, observed) => desk.retest_observed(id, observed).await,
    }
}

fn report(fault: &Fault) {
    tracing::error!(%fault, "a retest could not be moved");
}

impl Running {
    fn start(&mut self, id: Id, address: IpAddr, test: impl Future<Output = Option<Observed>> + Send + 'static) {
        let task = self.tests.spawn(test);
        self.of.insert(task.id(), (id, address));
    }

    fn busy(&self) -> HashSet<IpAddr> {
        self.of.values().map(|(_, address)| *address).collect()
    }

    /// The next that ends, and what it saw; `None` where none runs.
    async fn next(&mut self) -> Option<(Id, Option<Observed>)> {
        let (task, observed) = match self.tests.join_next_with_id().await? {
            Ok(made) => made,
            Err(error) => {
                tracing::error!(%error, "a retest broke off");
                (error.id(), Some(nothing_seen("the test broke off")))
            }
        };
        let (id, _) = self.of.remove(&task)?;
        Some((id, observed))
    }
}

/// Our fault, not theirs: it is tried again another day, and says nothing about them.
fn nothing_seen(why: &str) -> Observed {
    Observed { reach: Reach::Silent, steps: Vec::new(), transcript: format!("! {why}\n") }
}

/// What a test saw; `None`: it may not be made.
async fn test(prober: &Prober, order: Order) -> Option<Observed> {
    let Order { id, address, kind, trials, at } = order;
    match prober.run(&Probe { address, suspicion: kind, trials, date: date(at) }).await {
        Ok(observed) => Some(observed),
        Err(ProbeError::NotContacted(_) | ProbeError::NoLure(_)) => None,
        Err(ProbeError::Ours(why)) => {
            tracing::error!(%id, %why, "a retest could not be made");
            Some(nothing_seen(&why))
        }
    }
}

/// As RFC 5322 writes a date.
fn date(at: Time) -> String {
    let stamp = jiff::Timestamp::from_second(i64::from(at.seconds())).unwrap_or_default();
    stamp.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::RefCell, future::ready};

    /// What the desk could not write down was told no more: the retest ran until a restart.
    #[tokio::test]
    async fn what_could_not_be_told_is_told_again_in_its_order() {
        let (ids, told, open) = ([Id::draw(), Id::draw()], RefCell::new(Vec::new()), RefCell::new(false));
        let tell = |seen: Seen| {
            let Seen::Observed(id, _) = seen else { return ready(Ok(())) };
            if !*open.borrow() {
                return ready(Err(Fault::Unknown("desk")));
            }
            told.borrow_mut().push(id);
            ready(Ok(()))
        };
        let mut untold = Untold::default();
        for id in ids {
            untold.tell(Seen::Observed(id, None), &tell).await;
        }
        untold.tell_again(&tell).await;
        assert!(told.borrow().is_empty());
        open.replace(true);
        untold.tell_again(&tell).await;
        untold.tell_again(&tell).await;
        assert_eq!(*told.borrow(), ids);
    }

    #[tokio::test]
    async fn a_test_that_breaks_off_frees_its_address_and_says_nothing_about_it() {
        let (broken, well) = (Id::draw(), Id::draw());
        let mut running = Running::default();
        running.start(broken, "192.0.2.1".parse().unwrap(), async { panic!("a test of this test") });
        running.start(well, "192.0.2.2".parse().unwrap(), async { None });
        assert_eq!(running.busy().len(), 2);
        let mut ended = HashMap::new();
        while let Some((id, observed)) = running.next().await {
            ended.insert(id, observed.map(|observed| observed.reach));
        }
        assert_eq!(ended, HashMap::from([(broken, Some(Reach::Silent)), (well, None)]));
        assert!(running.busy().is_empty());
    }

    #[test]
    fn a_date_is_written_as_mail_wants_it() {
        assert_eq!(date(Time::from_seconds(1_764_039_845)), "Tue, 25 Nov 2025 03:04:05 +0000");
    }
}
