//! The sockets, and the threads' loop over UDP.
//!
//! Guarantees: TCP is bound before UDP and without `SO_REUSEPORT`, which finds a port in use; every UDP worker has a
//! socket of its own (`SO_REUSEPORT`), loads the snapshot after recvmmsg has returned, once for a batch, and holds no
//! snapshot while it waits, and gives way between batches while a change is waited for. v6 sockets take v6 only. No answer
//! leaves in fragments.
//! Never: spawns a thread; [`UdpWorker::run`] is one.

use super::counters::{Counters, Sums};
use super::datagrams::Datagrams;
use super::stream::TcpServer;
use super::wire::HEADER;
use super::{Identity, Transport, respond_safely};
use crate::limits::{UDP_BATCH, UDP_RECEIVE_BUFFER_OCTETS, UDP_STOP_LATENCY_MILLISECONDS, UDP_THREADS_MAX};
use crate::snapshot::{Published, guess_v4};
use arrayvec::ArrayVec;
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{SockaddrIn, SockaddrIn6, SockaddrLike, setsockopt, sockopt};
use rustix::net::sockopt::{Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover};
use socket2::{Domain, Protocol, Socket, Type};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};
use tokio_util::sync::CancellationToken;

/// Connections that wait for `accept`.
const BACKLOG: i32 = 1_024;

/// Other ports that are tried where the kernel chose one for TCP that UDP has in use.
const CHOSEN_PORTS_MAX: usize = 16;

/// Rest after an error of recvmmsg, which would come again at once.
const RECEIVE_REST: Duration = Duration::from_millis(20);

/// Section `[dns]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Addresses that are answered on, over UDP and TCP. Port 0: the kernel chooses.
    pub listen: Vec<SocketAddr>,
    /// UDP threads of each address; 0: one a core.
    pub udp_threads: usize,
    /// The name that NSID answers; empty: the host's.
    pub nsid: String,
}

/// Why an address cannot be answered on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process listens there.
    #[error("DNS cannot listen on {address}: the address is in use (find by whom: ss -lnptu 'sport = :{}')", address.port())]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// A port below 1024 without the right to it.
    #[error(
        "DNS cannot listen on {address}: not allowed; start as root with `user` set, or grant CAP_NET_BIND_SERVICE"
    )]
    Denied {
        /// The address.
        address: SocketAddr,
    },
    /// No interface has it.
    #[error("DNS cannot listen on {address}: this host has no such address")]
    NotHere {
        /// The address.
        address: SocketAddr,
    },
    /// What else the kernel says.
    #[error("DNS cannot listen on {address}: {source}")]
    Other {
        /// The address.
        address: SocketAddr,
        /// The kernel's word.
        source: io::Error,
    },
}

impl BindError {
    fn new(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { address },
            io::ErrorKind::PermissionDenied => Self::Denied { address },
            io::ErrorKind::AddrNotAvailable => Self::NotHere { address },
            _ => Self::Other { address, source },
        }
    }
}

/// Bound sockets that nobody answers on yet. Queries wait in their buffers.
#[derive(Debug)]
pub struct Listeners {
    identity: Arc<Identity>,
    tcp: Vec<TcpListener>,
    udp: Vec<UdpSocket>,
    addresses: Vec<SocketAddr>,
}

/// What has to run so that DNS answers: a thread for each worker, a task for the server.
#[derive(Debug)]
#[must_use]
pub struct Service {
    /// To be run on a thread each.
    pub udp: Vec<UdpWorker>,
    /// To be run as a task.
    pub tcp: TcpServer,
    /// What they count.
    pub counters: Arc<Counters>,
}

impl Listeners {
    /// Binds every address.
    pub fn bind(settings: &Settings) -> Result<Self, BindError> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = if settings.udp_threads == 0 { cores } else { settings.udp_threads }.min(UDP_THREADS_MAX);
        let identity = Arc::new(Identity::new(&settings.nsid));
        let mut bound = Self { identity, tcp: Vec::new(), udp: Vec::new(), addresses: Vec::new() };
        for address in &settings.listen {
            let (listener, sockets) = bind_both(*address, threads).map_err(|e| BindError::new(*address, e))?;
            let local = listener.local_addr().map_err(|e| BindError::new(*address, e))?;
            bound.addresses.push(local);
            bound.tcp.push(listener);
            bound.udp.extend(sockets);
        }
        Ok(bound)
    }

    /// The addresses, with the ports that the kernel chose.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What has to run. Everything ends when `stop` is cancelled: workers within a quarter of a second, TCP when the
    /// answers under way are written.
    pub fn serve(self, published: &Arc<Published>, stop: &CancellationToken) -> Service {
        let counters = Arc::new(Counters::new(self.udp.len()));
        let worker = |(number, socket)| UdpWorker {
            number,
            socket,
            published: Arc::clone(published),
            identity: Arc::clone(&self.identity),
            counters: Arc::clone(&counters),
            // A token of its own: asking it costs a lock that no other thread touches.
            stop: stop.child_token(),
        };
        let udp = self.udp.into_iter().enumerate().map(worker).collect();
        let shared = (Arc::clone(published), Arc::clone(&self.identity), Arc::clone(&counters));
        let tcp = TcpServer::new(self.tcp, shared.0, shared.1, shared.2, stop.clone());
        Service { udp, tcp, counters }
    }
}

/// Binds TCP, then the UDP sockets of the same port.
fn bind_both(address: SocketAddr, threads: usize) -> io::Result<(TcpListener, Vec<UdpSocket>)> {
    let mut tries = if address.port() == 0 { CHOSEN_PORTS_MAX } else { 1 };
    loop {
        tries -= 1;
        let listener = bind_tcp(address)?;
        let local = listener.local_addr()?;
        let sockets: io::Result<Vec<UdpSocket>> = (0..threads.max(1)).map(|_| bind_udp(local)).collect();
        match sockets {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            sockets => return Ok((listener, sockets?)),
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Not SO_REUSEPORT. SO_REUSEADDR passes over connections in TIME_WAIT alone, not over a listener.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_port(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if address.ip().is_unspecified() {
        match address {
            SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?,
            SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?,
        }
    }
    // RFC 9715: no answer is sent in fragments, and nobody's word about the path makes it so. With at most 1,232 octets it fits.
    match address {
        SocketAddr::V4(_) => set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::PROBE)?,
        SocketAddr::V6(_) => set_ipv6_mtu_discover(&socket, Ipv6PathMtuDiscovery::PROBE)?,
    }
    // Beyond net.core.rmem_max only the privileged may go; the others get what the kernel gives.
    if setsockopt(&socket, sockopt::RcvBufForce, &UDP_RECEIVE_BUFFER_OCTETS).is_err() {
        socket.set_recv_buffer_size(UDP_RECEIVE_BUFFER_OCTETS)?;
    }
    socket.set_read_timeout(Some(Duration::from_millis(UDP_STOP_LATENCY_MILLISECONDS)))?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// One UDP socket and what answers on it. Runs on a thread of its own.
#[derive(Debug)]
pub struct UdpWorker {
    number: usize,
    socket: UdpSocket,
    published: Arc<Published>,
    identity: Arc<Identity>,
    counters: Arc<Counters>,
    stop: CancellationToken,
}

impl UdpWorker {
    /// A name for its thread.
    #[must_use]
    pub fn name(&self) -> String {
        format!("dns-udp-{}", self.number)
    }

    /// Answers until it shall stop.
    pub fn run(self) {
        let wildcard = |control| self.socket.local_addr().is_ok_and(|a| a.ip().is_unspecified()).then_some(control);
        if self.socket.local_addr().is_ok_and(|address| address.is_ipv6()) {
            let control = wildcard(nix::cmsg_space!(libc::in6_pktinfo));
            self.answer(Datagrams::<SockaddrIn6>::new(control));
        } else {
            let control = wildcard(nix::cmsg_space!(libc::in_pktinfo));
            self.answer(Datagrams::<SockaddrIn>::new(control));
        }
    }

    fn answer<A: SockaddrLike + Copy>(&self, mut datagrams: Datagrams<A>) {
        let cell = self.counters.udp(self.number);
        let mut reader = self.published.reader();
        while !self.stop.is_cancelled() {
            match datagrams.receive(&self.socket) {
                Ok(()) => {}
                Err(Errno::EAGAIN | Errno::EINTR) => {
                    // An idle thread lets go of the snapshot that it last answered from: it may be one of many megabytes.
                    reader.load();
                    continue;
                }
                Err(_) => {
                    thread::sleep(RECEIVE_REST);
                    continue;
                }
            }
            let snapshot = reader.load();
            let names = datagrams.queries().map(|query| query.get(HEADER..).unwrap_or_default());
            let asked: ArrayVec<_, UDP_BATCH> = names.map(guess_v4).collect();
            snapshot.touch_v4(&asked);
            let mut counted = Sums::default();
            datagrams.answer(|query, reply| {
                let verdict = respond_safely(snapshot, &self.identity, query, Transport::Udp, reply, &self.counters);
                counted.count(verdict);
                verdict.is_reply()
            });
            // Before they are sent: who has an answer finds it counted.
            cell.add(&counted);
            let refused = datagrams.send(&self.socket);
            if refused > 0 {
                cell.count_unsent(refused);
            }
            // Under full load this thread would keep its core for whole ticks, and each thread that a change goes through
            // would wait for one.
            if self.published.is_awaited() {
                thread::yield_now();
            }
        }
    }
}

#[cfg(test)]
mod tests;
