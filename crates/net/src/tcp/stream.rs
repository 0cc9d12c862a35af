//! [`TcpStream`]: a connection.

use crate::network::{self, Take};
use crate::os;
use crate::sock::{SimSocket, Sock, bytes_only};
use asyncio_core::wait_note::WaitKind;
use futures_io::{AsyncRead, AsyncWrite};
use socket2::SockRef;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::net::{self, Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A TCP connection.
///
/// It implements `futures`' `AsyncRead` and `AsyncWrite`, and so does `&TcpStream`: one task can read while
/// another writes, borrowing the same stream. Of several tasks that read at a time only the last one is
/// woken, and the same for writing. `TCP_NODELAY` is on, as in Python's asyncio. A stream is not buffered,
/// so flushing does nothing. Options that have no method here are set through
/// [`socket2::SockRef`](https://docs.rs/socket2/latest/socket2/struct.SockRef.html)`::from(&stream)`.
///
/// It can be used only on the loop on which it was made; it can be dropped anywhere. Dropping it
/// closes the connection, and if what the peer sent was not all read, the peer sees a reset.
///
/// # Examples
/// ```
/// # fn main() -> std::io::Result<()> {
/// use asyncio::gather;
/// use asyncio::net::{TcpListener, TcpStream};
/// use futures::io::{AsyncReadExt, AsyncWriteExt};
///
/// asyncio::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let connecting = TcpStream::connect(listener.local_addr()?);
///     let (accepted, connected) = gather((listener.accept(), connecting)).await;
///     let ((mut server, _), mut client) = (accepted?, connected?);
///
///     client.write_all(b"ping").await?;
///     client.close().await?;
///     let mut heard = String::new();
///     server.read_to_string(&mut heard).await?;
///     assert_eq!(heard, "ping");
///     Ok(())
/// })
/// # }
/// ```
pub struct TcpStream {
    pub(super) sock: Sock<net::TcpStream>,
}

impl TcpStream {
    pub(crate) fn from_sock(sock: Sock<net::TcpStream>) -> Self {
        Self { sock }
    }

    /// Begins a connection, which [`poll_connected`](Self::poll_connected) awaits.
    #[track_caller]
    pub(crate) fn begin(addr: SocketAddr) -> io::Result<Self> {
        let sock = match network::current() {
            None => Sock::os(os::connect(addr)?)?,
            Some(network) => Sock::Sim(SimSocket::new(&*network, network.connect(addr)?)),
        };
        Ok(Self { sock })
    }

    /// Waits for a connection that was begun.
    #[track_caller]
    pub(crate) fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.sock {
            Sock::Os(fd) => {
                ready!(fd.poll_writable(cx))?;
                Poll::Ready(fd.get_ref().take_error()?.map_or(Ok(()), Err))
            }
            Sock::Sim(sim) => {
                sim.poll(WaitKind::Writable, cx, |network, id, cx| network.poll_connected(id, cx))
            }
        }
    }

    /// Takes a connection of std's over; its options stay as they are, but that it does not block.
    ///
    /// # Errors
    /// If the system refuses to register it.
    ///
    /// # Panics
    /// If no event loop is running on this thread.
    #[track_caller]
    pub fn from_std(stream: net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Sock::os(stream).map(Self::from_sock)
    }

    /// Gives the connection back to std, in blocking mode.
    ///
    /// # Errors
    /// If the system refuses; `Unsupported` if it is simulated.
    pub fn into_std(self) -> io::Result<net::TcpStream> {
        let stream = self.sock.into_real()?;
        stream.set_nonblocking(false)?;
        Ok(stream)
    }

    /// Ends one or both directions: `Write` lets the peer read an end of stream.
    ///
    /// # Errors
    /// `NotConnected` if the connection is gone already.
    #[track_caller]
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match &self.sock {
            Sock::Os(fd) => fd.get_ref().shutdown(how),
            Sock::Sim(sim) => sim.call(|network, id| network.shutdown(id, how)),
        }
    }

    /// Ends the writing direction for a half that goes; on a thread where it cannot be told, the peer sees
    /// the end when the whole stream goes.
    pub(crate) fn end_writing(&self) {
        // The connection may be gone already, and then there is nothing to end.
        let _ended = match &self.sock {
            Sock::Os(fd) => fd.get_ref().shutdown(Shutdown::Write),
            Sock::Sim(sim) => sim
                .call_if_current(|network, id| network.shutdown(id, Shutdown::Write))
                .unwrap_or(Ok(())),
        };
    }

    /// The address of this end.
    ///
    /// # Errors
    /// Those of the system.
    #[track_caller]
    #[doc(alias = "getsockname")]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.sock {
            Sock::Os(fd) => fd.get_ref().local_addr(),
            Sock::Sim(sim) => sim.call(|network, id| network.local_addr(id)),
        }
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// `NotConnected` if the connection is gone already.
    #[track_caller]
    #[doc(alias = "getpeername")]
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.sock {
            Sock::Os(fd) => fd.get_ref().peer_addr(),
            Sock::Sim(sim) => sim.call(|network, id| network.peer_addr(id)),
        }
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`); they are unless told otherwise.
    ///
    /// # Errors
    /// Those of the system.
    pub fn nodelay(&self) -> io::Result<bool> {
        match &self.sock {
            Sock::Os(fd) => fd.get_ref().nodelay(),
            Sock::Sim(sim) => Ok(sim.nodelay()),
        }
    }

    /// Sets whether small writes are sent at once, or gathered by Nagle's algorithm; a simulated network
    /// sends them at once in any case.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        match &self.sock {
            Sock::Os(fd) => fd.get_ref().set_nodelay(nodelay),
            Sock::Sim(sim) => {
                sim.set_nodelay(nodelay);
                Ok(())
            }
        }
    }

    /// The time to live of packets sent (`IP_TTL`).
    ///
    /// # Errors
    /// Those of the system.
    pub fn ttl(&self) -> io::Result<u32> {
        match &self.sock {
            Sock::Os(fd) => fd.get_ref().ttl(),
            Sock::Sim(sim) => Ok(sim.ttl()),
        }
    }

    /// Sets the time to live of packets sent; a simulated network has no use for it.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match &self.sock {
            Sock::Os(fd) => fd.get_ref().set_ttl(ttl),
            Sock::Sim(sim) => sim.set_ttl(ttl),
        }
    }

    /// Lets the drop of the stream reset the connection instead of ending it in good order.
    ///
    /// What was written and not yet sent is lost.
    ///
    /// # Errors
    /// Those of the system.
    #[track_caller]
    #[doc(alias = "SO_LINGER")]
    pub fn set_reset_on_drop(&self, reset: bool) -> io::Result<()> {
        match &self.sock {
            Sock::Os(fd) => SockRef::from(fd.get_ref()).set_linger(reset.then_some(Duration::ZERO)),
            Sock::Sim(sim) => sim.call(|network, id| network.set_reset_on_close(id, reset)),
        }
    }

    /// Whether it belongs to a simulated network, and so has no descriptor.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.sock.is_simulated()
    }
}

impl AsyncRead for &TcpStream {
    #[track_caller]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        match &self.sock {
            Sock::Os(fd) => {
                fd.poll_read_stream(cx, os::at_most(buf.len()), |mut stream| stream.read(buf))
            }
            Sock::Sim(sim) => bytes_only(sim.poll(WaitKind::Readable, cx, |network, id, cx| {
                network.poll_recv(id, cx, &mut [IoSliceMut::new(buf)], Take::Consume)
            })),
        }
    }

    #[track_caller]
    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let Some(asked) = os::one_call(bufs) else { return Poll::Ready(Ok(0)) };
        let bufs = &mut bufs[asked.bufs];
        match &self.sock {
            Sock::Os(fd) => {
                fd.poll_read_stream(cx, asked.len, |mut stream| stream.read_vectored(bufs))
            }
            Sock::Sim(sim) => bytes_only(sim.poll(WaitKind::Readable, cx, |network, id, cx| {
                network.poll_recv(id, cx, bufs, Take::Consume)
            })),
        }
    }
}

impl AsyncWrite for &TcpStream {
    #[track_caller]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        match &self.sock {
            Sock::Os(fd) => {
                fd.poll_write_stream(cx, os::at_most(buf.len()), |stream| os::send(stream, buf))
            }
            Sock::Sim(sim) => sim.poll(WaitKind::Writable, cx, |network, id, cx| {
                network.poll_send(id, cx, &[IoSlice::new(buf)], None)
            }),
        }
    }

    #[track_caller]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Some(asked) = os::one_call(bufs) else { return Poll::Ready(Ok(0)) };
        let bufs = &bufs[asked.bufs];
        match &self.sock {
            Sock::Os(fd) => {
                fd.poll_write_stream(cx, asked.len, |stream| os::send_vectored(stream, bufs))
            }
            Sock::Sim(sim) => sim.poll(WaitKind::Writable, cx, |network, id, cx| {
                network.poll_send(id, cx, bufs, None)
            }),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    #[track_caller]
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.shutdown(Shutdown::Write) {
            // The peer was quicker, or it was closed before: closed it is.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            result => Poll::Ready(result),
        }
    }
}

impl AsyncRead for TcpStream {
    #[track_caller]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.get_mut()).poll_read(cx, buf)
    }

    #[track_caller]
    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.get_mut()).poll_read_vectored(cx, bufs)
    }
}

impl AsyncWrite for TcpStream {
    #[track_caller]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.get_mut()).poll_write(cx, buf)
    }

    #[track_caller]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.get_mut()).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.get_mut()).poll_flush(cx)
    }

    #[track_caller]
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.get_mut()).poll_close(cx)
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sock.fmt(f)
    }
}

impl AsFd for TcpStream {
    /// # Panics
    /// If it is simulated.
    #[track_caller]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sock.fd()
    }
}

impl TryFrom<net::TcpStream> for TcpStream {
    type Error = io::Error;

    #[track_caller]
    fn try_from(stream: net::TcpStream) -> io::Result<Self> {
        Self::from_std(stream)
    }
}
