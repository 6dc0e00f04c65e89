//! A batch of datagrams: received by one recvmmsg, answered, sent by one sendmmsg.
//!
//! Guarantees: all buffers are made once; nothing is allocated while answers fit. On a socket bound to a wildcard each
//! answer leaves from the address that was asked (`IP_PKTINFO`, `IPV6_PKTINFO`). An answer that the kernel refuses is
//! skipped and counted, the ones behind it are sent.
//! Never: looks into a datagram.

use crate::limits::{UDP_BATCH, UDP_PAYLOAD_MAX, UDP_QUERY_OCTETS_MAX};
use arrayvec::ArrayVec;
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrLike, recvmmsg, sendmmsg,
};
use std::io::{IoSlice, IoSliceMut};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;

/// The address that was asked, of a socket that is bound to a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// The socket has one address.
    Bound,
    /// `IP_PKTINFO`'s local address, in network order.
    V4(u32),
    /// `IPV6_PKTINFO`'s address and interface (which a link-local address needs).
    V6([u8; 16], u32),
}

/// One datagram that came.
#[derive(Clone, Copy)]
struct Arrived<A> {
    octets: usize,
    peer: Option<A>,
    asked: Asked,
}

/// The buffers of one thread.
pub(super) struct Datagrams<A> {
    wildcard: bool,
    receiving: MultiHeaders<A>,
    sending: MultiHeaders<A>,
    queries: Box<[[u8; UDP_QUERY_OCTETS_MAX]; UDP_BATCH]>,
    arrived: ArrayVec<Arrived<A>, UDP_BATCH>,
    replies: Box<[Vec<u8>; UDP_BATCH]>,
    peers: ArrayVec<Option<A>, UDP_BATCH>,
    from: ArrayVec<Asked, UDP_BATCH>,
}

impl<A: SockaddrLike + Copy> Datagrams<A> {
    /// Buffers for a socket; `control` is room for the address asked, of a socket bound to a wildcard.
    pub fn new(control: Option<Vec<u8>>) -> Self {
        let queries = vec![[0; UDP_QUERY_OCTETS_MAX]; UDP_BATCH].into_boxed_slice();
        let replies: Vec<_> = (0..UDP_BATCH).map(|_| Vec::with_capacity(usize::from(UDP_PAYLOAD_MAX))).collect();
        Self {
            wildcard: control.is_some(),
            receiving: MultiHeaders::preallocate(UDP_BATCH, control.clone()),
            sending: MultiHeaders::preallocate(UDP_BATCH, control),
            queries: queries.try_into().expect("made with this length"),
            arrived: ArrayVec::new(),
            replies: replies.into_boxed_slice().try_into().expect("made with this length"),
            peers: ArrayVec::new(),
            from: ArrayVec::new(),
        }
    }

    /// Waits for a datagram and takes with it what else has come, up to a batch.
    ///
    /// # Errors
    /// `EAGAIN` after the receive time-out of the socket.
    pub fn receive(&mut self, socket: &UdpSocket) -> Result<(), Errno> {
        self.arrived.clear();
        let mut slices = self.queries.each_mut().map(|query| [IoSliceMut::new(query)]);
        let flags = MsgFlags::MSG_WAITFORONE;
        let came = recvmmsg(socket.as_raw_fd(), &mut self.receiving, slices.iter_mut(), flags, None)?;
        self.arrived.extend(came.map(|datagram| Arrived {
            octets: datagram.bytes,
            peer: datagram.address,
            asked: if self.wildcard { asked(&datagram) } else { Asked::Bound },
        }));
        Ok(())
    }

    /// The datagrams that came.
    pub fn queries(&self) -> impl Iterator<Item = &[u8]> {
        self.queries.iter().zip(&self.arrived).map(|(query, arrived)| &query[..arrived.octets.min(query.len())])
    }

    /// Gives each datagram to `respond`, which writes the answer and says whether there is one.
    pub fn answer(&mut self, mut respond: impl FnMut(&[u8], &mut Vec<u8>) -> bool) {
        self.peers.clear();
        self.from.clear();
        for (query, arrived) in self.queries.iter().zip(&self.arrived) {
            // Answers are packed from the front, so that a dropped query leaves no hole.
            let reply = &mut self.replies[self.peers.len()];
            if arrived.peer.is_some() && respond(&query[..arrived.octets.min(query.len())], reply) {
                self.peers.push(arrived.peer);
                self.from.push(arrived.asked);
            }
        }
    }

    /// Sends the answers; returns how many the kernel refused.
    pub fn send(&mut self, socket: &UdpSocket) -> u64 {
        let (mut sent, mut refused) = (0, 0);
        while let Some(from) = self.from.get(sent) {
            // One call has one source address.
            let same = self.from[sent..].iter().take_while(|other| *other == from).count();
            let range = sent..sent + same;
            let slices: ArrayVec<[IoSlice<'_>; 1], UDP_BATCH> =
                self.replies[range.clone()].iter().map(|reply| [IoSlice::new(reply)]).collect();
            match send_from(*from, socket, &mut self.sending, &slices, &self.peers[range]) {
                Ok(taken) if taken > 0 => sent += taken,
                Err(Errno::EINTR) => {}
                Ok(_) | Err(_) => {
                    sent += 1;
                    refused += 1;
                }
            }
        }
        refused
    }
}

/// Sends to all peers from one address; returns how many went out.
fn send_from<A: SockaddrLike + Copy>(
    from: Asked,
    socket: &UdpSocket,
    headers: &mut MultiHeaders<A>,
    slices: &[[IoSlice<'_>; 1]],
    peers: &[Option<A>],
) -> Result<usize, Errno> {
    let (v4, v6);
    let control = match from {
        Asked::Bound => None,
        Asked::V4(address) => {
            let unset = libc::in_addr { s_addr: 0 };
            v4 = libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: libc::in_addr { s_addr: address }, ipi_addr: unset };
            Some(ControlMessage::Ipv4PacketInfo(&v4))
        }
        Asked::V6(address, interface) => {
            v6 = libc::in6_pktinfo { ipi6_addr: libc::in6_addr { s6_addr: address }, ipi6_ifindex: interface };
            Some(ControlMessage::Ipv6PacketInfo(&v6))
        }
    };
    let sent = sendmmsg(socket.as_raw_fd(), headers, slices, peers, control.as_slice(), MsgFlags::empty())?;
    Ok(sent.count())
}

fn asked<A>(datagram: &RecvMsg<'_, '_, A>) -> Asked {
    for control in datagram.cmsgs().into_iter().flatten() {
        match control {
            ControlMessageOwned::Ipv4PacketInfo(info) => return Asked::V4(info.ipi_spec_dst.s_addr),
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                let address = info.ipi6_addr.s6_addr;
                let link_local = address[0] == 0xfe && address[1] & 0xc0 == 0x80;
                return Asked::V6(address, if link_local { info.ipi6_ifindex } else { 0 });
            }
            _ => {}
        }
    }
    Asked::Bound
}
