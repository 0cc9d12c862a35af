//! A job is submitted, runs once, and its result comes back.

use crate::support::{Held, block_on, hold, poll_once};
use asyncio_core::gather;
use asyncio_core::wait_note::{self, WaitKind};
use asyncio_pool::{Executor, ThreadPoolExecutor};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;

#[test]
fn several_arguments_are_a_tuple_and_none_is_unit() {
    let pool = ThreadPoolExecutor::new(1);
    assert_eq!(block_on(pool.submit(|(a, b): (u8, u8)| a + b, (2, 3))).unwrap(), 5);
    assert_eq!(block_on(pool.submit(|()| "none", ())).unwrap(), "none");
}

#[test]
fn it_is_an_executor_for_code_that_takes_any() {
    fn on<E: Executor<F, A, R>, F: FnOnce(A) -> R, A, R>(executor: &E, f: F, args: A) -> E::Job {
        executor.submit(f, args)
    }
    let captured = String::from("captured");
    let pool = ThreadPoolExecutor::new(1);
    assert_eq!(block_on(on(&pool, move |n| captured.len() + n, 2)).unwrap(), 10);
}

#[test]
fn a_job_runs_though_nobody_polls_it() {
    let (ran, heard) = mpsc::channel();
    let pool = ThreadPoolExecutor::new(1);
    let job = pool.submit(move |n| ran.send(n), 7);
    assert_eq!(heard.recv(), Ok(7));
    drop(job);
}

#[test]
fn jobs_start_in_the_order_of_their_submission() {
    let pool = ThreadPoolExecutor::new(1);
    let first = hold(&pool);
    let (ran, order) = mpsc::channel();
    let jobs: Vec<_> = (0..100)
        .map(|n| pool.submit(|(ran, n): (mpsc::Sender<u32>, _)| ran.send(n), (ran.clone(), n)))
        .collect();
    drop((first.go, ran));
    assert!(order.iter().eq(0..100));
    drop(jobs);
}

#[test]
fn a_thousand_jobs_in_flight_all_come_back() {
    let pool = ThreadPoolExecutor::new(4);
    for _ in 0..20 {
        let results = block_on(gather((0..1000_u64).map(|n| pool.submit(|n| n * n, n))));
        let sum: u64 = results.into_iter().map(Result::unwrap).sum();
        assert_eq!(sum, (0..1000).map(|n| n * n).sum::<u64>());
    }
}

#[test]
fn the_latest_waker_is_the_one_that_is_woken() {
    let pool = ThreadPoolExecutor::new(1);
    let mut held = hold(&pool);
    assert!(poll_once(&mut held.job).is_pending());
    let Held { mut job, go } = held;
    let woken = block_on(async move {
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            let result = Pin::new(&mut job).poll(cx);
            if polls == 1 {
                go.send(()).unwrap();
            }
            result
        })
        .await
    });
    assert_eq!(woken.unwrap(), "held");
}

#[test]
#[should_panic(expected = "job polled after its result was taken")]
fn a_second_result_is_refused_with_a_panic() {
    let pool = ThreadPoolExecutor::new(1);
    let mut job = pool.submit(|()| 1, ());
    drop(block_on(&mut job));
    drop(block_on(&mut job));
}

#[test]
fn a_pending_job_says_that_it_is_a_job_and_where_it_is_awaited() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    let mut task = Box::pin(async move {
        let held = held;
        held.job.await
    });
    wait_note::clear();
    assert!(matches!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    let note = wait_note::take().expect("a note");
    assert_eq!(note.kind(), WaitKind::Job);
    assert!(note.at().file().ends_with("round_trip.rs"), "{note}");
}

#[test]
fn a_job_may_submit_to_its_own_pool() {
    let pool = ThreadPoolExecutor::new(2);
    let inner = pool.clone();
    let outer = pool.submit(move |n| block_on(inner.submit(|n| n + 1, n)).unwrap() + 1, 1);
    assert_eq!(block_on(outer).unwrap(), 3);
}

#[test]
fn a_job_that_leaves_a_park_token_behind_does_not_upset_its_worker() {
    let pool = ThreadPoolExecutor::new(1);
    for n in 0..100 {
        let job = pool.submit(
            |n| {
                thread::current().unpark();
                n
            },
            n,
        );
        assert_eq!(block_on(job).unwrap(), n);
    }
    assert_eq!(pool.workers(), 1);
}

#[test]
fn a_job_names_its_function() {
    let pool = ThreadPoolExecutor::new(1);
    let held = hold(&pool);
    assert!(held.job.name().ends_with("support::held_job"));
    assert_eq!(
        format!("{:?}", held.job),
        format!("ThreadJob {{ name: {:?}, is_finished: false }}", held.job.name())
    );
}
