//! The listeners: HTTP/1.1 connections, counted, timed and ended.
//!
//! ```text
//! accept > caps (all, per client) > hyper: head within 10 s and 16 KiB > one Host > router > answer
//!                                                                    stop: finish what runs, 1.5 s, then cut
//! ```
//! Guarantees: connections, heads and stalls are bounded by limits.rs; a failed `accept` pauses, logs and goes on; a stop
//! lets running requests finish for [`HTTP_DRAIN_TIME`]. An answer that its reader does not take for
//! [`HTTP_STALL_TIME`] is dropped by the kernel (`TCP_USER_TIMEOUT`).
//! Never: speaks HTTP/2 or TLS; a proxy in front does.

use super::{
    Problem, Settings,
    caller::{Door, Peer, contains},
};
use crate::{
    descriptors,
    limits::{
        ACCEPT_PAUSE, HTTP_CONNECTIONS_MAX, HTTP_CONNECTIONS_PER_CLIENT_MAX, HTTP_DRAIN_TIME, HTTP_HEAD_OCTETS_MAX,
        HTTP_HEAD_TIME, HTTP_HEADERS_MAX, HTTP_STALL_TIME,
    },
    list::Prefix,
};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Version, header::HOST, uri::Authority},
    response::IntoResponse as _,
};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// An address that cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("{address} cannot be bound for HTTP: {error}")]
pub struct BindError {
    /// Ours.
    pub address: SocketAddr,
    /// The system's.
    #[source]
    pub error: io::Error,
}

/// Bound sockets, not yet served.
#[derive(Debug)]
pub struct Listeners {
    sockets: Vec<(TcpListener, Door)>,
}

/// Connections of each client, so that one cannot take them all.
type PerClient = Arc<Mutex<HashMap<Prefix, usize>>>;

/// One connection's place; free again when dropped.
struct Place {
    _all: OwnedSemaphorePermit,
    of_client: Option<(PerClient, Prefix)>,
}

impl Listeners {
    /// Binds `listen` and `admin_listen`.
    ///
    /// # Errors
    /// [`BindError`]
    pub fn bind(settings: &Settings) -> Result<Self, BindError> {
        let wanted = [Some((settings.listen, Door::Public)), settings.admin_listen.map(|a| (a, Door::Admin))];
        let bound = wanted.into_iter().flatten().map(|(address, door)| {
            bind(address).map(|socket| (socket, door)).map_err(|error| BindError { address, error })
        });
        Ok(Self { sockets: bound.collect::<Result<_, _>>()? })
    }

    /// The addresses in use, the public one first: what port 0 became.
    ///
    /// # Errors
    /// The system's.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.sockets.iter().map(|(socket, _)| socket.local_addr()).collect()
    }

    /// Serves until `stop`, then drains.
    ///
    /// # Errors
    /// A socket that the runtime does not take; nothing was served then.
    pub async fn serve(
        self,
        router: Router,
        settings: watch::Receiver<Arc<Settings>>,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let all = Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX));
        let mut loops = JoinSet::new();
        for (socket, door) in self.sockets {
            let listener = tokio::net::TcpListener::from_std(socket)?;
            let accepting = Accepting {
                door,
                router: router.clone(),
                settings: settings.clone(),
                all: Arc::clone(&all),
                of_clients: PerClient::default(),
            };
            loops.spawn(accepting.run(listener, stop.clone()));
        }
        while loops.join_next().await.is_some() {}
        Ok(())
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1_024)?;
    Ok(socket.into())
}

/// The loop of one listener.
struct Accepting {
    door: Door,
    router: Router,
    settings: watch::Receiver<Arc<Settings>>,
    all: Arc<Semaphore>,
    of_clients: PerClient,
}

impl Accepting {
    async fn run(self, listener: tokio::net::TcpListener, stop: CancellationToken) {
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.accept(&listener) => accepted,
            };
            match accepted {
                Ok((stream, address, permit)) => {
                    if let Some(place) = self.place(permit, address) {
                        self.open(stream, address, place, &graceful, &mut connections);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        // What does not finish in time is cut by dropping the set.
        if timeout(HTTP_DRAIN_TIME, graceful.shutdown()).await.is_err() {
            tracing::info!(open = connections.len(), "requests that did not finish are cut");
        }
        connections.shutdown().await;
    }

    /// The next connection, once there is a place for it.
    async fn accept(
        &self,
        listener: &tokio::net::TcpListener,
    ) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.all).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, address) = descriptors::accept(listener).await?;
        Ok((stream, address, permit))
    }

    /// A place for a connection from `address`, unless its client has enough.
    fn place(&self, permit: OwnedSemaphorePermit, address: SocketAddr) -> Option<Place> {
        let ip = address.ip().to_canonical();
        if ip.is_loopback() || contains(&self.settings.borrow().trusted_proxies, ip) {
            return Some(Place { _all: permit, of_client: None });
        }
        let client = Prefix::customer(ip);
        let mut counts = self.of_clients.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_default();
        if *count >= HTTP_CONNECTIONS_PER_CLIENT_MAX {
            return None;
        }
        *count += 1;
        Some(Place { _all: permit, of_client: Some((Arc::clone(&self.of_clients), client)) })
    }

    fn open(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        place: Place,
        graceful: &GracefulShutdown,
        connections: &mut JoinSet<()>,
    ) {
        // Both only make things better; a connection without them is served as well.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(HTTP_STALL_TIME));
        let peer = Peer { address, door: self.door };
        let router = self.router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            let router = router.clone();
            async move {
                match host_of(request.version(), request.headers()) {
                    Ok(()) => router.oneshot(request).await,
                    Err(problem) => Ok(problem.into_response()),
                }
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HTTP_HEAD_TIME)
            .max_headers(HTTP_HEADERS_MAX)
            .max_buf_size(HTTP_HEAD_OCTETS_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            let _place = place;
            // Broken connections are the client's affair: it is gone.
            let _ = connection.await;
        });
    }
}

/// A request of HTTP/1.1 names its host, once (RFC 9112 3.2): proxies and caches tell servers apart by it, and where two of
/// them read a request differently, one of them is led astray. HTTP/1.0 may go without.
fn host_of(version: Version, headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version < Version::HTTP_11 => Ok(()),
        (None, _) => Err(Problem::malformed("a request of HTTP/1.1 names its host; send the header Host")),
        (Some(_), Some(_)) => Err(Problem::malformed("a request has one header Host; leave the others out")),
        (Some(host), None) => {
            let host = host.to_str().unwrap_or("\u{fffd}");
            let reads = host.is_empty() || host.parse::<Authority>().is_ok() && !host.contains('@');
            let wrong = || Problem::malformed("the header Host is a name or an address, perhaps with :port");
            reads.then_some(()).ok_or_else(wrong)
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((counts, client)) = &self.of_client {
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = counts.get_mut(client) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(client);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn server(stop: &CancellationToken) -> (SocketAddr, JoinSet<io::Result<()>>) {
        let settings = Settings { listen: "127.0.0.1:0".parse().unwrap(), ..Settings::default() };
        let listeners = Listeners::bind(&settings).unwrap();
        let address = listeners.addresses().unwrap()[0];
        let (_, watched) = watch::channel(Arc::new(settings));
        let router = Router::new().route("/", get(|| async { "here" }));
        let mut set = JoinSet::new();
        set.spawn(listeners.serve(router, watched, stop.clone()));
        (address, set)
    }

    #[tokio::test]
    async fn it_serves_until_it_is_stopped_and_then_ends() {
        let stop = CancellationToken::new();
        let (address, mut set) = server(&stop);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut octets = [0; 1_024];
        let length = stream.read(&mut octets).await.unwrap();
        assert!(std::str::from_utf8(&octets[..length]).unwrap().starts_with("HTTP/1.1 200"));
        stop.cancel();
        set.join_next().await.unwrap().unwrap().unwrap();
        assert_eq!(stream.read(&mut octets).await.unwrap(), 0);
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn a_head_beyond_its_bound_is_refused() {
        let stop = CancellationToken::new();
        let (address, _set) = server(&stop);
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(2 * HTTP_HEAD_OCTETS_MAX));
        // The server may close before it has read everything.
        let _ = stream.write_all(head.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    }

    #[tokio::test]
    async fn a_request_names_its_host_once() {
        let stop = CancellationToken::new();
        let (address, _set) = server(&stop);
        for (head, status) in [
            ("GET / HTTP/1.1\r\n", "HTTP/1.1 400"),
            ("GET http://x/ HTTP/1.1\r\n", "HTTP/1.1 400"),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n", "HTTP/1.1 400"),
            ("GET / HTTP/1.1\r\nHost: a b\r\n", "HTTP/1.1 400"),
            ("GET / HTTP/1.1\r\nHost: \u{e9}\r\n", "HTTP/1.1 400"),
            ("GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n", "HTTP/1.0 400"),
            ("GET / HTTP/1.1\r\nHost:\r\n", "HTTP/1.1 200"),
            ("GET / HTTP/1.1\r\nHost: [::1]:8053\r\n", "HTTP/1.1 200"),
            ("GET / HTTP/1.0\r\n", "HTTP/1.0 200"),
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with(status), "{head}: {answer}");
            assert!(status.ends_with("200") || answer.contains("application/problem+json"), "{answer}");
        }
    }

    #[test]
    fn a_port_in_use_is_named() {
        let first =
            Listeners::bind(&Settings { listen: "127.0.0.1:0".parse().unwrap(), ..Settings::default() }).unwrap();
        let taken = first.addresses().unwrap()[0];
        let error = Listeners::bind(&Settings { listen: taken, ..Settings::default() }).unwrap_err();
        assert_eq!(error.address, taken);
        assert!(error.to_string().contains(&taken.to_string()));
    }
}
