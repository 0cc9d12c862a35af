//! The kernel's calls on streams and listeners.

use super::address::{Family, canonical, route};
use super::kernel::{Kernel, Socket};
use super::listener::Listener;
use super::stream::Stream;
use asyncio_net::Shutdown;
use asyncio_net::network::{SocketId, Take};
use rustix::io::Errno;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::task::{Poll, Waker};

impl Kernel {
    /// A socket with an address that neither listens nor is connected.
    pub(super) fn bind_stream(&mut self, addr: SocketAddr) -> io::Result<SocketId> {
        let id = self.number();
        let local = self.tcp.claim(canonical(addr), id)?;
        self.sockets.insert(id, Socket::Bound(Family::of(addr), local));
        Ok(id)
    }

    pub(super) fn listen(&mut self, id: SocketId, backlog: u32) -> io::Result<()> {
        let (family, local) = self.bound(id)?;
        self.sockets.insert(id, Socket::Listener(Listener::new(family, local, backlog)));
        Ok(())
    }

    /// Begins a connection from an address that the system chooses.
    pub(super) fn connect(&mut self, addr: SocketAddr) -> io::Result<SocketId> {
        let family = Family::of(addr);
        let route = route(family, family.unspecified(), addr)?;
        let id = self.number();
        let local = self.tcp.claim(SocketAddr::new(route.from, 0), id);
        let local = local.map_err(|_| Errno::ADDRNOTAVAIL)?;
        self.begin_connection(id, Stream::new(family, local, route.to, None))?;
        Ok(id)
    }

    /// Begins a connection from the address of a socket.
    pub(super) fn connect_from(&mut self, id: SocketId, addr: SocketAddr) -> io::Result<()> {
        let (family, mut local) = self.bound(id)?;
        let route = route(family, local.ip(), addr)?;
        self.tcp.narrow(local, route.from, id);
        local.set_ip(route.from);
        self.begin_connection(id, Stream::new(family, local, route.to, None))
    }

    /// Refusal and success show when the connection is waited for, as with a real socket.
    fn begin_connection(&mut self, id: SocketId, mut stream: Stream) -> io::Result<()> {
        let listener = self.tcp.at(stream.remote);
        let listener = listener.filter(|&listener| self.listener(listener).is_ok());
        if listener.is_none() {
            stream.fail(Errno::CONNREFUSED, &mut self.after);
        }
        self.sockets.insert(id, Socket::Stream(stream));
        if let Some(listener) = listener {
            self.listener(listener)?.0.outside.push_back(id);
            self.let_in(listener)?;
        }
        Ok(())
    }

    /// Makes the connections for which the listener's queue has room.
    fn let_in(&mut self, listener: SocketId) -> io::Result<()> {
        loop {
            let (state, _) = self.listener(listener)?;
            if !state.has_room() {
                return Ok(());
            }
            let family = state.family;
            let Some(there) = state.outside.pop_front() else { return Ok(()) };
            let here = self.number();
            let (stream, after) = self.stream(there)?;
            stream.establish(here, after);
            let accepted = Stream::new(family, stream.remote, stream.local, Some(there));
            self.sockets.insert(here, Socket::Stream(accepted));
            let (state, after) = self.listener(listener)?;
            state.queue.push_back(here);
            state.accepting.wake(after);
        }
    }

    pub(super) fn poll_accept(
        &mut self,
        id: SocketId,
        waker: &mut Option<Waker>,
    ) -> Poll<io::Result<(SocketId, SocketAddr)>> {
        let (listener, _) = self.listener(id)?;
        let Some(accepted) = listener.queue.pop_front() else {
            listener.accepting.park(waker);
            return Poll::Pending;
        };
        self.let_in(id)?;
        let (stream, _) = self.stream(accepted)?;
        Poll::Ready(Ok((accepted, stream.family.show(stream.remote))))
    }

    pub(super) fn poll_connected(
        &mut self,
        id: SocketId,
        waker: &mut Option<Waker>,
    ) -> Poll<io::Result<()>> {
        let (stream, after) = self.stream(id)?;
        if stream.is_connecting {
            stream.writer.park(waker, after);
            return Poll::Pending;
        }
        Poll::Ready(stream.take_error())
    }

    pub(super) fn poll_recv_stream(
        &mut self,
        id: SocketId,
        waker: &mut Option<Waker>,
        bufs: &mut [IoSliceMut<'_>],
        take: Take,
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        let (stream, after) = self.stream(id)?;
        let was_full = stream.is_full(limit);
        let Some(count) = stream.give_out(bufs, take)? else {
            stream.reader.park(waker, after);
            return Poll::Pending;
        };
        let has_room_now = was_full && !stream.is_full(limit);
        if let Some(other) = stream.other.filter(|_| has_room_now) {
            let (peer, after) = self.stream(other)?;
            peer.writer.wake(after);
        }
        Poll::Ready(Ok(count))
    }

    pub(super) fn poll_send_stream(
        &mut self,
        id: SocketId,
        waker: &mut Option<Waker>,
        bufs: &[IoSlice<'_>],
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        let (stream, after) = self.stream(id)?;
        stream.check_sending()?;
        let length = bufs.iter().map(|buf| buf.len()).sum();
        if length == 0 {
            return Poll::Ready(Ok(0));
        }
        // The other end is closed, so the answer is a reset, which shows from the next call on.
        let Some(other) = stream.other else {
            stream.reset(after);
            return Poll::Ready(Ok(length));
        };
        let (peer, after) = self.stream(other)?;
        if peer.refuses_bytes() {
            peer.reset(after);
            let (stream, after) = self.stream(id)?;
            stream.reset(after);
            return Poll::Ready(Ok(length));
        }
        let count = peer.take_in(bufs, limit);
        if count == 0 {
            let (stream, after) = self.stream(id)?;
            stream.writer.park(waker, after);
            return Poll::Pending;
        }
        peer.reader.wake(after);
        Poll::Ready(Ok(count))
    }

    pub(super) fn shutdown(&mut self, id: SocketId, how: Shutdown) -> io::Result<()> {
        let (stream, after) = self.stream(id)?;
        stream.check_connected()?;
        if how != Shutdown::Write {
            stream.shut_reading(after);
        }
        if how != Shutdown::Read {
            stream.shut_writing(after);
            if let Some(other) = stream.other {
                let (peer, after) = self.stream(other)?;
                peer.end(after);
            }
        }
        Ok(())
    }

    pub(super) fn set_reset_on_close(&mut self, id: SocketId, reset: bool) -> io::Result<()> {
        self.stream(id)?.0.resets_on_close = reset;
        Ok(())
    }
}
