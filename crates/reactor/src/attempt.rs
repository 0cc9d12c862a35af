//! How a source is used: try first, wait for what would block; and the futures that do so.
//!
//! An operation is called without a borrow, so it may do what it likes, even use the loop. What it
//! finds out is believed only if no event came in the meantime ([`Snapshot`]).

use crate::source::Source;
use crate::table::{Direction, Snapshot, Waiter};
use asyncio_core::budget::{self, poll_spend};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

impl Source {
    /// Calls `op` until it does not say `WouldBlock`.
    #[inline]
    #[track_caller]
    pub(crate) fn poll_op<T: AsFd, R>(
        &self,
        direction: Direction,
        waiter: Waiter,
        io: &T,
        cx: &mut Context<'_>,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<(R, Snapshot)>> {
        loop {
            let seen = ready!(self.poll_ready(direction, waiter, Some(io.as_fd()), cx))?;
            ready!(poll_spend(cx, budget::IO));
            match op(io) {
                Ok(result) => return Poll::Ready(Ok((result, seen))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked(direction, seen);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Waits until the system itself says that the descriptor is ready.
    #[track_caller]
    pub(crate) fn poll_confirmed(
        &self,
        direction: Direction,
        waiter: Waiter,
        fd: BorrowedFd<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let seen = ready!(self.poll_ready(direction, waiter, Some(fd), cx))?;
            ready!(poll_spend(cx, budget::IO));
            // What the table says is a guess until the system confirms it.
            if is_ready(fd, direction)? {
                return Poll::Ready(Ok(()));
            }
            self.blocked(direction, seen);
        }
    }
}

/// Whether the system finds the descriptor ready at this moment.
fn is_ready(fd: BorrowedFd<'_>, direction: Direction) -> io::Result<bool> {
    let flags = match direction {
        Direction::Read => PollFlags::IN,
        Direction::Write => PollFlags::OUT,
    };
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        match poll(&mut [PollFd::from_borrowed_fd(fd, flags)], Some(&now)) {
            Ok(count) => return Ok(count > 0),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// A future's own place among those who wait for a source.
#[derive(Debug)]
struct Turn<'a> {
    source: &'a Source,
    direction: Direction,
    /// Taken at the first poll.
    number: Option<u64>,
}

impl Turn<'_> {
    #[track_caller]
    fn waiter(&mut self) -> io::Result<Waiter> {
        let number = match self.number {
            Some(number) => number,
            None => *self.number.insert(self.source.number()?),
        };
        Ok(Waiter::Numbered(number))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.source.leave(self.direction, Waiter::Numbered(number));
        }
    }
}

/// The future of [`AsyncFd::readable`](crate::AsyncFd::readable) and
/// [`AsyncFd::writable`](crate::AsyncFd::writable).
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Ready<'a> {
    turn: Turn<'a>,
    fd: BorrowedFd<'a>,
}

impl<'a> Ready<'a> {
    pub(crate) fn new(source: &'a Source, direction: Direction, fd: BorrowedFd<'a>) -> Self {
        Self { turn: Turn { source, direction, number: None }, fd }
    }
}

impl Future for Ready<'_> {
    type Output = io::Result<()>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let waiter = self.turn.waiter()?;
        self.turn.source.poll_confirmed(self.turn.direction, waiter, self.fd, cx)
    }
}

/// The future of [`AsyncFd::read_with`](crate::AsyncFd::read_with) and
/// [`AsyncFd::write_with`](crate::AsyncFd::write_with).
#[must_use = "futures do nothing unless awaited"]
pub struct Operation<'a, T, Op> {
    turn: Turn<'a>,
    io: &'a T,
    op: Op,
}

impl<'a, T, Op> Operation<'a, T, Op> {
    pub(crate) fn new(source: &'a Source, direction: Direction, io: &'a T, op: Op) -> Self {
        Self { turn: Turn { source, direction, number: None }, io, op }
    }
}

impl<T, Op> fmt::Debug for Operation<'_, T, Op> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("turn", &self.turn).finish_non_exhaustive()
    }
}

// The operation is only called, never pinned.
impl<T, Op> Unpin for Operation<'_, T, Op> {}

impl<T: AsFd, R, Op> Future for Operation<'_, T, Op>
where
    Op: FnMut(&T) -> io::Result<R>,
{
    type Output = io::Result<R>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        let this = self.get_mut();
        let waiter = this.turn.waiter()?;
        let polled =
            this.turn.source.poll_op(this.turn.direction, waiter, this.io, cx, &mut this.op);
        polled.map_ok(|(result, _)| result)
    }
}
