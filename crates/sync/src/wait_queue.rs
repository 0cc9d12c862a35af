//! [`WaitQueue`] and its future: the [protocol](crate::permits) with the budget of a poll and a wait note.

use crate::permits::{Closed, Permits};
use crate::waiters::Key;
use asyncio_core::budget;
use asyncio_core::wait_note::{WaitKind, pending_on};
use futures_core::future::FusedFuture;
use std::fmt;
use std::future::Future;
use std::mem::replace;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A number of permits and those who wait for some, first come, first served.
///
/// What locks, semaphores and queues are made of. A permit is only counted: who has one is known to the
/// caller alone, and whoever has taken some [releases](Self::release) them. A waiter is given its permits
/// by the one who releases them, before it runs, and nobody overtakes one that waits, even for fewer permits
/// than it wants. It needs no loop, and may be used from several threads.
///
/// | to build | permits |
/// | --- | --- |
/// | a semaphore, a lock | those that are free; one |
/// | a queue of bounded size | two of these: items, and room for items |
/// | a condition | [`without_memory`](Self::without_memory): a notification is a permit for those who wait now |
///
/// # Examples
/// ```
/// use asyncio::sync::{Closed, WaitQueue};
///
/// # asyncio::run(async {
/// let queue = WaitQueue::new(1);
/// queue.wait(1).await?;
/// assert_eq!(queue.available(), 0);
/// queue.release(1);
/// # Ok::<(), Closed>(())
/// # })?;
/// # Ok::<(), Closed>(())
/// ```
pub struct WaitQueue {
    permits: Permits,
}

impl WaitQueue {
    /// A queue with so many permits, which keeps those that are released while nobody waits.
    #[must_use]
    pub const fn new(permits: usize) -> Self {
        Self { permits: Permits::new(permits, true) }
    }

    /// A queue without permits: those that are released go to who waits at that moment, and if
    /// nobody does they are lost.
    ///
    /// `release(1)` notifies one, `release(n)` so many, `release(usize::MAX)` all. One that was notified
    /// and is dropped before it runs passes the notification on. All should wait for one permit each.
    ///
    /// # Examples
    /// ```
    /// use asyncio::sync::WaitQueue;
    /// use futures::FutureExt;
    ///
    /// let changed = WaitQueue::without_memory();
    /// changed.release(1);
    /// assert_eq!(changed.wait(1).now_or_never(), None);
    /// ```
    #[must_use]
    pub const fn without_memory() -> Self {
        Self { permits: Permits::new(0, false) }
    }

    /// Takes permits if there are enough and nobody waits: `Ok(false)` if not.
    ///
    /// # Errors
    /// [`Closed`], if the queue is closed.
    pub fn try_take(&self, permits: usize) -> Result<bool, Closed> {
        match self.permits.try_take(permits) {
            Poll::Ready(taken) => taken.map(|()| true),
            Poll::Pending => Ok(false),
        }
    }

    /// Takes permits, and waits until there are enough and all who came before have theirs.
    ///
    /// It takes its place at the first poll.
    ///
    /// # Errors
    /// [`Closed`], if the queue is closed before they were given.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place, and what was given already goes to the next.
    pub const fn wait(&self, permits: usize) -> Wait<'_> {
        Wait { queue: self, waiter: Waiter::new(permits) }
    }

    /// Adds permits and gives them to those who wait.
    pub fn release(&self, permits: usize) {
        self.permits.release(permits);
    }

    /// Refuses all who wait and all who come. What was given before is not taken back.
    pub fn close(&self) {
        self.permits.close();
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }

    /// How many permits nobody has. There may be some although somebody waits, who wants more.
    #[must_use]
    pub fn available(&self) -> usize {
        self.permits.count().0
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.permits.count().1
    }
}

impl fmt::Debug for WaitQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (available, waiting) = self.permits.count();
        let mut shown = f.debug_struct("WaitQueue");
        shown.field("available", &available).field("waiting", &waiting);
        shown.field("is_closed", &self.is_closed()).finish()
    }
}

/// The future of [`WaitQueue::wait`].
///
/// # Panics
/// Polling it again after it has given its result panics.
#[must_use = "it takes its place when it is first polled"]
pub struct Wait<'a> {
    queue: &'a WaitQueue,
    waiter: Waiter,
}

impl Future for Wait<'_> {
    type Output = Result<(), Closed>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let queue = self.queue;
        self.waiter.poll(queue, cx)
    }
}

impl FusedFuture for Wait<'_> {
    fn is_terminated(&self) -> bool {
        self.waiter.has_ended()
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.waiter.leave(self.queue);
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = self.waiter.wanted();
        let mut shown = f.debug_struct("Wait");
        shown.field("wanted", &wanted).field("is_terminated", &self.is_terminated()).finish()
    }
}

/// What a future of a queue is made of, however it holds the queue; its drop must call [`leave`](Self::leave).
pub(crate) struct Waiter {
    wanted: usize,
    stage: Stage,
}

enum Stage {
    /// Not answered; with a key, since its first poll.
    Polling(Option<Key>),
    /// Answered. The permits are taken, whether there is budget left to go on or not.
    Answered(Result<(), Closed>),
    /// The permits are the caller's, or were given back.
    Ended,
}

impl Waiter {
    pub(crate) const fn new(wanted: usize) -> Self {
        Self { wanted, stage: Stage::Polling(None) }
    }

    pub(crate) const fn wanted(&self) -> usize {
        self.wanted
    }

    pub(crate) const fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended)
    }

    #[track_caller]
    pub(crate) fn poll(
        &mut self,
        queue: &WaitQueue,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Closed>> {
        if let Stage::Polling(key) = &mut self.stage {
            let Poll::Ready(answer) = queue.permits.poll(self.wanted, key, cx.waker()) else {
                pending_on(WaitKind::Permit, self.wanted as u64);
                return Poll::Pending;
            };
            self.stage = Stage::Answered(answer);
        }
        let Stage::Answered(answer) = self.stage else {
            panic!("polled after it has given its result")
        };
        ready!(budget::poll_spend(cx, budget::STEP));
        self.stage = Stage::Ended;
        Poll::Ready(answer)
    }

    /// Gives up the place, or what was given and not taken.
    pub(crate) fn leave(&mut self, queue: &WaitQueue) {
        match replace(&mut self.stage, Stage::Ended) {
            Stage::Polling(Some(key)) => queue.permits.leave(self.wanted, key),
            Stage::Answered(Ok(())) => queue.release(self.wanted),
            Stage::Polling(None) | Stage::Answered(Err(Closed)) | Stage::Ended => {}
        }
    }
}
