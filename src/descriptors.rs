//! File descriptors: how many of them connections of others may take.
//!
//! The store opens files when it flushes and when it compacts; where it cannot, writes are off. The kernel gives the lowest
//! number that is free, so a connection with a high number says that what is below is taken.
//!
//! Guarantees: where every listener asks here, no connection of others ever has one of the last [`DESCRIPTORS_KEPT`] numbers
//! that the process may have, or of the upper half where it may have few: they are left for everything else.
//! Never: counts connections; that is each listener's own bound.

use crate::limits::DESCRIPTORS_KEPT;
use nix::sys::resource::{Resource, getrlimit};
use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd, AsRawFd as _},
};
use tokio::net::{TcpListener, TcpStream};

/// How many of `limit` descriptors connections of others leave alone.
#[must_use]
pub fn kept(limit: u64) -> u64 {
    DESCRIPTORS_KEPT.min(limit / 2)
}

/// A connection that was just accepted, unless its descriptor is one of those that are kept. An error as `accept` gives it
/// where there is no descriptor at all.
fn of_others<S: AsFd>(connection: S) -> io::Result<S> {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    let number = u64::try_from(connection.as_fd().as_raw_fd()).unwrap_or_default();
    if number < limit - kept(limit) {
        return Ok(connection);
    }
    Err(io::Error::other(format!("of {limit} file descriptors all but those that are kept are in use")))
}

/// The next connection of a listener, unless its descriptor is one of those that are kept. It is closed then.
///
/// # Errors
/// Those of `accept`, also for a connection with a descriptor that is kept; the listener rests.
pub async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (connection, from) = listener.accept().await?;
    Ok((of_others(connection)?, from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn the_last_descriptors_are_no_connections() {
        let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = |number: u64| rustix::io::fcntl_dupfd_cloexec(&socket, i32::try_from(number).unwrap()).unwrap();
        assert!(of_others(at(3)).is_ok());
        for kept in [limit - kept(limit), limit - 1] {
            assert!(of_others(at(kept)).is_err(), "{kept} of {limit}");
        }
    }

    #[test]
    fn a_process_with_few_descriptors_keeps_half_of_them() {
        for (limit, left) in [(0, 0), (120, 60), (1_024, 512), (4_096, DESCRIPTORS_KEPT), (u64::MAX, DESCRIPTORS_KEPT)]
        {
            assert_eq!(kept(limit), left, "{limit}");
        }
    }
}
