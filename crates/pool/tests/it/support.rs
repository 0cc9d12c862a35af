//! What several modules need: a gate that holds a job, a simulation that runs one at a time, and a probe
//! that counts what happens to a value.

use asyncio_pool::simulation::{PoolJob, Submit};
use asyncio_pool::{ThreadJob, ThreadPoolExecutor};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};

pub(crate) use futures::executor::block_on;

/// A job that has started and goes on when it is told to.
pub(crate) struct Held {
    pub(crate) job: ThreadJob<&'static str>,
    pub(crate) go: mpsc::Sender<()>,
}

/// Submits a job and waits until it runs.
pub(crate) fn hold(pool: &ThreadPoolExecutor) -> Held {
    let (go, gate) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    let job = pool.submit(held_job, (started, gate));
    running.recv().expect("the job starts");
    Held { job, go }
}

/// A named function, so that reports about it can be looked at.
pub(crate) fn held_job((started, gate): (mpsc::Sender<()>, mpsc::Receiver<()>)) -> &'static str {
    started.send(()).expect("the test waits");
    // A dropped sender lets it go as well.
    let _ = gate.recv();
    "held"
}

/// Polls once, waking nobody.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Behind the door: runs jobs on this thread, when it is told to.
#[derive(Debug, Default)]
pub(crate) struct Stepwise(RefCell<VecDeque<PoolJob>>);

impl Submit for Stepwise {
    fn submit(&self, job: PoolJob) {
        self.0.borrow_mut().push_back(job);
    }
}

impl Stepwise {
    /// Runs the oldest.
    pub(crate) fn step(&self) {
        let job = self.0.borrow_mut().pop_front().expect("a job");
        job.run();
    }

    /// Runs the one with this number, modulo those that wait.
    pub(crate) fn run_any(&self, index: usize) {
        if let Some(job) = self.take_any(index) {
            job.run();
        }
    }

    /// Throws away the one with this number, modulo those that wait.
    pub(crate) fn throw_away_any(&self, index: usize) {
        drop(self.take_any(index));
    }

    fn take_any(&self, index: usize) -> Option<PoolJob> {
        let mut waiting = self.0.borrow_mut();
        let count = waiting.len();
        waiting.remove(index.checked_rem(count)?)
    }

    /// Runs what waits, and what comes meanwhile; gives how many that were.
    pub(crate) fn run_all(&self) -> usize {
        let mut count = 0;
        while self.waiting() > 0 {
            self.step();
            count += 1;
        }
        count
    }

    /// Throws away what waits.
    pub(crate) fn clear(&self) {
        let thrown_away = self.0.take();
        drop(thrown_away);
    }

    /// How many wait, those that were taken back included.
    pub(crate) fn waiting(&self) -> usize {
        self.0.borrow().len()
    }
}

/// Counts its drops.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub(crate) fn probe(&self) -> Probe {
        Probe(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

pub(crate) struct Probe(Drops);

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, SeqCst);
    }
}

/// Panics when it is dropped, after it has counted that.
pub(crate) struct Bomb(pub(crate) Drops);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, SeqCst);
        panic!("the bomb went off");
    }
}
