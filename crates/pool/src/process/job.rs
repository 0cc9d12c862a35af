//! [`Job`]: the result of a job in a process, to be awaited.

use crate::job::JobError;
use crate::process::cell::Cell;
use crate::process::codec::CodecError;
use crate::process::drive::{Attendance, Pool};
use asyncio_core::budget::{self, poll_spend};
use asyncio_core::wait_note::{WaitKind, pending_on};
use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The result of a job in a process, to be awaited.
///
/// The job was queued when this was made, so it runs whether or not this is polled. It gives the
/// function's result, or a [`JobError`] that says what became of it.
///
/// # Cancel safety
/// Dropping it cancels the job: if it has not started it never runs, and if it is running its process is
/// killed and replaced, unless [`detached`](crate::process::JobBuilder::detached) was asked for.
///
/// # Panics
/// Polling it again after it has given its result panics.
#[must_use = "dropping a job's future cancels the job"]
#[doc(alias = "ProcessJob")]
pub struct Job<R> {
    /// `None` once the result was taken.
    cell: Option<Arc<Cell>>,
    name: &'static str,
    pool: Pool,
    decode: fn(Vec<u8>) -> Result<R, CodecError>,
    attendance: Attendance,
}

impl<R> Job<R> {
    pub(crate) fn new(
        cell: Arc<Cell>,
        pool: Pool,
        decode: fn(Vec<u8>) -> Result<R, CodecError>,
        attendance: Attendance,
    ) -> Self {
        Self { name: cell.name(), cell: Some(cell), pool, decode, attendance }
    }

    /// Sees to it that somebody drives the pool though this may never be polled.
    pub(crate) fn attend(&mut self) {
        if !self.has_result() {
            self.pool.attend(&mut self.attendance);
        }
    }

    /// The name of the job: the path of its function.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether a result can be taken without waiting.
    ///
    /// Who asks again and again need not let anybody else have a turn: this looks for what has come.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        // In a simulation nobody drives, and in the child of a fork nobody may.
        if !self.has_result() && self.attendance != Attendance::Elsewhere && self.pool.is_home() {
            self.pool.drive();
        }
        self.has_result()
    }

    fn has_result(&self) -> bool {
        self.cell.as_ref().is_none_or(|cell| cell.is_finished())
    }
}

impl<R> Future for Job<R> {
    type Output = Result<R, JobError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(cell) = &this.cell else { panic!("job polled after its result was taken") };
        if cell.is_finished() {
            ready!(poll_spend(cx, budget::STEP));
        }
        let Poll::Ready(outcome) = cell.poll(cx.waker()) else {
            if !this.pool.attend(&mut this.attendance) {
                // Nobody else can, so this task does, as often as it gets a turn.
                this.pool.drive();
                cx.waker().wake_by_ref();
            }
            pending_on(WaitKind::Job, 0);
            return Poll::Pending;
        };
        this.cell = None;
        let decode = |bytes| {
            (this.decode)(bytes)
                .map_err(|error| JobError::decode(this.name, type_name::<R>(), error))
        };
        Poll::Ready(outcome.and_then(decode))
    }
}

impl<R> Drop for Job<R> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take()
            && cell.abandon()
            && !cell.treatment.detached
            && self.pool.is_home()
        {
            self.pool.with(|engine| engine.cancel(&cell));
        }
    }
}

impl<R> fmt::Debug for Job<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("name", &self.name)
            .field("is_finished", &self.has_result())
            .finish_non_exhaustive()
    }
}
