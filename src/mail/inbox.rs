//! Our receiving mail server: listens, bounds what others may cost, and tells the mailroom what arrives.
//!
//! Guarantees: connections in all and of one client, the time of a session and of a pause are bounded; "250" after a message
//! is said only when the mailroom has it on disk.
//! Never: sends a bounce, or takes a mail that nobody waits for and that is sent to no trap.

use super::server::{Act, Arrival, Server, Untaken, Wanted};
use crate::{
    descriptors,
    limits::{
        ACCEPT_PAUSE, INBOX_CONNECTIONS_MAX, INBOX_CONNECTIONS_PER_CLIENT_MAX, INBOX_PAUSE_TIME, INBOX_SESSION_TIME,
    },
    list::Prefix,
};
use async_trait::async_trait;
use std::{collections::HashMap, convert::Infallible, fmt, net::IpAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{Id, JoinSet},
    time::{sleep, timeout},
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
        let mut open = JoinSet::new();
        let mut clients: HashMap<Id, Prefix> = HashMap::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                Some(ended) = open.join_next_with_id(), if !open.is_empty() => {
                    let id = match ended {
                        Ok((id, ())) => id,
                        Err(broken) => broken.id(),
                    };
                    clients.remove(&id);
                }
                accepted = accept(&listener), if open.len() < INBOX_CONNECTIONS_MAX => match accepted {
                    Ok((stream, from)) => {
                        let from = Prefix::customer(from.ip());
                        if clients.values().filter(|known| **known == from).count() < INBOX_CONNECTIONS_PER_CLIENT_MAX {
                            let inbox = Arc::clone(&inbox);
                            let task = open.spawn(async move { inbox.session(stream).await });
                            clients.insert(task.id(), from);
                        }
                    }
                    Err(error) => {
                        tracing::debug!(%error, "no connection taken");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    async fn session(&self, mut stream: TcpStream) {
        let Ok(peer) = stream.peer_addr() else { return };
        // Broken off or late, nothing is to be done: what was handed on was answered.
        let _ended = timeout(INBOX_SESSION_TIME, self.talk(&mut stream, peer.ip())).await;
    }

    async fn talk(&self, stream: &mut TcpStream, peer: IpAddr) -> std::io::Result<()> {
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
                        Act::Check(mailbox) => server.checked(self.mailroom.waits_for(&mailbox).map_err(|NotNow| ())),
                        Act::HandOn(arrival) => server.handed_on(self.mailroom.arrived(*arrival).await),
                    };
                }
            }
        }
    }
}

async fn accept(listener: &TcpListener) -> std::io::Result<(TcpStream, std::net::SocketAddr)> {
    let (stream, from) = listener.accept().await?;
    Ok((descriptors::of_others(stream)?, from))
}

async fn say(stream: &mut TcpStream, reply: &str) -> std::io::Result<()> {
    timeout(INBOX_PAUSE_TIME, stream.write_all(format!("{reply}\r\n").as_bytes())).await?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Shelf(Mutex<Vec<Arrival>>);

    #[async_trait]
    impl Mailroom for Shelf {
        fn waits_for(&self, mailbox: &str) -> Result<Option<Wanted>, NotNow> {
            if mailbox == "broken" { Err(NotNow) } else { Ok((mailbox == "t-1").then_some(Wanted::Headers)) }
        }

        async fn arrived(&self, arrival: Arrival) -> Result<(), Untaken> {
            self.0.lock().unwrap().push(arrival);
            Ok(())
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

    #[tokio::test]
    async fn one_client_has_few_connections_and_the_next_one_is_closed_unheard() {
        let (address, stop, task) = running(Arc::default()).await;
        let mut open = Vec::new();
        for _ in 0..INBOX_CONNECTIONS_PER_CLIENT_MAX {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut greeting = [0; 3];
            stream.read_exact(&mut greeting).await.unwrap();
            open.push(stream);
        }
        let mut heard = Vec::new();
        TcpStream::connect(address).await.unwrap().read_to_end(&mut heard).await.ok();
        assert!(heard.is_empty());
        stop.cancel();
        task.await.unwrap();
    }
}
