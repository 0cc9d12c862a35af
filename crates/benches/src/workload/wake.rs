//! For the price of a wake from another thread, on the same core or on another, and back: the loop sleeps in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use futures::task::AtomicWaker;

use crate::measure::{Passes, pin};
use crate::runtime::Runtime;

#[derive(Debug, Default)]
struct Ball {
    /// Odd while the thread has it.
    hits: AtomicU64,
    waiting: AtomicWaker,
}

/// CPU nanoseconds of both threads for one round trip; the other thread stands on `core`.
pub(crate) async fn to_thread_on<R: Runtime>(core: usize) -> f64 {
    const TRIPS: u64 = 1_500;
    let ball = Arc::new(Ball::default());
    let thread = beside(Arc::clone(&ball), core);
    let mut passes = Passes::new();
    while passes.next() {
        for _ in 0..TRIPS {
            let sent = ball.hits.fetch_add(1, Ordering::AcqRel) + 1;
            thread.unpark();
            std::future::poll_fn(|context| {
                ball.waiting.register(context.waker());
                if ball.hits.load(Ordering::Acquire) == sent {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
        }
        passes.done(TRIPS);
    }
    passes.median()
}

/// The other player, who sleeps whenever the ball is not his.
#[expect(clippy::disallowed_methods, reason = "the other thread is what is measured")]
fn beside(ball: Arc<Ball>, core: usize) -> std::thread::Thread {
    let handle = std::thread::spawn(move || {
        pin(core);
        loop {
            while ball.hits.load(Ordering::Acquire).is_multiple_of(2) {
                std::thread::park();
            }
            ball.hits.fetch_add(1, Ordering::AcqRel);
            ball.waiting.wake();
        }
    });
    handle.thread().clone()
}
