//! Does a port connect strangers to anywhere? It is asked to connect to our own listener, which tells a secret.
//!
//! The listener answers a token with the address that it sees and a signature over both ([`Secret`]). Only who comes back
//! with a right signature has really connected to us, and the address tells whether it came out where it went in.
//!
//! Guarantees: the only address that a proxy is asked for is our listener's; what is read has a bound; whatever the other
//! side sends, the trial gets a verdict. A signature is bound to one token and one address.
//! Never: tries a password; speaks to a third party through a proxy.

use super::converse::Dialogue;
use crate::{
    cases::retest::{Protocol, Token, Verdict},
    limits::{RETEST_PROXY_OCTETS_MAX, RETEST_TRANSCRIPT_OCTETS_MAX},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::{
    fmt,
    net::{IpAddr, SocketAddr, SocketAddrV4},
};

/// What a client sends to the listener, before the token.
const ASKS: &str = "dnsbld-retest ";
/// What the listener answers with, before address and signature.
const PROOF: &str = "dnsbld-proof ";

/// The key of the signatures: made at the start of the process, kept by nobody else.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system gives random bits; without them no secret can be made");
        Self(key)
    }

    fn signature(&self, token: Token, seen: IpAddr) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of every length");
        mac.update(&token.bits());
        mac.update(seen.to_string().as_bytes());
        mac
    }

    /// The token in what came from `seen`, and what the listener says to it: nothing while there is none.
    #[must_use]
    pub fn answer(&self, heard: &[u8], seen: IpAddr) -> Option<(Token, Vec<u8>)> {
        let seen = seen.to_canonical();
        let text = after(heard, ASKS)?;
        let token: Token = std::str::from_utf8(text.get(..32)?).ok()?.parse().ok()?;
        let signature = data_encoding::HEXLOWER.encode(&self.signature(token, seen).finalize().into_bytes());
        let proof = format!("{PROOF}{seen} {signature}\n");
        let http = heard.starts_with(b"POST ") || heard.starts_with(b"GET ");
        let head = format!(
            "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            proof.len()
        );
        Some((token, if http { head + &proof } else { proof }.into_bytes()))
    }

    /// The address that our listener saw, where `heard` has its word for it.
    fn proven(&self, token: Token, heard: &[u8]) -> Option<IpAddr> {
        let mut rest = after(heard, PROOF)?.split(|b| *b == b' ' || *b == b'\n' || *b == b'\r');
        let seen: IpAddr = std::str::from_utf8(rest.next()?).ok()?.parse().ok()?;
        let signature = data_encoding::HEXLOWER.decode(rest.next()?).ok()?;
        self.signature(token, seen).verify_slice(&signature).ok().map(|()| seen)
    }
}

/// What follows `mark` in `heard`.
fn after<'a>(heard: &'a [u8], mark: &str) -> Option<&'a [u8]> {
    let at = heard.windows(mark.len()).position(|window| window == mark.as_bytes())?;
    heard.get(at + mark.len()..)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// SOCKS5: which login it wants.
    Greeting,
    /// Whether it connects.
    Connecting,
    /// Connected, it says: what comes now should be our listener's.
    Through,
    Over,
}

/// One trial of one port.
#[derive(Debug)]
pub struct Trial {
    protocol: Protocol,
    listener: SocketAddr,
    token: Token,
    secret: Secret,
    target: IpAddr,
    at: At,
    heard: Vec<u8>,
    octets: usize,
    /// Where what the listener answers may begin in `heard`.
    verdict: Verdict,
    transcript: String,
}

impl Trial {
    /// Asks `target` for a connection to `listener`.
    #[must_use]
    pub fn new(protocol: Protocol, target: IpAddr, listener: SocketAddr, token: Token, secret: Secret) -> Self {
        Self {
            protocol,
            listener,
            token,
            secret,
            target,
            at: if protocol == Protocol::Socks5 { At::Greeting } else { At::Connecting },
            heard: Vec::new(),
            octets: 0,
            verdict: Verdict::Unanswered,
            transcript: String::new(),
        }
    }

    /// Whether this protocol can name our listener: SOCKS4 knows no IPv6.
    #[must_use]
    pub const fn can_name(protocol: Protocol, listener: SocketAddr) -> bool {
        !matches!((protocol, listener), (Protocol::Socks4, SocketAddr::V6(_)))
    }

    /// What it showed.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The conversation, control characters escaped, the first octets of each piece.
    #[must_use]
    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    fn note(&mut self, who: char, octets: &[u8]) {
        if self.transcript.len() < RETEST_TRANSCRIPT_OCTETS_MAX {
            let shown = &octets[..octets.len().min(200)];
            self.transcript.push_str(&format!("{who} {}\n", shown.escape_ascii()));
        }
    }

    fn ask(&self) -> Vec<u8> {
        format!("{ASKS}{}\r\n", self.token).into_bytes()
    }

    /// SOCKS5's way to write an address and a port.
    fn socks5_request(&self) -> Vec<u8> {
        let mut request = vec![5, 1, 0];
        match self.listener.ip() {
            IpAddr::V4(v4) => {
                request.push(1);
                request.extend(v4.octets());
            }
            IpAddr::V6(v6) => {
                request.push(4);
                request.extend(v6.octets());
            }
        }
        request.extend(self.listener.port().to_be_bytes());
        request
    }

    /// What is answered to what was heard so far; `None`: more is needed.
    fn next(&mut self) -> Option<Vec<u8>> {
        match (self.at, self.protocol) {
            (At::Greeting, _) => {
                let greeting = self.take(2)?;
                if greeting != [5, 0] {
                    return Some(self.conclude(Verdict::Refused));
                }
                self.at = At::Connecting;
                Some(self.socks5_request())
            }
            (At::Connecting, Protocol::Connect | Protocol::Post) if !may_agree(&self.heard) => {
                Some(self.conclude(Verdict::Refused))
            }
            (At::Connecting, Protocol::Post) => {
                self.heard.get(..AGREED.len())?;
                self.at = At::Through;
                Some(Vec::new())
            }
            (At::Connecting, Protocol::Connect) => {
                let end = after_position(&self.heard, b"\r\n\r\n").or_else(|| after_position(&self.heard, b"\n\n"))?;
                self.take(end)?;
                Some(self.through())
            }
            (At::Connecting, Protocol::Socks4) => {
                let reply = self.take(8)?;
                let agreed = reply.starts_with(&[0, 90]);
                Some(if agreed { self.through() } else { self.conclude(Verdict::Refused) })
            }
            (At::Connecting, Protocol::Socks5) => {
                let length = match self.heard.get(..5)? {
                    [5, 0, _, 1, _] => 10,
                    [5, 0, _, 4, _] => 22,
                    [5, 0, _, 3, name] => 7 + usize::from(*name),
                    _ => return Some(self.conclude(Verdict::Refused)),
                };
                self.take(length)?;
                Some(self.through())
            }
            (At::Through, _) => {
                let seen = self.secret.proven(self.token, &self.heard)?;
                let straight = seen == self.target.to_canonical();
                Some(self.conclude(if straight { Verdict::Arrived } else { Verdict::ArrivedElsewhere }))
            }
            (At::Over, _) => None,
        }
    }

    fn through(&mut self) -> Vec<u8> {
        self.at = At::Through;
        self.ask()
    }

    fn conclude(&mut self, verdict: Verdict) -> Vec<u8> {
        self.verdict = verdict;
        self.at = At::Over;
        Vec::new()
    }

    fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        (self.heard.len() >= length).then(|| self.heard.drain(..length).collect())
    }

    /// Enough was read, and our secret is not in it. Web servers answer a POST with a page of their own: that is a refusal. A
    /// port that agreed to connect and then sends what we never said has refused nothing.
    fn flooded(&mut self) {
        if self.at != At::Over {
            let page = self.protocol == Protocol::Post;
            self.conclude(if page { Verdict::Refused } else { Verdict::Unanswered });
        }
    }
}

/// How HTTP agrees, `?` for any octet.
const AGREED: &[u8] = b"HTTP/1.? 200";

/// Whether an answer that begins so may still become one that agrees.
fn may_agree(heard: &[u8]) -> bool {
    heard.iter().zip(AGREED).all(|(octet, agreed)| *agreed == b'?' || octet == agreed)
}

fn after_position(heard: &[u8], mark: &[u8]) -> Option<usize> {
    heard.windows(mark.len()).position(|window| window == mark).map(|at| at + mark.len())
}

impl Dialogue for Trial {
    fn opening(&mut self) -> Vec<u8> {
        let listener = self.listener;
        let opening = match self.protocol {
            Protocol::Connect => format!("CONNECT {listener} HTTP/1.0\r\n\r\n").into_bytes(),
            Protocol::Post => {
                let body = self.ask();
                let head = format!(
                    "POST http://{listener}/ HTTP/1.0\r\nHost: {listener}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                [head.into_bytes(), body].concat()
            }
            Protocol::Socks4 => match listener {
                SocketAddr::V4(v4) => socks4_request(v4),
                SocketAddr::V6(_) => self.conclude(Verdict::Unanswered),
            },
            Protocol::Socks5 => vec![5, 1, 0],
        };
        self.note('>', &opening);
        opening
    }

    fn received(&mut self, octets: &[u8]) -> Vec<u8> {
        if self.is_over() {
            return Vec::new();
        }
        self.note('<', octets);
        self.octets += octets.len();
        self.heard.extend_from_slice(&octets[..octets.len().min(RETEST_PROXY_OCTETS_MAX)]);
        let mut said = Vec::new();
        while let Some(next) = self.next() {
            said.extend(next);
        }
        if self.octets > RETEST_PROXY_OCTETS_MAX {
            self.flooded();
        }
        if !said.is_empty() {
            self.note('>', &said);
        }
        said
    }

    fn closed(&mut self) {
        // Connected and closed at once is how a service that is no proxy, or one that does not like us, says no.
        if self.at != At::Over {
            self.conclude(Verdict::Refused);
        }
    }

    fn timed_out(&mut self) {
        // Who refuses says so at once. What is not over by now may still come through: slowness proves nothing.
        if self.at != At::Over {
            self.conclude(Verdict::Unanswered);
        }
    }

    fn is_over(&self) -> bool {
        self.at == At::Over
    }
}

fn socks4_request(listener: SocketAddrV4) -> Vec<u8> {
    let mut request = vec![4, 1];
    request.extend(listener.port().to_be_bytes());
    request.extend(listener.ip().octets());
    request.push(0);
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    const TARGET: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 9));
    const TOKEN: Token = Token::new([7; 16]);

    fn listener() -> SocketAddr {
        "198.51.100.1:8000".parse().unwrap()
    }

    fn trial(protocol: Protocol) -> (Trial, Secret) {
        let secret = Secret::random();
        let mut trial = Trial::new(protocol, TARGET, listener(), TOKEN, secret.clone());
        trial.opening();
        (trial, secret)
    }

    #[test]
    fn each_protocol_asks_for_our_listener_and_nothing_else() {
        let opening = |protocol| Trial::new(protocol, TARGET, listener(), TOKEN, Secret::random()).opening();
        assert_eq!(opening(Protocol::Connect), b"CONNECT 198.51.100.1:8000 HTTP/1.0\r\n\r\n");
        assert!(opening(Protocol::Post).starts_with(b"POST http://198.51.100.1:8000/ HTTP/1.0\r\n"));
        assert_eq!(opening(Protocol::Socks4), [4, 1, 0x1f, 0x40, 198, 51, 100, 1, 0]);
        assert_eq!(opening(Protocol::Socks5), [5, 1, 0]);
        let (mut trial, _) = trial(Protocol::Socks5);
        assert_eq!(trial.received(&[5, 0]), [5, 1, 0, 1, 198, 51, 100, 1, 0x1f, 0x40]);
    }

    #[test]
    fn a_proxy_that_brings_the_listeners_word_is_open() {
        for (protocol, agreed) in [
            (Protocol::Connect, b"HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n\r\n".to_vec()),
            (Protocol::Socks4, vec![0, 90, 0, 0, 0, 0, 0, 0]),
            (Protocol::Socks5, vec![5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
        ] {
            for (exit, verdict) in
                [(TARGET, Verdict::Arrived), (IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)), Verdict::ArrivedElsewhere)]
            {
                let (mut trial, secret) = trial(protocol);
                let asked = trial.received(&agreed);
                let (token, proof) = secret.answer(&asked, exit).expect("the token is in it");
                assert_eq!(token, TOKEN);
                for octet in proof {
                    trial.received(&[octet]);
                }
                assert_eq!((trial.is_over(), trial.verdict()), (true, verdict), "{protocol:?}");
            }
        }
        let mut post = Trial::new(Protocol::Post, TARGET, listener(), TOKEN, Secret([1; 32]));
        let asked = post.opening();
        post.received(&Secret([1; 32]).answer(&asked, TARGET).unwrap().1);
        assert_eq!(post.verdict(), Verdict::Arrived);
    }

    #[test]
    fn an_answer_without_our_secret_is_a_refusal_and_silence_is_none() {
        for (protocol, answer) in [
            (Protocol::Connect, b"HTTP/1.1 403 Forbidden\r\n\r\n".to_vec()),
            (Protocol::Connect, b"220 mx ESMTP\r\n500 what\r\n\r\n".to_vec()),
            (Protocol::Post, b"HTTP/1.1 405 Method Not Allowed\r\n".to_vec()),
            (Protocol::Post, [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), b"<h1>welcome</h1>".repeat(400)].concat()),
            (Protocol::Socks4, vec![0, 91, 0, 0, 0, 0, 0, 0]),
            (Protocol::Socks5, vec![5, 0xff]),
            (Protocol::Socks5, vec![5, 2]),
            (Protocol::Socks5, vec![5, 0, 5, 2, 0, 1, 0]),
        ] {
            let (mut trial, _) = trial(protocol);
            trial.received(&answer);
            trial.timed_out();
            assert_eq!(trial.verdict(), Verdict::Refused, "{protocol:?} {}", answer.escape_ascii());
        }
        let (mut page, _) = trial(Protocol::Post);
        page.received(b"HTTP/1.1 200 OK\r\n\r\n<h1>welcome</h1>");
        page.closed();
        assert_eq!(page.verdict(), Verdict::Refused);
        let (mut silent, _) = trial(Protocol::Connect);
        silent.timed_out();
        assert_eq!(silent.verdict(), Verdict::Unanswered);
    }

    /// Slow and noisy proxies were taken for closed ones, and their addresses left the list.
    #[test]
    fn a_proxy_that_agreed_and_brings_nothing_in_time_has_not_refused() {
        for (protocol, agreed) in [
            (Protocol::Connect, b"HTTP/1.0 200 Connection established\r\n\r\n".to_vec()),
            (Protocol::Connect, b"HTTP/1.0 200 Conn".to_vec()),
            (Protocol::Post, b"HTTP/1.0 200 OK\r\n\r\n".to_vec()),
            (Protocol::Socks4, vec![0, 90, 0, 0, 0, 0, 0, 0]),
            (Protocol::Socks4, vec![0, 90]),
            (Protocol::Socks5, vec![5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
            (Protocol::Socks5, vec![5, 0]),
        ] {
            let (mut trial, _) = trial(protocol);
            trial.received(&agreed);
            assert!(!trial.is_over(), "{protocol:?}: it is listened to until the time is up");
            trial.timed_out();
            assert_eq!(trial.verdict(), Verdict::Unanswered, "{protocol:?} {}", agreed.escape_ascii());
        }
    }

    #[test]
    fn who_says_yes_and_echoes_or_forges_proves_nothing() {
        let (mut trial, _) = trial(Protocol::Connect);
        let asked = trial.received(b"HTTP/1.0 200 OK\r\n\r\n");
        trial.received(&asked);
        let (_, forged) = Secret::random().answer(&asked, TARGET).unwrap();
        trial.received(&forged);
        assert!(!trial.is_over());
        trial.timed_out();
        assert_eq!(trial.verdict(), Verdict::Unanswered);
    }

    #[test]
    fn a_flood_ends_the_trial_and_is_no_refusal() {
        let (mut trial, _) = trial(Protocol::Connect);
        trial.received(b"HTTP/1.0 200 OK\r\n\r\n");
        for _ in 0..100 {
            trial.received(&[b'x'; 1_000]);
        }
        assert!(trial.is_over() && trial.heard.len() <= 3 * RETEST_PROXY_OCTETS_MAX);
        assert_eq!(trial.verdict(), Verdict::Unanswered);
    }

    proptest! {
        #[test]
        fn whatever_comes_back_is_no_proof_and_gets_a_verdict(
            protocol in prop::sample::select(Protocol::ALL.to_vec()),
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..30),
        ) {
            let (mut trial, _) = trial(protocol);
            for piece in &pieces {
                if !trial.is_over() {
                    trial.received(piece);
                }
            }
            trial.timed_out();
            prop_assert!(trial.is_over());
            prop_assert!(!matches!(trial.verdict(), Verdict::Arrived | Verdict::ArrivedElsewhere));
        }

        #[test]
        fn the_listener_answers_only_where_a_token_is(heard in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(Secret::random().answer(&heard, TARGET), None);
        }
    }
}
