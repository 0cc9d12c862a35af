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
//! The future and the pool are a cell's only owners. A future that finds itself alone takes
//! the result without the lock: when many jobs are in flight, most results are taken like that.
//! Whoever leaves the cell last finds nothing of the user's in it, so freeing it runs no foreign code.

use crate::job::{JobError, Refusal, Run};
use asyncio_core::budget::{self, poll_spend};
use asyncio_core::exception::{ExceptionContext, report};
use asyncio_core::wait_note::{WaitKind, pending_on};
use asyncio_core::wake_batch::{drop_foreign, wake};
use parking_lot::Mutex;
use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

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
/// # asyncio::run(async {
/// use asyncio::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(2);
/// let job = pool.submit(|text: &str| text.len(), "seven");
/// assert_eq!(job.await?, 5);
/// # Ok::<(), asyncio::JobError>(())
/// # }).unwrap();
/// ```
#[must_use = "dropping a job's future takes the job back if it has not started"]
pub struct ThreadJob<R> {
    hold: Hold<R>,
}

/// What a future has of its job.
enum Hold<R> {
    Cell(Arc<dyn Slot<R>>),
    /// The result was taken; the name is left.
    Over(Name),
}

/// Gives the name of a job: one word in the future and none in the cell, as the type knows it.
type Name = fn() -> &'static str;

impl<R> ThreadJob<R> {
    /// The name of the job: the path of its function.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.hold {
            Hold::Cell(slot) => slot.name_of()(),
            Hold::Over(name) => name(),
        }
    }

    /// Whether a result can be taken without waiting.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.hold {
            Hold::Cell(slot) => slot.is_finished(),
            Hold::Over(_) => true,
        }
    }
}

impl<R> Future for ThreadJob<R> {
    type Output = Result<R, JobError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Hold::Cell(slot) = &mut self.hold else {
            panic!("job polled after its result was taken")
        };
        let result = match alone(slot) {
            Some(slot) => {
                ready!(poll_spend(cx, budget::STEP));
                slot.result_alone()
            }
            None => match slot.poll_result(cx) {
                Poll::Ready(result) => result,
                Poll::Pending => {
                    pending_on(WaitKind::Job, 0);
                    return Poll::Pending;
                }
            },
        };
        self.hold = Hold::Over(slot.name_of());
        Poll::Ready(result)
    }
}

impl<R> Drop for ThreadJob<R> {
    fn drop(&mut self) {
        let Hold::Cell(slot) = &mut self.hold else { return };
        match alone(slot) {
            Some(slot) => match slot.result_alone() {
                Ok(value) => drop(value),
                Err(error) => report_unawaited(error),
            },
            None => slot.abandon(),
        }
    }
}

/// Whether the other of the two owners of a cell is gone, and will not come back.
///
/// The pool lets go of a job when it has finished or refused it; the future takes back a queued job
/// before it goes. Whoever is alone needs no lock.
fn is_alone<T: ?Sized>(cell: &Arc<T>) -> bool {
    Arc::strong_count(cell) == 1
}

/// The cell without its lock, for the owner who is alone.
#[inline]
fn alone<T: ?Sized>(cell: &mut Arc<T>) -> Option<&mut T> {
    // The count is a plain load, so whoever is not alone pays next to nothing for the question.
    if is_alone(cell) { Arc::get_mut(cell) } else { None }
}

impl<R> fmt::Debug for ThreadJob<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadJob")
            .field("name", &self.name())
            .field("is_finished", &self.is_finished())
            .finish()
    }
}

/// What a future knows of its job.
trait Slot<R>: Send + Sync {
    fn poll_result(&self, cx: &mut Context<'_>) -> Poll<Result<R, JobError>>;
    /// Transition 4 when the pool has let go of the cell.
    fn result_alone(&mut self) -> Result<R, JobError>;
    fn is_finished(&self) -> bool;
    fn abandon(&self);
    fn name_of(&self) -> Name;
}

/// A job and the future of its result; its name is that of the type `N`.
pub(crate) fn job<N, F, A, R>(f: F, args: A) -> (Arc<dyn Run>, ThreadJob<R>)
where
    N: 'static,
    F: FnOnce(A) -> R + Send + 'static,
    A: Send + 'static,
    R: Send + 'static,
{
    let state = State { stage: Stage::Queued(f, args), waker: None };
    let cell = Arc::new(JobCell { name: PhantomData::<fn() -> N>, state: Mutex::new(state) });
    let slot = Arc::<JobCell<N, F, A, R>>::clone(&cell);
    (cell, ThreadJob { hold: Hold::Cell(slot) })
}

/// Whether the future of a queued job is gone, and the job with it.
///
/// The future and the queue are the only owners, and the future takes the job back before it goes.
pub(crate) fn is_taken_back(job: &Arc<dyn Run>) -> bool {
    is_alone(job)
}

struct JobCell<N, F, A, R> {
    name: PhantomData<fn() -> N>,
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

impl<N, F, A, R> JobCell<N, F, A, R> {
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

impl<N, F, A, R> Run for JobCell<N, F, A, R>
where
    N: 'static,
    F: FnOnce(A) -> R + Send,
    A: Send,
    R: Send,
{
    fn run(&self) {
        let Some((f, args)) = self.state.lock().start() else { return };
        // Nothing of ours is borrowed by the function, so a panic can leave nothing of ours half done.
        let result = catch_unwind(AssertUnwindSafe(|| f(args)))
            .map_err(|payload| JobError::panicked(type_name::<N>(), payload));
        self.finish(result);
    }

    fn refuse(&self, why: Refusal) {
        let Some(call) = self.state.lock().start() else { return };
        drop_foreign(call);
        self.finish(Err(why.into_error(type_name::<N>())));
    }

    fn name(&self) -> &'static str {
        type_name::<N>()
    }
}

impl<N, F, A, R> Slot<R> for JobCell<N, F, A, R>
where
    N: 'static,
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

    fn result_alone(&mut self) -> Result<R, JobError> {
        match replace(&mut self.state.get_mut().stage, Stage::Over) {
            Stage::Finished(result) => result,
            // Whoever had the job threw it away without a word.
            _ => Err(JobError::cancelled(type_name::<N>())),
        }
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

    fn name_of(&self) -> Name {
        type_name::<N>
    }
}

/// Ends a result that nobody waits for, on the thread that made it.
fn discard<R>(result: Result<R, JobError>) {
    match result {
        Ok(value) => drop_foreign(value),
        Err(error) => report_unawaited(error),
    }
}

/// Hands a panic that nobody awaits to the exception handler: no panic is lost, nor a job that the pool
/// could not start. Whoever shut the pool down knows what that does to jobs.
fn report_unawaited(error: JobError) {
    // A panic that nobody has seen reports itself.
    if error.is_unseen_panic() || !error.is_not_started() {
        return drop(error);
    }
    let message = format!("job `{}` could not start and nobody awaited it", error.job_name());
    report(&ExceptionContext::new(message, &error.to_string()));
}
