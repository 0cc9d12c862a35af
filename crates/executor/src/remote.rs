//! [`RemoteTask`]: a task on a loop, awaited from anywhere.

use crate::error::JoinError;
use crate::mailbox::Mailbox;
use crate::task::{Task, cancel};
use crate::{callback, current};
use asyncio_core::{Promise, Resolver, TaskId};
use futures_core::future::FusedFuture;
use parking_lot::Mutex;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

/// A task that was created through a [`Handle`](crate::Handle).
///
/// It is a future on every thread and in every executor; [`wait`](Self::wait) blocks a thread for it.
/// Dropping it detaches the task. It is what Python's `run_coroutine_threadsafe` returns.
///
/// # Cancel safety
/// Dropping a `&mut task` that was polled loses nothing.
#[doc(alias = "run_coroutine_threadsafe")]
#[must_use = "dropping a remote task detaches it: write `drop(task)` if that is meant"]
pub struct RemoteTask<T> {
    outcome: Promise<Result<T, JoinError>>,
    link: Arc<Link>,
}

/// How far a [`RemoteTask`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RemoteTaskState {
    /// It is on its way to its loop.
    Sent,
    /// Its loop has created it, and may have run it.
    Created,
    /// It has ended, in whichever way.
    Finished,
}

/// What handle and loop share about where the task is.
pub(crate) struct Link {
    mailbox: Mailbox,
    progress: Mutex<Progress>,
}

#[derive(Clone, Copy)]
enum Progress {
    /// The closure is on its way.
    Posted,
    /// It is to be thrown away when it arrives.
    Cancelled,
    Created {
        slot: u32,
        id: TaskId,
    },
}

impl<T> RemoteTask<T> {
    pub(crate) fn new(outcome: Promise<Result<T, JoinError>>, link: Arc<Link>) -> Self {
        Self { outcome, link }
    }

    /// Asks the task to end; if it has not been created yet it never will be.
    pub fn cancel(&self) {
        let progress = {
            let mut progress = self.link.progress.lock();
            if let Progress::Posted = *progress {
                *progress = Progress::Cancelled;
            }
            *progress
        };
        if let Progress::Created { slot, id } = progress {
            // A closed loop has ended the task already.
            let _posted = self.link.mailbox.post(move || {
                current::with(|owner| cancel(owner, slot, id));
            });
        }
    }

    /// The task's number on its loop; `None` until the loop has created it.
    #[must_use]
    pub fn id(&self) -> Option<TaskId> {
        match *self.link.progress.lock() {
            Progress::Created { id, .. } => Some(id),
            Progress::Posted | Progress::Cancelled => None,
        }
    }

    /// The task's name, `Task-N` with its id; `None` until the loop has created it.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        self.id().map(|id| format!("Task-{id}"))
    }

    /// How far it is.
    #[must_use]
    pub fn state(&self) -> RemoteTaskState {
        if self.outcome.is_resolved() || self.outcome.is_terminated() {
            return RemoteTaskState::Finished;
        }
        match *self.link.progress.lock() {
            Progress::Created { .. } => RemoteTaskState::Created,
            Progress::Posted | Progress::Cancelled => RemoteTaskState::Sent,
        }
    }

    /// Blocks this thread until the task has ended.
    ///
    /// # Errors
    /// As awaiting it: the task panicked, was cancelled, or its loop was closed.
    ///
    /// # Panics
    /// On the loop's own thread, which would wait for itself.
    ///
    /// # Blocking
    /// For as long as the task runs.
    #[track_caller]
    pub fn wait(self) -> Result<T, JoinError> {
        assert!(
            !self.link.mailbox.is_here() || self.link.mailbox.is_closed(),
            "`wait` would block the event loop that runs the task: `.await` it instead"
        );
        block_on(self)
    }
}

impl<T> Future for RemoteTask<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.outcome).poll(cx).map(|outcome| match outcome {
            Ok(outcome) => outcome,
            Err(_broken) => Err(JoinError::loop_closed()),
        })
    }
}

impl<T> FusedFuture for RemoteTask<T> {
    fn is_terminated(&self) -> bool {
        self.outcome.is_terminated()
    }
}

impl<T> fmt::Debug for RemoteTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteTask").finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) fn new(mailbox: Mailbox) -> Self {
        Self { mailbox, progress: Mutex::new(Progress::Posted) }
    }

    /// Runs on the loop: creates the task, unless it was cancelled on the way, and relays its outcome.
    pub(crate) fn arrive<T: 'static>(
        &self,
        create: impl FnOnce() -> Task<T>,
        resolver: Resolver<Result<T, JoinError>>,
        spawned_at: &'static Location<'static>,
    ) {
        if let Progress::Cancelled = *self.progress.lock() {
            drop(resolver.resolve(Err(JoinError::cancelled())));
            return;
        }
        // Nothing of the user's runs under the lock; a request may come in between.
        let task = create();
        let created = Progress::Created { slot: task.slot(), id: task.id() };
        if let Progress::Cancelled = std::mem::replace(&mut *self.progress.lock(), created) {
            task.cancel();
        }
        let relay = async move {
            let outcome = task.await;
            // If the remote handle is gone an error reports itself here, on its own loop.
            drop(resolver.resolve(outcome));
        };
        current::with(|owner| drop(callback::schedule(owner, relay, spawned_at)));
    }
}

/// Drives a future on this thread, which sleeps between the wakes.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unparker(Thread);
    impl Wake for Unparker {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unparker(std::thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
