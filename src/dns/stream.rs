//! DNS over TCP (RFC 7766): our own loop, with a bound for everything that a client can hold or stretch.
//!
//! Guarantees: a place is taken before `accept`, so that connections never exceed their number; each client has few of
//! them; a message that does not come, or an answer that is not taken, ends its connection; queries of one connection
//! are answered in order, and what was answered arrives, whatever the client sent beside it. An error of `accept` rests and
//! never ends the loop.
//! Never: holds up UDP; answers a client that sends a message longer than 4 KiB.

use super::counters::Counters;
use super::{Identity, Transport, respond_safely};
use crate::descriptors;
use crate::limits::{
    TCP_ACCEPT_REST_MILLISECONDS, TCP_CONNECTIONS_MAX, TCP_CONNECTIONS_PER_CLIENT_MAX, TCP_FIRST_OCTET_SECONDS,
    TCP_IDLE_SECONDS, TCP_PARTING_OCTETS_MAX, TCP_PARTING_SECONDS, TCP_QUERIES_PER_CONNECTION_MAX,
    TCP_QUERY_OCTETS_MAX, TCP_TOTAL_SECONDS, TCP_WHOLE_MESSAGE_SECONDS, TCP_WRITE_SECONDS,
};
use crate::list::Prefix;
use crate::snapshot::Published;
use std::collections::HashMap;
use std::net::{IpAddr, TcpListener as BoundListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a client may take, and how much it may ask.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub first_octet: Duration,
    pub whole_message: Duration,
    pub idle: Duration,
    pub total: Duration,
    pub write: Duration,
    pub parting: Duration,
    pub queries: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first_octet: Duration::from_secs(TCP_FIRST_OCTET_SECONDS),
            whole_message: Duration::from_secs(TCP_WHOLE_MESSAGE_SECONDS),
            idle: Duration::from_secs(TCP_IDLE_SECONDS),
            total: Duration::from_secs(TCP_TOTAL_SECONDS),
            write: Duration::from_secs(TCP_WRITE_SECONDS),
            parting: Duration::from_secs(TCP_PARTING_SECONDS),
            queries: TCP_QUERIES_PER_CONNECTION_MAX,
        }
    }
}

/// The listeners of all addresses and what answers on them. Runs as one task.
#[derive(Debug)]
pub struct TcpServer {
    listeners: Vec<BoundListener>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    published: Arc<Published>,
    identity: Arc<Identity>,
    counters: Arc<Counters>,
    stop: CancellationToken,
    places: Arc<Semaphore>,
    clients: Mutex<HashMap<Prefix, u32>>,
    patience: Patience,
}

impl TcpServer {
    pub(super) fn new(
        listeners: Vec<BoundListener>,
        published: Arc<Published>,
        identity: Arc<Identity>,
        counters: Arc<Counters>,
        stop: CancellationToken,
    ) -> Self {
        let places = Arc::new(Semaphore::new(TCP_CONNECTIONS_MAX));
        let clients = Mutex::default();
        let patience = Patience::default();
        let shared = Shared { published, identity, counters, stop, places, clients, patience };
        Self { listeners, shared: Arc::new(shared) }
    }

    /// The same with other patience.
    #[cfg(test)]
    pub(super) fn with_patience(mut self, patience: Patience) -> Self {
        Arc::get_mut(&mut self.shared).expect("not running yet").patience = patience;
        self
    }

    /// Takes connections until it shall stop, then waits for the answers under way.
    pub async fn run(self) {
        let connections = TaskTracker::new();
        let mut loops = JoinSet::new();
        for listener in self.listeners {
            loops.spawn(accept(listener, Arc::clone(&self.shared), connections.clone()));
        }
        // A loop that panics takes the server with it, so that it is missed.
        loops.join_all().await;
        connections.close();
        connections.wait().await;
    }
}

async fn accept(listener: BoundListener, shared: Arc<Shared>, connections: TaskTracker) {
    let listener = TcpListener::from_std(listener).expect("a listener that does not block, in a runtime");
    while let Some(place) = until_stop(&shared, Arc::clone(&shared.places).acquire_owned()).await {
        let place = place.expect("the semaphore is never closed");
        let Some(accepted) = until_stop(&shared, descriptors::accept(&listener)).await else { return };
        let Ok((stream, peer)) = accepted else {
            shared.counters.accept_failed();
            let rest = sleep(Duration::from_millis(TCP_ACCEPT_REST_MILLISECONDS));
            if until_stop(&shared, rest).await.is_none() {
                return;
            }
            continue;
        };
        let Some(seat) = Seat::take(&shared, peer.ip(), place) else {
            shared.counters.turned_away();
            continue;
        };
        connections.spawn(async move {
            let mut stream = stream;
            // Whatever ends a connection, the client sees that it ended.
            let _ = timeout(seat.shared.patience.total, converse(&mut stream, &seat.shared)).await;
            let _ = timeout(seat.shared.patience.parting, part(&mut stream, &seat.shared)).await;
            drop(seat);
        });
    }
}

/// What `work` gives; `None` where the server shall stop first.
async fn until_stop<T>(shared: &Shared, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = shared.stop.cancelled() => None,
        done = work => Some(done),
    }
}

/// What a connection holds as long as it lives: one of all places, and one of its client's.
struct Seat {
    shared: Arc<Shared>,
    client: Prefix,
    _place: OwnedSemaphorePermit,
}

impl Seat {
    fn take(shared: &Arc<Shared>, peer: IpAddr, place: OwnedSemaphorePermit) -> Option<Self> {
        let client = Prefix::customer(peer);
        let mut clients = shared.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let held = clients.entry(client).or_insert(0);
        if *held >= TCP_CONNECTIONS_PER_CLIENT_MAX {
            return None;
        }
        *held += 1;
        shared.counters.opened();
        Some(Self { shared: Arc::clone(shared), client, _place: place })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.counters.closed();
        let mut clients = self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = clients.get_mut(&self.client) {
            *held -= 1;
            if *held == 0 {
                clients.remove(&self.client);
            }
        }
    }
}

/// Answers the queries of one connection, one after the other.
async fn converse(stream: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reading, mut writing) = stream.split();
    let mut reading = BufReader::with_capacity(1_024, reading);
    let (mut query, mut reply, mut frame) = (Vec::new(), Vec::new(), Vec::new());
    let mut wait = shared.patience.first_octet;
    for _ in 0..shared.patience.queries {
        let message = next_message(&mut reading, &mut query, wait, shared.patience.whole_message);
        match until_stop(shared, message).await {
            Some(message) => message?,
            None => return Ok(()),
        }
        wait = shared.patience.idle;
        let snapshot = shared.published.load();
        let (identity, counters) = (&shared.identity, &*shared.counters);
        let verdict = respond_safely(&snapshot, identity, &query, Transport::Stream, &mut reply, counters);
        drop(snapshot);
        counters.tcp().count(verdict);
        if !verdict.is_reply() {
            continue;
        }
        frame.clear();
        frame.extend_from_slice(&(reply.len() as u16).to_be_bytes());
        frame.extend_from_slice(&reply);
        if !matches!(timeout(shared.patience.write, writing.write_all(&frame)).await, Ok(Ok(()))) {
            counters.tcp().count_unsent(1);
            return Ok(());
        }
    }
    Ok(())
}

/// Ends a connection so that the answers under way arrive: where something is unread when it is closed, the kernel sends a
/// reset, and the client's throws away what it has not handed over (RFC 9293 3.6.1). A stop does not wait for the client.
async fn part(stream: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    stream.shutdown().await?;
    let (mut unread, mut left) = ([0; 4_096], TCP_PARTING_OCTETS_MAX);
    while left > 0 {
        let octets = tokio::select! {
            biased;
            octets = stream.read(&mut unread) => octets?,
            () = shared.stop.cancelled() => 0,
        };
        if octets == 0 {
            break;
        }
        left = left.saturating_sub(octets);
    }
    Ok(())
}

/// Reads one message: two octets of length, then as many (RFC 1035 4.2.2), in any pieces.
async fn next_message(
    reading: &mut (impl AsyncReadExt + Unpin),
    query: &mut Vec<u8>,
    first_octet: Duration,
    whole: Duration,
) -> io::Result<()> {
    let high = timeout(first_octet, reading.read_u8()).await??;
    timeout(whole, async {
        let length = usize::from(u16::from_be_bytes([high, reading.read_u8().await?]));
        if length > TCP_QUERY_OCTETS_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        query.resize(length, 0);
        reading.read_exact(query).await.map(drop)
    })
    .await?
}
