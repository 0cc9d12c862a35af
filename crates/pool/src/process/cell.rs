//! A job between its submission and its result: one allocation that the pool and its future share.
//!
//! The pool has it until it has finished it, once; the future may leave at any time. The lock is held for
//! moves only: results and wakers are dropped, and wakers called, outside of it.

use crate::job::JobError;
use crate::process::function::Descriptor;
use crate::process::wire::writer::Payload;
use asyncio_core::exception::{ExceptionContext, report};
use asyncio_core::wake_batch::wake;
use parking_lot::Mutex;
use std::mem::replace;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Poll, Waker};

/// The result as it came, or why there is none.
pub(crate) type Outcome = Result<Vec<u8>, JobError>;

/// Which jobs come first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum Priority {
    /// Before all others.
    High,
    /// As most jobs are.
    #[default]
    Normal,
    /// When there is nothing else to do.
    Low,
}

/// How a job is to be treated.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Treatment {
    pub(crate) priority: Priority,
    /// How long it may run, in nanoseconds.
    pub(crate) timeout: Option<u64>,
    /// When it must be done, on the monotonic clock in nanoseconds.
    pub(crate) deadline: Option<u64>,
    /// How often it is run again if its worker died.
    pub(crate) retries: u32,
    /// Whether it runs on when its future is gone.
    pub(crate) detached: bool,
    /// How many such jobs a worker may have on board; zero lets the pool decide.
    pub(crate) chunk: usize,
}

/// A job.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) descriptor: &'static Descriptor,
    pub(crate) arguments: Vec<u8>,
    pub(crate) treatment: Treatment,
    /// Where it is, for the pool alone: written and read under the pool's lock.
    whereabouts: AtomicU64,
    /// The number of the alarm for its deadline, in the same way; zero is none.
    alarm: AtomicU64,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    stage: Stage,
    /// Whoever awaits the result; only while it is pending.
    waker: Option<Waker>,
}

#[derive(Debug)]
enum Stage {
    Pending,
    /// Nobody waits for the result any more.
    Abandoned,
    Finished(Outcome),
    /// The result was taken, or thrown away.
    Over,
}

/// Where a job is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Whereabouts {
    /// Not taken yet, or done with.
    Nowhere,
    Queue,
    /// On board of the worker in this place of the crew, under this sequence.
    Worker {
        index: u16,
        sequence: u64,
    },
}

impl Cell {
    pub(crate) fn new(
        descriptor: &'static Descriptor,
        arguments: Vec<u8>,
        treatment: Treatment,
    ) -> Self {
        let progress = Mutex::new(Progress { stage: Stage::Pending, waker: None });
        let (whereabouts, alarm) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { descriptor, arguments, treatment, whereabouts, alarm, progress }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.descriptor.name()
    }

    pub(crate) fn whereabouts(&self) -> Whereabouts {
        match self.whereabouts.load(Relaxed) {
            0 => Whereabouts::Nowhere,
            1 => Whereabouts::Queue,
            word => Whereabouts::Worker { index: word as u16, sequence: word >> 16 },
        }
    }

    pub(crate) fn set_whereabouts(&self, place: Whereabouts) {
        let word = match place {
            Whereabouts::Nowhere => 0,
            Whereabouts::Queue => 1,
            // Sequences count from one, so no such word is zero or one.
            Whereabouts::Worker { index, sequence } => sequence << 16 | u64::from(index),
        };
        self.whereabouts.store(word, Relaxed);
    }

    /// The alarm that rings when it must be done, if it was set.
    pub(crate) fn deadline_alarm(&self) -> Option<(u64, u64)> {
        self.treatment.deadline.zip(Some(self.alarm.load(Relaxed)))
    }

    pub(crate) fn set_deadline_alarm(&self, number: u64) {
        self.alarm.store(number, Relaxed);
    }

    /// The pool: hands over what became of it, and wakes who waits. The pool's lock is released.
    pub(crate) fn finish(&self, outcome: Outcome) {
        let mut progress = self.progress.lock();
        if !matches!(progress.stage, Stage::Pending) {
            progress.stage = Stage::Over;
            drop(progress);
            return report_unawaited(outcome);
        }
        progress.stage = Stage::Finished(outcome);
        let waker = progress.waker.take();
        drop(progress);
        if let Some(waker) = waker {
            wake(waker);
        }
    }

    /// The future: takes the result, or leaves a waker.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Outcome> {
        let mut progress = self.progress.lock();
        if let Some(outcome) = progress.take() {
            return Poll::Ready(outcome);
        }
        if progress.waker.as_ref().is_some_and(|former| former.will_wake(waker)) {
            return Poll::Pending;
        }
        drop(progress);
        // A clone is foreign code, so it happens outside of the lock, and the job may have moved on.
        let waker = waker.clone();
        let mut progress = self.progress.lock();
        if let Some(outcome) = progress.take() {
            return Poll::Ready(outcome);
        }
        let former = progress.waker.replace(waker);
        drop(progress);
        drop(former);
        Poll::Pending
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.progress.lock().stage, Stage::Finished(_) | Stage::Over)
    }

    /// Whether somebody still waits for it.
    pub(crate) fn is_wanted(&self) -> bool {
        matches!(self.progress.lock().stage, Stage::Pending)
    }

    /// The future leaves; returns whether the job is still to be done.
    pub(crate) fn abandon(&self) -> bool {
        let mut progress = self.progress.lock();
        let waker = progress.waker.take();
        let former = replace(&mut progress.stage, Stage::Abandoned);
        drop(progress);
        drop(waker);
        match former {
            Stage::Pending => true,
            Stage::Finished(outcome) => {
                report_unawaited(outcome);
                false
            }
            Stage::Abandoned | Stage::Over => false,
        }
    }
}

impl Progress {
    fn take(&mut self) -> Option<Outcome> {
        match replace(&mut self.stage, Stage::Over) {
            Stage::Finished(outcome) => Some(outcome),
            other => {
                self.stage = other;
                None
            }
        }
    }
}

impl Payload for Cell {
    fn bytes(&self) -> &[u8] {
        &self.arguments
    }
}

/// Tells of a panic that nobody awaits. Whoever lets go of a job knows that it may be killed.
fn report_unawaited(outcome: Outcome) {
    if let Err(error) = outcome
        && (error.is_panicked() || error.is_not_started())
    {
        let message = format!("job `{}` failed and nobody awaited it", error.job_name());
        report(&ExceptionContext::from_error(message, &error));
    }
}
