//! The listener that proxies are asked to connect to.
//!
//! Guarantees: connections, what each may send and how long it lives are bounded; it answers to a token only, with the
//! address that it sees, and tells of the token before it answers. Where all places are taken, the connection leaves that has
//! had one for the longest time: a proxy says its token at once, and who holds places to keep proxies out says none.
//! Never: connects anywhere, keeps anything, or knows which tests run.

use super::proxy::Secret;
use crate::{
    cases::retest::Token,
    descriptors,
    limits::{ACCEPT_PAUSE, LURE_CONNECTIONS_MAX, LURE_TIME, RETEST_PROXY_OCTETS_MAX},
};
use std::{collections::VecDeque, convert::Infallible, net::IpAddr};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// A token came to the listener. That alone shows that its target connects strangers, whatever the target says to us: one
/// that brings the answer back slowly, or buried in noise, is as open as any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Came {
    /// Which.
    pub token: Token,
    /// From where.
    pub from: IpAddr,
}

/// Serves until `stop`, and tells `came` of each token.
pub async fn serve(
    listener: TcpListener,
    secret: Secret,
    came: mpsc::Sender<Came>,
    stop: CancellationToken,
) -> Result<(), Infallible> {
    let mut open = JoinSet::new();
    let mut oldest_first = VecDeque::<AbortHandle>::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(_) = open.join_next(), if !open.is_empty() => oldest_first.retain(|one| !one.is_finished()),
            accepted = descriptors::accept(&listener) => match accepted {
                Ok((stream, from)) => {
                    if open.len() >= LURE_CONNECTIONS_MAX && let Some(oldest) = oldest_first.pop_front() {
                        oldest.abort();
                        open.join_next().await;
                    }
                    let (secret, came) = (secret.clone(), came.clone());
                    oldest_first.push_back(open.spawn(async move {
                        let _late = timeout(LURE_TIME, answer(stream, from.ip(), &secret, &came)).await;
                    }));
                }
                Err(error) => {
                    tracing::debug!(%error, "no connection taken");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

async fn answer(
    mut stream: TcpStream,
    from: IpAddr,
    secret: &Secret,
    came: &mpsc::Sender<Came>,
) -> std::io::Result<()> {
    let mut heard = Vec::with_capacity(512);
    while heard.len() < RETEST_PROXY_OCTETS_MAX {
        if stream.read_buf(&mut heard).await? == 0 {
            break;
        }
        if let Some((token, answer)) = secret.answer(&heard, from) {
            // Nobody hears it any more while the program ends.
            let _ended = came.send(Came { token, from }).await;
            stream.write_all(&answer).await?;
            return stream.shutdown().await;
        }
    }
    Ok(())
}
