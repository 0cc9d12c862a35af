//! S-26 to S-28 and S-61: results in argument order, errors in completion order, and what is left is dropped.

use crate::support::{WakeCount, panic_message, poll};
use asyncio_core::{budget, gather, promise, try_gather, yield_now};
use futures::executor::block_on;
use futures::future::FutureExt;
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// Gives its number after so many polls, and counts its drop.
fn countdown(polls: usize, number: usize, drops: &Rc<Cell<usize>>) -> impl Future<Output = usize> {
    struct Counted(Rc<Cell<usize>>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let counted = Counted(Rc::clone(drops));
    async move {
        let _counted = counted;
        for _ in 0..polls {
            yield_now().await;
        }
        number
    }
}

proptest! {
    /// For an iterator.
    #[test]
    fn prop_s26_results_are_in_argument_order(polls in prop::collection::vec(0..6_usize, 0..80)) {
        let drops = Rc::new(Cell::new(0));
        let futures: Vec<_> =
            polls.iter().enumerate().map(|(number, polls)| countdown(*polls, number, &drops)).collect();
        prop_assert_eq!(block_on(gather(futures)), (0..polls.len()).collect::<Vec<_>>());
        prop_assert_eq!(drops.get(), polls.len());
    }

    /// For a tuple.
    #[test]
    fn prop_s28_first_error_is_the_first_to_end_and_then_the_first_to_stand(
        a in 0..4_usize, b in 0..4_usize, c in 0..4_usize, fails: [bool; 3],
    ) {
        let drops = Rc::new(Cell::new(0));
        let polls = [a, b, c];
        let [a, b, c] = [0, 1, 2].map(|number| {
            let (counting, fails) = (countdown(polls[number], number, &drops), fails[number]);
            async move {
                let number = counting.await;
                if fails { Err(number) } else { Ok(number) }
            }
        });
        let first = (0..3).filter(|number| fails[*number]).min_by_key(|number| polls[*number]);
        let result = block_on(try_gather((a, b, c)));
        prop_assert_eq!(result, first.map_or(Ok((0, 1, 2)), Err));
        prop_assert_eq!(drops.get(), 3, "the others are dropped");
    }
}

#[test]
fn first_error_of_an_iterator_drops_the_others() {
    let drops = Rc::new(Cell::new(0));
    let futures: Vec<_> = (0..50)
        .map(|number| {
            let counting = countdown(if number == 20 { 1 } else { 100 }, number, &drops);
            async move { if counting.await == 20 { Err("the twentieth") } else { Ok(number) } }
        })
        .collect();
    assert_eq!(block_on(try_gather(futures)), Err("the twentieth"));
    assert_eq!(drops.get(), 50);
}

#[test]
fn thousand_futures_wait_side_by_side_and_only_the_woken_are_polled() {
    let polls = Rc::new(Cell::new(0));
    let (waiting, resolvers): (Vec<_>, Vec<_>) = (0..1_000).map(|_| promise()).unzip();
    let counted: Vec<_> = waiting
        .into_iter()
        .map(|mut promise| {
            let polls = Rc::clone(&polls);
            poll_fn(move |cx| {
                polls.set(polls.get() + 1);
                Pin::new(&mut promise).poll(cx)
            })
        })
        .collect();
    let mut all = gather(counted);
    let (wakes, waker) = WakeCount::new();
    assert!(poll(&mut all, &waker).is_pending());
    assert_eq!(polls.get(), 1_000);
    for (number, resolver) in resolvers.into_iter().enumerate().rev() {
        resolver.resolve(number).unwrap();
        assert!(wakes.get() > 0);
        match poll(&mut all, &waker) {
            Poll::Pending => assert_ne!(number, 0),
            Poll::Ready(results) => {
                assert!(results.into_iter().map(Result::unwrap).eq(0..1_000));
            }
        }
    }
    assert_eq!(polls.get(), 2_000, "each once more, and no other");
}

#[test]
fn panic_of_one_is_the_panic_of_all_and_drops_the_others() {
    for as_tuple in [true, false] {
        let drops = Rc::new(Cell::new(0));
        let fail = async |drops: Rc<Cell<usize>>| {
            let _counted = countdown(0, 0, &drops).await;
            std::panic::resume_unwind(Box::new("one of them"))
        };
        let (slow, failing) = (countdown(5, 1, &drops), fail(Rc::clone(&drops)));
        let message = panic_message(|| {
            if as_tuple {
                let ((), _): ((), usize) = block_on(gather((failing, slow)));
            } else {
                let both: Vec<Pin<Box<dyn Future<Output = ()>>>> =
                    vec![Box::pin(async move { assert_eq!(slow.await, 1) }), Box::pin(failing)];
                drop(block_on(gather(both)));
            }
        });
        assert_eq!(message, "one of them");
        assert_eq!(drops.get(), 2);
    }
}

#[test]
fn tuples_are_polled_in_order_and_finished_ones_never_again() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let part = |number: usize, polls: usize| {
        let (log, mut left) = (Rc::clone(&log), polls);
        poll_fn(move |cx| {
            log.borrow_mut().push(number);
            assert!(left > 0, "polled after its end");
            left -= 1;
            cx.waker().wake_by_ref();
            if left == 0 { Poll::Ready(number) } else { Poll::Pending }
        })
    };
    assert_eq!(block_on(gather((part(0, 2), part(1, 1), part(2, 3)))), (0, 1, 2));
    assert_eq!(log.take(), [0, 1, 2, 0, 2, 2]);
}

#[test]
fn futures_may_borrow_and_differ_in_type() {
    let text = String::from("borrowed");
    let all = gather((ready(1), async { text.len() }, async { &text[..3] }));
    assert_eq!(block_on(all), (1, 8, "bor"));
    assert_eq!(block_on(gather(Vec::<std::future::Ready<()>>::new())), []);
    assert_eq!(block_on(try_gather((ready(Ok::<_, ()>(1)),))), Ok((1,)));
}

#[test]
fn dropped_gather_drops_its_futures_and_the_results_that_are_there() {
    let drops = Rc::new(Cell::new(0));
    let held = Rc::new(());
    let result = Rc::clone(&held);
    let mut all =
        Box::pin(gather((async move { result }, countdown(9, 1, &drops), pending::<()>())));
    let (_, waker) = WakeCount::new();
    assert!(poll(&mut all, &waker).is_pending());
    assert_eq!(Rc::strong_count(&held), 2);
    drop(all);
    assert_eq!((Rc::strong_count(&held), drops.get()), (1, 1));
}

/// Takes steps until it is refused, as often as it is polled; counts them.
fn greedy(steps: &Cell<u32>, enough: u32) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        while steps.get() < enough {
            std::task::ready!(budget::poll_spend(cx, budget::STEP));
            steps.set(steps.get() + 1);
        }
        Poll::Ready(())
    })
}

#[test]
fn a_branch_that_is_always_ready_leaves_the_others_their_share() {
    let _entered = budget::enter();
    let (first, second, third) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let counts = || (first.get(), second.get(), third.get());
    let mut all = Box::pin(gather((
        greedy(&first, u32::MAX),
        gather((greedy(&second, 1), greedy(&third, u32::MAX))),
    )));
    // A refusal may have been for want of three, which are taken off the next.
    let half = budget::PER_POLL / 2;
    let nearly_half = half - 4..=half;
    budget::begin_poll();
    assert!(poll(&mut all, Waker::noop()).is_pending());
    let (a, b, c) = counts();
    assert!(a == half && b == 1 && nearly_half.contains(&(c + 1)), "{:?}", counts());
    budget::begin_poll();
    assert!(poll(&mut all, Waker::noop()).is_pending());
    let (a, b, later) = counts();
    assert!(a == 2 * half && b == 1 && nearly_half.contains(&(later - c)), "{:?}", counts());

    let (greedy_first, greedy_second) = (greedy(&first, u32::MAX), greedy(&second, u32::MAX));
    let mut tried =
        Box::pin(try_gather((greedy_first.map(Ok::<_, ()>), greedy_second.map(Ok::<_, ()>))));
    let before = counts();
    budget::begin_poll();
    assert!(poll(&mut tried, Waker::noop()).is_pending());
    assert_eq!(first.get() - before.0, half);
    assert!(nearly_half.contains(&(second.get() - before.1)));
}

#[test]
fn futures_of_an_iterator_have_their_shares_however_many_they_are() {
    let _entered = budget::enter();
    for (count, fallible) in
        [(2, false), (30, false), (31, false), (100, false), (2, true), (100, true)]
    {
        let steps: Vec<_> = (0..count).map(|_| Cell::new(0)).collect();
        let greedy = steps.iter().map(|steps| greedy(steps, u32::MAX));
        let mut all: Pin<Box<dyn Future<Output = ()>>> = match fallible {
            false => Box::pin(gather(greedy).map(drop)),
            true => Box::pin(try_gather(greedy.map(|greedy| greedy.map(Ok::<_, ()>))).map(drop)),
        };
        // Those that are polled in turn, two in a poll, take most of the budget when it is theirs.
        for _ in 0..4 * count {
            budget::begin_poll();
            let before: u32 = steps.iter().map(Cell::get).sum();
            assert!(poll(&mut all, Waker::noop()).is_pending());
            let spent = steps.iter().map(Cell::get).sum::<u32>() - before;
            assert!(spent <= budget::PER_POLL, "{spent} steps in a poll of {count}");
        }
        assert!(steps.iter().all(|steps| steps.get() > 0), "all of {count} get on: {steps:?}");
    }
}

#[test]
fn shares_that_are_overspent_are_paid_for() {
    let _entered = budget::enter();
    let operations = Cell::new(0);
    let busy = || {
        poll_fn(|cx| -> Poll<()> {
            loop {
                std::task::ready!(budget::poll_spend(cx, budget::IO));
                operations.set(operations.get() + 1);
            }
        })
    };
    let mut all = Box::pin(gather((
        busy(),
        busy(),
        busy(),
        busy(),
        busy(),
        busy(),
        busy(),
        busy(),
        busy(),
        busy(),
        busy(),
        busy(),
    )));
    budget::begin_poll();
    assert!(poll(&mut all, Waker::noop()).is_pending());
    let done = operations.get();
    assert!((20..=budget::PER_POLL / budget::IO).contains(&done), "{done} operations in one poll");
}

#[test]
fn a_future_that_cannot_be_held_back_asks_before() {
    let _entered = budget::enter();
    budget::begin_poll();
    let (count, waker) = WakeCount::new();
    let mut cx = std::task::Context::from_waker(&waker);
    for _ in 0..budget::PER_POLL {
        assert!(budget::poll_left(&mut cx).is_ready());
        assert!(budget::poll_left(&mut cx).is_ready(), "asking costs nothing");
        assert!(budget::spend(budget::STEP));
    }
    assert_eq!(count.get(), 0);
    assert!(budget::poll_left(&mut cx).is_pending());
    assert_eq!(count.get(), 1);
}

/// How many `make`s are done in one poll of a task that awaits one after the other without end.
fn done_in_a_poll<F: Future>(make: impl Fn() -> F) -> u32 {
    let _entered = budget::enter();
    budget::begin_poll();
    let done = Cell::new(0);
    let mut task = Box::pin(async {
        while done.get() < 10_000 {
            make().await;
            done.set(done.get() + 1);
        }
    });
    let (count, waker) = WakeCount::new();
    assert!(poll(&mut task, &waker).is_pending(), "it gives way");
    assert_ne!(count.get(), 0, "it is polled again");
    done.get()
}

#[test]
fn futures_that_never_wait_and_are_not_ours_give_way_in_a_gather() {
    let good = || ready(Ok::<_, ()>(1));
    let limit = budget::PER_POLL;
    assert_eq!(done_in_a_poll(|| gather((ready(1), ready("two")))), limit);
    assert_eq!(done_in_a_poll(|| try_gather((good(), good()))), limit);
    assert_eq!(done_in_a_poll(|| try_gather((good(), ready(Err::<u8, _>(()))))), limit);
    assert_eq!(done_in_a_poll(|| gather((0..10).map(ready))), limit / 10);
    assert_eq!(done_in_a_poll(|| gather((0..40).map(ready))), limit / 40);
    assert_eq!(done_in_a_poll(|| gather((0..1_000).map(ready))), 0);
    assert_eq!(done_in_a_poll(|| try_gather((0..40).map(|_| good()))), limit / 40);
}

#[test]
fn a_future_of_ours_costs_no_more_for_being_gathered() {
    let resolved = |number| {
        let (value, resolver) = promise();
        resolver.resolve(number).unwrap();
        value
    };
    assert_eq!(done_in_a_poll(|| gather((resolved(1), resolved(2)))), budget::PER_POLL / 2);
    assert_eq!(done_in_a_poll(|| gather((0..4).map(resolved))), budget::PER_POLL / 4);
    assert_eq!(done_in_a_poll(|| gather((0..32).map(resolved))), budget::PER_POLL / 32);
}

#[test]
fn a_thousand_that_never_wait_take_some_polls_and_keep_their_order() {
    let _entered = budget::enter();
    let mut all = gather((0..1_000).map(ready));
    for _ in 0..1_000 / budget::PER_POLL {
        budget::begin_poll();
        assert!(poll(&mut all, Waker::noop()).is_pending());
    }
    budget::begin_poll();
    assert_eq!(poll(&mut all, Waker::noop()), Poll::Ready((0..1_000).collect()));
}
