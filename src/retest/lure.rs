//! The listener that proxies are asked to connect to.
//!
//! Guarantees: connections, what each may send and how long it lives are bounded; it answers to a token only, with the
//! address that it sees.
//! Never: connects anywhere, keeps anything, or knows which tests run: the signature says all.

use super::proxy::Secret;
use crate::limits::{ACCEPT_PAUSE, LURE_CONNECTIONS_MAX, LURE_TIME, RETEST_PROXY_OCTETS_MAX};
use std::{convert::Infallible, net::IpAddr};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Serves until `stop`.
pub async fn serve(listener: TcpListener, secret: Secret, stop: CancellationToken) -> Result<(), Infallible> {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(_) = open.join_next(), if !open.is_empty() => {}
            accepted = listener.accept(), if open.len() < LURE_CONNECTIONS_MAX => match accepted {
                Ok((stream, from)) => {
                    let secret = secret.clone();
                    open.spawn(async move {
                        let _late = timeout(LURE_TIME, answer(stream, from.ip(), &secret)).await;
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "no connection taken");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

async fn answer(mut stream: TcpStream, seen: IpAddr, secret: &Secret) -> std::io::Result<()> {
    let mut heard = Vec::with_capacity(512);
    while heard.len() < RETEST_PROXY_OCTETS_MAX {
        if stream.read_buf(&mut heard).await? == 0 {
            break;
        }
        if let Some(answer) = secret.answer(&heard, seen) {
            stream.write_all(&answer).await?;
            return stream.shutdown().await;
        }
    }
    Ok(())
}
