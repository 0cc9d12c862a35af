//! S-33, S-34 and S-42: how a run ends before its future does, and what a policy orders.

use crate::support::{Drops, Log, new_loop, threads, turns};
use asyncio_core::TaskId;
use asyncio_core::wait_note::WaitKind;
use asyncio_executor::policy::{Candidate, Candidates, Event, Policy};
use asyncio_executor::{Stopped, call_soon, create_task};
use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

#[test]
fn stop_lets_the_batch_finish_and_keeps_the_rest_for_the_next_run() {
    let event_loop = Rc::new(new_loop());
    let log = Log::new();
    let (inner, first) = (Rc::clone(&event_loop), log.clone());
    drop(event_loop.call_soon(move || {
        first.push("first");
        inner.stop();
        let later = first.clone();
        drop(call_soon(move || later.push("later")));
    }));
    let second = log.clone();
    drop(event_loop.call_soon(move || second.push("second")));
    event_loop.run_forever();
    assert_eq!(log.take(), ["first", "second"]);
    event_loop.run_until_complete(turns(1)).unwrap();
    assert_eq!(log.take(), ["later"]);
}

#[test]
fn stop_before_a_run_makes_one_turn_that_does_not_wait() {
    let event_loop = new_loop();
    let log = Log::new();
    event_loop.stop();
    event_loop.run_forever();
    let called = log.clone();
    drop(event_loop.call_soon(move || {
        called.push(1);
        let again = called.clone();
        drop(call_soon(move || again.push(2)));
    }));
    event_loop.stop();
    event_loop.run_forever();
    assert_eq!(log.take(), [1]);
    event_loop.stop();
    assert_eq!(event_loop.run_until_complete(pending::<()>()), Err(Stopped));
    assert_eq!(log.take(), [2]);
    assert_eq!(event_loop.run_until_complete(async { 5 }), Ok(5), "a stop counts once");
}

#[test]
fn stop_from_another_thread_ends_a_waiting_run() {
    let event_loop = Rc::new(new_loop());
    let handle = event_loop.handle();
    threads(|scope| {
        let (started, resolver) = asyncio_core::promise();
        let stopping = event_loop.create_task(async move {
            started.await.unwrap();
        });
        scope.spawn(move || handle.call_soon(move || resolver.resolve(()).unwrap()).unwrap());
        let inner = Rc::clone(&event_loop);
        drop(event_loop.create_task(async move {
            stopping.await.unwrap();
            inner.stop();
        }));
        event_loop.run_forever();
    });
}

#[test]
fn stopped_run_drops_its_future_and_keeps_the_other_tasks() {
    let event_loop = new_loop();
    let drops = Drops::default();
    let (probe, counter) = (drops.probe(), Rc::new(Cell::new(0)));
    let counted = Rc::clone(&counter);
    let task = event_loop.create_task(async move {
        loop {
            counted.set(counted.get() + 1);
            turns(1).await;
        }
    });
    let stopped = event_loop.run_until_complete(async {
        let _probe = probe;
        turns(2).await;
        event_loop.stop();
        pending::<()>().await;
    });
    assert_eq!(stopped, Err(Stopped));
    assert_eq!(Stopped.to_string(), "event loop stopped before future completed");
    drops.assert_all_dropped_on_their_thread();
    let so_far = counter.get();
    event_loop.run_until_complete(turns(2)).unwrap();
    assert!(counter.get() > so_far && !task.is_finished());
}

#[test]
fn future_that_ends_in_the_batch_of_the_stop_has_ended() {
    let event_loop = new_loop();
    let ended = event_loop.run_until_complete(async {
        event_loop.stop();
        6
    });
    assert_eq!(ended, Ok(6));
    assert_eq!(event_loop.run_until_complete(async { turns(3).await }), Ok(()));
}

#[test]
fn root_that_is_cancelled_is_stopped() {
    let event_loop = new_loop();
    let stopped = event_loop.run_until_complete(async {
        assert!(asyncio_executor::current_task().unwrap().cancel());
        pending::<()>().await;
    });
    assert_eq!(stopped, Err(Stopped));
}

/// Picks by a function of how many picks came before, and of how many are ready.
struct Scripted<F>(usize, F);

impl<F> std::fmt::Debug for Scripted<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl<F: FnMut(usize, usize) -> Option<usize>> Policy for Scripted<F> {
    fn pick(&mut self, candidates: &Candidates<'_>) -> Option<usize> {
        let ready = candidates.len();
        assert!(ready > 0, "there is something to choose from");
        self.0 += 1;
        (self.1)(self.0, ready)
    }
}

#[test]
fn policy_that_picks_none_halts_the_run_as_a_stop_would() {
    let event_loop = new_loop();
    event_loop.set_policy(Some(Box::new(Scripted(0, |pick, _| (pick <= 10).then_some(0)))));
    let polls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&polls);
    let stopped = event_loop.run_until_complete(async move {
        loop {
            counted.set(counted.get() + 1);
            turns(1).await;
        }
    });
    assert_eq!(stopped.map(|(): ()| ()), Err(Stopped));
    assert_eq!(polls.get(), 10);
    event_loop.set_policy(None);
    assert_eq!(event_loop.run_until_complete(async { 3 }), Ok(3));
}

#[test]
fn policy_decides_the_order_within_a_batch() {
    let event_loop = new_loop();
    event_loop.set_policy(Some(Box::new(Scripted(0, |_, ready| Some(ready - 1)))));
    let log = Log::new();
    for number in 0..4 {
        let log = log.clone();
        drop(event_loop.create_task(async move { log.push(number) }));
    }
    event_loop.stop();
    event_loop.run_forever();
    assert_eq!(log.take(), [3, 2, 1, 0]);
    // A number past the end is the last.
    event_loop.set_policy(Some(Box::new(Scripted(0, |_, _| Some(usize::MAX)))));
    event_loop.run_until_complete(async { drop(create_task(async {})) }).unwrap();
}

#[test]
fn a_policy_that_panics_stays_and_the_loop_can_run_again() {
    #[derive(Debug)]
    struct Moody(bool);
    impl Policy for Moody {
        fn pick(&mut self, _candidates: &Candidates<'_>) -> Option<usize> {
            assert!(!std::mem::take(&mut self.0), "not today");
            Some(0)
        }
    }
    let event_loop = new_loop();
    event_loop.set_policy(Some(Box::new(Moody(true))));
    let run = || event_loop.run_until_complete(turns(2));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
    run().unwrap();
}

#[test]
fn what_becomes_ready_in_a_turn_waits_for_the_next_under_a_policy_too() {
    for newest in [false, true] {
        let event_loop = new_loop();
        let pick = move |_, ready| Some(if newest { ready - 1 } else { 0 });
        event_loop.set_policy(Some(Box::new(Scripted(0, pick))));
        let log = Log::new();
        for number in 0..3 {
            let log = log.clone();
            drop(event_loop.create_task(async move {
                log.push((0, number));
                turns(1).await;
                log.push((1, number));
            }));
        }
        for _ in 0..2 {
            event_loop.stop();
            event_loop.run_forever();
        }
        let turns: Vec<_> = log.take().into_iter().map(|(turn, _)| turn).collect();
        assert_eq!(turns, [0, 0, 0, 1, 1, 1], "newest: {newest}");
    }
}

#[test]
fn what_a_halted_turn_has_not_run_stays_ready_before_what_came_later() {
    let event_loop = new_loop();
    let log = Log::new();
    for number in 0..4 {
        let log = log.clone();
        drop(event_loop.call_soon(move || {
            log.push(number);
            let later = log.clone();
            drop(call_soon(move || later.push(number + 10)));
        }));
    }
    event_loop.set_policy(Some(Box::new(Scripted(0, |pick, _| (pick <= 2).then_some(1)))));
    event_loop.run_forever();
    assert_eq!(log.take(), [1, 2]);
    event_loop.set_policy(None);
    event_loop.run_until_complete(turns(3)).unwrap();
    assert_eq!(log.take(), [0, 3, 11, 12, 10, 13]);
}

/// Keeps what it is told.
#[derive(Debug)]
struct Observer(Rc<std::cell::RefCell<Vec<Event>>>, Rc<std::cell::RefCell<Vec<Candidate>>>);

impl Policy for Observer {
    fn pick(&mut self, candidates: &Candidates<'_>) -> Option<usize> {
        assert!(!candidates.is_empty() && candidates.get(candidates.len()).is_none());
        self.1.borrow_mut().extend((0..candidates.len()).filter_map(|i| candidates.get(i)));
        Some(0)
    }

    fn observes(&self) -> bool {
        true
    }

    fn observe(&mut self, events: &[Event]) {
        self.0.borrow_mut().extend_from_slice(events);
    }
}

#[test]
fn a_policy_sees_who_is_ready_and_what_has_happened() {
    let event_loop = new_loop();
    let (events, candidates) = (Rc::default(), Rc::default());
    event_loop.set_policy(Some(Box::new(Observer(Rc::clone(&events), Rc::clone(&candidates)))));
    event_loop
        .run_until_complete(async {
            let (promise, resolver) = asyncio_core::promise();
            let child = create_task(async move { promise.await.unwrap() });
            turns(1).await;
            resolver.resolve(5).unwrap();
            assert_eq!(child.await.unwrap(), 5);
            turns(1).await;
        })
        .unwrap();
    let (root, child) = (TaskId::from_u64(1), TaskId::from_u64(2));
    let of_child = |event: &Event| match *event {
        Event::Spawned { task, .. } | Event::Woken { task, .. } => task == child,
        Event::Polled { task } | Event::Ended { task } => task == child,
        _ => false,
    };
    let told: Vec<_> = events.take().into_iter().filter(of_child).collect();
    assert_eq!(
        told,
        [
            Event::Spawned { task: child, by: Some(root) },
            Event::Polled { task: child },
            Event::Woken { task: child, by: Some(root) },
            Event::Polled { task: child },
            Event::Ended { task: child },
        ]
    );
    let waited = candidates.take().into_iter().filter(|ready| ready.task == Some(child));
    let kinds: Vec<_> = waited.map(|ready| ready.waited_for.map(|note| note.kind())).collect();
    assert_eq!(kinds, [None, Some(WaitKind::Promise)]);
}

#[test]
fn a_handle_stops_the_loop_from_another_thread() {
    let event_loop = new_loop();
    let handle = event_loop.handle();
    threads(|scope| {
        scope.spawn(|| handle.stop().unwrap());
        event_loop.run_forever();
    });
    event_loop.close();
    assert!(handle.stop().is_err());
}

#[test]
fn a_loop_can_be_turned_by_hand() {
    let event_loop = new_loop();
    let log = Log::new();
    for number in 0..3 {
        let log = log.clone();
        drop(event_loop.create_task(async move {
            turns(number).await;
            log.push(number);
        }));
    }
    assert!(event_loop.try_turn());
    assert_eq!(log.take(), [0]);
    assert!(event_loop.try_turn());
    assert_eq!(log.take(), [1]);
    assert!(!event_loop.try_turn());
    assert_eq!(log.take(), [2]);
    let called = log.clone();
    let task = event_loop.handle().create_task(|| async { 5 }).unwrap();
    drop(event_loop.call_soon(move || called.push(3)));
    assert!(event_loop.try_turn(), "what came from a thread is ready for the next turn");
    assert_eq!(log.take(), [3]);
    while event_loop.try_turn() {}
    assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), 5);
}
