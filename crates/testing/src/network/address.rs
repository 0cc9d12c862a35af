//! Addresses as Linux compares and shows them.
//!
//! Sockets keep canonical addresses: what an IPv6 socket calls `::ffff:127.0.0.1` is `127.0.0.1`. The
//! family of the socket decides how an address is shown to the program.

use rustix::io::Errno;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The family of a socket, which is that of the address with which it was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) fn of(addr: SocketAddr) -> Self {
        if addr.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// What a socket is bound to by default: all addresses that it can have.
    pub(super) fn unspecified(self) -> IpAddr {
        match self {
            Self::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Self::V6 => Ipv6Addr::UNSPECIFIED.into(),
        }
    }

    /// A canonical address as a socket of this family shows it.
    pub(super) fn show(self, addr: SocketAddr) -> SocketAddr {
        match (self, addr.ip()) {
            (Self::V6, IpAddr::V4(ip)) => SocketAddr::new(ip.to_ipv6_mapped().into(), addr.port()),
            _ => addr,
        }
    }
}

/// The address without its disguise as IPv6.
pub(super) fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

/// Whether a socket that is bound to `bound` receives what is sent to `ip`.
///
/// `::` is all addresses of both families: `IPV6_V6ONLY` is off, as it is on Linux unless set.
pub(super) fn covers(bound: IpAddr, ip: IpAddr) -> bool {
    bound == ip
        || match bound {
            IpAddr::V4(bound) => bound.is_unspecified() && ip.is_ipv4(),
            IpAddr::V6(bound) => bound.is_unspecified(),
        }
}

/// From where and to where a packet goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    /// The sender's address.
    pub(super) from: IpAddr,
    pub(super) to: SocketAddr,
}

/// The way of a packet from a socket of this family, bound to `local`, to an address as the program gave it.
pub(super) fn route(family: Family, local: IpAddr, to: SocketAddr) -> Result<Route, Errno> {
    if family == Family::V4 && to.is_ipv6() {
        return Err(Errno::AFNOSUPPORT);
    }
    let to = SocketAddr::new(destination(local, canonical(to).ip()), to.port());
    let from = match (local, to.ip()) {
        (IpAddr::V4(_), IpAddr::V6(_)) => return Err(Errno::AFNOSUPPORT),
        (IpAddr::V6(local), IpAddr::V4(_)) if !local.is_unspecified() => {
            return Err(Errno::NETUNREACH);
        }
        (local, _) if !local.is_unspecified() => local,
        (_, IpAddr::V4(ip)) if ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        // On one host, a packet to one of its addresses comes from that address, too.
        (_, ip) => ip,
    };
    Ok(Route { from, to })
}

/// A packet to the unspecified address goes to this host.
fn destination(local: IpAddr, to: IpAddr) -> IpAddr {
    match to {
        IpAddr::V4(ip) if ip.is_unspecified() && local.is_ipv4() && !local.is_unspecified() => {
            local
        }
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() && local.is_ipv4() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}
