//! The other ways to use a stream: readiness, attempts that do not wait, peeking, and buffers that grow.

use crate::network::{Direction, Take};
use crate::os;
use crate::sock::{Call, Sock, bytes_only};
use crate::tcp::stream::TcpStream;
use asyncio_core::wait_note::WaitKind;
use futures_core::future::FusedFuture;
use rustix::buffer::spare_capacity;
use rustix::net::{RecvFlags, recv};
use std::io::{self, IoSlice, IoSliceMut, Read};
use std::task::{Context, Poll, ready};

/// A vector without room grows by so much before a read.
const GROWTH: usize = 8 << 10;

impl TcpStream {
    /// Waits until there is something to read: data, the end of the stream, an error.
    ///
    /// For [`try_read`](Self::try_read), and for code that reads by the descriptor.
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

    /// Waits until there is room to write, or an error.
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

    /// Reads what there is, without waiting; 0 at the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; those of `recv`.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use asyncio::net::{TcpListener, TcpStream};
    /// use std::io::{ErrorKind, Write};
    ///
    /// asyncio::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut peer = std::net::TcpStream::connect(listener.local_addr()?)?;
    ///     let (stream, _) = listener.accept().await?;
    ///
    ///     let mut bytes = [0; 16];
    ///     let nothing = stream.try_read(&mut bytes).unwrap_err();
    ///     assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    ///     peer.write_all(b"ping")?;
    ///     stream.readable().await?;
    ///     assert_eq!(stream.try_read(&mut bytes)?, 4);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match &self.sock {
            Sock::Os(fd) => fd.try_read_with(|mut stream| stream.read(buf)),
            Sock::Sim(sim) => sim.attempt(Direction::Receive, |network, id, cx| {
                bytes_only(network.poll_recv(id, cx, &mut [IoSliceMut::new(buf)], Take::Consume))
            }),
        }
    }

    /// Writes what there is room for, without waiting.
    ///
    /// # Errors
    /// `WouldBlock` if there is no room; those of `send`.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        match &self.sock {
            Sock::Os(fd) => fd.try_write_with(|stream| os::send(stream, buf)),
            Sock::Sim(sim) => sim.attempt(Direction::Send, |network, id, cx| {
                network.poll_send(id, cx, &[IoSlice::new(buf)], None)
            }),
        }
    }

    /// Receives without taking: the next read gives the same bytes again.
    ///
    /// # Errors
    /// Those of `recv`.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// Nothing is consumed.
    pub fn peek<'a>(
        &'a self,
        buf: &'a mut [u8],
    ) -> impl FusedFuture<Output = io::Result<usize>> + 'a {
        match &self.sock {
            Sock::Os(fd) => Call::Os(fd.read_with(move |stream| stream.peek(buf))),
            Sock::Sim(sim) => Call::simulated(sim, WaitKind::Readable, move |network, id, cx| {
                let bufs = &mut [IoSliceMut::new(buf)];
                bytes_only(network.poll_recv(id, cx, bufs, Take::Peek))
            }),
        }
    }

    /// Polls for what [`peek`](Self::peek) does. Of several tasks the last to ask is woken.
    ///
    /// # Errors
    /// Those of `recv`.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        match &self.sock {
            Sock::Os(fd) => fd.poll_read_with(cx, |stream| stream.peek(buf)),
            Sock::Sim(sim) => bytes_only(sim.poll(WaitKind::Readable, cx, |network, id, cx| {
                network.poll_recv(id, cx, &mut [IoSliceMut::new(buf)], Take::Peek)
            })),
        }
    }

    /// Polls for a read into the room behind what is in `buf`, which is not filled with zeros before; a
    /// vector without room grows. Of several tasks that read the last to ask is woken.
    ///
    /// # Errors
    /// Those of `recv`.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use asyncio::net::{TcpListener, TcpStream};
    /// use std::future::poll_fn;
    /// use std::io::Write;
    ///
    /// asyncio::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut peer = std::net::TcpStream::connect(listener.local_addr()?)?;
    ///     let (stream, _) = listener.accept().await?;
    ///
    ///     peer.write_all(b"ping")?;
    ///     let mut heard = Vec::with_capacity(1024);
    ///     assert_eq!(poll_fn(|cx| stream.poll_read_buf(cx, &mut heard)).await?, 4);
    ///     assert_eq!(heard, b"ping");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn poll_read_buf(
        &self,
        cx: &mut Context<'_>,
        buf: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        if buf.len() == buf.capacity() {
            buf.reserve(GROWTH);
        }
        match &self.sock {
            Sock::Os(fd) => {
                let room = os::at_most(buf.capacity() - buf.len());
                fd.poll_read_stream(cx, room, |stream| {
                    Ok(recv(stream, spare_capacity(buf), RecvFlags::empty())?.0)
                })
            }
            Sock::Sim(sim) => {
                let mut bytes = vec![0; (buf.capacity() - buf.len()).min(GROWTH)];
                let polled = sim.poll(WaitKind::Readable, cx, |network, id, cx| {
                    network.poll_recv(id, cx, &mut [IoSliceMut::new(&mut bytes)], Take::Consume)
                });
                let count = ready!(bytes_only(polled))?;
                buf.extend_from_slice(&bytes[..count]);
                Poll::Ready(Ok(count))
            }
        }
    }
}
