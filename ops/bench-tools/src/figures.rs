//! Percentiles of times, and min, median and max of rounds.
//!
//! Guarantees: a percentile is at most 1/64 above the true one, in fixed memory.
//! Never: averages; a mean hides what a median and a maximum show.

use std::time::Duration;

/// Steps within a power of two: the resolution of a time is 1/64.
const STEPS: usize = 64;
/// log2 of [`STEPS`].
const STEP_BITS: u32 = 6;

/// Counts of times in nanoseconds, in steps that grow with the time.
#[derive(Clone, Debug)]
pub struct Times {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Times {
    fn default() -> Self {
        Self { counts: vec![0; STEPS * (64 - STEP_BITS as usize + 1)], total: 0 }
    }
}

impl Times {
    /// Adds one time.
    pub fn add(&mut self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counts[step_of(nanoseconds)] += 1;
        self.total += 1;
    }

    /// How many times were added.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.total
    }

    /// The time that `share` (0 to 1) of all do not exceed; zero where there are none.
    #[must_use]
    pub fn percentile(&self, share: f64) -> Duration {
        #[allow(clippy::cast_sign_loss)]
        let wanted = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (step, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_nanos(upper_end(step));
            }
        }
        Duration::ZERO
    }
}

fn step_of(nanoseconds: u64) -> usize {
    let exponent = nanoseconds.checked_ilog2().unwrap_or(0);
    if exponent < STEP_BITS {
        return nanoseconds as usize;
    }
    let shift = exponent - STEP_BITS;
    (shift as usize + 1) * STEPS + ((nanoseconds >> shift) as usize - STEPS)
}

fn upper_end(step: usize) -> u64 {
    if step < STEPS {
        return step as u64;
    }
    let shift = step / STEPS - 1;
    let first = ((step % STEPS + STEPS) as u64) << shift;
    first + ((1u64 << shift) - 1)
}

/// The least, the middle and the greatest of some rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The middle; of an even number the lower middle.
    pub median: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// Of no rounds there is none.
    #[must_use]
    pub fn of(mut rounds: Vec<f64>) -> Option<Self> {
        rounds.sort_by(f64::total_cmp);
        let (min, max) = (*rounds.first()?, *rounds.last()?);
        Some(Self { min, median: rounds[(rounds.len() - 1) / 2], max })
    }

    /// `median (min to max)` with `digits` after the point.
    #[must_use]
    pub fn show(&self, digits: usize) -> String {
        format!("{:.digits$} ({:.digits$} to {:.digits$})", self.median, self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_falls_in_a_step_that_ends_at_most_a_64th_above_it() {
        for exponent in 0..63 {
            for nanoseconds in [1u64 << exponent, (1 << exponent) + 1, (1u64 << exponent).saturating_mul(2) - 1] {
                let end = upper_end(step_of(nanoseconds));
                assert!(end >= nanoseconds && end - nanoseconds <= nanoseconds / 64, "{nanoseconds} in {end}");
            }
        }
        assert!(step_of(u64::MAX) < Times::default().counts.len());
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let mut times = Times::default();
        for i in 1..=1000 {
            times.add(Duration::from_micros(i));
        }
        let near = |share, micros: f64| {
            let found = times.percentile(share).as_secs_f64() * 1e6;
            assert!((found - micros).abs() <= micros / 60.0, "{found} for {micros}");
        };
        near(0.5, 500.0);
        near(0.99, 990.0);
        near(1.0, 1000.0);
        assert_eq!(Times::default().percentile(0.5), Duration::ZERO);
    }

    #[test]
    fn a_spread_has_the_middle_round() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!(spread, Spread { min: 1.0, median: 2.0, max: 3.0 });
        assert_eq!(spread.show(1), "2.0 (1.0 to 3.0)");
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
