//! [`News`]: what a pool has to tell, when its lock is released.

use crate::process::cell::{Cell, Outcome, Whereabouts};
use std::any::Any;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::Waker;

/// What is to be told when the lock is released.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct News {
    outcomes: Vec<(Arc<Cell>, Outcome)>,
    wakers: Vec<Waker>,
    /// Wakers that are not needed any more. They are foreign, so they are dropped without the lock, too.
    spent: Vec<Waker>,
    /// What is to be written to standard error.
    stderr: Vec<u8>,
}

/// All were told; one of them may have panicked.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Told {
    panic: Option<Box<dyn Any + Send>>,
}

impl News {
    pub(crate) fn finish(&mut self, cell: Arc<Cell>, outcome: Outcome) {
        cell.set_whereabouts(Whereabouts::Nowhere);
        self.outcomes.push((cell, outcome));
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
    pub(crate) fn tell(self) -> Told {
        let mut told = Told::default();
        for (cell, outcome) in self.outcomes {
            told.call(|| cell.finish(outcome));
        }
        for waker in self.wakers {
            told.call(|| asyncio_core::wake_batch::wake(waker));
        }
        for waker in self.spent {
            told.call(|| drop(waker));
        }
        if !self.stderr.is_empty() {
            // If nobody takes it there is nobody to tell so.
            let _lost = std::io::stderr().lock().write_all(&self.stderr);
        }
        told
    }
}

impl Told {
    /// Calls foreign code. If it panics that is kept until all others were told.
    fn call(&mut self, call: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
            self.panic.get_or_insert(payload);
        }
    }

    /// Goes on with the panic of whoever has panicked first.
    pub(crate) fn resume(self) {
        if let Some(payload) = self.panic {
            resume_unwind(payload);
        }
    }
}
