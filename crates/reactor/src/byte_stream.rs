//! [`AsyncFd`] as a stream of bytes: a call that does less than it was asked to may save the next one.

use crate::async_fd::AsyncFd;
use crate::table::Direction;
use crate::waiters::Waiter;
use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

impl<T: AsFd> AsyncFd<T> {
    /// [`poll_read_with`](Self::poll_read_with) for byte streams: `op` asks the system for `len` bytes, and
    /// if it gets fewer the next read is not even tried before there is an event.
    ///
    /// That saves a call on TCP sockets. On all other descriptors it is `poll_read_with`: there a read can
    /// give less than there is, as at a descriptor that is passed over a Unix socket. `len` is what the
    /// system is really asked for; a vectored call takes no more than 1024 buffers, for instance. On a TCP
    /// socket with a protocol above it in the kernel (`TCP_ULP`) use `poll_read_with`.
    ///
    /// # Errors
    /// Those of `op`, except `WouldBlock` and `Interrupted`; if the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    #[inline]
    #[track_caller]
    pub fn poll_read_stream(
        &self,
        cx: &mut Context<'_>,
        len: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_stream(Direction::Read, cx, len, op)
    }

    /// [`poll_write_with`](Self::poll_write_with) for byte streams: `op` gives the system `len` bytes, and
    /// if it takes fewer the next write is not even tried before there is an event. As for
    /// [`poll_read_stream`](Self::poll_read_stream), that is so on TCP sockets.
    ///
    /// # Errors
    /// Those of `op`, except `WouldBlock` and `Interrupted`; if the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    #[inline]
    #[track_caller]
    pub fn poll_write_stream(
        &self,
        cx: &mut Context<'_>,
        len: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_stream(Direction::Write, cx, len, op)
    }

    #[inline]
    #[track_caller]
    fn poll_stream(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        len: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let waiter = &mut { Waiter::Shared };
        let (count, seen) = ready!(self.source.poll_op(direction, waiter, self.get_ref(), cx, op))?;
        if 0 < count && count < len && self.short_calls.drain(self.as_fd()) {
            self.source.fell_short(direction, seen);
        }
        Poll::Ready(Ok(count))
    }
}
