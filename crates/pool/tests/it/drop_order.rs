//! What a job owned is gone when its result is there.

use crate::support::{Drops, block_on, hold};
use asyncio_pool::{Shutdown, ThreadPoolExecutor};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};

#[test]
fn arguments_and_captures_are_dropped_before_the_result_is_delivered() {
    let pool = ThreadPoolExecutor::new(1);
    let drops = Drops::default();
    let captured = drops.probe();
    let job = pool.submit(
        move |_argument| {
            let _captured = captured;
        },
        drops.probe(),
    );
    block_on(job).unwrap();
    assert_eq!(drops.count(), 2);
}

#[test]
fn arguments_are_dropped_before_a_refusal_is_delivered() {
    struct Looks(Drops, AtomicUsize);
    impl Wake for Looks {
        fn wake(self: Arc<Self>) {
            self.1.store(self.0.count(), SeqCst);
        }
    }
    let pool = ThreadPoolExecutor::new(1);
    let (held, drops) = (hold(&pool), Drops::default());
    let looks = Arc::new(Looks(drops.clone(), AtomicUsize::new(0)));
    let mut job = pool.submit(drop, drops.probe());
    let waker = Waker::from(Arc::clone(&looks));
    assert!(Pin::new(&mut job).poll(&mut Context::from_waker(&waker)).is_pending());
    pool.shutdown(Shutdown::Now);
    assert_eq!(looks.1.load(SeqCst), 1);
    drop(held.go);
}

#[test]
fn a_result_that_is_not_taken_goes_with_the_future_and_not_with_the_pool() {
    let pool = ThreadPoolExecutor::new(1);
    let drops = Drops::default();
    let job = pool.submit(|drops: Drops| drops.probe(), drops.clone());
    // One thread, first in first out: when a later job runs, this one has ended.
    drop(hold(&pool));
    assert_eq!(drops.count(), 0);
    drop(job);
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_future_may_outlive_its_pool() {
    let pool = ThreadPoolExecutor::new(1);
    let job = pool.submit(|n| n, 1);
    drop(pool);
    assert_eq!(block_on(job).unwrap(), 1);
}
