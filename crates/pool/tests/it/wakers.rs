//! Wakers and values that come back to the pool while they are cloned, woken or dropped: no lock is held
//! then, and nothing is missed.
//!
//! What comes back here ends its pool. That looks at each job behind the door, so it would wait for ever
//! for a lock that its caller holds.

use crate::support::{Drops, Probe, Stepwise, block_on, poll_once};
use asyncio_core::exception::{self, ExceptionContext};
use asyncio_pool::simulation::Submit;
use asyncio_pool::{Shutdown, ThreadJob, ThreadPoolExecutor, simulation};
use std::cell::Cell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

/// Ends its pool when it is dropped, and is dropped by its wake.
struct Ends {
    pool: ThreadPoolExecutor,
    _probe: Probe,
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.pool.shutdown(Shutdown::Now);
    }
}

impl Wake for Ends {
    fn wake(self: Arc<Self>) {}
}

/// A pool behind the door.
struct World {
    pool: ThreadPoolExecutor,
    simulation: Rc<Stepwise>,
    ends: Drops,
    _entered: asyncio_core::ambient::Entered<Rc<dyn Submit>>,
}

impl World {
    fn new() -> Self {
        let simulation = Rc::new(Stepwise::default());
        let entered = simulation::enter(Rc::<Stepwise>::clone(&simulation));
        let (pool, ends) = (ThreadPoolExecutor::new(1), Drops::default());
        Self { pool, simulation, ends, _entered: entered }
    }

    fn ends(&self) -> Ends {
        Ends { pool: self.pool.clone(), _probe: self.ends.probe() }
    }

    /// Polls once with a waker that ends the pool; only the job has it then.
    fn poll<R>(&self, job: &mut ThreadJob<R>) {
        let waker = Waker::from(Arc::new(self.ends()));
        assert!(poll_with(job, &waker).is_pending());
        drop(waker);
        assert_eq!(self.ends.count(), 0);
    }
}

fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

#[test]
fn the_awaiter_is_woken_without_the_lock() {
    let world = World::new();
    let mut job = world.pool.submit(|()| "ran", ());
    world.poll(&mut job);
    world.simulation.step();
    assert_eq!(world.ends.count(), 1);
    assert_eq!(block_on(job).unwrap(), "ran");
}

#[test]
fn a_waker_that_is_replaced_is_dropped_without_the_lock() {
    let world = World::new();
    let mut job = world.pool.submit(|()| (), ());
    world.poll(&mut job);
    assert!(poll_once(&mut job).is_pending());
    assert_eq!(world.ends.count(), 1);
    assert!(block_on(job).unwrap_err().is_shut_down());
}

#[test]
fn a_future_that_goes_drops_its_waker_without_the_lock() {
    let world = World::new();
    let mut job = world.pool.submit(|()| (), ());
    world.poll(&mut job);
    drop(job);
    assert_eq!(world.ends.count(), 1, "here and not when the simulation gets to the job");
}

#[test]
fn a_future_that_goes_drops_its_call_without_the_lock() {
    let world = World::new();
    drop(world.pool.submit(drop, world.ends()));
    assert_eq!(world.ends.count(), 1);
}

#[test]
fn a_result_that_nobody_waits_for_is_dropped_without_the_lock() {
    let world = World::new();
    let future = Arc::new(Mutex::new(None::<ThreadJob<Ends>>));
    let own = Arc::clone(&future);
    let job = world.pool.submit(
        move |ends| {
            // Its own future goes while it runs.
            let job = own.lock().unwrap().take();
            drop(job);
            ends
        },
        world.ends(),
    );
    *future.lock().unwrap() = Some(job);
    world.simulation.step();
    assert_eq!(world.ends.count(), 1);
}

/// Drops what it holds when it is woken.
struct DropsWhenWoken<T>(Mutex<Option<T>>);

impl<T: Send + 'static> Wake for DropsWhenWoken<T> {
    fn wake(self: Arc<Self>) {
        let held = self.0.lock().expect("nobody panics under it").take();
        drop(held);
    }
}

#[test]
fn a_future_that_its_own_wake_drops_takes_its_result_along() {
    let reports = Rc::new(Cell::new(0));
    let counter = Rc::clone(&reports);
    let _entered = exception::enter(Some(Rc::new(move |_: &ExceptionContext| {
        counter.set(counter.get() + 1);
    })));
    let (world, results) = (World::new(), Drops::default());
    for panics in [false, true] {
        let call = move |results: Drops| {
            assert!(!panics, "on purpose");
            results.probe()
        };
        let mut job = world.pool.submit(call, results.clone());
        let dropper = Arc::new(DropsWhenWoken(Mutex::new(None)));
        assert!(poll_with(&mut job, &Waker::from(Arc::clone(&dropper))).is_pending());
        *dropper.0.lock().unwrap() = Some(job);
        world.simulation.step();
        assert!(dropper.0.lock().unwrap().is_none());
    }
    assert_eq!((results.count(), reports.get()), (1, 1), "a result, and a panic that is not lost");
}

type Hook = Box<dyn FnOnce() -> Waker>;

thread_local! {
    /// What the next clone of the hooked waker does and gives.
    static HOOK: Cell<Option<Hook>> = const { Cell::new(None) };
    static CLONES: Cell<usize> = const { Cell::new(0) };
}

/// A waker that runs the hook of this thread when it is cloned.
fn hooked() -> Waker {
    fn clone(_: *const ()) -> RawWaker {
        CLONES.set(CLONES.get() + 1);
        let Some(hook) = HOOK.take() else { return RawWaker::new(std::ptr::null(), &VTABLE) };
        let waker = ManuallyDrop::new(hook());
        RawWaker::new(waker.data(), waker.vtable())
    }
    static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, |_| (), |_| (), |_| ());
    #[expect(unsafe_code, reason = "only a raw waker can do something in its clone")]
    // SAFETY: the functions do nothing with the pointer, and a clone is one of their own or owns what the
    // hook gave.
    unsafe {
        Waker::from_raw(RawWaker::new(std::ptr::null(), &VTABLE))
    }
}

#[test]
fn a_job_that_ends_while_its_waker_is_cloned_is_ready_at_once() {
    let world = World::new();
    let mut job = world.pool.submit(|()| "ran", ());
    let (simulation, ends) = (Rc::clone(&world.simulation), world.ends());
    HOOK.set(Some(Box::new(move || {
        simulation.step();
        Waker::from(Arc::new(ends))
    })));
    let Poll::Ready(result) = poll_with(&mut job, &hooked()) else {
        panic!("nobody would wake it")
    };
    assert_eq!(result.unwrap(), "ran");
    assert_eq!(world.ends.count(), 1, "the clone is dropped, without the lock");
}

#[test]
fn the_waker_that_a_job_has_is_not_cloned_again() {
    let world = World::new();
    let mut job = world.pool.submit(|()| (), ());
    let waker = hooked();
    for _ in 0..3 {
        assert!(poll_with(&mut job, &waker).is_pending());
    }
    assert_eq!(CLONES.get(), 1);
}
