//! [`Listener`]: connections that wait to be accepted, and those that wait to wait.

use super::address::Family;
use super::after::Waiters;
use asyncio_net::network::SocketId;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// A stream socket that listens.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) family: Family,
    /// Canonical.
    pub(super) local: SocketAddr,
    backlog: usize,
    /// This side's ends of connections that are made, oldest first.
    pub(super) queue: VecDeque<SocketId>,
    /// The other side's ends of connections for which the queue had no room, oldest first.
    pub(super) outside: VecDeque<SocketId>,
    pub(super) accepting: Waiters,
}

impl Listener {
    pub(super) fn new(family: Family, local: SocketAddr, backlog: u32) -> Self {
        Self {
            family,
            local,
            // As on Linux, where a backlog of none still keeps one.
            backlog: usize::try_from(backlog).unwrap_or(usize::MAX).saturating_add(1),
            queue: VecDeque::new(),
            outside: VecDeque::new(),
            accepting: Waiters::default(),
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.queue.len() < self.backlog
    }
}
