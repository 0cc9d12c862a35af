//! Wakers that panic when they are cloned, woken or dropped.

use crate::world::{MS, WakeCount, World, at, panic_of, poll_with};
use asyncio_core::exception;
use asyncio_reactor::{Park, Readiness, Source, sleep, sleep_until};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

struct PanicsWhenWoken;

impl Wake for PanicsWhenWoken {
    fn wake(self: Arc<Self>) {
        panic!("woken");
    }
}

struct PanicsWhenDropped;

impl Wake for PanicsWhenDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// Collects the reports made while `f` runs.
fn reports_of(f: impl FnOnce()) -> Vec<String> {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let sink = Rc::clone(&reports);
    let _entered = exception::enter(Some(Rc::new(move |context| {
        sink.borrow_mut().push(context.panic.clone());
    })));
    f();
    reports.take()
}

#[test]
fn one_that_panics_when_woken_is_reported_and_the_others_are_woken() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let (count, counting) = WakeCount::new();
    let panicking = Waker::from(Arc::new(PanicsWhenWoken));
    let mut sleeps: Vec<_> = (0..6).map(|_| sleep(MS)).collect();
    for (n, sleep) in sleeps.iter_mut().enumerate() {
        let waker = if n % 2 == 0 { &panicking } else { &counting };
        assert!(poll_with(sleep, waker).is_pending());
    }
    let reports = reports_of(|| assert!(world.reactor.park().is_continue()));
    assert_eq!((reports.len(), count.get(), world.reactor.timer_count()), (3, 3, 0));
    assert_eq!(reports[0], "woken");
}

#[test]
fn one_that_panics_when_an_event_wakes_it_is_reported() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let source = Source::new();
    source.clear_readable();
    let waker = Waker::from(Arc::new(PanicsWhenWoken));
    assert!(source.poll_readable(&mut Context::from_waker(&waker)).is_pending());
    let event = Readiness {
        key: source.key(),
        readable: true,
        writable: false,
        closed: false,
        ..Readiness::default()
    };
    world.script.borrow_mut().push_back((at(5), event));
    assert_eq!(reports_of(|| assert!(world.reactor.park().is_continue())), ["woken"]);
    assert!(source.poll_readable(&mut Context::from_waker(Waker::noop())).is_ready());
}

#[test]
fn one_that_panics_when_dropped_is_reported_wherever_we_drop_it() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let register = || {
        let mut sleep = sleep(MS);
        let waker = Waker::from(Arc::new(PanicsWhenDropped));
        assert!(poll_with(&mut sleep, &waker).is_pending());
        sleep
    };
    let cancelled = register();
    assert_eq!(reports_of(|| drop(cancelled)), ["dropped"]);
    let mut replaced = register();
    let replacing = || assert!(poll_with(&mut replaced, Waker::noop()).is_pending());
    assert_eq!(reports_of(replacing), ["dropped"]);
    assert_eq!(world.reactor.timer_count(), 1);
    let _closed = register();
    assert_eq!(reports_of(|| world.reactor.close()), ["dropped"]);
}

#[test]
fn one_that_panics_when_cloned_panics_in_the_poll_and_leaves_nothing_behind() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let waker = hostile::waker();
    let mut sleep = sleep_until(at(5));
    assert_eq!(panic_of(|| poll_with(&mut sleep, &waker)), "cloned");
    assert_eq!(world.reactor.timer_count(), 0);
    let source = Source::new();
    source.clear_readable();
    let poll = || source.poll_readable(&mut Context::from_waker(&waker));
    assert_eq!(panic_of(poll), "cloned");
    // The reactor works on, and so does the very sleep.
    world.reactor.block_on(sleep);
    assert_eq!(world.reactor.now(), at(5));
}

#[expect(unsafe_code, reason = "only a hand-made waker can panic while it is cloned")]
mod hostile {
    use std::task::{RawWaker, RawWakerVTable, Waker};

    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("cloned"), |_| {}, |_| {}, |_| {});

    pub(crate) fn waker() -> Waker {
        let raw = RawWaker::new(std::ptr::null(), &VTABLE);
        // SAFETY: the functions of the table touch no data.
        unsafe { Waker::from_raw(raw) }
    }
}
