//! The kernel's calls on datagram sockets.

use super::address::{Family, canonical};
use super::datagram::{Datagram, LONGEST_V4, LONGEST_V6};
use super::kernel::{Kernel, Socket};
use asyncio_net::network::{SocketId, Take};
use rustix::io::Errno;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::task::{Poll, Waker};

impl Kernel {
    pub(super) fn bind_datagram(&mut self, addr: SocketAddr) -> io::Result<SocketId> {
        let id = self.number();
        let local = self.udp.claim(canonical(addr), id)?;
        self.sockets.insert(id, Socket::Datagram(Datagram::new(Family::of(addr), local)));
        Ok(id)
    }

    pub(super) fn connect_datagram(&mut self, id: SocketId, addr: SocketAddr) -> io::Result<()> {
        let (socket, _) = self.datagram(id)?;
        let former = socket.local;
        let route = socket.route(addr).map_err(|error| match error {
            // `connect` gives another error if the address is written as IPv4.
            Errno::NETUNREACH if addr.is_ipv4() => Errno::AFNOSUPPORT,
            error => error,
        })?;
        socket.connect(route);
        let local = socket.local;
        self.udp.narrow(former, local.ip(), id);
        Ok(())
    }

    pub(super) fn poll_recv_datagram(
        &mut self,
        id: SocketId,
        waker: &mut Option<Waker>,
        bufs: &mut [IoSliceMut<'_>],
        take: Take,
    ) -> Poll<io::Result<(usize, Option<SocketAddr>)>> {
        let (socket, _) = self.datagram(id)?;
        let Some((count, from)) = socket.give_out(bufs, take)? else {
            socket.receiving.park(waker);
            return Poll::Pending;
        };
        Poll::Ready(Ok((count, Some(from))))
    }

    /// Sends a datagram. It never waits: a receiver without room loses it.
    pub(super) fn send_datagram(
        &mut self,
        id: SocketId,
        bufs: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> io::Result<usize> {
        let (socket, _) = self.datagram(id)?;
        let route = match (to, socket.peer) {
            (Some(to), _) => match socket.route(to) {
                // Linux checks the port before it checks that the families go together.
                Ok(_) | Err(Errno::AFNOSUPPORT)
                    if to.port() == 0 && (socket.family == Family::V6 || to.is_ipv4()) =>
                {
                    return Err(Errno::INVAL.into());
                }
                routed => routed?,
            },
            // An IPv6 socket sends to a peer of IPv4 as if it had named it.
            (None, Some(peer))
                if peer.port() == 0 && peer.is_ipv4() && socket.family == Family::V6 =>
            {
                return Err(Errno::INVAL.into());
            }
            (None, Some(peer)) => socket.route(socket.family.show(peer))?,
            (None, None) => return Err(Errno::DESTADDRREQ.into()),
        };
        let from = SocketAddr::new(route.from, socket.local.port());
        let length = bufs.iter().map(|buf| buf.len()).sum();
        if length > if route.to.is_ipv4() { LONGEST_V4 } else { LONGEST_V6 } {
            return Err(Errno::MSGSIZE.into());
        }
        socket.take_error()?;
        let receiver = self.udp.at(route.to);
        match receiver.map(|receiver| self.datagram(receiver)).transpose()? {
            Some((receiver, after)) if receiver.accepts_from(from) => {
                receiver.arrive(bufs, from, after)
            }
            _ => {
                let (socket, after) = self.datagram(id)?;
                socket.was_refused(route, after);
            }
        }
        Ok(length)
    }
}
