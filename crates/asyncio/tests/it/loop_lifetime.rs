//! When a loop ends, what it leaves behind, and what of it may outlive it.

use asyncio::{EventLoop, Runner, running_loop, try_running_loop};
use std::cell::RefCell;
use std::future::pending;
use std::time::Duration;

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

#[test]
fn a_task_may_hold_its_own_loop_without_keeping_it() {
    let before = open_descriptors();
    for _ in 0..20 {
        let event_loop = EventLoop::new().unwrap();
        let own = event_loop.run_until_complete(async {
            let own = running_loop();
            let kept = own.clone();
            drop(asyncio::create_task(async move {
                let _kept = kept;
                pending::<()>().await;
            }));
            own
        });
        drop(event_loop);
        let own = own.unwrap();
        assert!(own.is_closed() && !own.is_running());
        assert!(own.handle().is_closed());
        own.stop();
        own.close();
    }
    assert_eq!(open_descriptors(), before);
}

#[test]
#[should_panic(expected = "event loop is closed")]
fn what_a_loop_that_is_gone_refuses_panics_with_advice() {
    let own = asyncio::run(async { running_loop() });
    drop(own.call_soon(|| ()));
}

thread_local! {
    static LOOP: RefCell<Option<EventLoop>> = const { RefCell::new(None) };
    static RUNNER: RefCell<Option<Runner>> = const { RefCell::new(None) };
    static ASKS: Asks = const { Asks };
}

/// Asks for the running loop when its thread ends.
struct Asks;

impl Drop for Asks {
    fn drop(&mut self) {
        assert!(try_running_loop().is_none());
    }
}

/// Uses everything that is current on a thread while a task of a loop in a thread-local is dropped.
struct UsesAll;

impl Drop for UsesAll {
    fn drop(&mut self) {
        let _tasks = asyncio::all_tasks();
        let _sleep = asyncio::sleep(Duration::from_secs(1));
        drop(asyncio::to_thread(|| 1));
        panic!("reported, and not lost");
    }
}

#[test]
fn a_loop_and_a_runner_may_live_in_thread_locals() {
    let thread = std::thread::Builder::new().spawn(|| {
        ASKS.with(|_| ());
        let event_loop = EventLoop::new().unwrap();
        event_loop.set_exception_handler(|_| ());
        drop(event_loop.create_task(async {
            let _uses = UsesAll;
            pending::<()>().await;
        }));
        event_loop.run_until_complete(asyncio::yield_now()).unwrap();
        LOOP.set(Some(event_loop));
        let mut runner = Runner::builder().build().unwrap();
        runner.run(async { drop(asyncio::create_task(pending::<()>())) });
        RUNNER.set(Some(runner));
    });
    thread.unwrap().join().unwrap();
}
