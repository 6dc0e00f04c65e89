//! Datagrams by the batch: `recvmmsg` and `sendmmsg`, and the size of a socket's buffers.
//!
//! Guarantees: the only unsafe code of this crate; every pointer given to the kernel is made from a live buffer in the same
//! function, just before the call, so none can outlive or alias what it points to.
//! Never: allocates after it was made; touches a socket's address other than those that came with received datagrams.
#![allow(unsafe_code)]

use std::{io, mem, net::UdpSocket, os::fd::AsRawFd, ptr};

/// Datagrams in one system call.
pub const BATCH: usize = 64;
/// Room for one datagram, in octets; answers are at most 1,232.
const ROOM: usize = 2048;

/// Whether to wait when nothing has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until there is one datagram; those that are there as well come along.
    ForOne,
    /// Not at all: `WouldBlock`.
    Never,
}

/// Where a batch goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// To the address that the socket is connected to.
    Connected,
    /// Each datagram to who sent what last stood in its place.
    Senders,
}

/// Buffers for one batch of datagrams with their addresses.
pub struct Batch {
    buffers: Vec<[u8; ROOM]>,
    lengths: [usize; BATCH],
    peers: Vec<libc::sockaddr_storage>,
    peer_lengths: [libc::socklen_t; BATCH],
    slices: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Batch {
    /// Makes empty buffers.
    #[must_use]
    pub fn new() -> Self {
        // SAFETY: all three are plain C structures of integers and pointers, for which all zeros is a value.
        let (peer, slice, header) = unsafe { (mem::zeroed(), mem::zeroed(), mem::zeroed()) };
        Self {
            buffers: vec![[0; ROOM]; BATCH],
            lengths: [0; BATCH],
            peers: vec![peer; BATCH],
            peer_lengths: [0; BATCH],
            slices: vec![slice; BATCH],
            headers: vec![header; BATCH],
        }
    }

    /// Receives up to [`BATCH`] datagrams and says how many.
    pub fn receive(&mut self, socket: &UdpSocket, wait: Wait) -> io::Result<usize> {
        self.lengths = [ROOM; BATCH];
        self.peer_lengths = [mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t; BATCH];
        self.point(BATCH, To::Senders);
        let flags = match wait {
            Wait::ForOne => libc::MSG_WAITFORONE,
            Wait::Never => libc::MSG_DONTWAIT,
        };
        // SAFETY: `point` has just set BATCH headers to buffers that this object owns and that nothing else refers to.
        let received = unsafe {
            libc::recvmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), BATCH as u32, flags, ptr::null_mut())
        };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        for i in 0..received {
            self.lengths[i] = self.headers[i].msg_len as usize;
            self.peer_lengths[i] = self.headers[i].msg_hdr.msg_namelen;
        }
        Ok(received)
    }

    /// The datagram in place `i`.
    #[must_use]
    pub fn datagram(&self, i: usize) -> &[u8] {
        &self.buffers[i][..self.lengths[i]]
    }

    /// Writes a datagram into place `i`: `octets`, whose first two are replaced by `id`.
    pub fn fill(&mut self, i: usize, id: u16, octets: &[u8]) {
        self.buffers[i][..octets.len()].copy_from_slice(octets);
        self.buffers[i][..2].copy_from_slice(&id.to_be_bytes());
        self.lengths[i] = octets.len();
    }

    /// Sends the first `count` places and says how many the kernel took.
    pub fn send(&mut self, socket: &UdpSocket, count: usize, to: To) -> io::Result<usize> {
        let count = count.min(BATCH);
        self.point(count, to);
        // SAFETY: as in `receive`; the kernel only reads here.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), self.headers.as_mut_ptr(), count as u32, 0) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    /// Points the first `count` headers to their buffers.
    fn point(&mut self, count: usize, to: To) {
        for i in 0..count {
            self.slices[i] = libc::iovec { iov_base: self.buffers[i].as_mut_ptr().cast(), iov_len: self.lengths[i] };
            let header = &mut self.headers[i].msg_hdr;
            header.msg_iov = &raw mut self.slices[i];
            header.msg_iovlen = 1;
            (header.msg_name, header.msg_namelen) = match to {
                To::Connected => (ptr::null_mut(), 0),
                To::Senders => ((&raw mut self.peers[i]).cast(), self.peer_lengths[i]),
            };
        }
    }
}

/// Asks for `octets` of room in the receive buffer of a socket, so that the generator itself loses nothing.
pub fn widen_receive_buffer(socket: &UdpSocket, octets: i32) -> io::Result<()> {
    // SAFETY: the option's value is an int that lives through the call, and its size is told.
    let answer = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUF,
            (&raw const octets).cast(),
            mem::size_of::<i32>() as libc::socklen_t,
        )
    };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_comes_back_from_its_senders_with_its_ids() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.connect(server.local_addr().unwrap()).unwrap();
        let (mut out, mut echo, mut back) = (Batch::new(), Batch::new(), Batch::new());
        for i in 0..3u16 {
            out.fill(usize::from(i), 700 + i, &[0, 0, i as u8]);
        }
        assert_eq!(out.send(&client, 3, To::Connected).unwrap(), 3);
        let mut seen = Vec::new();
        while seen.len() < 3 {
            let n = echo.receive(&server, Wait::ForOne).unwrap();
            assert_eq!(echo.send(&server, n, To::Senders).unwrap(), n);
            let n = back.receive(&client, Wait::ForOne).unwrap();
            seen.extend((0..n).map(|i| back.datagram(i).to_vec()));
        }
        assert_eq!(seen, [vec![2, 188, 0], vec![2, 189, 1], vec![2, 190, 2]]);
        assert_eq!(back.receive(&client, Wait::Never).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
