//! S-33: the future of a run may borrow: nothing of it outlives the run, however the run ends.

use crate::support::{new_loop, turns};
use asyncio_core::park::{Park, ThreadPark, Unpark};
use asyncio_executor::EventLoop;
use asyncio_executor::policy::{Candidates, Policy};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

/// Runs the newest once, and panics then.
#[derive(Debug)]
struct PanicsAtTheSecondPick(bool);

impl Policy for PanicsAtTheSecondPick {
    fn pick(&mut self, candidates: &Candidates<'_>) -> Option<usize> {
        assert!(!std::mem::replace(&mut self.0, true), "a policy that panics");
        Some(candidates.len() - 1)
    }
}

/// Writes into what it borrows when it is dropped.
struct Borrower<'a>(&'a Cell<&'static str>);

impl Drop for Borrower<'_> {
    fn drop(&mut self) {
        self.0.set("dropped in the scope");
    }
}

/// Runs a future that borrows, which unwinds, and notes what has become of its output by then.
fn run_that_unwinds<P: Park>(event_loop: &EventLoop<P>, seen: &Cell<&'static str>) {
    let place = Cell::new("alive");
    let run = || event_loop.run_until_complete(async { Borrower(&place) }).map(drop);
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err(), "the run unwinds");
    seen.set(place.get());
}

/// Does so when it is dropped: as part of an outcome, while that outcome's drop is going on.
struct RunsWhenDropped<P: Park>(Rc<EventLoop<P>>, Rc<Cell<&'static str>>);

impl<P: Park> Drop for RunsWhenDropped<P> {
    fn drop(&mut self) {
        run_that_unwinds(&self.0, &self.1);
    }
}

#[test]
fn the_output_of_a_run_that_unwinds_is_dropped_within_its_scope() {
    let seen = Cell::new("nothing");
    let event_loop = new_loop();
    drop(event_loop.create_task(turns(3)));
    event_loop.set_policy(Some(Box::new(PanicsAtTheSecondPick(false))));
    run_that_unwinds(&event_loop, &seen);
    assert_eq!(seen.get(), "dropped in the scope");
}

/// A chain of outcomes is dropped one after the other by whoever began; a scoped one cannot wait for that.
#[test]
fn it_is_so_while_another_outcome_is_being_dropped() {
    let seen = Rc::new(Cell::new("nothing"));
    let event_loop = Rc::new(new_loop());
    let bomb = RunsWhenDropped(Rc::clone(&event_loop), Rc::clone(&seen));
    let task = event_loop.create_task(async move { bomb });
    event_loop.run_until_complete(turns(2)).unwrap();
    drop(event_loop.create_task(turns(3)));
    event_loop.set_policy(Some(Box::new(PanicsAtTheSecondPick(false))));
    drop(task);
    assert_eq!(seen.get(), "dropped in the scope");
    event_loop.set_policy(None);
    event_loop.run_until_complete(turns(1)).unwrap();
}

/// A park that panics.
#[derive(Default)]
struct BadPark(ThreadPark);

impl Park for BadPark {
    type Entered = ();

    fn enter(&self) {}

    fn poll_driver(&self) {}

    fn park(&self) -> ControlFlow<()> {
        panic!("a park that panics")
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        self.0.unparker()
    }
}

#[test]
fn a_future_is_dropped_within_its_scope_when_the_park_panics() {
    let place = Cell::new("alive");
    let event_loop = EventLoop::new(BadPark::default());
    let run = || {
        event_loop.run_until_complete(async {
            let _borrower = Borrower(&place);
            std::future::pending::<()>().await;
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    assert_eq!(place.get(), "dropped in the scope");
}
