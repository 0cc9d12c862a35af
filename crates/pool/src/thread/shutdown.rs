//! The end of a pool: what becomes of jobs that wait, and what is still running at the deadline.

use crate::clock::Tick;
use crate::job::Refusal;
use crate::simulation::HandedOver;
use crate::thread::worker::{Shared, is_worker, refuse_all};
use asyncio_core::exception::forget_payload;
use std::fmt;
use std::mem::take;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread::Thread;
use std::time::Duration;

/// A job that was still running when the time its pool was given was over.
#[derive(Clone, Debug)]
pub struct AbandonedJob {
    job: &'static str,
    running_for: Duration,
}

impl AbandonedJob {
    /// The name of the job: the path of its function.
    #[must_use]
    pub fn job_name(&self) -> &str {
        self.job
    }

    /// How long it has been running; at most a tick of the system's clock (1 to 10 ms) too long.
    #[must_use]
    pub fn running_for(&self) -> Duration {
        self.running_for
    }
}

impl fmt::Display for AbandonedJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job `{}` has been running for {:?}", self.job, self.running_for)
    }
}

/// Takes no more jobs; with `cancel`, those that wait are cancelled.
pub(crate) fn close(shared: &Shared, cancel: bool) {
    let mut queue = shared.queue.lock();
    let idle = queue.close(Refusal::ShutDown);
    let (mut cancelled, mut handed_over) = (Vec::new(), HandedOver::default());
    if cancel {
        cancelled = queue.give_up_waiting();
        handed_over = take(&mut queue.handed_over);
    }
    drop(queue);
    idle.iter().for_each(Thread::unpark);
    refuse_all(cancelled, &Refusal::ShutDown);
    handed_over.cancel();
}

/// Whether every worker of a closed pool has left; else `waker` is woken when one leaves.
pub(crate) fn poll_ended(shared: &Shared, waker: Waker) -> Poll<()> {
    let queue = shared.queue.lock();
    if queue.refusal().is_some() && queue.alive() == 0 {
        drop(queue);
        drop(waker);
        return Poll::Ready(());
    }
    // Under the queue's lock, so that no worker leaves between the look and this.
    let mut waiting = shared.on_left.lock();
    if !waiting.iter().any(|known| known.will_wake(&waker)) {
        waiting.push(waker);
        return Poll::Pending;
    }
    drop(waiting);
    drop(queue);
    drop(waker);
    Poll::Pending
}

/// Waits until every worker has left, at most for `grace`, and names the jobs that still run.
///
/// Jobs that still wait then are cancelled.
#[track_caller]
pub(crate) fn wait(shared: &Arc<Shared>, grace: Option<Duration>) -> Vec<AbandonedJob> {
    assert!(
        !is_worker(shared),
        "a job cannot wait for the end of its own thread pool: let the code that made the pool shut it down"
    );
    let mut queue = shared.queue.lock();
    match grace {
        Some(grace) => {
            // How it ended does not matter: what is left is asked for below.
            let _ = shared.left.wait_while_for(&mut queue, |queue| queue.alive() > 0, grace);
        }
        None => shared.left.wait_while(&mut queue, |queue| queue.alive() > 0),
    }
    let cancelled = queue.give_up_waiting();
    let running: Vec<_> = queue.running().collect();
    let ended = queue.take_ended();
    drop(queue);
    refuse_all(cancelled, &Refusal::ShutDown);
    for thread in ended {
        // A worker throws nothing itself, but the initializer that it was the last to hold may.
        if let Err(payload) = thread.join() {
            forget_payload(payload);
        }
    }
    let abandoned = |(job, since): (_, Tick)| AbandonedJob { job, running_for: since.elapsed() };
    running.into_iter().map(abandoned).collect()
}
