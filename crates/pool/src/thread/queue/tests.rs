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

/// A queue whose workers have all had a job and sat down, the coldest first.
fn all_idle(max_workers: usize) -> (Queue, Vec<SeatId>) {
    let mut queue = Queue::new(max_workers);
    let mut seats = Vec::new();
    for _ in 0..max_workers {
        let (Rouse::New(seat), _job) = push(&mut queue) else { panic!("one more worker") };
        assert!(works(&mut queue, seat));
        seats.push(seat);
    }
    for &seat in &seats {
        assert!(!works(&mut queue, seat));
    }
    (queue, seats)
}

fn thread() -> JoinHandle<()> {
    thread::Builder::new().spawn(|| ()).expect("the system has a thread for us")
}

#[test]
fn a_burst_rouses_one_and_who_comes_rouses_the_next() {
    let (mut queue, seats) = all_idle(3);
    let (Rouse::Idle(_), _first) = push(&mut queue) else { panic!("the hottest") };
    for _ in 0..2 {
        let (Rouse::Nobody, job) = push(&mut queue) else { panic!("one is on its way") };
        // Taken back, it is no reason to rouse anybody but who is coming.
        drop(job);
    }
    let (Rouse::Nobody, _last) = push(&mut queue) else { panic!("one is on its way") };
    let next = queue.next(seats[2], Duration::MAX, &thread::current());
    assert!(matches!(next, Next::Run(_, Rouse::Idle(_))), "there is more than one can do");
    assert_eq!(queue.idle, [seats[0].index]);
    let next = queue.next(seats[1], Duration::MAX, &thread::current());
    assert!(matches!(next, Next::Run(_, Rouse::Nobody)), "nothing is left");
}

#[test]
fn only_the_coldest_of_several_waits_with_a_timer_and_hands_the_watch_on() {
    let me = thread::current();
    let (mut queue, seats) = all_idle(3);
    let mut look = |seat: usize, keep_alive| queue.next(seats[seat], keep_alive, &me);
    assert!(matches!(look(0, Duration::from_secs(10)), Next::Wait(Some(_))), "it is not over");
    assert!(matches!(look(1, Duration::ZERO), Next::Wait(None)));
    assert!(matches!(look(2, Duration::ZERO), Next::Wait(None)));
    assert!(matches!(look(0, Duration::ZERO), Next::Leave(Some(_))));
    assert!(matches!(look(1, Duration::ZERO), Next::Leave(None)), "one alone keeps no watch");
    assert!(matches!(look(2, Duration::ZERO), Next::Wait(None)), "the last one stays");
    assert_eq!((queue.alive(), queue.idle()), (1, 1));
}

#[test]
fn a_pool_that_was_refused_its_first_thread_asks_again_at_the_next_job() {
    let mut queue = Queue::new(2);
    for _ in 0..3 {
        let (Rouse::New(seat), _job) = push(&mut queue) else { panic!("a first worker") };
        let (orphans, rouse) = queue.not_started(seat);
        assert!(orphans.len() == 1 && matches!(rouse, Rouse::Nobody));
    }
}

#[test]
fn a_pool_that_was_refused_one_more_thread_asks_again_after_a_while() {
    let mut queue = Queue::new(2);
    let (Rouse::New(one), _first) = push(&mut queue) else { panic!("a first worker") };
    assert!(works(&mut queue, one));
    let (Rouse::New(two), _second) = push(&mut queue) else { panic!("room for a second") };
    let (orphans, rouse) = queue.not_started(two);
    assert!(orphans.is_empty() && matches!(rouse, Rouse::Nobody), "the first will do it");
    queue.growth_pause = Duration::MAX;
    let waiting: Vec<_> = (0..1000).map(|_| push(&mut queue)).collect();
    assert!(waiting.iter().all(|(rouse, _)| matches!(rouse, Rouse::Nobody)), "it is too early");
    // However few jobs came meanwhile, the time decides.
    queue.growth_pause = Duration::ZERO;
    let (Rouse::New(two), _next) = push(&mut queue) else { panic!("it never asks again") };
    assert!(works(&mut queue, two));
}

#[test]
fn a_starter_that_comes_late_does_not_mistake_a_later_worker_for_its_own() {
    let (mut queue, seats) = all_idle(2);
    let me = thread::current();
    assert!(matches!(queue.next(seats[0], Duration::ZERO, &me), Next::Leave(_)));
    let _jobs = (push(&mut queue), push(&mut queue));
    let next = queue.next(seats[1], Duration::MAX, &me);
    let Next::Run(_, Rouse::New(later)) = next else { panic!("one more worker") };
    assert_eq!(later.index, seats[0].index, "the seat is used again");
    let (late, own) = (thread(), thread());
    let id = own.thread().id();
    queue.started(later, own);
    queue.started(seats[0], late);
    assert!(works(&mut queue, later));
    assert!(queue.take_ended().is_empty(), "one that ends by itself is let go");
    let roused = queue.close(Refusal::ShutDown);
    assert!(roused.is_empty(), "both work");
    assert!(matches!(queue.next(later, Duration::MAX, &me), Next::Leave(None)));
    let ended: Vec<_> = queue.take_ended().iter().map(|ended| ended.thread().id()).collect();
    assert_eq!(ended, [id]);
}

#[test]
fn the_thread_of_a_worker_that_left_a_closed_pool_before_its_starter_came_is_kept() {
    let mut queue = Queue::new(1);
    let (Rouse::New(seat), _job) = push(&mut queue) else { panic!("a first worker") };
    assert!(works(&mut queue, seat));
    assert!(queue.close(Refusal::ShutDown).is_empty());
    let next = queue.next(seat, Duration::MAX, &thread::current());
    assert!(matches!(next, Next::Leave(None)));
    queue.started(seat, thread());
    assert_eq!(queue.take_ended().len(), 1);
}

#[test]
fn the_first_reason_to_refuse_jobs_stays() {
    let mut queue = Queue::new(1);
    let (Rouse::New(seat), _job) = push(&mut queue) else { panic!("a first worker") };
    let (orphans, roused) = queue.fail(seat, Refusal::Broken("no model".into()));
    assert_eq!((orphans.len(), roused.len(), queue.alive()), (1, 0, 0));
    assert!(queue.close(Refusal::ShutDown).is_empty());
    assert!(matches!(queue.refusal(), Some(Refusal::Broken(_))));
}

#[test]
fn jobs_that_are_wanted_outlive_the_sweep_of_those_taken_back() {
    let mut queue = Queue::new(1);
    let mut jobs = Vec::new();
    for n in 0..4 * SWEEP_FLOOR {
        let (_, job) = push(&mut queue);
        if n % 4 == 0 {
            jobs.push(job);
        }
    }
    assert!(queue.waiting() < 4 * SWEEP_FLOOR, "it was swept");
    let wanted = std::iter::from_fn(|| queue.pop()).count();
    assert_eq!(wanted, jobs.len());
}

#[test]
fn a_queue_that_is_full_of_wanted_jobs_is_not_swept_at_each_push() {
    let mut queue = Queue::new(1);
    let jobs: Vec<_> = (0..=SWEEP_FLOOR).map(|_| push(&mut queue)).collect();
    drop(push(&mut queue));
    let _last = push(&mut queue);
    assert_eq!(queue.waiting(), jobs.len() + 2, "the one that was taken back is there still");
}
