//! How a source is used: try first, wait for what would block; and the futures that do so.
//!
//! An operation is called without a borrow, so it may do what it likes, even use the loop. What it
//! finds out is believed only if no event came in the meantime ([`Snapshot`]).

use crate::source::Source;
use crate::table::{Direction, Snapshot};
use crate::waiters::Waiter;
use asyncio_core::budget::{self, poll_spend};
use futures_core::future::FusedFuture;
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
        waiter: &mut Waiter,
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

    /// Calls `op` once, unless it is known that it would block.
    #[inline]
    #[track_caller]
    pub(crate) fn try_op<T, R>(
        &self,
        direction: Direction,
        io: &T,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let seen = self.snapshot(direction)?;
        if !seen.is_ready && self.has_edges() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        loop {
            match op(io) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked(direction, seen);
                    return Err(error);
                }
                result => return result,
            }
        }
    }

    /// Waits until the system itself says that the descriptor is ready.
    #[track_caller]
    pub(crate) fn poll_confirmed(
        &self,
        direction: Direction,
        waiter: &mut Waiter,
        fd: BorrowedFd<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let seen = ready!(self.poll_ready(direction, waiter, Some(fd), cx))?;
            ready!(poll_spend(cx, budget::IO));
            // What the table says is a guess until the system confirms it.
            let is_ready = match confirm(fd, direction)? {
                Confirmed::Ready => true,
                // Either a call will report it, or it stays in the error queue, and then whoever asks
                // again before the next event would be told for ever.
                Confirmed::OnlyAnError => self.tell_error(direction, seen)?,
                Confirmed::No => false,
            };
            if is_ready {
                return Poll::Ready(Ok(()));
            }
            self.blocked(direction, seen);
        }
    }
}

/// What the system says of a descriptor.
enum Confirmed {
    Ready,
    OnlyAnError,
    No,
}

/// Asks the system what it finds at this moment.
fn confirm(fd: BorrowedFd<'_>, direction: Direction) -> io::Result<Confirmed> {
    let flags = match direction {
        Direction::Read => PollFlags::IN,
        Direction::Write => PollFlags::OUT,
        Direction::Priority => PollFlags::PRI,
        Direction::Error => PollFlags::empty(),
    };
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut polled = [PollFd::from_borrowed_fd(fd, flags)];
    loop {
        match poll(&mut polled, Some(&now)) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    let found = polled[0].revents();
    Ok(match direction {
        Direction::Error if found.contains(PollFlags::ERR) => Confirmed::Ready,
        Direction::Priority if found.contains(PollFlags::PRI) => Confirmed::Ready,
        Direction::Error | Direction::Priority => Confirmed::No,
        _ if found.is_empty() => Confirmed::No,
        _ if found == PollFlags::ERR => Confirmed::OnlyAnError,
        _ => Confirmed::Ready,
    })
}

/// A future's own place among those who wait for a source.
#[derive(Debug)]
struct Turn<'a> {
    source: &'a Source,
    direction: Direction,
    waiter: Waiter,
    is_done: bool,
}

impl<'a> Turn<'a> {
    fn new(source: &'a Source, direction: Direction) -> Self {
        Self { source, direction, waiter: Waiter::NEW, is_done: false }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.waiter != Waiter::NEW {
            self.source.leave(self.direction, self.waiter);
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
        Self { turn: Turn::new(source, direction), fd }
    }
}

impl Future for Ready<'_> {
    type Output = io::Result<()>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Turn { source, direction, waiter, is_done } = &mut this.turn;
        let polled = source.poll_confirmed(*direction, waiter, this.fd, cx);
        *is_done = polled.is_ready();
        polled
    }
}

impl FusedFuture for Ready<'_> {
    fn is_terminated(&self) -> bool {
        self.turn.is_done
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
        Self { turn: Turn::new(source, direction), io, op }
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
        let Turn { source, direction, waiter, is_done } = &mut this.turn;
        let polled = source.poll_op(*direction, waiter, this.io, cx, &mut this.op);
        *is_done = polled.is_ready();
        polled.map_ok(|(result, _)| result)
    }
}

impl<T: AsFd, R, Op> FusedFuture for Operation<'_, T, Op>
where
    Op: FnMut(&T) -> io::Result<R>,
{
    fn is_terminated(&self) -> bool {
        self.turn.is_done
    }
}
