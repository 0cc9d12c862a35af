//! Random programs on a queue, against a queue that is plainly right: answers, wakes and counts.

use crate::support::{WakeCount, poll};
use asyncio_sync::{Acquire, Closed, Permit, Semaphore, Wait, WaitQueue};
use proptest::collection::vec;
use proptest::prelude::*;
use std::task::Poll;

const WAITERS: usize = 8;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Polls a waiter, which begins anew with so many permits if it had ended.
    Poll(usize, usize),
    /// The same with another waker.
    PollElsewhere(usize, usize),
    Cancel(usize),
    TryTake(usize),
    /// Adds permits; of a semaphore, drops one of those that are held.
    Release(usize),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (0..WAITERS, 0..4_usize).prop_map(|(who, n)| Step::Poll(who, n)),
        2 => (0..WAITERS, 0..4_usize).prop_map(|(who, n)| Step::PollElsewhere(who, n)),
        5 => (0..WAITERS).prop_map(Step::Cancel),
        2 => (0..4_usize).prop_map(Step::TryTake),
        6 => (0..5_usize).prop_map(Step::Release),
    ]
}

/// Programs in which at most one step closes the queue, late or never.
fn program() -> impl Strategy<Value = Vec<Step>> {
    (vec(step(), 0..120), vec(step(), 0..20), any::<bool>()).prop_map(|(mut steps, more, close)| {
        if close {
            steps.push(Step::Close);
        }
        steps.extend(more);
        steps
    })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    Outside,
    Waits,
    Granted,
    Refused,
}

struct Model {
    keeps: bool,
    closed: bool,
    available: usize,
    line: Vec<(usize, usize)>,
    standing: [Standing; WAITERS],
    wanted: [usize; WAITERS],
    /// How often each was woken, by its first waker and by its second.
    woken: [[usize; 2]; WAITERS],
    waker: [usize; WAITERS],
}

impl Model {
    fn new(permits: usize, keeps: bool) -> Self {
        Self {
            keeps,
            closed: false,
            available: permits,
            line: Vec::new(),
            standing: [Standing::Outside; WAITERS],
            wanted: [0; WAITERS],
            woken: [[0; 2]; WAITERS],
            waker: [0; WAITERS],
        }
    }

    fn try_take(&mut self, wanted: usize) -> Result<bool, Closed> {
        if self.closed {
            return Err(Closed);
        }
        let can = self.line.is_empty() && wanted <= self.available;
        self.available -= if can { wanted } else { 0 };
        Ok(can)
    }

    fn poll(&mut self, who: usize, wanted: usize, waker: usize) -> Poll<Result<(), Closed>> {
        match self.standing[who] {
            Standing::Outside => {
                match self.try_take(wanted) {
                    Ok(true) => return Poll::Ready(Ok(())),
                    Err(closed) => return Poll::Ready(Err(closed)),
                    Ok(false) => {}
                }
                self.line.push((who, wanted));
                (self.standing[who], self.wanted[who]) = (Standing::Waits, wanted);
            }
            Standing::Waits => {}
            Standing::Granted => {
                self.standing[who] = Standing::Outside;
                return Poll::Ready(Ok(()));
            }
            Standing::Refused => {
                self.standing[who] = Standing::Outside;
                return Poll::Ready(Err(Closed));
            }
        }
        self.waker[who] = waker;
        Poll::Pending
    }

    fn answer(&mut self, who: usize, standing: Standing) {
        self.standing[who] = standing;
        self.woken[who][self.waker[who]] += 1;
    }

    fn cancel(&mut self, who: usize) {
        self.line.retain(|(other, _)| *other != who);
        let gives_back = self.standing[who] == Standing::Granted;
        self.standing[who] = Standing::Outside;
        self.release(if gives_back { self.wanted[who] } else { 0 });
    }

    fn release(&mut self, permits: usize) {
        self.available += permits;
        while let Some((who, wanted)) = self.line.first().copied()
            && wanted <= self.available
        {
            self.available -= wanted;
            self.line.remove(0);
            self.answer(who, Standing::Granted);
        }
        if self.line.is_empty() && !self.keeps {
            self.available = 0;
        }
    }

    fn close(&mut self) {
        self.closed = true;
        for (who, _) in std::mem::take(&mut self.line) {
            self.answer(who, Standing::Refused);
        }
        self.release(0);
    }
}

fn run(queue: &WaitQueue, model: &mut Model, steps: &[Step]) -> Result<(), TestCaseError> {
    let wakers: Vec<_> = (0..WAITERS).map(|_| [WakeCount::new(), WakeCount::new()]).collect();
    let mut waits: [Option<Wait<'_>>; WAITERS] = [const { None }; WAITERS];
    for step in steps {
        match *step {
            Step::Poll(who, wanted) | Step::PollElsewhere(who, wanted) => {
                let which = usize::from(matches!(step, Step::PollElsewhere(..)));
                let wait = waits[who].get_or_insert_with(|| queue.wait(wanted));
                let polled = poll(wait, &wakers[who][which].1);
                prop_assert_eq!(polled, model.poll(who, wanted, which));
                if polled.is_ready() {
                    waits[who] = None;
                }
            }
            Step::Cancel(who) => {
                waits[who] = None;
                model.cancel(who);
            }
            Step::TryTake(wanted) => {
                prop_assert_eq!(queue.try_take(wanted), model.try_take(wanted));
            }
            Step::Release(permits) => {
                queue.release(permits);
                model.release(permits);
            }
            Step::Close => {
                queue.close();
                model.close();
            }
        }
        prop_assert_eq!(queue.available(), model.available);
        prop_assert_eq!(queue.waiting(), model.line.len());
        for (own, expected) in wakers.iter().zip(&model.woken) {
            prop_assert_eq!(&own.each_ref().map(|(count, _)| count.get()), expected);
        }
    }
    Ok(())
}

/// What is held and what is free are never more than there are, and all are there at the end.
fn run_semaphore(capacity: usize, steps: &[Step]) -> Result<(), TestCaseError> {
    let semaphore = Semaphore::new(capacity);
    let mut waits: [Option<Acquire<'_>>; WAITERS] = [const { None }; WAITERS];
    let mut held: Vec<(usize, Permit<'_>)> = Vec::new();
    for step in steps {
        match *step {
            Step::Poll(who, wanted) | Step::PollElsewhere(who, wanted) => {
                let wait = waits[who].get_or_insert_with(|| semaphore.acquire_many(wanted));
                if let Poll::Ready(answer) = poll(wait, std::task::Waker::noop()) {
                    held.extend(answer.ok().map(|permit| (permit.count(), permit)));
                    waits[who] = None;
                }
            }
            Step::Cancel(who) => waits[who] = None,
            Step::TryTake(wanted) => {
                held.extend(semaphore.try_acquire_many(wanted).ok().map(|permit| (wanted, permit)));
            }
            Step::Release(which) if which < held.len() => drop(held.swap_remove(which)),
            Step::Release(_) => {}
            Step::Close => semaphore.close(),
        }
        let taken: usize = held.iter().map(|(count, _)| count).sum();
        prop_assert!(taken + semaphore.available_permits() <= capacity);
        let is_quiet = waits.iter().all(Option::is_none);
        prop_assert!(!is_quiet || taken + semaphore.available_permits() == capacity);
    }
    drop((waits, held));
    prop_assert_eq!(semaphore.available_permits(), capacity);
    Ok(())
}

proptest! {
    #[test]
    fn prop_s80_permits_go_to_who_waits_in_order_and_wake_once(permits in 0..4_usize, steps in program()) {
        run(&WaitQueue::new(permits), &mut Model::new(permits, true), &steps)?;
    }

    #[test]
    fn prop_s81_no_permit_is_lost_or_made(permits in 0..5_usize, steps in program()) {
        run_semaphore(permits, &steps)?;
    }

    #[test]
    fn prop_s81_notifications_go_to_who_waits_in_order_or_are_lost(steps in program()) {
        run(&WaitQueue::without_memory(), &mut Model::new(0, false), &steps)?;
    }
}
