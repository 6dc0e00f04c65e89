//! Our receiving mail server: listens, bounds what others may cost, and tells the mailroom what arrives.
//!
//! Guarantees: connections in all, of one client and of its neighbours, the time of a session and of a pause are bounded; a
//! connection that comes is taken or turned away with 421 at once; the mailroom is told when mail may have been turned away;
//! "250" after a message is said only when the mailroom has it on disk.
//! Never: sends a bounce, or takes a mail that nobody waits for and that is sent to no trap.

use super::{
    places::{Places, Seat, Seated, Unheard},
    server::{Act, Arrival, Server, Untaken, Wanted},
};
use crate::{
    descriptors,
    limits::{ACCEPT_PAUSE, INBOX_PAUSE_TIME, INBOX_SESSION_TIME},
};
use async_trait::async_trait;
use std::{convert::Infallible, fmt, io::Write as _, net::IpAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{Id, JoinSet},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// The mailroom cannot look that up now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mailroom cannot look that up now")]
pub struct NotNow;

/// Who knows which mailboxes are waited for. `run` hands it over.
#[async_trait]
pub trait Mailroom: Send + Sync {
    /// What somebody waits for at this mailbox, in lower case; `None` where nobody does.
    fn waits_for(&self, mailbox: &str) -> Result<Option<Wanted>, NotNow>;
    /// A mail has arrived; returns when what follows of it is on disk.
    async fn arrived(&self, arrival: Arrival) -> Result<(), Untaken>;
    /// Somebody was not heard to the end.
    fn unheard(&self, unheard: Unheard);
}

/// The server.
pub struct Inbox {
    /// What it is called in its greeting.
    pub name: String,
    /// The domain that it takes mail for.
    pub domain: String,
    /// Domains of traps, in lower case: all mail to them is taken.
    pub traps: Arc<[String]>,
    /// Whom to write to about it.
    pub contact: String,
    /// Who waits for mail.
    pub mailroom: Arc<dyn Mailroom>,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({})", self.domain)
    }
}

impl Inbox {
    /// Serves until `stop`.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> Result<(), Infallible> {
        let inbox = Arc::new(self);
        let (mut open, mut places) = (JoinSet::new(), Places::new());
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                Some(ended) = open.join_next_with_id(), if !open.is_empty() => {
                    places.free(match ended {
                        Ok((id, ())) => id,
                        Err(broken) => broken.id(),
                    });
                }
                accepted = descriptors::accept(&listener) => match accepted {
                    Ok((stream, from)) => inbox.take(stream, from.ip(), &mut open, &mut places),
                    Err(error) => {
                        tracing::debug!(%error, "no connection taken");
                        // It went away by itself; all else is want of something here.
                        if error.kind() != std::io::ErrorKind::ConnectionAborted {
                            inbox.mailroom.unheard(Unheard::Any);
                        }
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    /// Gives a connection its place, or turns it away.
    fn take(self: &Arc<Self>, stream: TcpStream, from: IpAddr, open: &mut JoinSet<()>, places: &mut Places<Id>) {
        let Seated { seat, unheard } = places.make_room(from, Instant::now());
        if let Some(unheard) = unheard {
            self.mailroom.unheard(unheard);
        }
        let Some(seat) = seat else { return self.turn_away(stream) };
        let (inbox, its) = (Arc::clone(self), Arc::clone(&seat));
        let task = open.spawn(async move { inbox.session(stream, &its).await });
        places.sit(task.id(), seat);
    }

    /// Says that there is no room, and waits for nothing: not for the peer to read it either.
    fn turn_away(&self, stream: TcpStream) {
        let said = format!("421 4.3.2 {} has no room for more; try again later\r\n", self.name);
        // Who does not hear it sees the connection close.
        let _unheard = stream.into_std().and_then(|mut stream| stream.write_all(said.as_bytes()));
    }

    async fn session(&self, mut stream: TcpStream, seat: &Seat) {
        let Ok(peer) = stream.peer_addr() else { return };
        let leaves = tokio::select! {
            () = seat.left() => true,
            // Broken off or late, nothing is to be done: what was handed on was answered.
            _ended = timeout(INBOX_SESSION_TIME, self.talk(&mut stream, peer.ip(), seat)) => false,
        };
        if leaves {
            self.turn_away(stream);
        }
    }

    async fn talk(&self, stream: &mut TcpStream, peer: IpAddr, seat: &Seat) -> std::io::Result<()> {
        let mut server = Server::new(&self.name, &self.domain, Arc::clone(&self.traps), peer);
        let mut buffer = vec![0; 4_096];
        say(stream, &server.banner(&self.contact)).await?;
        loop {
            let length = timeout(INBOX_PAUSE_TIME, stream.read(&mut buffer)).await??;
            if length == 0 {
                return Ok(());
            }
            let mut heard = &buffer[..length];
            while let Some(mut act) = server.feed(&mut heard) {
                loop {
                    act = match act {
                        Act::Wait => break,
                        Act::Reply(reply) => {
                            say(stream, &reply).await?;
                            break;
                        }
                        Act::Close(reply) => {
                            say(stream, &reply).await?;
                            return stream.shutdown().await;
                        }
                        Act::Check(mailbox) => {
                            let wanted = self.mailroom.waits_for(&mailbox).map_err(|NotNow| ());
                            if let Ok(Some(_)) = wanted {
                                seat.named();
                            }
                            server.checked(wanted)
                        }
                        Act::HandOn(arrival) => {
                            let taken = self.mailroom.arrived(*arrival).await;
                            seat.handed_on(Instant::now());
                            server.handed_on(taken)
                        }
                    };
                }
            }
        }
    }
}

async fn say(stream: &mut TcpStream, reply: &str) -> std::io::Result<()> {
    timeout(INBOX_PAUSE_TIME, stream.write_all(format!("{reply}\r\n").as_bytes())).await?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::INBOX_CONNECTIONS_PER_CLIENT_MAX;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Shelf(Mutex<Vec<Arrival>>, Mutex<Vec<Unheard>>);

    #[async_trait]
    impl Mailroom for Shelf {
        fn waits_for(&self, mailbox: &str) -> Result<Option<Wanted>, NotNow> {
            if mailbox == "broken" { Err(NotNow) } else { Ok((mailbox == "t-1").then_some(Wanted::Headers)) }
        }

        async fn arrived(&self, arrival: Arrival) -> Result<(), Untaken> {
            self.0.lock().unwrap().push(arrival);
            Ok(())
        }

        fn unheard(&self, unheard: Unheard) {
            self.1.lock().unwrap().push(unheard);
        }
    }

    async fn running(mailroom: Arc<Shelf>) -> (std::net::SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let (name, domain, contact) = ("mx.example".into(), "in.example".into(), "postmaster@example.org".into());
        let serving = Inbox { name, domain, traps: [].into(), contact, mailroom }.serve(listener, stop.clone());
        let task = tokio::spawn(async move { serving.await.unwrap() });
        (address, stop, task)
    }

    #[tokio::test]
    async fn a_mail_goes_to_the_mailroom_with_the_address_that_handed_it_over() {
        let shelf = Arc::new(Shelf::default());
        let (address, stop, task) = running(Arc::clone(&shelf)).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mail = b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<broken@in.example>\r\nRCPT TO:<t-1@in.example>\r\nDATA\r\nA: b\r\n\r\nbody\r\n.\r\nQUIT\r\n";
        stream.write_all(mail).await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        let codes: Vec<&str> = said.lines().map(|line| &line[..3]).collect();
        assert_eq!(codes, ["220", "250", "250", "451", "250", "354", "250", "221"], "{said}");
        assert!(said.contains("contact postmaster@example.org"));
        assert_eq!(shelf.0.lock().unwrap()[0].peer, address.ip());
        stop.cancel();
        task.await.unwrap();
    }

    async fn greeted(address: std::net::SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).await.unwrap();
        assert_eq!(&greeting, b"220");
        stream
    }

    /// Whoever opened connections and said nothing kept everybody else out.
    #[tokio::test]
    async fn the_inbox_is_reached_though_all_places_of_a_client_are_held() {
        let shelf = Arc::new(Shelf::default());
        let (address, stop, task) = running(Arc::clone(&shelf)).await;
        let mut open = Vec::new();
        for _ in 0..INBOX_CONNECTIONS_PER_CLIENT_MAX {
            open.push(greeted(address).await);
        }
        open.push(greeted(address).await);
        let mut heard = String::new();
        open[0].read_to_string(&mut heard).await.unwrap();
        assert!(heard.ends_with("421 4.3.2 mx.example has no room for more; try again later\r\n"), "{heard}");
        assert_eq!(*shelf.1.lock().unwrap(), [Unheard::Near(address.ip())]);
        stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test]
    async fn one_too_many_is_turned_away_at_once_where_all_others_bring_what_is_waited_for() {
        let shelf = Arc::new(Shelf::default());
        let (address, stop, task) = running(Arc::clone(&shelf)).await;
        let mut open = Vec::new();
        for _ in 0..INBOX_CONNECTIONS_PER_CLIENT_MAX {
            let mut stream = greeted(address).await;
            stream.write_all(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<t-1@in.example>\r\n").await.unwrap();
            let mut said = Vec::new();
            while !said.ends_with(b"250 2.1.5 ok\r\n") {
                assert_ne!(stream.read_buf(&mut said).await.unwrap(), 0);
            }
            open.push(stream);
        }
        let mut heard = String::new();
        TcpStream::connect(address).await.unwrap().read_to_string(&mut heard).await.unwrap();
        assert!(heard.starts_with("421 "), "{heard}");
        assert_eq!(*shelf.1.lock().unwrap(), [Unheard::Near(address.ip())]);
        stop.cancel();
        task.await.unwrap();
    }
}
