//! A worker thread: takes jobs until it is told to leave. The one place that starts threads.
//!
//! A worker waits on its own thread's park token, one word, without spinning. A job that uses the token
//! for itself can leave one behind or take one away: the first is a look too many, the second cannot
//! happen to a worker that waits.

use crate::clock::now;
use crate::job::{Refusal, Run};
use crate::simulation;
use crate::thread::queue::{Next, Queue, Rouse, SeatId};
use asyncio_core::exception::{ExceptionContext, forget_payload, panic_message, report};
use asyncio_core::wake_batch::wake;
use asyncio_reactor::process_id;
use parking_lot::{Condvar, Mutex};
use std::cell::Cell;
use std::io;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

thread_local! {
    /// The address of the pool this thread works for; zero on all other threads.
    static EMPLOYER: Cell<usize> = const { Cell::new(0) };
}

/// What a pool's handles and workers share.
pub(crate) struct Shared {
    pub(crate) queue: Mutex<Queue>,
    /// Notified when a worker leaves a pool that takes no more jobs.
    pub(crate) left: Condvar,
    /// Woken then, too.
    pub(crate) on_left: Mutex<Vec<Waker>>,
    /// The process whose threads the workers are: a fork's child has none of them.
    pub(crate) process: u32,
    pub(crate) settings: Settings,
}

/// What the builder was told.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) max_workers: usize,
    pub(crate) keep_alive: Duration,
    pub(crate) thread_name: String,
    pub(crate) initializer: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::new(Queue::new(settings.max_workers)),
            left: Condvar::new(),
            on_left: Mutex::new(Vec::new()),
            process: process_id(),
            settings,
        })
    }

    /// Tells those who wait for the end of the pool that a worker has left; no lock is held.
    fn tell_left(&self) {
        self.left.notify_all();
        let wakers = take(&mut *self.on_left.lock());
        wakers.into_iter().for_each(wake);
    }

    /// Refuses to go on in the child of a fork, which has none of the pool's threads.
    #[track_caller]
    pub(crate) fn assert_owner(&self) {
        let (made, here) = (self.process, process_id());
        assert!(
            made == here,
            "the thread pool was created in process {made} and cannot be used in process {here}: \
             after a fork the child has to create its own"
        );
    }
}

/// Queues a job, or hands it to the simulation.
///
/// # Panics
/// In the child of a fork, for a pool of its parent.
///
/// # Errors
/// The job itself, and why it was not taken.
#[inline]
#[track_caller]
pub(crate) fn offer(
    shared: &Arc<Shared>,
    job: Arc<dyn Run>,
) -> Result<(), (Arc<dyn Run>, Refusal)> {
    shared.assert_owner();
    if simulation::is_entered() {
        let mut queue = shared.queue.lock();
        if let Some(why) = queue.refusal() {
            return Err((job, why));
        }
        queue.handed_over.note(&job);
        drop(queue);
        simulation::hand_over(job);
        return Ok(());
    }
    let pushed = shared.queue.lock().push(job);
    rouse(shared, pushed?);
    Ok(())
}

/// Does what the queue asked for; the lock is released.
#[inline]
fn rouse(shared: &Arc<Shared>, whom: Rouse) {
    match whom {
        Rouse::Nobody => {}
        Rouse::Idle(thread) => thread.unpark(),
        Rouse::New(seat) => start(shared, seat),
    }
}

#[cold]
fn start(shared: &Arc<Shared>, seat: SeatId) {
    let name = format!("{}-{}", shared.settings.thread_name, seat.index);
    let worker = Arc::clone(shared);
    match thread::Builder::new().name(name).spawn(move || work(&worker, seat)) {
        Ok(handle) => shared.queue.lock().started(seat, handle),
        Err(error) => not_started(shared, seat, &error),
    }
}

/// The system has refused a thread for this seat.
fn not_started(shared: &Arc<Shared>, seat: SeatId, error: &io::Error) {
    let (orphans, whom) = shared.queue.lock().not_started(seat);
    rouse(shared, whom);
    // The other workers will run the jobs that wait; if there is none, the jobs must not hang.
    let why: Arc<str> = format!("the thread pool could not start a thread: {error}").into();
    refuse_all(orphans, &Refusal::Broken(why));
    shared.tell_left();
}

/// Resolves jobs that will not run; the lock is released.
pub(crate) fn refuse_all(jobs: Vec<Arc<dyn Run>>, why: &Refusal) {
    for job in jobs {
        job.refuse(why.clone());
    }
}

/// Whether this thread is a worker of this pool.
pub(crate) fn is_worker(shared: &Arc<Shared>) -> bool {
    EMPLOYER.get() == Arc::as_ptr(shared).addr()
}

fn work(shared: &Arc<Shared>, seat: SeatId) {
    EMPLOYER.set(Arc::as_ptr(shared).addr());
    if !initialize(shared, seat) {
        return;
    }
    let me = thread::current();
    loop {
        let next = shared.queue.lock().next(seat, shared.settings.keep_alive, &me);
        match next {
            Next::Run(job, whom) => {
                rouse(shared, whom);
                job.run();
            }
            Next::Wait(until) => wait(until),
            Next::Leave(watch) => {
                if let Some(thread) = watch {
                    thread.unpark();
                }
                break;
            }
        }
    }
    shared.tell_left();
}

/// Waits for the park token; may return early.
fn wait(until: Option<Instant>) {
    match until {
        Some(until) => thread::park_timeout(until.saturating_duration_since(now())),
        None => thread::park(),
    }
}

/// Runs the initializer; if it panics, the pool is broken and this worker has left.
fn initialize(shared: &Shared, seat: SeatId) -> bool {
    let Some(initializer) = &shared.settings.initializer else { return true };
    let Err(payload) = catch_unwind(AssertUnwindSafe(|| initializer())) else { return true };
    let message = panic_message(&*payload);
    let why: Arc<str> = format!("the thread pool's initializer panicked: {message}").into();
    report(&ExceptionContext::new("the initializer of a thread pool panicked", &*payload));
    forget_payload(payload);
    let why = Refusal::Broken(why);
    let (orphans, idle) = shared.queue.lock().fail(seat, why.clone());
    refuse_all(orphans, &why);
    idle.iter().for_each(Thread::unpark);
    shared.tell_left();
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::job::{ThreadJob, job};
    use asyncio_core::exception;
    use futures::executor::block_on;
    use std::panic::panic_any;
    use std::rc::Rc;
    use std::sync::mpsc::{Receiver, channel};

    fn pool(max_workers: usize) -> Arc<Shared> {
        let settings = Settings {
            max_workers,
            keep_alive: Duration::MAX,
            thread_name: "test".to_owned(),
            initializer: None,
        };
        Shared::new(settings)
    }

    fn with_initializer(initializer: fn()) -> Arc<Shared> {
        let mut shared = pool(1);
        let settings = Arc::get_mut(&mut shared).map(|shared| &mut shared.settings);
        settings.expect("nobody else has it").initializer = Some(Arc::new(initializer));
        shared
    }

    /// Queues a job that waits until it is told to go on, and rouses nobody.
    fn push(shared: &Arc<Shared>, gate: Receiver<()>) -> (Rouse, ThreadJob<bool>) {
        let (job, future) = job::<(), _, _, _>(|gate: Receiver<()>| gate.recv().is_err(), gate);
        let pushed = shared.queue.lock().push(job);
        (pushed.unwrap_or_else(|_| panic!("the queue is open")), future)
    }

    #[test]
    fn a_thread_that_is_refused_while_another_has_sat_down_forgets_no_job() {
        let shared = pool(2);
        let (go, gate) = channel();
        let (whom, first) = push(&shared, gate);
        rouse(&shared, whom);
        while shared.queue.lock().running().count() == 0 {
            thread::yield_now();
        }
        let (Rouse::New(seat), second) = push(&shared, channel().1) else {
            panic!("there is room for a second worker")
        };
        // While the second thread is being started the first does both jobs and sits down.
        drop(go);
        assert!(block_on(first).unwrap() && block_on(second).unwrap());
        while shared.queue.lock().idle() == 0 {
            thread::yield_now();
        }
        let (whom, third) = push(&shared, channel().1);
        assert!(matches!(whom, Rouse::Nobody), "one is on its way");
        not_started(&shared, seat, &io::Error::other("no memory"));
        assert!(block_on(third).unwrap());
    }

    /// Calls `leave` when another thread waits until no worker is left, and returns when it has seen that.
    fn seen_by_who_waits(shared: &Arc<Shared>, leave: impl FnOnce()) {
        let (tell, waits) = channel();
        thread::scope(|threads| {
            let waiter = thread::Builder::new().spawn_scoped(threads, || {
                let mut queue = shared.queue.lock();
                tell.send(()).unwrap();
                shared.left.wait_while(&mut queue, |queue| queue.alive() > 0);
            });
            waits.recv().unwrap();
            // The lock that it is told under is free when it waits.
            leave();
            waiter.unwrap().join().unwrap();
        });
    }

    #[test]
    fn who_waits_for_the_last_worker_is_told_that_it_was_refused() {
        let shared = pool(1);
        let (Rouse::New(seat), job) = push(&shared, channel().1) else { panic!("a first worker") };
        seen_by_who_waits(&shared, || not_started(&shared, seat, &io::Error::other("no memory")));
        let error = block_on(job).unwrap_err();
        assert!(error.is_not_started() && error.to_string().ends_with(": no memory"), "{error}");
    }

    #[test]
    fn who_waits_for_the_last_worker_is_told_that_its_initializer_failed() {
        let shared = with_initializer(|| panic!("no model"));
        let (Rouse::New(seat), job) = push(&shared, channel().1) else { panic!("a first worker") };
        seen_by_who_waits(&shared, || assert!(!initialize(&shared, seat)));
        assert!(block_on(job).unwrap_err().is_not_started());
    }

    #[test]
    fn the_panic_of_an_initializer_is_reported_and_its_payload_goes_no_further() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("the bomb went off");
            }
        }
        let reports = Rc::new(Cell::new(0));
        let counter = Rc::clone(&reports);
        let _entered = exception::enter(Some(Rc::new(move |_: &ExceptionContext| {
            counter.set(counter.get() + 1);
        })));
        let shared = with_initializer(|| panic_any(Bomb));
        let (Rouse::New(seat), job) = push(&shared, channel().1) else { panic!("a first worker") };
        assert!(!initialize(&shared, seat));
        assert_eq!(reports.get(), 1);
        assert!(block_on(job).unwrap_err().is_not_started());
    }
}
