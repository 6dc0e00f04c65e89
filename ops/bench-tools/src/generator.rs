//! The closed loop: a fixed number of queries is on its way; each reply makes room for the next.
//!
//! Guarantees: every reply is matched by id and socket and compared with what was expected; a query unanswered for a second
//! counts as lost and its place is used again under another id.
//! Never: allocates in the loop; waits longer than the loop's owner wants.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use crate::{
    batch::{BATCH, Batch, To, Wait, widen_receive_buffer},
    figures::Times,
    wire::{Encoded, Reply},
};

/// After that a query counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(1);
/// How often lost queries are looked for.
const SWEEP_EVERY: Duration = Duration::from_millis(100);
/// What the generator sleeps when a pace is set and nothing is due.
const NAP: Duration = Duration::from_micros(30);
/// Room in the receive buffer of each socket.
const RECEIVE_BUFFER: i32 = 4 << 20;

/// Who answers: a name server, or an echo whose replies say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answerer {
    /// Replies are compared with what was expected.
    NameServer,
    /// Only counted.
    Echo,
}

/// What to send where.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server.
    pub to: SocketAddr,
    /// Who that is.
    pub answerer: Answerer,
    /// Sockets, each with a port of its own.
    pub sockets: usize,
    /// Queries on their way, for each socket.
    pub window: u16,
    /// At most so many queries a second; `None`: as fast as they are answered.
    pub pace: Option<u32>,
}

impl Plan {
    /// As fast as the server answers, 256 queries on their way.
    #[must_use]
    pub const fn full(to: SocketAddr, answerer: Answerer) -> Self {
        Self { to, answerer, sockets: 4, window: 64, pace: None }
    }
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Queries sent.
    pub sent: u64,
    /// Replies to them.
    pub received: u64,
    /// Queries unanswered for a second.
    pub lost: u64,
    /// Replies that say otherwise than the data.
    pub wrong: u64,
    /// Replies with records in the answer.
    pub listed: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// From sending to receiving, as the loop saw it.
    pub times: Times,
}

impl Outcome {
    /// Replies a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.received as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// A query on its way.
#[derive(Clone, Copy)]
struct Pending {
    id: u16,
    query: u32,
    since: Instant,
}

/// One socket and its window. The id of a query is its slot plus a multiple of the window that moves on with every use, so
/// that a late reply does not pass for that of the slot's next query.
struct Lane {
    socket: UdpSocket,
    slots: Vec<Option<Pending>>,
    free: Vec<u16>,
    next_id: Vec<u16>,
    window: u16,
}

impl Lane {
    fn open(plan: &Plan) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(plan.to)?;
        widen_receive_buffer(&socket, RECEIVE_BUFFER)?;
        let window = plan.window.max(1);
        Ok(Self {
            socket,
            slots: vec![None; usize::from(window)],
            free: (0..window).collect(),
            next_id: (0..window).collect(),
            window,
        })
    }

    fn take_id(&mut self, slot: u16) -> u16 {
        let id = self.next_id[usize::from(slot)];
        self.next_id[usize::from(slot)] = id.checked_add(self.window).unwrap_or(slot);
        id
    }

    /// The query that a reply with this id answers.
    fn settle(&mut self, id: u16) -> Option<Pending> {
        let slot = id % self.window;
        let pending = self.slots[usize::from(slot)].take_if(|pending| pending.id == id)?;
        self.free.push(slot);
        Some(pending)
    }

    fn sweep(&mut self, now: Instant) -> u64 {
        let mut lost = 0;
        for (slot, pending) in (0..).zip(&mut self.slots) {
            if pending.take_if(|pending| now.duration_since(pending.since) > LOST_AFTER).is_some() {
                self.free.push(slot);
                lost += 1;
            }
        }
        lost
    }
}

/// Sends the queries round and round until `goes_on` says no.
pub fn run(plan: &Plan, queries: &[Encoded], mut goes_on: impl FnMut(Instant) -> bool) -> io::Result<Outcome> {
    let mut lanes = (0..plan.sockets).map(|_| Lane::open(plan)).collect::<io::Result<Vec<_>>>()?;
    let mut batch = Batch::new();
    let mut outcome = Outcome::default();
    let mut next = 0;
    let start = Instant::now();
    let mut swept = start;
    loop {
        let now = Instant::now();
        if !goes_on(now) {
            outcome.elapsed = now.duration_since(start);
            return Ok(outcome);
        }
        let mut idle = true;
        for lane in &mut lanes {
            idle &= !receive(lane, &mut batch, queries, plan.answerer, &mut outcome)?;
            idle &= !send(lane, &mut batch, queries, &mut next, allowance(plan, start, outcome.sent), &mut outcome)?;
        }
        if now.duration_since(swept) > SWEEP_EVERY {
            swept = now;
            outcome.lost += lanes.iter_mut().map(|lane| lane.sweep(now)).sum::<u64>();
        }
        if idle {
            // A pace leaves the core to others; without one a nap would cost more than what it waits for.
            if plan.pace.is_some() { thread::sleep(NAP) } else { thread::yield_now() }
        }
    }
}

/// How many queries the pace allows now.
fn allowance(plan: &Plan, start: Instant, sent: u64) -> usize {
    plan.pace.map_or(usize::MAX, |pace| {
        #[allow(clippy::cast_sign_loss)]
        let due = (start.elapsed().as_secs_f64() * f64::from(pace)) as u64;
        due.saturating_sub(sent) as usize
    })
}

fn receive(
    lane: &mut Lane,
    batch: &mut Batch,
    queries: &[Encoded],
    answerer: Answerer,
    outcome: &mut Outcome,
) -> io::Result<bool> {
    let count = match batch.receive(&lane.socket, Wait::Never) {
        Ok(count) => count,
        // Nothing has come, or an earlier query found no server: it will count as lost.
        Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionRefused) => return Ok(false),
        Err(e) => return Err(e),
    };
    let now = Instant::now();
    for i in 0..count {
        let Some(reply) = Reply::read(batch.datagram(i)) else { continue };
        let Some(pending) = lane.settle(reply.id) else { continue };
        outcome.received += 1;
        outcome.times.add(now.duration_since(pending.since));
        if answerer == Answerer::NameServer {
            outcome.listed += u64::from(reply.answers > 0);
            outcome.wrong += u64::from(!reply.agrees_with(queries[pending.query as usize].expect));
        }
    }
    Ok(count > 0)
}

fn send(
    lane: &mut Lane,
    batch: &mut Batch,
    queries: &[Encoded],
    next: &mut usize,
    allowed: usize,
    outcome: &mut Outcome,
) -> io::Result<bool> {
    let count = lane.free.len().min(BATCH).min(allowed);
    if count == 0 {
        return Ok(false);
    }
    let since = Instant::now();
    let mut slots = [0u16; BATCH];
    for (i, place) in slots.iter_mut().enumerate().take(count) {
        let slot = lane.free[lane.free.len() - 1 - i];
        let id = lane.take_id(slot);
        let query = (*next + i) % queries.len();
        batch.fill(i, id, &queries[query].octets);
        lane.slots[usize::from(slot)] = Some(Pending { id, query: query as u32, since });
        *place = slot;
    }
    let taken = match batch.send(&lane.socket, count, To::Connected) {
        Ok(taken) => taken,
        Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionRefused) => 0,
        Err(e) => return Err(e),
    };
    lane.free.truncate(lane.free.len() - taken);
    for &slot in &slots[taken..count] {
        lane.slots[usize::from(slot)] = None;
    }
    *next = (*next + taken) % queries.len();
    outcome.sent += taken as u64;
    Ok(taken > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        queries::{Expect, Kind, Opt, Query},
        wire,
    };

    fn encoded(expect: Expect) -> Vec<Encoded> {
        let query = Query { name: "1.bl.test".into(), kind: Kind::A, opt: Opt::None, expect };
        vec![wire::encode(&query).unwrap()]
    }

    /// A server that turns every query into a reply by `answer`, until a datagram of one octet comes.
    fn serve(answer: impl Fn(u64, &mut Vec<u8>) -> bool + Send + 'static) -> (SocketAddr, thread::JoinHandle<()>) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let thread = thread::spawn(move || {
            let mut buffer = [0; 512];
            for number in 0.. {
                let (length, peer) = socket.recv_from(&mut buffer).unwrap();
                if length == 1 {
                    return;
                }
                let mut reply = buffer[..length].to_vec();
                if answer(number, &mut reply) {
                    socket.send_to(&reply, peer).unwrap();
                }
            }
        });
        (address, thread)
    }

    fn end(address: SocketAddr, thread: thread::JoinHandle<()>) {
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(&[0], address).unwrap();
        thread.join().unwrap();
    }

    #[test]
    fn right_and_wrong_replies_are_told_apart() {
        let (address, thread) = serve(|number, reply| {
            reply[2] |= 0x80;
            reply[7] = u8::from(number % 2 == 0);
            true
        });
        let plan = Plan { sockets: 2, window: 3, ..Plan::full(address, Answerer::NameServer) };
        let end_at = Instant::now() + Duration::from_millis(200);
        let outcome = run(&plan, &encoded(Expect::Listed), |now| now < end_at).unwrap();
        end(address, thread);
        assert!(outcome.received > 10 && outcome.lost == 0, "{outcome:?}");
        assert_eq!(outcome.listed + outcome.wrong, outcome.received);
        assert!(outcome.wrong.abs_diff(outcome.listed) <= 6);
    }

    #[test]
    fn a_late_reply_does_not_pass_for_that_of_the_next_query() {
        let plan = Plan { sockets: 1, window: 3, ..Plan::full("127.0.0.1:1".parse().unwrap(), Answerer::Echo) };
        let mut lane = Lane::open(&plan).unwrap();
        let slot = lane.free.pop().unwrap();
        let first = lane.take_id(slot);
        let since = Instant::now();
        lane.slots[usize::from(slot)] = Some(Pending { id: first, query: 0, since });
        assert_eq!(lane.sweep(since), 0);
        assert_eq!(lane.sweep(since + LOST_AFTER * 2), 1);
        let second = lane.take_id(slot);
        assert_eq!((second % 3, second == first), (slot, false));
        lane.slots[usize::from(slot)] = Some(Pending { id: second, query: 0, since });
        assert!(lane.settle(first).is_none());
        assert!(lane.settle(second).is_some());
    }

    #[test]
    fn a_pace_is_kept() {
        let (address, thread) = serve(|_, _| true);
        let plan = Plan { pace: Some(1_000), ..Plan::full(address, Answerer::Echo) };
        let end_at = Instant::now() + Duration::from_millis(300);
        let outcome = run(&plan, &encoded(Expect::Clear), |now| now < end_at).unwrap();
        end(address, thread);
        assert!((1..=330).contains(&outcome.sent), "{}", outcome.sent);
    }
}
