//! The queue's end: takes what is next from the desk, tests it, and tells the desk what was seen.
//!
//! Guarantees: no more tests at once and a second than configured, and one at a time at one address; what ran when the
//! program ended is put back at the next start.
//! Never: decides who is next, or what a result means.

use super::probe::{Probe, ProbeError, Prober};
use crate::{
    cases::{
        Desk, Fault, Id, Order,
        retest::{Observed, Reach},
    },
    limits::RETEST_LOOK_EVERY,
    list::Time,
};
use std::{collections::HashSet, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    task::JoinSet,
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
    /// How fast.
    pub pace: Pace,
}

/// What a test ended with; `None`: it may not be made.
type Made = (Id, IpAddr, Option<Observed>);

impl Queue {
    /// Works until `stop`. Tests that run then are dropped: they count, and are made again.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(fault) = self.desk.retests_restarted().await {
            tracing::error!(%fault, "retests that ran before the start are not put back");
        }
        let prober = Arc::new(self.prober);
        let mut running: JoinSet<Made> = JoinSet::new();
        let mut busy: HashSet<IpAddr> = HashSet::new();
        let mut starts = interval(Duration::from_secs(1) / self.pace.per_second.max(1));
        starts.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = interval(RETEST_LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                Some(made) = running.join_next(), if !running.is_empty() => {
                    if let Ok((id, address, observed)) = made {
                        busy.remove(&address);
                        report(self.desk.retest_observed(id, observed).await);
                    }
                }
                _ = looks.tick() => report(self.desk.retests_due().await),
                _ = starts.tick(), if running.len() < self.pace.parallel => match self.desk.next_retest(&busy).await {
                    Ok(Some(order)) => {
                        busy.insert(order.address);
                        let prober = Arc::clone(&prober);
                        running.spawn(async move { test(&prober, order).await });
                    }
                    Ok(None) => {}
                    Err(fault) => report(Err(fault)),
                },
            }
        }
    }
}

fn report(done: Result<(), Fault>) {
    if let Err(fault) = done {
        tracing::error!(%fault, "a retest could not be moved");
    }
}

async fn test(prober: &Prober, order: Order) -> Made {
    let Order { id, address, kind, trials, at } = order;
    let observed = match prober.run(&Probe { address, suspicion: kind, trials, date: date(at) }).await {
        Ok(observed) => Some(observed),
        Err(ProbeError::NotContacted(_) | ProbeError::NoLure(_)) => None,
        // Our fault, not theirs: it is tried again another day, and says nothing about them.
        Err(ProbeError::Ours(why)) => {
            tracing::error!(%id, %why, "a retest could not be made");
            Some(Observed { reach: Reach::Silent, steps: Vec::new(), transcript: format!("! {why}\n") })
        }
    };
    (id, address, observed)
}

/// As RFC 5322 writes a date.
fn date(at: Time) -> String {
    let stamp = jiff::Timestamp::from_second(i64::from(at.seconds())).unwrap_or_default();
    stamp.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_mail_wants_it() {
        assert_eq!(date(Time::from_seconds(1_764_039_845)), "Tue, 25 Nov 2025 03:04:05 +0000");
    }
}
