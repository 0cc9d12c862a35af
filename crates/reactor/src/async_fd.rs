//! [`AsyncFd`]: any descriptor, to be awaited.
//!
//! Operations are tried first, and only what would block is waited for. A descriptor is registered once
//! for all edges; its registration ends before its owner closes it.

use crate::attempt::{Operation, Ready};
use crate::os::refuse_blocking;
use crate::register_error::RegisterError;
use crate::short_calls::ShortCalls;
use crate::source::Source;
use crate::table::Direction;
use crate::waiters::Waiter;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll};

/// Waits for any descriptor: a socket, a pipe, a pidfd, a library's own.
///
/// Put it into non-blocking mode first: a call that blocks blocks the whole loop, so a socket, a pipe or a
/// device in blocking mode is refused. The value inside must keep its descriptor. It is `Send` and `Sync` if `T` is,
/// but can be used only on its own loop; dropping it elsewhere is harmless.
///
/// # Examples
/// ```
/// use asyncio::net::AsyncFd;
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// asyncio::run(async {
///     let (here, mut there) = UnixStream::pair()?;
///     here.set_nonblocking(true)?;
///     let here = AsyncFd::new(here)?;
///
///     there.write_all(b"ping")?;
///     let mut bytes = [0; 4];
///     here.read_with(|mut stream| stream.read(&mut bytes)).await?;
///     assert_eq!(&bytes, b"ping");
///     Ok(())
/// })
/// # }
/// ```
pub struct AsyncFd<T: AsFd> {
    /// `None` only after `into_inner`.
    io: Option<T>,
    pub(crate) source: Source,
    pub(crate) short_calls: ShortCalls,
}

impl<T: AsFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd").field("io", &self.io).field("source", &self.source).finish()
    }
}

impl<T: AsFd> AsyncFd<T> {
    /// Registers `io` on the current loop.
    ///
    /// # Errors
    /// `InvalidInput` for a regular file or a directory, which is always ready: give it to `to_thread`; and
    /// for a socket, pipe or device in blocking mode. `AlreadyExists` if it is registered already. The
    /// system's own, above all for want of memory; if the loop is closed or simulated.
    ///
    /// # Panics
    /// If no reactor is current on this thread.
    #[track_caller]
    pub fn new(io: T) -> io::Result<Self> {
        Self::try_new(io).map_err(|error| error.into_parts().1)
    }

    /// Registers `io` on the current loop, and gives it back if that fails.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    ///
    /// # Panics
    /// If no reactor is current on this thread.
    #[track_caller]
    pub fn try_new(io: T) -> Result<Self, RegisterError<T>> {
        Self::register(io, refuse_blocking)
    }

    /// As [`try_new`](Self::try_new) for what is known to be in non-blocking mode, which is not asked for: a
    /// system call less.
    ///
    /// # Errors
    /// As for [`new`](Self::new), but for the mode.
    ///
    /// # Panics
    /// If no reactor is current on this thread.
    #[track_caller]
    pub fn from_nonblocking(io: T) -> Result<Self, RegisterError<T>> {
        Self::register(io, |_| Ok(()))
    }

    #[track_caller]
    fn register(
        io: T,
        check: impl FnOnce(BorrowedFd<'_>) -> io::Result<()>,
    ) -> Result<Self, RegisterError<T>> {
        match Source::register(io.as_fd(), check) {
            Ok(source) => Ok(Self { io: Some(io), source, short_calls: ShortCalls::default() }),
            Err(error) => Err(RegisterError::new(io, error)),
        }
    }

    /// What is inside.
    #[expect(clippy::missing_panics_doc, reason = "into_inner consumes what it empties")]
    #[inline]
    pub fn get_ref(&self) -> &T {
        self.io.as_ref().expect("only into_inner takes it, and self with it")
    }

    /// Gives back what is inside, registered no more.
    #[expect(clippy::missing_panics_doc, reason = "into_inner consumes what it empties")]
    pub fn into_inner(mut self) -> T {
        self.source.deregister(self.get_ref().as_fd());
        self.io.take().expect("only into_inner takes it, and self with it")
    }

    /// Waits until the descriptor is readable, as the system sees it at that moment: data, the end of
    /// the stream, a connection to accept, an error.
    ///
    /// It asks the system on each call, so it suits libraries that do their own reading. Where the
    /// reading is done here, [`read_with`](Self::read_with) is cheaper. An error without data, which may
    /// lie in an error queue that a read does not empty, is told once an event.
    ///
    /// # Errors
    /// If the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// Nothing is consumed.
    pub fn readable(&self) -> Ready<'_> {
        Ready::new(&self.source, Direction::Read, self.as_fd())
    }

    /// Waits until there is priority data, as the system sees it at that moment: TCP's urgent byte, a
    /// change of a sysfs file, a packet of a pseudo-terminal in packet mode.
    ///
    /// # Errors
    /// If the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// Nothing is consumed.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn priority(&self) -> Ready<'_> {
        Ready::new(&self.source, Direction::Priority, self.as_fd())
    }

    /// Waits until there is an error, as the system sees it at that moment: one of the descriptor, or
    /// something in a socket's error queue.
    ///
    /// # Errors
    /// If the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// Nothing is consumed.
    pub fn error(&self) -> Ready<'_> {
        Ready::new(&self.source, Direction::Error, self.as_fd())
    }

    /// Waits until the descriptor is writable, as the system sees it at that moment: room to write, a
    /// connection made or refused, an error.
    ///
    /// # Errors
    /// If the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// Nothing is consumed.
    pub fn writable(&self) -> Ready<'_> {
        Ready::new(&self.source, Direction::Write, self.as_fd())
    }

    /// Polls for what [`readable`](Self::readable) waits for. Of several tasks the last to ask is woken.
    ///
    /// # Errors
    /// If the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source.poll_confirmed(Direction::Read, &mut { Waiter::Shared }, self.as_fd(), cx)
    }

    /// Polls for what [`writable`](Self::writable) waits for. Of several tasks the last to ask is woken.
    ///
    /// # Errors
    /// If the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.source.poll_confirmed(Direction::Write, &mut { Waiter::Shared }, self.as_fd(), cx)
    }

    /// Calls `op` until it does not say `WouldBlock`, waiting for the descriptor to be readable before
    /// each new attempt. Any number of tasks may wait.
    ///
    /// # Errors
    /// Those of `op`, except `WouldBlock` and `Interrupted`; if the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// As long as it waits, `op` has done nothing.
    pub fn read_with<R, Op>(&self, op: Op) -> Operation<'_, T, Op>
    where
        Op: FnMut(&T) -> io::Result<R>,
    {
        Operation::new(&self.source, Direction::Read, self.get_ref(), op)
    }

    /// Calls `op` until it does not say `WouldBlock`, waiting for the descriptor to be writable before
    /// each new attempt. Any number of tasks may wait.
    ///
    /// # Errors
    /// Those of `op`, except `WouldBlock` and `Interrupted`; if the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    ///
    /// # Cancel safety
    /// As long as it waits, `op` has done nothing.
    pub fn write_with<R, Op>(&self, op: Op) -> Operation<'_, T, Op>
    where
        Op: FnMut(&T) -> io::Result<R>,
    {
        Operation::new(&self.source, Direction::Write, self.get_ref(), op)
    }

    /// Calls `op` once, which reads, unless it is known that it would block.
    ///
    /// # Errors
    /// `WouldBlock` if that would have to wait; those of `op`, except `Interrupted`; if the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    #[inline]
    #[track_caller]
    pub fn try_read_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.source.try_op(Direction::Read, self.get_ref(), op)
    }

    /// Calls `op` once, which writes, unless it is known that it would block.
    ///
    /// # Errors
    /// `WouldBlock` if that would have to wait; those of `op`, except `Interrupted`; if the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    #[inline]
    #[track_caller]
    pub fn try_write_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.source.try_op(Direction::Write, self.get_ref(), op)
    }

    /// Polls for what [`read_with`](Self::read_with) does. Of several tasks the last to ask is woken.
    ///
    /// # Errors
    /// Those of `op`, except `WouldBlock` and `Interrupted`; if the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    #[inline]
    #[track_caller]
    pub fn poll_read_with<R>(
        &self,
        cx: &mut Context<'_>,
        op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.source
            .poll_op(Direction::Read, &mut { Waiter::Shared }, self.get_ref(), cx, op)
            .map_ok(|(result, _)| result)
    }

    /// Polls for what [`write_with`](Self::write_with) does. Of several tasks the last to ask is woken.
    ///
    /// # Errors
    /// Those of `op`, except `WouldBlock` and `Interrupted`; if the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    #[inline]
    #[track_caller]
    pub fn poll_write_with<R>(
        &self,
        cx: &mut Context<'_>,
        op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.source
            .poll_op(Direction::Write, &mut { Waiter::Shared }, self.get_ref(), cx, op)
            .map_ok(|(result, _)| result)
    }

    /// Says that reading would block: the next attempt waits for an event first.
    ///
    /// Never needed with the functions above; for code that reads by itself.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn clear_readable(&self) {
        self.source.clear_readable();
    }

    /// Says that writing would block: the next attempt waits for an event first.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn clear_writable(&self) {
        self.source.clear_writable();
    }
}

impl<T: AsFd> Drop for AsyncFd<T> {
    fn drop(&mut self) {
        // Before the descriptor is closed: a duplicate would keep the registration alive.
        if let Some(io) = &self.io {
            self.source.deregister(io.as_fd());
        }
    }
}

impl<T: AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}
