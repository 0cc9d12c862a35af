//! S-32, S-35 and S-37, mistakes of the programmer: each panics with what to write instead.

use asyncio::EventLoop;
use asyncio_core::exception::panic_message;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// The message of the panic that `f` ends with.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { panic!("no panic") };
    panic_message(&*payload).to_owned()
}

#[test]
fn nested_runs_are_refused() {
    let nested = panic_of(|| asyncio::run(async { asyncio::run(async {}) }));
    assert!(nested.contains("`.await` the future instead"), "{nested}");
    let by_hand = panic_of(|| {
        asyncio::run(async {
            let inner = EventLoop::new().unwrap();
            inner.run_until_complete(async {})
        })
    });
    assert!(by_hand.contains("while another one is running"), "{by_hand}");
    assert_eq!(asyncio::run(async { 1 }), 1, "the thread can run a loop again");
}

#[test]
fn a_running_loop_cannot_be_closed() {
    let message = panic_of(|| asyncio::run(async { asyncio::running_loop().close() }));
    assert!(message.contains("cannot close a running event loop"), "{message}");
}

#[test]
fn a_closed_loop_refuses_everything() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.close();
    for message in [
        panic_of(|| event_loop.run_until_complete(async {})),
        panic_of(|| event_loop.run_forever()),
        panic_of(|| event_loop.call_soon(|| ())),
        panic_of(|| event_loop.call_later(Duration::ZERO, || ())),
        panic_of(|| drop(event_loop.create_task(async {}))),
    ] {
        assert!(message.contains("event loop is closed"), "{message}");
    }
    assert!(event_loop.handle().call_soon(|| ()).is_err());
}

#[test]
fn without_a_loop_the_message_says_what_to_write() {
    for message in [
        panic_of(asyncio::running_loop),
        panic_of(|| drop(asyncio::create_task(async {}))),
        panic_of(|| futures::executor::block_on(asyncio::sleep(Duration::from_secs(1)))),
        panic_of(|| drop(asyncio::to_thread(|| ()))),
        panic_of(asyncio::all_tasks),
    ] {
        assert!(message.contains("no running event loop"), "{message}");
    }
    assert!(asyncio::current_task().is_none());
    assert!(asyncio::try_running_loop().is_none());
}

#[test]
fn a_task_of_another_loop_cannot_be_awaited() {
    let (first, second) = (EventLoop::new().unwrap(), EventLoop::new().unwrap());
    let task = first.create_task(async { 1 });
    let message = panic_of(|| second.run_until_complete(task));
    assert!(message.contains("attached to a different loop"), "{message}");
}

#[test]
fn a_sleep_of_another_loop_cannot_be_awaited() {
    let (first, second) = (EventLoop::new().unwrap(), EventLoop::new().unwrap());
    let make = async {
        let sleep = asyncio::sleep(Duration::from_secs(1));
        Some(sleep)
    };
    let sleep = first.run_until_complete(make).unwrap().unwrap();
    let message = panic_of(|| second.run_until_complete(sleep));
    assert!(message.contains("attached to a different loop"), "{message}");
}

#[test]
fn a_task_cannot_await_itself() {
    asyncio::run(async {
        let (promise, resolver) = asyncio::promise::<asyncio::Task<()>>();
        let task = asyncio::create_task(async move {
            let own = promise.await.unwrap();
            own.await.unwrap();
        });
        let id = task.id();
        resolver.resolve(task).unwrap();
        asyncio::yield_now().await;
        asyncio::yield_now().await;
        assert!(asyncio::all_tasks().iter().all(|task| task.id() != id), "the task goes on");
    });
}

#[test]
fn awaiting_a_task_of_a_closed_loop_says_so() {
    let closed = EventLoop::new().unwrap();
    let task = closed.create_task(async { 1 });
    closed.close();
    assert!(task.is_finished());
    assert!(!task.cancel());
    let error = asyncio::run(task).unwrap_err();
    assert!(error.is_loop_closed(), "{error}");
}
