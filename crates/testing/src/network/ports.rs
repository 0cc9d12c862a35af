//! [`Ports`]: who has which address of one protocol.

use super::address::covers;
use asyncio_net::network::SocketId;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

/// From where free ports are given out: Linux' range.
const EPHEMERAL: RangeInclusive<u16> = 32768..=60999;

/// The addresses in use, by port first, so that all addresses of a port are neighbours.
#[derive(Debug, Default)]
pub(super) struct Ports {
    taken: BTreeMap<(u16, IpAddr), SocketId>,
    /// How many free ports were searched for; they are given out in turn, so none is used again soon.
    searches: usize,
}

impl Ports {
    /// Gives a canonical address to a socket; port 0 is replaced by a free one.
    pub(super) fn claim(&mut self, addr: SocketAddr, id: SocketId) -> io::Result<SocketAddr> {
        let ip = addr.ip();
        let port = match addr.port() {
            0 => self.free_port(ip),
            port => Some(port).filter(|&port| self.is_free(ip, port)),
        };
        let port = port.ok_or(Errno::ADDRINUSE)?;
        self.taken.insert((port, ip), id);
        Ok(SocketAddr::new(ip, port))
    }

    /// Takes an address back if this socket has it: the streams of a listener share its address.
    pub(super) fn release(&mut self, addr: SocketAddr, id: SocketId) {
        let key = (addr.port(), addr.ip());
        if self.taken.get(&key) == Some(&id) {
            self.taken.remove(&key);
        }
    }

    /// A socket that had all addresses of its port has only this one from now on.
    pub(super) fn narrow(&mut self, addr: SocketAddr, ip: IpAddr, id: SocketId) {
        self.release(addr, id);
        self.taken.insert((addr.port(), ip), id);
    }

    /// The socket that `addr` reaches: the one that has it, else the one that has all of its port.
    pub(super) fn at(&self, addr: SocketAddr) -> Option<SocketId> {
        let find = |ip| self.taken.get(&(addr.port(), ip)).copied();
        let every = Some(Ipv4Addr::UNSPECIFIED.into()).filter(|_| addr.is_ipv4()).and_then(find);
        find(addr.ip()).or(every).or_else(|| find(Ipv6Addr::UNSPECIFIED.into()))
    }

    fn is_free(&self, ip: IpAddr, port: u16) -> bool {
        let lowest = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let highest = IpAddr::V6(Ipv6Addr::from_bits(u128::MAX));
        let mut others = self.taken.range((port, lowest)..=(port, highest)).map(|((_, ip), _)| *ip);
        others.all(|other| !covers(other, ip) && !covers(ip, other))
    }

    fn free_port(&mut self, ip: IpAddr) -> Option<u16> {
        for _ in EPHEMERAL {
            let offset = self.searches % EPHEMERAL.len();
            self.searches += 1;
            let port = EPHEMERAL.clone().nth(offset).expect("it is below the length");
            if self.is_free(ip, port) {
                return Some(port);
            }
        }
        None
    }
}
