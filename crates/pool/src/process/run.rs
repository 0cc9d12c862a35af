//! [`Run`]: a call that waits for room in the queue first.

use crate::clock::monotonic_nanos;
use crate::job::JobError;
use crate::process::drive::{Attendance, Pool};
use crate::process::error::{Rejected, Rejection};
use crate::process::job::Job;
use crate::process::order::{Order, Reservation};
use asyncio_core::wait_note::{WaitKind, pending_on};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A call in a process: waits for room in the pool's queue, then for the result.
///
/// It does nothing before it is first polled. Those who wait are served in the order of their coming; one
/// that is not polled within a tenth of a second after there is room for it lets others go before it.
///
/// # Cancel safety
/// Dropping it cancels the job like dropping a [`Job`]; one that waits for room was never queued.
///
/// # Panics
/// Polling it again after it has given its result panics.
#[must_use = "a call does nothing unless it is awaited"]
pub struct Run<A, R> {
    stage: Stage<A, R>,
}

enum Stage<A, R> {
    Waiting(Waiting<A, R>),
    Queued(Job<R>),
    /// While it is polled, and when its time was over before there was room.
    Over,
}

struct Waiting<A, R> {
    order: Order<A, R>,
    arguments: A,
    attendance: Attendance,
    line: Line,
}

/// A place in the line of those who wait for room; dropping it leaves the line.
struct Line {
    pool: Pool,
    ticket: Option<u64>,
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.pool.with(|engine| engine.leave_line(ticket));
        }
    }
}

impl<A, R> Run<A, R> {
    pub(crate) fn new(
        pool: Pool,
        order: Order<A, R>,
        arguments: A,
        attendance: Attendance,
    ) -> Self {
        let line = Line { pool, ticket: None };
        Self { stage: Stage::Waiting(Waiting { order, arguments, attendance, line }) }
    }
}

// What it holds is moved, never pinned.
impl<A, R> Unpin for Run<A, R> {}

impl<A, R> Future for Run<A, R> {
    type Output = Result<R, JobError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.stage {
                Stage::Queued(job) => return Pin::new(job).poll(cx),
                Stage::Over => panic!("call polled after its result was taken"),
                Stage::Waiting(waiting) => {
                    let Poll::Ready(promised) = waiting.poll_room(cx) else {
                        pending_on(WaitKind::Job, 0);
                        return Poll::Pending;
                    };
                    if let Err(error) = promised {
                        self.stage = Stage::Over;
                        return Poll::Ready(Err(error));
                    }
                }
            }
            if let Stage::Waiting(waiting) = std::mem::replace(&mut self.stage, Stage::Over) {
                let Waiting { order, arguments, attendance, line } = waiting;
                let reservation = Reservation::new(&line.pool);
                let job = order.submit_reserved(reservation, arguments, attendance);
                self.stage = Stage::Queued(job);
            }
        }
    }
}

impl<A, R> Waiting<A, R> {
    /// Waits for a promise of a place in the queue.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), JobError>> {
        let pool = &self.line.pool;
        pool.assert_home();
        let ticket = self.line.ticket;
        if pool.ask(|engine| engine.reserve(ticket)) {
            self.line.ticket = None;
            return Poll::Ready(Ok(()));
        }
        let deadline = self.order.treatment.deadline;
        if deadline.is_some_and(|at| at <= monotonic_nanos()) {
            return Poll::Ready(Err(JobError::timed_out(self.order.descriptor.name())));
        }
        // Cloned outside of the lock; there may be room by now.
        let waker = cx.waker().clone();
        let queued = pool.with(|engine| match engine.reserve(ticket) {
            true => Err(waker),
            false => Ok(engine.queue_up(ticket, deadline, waker)),
        });
        match queued {
            Err(unused) => {
                drop(unused);
                self.line.ticket = None;
                Poll::Ready(Ok(()))
            }
            Ok(ticket) => {
                self.line.ticket = Some(ticket);
                if !pool.attend(&mut self.attendance) {
                    pool.drive();
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    }
}

/// Queues a job if there is room for it at this moment.
#[track_caller]
pub(crate) fn try_run<A, R>(
    pool: &Pool,
    order: Order<A, R>,
    arguments: A,
) -> Result<Job<R>, Rejected<A>> {
    pool.assert_home();
    if pool.look(|engine| engine.is_ending()) {
        return Err(Rejected::new(arguments, Rejection::ShutDown));
    }
    if !pool.ask(|engine| engine.reserve(None)) {
        return Err(Rejected::new(arguments, Rejection::Full));
    }
    let reservation = Reservation::new(pool);
    let mut job = order.submit_reserved(reservation, arguments, Attendance::Nobody);
    job.attend();
    Ok(job)
}

impl<A, R> fmt::Debug for Run<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.stage {
            Stage::Waiting(_) => "Waiting",
            Stage::Queued(_) => "Queued",
            Stage::Over => "Over",
        };
        f.debug_struct("Run").field("stage", &stage).finish_non_exhaustive()
    }
}
