//! Wakers that come back to the loop while they are woken, cloned or dropped.

use crate::world::{MS, World, at, panic_of, poll_with};
use asyncio_reactor::{Park, Readiness, Sleep, Source, sleep, sleep_until};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

thread_local! {
    static SLEEPS: RefCell<Vec<Sleep>> = const { RefCell::new(Vec::new()) };
    static SOURCES: RefCell<Vec<Source>> = const { RefCell::new(Vec::new()) };
}

/// Makes and drops timers and sources on the current loop.
fn meddle() {
    let mut made = sleep(MS);
    assert!(poll_with(&mut made, Waker::noop()).is_pending());
    let former = SLEEPS.with_borrow_mut(|sleeps| {
        sleeps.push(made);
        (sleeps.len() > 1).then(|| sleeps.remove(0))
    });
    drop(former);
    drop(SOURCES.with_borrow_mut(Vec::pop));
    drop(Source::new());
}

#[derive(Default)]
struct Meddler(AtomicUsize);

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        meddle();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        meddle();
    }
}

#[test]
fn a_waker_may_make_and_drop_timers_and_sources_while_it_is_woken() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let meddler = Arc::new(Meddler::default());
    let waker = Waker::from(Arc::clone(&meddler));
    let mut sleeps: Vec<_> = (0..10).map(|n| sleep_until(at(n))).collect();
    sleeps.iter_mut().for_each(|sleep| assert!(poll_with(sleep, &waker).is_pending()));
    let source = Source::new();
    source.clear_readable();
    assert!(source.poll_readable(&mut Context::from_waker(&waker)).is_pending());
    let readable = Readiness {
        key: source.key(),
        readable: true,
        writable: false,
        closed: false,
        ..Readiness::default()
    };
    // Dropped by its own waker, or by that of a timer.
    SOURCES.set(vec![source]);
    world.script.borrow_mut().push_back((at(20), readable));
    while meddler.0.load(Ordering::SeqCst) < 10 {
        assert!(world.reactor.park().is_continue());
    }
    SLEEPS.take();
    assert_eq!((world.reactor.timer_count(), world.reactor.source_count()), (0, 0));
}

#[test]
fn a_source_dropped_by_its_own_waker_is_gone() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let waker = Waker::from(Arc::new(Meddler::default()));
    let source = Source::new();
    source.clear_readable();
    assert!(source.poll_readable(&mut Context::from_waker(&waker)).is_pending());
    let event = Readiness {
        key: source.key(),
        readable: true,
        writable: true,
        closed: true,
        ..Readiness::default()
    };
    SOURCES.set(vec![source]);
    world.script.borrow_mut().extend([(at(1), event), (at(1), event), (at(2), event)]);
    assert!(world.reactor.park().is_continue());
    assert_eq!(world.reactor.source_count(), 0);
    // The last event names a source that is no more.
    let next = Source::new();
    next.clear_readable();
    assert_ne!(next.key(), event.key);
    assert!(world.reactor.park().is_continue());
    assert!(next.poll_readable(&mut Context::from_waker(Waker::noop())).is_pending());
    SLEEPS.take();
}

#[test]
fn the_last_waker_may_meddle_when_it_is_dropped() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let mut cancelled = sleep(MS);
    assert!(poll_with(&mut cancelled, &Waker::from(Arc::new(Meddler::default()))).is_pending());
    drop(cancelled);
    let mut replaced = sleep(MS);
    assert!(poll_with(&mut replaced, &Waker::from(Arc::new(Meddler::default()))).is_pending());
    assert!(poll_with(&mut replaced, Waker::noop()).is_pending());
    let source = Source::new();
    source.clear_writable();
    let waker = Waker::from(Arc::new(Meddler::default()));
    let Poll::Pending = source.poll_writable(&mut Context::from_waker(&waker)) else {
        panic!("it is not writable");
    };
    drop(waker);
    drop(source);
    SLEEPS.take();
    assert_eq!(world.reactor.timer_count(), 1);
}

#[test]
fn closing_runs_the_drops_of_wakers_outside_of_its_borrows() {
    let world = World::new();
    let _entered = world.reactor.enter();
    struct Counts(Arc<AtomicUsize>);
    impl Wake for Counts {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            // The loop is closed by now, and that is all there is to know.
            assert_eq!(asyncio_reactor::try_now(), None);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let mut sleeps: Vec<_> = (0..100).map(|_| sleep(MS)).collect();
    for sleep in &mut sleeps {
        let waker = Waker::from(Arc::new(Counts(Arc::clone(&drops))));
        assert!(poll_with(sleep, &waker).is_pending());
    }
    world.reactor.close();
    assert_eq!(drops.load(Ordering::SeqCst), 100);
}

/// A waker each clone of which enters a loop of its own when it is dropped.
#[expect(
    unsafe_code,
    reason = "a waker of `Arc` runs nothing when one of several clones is dropped"
)]
fn enters_when_dropped() -> Waker {
    const TABLE: RawWakerVTable = RawWakerVTable::new(clone, enter, nothing, enter);
    const fn clone(_: *const ()) -> RawWaker {
        RawWaker::new(std::ptr::null(), &TABLE)
    }
    fn enter(_: *const ()) {
        World::new().reactor.block_on(async {});
    }
    fn nothing(_: *const ()) {}
    // SAFETY: there is no data behind the pointer, so all of the table's functions may be called always.
    unsafe { Waker::new(std::ptr::null(), &TABLE) }
}

#[test]
fn a_waker_that_is_refused_may_enter_another_loop_while_it_is_dropped() {
    let waker = enters_when_dropped();
    let (here, there) = (World::new(), World::new());
    let mut elsewhere = {
        let _entered = there.reactor.enter();
        sleep(MS)
    };
    let mut nowhere = {
        let _entered = there.reactor.enter();
        sleep(MS)
    };
    let source = {
        let _entered = there.reactor.enter();
        Source::new()
    };
    {
        let _entered = here.reactor.enter();
        let message = panic_of(|| poll_with(&mut elsewhere, &waker));
        assert!(message.contains("attached to a different loop"), "{message}");
        panic_of(|| source.poll_readable(&mut Context::from_waker(&waker)));
    }
    let message = panic_of(|| poll_with(&mut nowhere, &waker));
    assert!(message.contains("no running event loop"), "{message}");
}
