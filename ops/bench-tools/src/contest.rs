//! Servers take turns under the same queries, each on core 0 with the generator on core 1: what does a reply cost?
//!
//! Guarantees: every round asks every server, so that what disturbs the machine disturbs all; figures are CPU time of the
//! server's process per reply, and ratios are taken within a round.
//! Never: hides replies that are lost or wrong.

use std::{
    io,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    figures::Spread,
    generator::{self, Answerer, Plan},
    process::Process,
    server::Server,
    wire::Encoded,
};

/// The core of the servers.
pub const SERVER_CORE: usize = 0;
/// The core of the generator.
pub const GENERATOR_CORE: usize = 1;
/// Before the first round, so that pages and caches are warm.
const WARM_UP: Duration = Duration::from_millis(500);

/// One that takes part.
pub struct Contestant {
    /// Its name in the table.
    pub name: &'static str,
    /// Whether its replies can be judged.
    pub answerer: Answerer,
    /// The running server.
    pub server: Server,
}

/// What one server did in all rounds.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// Its name.
    pub name: &'static str,
    /// Microseconds of CPU time per reply, a figure a round.
    pub cpu: Vec<f64>,
    /// Replies a second, a figure a round.
    pub rate: Vec<f64>,
    /// Queries without a reply.
    pub lost: u64,
    /// Replies that say otherwise than the data.
    pub wrong: u64,
    /// All replies.
    pub received: u64,
}

impl Score {
    fn round(&mut self, plan: &Plan, process: Process, queries: &[Encoded], time: Duration) -> io::Result<()> {
        let before = process.cpu()?;
        let end = Instant::now() + time;
        let outcome = generator::run(plan, queries, |now| now < end)?;
        let cpu = process.cpu()?.since(&before);
        if outcome.received == 0 {
            return Err(io::Error::other(format!("{} answers nothing", self.name)));
        }
        self.cpu.push(cpu.as_secs_f64() * 1e6 / outcome.received as f64);
        self.rate.push(outcome.rate());
        self.lost += outcome.lost;
        self.wrong += outcome.wrong;
        self.received += outcome.received;
        Ok(())
    }

    /// How many times cheaper than `other` a reply was, round by round.
    #[must_use]
    pub fn advantage_over(&self, other: &Self) -> Option<Spread> {
        Spread::of(self.cpu.iter().zip(&other.cpu).map(|(mine, theirs)| theirs / mine).collect())
    }

    /// The figures as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "server": self.name, "cpu_us_per_reply": self.cpu, "replies_per_second": self.rate,
            "received": self.received, "lost": self.lost, "wrong": self.wrong,
        })
    }
}

/// Lets all take turns.
pub fn hold(contestants: &[Contestant], queries: &[Encoded], rounds: usize, time: Duration) -> io::Result<Vec<Score>> {
    let mut scores: Vec<Score> = contestants.iter().map(|c| Score { name: c.name, ..Score::default() }).collect();
    for contestant in contestants {
        let end = Instant::now() + WARM_UP;
        generator::run(&plan(contestant), queries, |now| now < end)?;
    }
    for round in 0..rounds {
        // The first of a round is another each time: none always follows the same.
        for turn in 0..contestants.len() {
            let i = (round + turn) % contestants.len();
            scores[i].round(&plan(&contestants[i]), contestants[i].server.process, queries, time)?;
        }
    }
    Ok(scores)
}

fn plan(contestant: &Contestant) -> Plan {
    Plan::full(contestant.server.dns, contestant.answerer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advantage_is_taken_round_by_round() {
        let score = |cpu: &[f64]| Score { cpu: cpu.to_vec(), ..Score::default() };
        let advantage = score(&[2.0, 4.0, 2.0]).advantage_over(&score(&[3.0, 4.0, 4.0])).unwrap();
        assert_eq!(advantage, Spread { min: 1.0, median: 1.5, max: 2.0 });
    }
}
