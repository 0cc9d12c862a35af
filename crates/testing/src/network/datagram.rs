//! [`Datagram`]: a socket for datagrams, and those that have arrived.

use super::after::{After, Waiters};
use asyncio_net::network::Take;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read};
use std::net::SocketAddr;

/// The longest datagram: what an IP packet can hold.
pub(super) const LONGEST: usize = 65_507;

/// What a socket holds before it loses what comes; Linux' default.
const ROOM: usize = 212_992;

/// What each datagram costs beyond its bytes, so that empty ones cannot pile up without end.
const OVERHEAD: usize = 512;

/// A datagram socket.
#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) local: SocketAddr,
    pub(super) peer: Option<SocketAddr>,
    pub(super) receiving: Waiters,
    queue: VecDeque<(Vec<u8>, SocketAddr)>,
    held: usize,
    /// To be told once.
    error: Option<ErrorKind>,
}

impl Datagram {
    pub(super) fn new(local: SocketAddr) -> Self {
        Self {
            local,
            peer: None,
            receiving: Waiters::default(),
            queue: VecDeque::new(),
            held: 0,
            error: None,
        }
    }

    /// A datagram arrives. It is lost if there is no room, or if only another peer is listened to.
    pub(super) fn arrive(&mut self, bufs: &[IoSlice<'_>], from: SocketAddr, after: &mut After) {
        let bytes: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        let cost = bytes.len() + OVERHEAD;
        if self.held + cost > ROOM || self.peer.is_some_and(|peer| peer != from) {
            return;
        }
        self.held += cost;
        self.queue.push_back((bytes, from));
        self.receiving.wake(after);
    }

    /// Nobody received what this socket has sent to its peer.
    pub(super) fn was_refused(&mut self, after: &mut After) {
        self.error = Some(ErrorKind::ConnectionRefused);
        self.receiving.wake(after);
    }

    /// The error that was not told yet.
    pub(super) fn take_error(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), |kind| Err(kind.into()))
    }

    /// The oldest datagram, as much of it as fits, and its sender; `None` if there is none yet.
    pub(super) fn give_out(
        &mut self,
        bufs: &mut [IoSliceMut<'_>],
        take: Take,
    ) -> io::Result<Option<(usize, SocketAddr)>> {
        self.take_error()?;
        let Some((bytes, from)) = self.queue.front() else { return Ok(None) };
        let given = (bytes.as_slice().read_vectored(bufs)?, *from);
        if take == Take::Consume {
            self.held -= bytes.len() + OVERHEAD;
            self.queue.pop_front();
        }
        Ok(Some(given))
    }
}
