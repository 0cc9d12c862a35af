//! The end of a socket of any kind: what the other end and those who wait learn of it.

use super::kernel::{Kernel, Socket};
use super::listener::Listener;
use super::stream::Stream;
use asyncio_net::network::SocketId;
use rustix::io::Errno;

impl Kernel {
    /// Closes a socket of any kind. Tasks that still wait for it are woken, and find it closed.
    pub(super) fn close(&mut self, id: SocketId) {
        match self.sockets.remove(&id) {
            Some(Socket::Stream(stream)) => self.stream_closed(id, stream),
            Some(Socket::Listener(listener)) => self.listener_closed(id, listener),
            Some(Socket::Bound(_, local)) => self.tcp.release(local, id),
            Some(Socket::Datagram(mut socket)) => {
                self.udp.release(socket.local, id);
                socket.receiving.wake(&mut self.after);
            }
            None => {}
        }
    }

    /// Lets the other end know that a stream was closed.
    fn stream_closed(&mut self, id: SocketId, mut stream: Stream) {
        self.tcp.release(stream.local, id);
        stream.reader.wake(&mut self.after);
        stream.writer.wake(&mut self.after);
        if stream.is_connecting
            && let Some(listener) = self.tcp.at(stream.remote)
            && let Ok((listener, _)) = self.listener(listener)
        {
            listener.outside.retain(|&waiting| waiting != id);
        }
        let Some(Ok((peer, after))) = stream.other.map(|other| self.stream(other)) else { return };
        if stream.resets() {
            peer.reset(after);
        } else {
            // Its writer does not wait: it would wait for bytes to be read, and none are left.
            peer.other = None;
            peer.end(after);
        }
    }

    /// What still waits will not be accepted: made connections are reset, the others are refused.
    fn listener_closed(&mut self, id: SocketId, mut listener: Listener) {
        self.tcp.release(listener.local, id);
        listener.accepting.wake(&mut self.after);
        for unaccepted in listener.queue {
            if let Some(Socket::Stream(mut stream)) = self.sockets.remove(&unaccepted) {
                stream.resets_on_close = true;
                self.stream_closed(unaccepted, stream);
            }
        }
        for waiting in listener.outside {
            if let Ok((stream, after)) = self.stream(waiting) {
                stream.fail(Errno::CONNREFUSED, after);
            }
        }
    }
}
