//! [`Call`]: a function as a future, so that callbacks stand in the same queue as tasks.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A function as a future that is ready at its first poll.
pub(crate) struct Call<F>(Option<F>);

impl<F: FnOnce()> Call<F> {
    pub(crate) fn new(function: F) -> Self {
        Self(Some(function))
    }
}

// The function is moved out, never polled in place.
impl<F> Unpin for Call<F> {}

impl<F: FnOnce()> Future for Call<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        if let Some(function) = self.0.take() {
            function();
        }
        Poll::Ready(())
    }
}
