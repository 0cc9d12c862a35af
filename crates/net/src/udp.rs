//! [`UdpSocket`]: datagrams.

use crate::addr::{Addrs, AfterResolving, ToSocketAddrs, first_that, resolve};
use crate::network::{self, Direction, Network, SocketId, Take};
use crate::sock::{Call, SimSocket, Sock, bytes_only};
use asyncio_core::wait_note::WaitKind;
use futures_core::future::FusedFuture;
use std::fmt;
use std::future::{Ready, ready as at_once};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll, ready};

/// Sends and receives UDP datagrams.
///
/// Any number of tasks may use it at a time. Options that have no method here are set through
/// [`socket2::SockRef`](https://docs.rs/socket2/latest/socket2/struct.SockRef.html)`::from(&socket)`.
/// It can be used only on the loop on which it was made; it can be dropped anywhere.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// use asyncio::net::UdpSocket;
///
/// asyncio::run(async {
///     let here = UdpSocket::bind("127.0.0.1:0").await?;
///     let there = UdpSocket::bind("127.0.0.1:0").await?;
///     here.send_to(b"ping", there.local_addr()?).await?;
///     let mut datagram = [0; 16];
///     let (len, from) = there.recv_from(&mut datagram).await?;
///     assert_eq!((&datagram[..len], from), (&b"ping"[..], here.local_addr()?));
///     Ok(())
/// })
/// # }
/// ```
#[doc(alias = "create_datagram_endpoint")]
pub struct UdpSocket {
    sock: Sock<net::UdpSocket>,
}

impl UdpSocket {
    /// Binds to the first of the addresses that can be bound. Port 0 asks for a free one. A name begins to
    /// be resolved at the call.
    ///
    /// # Errors
    /// Those of the last address that was tried, with that address in the message; `InvalidInput` for a
    /// string that is not `host:port`; if the name is not known.
    ///
    /// # Panics
    /// If no event loop is running on this thread.
    ///
    /// # Cancel safety
    /// Nothing is bound before it is done.
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(addr: A) -> impl FusedFuture<Output = io::Result<Self>> + use<A> {
        AfterResolving::new(resolve(&addr), Self::bind_first)
    }

    fn bind_first(addrs: Addrs) -> io::Result<Ready<io::Result<Self>>> {
        first_that(&addrs, "cannot bind", Self::bind_one).map(|socket| at_once(Ok(socket)))
    }

    fn bind_one(addr: SocketAddr) -> io::Result<Self> {
        match network::current() {
            None => Self::from_std(net::UdpSocket::bind(addr)?),
            Some(network) => {
                let id = network.bind_datagram(addr)?;
                Ok(Self { sock: Sock::Sim(SimSocket::new(&*network, id)) })
            }
        }
    }

    /// Sets the peer: [`send`](Self::send) goes there, and only its datagrams are received.
    ///
    /// # Errors
    /// Those of the last address that was tried; as for [`bind`](Self::bind) if that is a name.
    ///
    /// # Cancel safety
    /// Nothing has changed before it is done.
    #[track_caller]
    pub fn connect<'a, A: ToSocketAddrs>(
        &'a self,
        addr: A,
    ) -> impl FusedFuture<Output = io::Result<()>> + use<'a, A> {
        AfterResolving::new(resolve(&addr), |addrs: Addrs| {
            first_that(&addrs, "cannot connect to", |addr| self.connect_one(addr))
                .map(|()| at_once(Ok(())))
        })
    }

    fn connect_one(&self, addr: SocketAddr) -> io::Result<()> {
        match &self.sock {
            Sock::Os(fd) => fd.get_ref().connect(addr),
            Sock::Sim(sim) => sim.call(|network, id| network.connect_datagram(id, addr)),
        }
    }

    /// Takes a socket of std's over.
    ///
    /// # Errors
    /// If the system refuses to register it.
    ///
    /// # Panics
    /// If no event loop is running on this thread.
    #[track_caller]
    pub fn from_std(socket: net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { sock: Sock::os(socket)? })
    }

    /// Gives the socket back to std, in blocking mode.
    ///
    /// # Errors
    /// If the system refuses; `Unsupported` if it is simulated.
    pub fn into_std(self) -> io::Result<net::UdpSocket> {
        let socket = self.sock.into_real()?;
        socket.set_nonblocking(false)?;
        Ok(socket)
    }

    /// Sends a datagram to `addr`, to the first of its addresses.
    ///
    /// # Errors
    /// Those of `sendto`; as for [`bind`](Self::bind) if the address is a name.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// As long as it waits, nothing has been sent.
    #[track_caller]
    pub fn send_to<'a, A: ToSocketAddrs>(
        &'a self,
        buf: &'a [u8],
        addr: A,
    ) -> impl FusedFuture<Output = io::Result<usize>> + use<'a, A> {
        AfterResolving::new(resolve(&addr), move |addrs: Addrs| {
            let to = addrs.first();
            Ok(match &self.sock {
                Sock::Os(fd) => {
                    Call::Os(fd.write_with(move |socket: &net::UdpSocket| socket.send_to(buf, to)))
                }
                Sock::Sim(sim) => {
                    Call::simulated(sim, WaitKind::Writable, send_simulated(buf, Some(to)))
                }
            })
        })
    }

    /// Receives a datagram and its sender. What does not fit into `buf` is lost.
    ///
    /// # Errors
    /// Those of `recvfrom`.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// As long as it waits, nothing has been received.
    pub fn recv_from<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl FusedFuture<Output = io::Result<(usize, SocketAddr)>> + 'a {
        match &self.sock {
            Sock::Os(fd) => Call::Os(fd.read_with(move |socket| socket.recv_from(buf))),
            Sock::Sim(sim) => Call::simulated(sim, WaitKind::Readable, move |network, id, cx| {
                let (count, from) = ready!(receive_simulated(network, id, cx, buf))?;
                Poll::Ready(from.map(|from| (count, from)).ok_or_else(nameless))
            }),
        }
    }

    /// Sends a datagram to the peer.
    ///
    /// # Errors
    /// Those of `send`; `ConnectionRefused` tells of an earlier datagram that nobody was there to receive.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// As long as it waits, nothing has been sent.
    pub fn send<'a>(&'a self, buf: &'a [u8]) -> impl FusedFuture<Output = io::Result<usize>> + 'a {
        match &self.sock {
            Sock::Os(fd) => Call::Os(fd.write_with(move |socket| socket.send(buf))),
            Sock::Sim(sim) => Call::simulated(sim, WaitKind::Writable, send_simulated(buf, None)),
        }
    }

    /// Receives a datagram from the peer. What does not fit into `buf` is lost.
    ///
    /// # Errors
    /// Those of `recv`; `ConnectionRefused` tells of an earlier datagram that nobody was there to receive.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// As long as it waits, nothing has been received.
    pub fn recv<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl FusedFuture<Output = io::Result<usize>> + 'a {
        match &self.sock {
            Sock::Os(fd) => Call::Os(fd.read_with(move |socket| socket.recv(buf))),
            Sock::Sim(sim) => Call::simulated(sim, WaitKind::Readable, move |network, id, cx| {
                bytes_only(receive_simulated(network, id, cx, buf))
            }),
        }
    }

    /// Receives a datagram and its sender without taking it: the next receive gives the same again.
    ///
    /// # Errors
    /// Those of `recvfrom`.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// Nothing is consumed.
    pub fn peek_from<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl FusedFuture<Output = io::Result<(usize, SocketAddr)>> + 'a {
        match &self.sock {
            Sock::Os(fd) => Call::Os(fd.read_with(move |socket| socket.peek_from(buf))),
            Sock::Sim(sim) => Call::simulated(sim, WaitKind::Readable, move |network, id, cx| {
                let bufs = &mut [IoSliceMut::new(buf)];
                let (count, from) = ready!(network.poll_recv(id, cx, bufs, Take::Peek))?;
                Poll::Ready(from.map(|from| (count, from)).ok_or_else(nameless))
            }),
        }
    }

    /// Waits until there is a datagram, or an error.
    ///
    /// # Errors
    /// If the loop is closed; `Unsupported` on a simulated network that cannot tell.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// Nothing is consumed.
    pub fn readable(&self) -> impl FusedFuture<Output = io::Result<()>> + '_ {
        self.sock.wait(Direction::Receive)
    }

    /// Waits until there is room for a datagram, or an error.
    ///
    /// # Errors
    /// If the loop is closed; `Unsupported` on a simulated network that cannot tell.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// Nothing is sent.
    pub fn writable(&self) -> impl FusedFuture<Output = io::Result<()>> + '_ {
        self.sock.wait(Direction::Send)
    }

    /// Receives a datagram and its sender, without waiting. What does not fit into `buf` is lost.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; those of `recvfrom`.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match &self.sock {
            Sock::Os(fd) => fd.try_read_with(|socket| socket.recv_from(buf)),
            Sock::Sim(sim) => sim.attempt(Direction::Receive, |network, id, cx| {
                let (count, from) = ready!(receive_simulated(network, id, cx, buf))?;
                Poll::Ready(from.map(|from| (count, from)).ok_or_else(nameless))
            }),
        }
    }

    /// Sends a datagram to `addr`, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room; those of `sendto`.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn try_send_to(&self, buf: &[u8], addr: SocketAddr) -> io::Result<usize> {
        match &self.sock {
            Sock::Os(fd) => fd.try_write_with(|socket| socket.send_to(buf, addr)),
            Sock::Sim(sim) => sim.attempt(Direction::Send, send_simulated(buf, Some(addr))),
        }
    }

    /// The socket's own address.
    ///
    /// # Errors
    /// Those of the system.
    #[track_caller]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.sock {
            Sock::Os(fd) => fd.get_ref().local_addr(),
            Sock::Sim(sim) => sim.call(|network, id| network.local_addr(id)),
        }
    }

    /// The address of the peer.
    ///
    /// # Errors
    /// `NotConnected` if there is none.
    #[track_caller]
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.sock {
            Sock::Os(fd) => fd.get_ref().peer_addr(),
            Sock::Sim(sim) => sim.call(|network, id| network.peer_addr(id)),
        }
    }

    /// Whether it belongs to a simulated network, and so has no descriptor.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.sock.is_simulated()
    }
}

fn receive_simulated(
    network: &dyn Network,
    id: SocketId,
    cx: &mut Context<'_>,
    buf: &mut [u8],
) -> Poll<io::Result<(usize, Option<SocketAddr>)>> {
    network.poll_recv(id, cx, &mut [IoSliceMut::new(buf)], Take::Consume)
}

fn send_simulated(
    buf: &[u8],
    to: Option<SocketAddr>,
) -> impl FnMut(&dyn Network, SocketId, &mut Context<'_>) -> Poll<io::Result<usize>> {
    move |network, id, cx| network.poll_send(id, cx, &[IoSlice::new(buf)], to)
}

fn nameless() -> io::Error {
    io::Error::other("the simulated network has not told the sender of a datagram")
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sock.fmt(f)
    }
}

impl AsFd for UdpSocket {
    /// # Panics
    /// If it is simulated.
    #[track_caller]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sock.fd()
    }
}

impl TryFrom<net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    #[track_caller]
    fn try_from(socket: net::UdpSocket) -> io::Result<Self> {
        Self::from_std(socket)
    }
}
