//! Wakers whose clone, wake and drop use the very semaphore that holds them: nothing may be locked then.

use crate::support::{WakeCount, look, poll};
use asyncio_sync::Semaphore;
use std::cell::Cell;
use std::rc::Rc;
use std::task::{RawWaker, RawWakerVTable, Waker};

type Hook = Rc<dyn Fn(Event)>;

thread_local! {
    /// What the meddling waker calls whenever it is used.
    static HOOK: Cell<Option<Hook>> = const { Cell::new(None) };
    static EVENTS: Cell<[usize; 3]> = const { Cell::new([0; 3]) };
}

#[derive(Clone, Copy)]
enum Event {
    Clone,
    Wake,
    Drop,
}

fn meddle(event: Event) {
    let mut events = EVENTS.get();
    events[event as usize] += 1;
    EVENTS.set(events);
    // Taken out while it runs, so that it does not call itself.
    if let Some(hook) = HOOK.take() {
        hook(event);
        HOOK.set(Some(hook));
    }
}

/// A waker that calls the hook of this thread from its clone, wake and drop.
fn meddling() -> Waker {
    fn clone(_: *const ()) -> RawWaker {
        meddle(Event::Clone);
        RawWaker::new(std::ptr::null(), &VTABLE)
    }
    static VTABLE: RawWakerVTable = RawWakerVTable::new(
        clone,
        |_| meddle(Event::Wake),
        |_| meddle(Event::Wake),
        |_| meddle(Event::Drop),
    );
    #[expect(unsafe_code, reason = "only a raw waker can do something in its clone")]
    // SAFETY: the functions do nothing with the pointer.
    unsafe {
        Waker::from_raw(RawWaker::new(std::ptr::null(), &VTABLE))
    }
}

/// Takes and gives back, looks, and lets somebody begin to wait and go.
fn use_everything(semaphore: &Semaphore) {
    drop(semaphore.try_acquire());
    semaphore.release(0);
    assert!(format!("{semaphore:?}").starts_with("Semaphore"));
    drop(look(&mut semaphore.acquire_many(2)));
}

#[test]
fn clones_wakes_and_drops_may_use_the_semaphore() {
    let semaphore = Rc::new(Semaphore::new(1));
    let used = Rc::clone(&semaphore);
    HOOK.set(Some(Rc::new(move |_| use_everything(&used))));
    let waker = meddling();
    let held = semaphore.try_acquire().unwrap();
    let (mut first, mut second, mut third) =
        (semaphore.acquire(), semaphore.acquire(), semaphore.acquire());
    for wait in [&mut first, &mut second, &mut third] {
        assert!(poll(wait, &waker).is_pending());
    }
    assert_eq!(EVENTS.get(), [3, 0, 0]);
    assert!(poll(&mut third, Waker::noop()).is_pending());
    assert_eq!(EVENTS.get(), [3, 0, 1], "the former waker is dropped");
    drop(held);
    assert_eq!(EVENTS.get(), [3, 1, 1]);
    drop(first);
    assert_eq!(EVENTS.get(), [3, 2, 1], "the permit is handed on");
    drop(look(&mut second));
    assert!(look(&mut third).is_ready());
    let held = semaphore.try_acquire().unwrap();
    let mut fourth = semaphore.acquire();
    assert!(poll(&mut fourth, &waker).is_pending());
    drop(fourth);
    assert_eq!(EVENTS.get(), [4, 2, 2], "one that goes drops its waker");
    let mut fifth = semaphore.acquire();
    assert!(poll(&mut fifth, &waker).is_pending());
    semaphore.close();
    assert_eq!(EVENTS.get(), [5, 3, 2]);
    drop((held, fifth));
    assert_eq!(semaphore.available_permits(), 1);
    HOOK.set(None);
}

#[test]
fn a_permit_that_comes_while_the_waker_is_cloned_is_taken() {
    let semaphore = Rc::new(Semaphore::new(0));
    let (giver, once) = (Rc::clone(&semaphore), Cell::new(true));
    HOOK.set(Some(Rc::new(move |_| giver.release(usize::from(once.replace(false))))));
    let waker = meddling();
    assert!(poll(&mut semaphore.acquire(), &waker).is_ready(), "nobody would wake it");
    assert_eq!(EVENTS.get(), [1, 0, 1], "the clone is dropped");

    // The same for one that waits already and comes with another waker.
    let mut waiting = semaphore.acquire_many(2);
    assert!(look(&mut waiting).is_pending());
    let giver = Rc::clone(&semaphore);
    HOOK.set(Some(Rc::new(move |_| giver.release(1))));
    assert!(poll(&mut waiting, &waker).is_ready());
    HOOK.set(None);
}

#[test]
fn the_waker_that_a_waiter_has_is_not_cloned_again() {
    let semaphore = Semaphore::new(0);
    let waker = meddling();
    let mut waiting = semaphore.acquire();
    for _ in 0..3 {
        assert!(poll(&mut waiting, &waker).is_pending());
    }
    assert_eq!(EVENTS.get(), [1, 0, 0]);
}

#[test]
fn a_free_permit_costs_no_clone() {
    let semaphore = Semaphore::new(1);
    assert!(poll(&mut semaphore.acquire(), &meddling()).is_ready());
    assert_eq!(EVENTS.get()[0], 0);
}

#[test]
fn one_that_is_woken_may_take_and_give_back_inside_of_the_wake() {
    let semaphore = Rc::new(Semaphore::new(0));
    let (count, waker) = WakeCount::new();
    let (mut first, mut second) = (semaphore.acquire(), semaphore.acquire());
    assert!(poll(&mut first, &meddling()).is_pending());
    assert!(poll(&mut second, &waker).is_pending());
    let user = Rc::clone(&semaphore);
    HOOK.set(Some(Rc::new(move |event| {
        if matches!(event, Event::Wake) {
            user.release(1);
        }
    })));
    semaphore.release(1);
    assert_eq!(count.get(), 1);
    HOOK.set(None);
}
