//! The kernel's calls on datagram sockets.

use super::datagram::{Datagram, LONGEST};
use super::kernel::{Kernel, Socket};
use super::ports::destination;
use asyncio_net::network::{SocketId, Take};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::task::{Poll, Waker};

impl Kernel {
    pub(super) fn bind_datagram(&mut self, addr: SocketAddr) -> io::Result<SocketId> {
        let id = self.number();
        let local = self.udp.claim(addr, id)?;
        self.sockets.insert(id, Socket::Datagram(Datagram::new(local)));
        Ok(id)
    }

    pub(super) fn connect_datagram(&mut self, id: SocketId, addr: SocketAddr) -> io::Result<()> {
        self.datagram(id)?.0.peer = Some(destination(addr));
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

    /// Sends a datagram. Like a real one it never waits: who has no room for it loses it.
    pub(super) fn send_datagram(
        &mut self,
        id: SocketId,
        bufs: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> io::Result<usize> {
        let (socket, _) = self.datagram(id)?;
        socket.take_error()?;
        let has_named_it = to.is_some();
        let Some(to) = to.or(socket.peer).map(destination) else {
            return Err(io::Error::other("a destination address is required"));
        };
        let length = bufs.iter().map(|buf| buf.len()).sum();
        if length > LONGEST {
            return Err(io::Error::other("the message is too long"));
        }
        // On one host, who sends from no address in particular sends from that of the receiver.
        let from = match socket.local {
            local if local.ip().is_unspecified() => SocketAddr::new(to.ip(), local.port()),
            local => local,
        };
        match self.udp.at(to) {
            Some(receiver) => {
                let (receiver, after) = self.datagram(receiver)?;
                receiver.arrive(bufs, from, after);
            }
            // Only a connected socket hears that nobody is there.
            None if has_named_it => {}
            None => {
                let (socket, after) = self.datagram(id)?;
                socket.was_refused(after);
            }
        }
        Ok(length)
    }
}
