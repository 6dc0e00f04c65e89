//! A state machine and a stream: what comes in goes to the machine, what it says goes out, until it is over or late.
//!
//! Guarantees: ends at the deadline whatever the other side does, be it reading, writing or neither; holds one buffer.
//! Never: interprets an octet.

use std::io;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Instant, timeout_at},
};

/// One side of a conversation.
pub trait Dialogue {
    /// What it says before it has heard anything.
    fn opening(&mut self) -> Vec<u8>;
    /// What it says to these octets.
    fn received(&mut self, octets: &[u8]) -> Vec<u8>;
    /// The other side has closed, or broken off.
    fn closed(&mut self);
    /// The time is up.
    fn timed_out(&mut self);
    /// Whether it wants to hear no more.
    fn is_over(&self) -> bool;
}

/// Runs `talk` over `stream` until it is over, the other side closes, or the deadline passes.
pub async fn converse<S>(stream: &mut S, talk: &mut impl Dialogue, deadline: Instant)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match timeout_at(deadline, exchange(stream, talk)).await {
        Ok(Ok(())) => {}
        Ok(Err(_broken)) => talk.closed(),
        Err(_late) => talk.timed_out(),
    }
    debug_assert!(talk.is_over(), "closed and timed_out end a dialogue");
}

async fn exchange<S>(stream: &mut S, talk: &mut impl Dialogue) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = [0; 4_096];
    let mut said = talk.opening();
    loop {
        stream.write_all(&said).await?;
        if talk.is_over() {
            return stream.flush().await;
        }
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            talk.closed();
            return Ok(());
        }
        said = talk.received(&buffer[..length]);
    }
}
