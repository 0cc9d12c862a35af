//! A job between its submission and its result: one allocation that queue and future share.
//!
//! The queue sees a [`Run`] in it and the future a [`Slot`]; both are faces of the same [`JobCell`].
//!
//! ```text
//!            1 start               2 finish              4 take_result
//!   Queued ───────────► Running ───────────► Finished ───────────────► Over
//!     │ 3 abandon, 5 refuse  │ 3 abandon         │ 3 abandon             ▲
//!     │                      ▼                   │                       │
//!     │                  Abandoned ── 2 finish ──┼───────────────────────┤
//!     └──────────────────────────────────────────┴───────────────────────┘
//!        (5 refuse goes to Finished with an error, the others to Over)
//! ```
//!
//! 1, 2 and 5 belong to whoever took the job off the queue, 3 and 4 to the future. The lock is held
//! for moves only: functions, arguments, results and wakers are called and dropped outside of it.
//! Whoever leaves the cell last finds nothing of the user's in it, so freeing it runs no foreign code.

use asyncio_core::JobError;
use asyncio_core::exception::{ExceptionContext, forget_payload, report};
use asyncio_core::wait_note::{WaitKind, pending_on};
use asyncio_core::wake_batch::{drop_foreign, wake};
use parking_lot::Mutex;
use std::fmt;
use std::future::Future;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The result of a job on a thread, to be awaited.
///
/// The job was queued when this was made, so it runs whether or not this is polled. It gives the
/// function's result, or a [`JobError`] if the function panicked or never ran.
///
/// # Cancel safety
/// Dropping it takes back a job that has not started: the function and its arguments are dropped
/// here and now, and never run. A job that is running goes on to its end, and its result is dropped on
/// its thread; a panic that nobody can await any more goes to the exception handler.
///
/// # Panics
/// Polling it again after it has given its result panics.
///
/// # Examples
/// ```
/// # futures::executor::block_on(async {
/// use asyncio_pool::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(2);
/// let job = pool.submit(|text: &str| text.len(), "seven");
/// assert_eq!(job.await?, 5);
/// # Ok::<(), asyncio_core::JobError>(())
/// # }).unwrap();
/// ```
#[must_use = "dropping a job's future takes the job back if it has not started"]
pub struct ThreadJob<R> {
    slot: Arc<dyn Slot<R>>,
}

impl<R> ThreadJob<R> {
    /// The name of the job: the path of its function.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.slot.name()
    }

    /// Whether a result can be taken without waiting.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.slot.is_finished()
    }
}

impl<R> Future for ThreadJob<R> {
    type Output = Result<R, JobError>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = self.slot.poll_result(cx);
        if result.is_pending() {
            pending_on(WaitKind::Job, 0);
        }
        result
    }
}

impl<R> Drop for ThreadJob<R> {
    fn drop(&mut self) {
        self.slot.abandon();
    }
}

impl<R> fmt::Debug for ThreadJob<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadJob")
            .field("name", &self.name())
            .field("is_finished", &self.is_finished())
            .finish()
    }
}

/// Why a job never ran.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// The pool takes no more jobs, or was told to give up those that wait.
    ShutDown,
    /// Whoever was to run the job threw it away.
    Discarded,
    /// The pool cannot run anything, for this reason.
    Broken(Arc<str>),
}

impl Refusal {
    fn into_error(self, job: &'static str) -> JobError {
        match self {
            Self::ShutDown => JobError::shut_down(job),
            Self::Discarded => JobError::cancelled(job),
            Self::Broken(why) => JobError::panicked(job, Box::new(why.as_ref().to_owned())),
        }
    }
}

/// What a queue knows of a job. Neither method unwinds.
pub(crate) trait Run: Send + Sync {
    /// Runs the function and hands over its result, unless the job was taken back.
    fn run(&self);

    /// Resolves a job that has not started to an error; any other is left alone.
    fn refuse(&self, why: Refusal);

    /// The path of the function.
    fn name(&self) -> &'static str;
}

/// What a future knows of its job.
trait Slot<R>: Send + Sync {
    fn poll_result(&self, cx: &mut Context<'_>) -> Poll<Result<R, JobError>>;
    fn is_finished(&self) -> bool;
    fn abandon(&self);
    fn name(&self) -> &'static str;
}

/// A job and the future of its result.
pub(crate) fn job<F, A, R>(name: &'static str, f: F, args: A) -> (Arc<dyn Run>, ThreadJob<R>)
where
    F: FnOnce(A) -> R + Send + 'static,
    A: Send + 'static,
    R: Send + 'static,
{
    let state = State { stage: Stage::Queued(f, args), waker: None };
    let cell = Arc::new(JobCell { name, state: Mutex::new(state) });
    let slot = Arc::<JobCell<F, A, R>>::clone(&cell);
    (cell, ThreadJob { slot })
}

/// Whether the future of a queued job is gone, and the job with it.
///
/// The future and the queue are the only owners, and the future takes the job back before it goes.
pub(crate) fn is_taken_back(job: &Arc<dyn Run>) -> bool {
    Arc::strong_count(job) == 1
}

struct JobCell<F, A, R> {
    name: &'static str,
    state: Mutex<State<F, A, R>>,
}

struct State<F, A, R> {
    stage: Stage<F, A, R>,
    /// Whoever awaits the result; only in `Queued` and `Running`.
    waker: Option<Waker>,
}

enum Stage<F, A, R> {
    Queued(F, A),
    Running,
    /// Running, and nobody waits for the result any more.
    Abandoned,
    Finished(Result<R, JobError>),
    /// The result was taken, or nobody will take it.
    Over,
}

impl<F, A, R> State<F, A, R> {
    /// Transition 1.
    #[must_use]
    fn start(&mut self) -> Option<(F, A)> {
        match replace(&mut self.stage, Stage::Running) {
            Stage::Queued(f, args) => Some((f, args)),
            other => {
                self.stage = other;
                None
            }
        }
    }

    /// Transition 4.
    #[must_use]
    fn take_result(&mut self) -> Option<Result<R, JobError>> {
        match replace(&mut self.stage, Stage::Over) {
            Stage::Finished(result) => Some(result),
            Stage::Over | Stage::Abandoned => panic!("job polled after its result was taken"),
            waiting => {
                self.stage = waiting;
                None
            }
        }
    }
}

impl<F, A, R> JobCell<F, A, R> {
    /// Transition 2.
    fn finish(&self, result: Result<R, JobError>) {
        let mut state = self.state.lock();
        if matches!(state.stage, Stage::Abandoned) {
            state.stage = Stage::Over;
            drop(state);
            return discard(result);
        }
        state.stage = Stage::Finished(result);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}

impl<F, A, R> Run for JobCell<F, A, R>
where
    F: FnOnce(A) -> R + Send,
    A: Send,
    R: Send,
{
    fn run(&self) {
        let Some((f, args)) = self.state.lock().start() else { return };
        // Nothing of ours is borrowed by the function, so a panic can leave nothing of ours half done.
        let result = catch_unwind(AssertUnwindSafe(|| f(args)))
            .map_err(|payload| JobError::panicked(self.name, payload));
        self.finish(result);
    }

    fn refuse(&self, why: Refusal) {
        let Some(call) = self.state.lock().start() else { return };
        drop_foreign(call);
        self.finish(Err(why.into_error(self.name)));
    }

    fn name(&self) -> &'static str {
        self.name
    }
}

impl<F, A, R> Slot<R> for JobCell<F, A, R>
where
    F: Send,
    A: Send,
    R: Send,
{
    fn poll_result(&self, cx: &mut Context<'_>) -> Poll<Result<R, JobError>> {
        let mut state = self.state.lock();
        if let Some(result) = state.take_result() {
            return Poll::Ready(result);
        }
        if state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        drop(state);
        // A clone is foreign code, so it happens outside of the lock, and the job may have moved on.
        let waker = cx.waker().clone();
        let mut state = self.state.lock();
        if let Some(result) = state.take_result() {
            drop(state);
            return Poll::Ready(result);
        }
        let former = state.waker.replace(waker);
        drop(state);
        drop(former);
        Poll::Pending
    }

    fn is_finished(&self) -> bool {
        matches!(self.state.lock().stage, Stage::Finished(_) | Stage::Over)
    }

    /// Transition 3.
    fn abandon(&self) {
        let mut state = self.state.lock();
        let waker = state.waker.take();
        let former = replace(&mut state.stage, Stage::Over);
        if matches!(former, Stage::Running) {
            state.stage = Stage::Abandoned;
        }
        drop(state);
        drop(waker);
        match former {
            Stage::Finished(Err(error)) => report_unawaited(error),
            // The function with its arguments, or the result: dropped here like any value.
            other => drop(other),
        }
    }

    fn name(&self) -> &'static str {
        self.name
    }
}

/// Ends a result that nobody waits for, on the thread that made it.
fn discard<R>(result: Result<R, JobError>) {
    match result {
        Ok(value) => drop_foreign(value),
        Err(error) => report_unawaited(error),
    }
}

/// Hands a panic that nobody awaits to the exception handler: no panic is lost.
fn report_unawaited(error: JobError) {
    let message = format!("job `{}` panicked and nobody awaited it", error.job_name());
    if let Ok(payload) = error.into_panic() {
        report(&ExceptionContext::new(message, &*payload));
        forget_payload(payload);
    }
}
