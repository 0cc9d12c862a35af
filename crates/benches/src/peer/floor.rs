//! The floor: the least that an executor of one thread can be. One allocation a task, a queue, and nothing else.
//!
//! No catching of panics, no cancellation, no list of tasks, no metadata, and a waker that must not leave its thread.
//! It is a bound to compare with, not a runtime.
//!
//! Invariant HOME: wakers of this executor are made, cloned, woken and dropped on one thread; the workloads that run on it see to that.
//! Invariant PLACE: a task lies in its `Rc` and never moves, so its future may be pinned there.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::collections::VecDeque;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use crate::runtime::{Runtime, oneshot_of_futures};

thread_local! {
    /// Never dropped, so that no access has to look whether it was.
    static READY: ManuallyDrop<RefCell<VecDeque<Rc<dyn Run>>>> =
        const { ManuallyDrop::new(RefCell::new(VecDeque::new())) };
}

trait Run {
    fn run(self: Rc<Self>);
}

pub(crate) struct Task<F: Future> {
    /// Pinned by PLACE; `None` once it is done. Borrowed by `run` alone, which never runs inside itself for one task.
    future: UnsafeCell<Option<F>>,
    finish: Finish<F::Output>,
    is_queued: Cell<bool>,
}

/// What the handle shares with the task.
struct Finish<T> {
    output: Cell<Option<T>>,
    awaiter: Cell<Option<Waker>>,
}

trait Finished<T> {
    fn finish(&self) -> &Finish<T>;
}

impl<F: Future> Finished<F::Output> for Task<F> {
    fn finish(&self) -> &Finish<F::Output> {
        &self.finish
    }
}

impl<F: Future + 'static> Run for Task<F> {
    fn run(self: Rc<Self>) {
        self.is_queued.set(false);
        // Borrows our own count for the length of the poll.
        let waker = ManuallyDrop::new(waker(&self));
        // SAFETY: `run` is the only borrower, and the executor runs a task from its queue only, never from inside a poll.
        let future = unsafe { &mut *self.future.get() };
        let Some(running) = future else { return };
        // SAFETY: by PLACE.
        let pinned = unsafe { Pin::new_unchecked(running) };
        if let Poll::Ready(output) = pinned.poll(&mut Context::from_waker(&waker)) {
            *future = None;
            self.finish.output.set(Some(output));
            if let Some(awaiter) = self.finish.awaiter.take() {
                awaiter.wake();
            }
        }
    }
}

/// A waker without a count of its own: it must be forgotten while the task's `Rc` lives.
fn waker<F: Future + 'static>(task: &Rc<Task<F>>) -> Waker {
    let raw = RawWaker::new(Rc::as_ptr(task).cast(), table::<F>());
    // SAFETY: the table's functions treat the pointer as what `Rc::into_raw` gave; the one caller forgets it; threads by HOME.
    unsafe { Waker::from_raw(raw) }
}

fn table<F: Future + 'static>() -> &'static RawWakerVTable {
    const { &RawWakerVTable::new(clone::<F>, wake::<F>, wake_by_ref::<F>, release::<F>) }
}

/// # Safety
///
/// `data` is from `Rc::into_raw` of this task, with a count that lives during the call; so for the three below.
unsafe fn clone<F: Future + 'static>(data: *const ()) -> RawWaker {
    // SAFETY: by this function's own contract.
    unsafe { Rc::increment_strong_count(data.cast::<Task<F>>()) };
    RawWaker::new(data, table::<F>())
}

/// # Safety
///
/// As for `clone`; takes the count.
unsafe fn wake<F: Future + 'static>(data: *const ()) {
    // SAFETY: by this function's own contract.
    let task = unsafe { Rc::from_raw(data.cast::<Task<F>>()) };
    if !task.is_queued.replace(true) {
        READY.with(|ready| ready.borrow_mut().push_back(task));
    }
}

/// # Safety
///
/// As for `clone`; takes no count.
unsafe fn wake_by_ref<F: Future + 'static>(data: *const ()) {
    // SAFETY: by this function's own contract.
    let task = unsafe { &*data.cast::<Task<F>>() };
    if !task.is_queued.replace(true) {
        // SAFETY: by this function's own contract; the queue gets a count of its own.
        unsafe { Rc::increment_strong_count(data.cast::<Task<F>>()) };
        // SAFETY: the count was added on the line above.
        let task = unsafe { Rc::from_raw(data.cast::<Task<F>>()) };
        READY.with(|ready| ready.borrow_mut().push_back(task));
    }
}

/// # Safety
///
/// As for `clone`; takes the count.
unsafe fn release<F: Future + 'static>(data: *const ()) {
    // SAFETY: by this function's own contract.
    drop(unsafe { Rc::from_raw(data.cast::<Task<F>>()) });
}

/// The handle: awaited for the output.
pub(crate) struct Handle<T>(Rc<dyn Finished<T>>);

impl<T> Future for Handle<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let finish = self.0.finish();
        match finish.output.take() {
            Some(output) => Poll::Ready(output),
            None => {
                finish.awaiter.set(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }
}

pub(crate) struct Floor(PhantomData<()>);

impl Runtime for Floor {
    type Join<T: 'static> = Handle<T>;

    fn block_on<F: Future<Output: 'static> + 'static>(future: F) -> F::Output {
        let mut root = pin!(Self::spawn(future));
        loop {
            let Some(task) = READY.with(|ready| ready.borrow_mut().pop_front()) else {
                let mut context = Context::from_waker(Waker::noop());
                match root.as_mut().poll(&mut context) {
                    Poll::Ready(output) => return output,
                    Poll::Pending => unreachable!("nothing is ready, and nobody else can wake"),
                }
            };
            task.run();
        }
    }

    fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> Handle<F::Output> {
        let finish = Finish { output: Cell::new(None), awaiter: Cell::new(None) };
        let task = Rc::new(Task {
            future: UnsafeCell::new(Some(future)),
            finish,
            is_queued: Cell::new(true),
        });
        READY.with(|ready| ready.borrow_mut().push_back(Rc::clone(&task) as Rc<dyn Run>));
        Handle(task)
    }

    fn join<T: 'static>(task: Handle<T>) -> impl Future<Output = T> {
        task
    }
}

oneshot_of_futures!(Floor);
