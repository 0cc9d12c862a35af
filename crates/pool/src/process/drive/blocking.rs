//! A thread that blocks drives the pool itself.

use crate::process::shared::Shared;
use crate::process::sys::Bell;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Runs a future of this pool to its end; it drives the pool while it waits.
pub(crate) fn block_on<F: Future>(shared: &Shared, future: F) -> io::Result<F::Output> {
    let bell = Arc::new(Bell::new()?);
    let waker = Waker::from(Arc::clone(&bell));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Ok(output);
        }
        shared.poller.wait(&bell, None);
        shared.drive();
    }
}
