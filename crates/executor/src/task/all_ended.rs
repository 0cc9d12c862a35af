//! [`AllEnded`]: waits for tasks of which only the names are known.

use super::task_ref::find;
use crate::cell::watch;
use crate::current;
use asyncio_core::TaskId;
use asyncio_core::wait_note::{WaitKind, pending_on};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Ready when a number of tasks have ended, however; made by
/// [`EventLoop::cancel_other_tasks`](crate::EventLoop::cancel_other_tasks).
///
/// # Cancel safety
/// Dropping it changes nothing for the tasks.
#[must_use = "futures do nothing unless they are awaited"]
pub struct AllEnded {
    /// Slots and ids of those that may still be there; the last one is watched.
    tasks: Vec<(u32, TaskId)>,
    /// Who will be told of the end of the last one.
    watching: Option<Waker>,
}

impl AllEnded {
    pub(crate) fn new(tasks: Vec<(u32, TaskId)>) -> Self {
        Self { tasks, watching: None }
    }

    /// How many tasks it still knows of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether all have ended, as far as it knows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

impl Future for AllEnded {
    type Output = ();

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        while let Some((slot, id)) = self.tasks.last().copied() {
            let is_watched = self.watching.as_ref().is_some_and(|own| own.will_wake(cx.waker()));
            // Clones and drops of wakers are foreign code, so they come before the cell is looked up.
            let observer = (!is_watched).then(|| cx.waker().clone());
            if !is_watched {
                self.watching.clone_from(&observer);
            }
            if is_running(slot, id, observer) {
                pending_on(WaitKind::Task, id.as_u64());
                return Poll::Pending;
            }
            self.tasks.pop();
            self.watching = None;
        }
        Poll::Ready(())
    }
}

/// Whether the task is still there; then `observer` will be told of its end.
#[track_caller]
fn is_running(slot: u32, id: TaskId, observer: Option<Waker>) -> bool {
    let found = current::with(|owner| match (find(owner, slot, id), observer) {
        (None, unused) => (false, unused),
        (Some(_), None) => (true, None),
        (Some(cell), Some(observer)) => {
            watch(cell, observer);
            (true, None)
        }
    });
    let Some((is_running, unused)) = found else { current::none() };
    drop(unused);
    is_running
}

impl fmt::Debug for AllEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AllEnded").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}
