//! [`Kernel`]: the table of sockets, and what is the same for all kinds.

use super::address::Family;
use super::after::After;
use super::datagram::Datagram;
use super::listener::Listener;
use super::ports::Ports;
use super::stream::Stream;
use asyncio_net::network::{Direction, SocketId};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

/// All sockets of a network. Numbers count from zero and are not used again.
#[derive(Debug, Default)]
pub(super) struct Kernel {
    pub(super) sockets: BTreeMap<SocketId, Socket>,
    pub(super) tcp: Ports,
    pub(super) udp: Ports,
    pub(super) after: After,
    next: SocketId,
}

/// A socket of any kind.
#[derive(Debug)]
pub(super) enum Socket {
    /// A stream socket that has only an address.
    Bound(Family, SocketAddr),
    Stream(Stream),
    Listener(Listener),
    Datagram(Datagram),
}

impl Kernel {
    pub(super) fn open_sockets(&self) -> usize {
        self.sockets.len()
    }

    /// What is to be done when the borrow is over.
    pub(super) fn take_after(&mut self) -> After {
        std::mem::take(&mut self.after)
    }

    /// A number for a socket.
    pub(super) fn number(&mut self) -> SocketId {
        let id = self.next;
        self.next += 1;
        id
    }

    pub(super) fn is_datagram(&self, id: SocketId) -> bool {
        matches!(self.sockets.get(&id), Some(Socket::Datagram(_)))
    }

    /// A stream, with what is to be done afterwards.
    pub(super) fn stream(&mut self, id: SocketId) -> io::Result<(&mut Stream, &mut After)> {
        match self.sockets.get_mut(&id) {
            Some(Socket::Stream(stream)) => Ok((stream, &mut self.after)),
            _ => Err(Errno::NOTCONN.into()),
        }
    }

    /// A listener, with what is to be done afterwards.
    pub(super) fn listener(&mut self, id: SocketId) -> io::Result<(&mut Listener, &mut After)> {
        match self.sockets.get_mut(&id) {
            Some(Socket::Listener(listener)) => Ok((listener, &mut self.after)),
            _ => Err(Errno::NOTCONN.into()),
        }
    }

    /// A datagram socket, with what is to be done afterwards.
    pub(super) fn datagram(&mut self, id: SocketId) -> io::Result<(&mut Datagram, &mut After)> {
        match self.sockets.get_mut(&id) {
            Some(Socket::Datagram(socket)) => Ok((socket, &mut self.after)),
            _ => Err(Errno::NOTCONN.into()),
        }
    }

    /// What a socket that has only an address is bound to.
    pub(super) fn bound(&self, id: SocketId) -> io::Result<(Family, SocketAddr)> {
        match self.sockets.get(&id) {
            Some(Socket::Bound(family, local)) => Ok((*family, *local)),
            _ => Err(Errno::INVAL.into()),
        }
    }

    pub(super) fn local_addr(&self, id: SocketId) -> io::Result<SocketAddr> {
        match self.sockets.get(&id) {
            Some(Socket::Bound(family, local)) => Ok(family.show(*local)),
            Some(Socket::Stream(stream)) => Ok(stream.family.show(stream.local)),
            Some(Socket::Listener(listener)) => Ok(listener.family.show(listener.local)),
            Some(Socket::Datagram(socket)) => Ok(socket.family.show(socket.local)),
            None => Err(Errno::NOTCONN.into()),
        }
    }

    pub(super) fn peer_addr(&self, id: SocketId) -> io::Result<SocketAddr> {
        match self.sockets.get(&id) {
            Some(Socket::Stream(stream)) => {
                stream.check_connected().map(|()| stream.family.show(stream.remote))
            }
            // Linux takes a peer without a port for none.
            Some(Socket::Datagram(Datagram { family, peer: Some(peer), .. }))
                if peer.port() != 0 =>
            {
                Ok(family.show(*peer))
            }
            _ => Err(Errno::NOTCONN.into()),
        }
    }

    /// Whether a call in this direction would be done at once.
    pub(super) fn is_ready(
        &mut self,
        id: SocketId,
        towards: Direction,
        limit: usize,
    ) -> io::Result<bool> {
        match (self.sockets.get(&id), towards) {
            (Some(Socket::Stream(stream)), Direction::Receive) => Ok(stream.is_readable()),
            (Some(Socket::Stream(stream)), Direction::Send) => match stream.other {
                _ if stream.is_connecting => Ok(false),
                Some(other) if stream.can_send() => Ok(!self.stream(other)?.0.is_full(limit)),
                // There is an error to be reported, or the bytes get lost.
                _ => Ok(true),
            },
            (Some(Socket::Listener(listener)), Direction::Receive) => {
                Ok(!listener.queue.is_empty())
            }
            (Some(Socket::Listener(_)), Direction::Send) => Ok(false),
            (Some(Socket::Datagram(socket)), Direction::Receive) => Ok(socket.is_readable()),
            (Some(Socket::Datagram(_)), Direction::Send) => Ok(true),
            (Some(Socket::Bound(..)) | None, _) => Err(Errno::NOTCONN.into()),
        }
    }
}
