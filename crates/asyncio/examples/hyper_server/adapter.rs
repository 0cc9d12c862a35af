//! What hyper 1 asks of a runtime, on top of asyncio: streams, tasks and timers.
//!
//! Copy this file into a program of your own; it needs nothing but `hyper` and `asyncio`, with `futures` for its
//! I/O traits.

use asyncio::net::TcpStream;
use asyncio::{create_task, instant_from_std, instant_to_std, running_loop};
use futures::io::{AsyncRead, AsyncWrite};
use hyper::rt::ReadBufCursor;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// As many bytes as one read may give.
const READ: usize = 16 << 10;

/// A connection as hyper wants it.
pub(crate) struct HyperStream {
    stream: TcpStream,
    /// hyper's own buffer is uninitialized, and only `unsafe` code could read into it.
    buffer: Box<[u8]>,
}

impl HyperStream {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: vec![0; READ].into() }
    }
}

impl hyper::rt::Read for HyperStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = into.remaining().min(READ);
        let buffer = &mut this.buffer[..room];
        let read = ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        into.put_slice(&buffer[..read]);
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for HyperStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

/// The running loop as hyper wants it; it is asked only while the loop runs.
#[derive(Clone, Copy)]
pub(crate) struct HyperLoop;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for HyperLoop {
    fn execute(&self, future: F) {
        // The task runs on without its handle.
        drop(create_task(future));
    }
}

impl hyper::rt::Timer for HyperLoop {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(HyperSleep(asyncio::sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(HyperSleep(asyncio::sleep_until(instant_from_std(deadline))))
    }

    /// The time of the loop, which is virtual in a simulation.
    fn now(&self) -> Instant {
        instant_to_std(running_loop().time())
    }
}

struct HyperSleep(asyncio::Sleep);

impl hyper::rt::Sleep for HyperSleep {}

impl Future for HyperSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}
