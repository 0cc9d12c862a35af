//! [`Bell`]: how a parked loop is woken, like `ThreadPark` of `asyncio-core`; and how models are run.

use loom::model::Builder;
use loom::sync::{Condvar, Mutex};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A thread that waits, and the bell that ends the wait.
#[derive(Debug)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
    /// Not loom's, for counting must not order anything.
    rings: AtomicUsize,
}

impl Bell {
    pub(crate) fn new() -> Self {
        Self { rung: Mutex::new(false), changed: Condvar::new(), rings: AtomicUsize::new(0) }
    }

    pub(crate) fn ring(&self) {
        self.rings.fetch_add(1, Ordering::Relaxed);
        *self.rung.lock().expect("nobody panics with the lock") = true;
        self.changed.notify_one();
    }

    pub(crate) fn wait(&self) {
        let mut rung = self.rung.lock().expect("nobody panics with the lock");
        while !*rung {
            rung = self.changed.wait(rung).expect("nobody panics with the lock");
        }
        *rung = false;
    }

    pub(crate) fn rings(&self) -> usize {
        self.rings.load(Ordering::Relaxed)
    }
}

/// Explores every interleaving of two threads.
pub(crate) fn explore(model: impl Fn() + Sync + Send + 'static) {
    builder(None).check(model);
}

/// Explores three threads, with at most three preemptions an execution.
pub(crate) fn explore_bounded(model: impl Fn() + Sync + Send + 'static) {
    builder(Some(3)).check(model);
}

fn builder(preemptions: Option<usize>) -> Builder {
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions;
    builder.max_branches = 20_000;
    builder
}
