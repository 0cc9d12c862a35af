//! [`Source`]: a handle to something that becomes readable and writable, made of plain integers.
//!
//! [`AsyncFd`](crate::AsyncFd) is a source with a descriptor. Only there may one be registered with the
//! system, for only there is it known that the descriptor stays open.

use crate::current::{self, Misuse};
use crate::os::{Interest, closed};
use crate::shared::{Message, Shared};
use crate::state::State;
use crate::table::{Direction, Snapshot, SourceKey, SourceTable};
use crate::waiters::Waiter;
use asyncio_core::wait_note::{WaitKind, pending_on};
use asyncio_core::wake_batch::drop_foreign;
use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A handle to something that becomes readable and writable, without a descriptor.
///
/// It is for simulated sockets: a [`Selector`](crate::selector::Selector) reports events by its
/// [`key`](Self::key). Sockets of the operating system are [`AsyncFd`](crate::AsyncFd)s.
/// It can be used only on the loop on which it was made; dropping it elsewhere is harmless.
pub struct Source {
    shared: Arc<Shared>,
    key: SourceKey,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("index", &self.key.index)
            .field("generation", &self.key.generation)
            .finish()
    }
}

impl Source {
    /// A source on the current loop, taken for readable and writable until a call would block.
    ///
    /// # Panics
    /// If no open reactor is current on this thread.
    #[track_caller]
    #[must_use]
    pub fn new() -> Self {
        match Self::make() {
            Ok(source) => source,
            Err(misuse) => misuse.panic("an I/O source"),
        }
    }

    fn make() -> Result<Self, Misuse> {
        current::with(|reactor| Self {
            shared: Arc::clone(&reactor.shared),
            key: reactor.sources.borrow_mut().insert(),
        })
    }

    /// Registers a descriptor on the current loop, if it passes `check`.
    ///
    /// The caller keeps it open until it has called [`deregister`](Self::deregister).
    #[track_caller]
    pub(crate) fn register(
        fd: BorrowedFd<'_>,
        check: impl FnOnce(BorrowedFd<'_>) -> io::Result<()>,
    ) -> io::Result<Self> {
        let source = match Self::make() {
            Ok(source) => source,
            Err(Misuse::Closed) => return Err(closed()),
            Err(misuse) => misuse.panic("an I/O source"),
        };
        source.shared.assert_own_process();
        match source.shared.registry() {
            Some(registry) => {
                check(fd)?;
                registry.add(fd, source.key())?;
            }
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "a simulated event loop cannot wait for a descriptor of the operating system",
                ));
            }
        }
        Ok(source)
    }

    /// Ends the registration of the descriptor; from any thread, and before it is closed.
    pub(crate) fn deregister(&self, fd: BorrowedFd<'_>) {
        // A fork's child shares the poller with its parent, whose registration this is not to end.
        if let Some(registry) = self.shared.registry().filter(|_| self.shared.is_own_process()) {
            // Refused only if the descriptor was closed behind our back; then it is gone already.
            let _gone = registry.delete(fd);
        }
    }

    /// What names this source in a [`Readiness`](crate::selector::Readiness).
    #[must_use]
    pub fn key(&self) -> u64 {
        self.key.pack()
    }

    /// Waits until it is taken for readable. The last task to ask is woken.
    ///
    /// # Errors
    /// If the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_ready(Direction::Read, &mut { Waiter::Shared }, None, cx).map_ok(|_| ())
    }

    /// Waits until it is taken for writable. The last task to ask is woken.
    ///
    /// # Errors
    /// If the loop is closed.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_ready(Direction::Write, &mut { Waiter::Shared }, None, cx).map_ok(|_| ())
    }

    /// Says that reading would block: it is not readable until the next event.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn clear_readable(&self) {
        self.clear(Direction::Read);
    }

    /// Says that writing would block: it is not writable until the next event.
    ///
    /// # Panics
    /// On another loop than its own.
    #[track_caller]
    pub fn clear_writable(&self) {
        self.clear(Direction::Write);
    }

    #[track_caller]
    fn clear(&self, direction: Direction) {
        if let Ok(seen) = self.snapshot(direction) {
            self.blocked(direction, seen);
        }
    }

    /// Whether it is ready, without waiting.
    #[inline]
    #[track_caller]
    pub(crate) fn snapshot(&self, direction: Direction) -> io::Result<Snapshot> {
        self.table(|sources| sources.snapshot(self.key, direction))?.ok_or_else(closed)
    }

    /// Whether readiness comes by itself, so that what is not ready would block.
    pub(crate) fn has_edges(&self) -> bool {
        self.shared.registry().is_none_or(|registry| !registry.needs_arming())
    }

    /// A call would have blocked.
    #[track_caller]
    pub(crate) fn blocked(&self, direction: Direction, seen: Snapshot) {
        // On a closed loop there is nothing left to say it to.
        let _closed = self.table(|sources| sources.blocked(self.key, direction, seen));
    }

    /// A call did less than it was asked to.
    #[inline]
    #[track_caller]
    pub(crate) fn fell_short(&self, direction: Direction, seen: Snapshot) {
        let _closed = self.table(|sources| sources.fell_short(self.key, direction, seen));
    }

    /// The system reports an error and nothing else; whether to tell of it.
    #[track_caller]
    pub(crate) fn tell_error(&self, direction: Direction, seen: Snapshot) -> io::Result<bool> {
        self.table(|sources| sources.tell_error(self.key, direction, seen))
    }

    /// Waits until it is ready; `fd` is what was registered. A new `waiter` is given its number.
    #[inline]
    #[track_caller]
    pub(crate) fn poll_ready(
        &self,
        direction: Direction,
        waiter: &mut Waiter,
        fd: Option<BorrowedFd<'_>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Snapshot>> {
        let seen = self.snapshot(direction)?;
        if seen.is_ready {
            return Poll::Ready(Ok(seen));
        }
        let waker = cx.waker();
        if !self.table(|sources| sources.waits(self.key, direction, *waiter, waker))? {
            // Cloned before the borrow, dropped after it.
            let waker = waker.clone();
            let (named, replaced) =
                self.table(|sources| sources.wait(self.key, direction, *waiter, waker))?;
            *waiter = named;
            drop_foreign(replaced);
        }
        let kind = match direction {
            Direction::Write => WaitKind::Writable,
            Direction::Read | Direction::Priority | Direction::Error => WaitKind::Readable,
        };
        if let (Some(fd), Some(registry)) =
            (fd, self.shared.registry().filter(|registry| registry.needs_arming()))
        {
            let interest = Interest {
                readable: direction == Direction::Read || seen.waiting.0,
                writable: direction == Direction::Write || seen.waiting.1,
            };
            registry.arm(fd, self.key(), interest)?;
        }
        pending_on(kind, u64::from(self.key.index));
        Poll::Pending
    }

    /// A waiter waits no more. Elsewhere than on its loop its waker stays, and wakes once in vain.
    pub(crate) fn leave(&self, direction: Direction, waiter: Waiter) {
        let leave = |state: &State| state.sources.borrow_mut().leave(self.key, direction, waiter);
        if let Ok(waker) = current::with_loop(self.shared.loop_id, leave) {
            drop_foreign(waker);
        }
    }

    #[inline]
    #[track_caller]
    fn table<R>(&self, f: impl FnOnce(&mut SourceTable) -> R) -> io::Result<R> {
        match current::with_loop(self.shared.loop_id, |state| f(&mut state.sources.borrow_mut())) {
            Ok(result) => Ok(result),
            Err(Misuse::Closed) => Err(closed()),
            Err(misuse) => misuse.panic("this I/O source"),
        }
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // Nearly always empty, and then without an allocation.
        let mut wakers = Vec::new();
        let removed = current::with_loop(self.shared.loop_id, |state| {
            state.sources.borrow_mut().remove(self.key, |waker| wakers.push(waker));
        });
        if removed.is_err() {
            // Lost on a closed loop, which has forgotten the source by itself.
            self.shared.send(Message::Forget(self.key));
        }
        wakers.into_iter().for_each(drop_foreign);
    }
}
