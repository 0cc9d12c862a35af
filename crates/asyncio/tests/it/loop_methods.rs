//! `EventLoop` by hand: runs and stops (S-33, S-34), callbacks (S-4, S-25), times (S-15).

use crate::child;
use asyncio::{EventLoop, Stopped};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

fn new_loop() -> EventLoop {
    EventLoop::new().expect("descriptors are left")
}

#[test]
fn run_until_complete_runs_what_was_scheduled_before() {
    let event_loop = new_loop();
    let log = Rc::new(RefCell::new(Vec::new()));
    let (first, second) = (Rc::clone(&log), Rc::clone(&log));
    drop(event_loop.call_soon(move || first.borrow_mut().push("callback")));
    let task = event_loop.create_task(async move { second.borrow_mut().push("task") });
    event_loop.run_until_complete(task).unwrap().unwrap();
    assert_eq!(*log.borrow(), ["callback", "task"]);
}

#[test]
fn stop_ends_run_forever_after_the_batch() {
    let event_loop = new_loop();
    let ran = Rc::new(Cell::new(0));
    let (stopper, after) = (event_loop.clone(), Rc::clone(&ran));
    drop(event_loop.call_soon(move || stopper.stop()));
    drop(event_loop.call_soon(move || after.set(after.get() + 1)));
    event_loop.run_forever();
    assert_eq!(ran.get(), 1, "the batch of the stop was not finished");
    assert!(!event_loop.is_running());
}

#[test]
fn a_stop_before_the_future_is_done_is_an_error_and_drops_it() {
    let event_loop = new_loop();
    let probe = Rc::new(());
    let inside = Rc::clone(&probe);
    let stopper = event_loop.clone();
    drop(event_loop.call_soon(move || stopper.stop()));
    let result = event_loop.run_until_complete(async move {
        std::future::pending::<()>().await;
        drop(inside);
    });
    assert_eq!(result, Err(Stopped));
    assert_eq!(Rc::strong_count(&probe), 1, "the future was kept");
    assert_eq!(event_loop.run_until_complete(async { 1 }), Ok(1), "the loop can run again");
}

#[test]
fn a_cancelled_callback_never_runs() {
    let event_loop = new_loop();
    let ran = Rc::new(Cell::new(false));
    let flag = Rc::clone(&ran);
    let soon = event_loop.call_soon(move || flag.set(true));
    assert!(soon.cancel());
    let flag = Rc::clone(&ran);
    let later = event_loop.call_later(Duration::ZERO, move || flag.set(true));
    assert!(later.cancel());
    event_loop
        .run_until_complete(async { asyncio::sleep(Duration::from_millis(1)).await })
        .unwrap();
    assert!(!ran.get());
    assert!(!soon.cancel(), "a callback is cancelled once");
}

#[asyncio::test(sim)]
async fn timers_are_called_in_the_order_of_their_times_and_then_of_the_calls() {
    let event_loop = asyncio::running_loop();
    let log = Rc::new(RefCell::new(Vec::new()));
    let start = event_loop.time();
    for (name, milliseconds) in [("c", 3), ("a", 1), ("b1", 2), ("b2", 2)] {
        let log = Rc::clone(&log);
        drop(
            event_loop.call_later(Duration::from_millis(milliseconds), move || {
                log.borrow_mut().push(name)
            }),
        );
    }
    let at = Rc::clone(&log);
    drop(event_loop.call_at(start + Duration::from_millis(2), move || at.borrow_mut().push("b3")));
    // Made after the callbacks and polled before them: it fires after those of the same time.
    asyncio::sleep_until(start + Duration::from_millis(2)).await;
    log.borrow_mut().push("sleep");
    asyncio::sleep(Duration::from_millis(5)).await;
    assert_eq!(*log.borrow(), ["a", "b1", "b2", "b3", "sleep", "c"]);
    assert_eq!(event_loop.time() - start, Duration::from_millis(7));
}

/// Keeps the thread for this long, as a program does that computes.
fn block(duration: Duration) {
    let clock = new_loop();
    let start = clock.time();
    while clock.time() - start < duration {}
}

#[test]
fn real_deadlines_order_callbacks_on_a_busy_loop() {
    let ms = Duration::from_millis;
    let order = asyncio::run(async {
        let event_loop = asyncio::running_loop();
        let log = Rc::new(RefCell::new(Vec::new()));
        let now = event_loop.time();
        // What is queued before and between keeps the loop busy until long after all deadlines.
        let busy = || drop(event_loop.call_soon(move || block(ms(2))));
        busy();
        for (name, deadline) in [("third", 3), ("first", 1), ("second", 2), ("never", 1)] {
            let log = Rc::clone(&log);
            let call = event_loop.call_at(now + ms(deadline), move || log.borrow_mut().push(name));
            if name == "never" {
                assert!(call.cancel());
            }
            busy();
        }
        asyncio::sleep(ms(30)).await;
        log.take()
    });
    assert_eq!(order, ["first", "second", "third"]);
}

#[test]
fn a_timer_that_is_set_while_nothing_runs_is_set_then_and_dropped_by_the_close() {
    let event_loop = new_loop();
    let probe = Rc::new(());
    let (kept, called) = (Rc::clone(&probe), Rc::new(Cell::new(false)));
    let flag = Rc::clone(&called);
    drop(event_loop.call_later(Duration::ZERO, move || flag.set(true)));
    drop(event_loop.call_later(Duration::from_secs(3600), move || drop(kept)));
    assert!(!called.get(), "nothing is called inside of the call");
    event_loop.run_until_complete(asyncio::sleep(Duration::from_millis(1))).unwrap();
    assert!(called.get());
    assert_eq!(Rc::strong_count(&probe), 2);
    event_loop.close();
    assert_eq!(Rc::strong_count(&probe), 1);
}

#[test]
fn real_a_stop_before_a_run_makes_a_turn_that_fires_what_is_due() {
    let event_loop = new_loop();
    let fired = Rc::new(Cell::new(0));
    let count = Rc::clone(&fired);
    drop(event_loop.call_later(Duration::from_millis(1), move || count.set(count.get() + 1)));
    event_loop.stop();
    event_loop.run_forever();
    assert_eq!(fired.get(), 0, "the turn does not wait");
    block(Duration::from_millis(5));
    event_loop.stop();
    event_loop.run_forever();
    assert_eq!(fired.get(), 1);
}

#[asyncio::test(sim)]
async fn durations_of_zero_and_for_ever_are_durations() {
    asyncio::sleep(Duration::ZERO).await;
    let never = asyncio::timeout(Duration::from_secs(1), asyncio::sleep(Duration::MAX)).await;
    assert!(never.is_err());
    assert_eq!(asyncio::timeout(Duration::MAX, async { 7 }).await, Ok(7));
    assert_eq!(asyncio::timeout(Duration::ZERO, async { 7 }).await, Ok(7), "the value wins a tie");
}

#[test]
fn close_twice_does_nothing_and_drops_what_was_scheduled() {
    let event_loop = new_loop();
    let probe = Rc::new(());
    let inside = Rc::clone(&probe);
    drop(event_loop.call_later(Duration::from_secs(3600), move || drop(inside)));
    let inside = Rc::clone(&probe);
    drop(event_loop.create_task(async move {
        asyncio::sleep(Duration::from_secs(3600)).await;
        drop(inside);
    }));
    event_loop.run_until_complete(asyncio::yield_now()).unwrap();
    event_loop.close();
    event_loop.close();
    assert!(event_loop.is_closed());
    assert_eq!(Rc::strong_count(&probe), 1);
}

#[test]
fn two_loops_take_turns_on_one_thread() {
    let (first, second) = (new_loop(), new_loop());
    let ticks = Rc::new(Cell::new(0));
    for event_loop in [&first, &second, &first, &second] {
        let ticks = Rc::clone(&ticks);
        event_loop
            .run_until_complete(async move {
                asyncio::sleep(Duration::from_micros(10)).await;
                ticks.set(ticks.get() + 1);
            })
            .unwrap();
    }
    assert_eq!(ticks.get(), 4);
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_kept_of_loops_that_are_closed_costs_no_descriptor() {
    const NAME: &str = "loop_methods::what_is_kept_of_loops_that_are_closed_costs_no_descriptor";
    if let Some(output) = child::run(NAME) {
        assert!(output.status.success(), "{}", child::stderr(&output));
        return;
    }
    let descriptors = || std::fs::read_dir("/proc/self/fd").expect("procfs is mounted").count();
    let before = descriptors();
    let event_loop = new_loop();
    let (handle, timer) = (event_loop.handle(), asyncio::sleep(Duration::ZERO));
    event_loop.close();
    assert_eq!(descriptors(), before, "after close");
    let mut tasks = Vec::new();
    for _ in 0..50 {
        asyncio::run(async { tasks.push(asyncio::create_task(async {})) });
    }
    assert_eq!(descriptors(), before, "with a task kept of each of {}", tasks.len());
    drop((handle, timer, event_loop));
}
