//! The sockets, as they are: real datagrams and streams on loopback, on ports that the kernel chooses.

use super::super::Outcome;
use super::super::stream::Patience;
use super::super::tests::{query, snapshot, with_opt};
use super::*;
use crate::limits::{TCP_CONNECTIONS_PER_CLIENT_MAX, TCP_QUERY_OCTETS_MAX};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;
use tokio::runtime::Runtime;

/// A running server; stops when dropped.
struct Running {
    address: SocketAddr,
    counters: Arc<Counters>,
    stop: CancellationToken,
    workers: Vec<JoinHandle<()>>,
    tcp: Option<JoinHandle<()>>,
}

/// Long enough never to be seen on a slow machine.
const LONG: Duration = Duration::from_secs(30);

fn patient() -> Patience {
    Patience {
        first_octet: LONG,
        whole_message: LONG,
        idle: LONG,
        total: LONG,
        write: LONG,
        parting: LONG,
        queries: 1_000,
    }
}

fn start(listen: &str, patience: Patience) -> Running {
    let settings = Settings { listen: vec![listen.parse().unwrap()], udp_threads: 2, nsid: "test-server".into() };
    let listeners = Listeners::bind(&settings).unwrap();
    let address = listeners.addresses()[0];
    let published = Arc::new(Published::new((*snapshot()).clone()));
    let stop = CancellationToken::new();
    let service = listeners.serve(&published, &stop);
    let workers = service.udp.into_iter().map(|worker| thread::spawn(move || worker.run())).collect();
    let tcp = service.tcp.with_patience(patience);
    let tcp = thread::spawn(move || Runtime::new().unwrap().block_on(tcp.run()));
    Running { address, counters: service.counters, stop, workers, tcp: Some(tcp) }
}

impl Running {
    fn udp(&self, server: &str) -> UdpSocket {
        let client = UdpSocket::bind(if self.address.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" }).unwrap();
        client.connect((server, self.address.port())).unwrap();
        client.set_read_timeout(Some(LONG)).unwrap();
        client
    }

    fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    /// Waits for all threads, which have to see that they shall stop.
    fn end(&mut self) {
        self.stop.cancel();
        for worker in self.workers.drain(..).chain(self.tcp.take()) {
            worker.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn numbered(number: u16) -> Vec<u8> {
    let mut message = query("8.100.51.198.bl.test", 1);
    message[..2].copy_from_slice(&number.to_be_bytes());
    message
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes()[..], message].concat()
}

fn read_framed(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).unwrap();
    message
}

/// Reads until the server closes; an error counts as closed.
fn is_closed(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => rest.is_empty(),
        Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn datagrams_are_answered_in_batches_and_counted() {
    for (listen, server) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1")] {
        let mut running = start(listen, patient());
        let client = running.udp(server);
        for number in 0..100 {
            client.send(&numbered(number)).unwrap();
        }
        client.send(&[0x80; 40]).unwrap();
        let mut seen = Vec::new();
        let mut buffer = [0; 1_500];
        for _ in 0..100 {
            let octets = client.recv(&mut buffer).unwrap();
            assert_eq!(buffer[octets - 4..octets], [127, 0, 0, 10]);
            seen.push(u16::from_be_bytes([buffer[0], buffer[1]]));
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
        // The dropped one came behind the others and may not be counted yet.
        while running.counters.figures().udp.received() < 101 {
            thread::yield_now();
        }
        running.end();
        let sums = running.counters.figures().udp;
        assert_eq!((sums.of(Outcome::Listed), sums.of(Outcome::Dropped), sums.unsent), (100, 1, 0));
    }
}

/// A resolver takes an answer only from the address that it asked.
#[test]
fn a_wildcard_socket_answers_from_the_address_asked() {
    let running = start("0.0.0.0:0", patient());
    let clients = ["127.0.0.2", "127.0.0.1", "127.0.0.3"].map(|server| running.udp(server));
    for number in 0..30 {
        for client in &clients {
            client.send(&numbered(number)).unwrap();
        }
    }
    let mut buffer = [0; 1_500];
    for client in &clients {
        for _ in 0..30 {
            // A connected socket hears its peer alone.
            client.recv(&mut buffer).unwrap();
        }
    }
    let running = start("[::]:0", patient());
    let client = UdpSocket::bind("[::1]:0").unwrap();
    client.connect(("::1", running.address.port())).unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    client.send(&numbered(1)).unwrap();
    client.recv(&mut buffer).unwrap();
}

/// RFC 9715: whoever forges the second fragment of an answer needs to guess nothing.
#[test]
fn no_answer_leaves_in_fragments() {
    let listen = ["127.0.0.1:0", "[::1]:0"].map(|address| address.parse().unwrap()).to_vec();
    let bound = Listeners::bind(&Settings { listen, udp_threads: 1, nsid: String::new() }).unwrap();
    let [v4, v6] = &bound.udp[..] else { panic!("one socket an address") };
    assert_eq!(rustix::net::sockopt::ip_mtu_discover(v4).unwrap(), Ipv4PathMtuDiscovery::PROBE);
    assert_eq!(rustix::net::sockopt::ipv6_mtu_discover(v6).unwrap(), Ipv6PathMtuDiscovery::PROBE);
}

#[test]
fn an_address_in_use_is_named() {
    let first = start("127.0.0.1:0", patient());
    let settings = Settings { listen: vec![first.address], udp_threads: 1, nsid: String::new() };
    let error = Listeners::bind(&settings).unwrap_err();
    assert!(matches!(error, BindError::InUse { address } if address == first.address), "{error}");
    assert!(error.to_string().contains(&first.address.to_string()) && error.to_string().contains("in use"));
    let elsewhere = Settings { listen: vec!["192.0.2.1:0".parse().unwrap()], udp_threads: 1, nsid: String::new() };
    assert!(matches!(Listeners::bind(&elsewhere), Err(BindError::NotHere { .. })));
    // A server that holds UDP alone is found too.
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let settings = Settings { listen: vec![udp.local_addr().unwrap()], udp_threads: 1, nsid: String::new() };
    assert!(matches!(Listeners::bind(&settings), Err(BindError::InUse { .. })));
}

#[test]
fn a_stream_is_answered_in_order_in_any_pieces() {
    let mut running = start("127.0.0.1:0", patient());
    let mut stream = running.tcp();
    let all: Vec<u8> = (0..200).flat_map(|number| framed(&numbered(number))).collect();
    let (first, rest) = all.split_at(all.len() / 2 + 1);
    stream.write_all(first).unwrap();
    stream.write_all(&rest[..1]).unwrap();
    stream.write_all(&rest[1..]).unwrap();
    for number in 0..200_u16 {
        assert_eq!(read_framed(&mut stream)[..2], number.to_be_bytes());
    }
    // Less than a header gets nothing, and what follows is answered.
    stream.write_all(&[0, 3, 1, 2, 3, 0, 0]).unwrap();
    stream.write_all(&framed(&with_opt(query("80.2.0.192.many.bl.test", 1), 512, 0, 0, &[]))).unwrap();
    assert!(read_framed(&mut stream).len() > 1_232, "whole over TCP");
    drop(stream);
    running.end();
    let sums = running.counters.figures().tcp;
    assert_eq!((sums.of(Outcome::Listed), sums.of(Outcome::Dropped), sums.truncated), (201, 2, 0));
    assert_eq!(running.counters.figures().tcp_open, 0);
}

#[test]
fn a_client_that_keeps_us_waiting_is_closed() {
    let short = Duration::from_millis(30);
    let silent = start("127.0.0.1:0", Patience { first_octet: short, ..patient() });
    assert!(is_closed(silent.tcp()), "nothing at all");

    let slow = start("127.0.0.1:0", Patience { whole_message: short, ..patient() });
    let mut stream = slow.tcp();
    stream.write_all(&framed(&numbered(1))[..9]).unwrap();
    assert!(is_closed(stream), "a message that does not end");
    let mut stream = slow.tcp();
    stream.write_all(&[0]).unwrap();
    assert!(is_closed(stream), "half a length");

    let idle = start("127.0.0.1:0", Patience { idle: short, ..patient() });
    let mut stream = idle.tcp();
    stream.write_all(&framed(&numbered(1))).unwrap();
    read_framed(&mut stream);
    assert!(is_closed(stream), "nothing after the first");

    let total = start("127.0.0.1:0", Patience { total: short, ..patient() });
    assert!(is_closed(total.tcp()), "a connection that has lived long enough");
}

#[test]
fn a_client_that_takes_no_answers_is_closed() {
    let short = Duration::from_millis(100);
    let running = start("127.0.0.1:0", Patience { write: short, queries: u32::MAX, ..patient() });
    let mut stream = running.tcp();
    stream.set_write_timeout(Some(LONG)).unwrap();
    let burst: Vec<u8> = (0..1_000).flat_map(|_| framed(&query("80.2.0.192.many.bl.test", 1))).collect();
    // Buffers on both sides fill up, then the server gives up and the connection breaks.
    while stream.write_all(&burst).is_ok() {}
    while running.counters.figures().tcp_open > 0 {
        thread::yield_now();
    }
    assert_eq!(running.counters.figures().tcp.unsent, 1);
}

#[test]
fn a_client_that_wants_too_much_is_closed() {
    let running = start("127.0.0.1:0", Patience { queries: 3, ..patient() });
    let mut stream = running.tcp();
    let burst: Vec<u8> = (0..3).flat_map(|number| framed(&numbered(number))).collect();
    stream.write_all(&burst).unwrap();
    for _ in 0..3 {
        read_framed(&mut stream);
    }
    assert!(is_closed(stream), "its queries are used up");

    let mut stream = running.tcp();
    stream.write_all(&(TCP_QUERY_OCTETS_MAX as u16 + 1).to_be_bytes()).unwrap();
    assert!(is_closed(stream), "a message longer than any query");

    let running = start("127.0.0.1:0", patient());
    let mut held: Vec<_> = (0..TCP_CONNECTIONS_PER_CLIENT_MAX).map(|_| running.tcp()).collect();
    for stream in &mut held {
        stream.write_all(&framed(&numbered(1))).unwrap();
        read_framed(stream);
    }
    assert!(is_closed(running.tcp()), "one connection too many");
    assert_eq!(running.counters.figures().tcp_over_cap, 1);
    held.pop();
    while running.counters.figures().tcp_open == u64::from(TCP_CONNECTIONS_PER_CLIENT_MAX) {
        thread::yield_now();
    }
    let mut stream = running.tcp();
    stream.write_all(&framed(&numbered(2))).unwrap();
    assert_eq!(read_framed(&mut stream)[..2], [0, 2], "a place that was left can be taken");
}

/// Reads all answers that come before the end; their numbers.
fn read_answers(stream: &mut TcpStream) -> Vec<u16> {
    let mut came = Vec::new();
    stream.read_to_end(&mut came).expect("an end, not a reset");
    let mut answers = Vec::new();
    while let Some((length, rest)) = came.split_first_chunk() {
        let (answer, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        answers.push(u16::from_be_bytes([answer[0], answer[1]]));
        came = rest.to_vec();
    }
    answers
}

/// The server closed over what it had not read: the kernel reset the connection, and of 1,000 answers 34 arrived.
#[test]
fn all_answers_arrive_though_more_was_asked_than_is_answered() {
    let running = start("127.0.0.1:0", patient());
    let mut stream = running.tcp();
    let burst: Vec<u8> = (0..1_500).flat_map(|number| framed(&numbered(number))).collect();
    stream.write_all(&burst).unwrap();
    assert_eq!(read_answers(&mut stream), (0..1_000).collect::<Vec<_>>());
}

#[test]
fn an_answer_arrives_though_what_follows_its_query_is_too_long() {
    let running = start("127.0.0.1:0", patient());
    let mut stream = running.tcp();
    stream.write_all(&[framed(&numbered(7)), vec![0xff; 20_000]].concat()).unwrap();
    assert_eq!(read_answers(&mut stream), [7]);
}

#[test]
fn a_client_that_does_not_close_when_the_server_did_is_left() {
    let short = Duration::from_millis(30);
    let running = start("127.0.0.1:0", Patience { parting: short, queries: 1, ..patient() });
    let mut stream = running.tcp();
    stream.write_all(&framed(&numbered(1))).unwrap();
    assert_eq!(read_answers(&mut stream), [1]);
    while running.counters.figures().tcp_open > 0 {
        thread::yield_now();
    }
    let running = start("127.0.0.1:0", Patience { queries: 1, ..patient() });
    let mut endless = running.tcp();
    // It ends because of the octets: there is time enough.
    while endless.write_all(&framed(&numbered(1))).is_ok() {}
}

#[test]
fn a_stop_ends_every_worker_and_closes_idle_connections() {
    let mut running = start("127.0.0.1:0", patient());
    let mut stream = running.tcp();
    stream.write_all(&framed(&numbered(1))).unwrap();
    read_framed(&mut stream);
    running.end();
    assert!(is_closed(stream));
    assert_eq!(running.counters.figures().tcp_open, 0);
}
