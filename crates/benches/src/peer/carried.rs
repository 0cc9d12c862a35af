//! A future called `Send` that is not: for `tokio::spawn` on a runtime of one thread.
//!
//! Invariant ONE-THREAD: a `Carried` is made, polled and dropped by the one thread of a `current_thread` runtime.
//! Tokio cannot know this at compile time, and the workloads, written for every runtime, do not promise `Send`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project_lite::pin_project! {
    pub(crate) struct Carried<T> {
        #[pin]
        pub(crate) inner: T,
    }
}

// SAFETY: by ONE-THREAD the value is never seen by a second thread.
unsafe impl<T> Send for Carried<T> {}

impl<F: Future> Future for Carried<F> {
    type Output = Carried<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(context).map(|inner| Carried { inner })
    }
}
