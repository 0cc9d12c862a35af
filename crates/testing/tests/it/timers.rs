//! Sleeps and timeouts under virtual time, each law by itself.

use crate::program::{config, durations};
use asyncio_core::{Instant, gather, promise, yield_now};
use asyncio_executor::create_task;
use asyncio_reactor::{Sleep, now, sleep, sleep_until, timeout};
use asyncio_testing::Simulation;
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

fn simulate<T>(program: impl AsyncFnOnce() -> T) -> T {
    Simulation::new(0).run(program).unwrap()
}

/// Polls once, in this task.
async fn is_over(sleep: &mut Pin<Box<Sleep>>) -> bool {
    poll_fn(|cx| Poll::Ready(sleep.as_mut().poll(cx).is_ready())).await
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn prop_s15_sleeps_end_exactly_at_their_deadlines_in_the_order_of_deadline_and_creation(
        lengths in prop::collection::vec(durations(), 1..60),
    ) {
        let lengths: Vec<_> = lengths.into_iter().filter(|length| !length.is_zero()).collect();
        let never = lengths.iter().filter(|length| **length == Duration::MAX).count();
        let (mut expected, count) = ((0..lengths.len()).collect::<Vec<_>>(), lengths.len());
        expected.sort_by_key(|index| lengths[*index]);
        expected.truncate(count - never);
        let ended = simulate(async move || {
            let ended = Rc::new(RefCell::new(Vec::new()));
            for (index, length) in lengths.into_iter().enumerate() {
                let (ended, sleeping) = (Rc::clone(&ended), sleep(length));
                drop(create_task(async move {
                    sleeping.await;
                    assert_eq!(now(), Instant::ZERO + length, "S-14");
                    ended.borrow_mut().push(index);
                }));
            }
            let until = Instant::FAR_FUTURE - Duration::from_nanos(1);
            sleep_until(until).await;
            ended.take()
        });
        prop_assert_eq!(ended, expected);
    }

    /// A sleep that is set anew, over and over, ends at its last deadline and at no other.
    #[test]
    fn prop_s19_reset_and_dropped_sleeps_never_end_at_a_former_deadline(
        script in prop::collection::vec((0..6_usize, 0..20_u64, 0..4_u64), 1..80),
    ) {
        simulate(async move || {
            let mut sleeps: Vec<Pin<Box<Sleep>>> = Vec::new();
            sleeps.resize_with(6, || Box::pin(sleep_until(Instant::FAR_FUTURE)));
            let mut deadlines = [Instant::FAR_FUTURE; 6];
            for (which, ahead, pause) in script {
                let deadline = now() + Duration::from_nanos(ahead + 1);
                if ahead % 2 == 0 {
                    sleeps[which] = Box::pin(sleep_until(deadline));
                } else {
                    sleeps[which].as_mut().reset(deadline);
                }
                deadlines[which] = deadline;
                assert!(!is_over(&mut sleeps[which]).await, "it has just been set");
                sleep(Duration::from_nanos(pause)).await;
                for (sleep, deadline) in sleeps.iter_mut().zip(&deadlines) {
                    assert_eq!(is_over(sleep).await, *deadline <= now(), "set to {deadline}");
                }
            }
        });
    }

    /// S-16 for all small lengths: the value wins a tie.
    #[test]
    fn prop_s16_timeout_is_the_earlier_end_and_the_value_wins_a_tie(
        limit in durations(),
        length in durations(),
    ) {
        prop_assume!(limit != Duration::MAX || length != Duration::MAX);
        simulate(async move || {
            let result = timeout(limit, sleep(length)).await;
            assert_eq!(result.is_ok(), length <= limit);
            assert_eq!(now(), Instant::ZERO + limit.min(length));
        });
    }
}

#[test]
fn future_is_dropped_before_the_timeout_tells_that_time_is_up() {
    simulate(async || {
        let dropped = Rc::new(Cell::new(false));
        struct Flag(Rc<Cell<bool>>);
        impl Drop for Flag {
            fn drop(&mut self) {
                self.0.set(true);
            }
        }
        let flag = Flag(Rc::clone(&dropped));
        let slow = async move {
            let _flag = flag;
            pending::<()>().await;
        };
        let mut limited = std::pin::pin!(timeout(MS, slow));
        poll_fn(|cx| {
            let polled = limited.as_mut().poll(cx);
            assert_eq!(polled.is_ready(), dropped.get());
            polled
        })
        .await
        .unwrap_err();
    });
}

#[test]
fn sleep_of_no_length_gives_way_exactly_once() {
    simulate(async || {
        let turns = Rc::new(Cell::new(0));
        let counter = Rc::clone(&turns);
        drop(create_task(async move {
            loop {
                counter.set(counter.get() + 1);
                yield_now().await;
            }
        }));
        for expected in 1..5 {
            sleep(Duration::ZERO).await;
            assert_eq!(turns.get(), expected);
        }
        assert_eq!(now(), Instant::ZERO);
    });
}

#[test]
fn busy_task_holds_virtual_time_still() {
    simulate(async || {
        let timer = create_task(sleep(Duration::from_nanos(1)));
        for _ in 0..10_000 {
            yield_now().await;
        }
        assert_eq!(now(), Instant::ZERO);
        assert!(!timer.is_finished());
        timer.await.unwrap();
        assert_eq!(now(), Instant::from_nanos(1));
    });
}

#[test]
fn sleeps_that_were_dropped_do_not_move_the_clock() {
    simulate(async || {
        for length in 1..100 {
            let (done, resolver) = promise::<()>();
            resolver.resolve(()).unwrap();
            timeout(MS * length, done).await.unwrap().unwrap();
        }
        let (first, second) = gather((sleep(MS), timeout(MS * 2, pending::<()>()))).await;
        assert!(second.is_err());
        let () = first;
        assert_eq!(now(), Instant::ZERO + MS * 2);
    });
}
