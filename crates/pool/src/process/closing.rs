//! [`Closing`]: the end of a pool, awaited or waited for.

use crate::process::drive::{Attendance, Pool, block_on};
use crate::shutdown::Shutdown;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The end of a process pool; made by [`ProcessPoolExecutor::shutdown`].
///
/// Awaited, it lets the other tasks run meanwhile. Dropped without ever being polled, it blocks until the
/// pool has ended: so `pool.shutdown(how);` in plain code waits as it does for a thread pool.
///
/// # Cancel safety
/// The pool ends in any case; only the wait can be given up.
///
/// [`ProcessPoolExecutor::shutdown`]: crate::process::ProcessPoolExecutor::shutdown
pub struct Closing {
    pool: Pool,
    attendance: Attendance,
    /// Under which its waker is known.
    ticket: Option<u64>,
    is_polled: bool,
}

impl Closing {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, attendance: Attendance::Nobody, ticket: None, is_polled: false }
    }

    /// Goes on without waiting for the end.
    pub fn detach(mut self) {
        self.is_polled = true;
        self.pool.attend(&mut self.attendance);
    }
}

impl Future for Closing {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.is_polled = true;
        let waker = cx.waker().clone();
        let ticket = this.ticket;
        let (ticket, has_ended) =
            this.pool.with(|engine| (engine.at_end(ticket, waker), engine.has_ended()));
        this.ticket = Some(ticket);
        if has_ended {
            return Poll::Ready(());
        }
        if !this.pool.attend(&mut this.attendance) {
            this.pool.drive();
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if !self.pool.is_home() {
            return;
        }
        if self.is_polled {
            let ticket = self.ticket.take();
            return self.pool.with(|engine| engine.forget_end(ticket));
        }
        self.attendance = Attendance::Elsewhere;
        let pool = self.pool.clone();
        // Without a descriptor for the wait there is only the hard way left.
        if block_on(&pool, &mut *self).is_err() {
            pool.with(|engine| engine.shut_down(Shutdown::Now));
            pool.bury();
        }
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").finish_non_exhaustive()
    }
}
