//! The places at the inbox: who has one, and who makes room for the next.
//!
//! Whoever hands over mail that we wait for names its mailbox at once; whoever holds a place to keep others out cannot name
//! one. So where there is no room, the connection leaves that has named none for the longest time.
//!
//! Guarantees: a client, a site, a network and all together have no more places than their bounds, and what one of them has
//! too many is made up among its own; who has named a mailbox that is waited for stays.
//! Never: reads a clock or a socket.

use crate::{
    cases::retest::counting_block,
    limits::{
        INBOX_CONNECTIONS_MAX, INBOX_CONNECTIONS_PER_CLIENT_MAX, INBOX_CONNECTIONS_PER_NETWORK_MAX,
        INBOX_CONNECTIONS_PER_SITE_MAX, INBOX_PATIENCE,
    },
    list::Prefix,
};
use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Client, site, network, and all.
const BOUNDS: [usize; 4] = [
    INBOX_CONNECTIONS_PER_CLIENT_MAX,
    INBOX_CONNECTIONS_PER_SITE_MAX,
    INBOX_CONNECTIONS_PER_NETWORK_MAX,
    INBOX_CONNECTIONS_MAX,
];

/// What the inbox did not hear, for want of room or of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unheard {
    /// A connection that had named no mailbox for long: that was no mail.
    Idle,
    /// One that may have brought mail, for the sake of those around this address alone.
    Near(IpAddr),
    /// One that may have brought mail, whoever it was of.
    Any,
}

/// One connection's place: its driver and the listener each have it.
pub(super) struct Seat {
    address: IpAddr,
    /// Those to which it belongs, the narrowest first; all belong to the last.
    blocks: [Option<Prefix>; 4],
    /// Since when it names no mailbox that is waited for; nothing while it does.
    idle: Mutex<Option<Instant>>,
    leave: CancellationToken,
}

impl Seat {
    fn new(address: IpAddr, now: Instant) -> Self {
        let client = Prefix::customer(address);
        // What the desk knows as the neighbours of an address.
        let site = counting_block(address);
        let network = client.widened_to(if client.first().is_ipv4() { 16 } else { 32 });
        let blocks = [Some(client), Some(site), Some(network), None];
        Self { address, blocks, idle: Mutex::new(Some(now)), leave: CancellationToken::new() }
    }

    /// It has named a mailbox that is waited for.
    pub fn named(&self) {
        self.idle_since(None);
    }

    /// Its mail was handed on; it may bring another.
    pub fn handed_on(&self, now: Instant) {
        self.idle_since(Some(now));
    }

    fn idle_since(&self, since: Option<Instant>) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn idle(&self) -> Option<Instant> {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when it has to leave for another.
    pub async fn left(&self) {
        self.leave.cancelled().await;
    }
}

/// All that are taken.
pub(super) struct Places<K>(HashMap<K, Arc<Seat>>);

/// What became of one who wants a place.
pub(super) struct Seated {
    /// Its place, if it has one.
    pub seat: Option<Arc<Seat>>,
    /// What is not heard for that.
    pub unheard: Option<Unheard>,
}

impl<K: Copy + Eq + Hash> Places<K> {
    /// All are free.
    pub fn new() -> Self {
        Self(HashMap::new())
    }

    /// Gives one who comes from `address` a place, if need be that of another, who is told to leave. [`Places::sit`] follows.
    pub fn make_room(&mut self, address: IpAddr, now: Instant) -> Seated {
        let seat = Seat::new(address, now);
        let crowd = |place: usize| {
            let (block, taken) = (seat.blocks[place], self.0.iter());
            taken.filter(move |(_, other)| other.blocks[place] == block)
        };
        // What is too many in a client's places is so in no wider one's once it has left: they lie in one another.
        let Some(full) = (0..BOUNDS.len()).find(|place| crowd(*place).count() >= BOUNDS[*place]) else {
            return Seated { seat: Some(Arc::new(seat)), unheard: None };
        };
        let lost = |address: IpAddr| if full < 2 { Unheard::Near(address) } else { Unheard::Any };
        let idle = crowd(full).filter_map(|(key, other)| Some((other.idle()?, *key)));
        let Some((since, key)) = idle.min_by_key(|(since, _)| *since) else {
            return Seated { seat: None, unheard: Some(lost(address)) };
        };
        let gone = self.0.remove(&key).expect("it was found there");
        gone.leave.cancel();
        let patient = now.saturating_duration_since(since) >= INBOX_PATIENCE;
        let unheard = if patient { Unheard::Idle } else { lost(gone.address) };
        Seated { seat: Some(Arc::new(seat)), unheard: Some(unheard) }
    }

    /// Who has that place now.
    pub fn sit(&mut self, key: K, seat: Arc<Seat>) {
        self.0.insert(key, seat);
    }

    /// The connection has ended.
    pub fn free(&mut self, key: K) {
        self.0.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Places, and who takes them, by their number.
    struct Hall(Places<usize>, usize, Instant);

    impl Hall {
        fn new() -> Self {
            Self(Places::new(), 0, Instant::now())
        }

        fn come(&mut self, from: &str, seconds: u64) -> (Option<Arc<Seat>>, Option<Unheard>) {
            let now = self.2 + Duration::from_secs(seconds);
            let Seated { seat, unheard } = self.0.make_room(from.parse().unwrap(), now);
            if let Some(seat) = &seat {
                self.1 += 1;
                self.0.sit(self.1, Arc::clone(seat));
            }
            (seat, unheard)
        }
    }

    /// Eight addresses side by side held all places, and all of one IPv6 customer's /64s would have.
    #[test]
    fn neighbours_hold_no_more_places_than_their_site_and_their_network_have() {
        for (site, network) in [("192.0.2.", "192.0."), ("2001:db8:1:", "2001:db8:")] {
            let mut hall = Hall::new();
            let tail = |text: String| if text.contains(':') { text + "::1" } else { text };
            for number in 0..100 {
                hall.come(&tail(format!("{site}{number}")), 0);
            }
            assert_eq!(hall.0.0.len(), INBOX_CONNECTIONS_PER_SITE_MAX);
            for number in 0..100 {
                let end = if network.contains(':') { "" } else { ".1" };
                hall.come(&tail(format!("{network}{number}{end}")), 0);
            }
            assert_eq!(hall.0.0.len(), INBOX_CONNECTIONS_PER_NETWORK_MAX);
            assert_eq!(hall.come("203.0.113.1", 0).1, None, "others find room");
        }
    }

    #[test]
    fn who_names_no_mailbox_leaves_for_the_next_and_is_missed_only_if_it_came_just_now() {
        let mut hall = Hall::new();
        let (first, _) = hall.come("192.0.2.1", 0);
        for _ in 1..INBOX_CONNECTIONS_PER_CLIENT_MAX {
            assert_eq!(hall.come("192.0.2.1", 1).1, None);
        }
        let late = INBOX_PATIENCE.as_secs();
        assert_eq!(hall.come("192.0.2.1", late).1, Some(Unheard::Idle));
        assert!(first.unwrap().leave.is_cancelled());
        assert_eq!(hall.come("192.0.2.1", late).1, Some(Unheard::Near("192.0.2.1".parse().unwrap())));
        assert_eq!(hall.0.0.len(), INBOX_CONNECTIONS_PER_CLIENT_MAX);
    }

    #[test]
    fn who_has_named_a_mailbox_that_is_waited_for_stays_until_its_mail_is_handed_on() {
        let mut hall = Hall::new();
        let mut seats = Vec::new();
        for number in 0..INBOX_CONNECTIONS_MAX {
            let (seat, unheard) = hall.come(&format!("10.{number}.0.1"), 0);
            assert_eq!(unheard, None);
            seats.extend(seat);
        }
        for seat in &seats {
            seat.named();
        }
        let (seat, unheard) = hall.come("203.0.113.1", 100);
        assert!(seat.is_none());
        assert_eq!(unheard, Some(Unheard::Any), "whoever fills all places may have turned anybody's mail away");
        seats[5].handed_on(hall.2 + Duration::from_secs(90));
        assert!(hall.come("203.0.113.1", 100).0.is_some());
        assert!(seats[5].leave.is_cancelled() && !seats[4].leave.is_cancelled());
    }
}
