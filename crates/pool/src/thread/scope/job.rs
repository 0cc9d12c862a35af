//! [`ScopedJob`]: the handle of a job that may borrow, and the slot of its result.

use super::ledger::{Ledger, Number};
use super::lend::ThreadScope;
use crate::job::JobError;
use asyncio_core::wake_batch::drop_foreign;
use parking_lot::Mutex;
use std::any::type_name;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A job of a [`ThreadScope`], to be joined.
///
/// Dropping it changes nothing for the job, which runs to its end before the scope ends; its result is
/// dropped. It is std's `ScopedJoinHandle`.
#[doc(alias = "ScopedJoinHandle")]
pub struct ScopedJob<'scope, R> {
    ledger: &'scope Ledger,
    number: Number,
    slot: Arc<Slot<R>>,
    name: &'static str,
}

/// Where the job leaves its result. The job and its handle are the only owners.
struct Slot<R> {
    result: Mutex<Option<Result<R, JobError>>>,
}

impl<'scope> ThreadScope<'scope, '_> {
    /// Submits the call `f(args)`, which may borrow what lives longer than the scope.
    ///
    /// It starts when a thread of the pool is free for it, when it is joined, or when the scope's body has
    /// ended, whichever comes first. Several arguments are a tuple, none is `()`.
    #[doc(alias = "spawn")]
    pub fn submit<F, A, R>(&'scope self, f: F, args: A) -> ScopedJob<'scope, R>
    where
        F: FnOnce(A) -> R + Send + 'scope,
        A: Send + 'scope,
        R: Send + 'scope,
    {
        let name = type_name::<F>();
        let slot = Arc::new(Slot { result: Mutex::new(None) });
        let theirs = Arc::clone(&slot);
        let task = move |ledger: &Ledger, number: Number| {
            // Nothing of ours is borrowed by the function, so a panic can leave nothing of ours half done.
            let result = catch_unwind(AssertUnwindSafe(|| f(args)))
                .map_err(|payload| JobError::panicked(name, payload));
            if let Err(error) = &result {
                ledger.note_panic(number, error.to_string());
            }
            *theirs.result.lock() = Some(result);
            // Without its handle the result goes here, as long as what it borrows is there.
            drop_foreign(theirs);
        };
        let (ledger, number) = self.lend(Box::new(task));
        ScopedJob { ledger, number, slot, name }
    }
}

impl<R> ScopedJob<'_, R> {
    /// Waits for the job and gives its result.
    ///
    /// A job that has not started runs here and now, so a job may join another one of a pool that has no
    /// thread left.
    ///
    /// # Errors
    /// If the job panicked; the panic is handed over, and the scope does not panic for it.
    ///
    /// # Panics
    /// Never, but a job that joins itself waits for ever.
    ///
    /// # Blocking
    /// As long as the job does.
    pub fn join(self) -> Result<R, JobError> {
        self.ledger.join(self.number, || self.is_finished());
        let result = self.slot.result.lock().take().expect("a job that was waited for has ended");
        if result.is_err() {
            self.ledger.strike_panic(self.number);
        }
        result
    }

    /// Whether a result can be taken without waiting.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.slot.result.lock().is_some()
    }

    /// The name of the job: the path of its function.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl<R> fmt::Debug for ScopedJob<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJob")
            .field("name", &self.name)
            .field("is_finished", &self.is_finished())
            .finish()
    }
}
