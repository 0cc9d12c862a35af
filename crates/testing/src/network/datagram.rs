//! [`Datagram`]: a socket for datagrams, and those that have arrived.

use super::address::{Family, Route, canonical, covers, route};
use super::after::{After, Waiters};
use asyncio_net::network::Take;
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::net::{IpAddr, SocketAddr};

/// The longest datagram over IPv4, whose packets count their own header.
pub(super) const LONGEST_V4: usize = 65_507;

/// The longest datagram over IPv6.
pub(super) const LONGEST_V6: usize = 65_527;

/// What a socket holds before it loses what comes; Linux' default.
const ROOM: usize = 212_992;

/// What each datagram costs beyond its bytes, so that empty ones cannot pile up without end.
const OVERHEAD: usize = 512;

/// A datagram socket.
#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) family: Family,
    /// Canonical, like `peer`.
    pub(super) local: SocketAddr,
    pub(super) peer: Option<SocketAddr>,
    /// Whether it was bound to all addresses; connecting it has then given it one.
    was_open: bool,
    pub(super) receiving: Waiters,
    queue: VecDeque<(Vec<u8>, SocketAddr)>,
    held: usize,
    /// To be reported once.
    error: Option<Errno>,
}

impl Datagram {
    pub(super) fn new(family: Family, local: SocketAddr) -> Self {
        Self {
            family,
            local,
            peer: None,
            was_open: local.ip().is_unspecified(),
            receiving: Waiters::default(),
            queue: VecDeque::new(),
            held: 0,
            error: None,
        }
    }

    /// The way to an address as the program gave it.
    pub(super) fn route(&self, to: SocketAddr) -> Result<Route, Errno> {
        let local = match self.local.ip() {
            // What connecting over IPv6 has set is no address for packets of IPv4.
            IpAddr::V6(_) if self.was_open && canonical(to).is_ipv4() => self.family.unspecified(),
            local => local,
        };
        route(self.family, local, to)
    }

    /// Sets the peer. A socket that had all addresses gets the one from which it reaches its peer.
    pub(super) fn connect(&mut self, route: Route) {
        self.peer = Some(route.to);
        if self.local.ip().is_unspecified() {
            self.local.set_ip(route.from);
        }
    }

    /// Whether the socket takes datagrams from this address: one with a peer takes only the peer's.
    pub(super) fn accepts_from(&self, from: SocketAddr) -> bool {
        self.peer.is_none_or(|peer| {
            peer.ip() == from.ip() && (peer.port() == 0 || peer.port() == from.port())
        })
    }

    /// A datagram arrives. It is lost if there is no room.
    pub(super) fn arrive(&mut self, bufs: &[IoSlice<'_>], from: SocketAddr, after: &mut After) {
        let bytes: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        let cost = bytes.len() + OVERHEAD;
        if self.held + cost > ROOM {
            return;
        }
        self.held += cost;
        self.queue.push_back((bytes, from));
        self.receiving.wake(after);
    }

    /// No socket takes what this one has sent on this route. A socket with a peer gets an error for it, if the
    /// datagram went to the peer and the refusal finds its way back to the socket's own address.
    pub(super) fn was_refused(&mut self, Route { from, to }: Route, after: &mut After) {
        if self.peer.is_some() && self.accepts_from(to) && covers(self.local.ip(), from) {
            self.error = Some(Errno::CONNREFUSED);
            self.receiving.wake(after);
        }
    }

    /// Whether there is a datagram or an error.
    pub(super) fn is_readable(&self) -> bool {
        !self.queue.is_empty() || self.error.is_some()
    }

    /// The error that was not reported yet.
    pub(super) fn take_error(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), |errno| Err(errno.into()))
    }

    /// The oldest datagram, as much of it as fits, and its sender; `None` if there is none yet.
    pub(super) fn give_out(
        &mut self,
        bufs: &mut [IoSliceMut<'_>],
        take: Take,
    ) -> io::Result<Option<(usize, SocketAddr)>> {
        self.take_error()?;
        let Some((bytes, from)) = self.queue.front() else { return Ok(None) };
        let given = (bytes.as_slice().read_vectored(bufs)?, self.family.show(*from));
        if take == Take::Consume {
            self.held -= bytes.len() + OVERHEAD;
            self.queue.pop_front();
        }
        Ok(Some(given))
    }
}
