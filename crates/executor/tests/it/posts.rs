//! S-7: what other threads send is an entry of the ready queue like any other.

use crate::support::{Log, new_loop, turns, watched_loop};
use asyncio_core::yield_now;
use asyncio_executor::{Handle, Task, call_soon};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    static SEEN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn see(what: &'static str) {
    SEEN.with_borrow_mut(|seen| seen.push(what));
}

#[test]
fn a_post_does_not_overtake_earlier_callbacks_of_the_loop() {
    let event_loop = new_loop();
    let handle = event_loop.handle();
    event_loop
        .run_until_complete(async {
            drop(call_soon(|| see("callback")));
            handle.call_soon(|| see("post")).unwrap();
            turns(3).await;
        })
        .unwrap();
    assert_eq!(SEEN.take(), ["callback", "post"]);
}

/// Posts itself again and again.
fn post_for_ever(handle: Handle, count: Arc<AtomicUsize>) {
    let again = handle.clone();
    let post = move || {
        count.fetch_add(1, Ordering::Relaxed);
        post_for_ever(again, count);
    };
    // The loop is closed at the end of the test.
    let _closed = handle.call_soon(post);
}

#[test]
fn a_post_that_posts_itself_gets_one_turn_at_a_time() {
    let event_loop = new_loop();
    let count = Arc::new(AtomicUsize::new(0));
    post_for_ever(event_loop.handle(), Arc::clone(&count));
    event_loop.run_until_complete(turns(10)).unwrap();
    let posts = count.load(Ordering::Relaxed);
    assert!((8..=12).contains(&posts), "{posts} posts in ten turns");
}

#[test]
fn an_eager_task_is_eager_in_a_post() {
    let event_loop = new_loop();
    event_loop
        .handle()
        .call_soon(|| {
            drop(Task::builder().eager_start(true).spawn(async {
                see("inside the call");
                yield_now().await;
                see("later");
            }));
            see("after the call");
        })
        .unwrap();
    event_loop.run_until_complete(turns(4)).unwrap();
    assert_eq!(SEEN.take(), ["inside the call", "after the call", "later"]);
}

#[test]
fn many_posts_do_not_keep_a_busy_loop_from_its_driver() {
    let (event_loop, _remains) = watched_loop();
    let handle = event_loop.handle();
    for _ in 0..10_000 {
        handle.call_soon(|| ()).unwrap();
    }
    event_loop.run_until_complete(turns(2)).unwrap();
    let polls = event_loop.park().driver_polls.get();
    assert!(polls > 100, "the driver was polled {polls} times");
}

#[test]
fn the_place_of_a_post_is_named_in_the_report_of_its_panic() {
    let event_loop = new_loop();
    let places = Log::new();
    let kept = places.clone();
    event_loop.set_exception_handler(Some(Rc::new(
        move |context: &asyncio_core::exception::ExceptionContext| {
            kept.push(context.spawned_at.map(std::panic::Location::line));
        },
    )));
    let line = line!() + 1;
    event_loop.handle().call_soon(|| panic!("from afar")).unwrap();
    event_loop.run_until_complete(turns(2)).unwrap();
    assert_eq!(places.take(), [Some(line)]);
}

#[test]
fn posts_that_are_left_when_the_loop_closes_are_dropped_and_not_called() {
    let event_loop = new_loop();
    let called = Rc::new(Cell::new(false));
    drop(event_loop.create_task({
        let called = Rc::clone(&called);
        async move { called.set(true) }
    }));
    event_loop.handle().call_soon(|| see("called")).unwrap();
    event_loop.close();
    assert!(!called.get() && SEEN.take().is_empty());
}
