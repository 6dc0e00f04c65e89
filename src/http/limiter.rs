//! How many look-ups a client without a token may make.
//!
//! Every client has a bucket that holds a minute's worth of look-ups and refills steadily. The buckets are cells of two
//! fixed rows, each chosen by a hash of the client with a random key; a client is let through while either of its cells
//! holds something. So the table never grows, nothing has to be evicted, and a stranger slows a client down only by
//! emptying both of its cells, which it cannot aim at.
//!
//! Guarantees: a client alone in its cells gets exactly its rate; no number of addresses gets one client more than that;
//! the memory is fixed.
//! Never: keeps an address.

use crate::{limits::LIMITER_CELLS, list::Prefix};
use smallvec::SmallVec;
use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A cell: what it lacks to be full, in thousandths of a look-up, and since when that is so.
#[derive(Clone, Copy, Default)]
struct Cell {
    used: u32,
    at: u32,
}

/// The buckets of all clients.
pub struct Limiter {
    began: Instant,
    /// In so many milliseconds an empty bucket fills.
    window: u32,
    keys: [RandomState; 2],
    cells: Mutex<[Vec<Cell>; 2]>,
}

/// Too many; the time after which one more is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited(pub Duration);

impl Default for Limiter {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            window: 60_000,
            keys: [RandomState::new(), RandomState::new()],
            cells: Mutex::new([vec![Cell::default(); LIMITER_CELLS], vec![Cell::default(); LIMITER_CELLS]]),
        }
    }
}

impl Limiter {
    /// Buckets that hold what a client may do in this time, in place of a minute; less than a week.
    #[must_use]
    pub fn over(window: Duration) -> Self {
        Self { window: window.as_millis() as u32, ..Self::default() }
    }

    /// Counts one look-up of a client that may make `per_minute`.
    ///
    /// # Errors
    /// [`Limited`], which counts nothing.
    pub fn admit(&self, client: Prefix, per_minute: u32) -> Result<(), Limited> {
        self.admit_at(client, per_minute, self.began.elapsed())
    }

    fn admit_at(&self, client: Prefix, per_minute: u32, now: Duration) -> Result<(), Limited> {
        const ONE: u32 = 1_000;
        let full = per_minute.min(u32::MAX / ONE) * ONE;
        if full < ONE {
            return Err(Limited(Duration::from_millis(self.window.into())));
        }
        // Milliseconds in 32 bits last 49 days; differences are taken modulo that, and a cell is full again after its window.
        let (now, window) = (now.as_millis() as u32, u64::from(self.window));
        let mut rows = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let cells = rows.iter_mut().zip(&self.keys).map(|(row, key)| {
            let place = (key.hash_one(client) % row.len() as u64) as usize;
            let cell = &mut row[place];
            let refill = u64::from(now.wrapping_sub(cell.at)) * u64::from(full) / window;
            if refill >= u64::from(cell.used) {
                *cell = Cell { used: 0, at: now };
            } else {
                // Only the time that was turned into whole thousandths is used up.
                cell.used -= refill as u32;
                cell.at = cell.at.wrapping_add((refill * window / u64::from(full)) as u32);
            }
            cell
        });
        let cells: SmallVec<[&mut Cell; 2]> = cells.collect();
        let fullest = cells.iter().map(|cell| cell.used).min().expect("there are two rows");
        if fullest + ONE > full {
            let lacking = u64::from(fullest + ONE - full);
            return Err(Limited(Duration::from_millis((lacking * window).div_ceil(u64::from(full)))));
        }
        // Both are charged, the emptier one down to nothing, so that two cells never give more than one.
        for cell in cells {
            cell.used = (cell.used + ONE).min(full);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn client(n: u32) -> Prefix {
        Prefix::customer(Ipv4Addr::from(n).into())
    }

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_client_gets_its_minute_at_once_and_then_its_rate() {
        let limiter = Limiter::default();
        let admitted = |now| (0..100).filter(|_| limiter.admit_at(client(1), 60, at(now)).is_ok()).count();
        assert_eq!(admitted(0), 60);
        assert_eq!(limiter.admit_at(client(1), 60, at(0)), Err(Limited(at(1_000))));
        assert_eq!(admitted(1_000), 1);
        assert_eq!(admitted(31_000), 30);
        assert_eq!(admitted(600_000), 60);
    }

    #[test]
    fn asking_more_often_does_not_gain_more() {
        let limiter = Limiter::default();
        let admitted = (0..60_000).filter(|ms| limiter.admit_at(client(1), 60, at(*ms)).is_ok()).count();
        assert!((119..=120).contains(&admitted), "{admitted}");
    }

    #[test]
    fn one_client_does_not_use_up_anothers() {
        let limiter = Limiter::default();
        while limiter.admit_at(client(1), 60, at(0)).is_ok() {}
        let others = (2..1_000).filter(|n| limiter.admit_at(client(*n), 60, at(0)).is_ok()).count();
        assert!(others >= 997, "{others}");
    }

    #[test]
    fn a_rate_of_nothing_admits_nothing() {
        assert!(Limiter::default().admit_at(client(1), 0, at(0)).is_err());
    }
}
