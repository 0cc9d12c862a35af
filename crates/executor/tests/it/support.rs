//! Probes: who was dropped where and how often, what was reported, and whether a loop left anything.

use asyncio_core::exception::{ExceptionContext, ExceptionHandler};
use asyncio_core::park::{Park, ThreadPark, Unpark};
use asyncio_core::yield_now;
use asyncio_executor::EventLoop;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};
use std::thread::{Scope, ScopedJoinHandle, ThreadId};

pub(crate) type Loop = EventLoop<ThreadPark>;

pub(crate) fn new_loop() -> Loop {
    EventLoop::new(ThreadPark::new())
}

/// Runs a future on a loop of its own.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    new_loop().run_until_complete(future).expect("nobody stops the loop")
}

pub(crate) async fn turns(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}

/// The waker of the task that awaits this.
pub(crate) async fn own_waker() -> Waker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

/// Waits until somebody has set `flag`, spinning through turns.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        yield_now().await;
    }
}

/// Whether there is time for the long variants.
pub(crate) fn is_long() -> bool {
    std::env::var_os("ASYNCIO_LONG").is_some_and(|value| value == "1")
}

/// Threads that are all joined, whose start and end are seen by a race detector.
pub(crate) struct Threads<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    started: RefCell<Vec<ScopedJoinHandle<'scope, ()>>>,
}

impl<'scope> Threads<'scope, '_> {
    pub(crate) fn spawn<T>(&self, f: impl FnOnce() -> T + Send + 'scope) {
        self.started.borrow_mut().push(self.scope.spawn(move || drop(f())));
    }
}

/// Like [`std::thread::scope`]; a panic of a thread is a panic here.
pub(crate) fn threads<'env, R>(body: impl for<'scope> FnOnce(&Threads<'scope, 'env>) -> R) -> R {
    std::thread::scope(|scope| {
        let threads = Threads { scope, started: RefCell::default() };
        let result = body(&threads);
        for thread in threads.started.take() {
            thread.join().expect("no thread panics");
        }
        result
    })
}

/// The message of the panic that `f` must end with.
#[track_caller]
pub(crate) fn panic_message<T>(f: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it should have panicked"),
        Err(payload) => asyncio_core::exception::panic_message(&*payload).to_owned(),
    }
}

/// Counts the drops of its probes, and those that happened on another thread than the probe's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drops {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    made: AtomicUsize,
    dropped: AtomicUsize,
    remote: AtomicUsize,
}

impl Drops {
    pub(crate) fn probe(&self) -> Probe {
        self.counts.made.fetch_add(1, Ordering::Relaxed);
        Probe { owner: std::thread::current().id(), counts: Arc::clone(&self.counts) }
    }

    pub(crate) fn count(&self) -> usize {
        self.counts.dropped.load(Ordering::SeqCst)
    }

    #[track_caller]
    pub(crate) fn assert_all_dropped_on_their_thread(&self) {
        assert_eq!(self.count(), self.counts.made.load(Ordering::SeqCst), "each probe once");
        assert_eq!(self.counts.remote.load(Ordering::SeqCst), 0, "dropped on another thread");
    }
}

/// Must be dropped once, on the thread that made it. It is `Send` so that a test can try otherwise.
#[derive(Debug)]
pub(crate) struct Probe {
    owner: ThreadId,
    counts: Arc<Counts>,
}

impl Drop for Probe {
    fn drop(&mut self) {
        // Not an assertion: a panic in a drop is caught by the loop.
        if std::thread::current().id() != self.owner {
            self.counts.remote.fetch_add(1, Ordering::SeqCst);
        }
        self.counts.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

/// Does something when it is dropped.
pub(crate) struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub(crate) fn new(f: F) -> Self {
        Self(Some(f))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

/// A shared list that futures write into.
#[derive(Debug)]
pub(crate) struct Log<T>(Rc<RefCell<Vec<T>>>);

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Log<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(Vec::new())))
    }

    pub(crate) fn push(&self, entry: T) {
        self.0.borrow_mut().push(entry);
    }

    pub(crate) fn take(&self) -> Vec<T> {
        self.0.take()
    }
}

/// An exception handler that keeps what it is told.
pub(crate) fn reports() -> (Log<ExceptionContext>, Option<ExceptionHandler>) {
    let log = Log::new();
    let kept = log.clone();
    (log, Some(Rc::new(move |context: &ExceptionContext| kept.push(context.clone()))))
}

/// A waker that counts.
#[derive(Debug, Default)]
pub(crate) struct WakeCount(AtomicUsize);

impl WakeCount {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for WakeCount {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A loop whose block is watched: it must go when the loop and its last cell have gone.
pub(crate) fn watched_loop() -> (EventLoop<WatchedPark>, Remains) {
    let gone = Arc::new(AtomicBool::new(false));
    let remains = Remains(Arc::clone(&gone));
    let (parks, driver_polls) = (Cell::new(0), Cell::new(0));
    (EventLoop::new(WatchedPark { park: ThreadPark::new(), gone, parks, driver_polls }), remains)
}

/// Tells whether the loop's block is still there: nobody else keeps its bell.
pub(crate) struct Remains(Arc<AtomicBool>);

impl Remains {
    #[track_caller]
    pub(crate) fn assert_none(&self) {
        assert!(self.are_none(), "the loop's block, or one of its cells, was leaked");
    }

    pub(crate) fn are_none(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

pub(crate) struct WatchedPark {
    park: ThreadPark,
    gone: Arc<AtomicBool>,
    pub(crate) parks: Cell<usize>,
    pub(crate) driver_polls: Cell<usize>,
}

#[derive(Debug)]
struct WatchedBell {
    bell: Arc<dyn Unpark>,
    gone: Arc<AtomicBool>,
}

impl Unpark for WatchedBell {
    fn unpark(&self) {
        self.bell.unpark();
    }
}

impl Drop for WatchedBell {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
    }
}

impl Park for WatchedPark {
    type Entered = ();

    fn enter(&self) {}

    fn poll_driver(&self) {
        self.driver_polls.set(self.driver_polls.get() + 1);
        asyncio_core::budget::grant(asyncio_core::budget::INTERVAL);
    }

    fn park(&self) -> ControlFlow<()> {
        self.parks.set(self.parks.get() + 1);
        self.park.park()
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        Arc::new(WatchedBell { bell: self.park.unparker(), gone: Arc::clone(&self.gone) })
    }
}
