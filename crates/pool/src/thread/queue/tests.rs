//! Who is roused, who waits and who leaves, without a thread.

use super::*;
use crate::thread::job::{ThreadJob, job};
use std::thread;

/// The caller keeps the future, or the job would count as taken back.
fn push(queue: &mut Queue) -> (Rouse, ThreadJob<()>) {
    let (job, future) = job::<(), _, _, _>(|()| (), ());
    (queue.push(job).unwrap_or_else(|_| panic!("the queue is open")), future)
}

fn works(queue: &mut Queue, seat: SeatId) -> bool {
    matches!(queue.next(seat, Duration::from_secs(10), &thread::current()), Next::Run(..))
}

#[test]
fn a_worker_roused_for_nothing_does_not_become_the_hottest() {
    let mut queue = Queue::new(2);
    let (Rouse::New(one), _first) = push(&mut queue) else { panic!("a first worker") };
    assert!(works(&mut queue, one));
    let (Rouse::New(two), _second) = push(&mut queue) else { panic!("a second worker") };
    assert!(works(&mut queue, two));
    assert!(!works(&mut queue, one) && !works(&mut queue, two));
    assert_eq!(queue.idle, [one.index, two.index]);

    // The hottest takes both jobs before the other, whom it has roused, comes.
    let _jobs = (push(&mut queue), push(&mut queue));
    assert!(works(&mut queue, two) && works(&mut queue, two));
    assert!(!works(&mut queue, two) && !works(&mut queue, one));
    assert_eq!(queue.idle, [one.index, two.index]);
}

#[test]
fn a_pool_that_was_refused_one_more_thread_asks_again_after_a_while() {
    let mut queue = Queue::new(2);
    let (Rouse::New(one), _first) = push(&mut queue) else { panic!("a first worker") };
    assert!(works(&mut queue, one));
    let (Rouse::New(two), _second) = push(&mut queue) else { panic!("room for a second") };
    let (orphans, rouse) = queue.not_started(two);
    assert!(orphans.is_empty() && matches!(rouse, Rouse::Nobody), "the first will do it");
    let mut jobs = Vec::new();
    let two = loop {
        let (rouse, job) = push(&mut queue);
        jobs.push(job);
        match rouse {
            Rouse::New(seat) => break seat,
            Rouse::Nobody => assert!(jobs.len() < 1000, "it never asks again"),
            Rouse::Idle(_) => panic!("nobody is idle"),
        }
    };
    assert!(jobs.len() > 100, "it asks all the time");
    assert!(works(&mut queue, two));
}
