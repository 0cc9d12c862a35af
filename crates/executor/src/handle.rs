//! [`Handle`]: a loop, reached from other threads.

use crate::cell::{self, Kind};
use crate::current;
use crate::error::LoopClosed;
use crate::mailbox::Mailbox;
use crate::remote::{Link, RemoteTask};
use crate::task::Task;
use asyncio_core::promise;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

/// A loop, reached from any thread. It may outlive the loop, and then every call says so.
///
/// Calls from one thread take effect in their order. One that finds the loop waiting wakes it; further
/// ones before it has looked cost no system call.
///
/// # Examples
/// ```
/// use asyncio::{EventLoop, LoopClosed};
///
/// # fn main() -> std::io::Result<()> {
/// let event_loop = EventLoop::new()?;
/// let handle = event_loop.handle();
/// let (promise, resolver) = asyncio::promise();
/// std::thread::scope(|scope| {
///     let handle = handle.clone();
///     scope.spawn(move || handle.call_soon(move || drop(resolver.resolve("from a thread"))));
///     assert_eq!(event_loop.run_until_complete(promise), Ok(Ok("from a thread")));
/// });
/// event_loop.close();
/// assert_eq!(handle.call_soon(|| ()), Err(LoopClosed));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Handle {
    mailbox: Mailbox,
}

impl Handle {
    pub(crate) fn new(mailbox: Mailbox) -> Self {
        Self { mailbox }
    }

    /// Has the loop call `f` soon. It is Python's `call_soon_threadsafe`.
    ///
    /// # Errors
    /// The loop is closed; `f` was dropped.
    #[track_caller]
    #[doc(alias = "call_soon_threadsafe")]
    pub fn call_soon(&self, f: impl FnOnce() + Send + 'static) -> Result<(), LoopClosed> {
        self.mailbox.post(f)
    }

    /// Creates a task on the loop from a `Send` closure that makes a future, which need not be `Send`.
    ///
    /// # Errors
    /// The loop is closed; `make` was dropped.
    #[track_caller]
    #[doc(alias = "run_coroutine_threadsafe")]
    pub fn create_task<M, F>(&self, make: M) -> Result<RemoteTask<F::Output>, LoopClosed>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send,
    {
        let spawned_at = Location::caller();
        let (outcome, resolver) = promise();
        let link = Arc::new(Link::new(self.mailbox.clone()));
        let arrival = Arc::clone(&link);
        self.mailbox.post(move || {
            // `make` runs inside the task, so that its panic is the task's.
            let create = || {
                let future = async move { make().await };
                let cell =
                    current::with(|owner| cell::create(owner, future, Kind::Task, spawned_at));
                Task::new(cell.unwrap_or_else(|| current::none()))
            };
            arrival.arrive(create, resolver, spawned_at);
        })?;
        Ok(RemoteTask::new(outcome, link))
    }

    /// The handle of the loop that runs on this thread, if one does.
    ///
    /// # Examples
    /// ```
    /// use asyncio::Handle;
    ///
    /// assert!(Handle::try_current().is_none());
    /// asyncio::run(async {
    ///     assert!(!Handle::try_current().unwrap().is_closed());
    /// });
    /// ```
    #[must_use]
    pub fn try_current() -> Option<Self> {
        current::with(|owner| Self::new(Mailbox::of(owner)))
    }

    /// Ends the loop's run, as [`EventLoop::stop`](crate::EventLoop::stop) does on its own thread.
    ///
    /// # Errors
    /// The loop is closed.
    #[track_caller]
    pub fn stop(&self) -> Result<(), LoopClosed> {
        self.mailbox.post(|| {
            current::with(|owner| owner.stopping.set(true));
        })
    }

    /// Whether the loop is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.mailbox.is_closed()
    }
}
