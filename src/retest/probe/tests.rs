//! Hostile peers on loopback, over real sockets: what they can cost.

use super::*;
use crate::{
    cases::retest::Protocol,
    retest::{Came, converse::Dialogue as _},
};
use std::{
    convert::Infallible,
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc::{Receiver, channel},
};
use tokio_util::sync::CancellationToken;

/// Shorter than a real test has: the bound is the same code.
const PATIENCE: Duration = Duration::from_millis(400);

fn session() -> Session {
    let tester = Tester {
        ehlo: "probe.example".into(),
        contact: "postmaster@dnsbl.example".into(),
        domain: "in.example".into(),
        page: "https://dnsbl.example".into(),
    };
    let trials = Form::ALL.into_iter().map(|form| (form, Token::random())).collect();
    Session::new(Plan {
        tester,
        address: Ipv4Addr::LOCALHOST.into(),
        date: "Wed, 25 Nov 2026 03:00:00 +0000".into(),
        trials,
    })
}

/// One session against a peer that does what `peer` does with its first connection. Ends within the patience, or the
/// test's own time runs out.
async fn against<F: Future<Output = ()>>(peer: impl FnOnce(TcpStream) -> F) -> Session {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hostile = async {
        let (stream, _) = listener.accept().await.unwrap();
        peer(stream).await;
        std::future::pending::<()>().await;
    };
    let ours = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut session = session();
        converse(&mut stream, &mut session, Instant::now() + PATIENCE).await;
        session
    };
    let both = async {
        tokio::select! {
            session = ours => session,
            () = hostile => unreachable!("a peer waits for ever"),
        }
    };
    tokio::time::timeout(Duration::from_secs(20), both).await.expect("a session ends whatever the peer does")
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_left_when_the_time_is_up() {
    let session = against(|stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await;
    assert_eq!((session.end(), session.greeted()), (Some(End::Late), false));
}

#[tokio::test]
async fn a_tarpit_is_left_when_the_time_is_up_though_it_never_stops_talking() {
    let session = against(|mut stream| async move {
        stream.write_all(b"220 tar.example\r\n").await.unwrap();
        while stream.write_all(b"2").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!((session.end(), session.greeted()), (Some(End::Late), true));
}

#[tokio::test]
async fn an_endless_line_and_an_endless_reply_end_at_their_bounds() {
    for piece in [b"2".repeat(64 << 10), b"250-on and on\r\n".repeat(4_096), vec![0; 64 << 10]] {
        let session = against(|mut stream| async move { while stream.write_all(&piece).await.is_ok() {} }).await;
        assert_eq!(session.end(), Some(End::Unruly));
    }
}

#[tokio::test]
async fn a_reset_and_half_a_goodbye_are_just_an_end() {
    let session = against(|mut stream| async move {
        stream.write_all(b"220 mx.example\r\n").await.unwrap();
        // Its EHLO has come: the connection stands on both sides.
        stream.read_u8().await.unwrap();
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        drop(stream);
    })
    .await;
    assert_eq!((session.end(), session.greeted()), (Some(End::Dropped), true));
    let session = against(|mut stream| async move {
        stream.write_all(b"220 mx.example\r\n25").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.ok();
    })
    .await;
    assert_eq!((session.end(), session.greeted()), (Some(End::Dropped), true));
}

/// A proxy at an IPv6 address was asked for the IPv4 address of our listener: one that has no way there refuses, and was
/// clean; one that has comes from another address. Both are open to anyone who asks for what they reach.
#[tokio::test]
async fn a_proxy_that_cannot_reach_our_listener_is_not_tested() {
    let tester = Tester { ehlo: String::new(), contact: String::new(), domain: String::new(), page: String::new() };
    let rules = Rules { documentation_ranges: true, ..Rules::default() };
    let mut prober = Prober { rules, from: Vec::new(), tester, lure: None, secret: Secret::random() };
    for (address, lure) in
        [("2001:db8::7", Some("198.51.100.1:80")), ("192.0.2.7", Some("[2001:db8::1]:80")), ("192.0.2.7", None)]
    {
        prober.lure = lure.map(|lure| lure.parse().unwrap());
        let address = address.parse().unwrap();
        let trials = vec![(Variant::Proxy(Protocol::Connect, 80), Token::random())];
        let probe = Probe { address, suspicion: Suspicion::Proxy, trials, date: String::new() };
        let made = prober.run(&probe).await;
        assert!(matches!(made, Err(ProbeError::NoLure(of)) if of == address), "{lure:?}");
    }
}

/// The listener that proxies are asked for: where it is, its secret, how it ends, and what it tells.
async fn lure() -> (impl Future<Output = Result<(), Infallible>>, SocketAddr, Secret, CancellationToken, Receiver<Came>)
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (secret, stop) = (Secret::random(), CancellationToken::new());
    let (came, coming) = channel(8);
    let served = crate::retest::serve_lure(listener, secret.clone(), came, stop.clone());
    (served, address, secret, stop, coming)
}

/// What comes of a trial by a proxy that asks the listener itself.
async fn asked_of(address: SocketAddr, token: Token, secret: &Secret) -> Verdict {
    let mut trial = Trial::new(Protocol::Post, Ipv4Addr::LOCALHOST.into(), address, token, secret.clone());
    let mut stream = TcpStream::connect(address).await.unwrap();
    converse(&mut stream, &mut trial, Instant::now() + Duration::from_secs(10)).await;
    assert!(trial.is_over());
    trial.verdict()
}

#[tokio::test]
async fn the_listener_gives_its_secret_to_a_token_and_to_nothing_else_and_tells_of_it() {
    let (served, address, secret, stop, mut coming) = lure().await;
    let token = Token::random();
    let asked = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&vec![b'x'; 8 << 10]).await.unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.ok();
        assert!(heard.is_empty());
        let verdict = asked_of(address, token, &secret).await;
        stop.cancel();
        verdict
    };
    let (_, verdict) = tokio::join!(served, asked);
    assert_eq!(verdict, Verdict::Arrived);
    assert_eq!(coming.recv().await, Some(Came { token, from: Ipv4Addr::LOCALHOST.into() }));
    assert_eq!(coming.recv().await, None, "of nothing else");
}

/// Who held all places kept every proxy out, and what comes to no listener counts towards clean.
#[tokio::test]
async fn the_listener_hears_a_proxy_though_all_its_places_are_held() {
    let (served, address, secret, stop, mut coming) = lure().await;
    let token = Token::random();
    let asked = async {
        let mut held = Vec::new();
        for _ in 0..2 * crate::limits::LURE_CONNECTIONS_MAX {
            held.push(TcpStream::connect(address).await.unwrap());
        }
        let verdict = asked_of(address, token, &secret).await;
        stop.cancel();
        verdict
    };
    let (_, verdict) = tokio::join!(served, asked);
    assert_eq!((verdict, coming.recv().await.map(|came| came.token)), (Verdict::Arrived, Some(token)));
}
