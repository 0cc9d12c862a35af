//! Jobs that borrow: [`ThreadPoolExecutor::scope`]. Blocking only, for a future can be leaked while
//! something still uses what it lent.

// In dependence order: a module uses only what stands above it.
mod ledger;
#[expect(unsafe_code, reason = "the lifetime of a job is erased in one place: docs/unsafe.md")]
mod lend;
mod job;

pub use job::ScopedJob;
pub use lend::ThreadScope;

use crate::thread::executor::ThreadPoolExecutor;
use asyncio_core::exception::{ExceptionContext, report};
use std::any::type_name;
use std::panic::resume_unwind;

impl ThreadPoolExecutor {
    /// Runs jobs that may borrow: calls `body`, and returns its value when all jobs that were submitted
    /// to the scope have ended. It is `std::thread::scope` with the threads of this pool.
    ///
    /// Jobs that no thread has started by then are run here, so the scope needs no free thread: it may be
    /// entered by a job of the same pool, and on a pool that was shut down.
    ///
    /// # Panics
    /// If `body` panics, with its panic, or if a job panicked and was not [joined](ScopedJob::join); in
    /// both cases after all jobs have ended.
    ///
    /// # Blocking
    /// Until the last job has ended. From async code it is to be called by a job, as below.
    ///
    /// # Examples
    /// ```
    /// use asyncio::ThreadPoolExecutor;
    ///
    /// fn longest(pool: &ThreadPoolExecutor, words: &[String]) -> usize {
    ///     let length = |words: &[String]| words.iter().map(String::len).max().unwrap_or(0);
    ///     let (left, right) = words.split_at(words.len() / 2);
    ///     pool.scope(|scope| {
    ///         let left = scope.submit(length, left);
    ///         length(right).max(left.join().unwrap())
    ///     })
    /// }
    ///
    /// # asyncio::run(async {
    /// let pool = ThreadPoolExecutor::new(1);
    /// let words = ["to", "be", "or", "not"].map(str::to_owned);
    /// let inner = pool.clone();
    /// assert_eq!(pool.submit(move |words| longest(&inner, &words), words).await?, 3);
    /// # Ok::<(), asyncio::JobError>(())
    /// # }).unwrap();
    /// ```
    /// What a job borrows has to outlive the scope:
    /// ```compile_fail,E0597
    /// # let pool = asyncio::ThreadPoolExecutor::new(1);
    /// pool.scope(|scope| {
    ///     let inside = vec![1, 2, 3];
    ///     scope.submit(|inside: &[i32]| inside.len(), &inside);
    /// });
    /// ```
    /// and no handle leaves it:
    /// ```compile_fail
    /// # let pool = asyncio::ThreadPoolExecutor::new(1);
    /// let job = pool.scope(|scope| scope.submit(|n| n + 1, 1));
    /// ```
    #[track_caller]
    pub fn scope<'env, B, T>(&self, body: B) -> T
    where
        B: for<'scope> FnOnce(&'scope ThreadScope<'scope, 'env>) -> T,
    {
        let (outcome, panics) = lend::enter(self.shared(), type_name::<B>(), body);
        let value = match outcome {
            Ok(value) => value,
            Err(payload) => {
                for what in panics {
                    let message = "a job of a scope panicked and was not joined";
                    report(&ExceptionContext::from_error(message, &what));
                }
                resume_unwind(payload)
            }
        };
        match panics.as_slice() {
            [] => value,
            [first] => panic!("a job of the scope was not joined: {first}"),
            [first, ..] => panic!("{} jobs of the scope were not joined: {first}", panics.len()),
        }
    }
}
