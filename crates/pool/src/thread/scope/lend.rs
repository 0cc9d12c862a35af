//! [`ThreadScope`]: what a job borrows outlives it. The one place where a job's lifetime is erased.
//!
//! # Protocol
//!
//! `'env` is longer than the call of [`enter`], `'scope` is a part of that call: the body must work for
//! any `'scope`, so nothing that it returns can name it.
//!
//! 1. [`enter`] makes the scope on its own stack and calls the body.
//! 2. [`ThreadScope::lend`] takes a job that may borrow for `'scope`, forgets the lifetime and puts it
//!    into the ledger. It needs a `&'scope` of the scope, so the call of `enter` goes on.
//! 3. A job is consumed by [`Ledger::run`], on whatever thread, or goes on waiting there.
//! 4. When the body has returned or unwound, `enter` calls [`Ledger::leave`], which returns only when no
//!    job waits or runs, and does not return early: an unwind out of it aborts the process.
//! 5. Then the scope goes, and `'scope` may end.
//!
//! A job owns nothing that is still there after it was consumed but its result, and that is either
//! dropped by the job itself, before it counts as ended, or owned by its handle. A handle cannot live longer
//! than `'scope`; one that is leaked drops nothing. Tickets that the pool still has at the end own the
//! ledger, which is empty by then, and nothing of the user's.

use super::ledger::{Ledger, Number, Task};
use crate::thread::worker::{Shared, offer};
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::abort;
use std::sync::Arc;
use std::thread;

/// Submits jobs that may borrow; given by [`ThreadPoolExecutor::scope`].
///
/// A job may submit further jobs to the scope that it belongs to.
///
/// [`ThreadPoolExecutor::scope`]: crate::ThreadPoolExecutor::scope
pub struct ThreadScope<'scope, 'env: 'scope> {
    /// INVARIANT: `enter` made this scope, and does not return before it has left this ledger.
    ledger: Arc<Ledger>,
    shared: Arc<Shared>,
    /// Both are invariant: neither can be shortened or stretched to that of something else.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// A task that may borrow.
type Borrowing<'scope> = Box<dyn FnOnce(&Ledger, Number) + Send + 'scope>;

/// Steps 1, 4 and 5: calls the body and waits until all of its jobs have ended.
///
/// Gives the body's outcome and the panics that nobody has taken.
pub(super) fn enter<'env, B, T>(
    shared: &Arc<Shared>,
    name: &'static str,
    body: B,
) -> (thread::Result<T>, Vec<String>)
where
    B: for<'scope> FnOnce(&'scope ThreadScope<'scope, 'env>) -> T,
{
    let scope = ThreadScope {
        ledger: Arc::new(Ledger::new(name)),
        shared: Arc::clone(shared),
        scope: PhantomData,
        env: PhantomData,
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    if let Err(_payload) = catch_unwind(AssertUnwindSafe(|| scope.ledger.leave())) {
        // Tasks do not unwind, so this does not happen; if it did, a job might still borrow.
        abort();
    }
    (outcome, scope.ledger.take_panics())
}

impl<'scope> ThreadScope<'scope, '_> {
    /// Step 2: puts a task into the ledger, and a ticket for it into the pool.
    pub(super) fn lend(&'scope self, task: Borrowing<'scope>) -> (&'scope Ledger, Number) {
        // SAFETY: by the invariant of `ledger`, the call of `enter` that made `self` returns after
        // `Ledger::leave`, and then the task has been consumed; `'scope` is not over before that, as it
        // is chosen by the body's caller, which is `enter`, to be that of its own local.
        let task = unsafe { std::mem::transmute::<Borrowing<'scope>, Task>(task) };
        let number = self.ledger.add(task);
        // Without a ticket the job is run by whoever joins it or leaves the scope.
        let _refused = offer(&self.shared, Arc::<Ledger>::clone(&self.ledger)).err();
        (&self.ledger, number)
    }
}

impl fmt::Debug for ThreadScope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadScope").finish_non_exhaustive()
    }
}
