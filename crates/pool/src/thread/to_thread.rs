//! [`to_thread`]: one function on the default executor.

use crate::thread::current::current;
use crate::thread::job::ThreadJob;

/// Runs `f` on a thread of the current loop's default executor. It is `asyncio.to_thread`.
///
/// The job is queued when this returns, awaited or not.
///
/// # Panics
/// If no event loop is running on this thread.
///
/// # Cancel safety
/// Dropping the job takes it back if it has not started; a running one goes on without an audience.
/// See [`ThreadJob`].
///
/// # Examples
/// ```
/// use asyncio::to_thread;
///
/// # asyncio::run(async {
/// let sum = to_thread(|| (1..=1_000_000_u64).sum::<u64>()).await?;
/// assert_eq!(sum, 500_000_500_000);
/// # Ok::<(), asyncio::JobError>(())
/// # }).unwrap();
/// ```
#[doc(alias = "spawn_blocking")]
#[track_caller]
pub fn to_thread<F, R>(f: F) -> ThreadJob<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let Some(pool) = current() else {
        panic!(
            "no running event loop: `to_thread` uses the loop's default executor, \
             so call it from code that the loop runs, or submit to a `ThreadPoolExecutor` of your own"
        );
    };
    // The name of the job is the caller's function and not this closure, which is made on the caller's
    // thread and called on the worker's: the one spot at which a context is to be copied, and entered.
    pool.get().submit_as::<F, _, _, _>(|()| f(), ())
}
