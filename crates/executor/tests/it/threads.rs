//! S-7, other threads: posts, remote tasks, foreign wakes, and a stress of everything at once.

use crate::support::{
    Drops, Log, Probe, WakeCount, is_long, new_loop, own_waker, threads, turns, until, watched_loop,
};
use asyncio_core::yield_now;
use asyncio_executor::{Handle, Task, create_task};
use futures::executor::block_on;
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

/// Runs threads beside a loop that runs until they have all ended.
fn beside<R: Send>(count: usize, body: impl Fn(usize, Handle) -> R + Sync) -> Vec<R> {
    let event_loop = new_loop();
    let (mut ended, resolver) = asyncio_core::promise();
    let left = AtomicUsize::new(count);
    let last = parking_lot::Mutex::new(Some(resolver));
    thread::scope(|scope| {
        let (body, left, last) = (&body, &left, &last);
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let handle = event_loop.handle();
                scope.spawn(move || {
                    let result = body(number, handle);
                    if left.fetch_sub(1, Ordering::SeqCst) == 1 {
                        last.lock().take().unwrap().resolve(()).unwrap();
                    }
                    result
                })
            })
            .collect();
        event_loop.run_until_complete(&mut ended).unwrap().unwrap();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

thread_local! {
    static ARRIVED: RefCell<Vec<(usize, usize)>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn posts_of_each_thread_arrive_once_and_in_their_order() {
    const EACH: usize = 2_000;
    let event_loop = new_loop();
    threads(|scope| {
        for thread in 0..8 {
            let handle = event_loop.handle();
            scope.spawn(move || {
                for number in 0..EACH {
                    let post = move || ARRIVED.with_borrow_mut(|log| log.push((thread, number)));
                    handle.call_soon(post).unwrap();
                }
            });
        }
        event_loop
            .run_until_complete(until(|| ARRIVED.with_borrow(|log| log.len() == 8 * EACH)))
            .unwrap();
    });
    let arrived = ARRIVED.take();
    for thread in 0..8 {
        let mine = arrived.iter().filter(|entry| entry.0 == thread).map(|entry| entry.1);
        assert!(mine.eq(0..EACH), "thread {thread}");
    }
}

/// The loop sleeps in between: each post must wake it, and nothing else does.
#[test]
fn hundred_thousand_foreign_wakes_are_all_heard() {
    let total = if is_long() { 1_000_000 } else { 100_000 };
    let (event_loop, remains) = watched_loop();
    let (to_waker, wakers) = mpsc::channel::<(Waker, Arc<AtomicUsize>)>();
    threads(|scope| {
        scope.spawn(move || {
            for (waker, permits) in wakers {
                permits.fetch_add(1, Ordering::Relaxed);
                waker.wake();
            }
        });
        let polls = event_loop
            .run_until_complete(async move {
                let (permits, mut taken, mut polls) = (Arc::new(AtomicUsize::new(0)), 0, 0_usize);
                poll_fn(|cx| {
                    polls += 1;
                    // What was written before the wake must be seen by the poll that it brings.
                    if permits.load(Ordering::Relaxed) >= taken {
                        taken += 1;
                        if taken > total {
                            return Poll::Ready(());
                        }
                        to_waker.send((cx.waker().clone(), Arc::clone(&permits))).unwrap();
                    }
                    Poll::Pending
                })
                .await;
                polls
            })
            .unwrap();
        assert_eq!(polls, total + 1, "each wake is one poll");
    });
    drop(event_loop);
    remains.assert_none();
}

#[test]
fn tasks_are_created_from_eight_threads_and_need_not_be_send() {
    let sums = beside(8, |thread, handle| {
        let tasks: Vec<_> = (0..200)
            .map(|number| {
                let make = move || {
                    let local = Rc::new(Cell::new(thread));
                    async move {
                        yield_now().await;
                        local.set(local.get() * 1_000 + number);
                        local.get()
                    }
                };
                handle.create_task(make).unwrap()
            })
            .collect();
        tasks.into_iter().map(|task| task.wait().unwrap()).sum::<usize>()
    });
    let expected =
        |thread: usize| (0..200_usize).map(|number| thread * 1_000 + number).sum::<usize>();
    assert_eq!(sums, (0..8).map(expected).collect::<Vec<_>>());
}

#[test]
fn remote_task_is_awaited_by_another_executor() {
    let got = beside(2, |number, handle| {
        block_on(handle.create_task(move || async move { number + 1 }).unwrap()).unwrap()
    });
    assert_eq!(got, [1, 2]);
}

#[test]
fn remote_task_is_cancelled_before_it_arrives_and_while_it_waits() {
    let (event_loop, remains) = watched_loop();
    let handle = event_loop.handle();
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    let never = handle
        .create_task(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            pending::<()>()
        })
        .unwrap();
    never.cancel();
    let (started, start) = mpsc::channel();
    let waiting = handle
        .create_task(move || {
            started.send(()).unwrap();
            pending::<()>()
        })
        .unwrap();
    let (ended, resolver) = asyncio_core::promise();
    threads(|scope| {
        scope.spawn(move || {
            assert!(never.wait().unwrap_err().is_cancelled());
            start.recv().unwrap();
            waiting.cancel();
            waiting.cancel();
            assert!(waiting.wait().unwrap_err().is_cancelled());
            resolver.resolve(()).unwrap();
        });
        event_loop.run_until_complete(ended).unwrap().unwrap();
    });
    assert_eq!(ran.load(Ordering::SeqCst), 0);
    drop((event_loop, handle));
    remains.assert_none();
}

#[test]
fn remote_panic_reaches_whoever_waits() {
    let messages = beside(1, |_, handle| {
        let in_task = handle.create_task(|| async { panic!("in the task") }).unwrap();
        let in_make =
            handle.create_task(|| -> std::future::Ready<()> { panic!("in make") }).unwrap();
        [in_task.wait().unwrap_err().to_string(), in_make.wait().unwrap_err().to_string()]
    });
    assert_eq!(messages[0], ["task panicked: in the task", "task panicked: in make"]);
}

#[test]
fn remote_panic_nobody_waits_for_is_reported() {
    let event_loop = new_loop();
    let (log, handler) = crate::support::reports();
    event_loop.set_exception_handler(handler);
    let handle = event_loop.handle();
    drop(handle.create_task(|| async { panic!("unseen") }).unwrap());
    let line = line!() - 1;
    event_loop.run_until_complete(turns(6)).unwrap();
    let reported = log.take();
    assert_eq!(reported.len(), 1);
    assert_eq!(reported[0].panic, "unseen");
    assert_eq!(reported[0].task_name.as_deref(), Some("Task-2"));
    assert_eq!(reported[0].spawned_at.unwrap().line(), line);
}

#[test]
fn remote_task_of_a_loop_that_closes_says_so() {
    let event_loop = new_loop();
    let handle = event_loop.handle();
    let drops = Drops::default();
    let remote = handle.create_task(pending::<()>).unwrap();
    let probe = drops.probe();
    let local = event_loop.create_task(async move {
        let _probe = probe;
        pending::<()>().await;
    });
    event_loop.run_until_complete(turns(3)).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(move || remote.wait().unwrap_err().is_loop_closed());
        event_loop.close();
        assert!(waiting.join().unwrap());
    });
    drop(local);
    drops.assert_all_dropped_on_their_thread();
}

#[test]
fn dropped_remote_task_runs_on() {
    let event_loop = new_loop();
    let handle = event_loop.handle();
    let (arrived, resolver) = asyncio_core::promise();
    let make = move || async move {
        turns(3).await;
        resolver.resolve(11).unwrap();
    };
    drop(handle.create_task(make).unwrap());
    assert_eq!(event_loop.run_until_complete(arrived), Ok(Ok(11)));
}

#[test]
fn outcome_goes_owner_when_its_handle_is_dropped_remote() {
    let (event_loop, remains) = watched_loop();
    let drops = Drops::default();
    for polled_before in [false, true] {
        let probe = drops.probe();
        let task = event_loop.create_task(async move {
            turns(1).await;
            probe
        });
        if polled_before {
            event_loop.run_until_complete(turns(3)).unwrap();
        }
        threads(|scope| {
            scope.spawn(move || drop(task));
        });
        event_loop.run_until_complete(turns(3)).unwrap();
        drops.assert_all_dropped_on_their_thread();
    }
    drop(event_loop);
    remains.assert_none();
}

/// The loop waits, so the bell is all that can make it take the handle back.
#[test]
fn handle_dropped_remotely_wakes_a_loop_that_waits() {
    let event_loop = new_loop();
    let (dropped, resolver) = asyncio_core::promise();
    let task = event_loop.create_task(async move {
        // Resolved in the drop of the outcome.
        crate::support::OnDrop::new(move || resolver.resolve(()).unwrap())
    });
    event_loop.run_until_complete(turns(2)).unwrap();
    threads(|scope| {
        scope.spawn(move || drop(task));
        event_loop.run_until_complete(dropped).unwrap().unwrap();
    });
}

#[test]
fn waker_of_another_executor_is_woken_once_at_the_end() {
    let event_loop = new_loop();
    let count = WakeCount::new();
    let waker = Waker::from(Arc::clone(&count));
    event_loop
        .run_until_complete(async {
            let mut task = create_task(turns(3));
            for _ in 0..5 {
                let mut cx = Context::from_waker(&waker);
                assert!(Pin::new(&mut task).poll(&mut cx).is_pending());
            }
            turns(6).await;
            assert_eq!(count.get(), 1);
            task.await.unwrap();
        })
        .unwrap();
}

enum Thrown {
    Waker(Waker, Arc<AtomicUsize>),
    Handle(Task<Probe>),
}

/// A small generator, so that a failure comes again.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 33) as usize
}

/// Catches wakers and handles, and treats them in all the ways there are.
fn catcher(receive: mpsc::Receiver<Thrown>, mut seed: u64) {
    let mut kept = Vec::new();
    for thrown in receive {
        match thrown {
            Thrown::Handle(task) => drop(task),
            Thrown::Waker(waker, permits) => {
                if next(&mut seed).is_multiple_of(3) {
                    kept.push(waker.clone());
                }
                permits.fetch_add(1, Ordering::Relaxed);
                match next(&mut seed) % 3 {
                    0 => waker.wake(),
                    1 => waker.wake_by_ref(),
                    _ => waker.clone().wake(),
                }
                if kept.len() > 32 {
                    for (index, waker) in kept.drain(..16).enumerate() {
                        if index % 2 == 0 { waker.wake() } else { drop(waker) }
                    }
                }
            }
        }
    }
}

/// A task that needs some permits, each brought by a wake from some thread.
async fn needy(
    needed: usize,
    threads: Vec<mpsc::Sender<Thrown>>,
    mut seed: u64,
    probe: Probe,
) -> Probe {
    let (permits, mut asked) = (Arc::new(AtomicUsize::new(0)), 0);
    poll_fn(|cx| {
        let got = permits.load(Ordering::Relaxed);
        if got >= needed {
            return Poll::Ready(());
        }
        if asked == got {
            asked += 1;
            let thread = &threads[next(&mut seed) % threads.len()];
            thread.send(Thrown::Waker(cx.waker().clone(), Arc::clone(&permits))).unwrap();
        }
        Poll::Pending
    })
    .await;
    probe
}

fn stress(workers: usize, tasks: usize, rounds: usize) {
    let drops = Drops::default();
    let (event_loop, remains) = watched_loop();
    let mut seed = 0x9e37_79b9_7f4a_7c15 + workers as u64;
    threads(|scope| {
        let senders: Vec<_> = (0..workers)
            .map(|number| {
                let (send, receive) = mpsc::channel();
                scope.spawn(move || catcher(receive, number as u64 * 77 + 1));
                send
            })
            .collect();
        let mut left = Vec::new();
        for _ in 0..rounds {
            let spawned = event_loop.run_until_complete(async {
                let mut kept = Vec::new();
                for _ in 0..tasks {
                    let needed = next(&mut seed) % 4;
                    let probe = drops.probe();
                    let task = create_task(needy(needed, senders.clone(), seed | 1, probe));
                    match next(&mut seed) % 8 {
                        0 => drop(task),
                        1 => senders[next(&mut seed) % workers].send(Thrown::Handle(task)).unwrap(),
                        2 => {
                            task.cancel();
                            kept.push(task);
                        }
                        3 => left.push(task),
                        _ => kept.push(task),
                    }
                }
                for task in kept {
                    drop(task.await);
                }
            });
            spawned.unwrap();
            left.truncate(tasks);
        }
        // Threads still hold wakers and handles while the loop goes.
        for (index, task) in left.drain(..).enumerate() {
            senders[index % workers].send(Thrown::Handle(task)).unwrap();
        }
        let late = event_loop.create_task(needy(usize::MAX, senders.clone(), 5, drops.probe()));
        event_loop.run_until_complete(turns(1)).unwrap();
        drop(event_loop);
        senders[0].send(Thrown::Handle(late)).unwrap();
    });
    drops.assert_all_dropped_on_their_thread();
    remains.assert_none();
}

#[test]
fn stress_with_one_thread() {
    stress(1, 50, if is_long() { 500 } else { 20 });
}

#[test]
fn stress_with_two_threads_and_many_tasks() {
    stress(2, 500, if is_long() { 200 } else { 6 });
}

#[test]
fn stress_with_eight_threads() {
    stress(8, 200, if is_long() { 300 } else { 10 });
}

#[test]
fn stress_with_eight_threads_and_few_tasks() {
    stress(8, 4, if is_long() { 5_000 } else { 200 });
}

/// Two loops on two threads keep waking each other's tasks.
#[test]
fn two_loops_play_ping_pong_by_promises() {
    const ROUNDS: usize = 2_000;
    let (to_b, at_b) = mpsc::channel::<asyncio_core::Resolver<usize>>();
    threads(|scope| {
        let (handle_sender, handles) = mpsc::channel();
        scope.spawn(move || {
            let event_loop = new_loop();
            handle_sender.send(event_loop.handle()).unwrap();
            event_loop
                .run_until_complete(async {
                    for number in 0..ROUNDS {
                        until(|| true).await;
                        at_b.recv().unwrap().resolve(number).unwrap();
                    }
                })
                .unwrap();
        });
        let other = handles.recv().unwrap();
        let event_loop = new_loop();
        let log = Log::new();
        event_loop
            .run_until_complete(async {
                for _ in 0..ROUNDS {
                    let (promise, resolver) = asyncio_core::promise();
                    to_b.send(resolver).unwrap();
                    log.push(promise.await.unwrap());
                }
            })
            .unwrap();
        assert!(log.take().into_iter().eq(0..ROUNDS));
        drop((other, block_on(async { own_waker().await })));
    });
}
