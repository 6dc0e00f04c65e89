//! Whether a test may be made, and when: the bounds that keep this program from being a nuisance, or a port scanner.
//!
//! Guarantees: by whatever order of requests, a target is tested once in 24 hours, a block twenty times, and no more tests
//! are made on our own account than configured. What was admitted counts from that moment, not from when it runs.
//! Never: tells the one who asked which bound it was.

use super::super::Id;
use crate::{
    limits::{RETEST_BLOCK_TESTS_MAX, RETEST_BUDGET_PAUSE_SECONDS, RETEST_TARGET_APART_SECONDS},
    list::{Duration, Prefix, Time},
};
use std::net::IpAddr;

/// On whose account a test is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Somebody asked for it.
    Person,
    /// Somebody who has shown that the address is theirs: one test more in 24 hours.
    InControl,
    /// Somebody asked, and the last try said nothing.
    Retry,
    /// Nobody asked: a clean machine is looked at again.
    Recheck,
}

/// The configured bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Retests that wait for their turn.
    pub queue: usize,
    /// Tests in 24 hours that no person asked for.
    pub automatic_per_day: usize,
}

/// What is known when somebody asks: counts of the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The retest of the same key in the same list, and whether its result is on its way.
    pub same: Option<(Id, bool)>,
    /// When tests of this key were admitted, for whatever list, the earliest first: where a block is listed, of any address
    /// in it.
    pub of_target: Vec<Time>,
    /// When tests in its block were admitted, the earliest first.
    pub in_block: Vec<Time>,
    /// Tests on our own account.
    pub automatic: usize,
    /// Retests that wait for their turn.
    pub queued: usize,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It waits for its turn.
    Queue,
    /// There is one already.
    Share(Id),
    /// Not before that time.
    Later(Time),
    /// There is no room.
    Full,
}

/// The block in which tests are counted: the /24 or the /48 of an address.
#[must_use]
pub fn counting_block(address: IpAddr) -> Prefix {
    let host = Prefix::host(address);
    host.widened_to(if host.first().is_ipv4() { 24 } else { 48 })
}

impl Asker {
    /// Tests of one target in 24 hours.
    const fn allowed(self) -> usize {
        if matches!(self, Self::InControl) { 2 } else { 1 }
    }
}

impl Known {
    /// Before when the target gets no test on this account: it has had those of its day.
    #[must_use]
    pub fn used_up_until(&self, asker: Asker) -> Option<Time> {
        let earliest = self.of_target.len().checked_sub(asker.allowed()).and_then(|at| self.of_target.get(at));
        earliest.map(|earliest| earliest.plus(Duration::from_seconds(RETEST_TARGET_APART_SECONDS)))
    }
}

/// Whether a test may be made.
#[must_use]
pub fn admit(known: &Known, asker: Asker, bounds: Bounds, now: Time) -> Admission {
    let day = Duration::from_seconds(RETEST_TARGET_APART_SECONDS);
    let used_up = known.used_up_until(asker);
    let asked = matches!(asker, Asker::Person | Asker::InControl);
    if let Some((id, open)) = known.same
        && asked
        && (open || used_up.is_some())
    {
        return Admission::Share(id);
    }
    if known.queued >= bounds.queue {
        return match asker {
            Asker::Person | Asker::InControl => Admission::Full,
            Asker::Retry | Asker::Recheck => {
                Admission::Later(now.plus(Duration::from_seconds(RETEST_BUDGET_PAUSE_SECONDS)))
            }
        };
    }
    if let Some(until) = used_up {
        return Admission::Later(until.max(now.plus(Duration::from_seconds(1))));
    }
    if let Some(earliest) =
        known.in_block.len().checked_sub(RETEST_BLOCK_TESTS_MAX).and_then(|at| known.in_block.get(at))
    {
        return Admission::Later(earliest.plus(day).max(now.plus(Duration::from_seconds(1))));
    }
    if asker == Asker::Recheck && known.automatic >= bounds.automatic_per_day {
        return Admission::Later(now.plus(Duration::from_seconds(RETEST_BUDGET_PAUSE_SECONDS)));
    }
    Admission::Queue
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: Bounds = Bounds { queue: 30, automatic_per_day: 5 };

    /// What was admitted so far, as the desk's rows hold it.
    #[derive(Default)]
    struct Book(Vec<(Time, IpAddr, Asker)>);

    impl Book {
        fn ask(&mut self, address: IpAddr, asker: Asker, now: Time) -> Admission {
            let day = Duration::from_seconds(86_400);
            let recent: Vec<_> = self.0.iter().filter(|(at, ..)| at.plus(day) > now).collect();
            let known = Known {
                same: None,
                of_target: recent.iter().filter(|(_, a, _)| *a == address).map(|(at, ..)| *at).collect(),
                in_block: recent
                    .iter()
                    .filter(|(_, a, _)| counting_block(*a) == counting_block(address))
                    .map(|(at, ..)| *at)
                    .collect(),
                automatic: recent.iter().filter(|(.., by)| *by == Asker::Recheck).count(),
                queued: 0,
            };
            let said = admit(&known, asker, BOUNDS, now);
            if said == Admission::Queue {
                self.0.push((now, address, asker));
            }
            said
        }

        fn most_in_a_day(&self, of: impl Fn(&(Time, IpAddr, Asker)) -> bool) -> usize {
            let times: Vec<u32> = self.0.iter().filter(|test| of(test)).map(|(at, ..)| at.seconds()).collect();
            times
                .iter()
                .map(|from| times.iter().filter(|at| (*from..from + 86_400).contains(*at)).count())
                .max()
                .unwrap_or(0)
        }
    }

    #[test]
    fn a_thousand_people_who_ask_for_one_target_get_one_test() {
        let mut book = Book::default();
        let target: IpAddr = "192.0.2.1".parse().unwrap();
        for second in 0..1_000 {
            book.ask(target, Asker::Person, Time::from_seconds(1_000_000 + second * 60));
        }
        assert_eq!(book.0.len(), 1);
        let id = Id::draw();
        let known = Known { same: Some((id, true)), ..Known::default() };
        assert_eq!(admit(&known, Asker::Person, BOUNDS, Time::from_seconds(1)), Admission::Share(id));
    }

    #[test]
    fn who_shows_that_it_is_theirs_gets_one_test_more() {
        let mut book = Book::default();
        let target: IpAddr = "192.0.2.1".parse().unwrap();
        let asked =
            |book: &mut Book, asker, hour: u32| book.ask(target, asker, Time::from_seconds(1_000_000 + hour * 3_600));
        assert_eq!(asked(&mut book, Asker::Person, 0), Admission::Queue);
        assert!(matches!(asked(&mut book, Asker::Person, 1), Admission::Later(_)));
        assert_eq!(asked(&mut book, Asker::InControl, 2), Admission::Queue);
        assert!(matches!(asked(&mut book, Asker::InControl, 3), Admission::Later(_)));
        assert!(matches!(asked(&mut book, Asker::Person, 23), Admission::Later(_)));
        assert_eq!(asked(&mut book, Asker::Person, 50), Admission::Queue);
    }

    #[test]
    fn a_full_queue_takes_no_more() {
        let known = Known { queued: 30, ..Known::default() };
        assert_eq!(admit(&known, Asker::Person, BOUNDS, Time::from_seconds(1)), Admission::Full);
    }

    #[test]
    fn blocks_are_slash_24_and_slash_48() {
        assert_eq!(counting_block("192.0.2.77".parse().unwrap()).to_string(), "192.0.2.0/24");
        assert_eq!(counting_block("2001:db8:1:2::5".parse().unwrap()).to_string(), "2001:db8:1::/48");
    }

    proptest! {
        #[test]
        fn no_order_of_requests_gets_more_tests_than_the_bounds_allow(
            asked in prop::collection::vec((0_u32..3_000, 0_u8..40, 0_u8..2, prop::bool::ANY), 1..400),
        ) {
            let mut book = Book::default();
            let mut now = 1_000_000;
            for (pause, host, block, automatic) in asked {
                now += pause;
                let asker = if automatic { Asker::Recheck } else { Asker::Person };
                let address = IpAddr::from([192, 0, block, host]);
                match book.ask(address, asker, Time::from_seconds(now)) {
                    Admission::Later(at) => prop_assert!(at.seconds() > now),
                    Admission::Queue => {}
                    other => prop_assert!(false, "{other:?}"),
                }
            }
            for (_, address, _) in &book.0 {
                prop_assert_eq!(book.most_in_a_day(|(_, a, _)| a == address), 1);
                prop_assert!(book.most_in_a_day(|(_, a, _)| counting_block(*a) == counting_block(*address)) <= RETEST_BLOCK_TESTS_MAX);
            }
            prop_assert!(book.most_in_a_day(|(.., by)| *by == Asker::Recheck) <= BOUNDS.automatic_per_day);
        }
    }
}
