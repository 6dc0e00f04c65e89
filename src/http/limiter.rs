//! How many look-ups, forms and claims a client without a token may make.
//!
//! Every client has a bucket that holds a minute's worth of look-ups and refills steadily. The buckets are cells of two
//! fixed rows, each chosen by a hash of the client with a random key; a client is let through while either of its cells
//! holds something. So the table never grows, nothing has to be evicted, and a stranger slows a client down only by
//! emptying both of its cells, which it cannot aim at.
//!
//! [`Clients`] counts at every width at which IPv6 is handed out: a client (a /64), its site (/48) and its provider (/32). A /32
//! has four thousand million clients: counted by the client alone it would fill the table for everybody.
//!
//! Guarantees: a client alone in its cells gets its rate, and a little less when it asks all the time; no number of addresses
//! gets one client more than that; what is refused at one width is counted at none; the memory is fixed.
//! Never: keeps an address.

use crate::{limits::LIMITER_CELLS, list::Prefix};
use smallvec::SmallVec;
use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A look-up, in what cells count in.
const ONE: u32 = 1_000;

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

/// What may be done within a window, at each width. IPv4 has the first alone.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// By an IPv4 address or a /64 of IPv6.
    pub client: u32,
    /// By a /48.
    pub site: u32,
    /// By a /32.
    pub provider: u32,
}

/// The buckets of all clients at every width.
pub struct Clients {
    rates: Rates,
    widths: [Limiter; 3],
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
    /// Buckets that hold what a client may do in this time, in place of a minute; a week at most.
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

    /// Whether one more would be let through; counts nothing.
    fn has_room(&self, client: Prefix, per_minute: u32) -> Result<(), Limited> {
        self.charge_at(client, per_minute, 0, self.began.elapsed())
    }

    fn admit_at(&self, client: Prefix, per_minute: u32, now: Duration) -> Result<(), Limited> {
        self.charge_at(client, per_minute, ONE, now)
    }

    /// Where there is room for one more, takes `charge` of it.
    fn charge_at(&self, client: Prefix, per_minute: u32, charge: u32, now: Duration) -> Result<(), Limited> {
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
                // Only the time that was turned into whole thousandths is used up, to the millisecond that it ended in:
                // what were left of that would be turned into thousandths again by each call.
                cell.used -= refill as u32;
                cell.at = cell.at.wrapping_add((refill * window).div_ceil(u64::from(full)) as u32);
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
            cell.used = (cell.used + charge).min(full);
        }
        Ok(())
    }
}

impl Clients {
    /// Buckets that hold what may be done within this time; a week at most.
    #[must_use]
    pub fn over(window: Duration, rates: Rates) -> Self {
        Self { rates, widths: [(); 3].map(|()| Limiter::over(window)) }
    }

    /// Counts one act of whoever has this address.
    ///
    /// # Errors
    /// [`Limited`], which counts nothing.
    pub fn count(&self, address: IpAddr) -> Result<(), Limited> {
        let client = Prefix::customer(address);
        let Rates { client: few, site, provider } = self.rates;
        let wider = [(client.widened_to(48), site), (client.widened_to(32), provider)];
        let wider = wider.into_iter().filter(|_| client.first().is_ipv6());
        let all: SmallVec<[_; 3]> = self.widths.iter().zip([(client, few)].into_iter().chain(wider)).collect();
        // First whether all have room: who is refused as a client shall not use up what its provider's others may do.
        all.iter().try_for_each(|(limiter, (who, rate))| limiter.has_room(*who, *rate))?;
        all.iter().try_for_each(|(limiter, (who, rate))| limiter.admit(*who, *rate))
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

    /// What was left of a millisecond was turned into thousandths again by each call: with rates that do not divide a
    /// minute, who asked often got three times as much.
    #[test]
    fn no_rate_gains_by_asking_more_often() {
        for per_minute in [7, 700, 9_999, 50_000, 100_000] {
            let limiter = Limiter::default();
            let asked = (0..60_000).flat_map(|ms| [ms; 4]);
            let admitted = asked.filter(|ms| limiter.admit_at(client(1), per_minute, at(*ms)).is_ok()).count();
            // What a minute has at once, and what one minute brings.
            let most = 2 * per_minute as usize;
            assert!(admitted <= most && admitted >= most / 10 * 9, "{admitted} of {most}");
        }
    }

    #[test]
    fn one_client_does_not_use_up_anothers() {
        let limiter = Limiter::default();
        while limiter.admit_at(client(1), 60, at(0)).is_ok() {}
        let others = (2..1_000).filter(|n| limiter.admit_at(client(*n), 60, at(0)).is_ok()).count();
        assert!(others >= 997, "{others}");
    }

    /// A /32 has 65,536 sites: they filled the table of sites, and everybody was refused.
    #[test]
    fn one_provider_does_not_use_up_what_others_may_do() {
        let rates = Rates { client: 10, site: 30, provider: 600 };
        let clients = Clients::over(Duration::from_secs(3_600), rates);
        let admitted = |text: &str| clients.count(text.parse().unwrap()).is_ok();
        assert_eq!((0..50).filter(|_| admitted("2001:db8:1:1::1")).count(), 10);
        assert_eq!((0..50).filter(|_| admitted("2001:db8:1:2::1") || admitted("2001:db8:1:3::1")).count(), 20);
        let rest = (2..4_000).filter(|n| admitted(&format!("2001:db8:{n:x}::1"))).count();
        assert_eq!(rest, 570, "what was refused to one site was left to the others");
        let others = (0..1_000_u32).filter(|n| admitted(&format!("2a00:{n:x}::1"))).count();
        assert!(others >= 990, "{others}");
        assert_eq!((0..50).filter(|_| admitted("192.0.2.1")).count(), 10);
    }

    #[test]
    fn a_rate_of_nothing_admits_nothing() {
        assert!(Limiter::default().admit_at(client(1), 0, at(0)).is_err());
    }
}
