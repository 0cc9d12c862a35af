//! The room of the default executor, and `to_thread`.

use crate::support::block_on;
use asyncio_pool::current::{LazyPool, current, enter};
use asyncio_pool::{ThreadPoolExecutor, to_thread};
use std::panic::catch_unwind;

#[test]
fn without_a_loop_to_thread_panics_with_advice() {
    let thrown = catch_unwind(|| drop(to_thread(|| 1))).unwrap_err();
    let message = thrown.downcast_ref::<&str>().copied().unwrap_or_default();
    assert!(message.starts_with("no running event loop"), "{message}");
}

#[test]
fn the_pool_is_built_on_first_use_and_shared_by_clones() {
    let pool = LazyPool::default();
    {
        let _entered = enter(pool.clone());
        assert!(pool.started().is_none());
        assert_eq!(block_on(to_thread(|| 1)).unwrap(), 1);
    }
    assert_eq!(pool.started().map(ThreadPoolExecutor::workers), Some(1));
    assert!(current().is_none());
}

#[test]
fn guards_restore_what_was_current_before() {
    let outer = ThreadPoolExecutor::builder().thread_name("outer").build();
    let inner = ThreadPoolExecutor::builder().thread_name("inner").build();
    let where_am_i = || block_on(to_thread(|| std::thread::current().name().map(str::to_owned)));
    let _outer = enter(outer.into());
    {
        let _inner = enter(inner.into());
        assert_eq!(where_am_i().unwrap().unwrap(), "inner-0");
    }
    assert_eq!(where_am_i().unwrap().unwrap(), "outer-0");
}

#[test]
fn a_job_has_no_loop_of_its_own() {
    let _entered = enter(LazyPool::default());
    assert!(block_on(to_thread(|| current().is_none())).unwrap());
}

#[test]
fn the_job_is_named_after_the_callers_function() {
    fn compute() -> u8 {
        panic!("on purpose")
    }
    let _entered = enter(LazyPool::default());
    let error = block_on(to_thread(compute)).unwrap_err();
    assert!(error.job_name().ends_with("compute"), "{error}");
}
