//! Threads that reach the loop, and loops that are gone.

use asyncio::EventLoop;
use std::cell::Cell;
use std::rc::Rc;
use std::thread;

#[test]
fn a_handle_wakes_a_waiting_loop() {
    let event_loop = EventLoop::new().unwrap();
    let handle = event_loop.handle();
    thread::scope(|scope| {
        scope.spawn(move || {
            for i in 0..100_u32 {
                let doubled =
                    handle.create_task(move || async move { Rc::new(Cell::new(i * 2)).get() });
                assert_eq!(doubled.unwrap().wait().unwrap(), i * 2);
            }
            handle.call_soon(|| asyncio::running_loop().stop()).unwrap();
        });
        event_loop.run_forever();
    });
}

#[test]
fn a_remote_task_is_awaited_on_another_loop() {
    let owner = EventLoop::new().unwrap();
    let handle = owner.handle();
    thread::scope(|scope| {
        let other = scope.spawn(move || {
            let value = asyncio::run(async { handle.create_task(|| async { 7 }).unwrap().await });
            handle.call_soon(|| asyncio::running_loop().stop()).unwrap();
            value
        });
        owner.run_forever();
        assert_eq!(other.join().unwrap().unwrap(), 7);
    });
}

#[test]
fn a_remote_task_of_a_closed_loop_ends() {
    let event_loop = EventLoop::new().unwrap();
    let remote = event_loop.handle().create_task(|| async { 7 }).unwrap();
    event_loop.close();
    assert!(remote.wait().unwrap_err().is_loop_closed());
}

#[test]
fn waiting_for_a_remote_task_on_its_own_loop_is_refused() {
    let message = std::panic::catch_unwind(|| {
        asyncio::run(async {
            let handle = asyncio::running_loop().handle();
            handle.create_task(|| async {}).unwrap().wait()
        })
    })
    .unwrap_err();
    assert!(asyncio_core::exception::panic_message(&*message).contains("`.await` it instead"));
}

#[test]
fn what_belongs_to_a_loop_is_dropped_elsewhere_without_harm() {
    let event_loop = EventLoop::new().unwrap();
    let (task, sleep, listener) = event_loop
        .run_until_complete(async {
            let sleep = asyncio::sleep(std::time::Duration::from_secs(3600));
            let task = asyncio::create_task(async { String::from("dropped on the owner thread") });
            let listener = asyncio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            (task, sleep, listener)
        })
        .unwrap();
    thread::scope(|scope| {
        scope.spawn(move || drop((task, sleep, listener)));
    });
    assert_eq!(event_loop.run_until_complete(async { 1 }), Ok(1));
}
