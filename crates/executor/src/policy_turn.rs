//! A turn whose order a [`Policy`] chooses.

use crate::batch::Batch;
use crate::cell::{CellPtr, Owner, lifecycle};
use crate::policy::{Candidate, Candidates, Event, Events, Policy};
use asyncio_core::TaskId;
use std::ops::ControlFlow;

/// Runs what was ready when the turn began, in the order of the policy. `Break`: it halts the loop.
///
/// What has not run by then, or when the policy panics, stays ready, before what came later.
pub(crate) fn run(owner: &Owner, after_each: impl Fn()) -> ControlFlow<()> {
    observe_new(owner, None);
    owner.events.borrow_mut().told = 0;
    let ready = std::iter::from_fn(|| owner.ready.pop_front());
    let mut turn = Turn { owner, batch: Batch::new(ready) };
    while turn.batch.len() > 0 {
        let Some(index) = choose(owner, &turn.batch) else { return ControlFlow::Break(()) };
        let Some(cell) = turn.batch.remove(index.min(turn.batch.len() - 1)) else { break };
        let task = cell.task_id();
        observe(owner, task.map(|task| Event::Polled { task }));
        let ended = lifecycle::run(owner, cell);
        observe_new(owner, task);
        observe(owner, task.filter(|_| ended).map(|task| Event::Ended { task }));
        after_each();
        observe_new(owner, None);
    }
    ControlFlow::Continue(())
}

/// Keeps an event for the policy, if it wants to be told.
fn observe(owner: &Owner, event: Option<Event>) {
    let mut events = owner.events.borrow_mut();
    if events.is_wanted {
        events.list.extend(event);
    }
}

/// Keeps what has become ready since the last look, by the doing of this task or of nobody.
fn observe_new(owner: &Owner, by: Option<TaskId>) {
    let mut events = owner.events.borrow_mut();
    if !events.is_wanted {
        return;
    }
    let Events { list, told, next_id, .. } = &mut *events;
    for cell in owner.ready.since(*told) {
        *told += 1;
        let event = |task| match *next_id {
            Some(first) if task >= first => Event::Spawned { task, by },
            _ => Event::Woken { task, by },
        };
        list.extend(cell.task_id().map(event));
    }
    *next_id = Some(owner.next_id());
}

/// Asks the policy, which is taken out meanwhile so that it may use the loop.
fn choose(owner: &Owner, batch: &Batch<CellPtr>) -> Option<usize> {
    let mut lent = Lent { owner, policy: owner.policy.take() };
    // Somebody has taken the policy away during this turn: the rest runs in order.
    let Some(policy) = &mut lent.policy else { return Some(0) };
    let events = std::mem::take(&mut owner.events.borrow_mut().list);
    if !events.is_empty() {
        policy.observe(&events);
    }
    policy.pick(&Candidates::new(batch.len(), &|index| batch.get(index).map(candidate)))
}

fn candidate(cell: CellPtr) -> Candidate {
    Candidate { task: cell.task_id(), spawned_at: cell.spawned_at(), waited_for: cell.wait_note() }
}

/// A policy taken out of its loop; it goes back even if it panics, unless another one is there by then.
struct Lent<'a> {
    owner: &'a Owner,
    policy: Option<Box<dyn Policy>>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let policy = self.policy.take();
        let mut place = self.owner.policy.borrow_mut();
        if place.is_none() && self.owner.has_policy.get() {
            *place = policy;
        } else {
            drop(place);
            drop(policy);
        }
    }
}

/// A turn that is going on; what it has not run goes back to the head of the queue.
struct Turn<'a> {
    owner: &'a Owner,
    batch: Batch<CellPtr>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.batch.len() == 0 {
            return;
        }
        let ready = &self.owner.ready;
        let later: Vec<_> = std::iter::from_fn(|| ready.pop_front()).collect();
        let rest = std::mem::replace(&mut self.batch, Batch::new(std::iter::empty()));
        self.owner.events.borrow_mut().told += rest.len();
        rest.into_rest().chain(later).for_each(|cell| ready.push_back(cell));
    }
}
