//! [`News`]: what a pool has to tell, when its lock is released.

use crate::process::cell::{Cell, Outcome, Whereabouts};
use crate::simulation::HandedOver;
use asyncio_core::wake_batch::{drop_foreign, wake};
use std::io::Write as _;
use std::sync::Arc;
use std::task::Waker;

/// What is to be told when the lock is released.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct News {
    outcomes: Vec<(Arc<Cell>, Outcome)>,
    /// Jobs in a simulation that are cancelled.
    cancelled: HandedOver,
    wakers: Vec<Waker>,
    /// Wakers that are not needed any more. They are foreign, so they are dropped without the lock, too.
    spent: Vec<Waker>,
    /// What is to be written to standard error.
    stderr: Vec<u8>,
}

impl News {
    pub(crate) fn finish(&mut self, cell: Arc<Cell>, outcome: Outcome) {
        cell.set_whereabouts(Whereabouts::Nowhere);
        self.outcomes.push((cell, outcome));
    }

    /// Jobs in a simulation that are to be cancelled.
    pub(crate) fn cancel(&mut self, jobs: HandedOver) {
        self.cancelled = jobs;
    }

    /// Wakers that are to be called.
    pub(crate) fn wake(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        self.wakers.extend(wakers);
    }

    /// Wakers that are not needed any more.
    pub(crate) fn spend(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        self.spent.extend(wakers);
    }

    pub(crate) fn stderr(&mut self) -> &mut Vec<u8> {
        &mut self.stderr
    }

    /// Tells it; no lock is held.
    pub(crate) fn tell(self) {
        for (cell, outcome) in self.outcomes {
            cell.finish(outcome);
        }
        self.cancelled.cancel();
        self.wakers.into_iter().for_each(wake);
        self.spent.into_iter().for_each(drop_foreign);
        if !self.stderr.is_empty() {
            // If nobody takes it there is nobody to tell so.
            let _lost = std::io::stderr().lock().write_all(&self.stderr);
        }
    }
}
