//! [`EventLoop`]: turns, runs, stop and close.

use crate::callback::{self, CallHandle};
use crate::cell::{
    self, Call, Entry, Kind, Owner, OwnerRef, close, delivery::Delivery, lifecycle, with_scoped,
};
use crate::current;
use crate::error::Stopped;
use crate::handle::Handle;
use crate::mailbox::Mailbox;
use crate::policy::{Events, Policy};
use crate::policy_turn;
use crate::task::{self, AllEnded, Task, TaskRef};
use crate::trim::Trim;
use asyncio_core::ambient;
use asyncio_core::budget;
use asyncio_core::exception::{ExceptionHandler, Reporter};
use asyncio_core::park::Park;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::panic::{Location, resume_unwind};

/// Tasks on one thread, which waits for the world by its [`Park`].
///
/// One turn runs what was ready when it began, first in first out, and then takes in what other threads
/// sent. The park is asked to wait when nothing is ready, and polled at the end of each poll interval.
///
/// # Examples
/// ```
/// use asyncio_core::park::ThreadPark;
/// use asyncio_executor::EventLoop;
///
/// let event_loop = EventLoop::new(ThreadPark::new());
/// assert_eq!(event_loop.run_until_complete(async { 1 + 1 }), Ok(2));
/// event_loop.close();
/// ```
pub struct EventLoop<P: Park> {
    park: P,
    owner: OwnerRef,
    running: Cell<bool>,
    trim: Trim,
    /// Reused for each batch of entries.
    batch: RefCell<Vec<Entry>>,
}

impl<P: Park> EventLoop<P> {
    /// A loop that waits by `park`. It belongs to the thread that makes it.
    pub fn new(park: P) -> Self {
        let owner = OwnerRef::new(park.unparker());
        let running = Cell::new(false);
        Self { park, owner, running, trim: Trim::default(), batch: RefCell::new(Vec::new()) }
    }

    /// What the loop waits by.
    pub fn park(&self) -> &P {
        &self.park
    }

    /// Runs until `future` is done. It runs as a task, the first of its loop if nothing came before.
    ///
    /// The future may borrow: if the loop is stopped before the end it is dropped here.
    ///
    /// # Errors
    /// [`Stopped`] if [`stop`](Self::stop) came first, the future's task was cancelled, or a policy or a
    /// simulated park halted the loop.
    ///
    /// # Panics
    /// With the panic of `future`; if a loop is running on this thread; if this loop is closed.
    #[track_caller]
    pub fn run_until_complete<F: Future>(&self, future: F) -> Result<F::Output, Stopped> {
        if cell::is_large::<F>() {
            return self.run_here(Box::pin(future), Location::caller());
        }
        self.run_here(future, Location::caller())
    }

    #[track_caller]
    fn run_here<F: Future>(
        &self,
        future: F,
        spawned_at: &'static Location<'static>,
    ) -> Result<F::Output, Stopped> {
        let _running = self.begin();
        let _entered = current::enter(&self.owner);
        let _parked = self.park.enter();
        let _reporter = self.enter_reporter();
        let ((), outcome) = with_scoped(&self.owner, future, spawned_at, |root| {
            self.run(|| root.cell().is_done());
        });
        match outcome {
            Ok(output) => Ok(output),
            Err(error) => match error.try_into_panic() {
                Ok(payload) => resume_unwind(payload),
                Err(_cancelled) => Err(Stopped),
            },
        }
    }

    /// Runs until [`stop`](Self::stop) is called.
    ///
    /// # Panics
    /// If a loop is running on this thread; if this loop is closed.
    #[track_caller]
    pub fn run_forever(&self) {
        self.run_once_begun(|| ());
    }

    /// Runs until a stop. A run that is refused has not called `begun`.
    #[track_caller]
    fn run_once_begun(&self, begun: impl FnOnce()) {
        let _running = self.begin();
        let _entered = current::enter(&self.owner);
        let _parked = self.park.enter();
        let _reporter = self.enter_reporter();
        begun();
        self.run(|| false);
    }

    /// Runs one turn that does not wait, and tells whether something is ready for the next.
    ///
    /// It is for a loop inside of another one, which calls it again and again: timers that are due fire, and
    /// the system is asked.
    ///
    /// # Panics
    /// If a loop is running on this thread; if this loop is closed.
    ///
    /// # Examples
    /// ```
    /// # use asyncio_core::park::ThreadPark;
    /// # use asyncio_executor::EventLoop;
    /// let event_loop = EventLoop::new(ThreadPark::new());
    /// let task = event_loop.create_task(asyncio_core::yield_now());
    /// assert!(event_loop.try_turn(), "it has given way once");
    /// assert!(!event_loop.try_turn() && task.is_finished());
    /// ```
    #[track_caller]
    pub fn try_turn(&self) -> bool {
        self.run_once_begun(|| self.stop());
        !self.owner.ready.is_empty() || self.owner.inbox.is_filled()
    }

    /// Ends the run after the current batch. Before a run: the run makes one turn that does not wait.
    pub fn stop(&self) {
        self.owner.stopping.set(true);
    }

    /// Cancels all tasks, drops everything that is scheduled, and refuses anything new.
    ///
    /// What tasks have given and nobody has taken is dropped; awaiting such a task later says that the
    /// loop is closed. A second call does nothing, and neither does one inside of another; both give `false`.
    ///
    /// # Panics
    /// If this loop is running, or one of its callbacks is being polled.
    #[track_caller]
    pub fn close(&self) -> bool {
        // A drop that the close itself makes may come here too: the tasks are on their way out already.
        if self.is_closed() || self.owner.closing.get() {
            return false;
        }
        // A callback is polled when it is made, outside of a run as well, and must not be dropped meanwhile.
        let is_idle = !self.running.get() && self.owner.current.get().is_none();
        assert!(is_idle, "cannot close a running event loop: `stop` it first");
        let _entered = current::enter(&self.owner);
        let _parked = self.park.enter();
        let _reporter = self.enter_reporter();
        close::close(&self.owner);
        true
    }

    /// Whether the loop is in one of its runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.get()
    }

    /// Whether the loop is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.owner.closed.get()
    }

    /// The loop for other threads.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(Mailbox::of(&self.owner))
    }

    /// Schedules a future as a task, also while the loop is not running.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn create_task<F: Future + 'static>(&self, future: F) -> Task<F::Output> {
        let spawned_at = Location::caller();
        if cell::is_large::<F>() {
            return Task::new(cell::create(&self.owner, Box::pin(future), Kind::Task, spawned_at));
        }
        Task::new(cell::create(&self.owner, future, Kind::Task, spawned_at))
    }

    /// Has `f` called in the next turn, after everything that is ready.
    ///
    /// A panic in it goes to the exception handler, and the loop goes on.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn call_soon(&self, f: impl FnOnce() + 'static) -> CallHandle {
        callback::schedule(&self.owner, Call::new(f), Location::caller())
    }

    /// Polls a future that is no task, now and when it is woken: it is not listed, and its panic is reported
    /// as a callback's.
    ///
    /// `call_later` is built from it: the timer is set by the first poll, at the call, so deadlines order
    /// callbacks on a busy loop, too.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn call_when(&self, future: impl Future<Output = ()> + 'static) -> CallHandle {
        callback::schedule_polled(&self.owner, future, Location::caller())
    }

    /// The tasks that have not ended, in the order of their creation.
    #[must_use]
    pub fn all_tasks(&self) -> Vec<TaskRef> {
        task::list(&self.owner)
    }

    /// Asks every task but the running one to end, once, and gives a future that is ready when they have.
    ///
    /// Tasks that are created later, by the drops of these for instance, are neither asked nor waited for.
    pub fn cancel_other_tasks(&self) -> AllEnded {
        let current = self.owner.current.get().map(|cell| cell.id());
        let tasks = task::list(&self.owner);
        let others = tasks.iter().filter(|task| Some(task.id()) != current).map(TaskRef::key);
        let others: Vec<_> = others.collect();
        for (slot, id) in &others {
            task::cancel(&self.owner, *slot, *id);
        }
        AllEnded::new(others)
    }

    /// Sets who chooses the next task; `None` is first in, first out.
    ///
    /// It is the hook of simulation: a policy can halt the loop, which ends its run like `stop`.
    pub fn set_policy(&self, policy: Option<Box<dyn Policy>>) {
        // Asked first: it may come here, too.
        let is_wanted = policy.as_ref().is_some_and(|policy| policy.observes());
        self.owner.has_policy.set(policy.is_some());
        let next_id = Some(self.owner.next_id());
        self.owner.events.replace(Events { is_wanted, next_id, ..Events::default() });
        let former = self.owner.policy.replace(policy);
        drop(former);
    }

    /// Sets who is told of panics that nobody awaits; `None` writes them to standard error.
    pub fn set_exception_handler(&self, handler: Option<ExceptionHandler>) {
        self.reporter().set_handler(handler);
    }

    /// Who is told on behalf of this loop, and of how many panics it was told.
    #[must_use]
    pub fn reporter(&self) -> Reporter {
        self.owner.reporter.borrow().clone().unwrap_or_default()
    }

    fn enter_reporter(&self) -> ambient::Entered<Reporter> {
        self.reporter().enter()
    }

    #[track_caller]
    fn begin(&self) -> Run<'_> {
        let is_open = !self.is_closed() && !self.owner.closing.get();
        assert!(is_open, "event loop is closed: make a new one");
        let running = current::start_running();
        let is_idle = self.owner.current.get().is_none();
        assert!(is_idle, "cannot run an event loop inside of one of its own callbacks");
        self.running.set(true);
        Run { event_loop_running: &self.running, owner: &self.owner, _running: running }
    }

    /// Turns until `done`, a stop, or a halt. A stop that came before the run lets one turn happen.
    fn run(&self, done: impl Fn() -> bool) {
        let _budget = budget::enter();
        while !done() {
            if self.turn().is_break() || self.owner.stopping.get() {
                return;
            }
        }
    }

    /// One turn. `Break`: nothing can ever happen again, or the policy halts.
    #[inline(always)]
    fn turn(&self) -> ControlFlow<()> {
        let owner: &Owner = &self.owner;
        let mut batch = owner.ready.len();
        if batch == 0 {
            self.wait()?;
            batch = owner.ready.len();
        }
        if owner.has_policy.get() {
            self.policy_turn()?;
            batch = 0;
        }
        while batch > 0 {
            batch -= 1;
            let Some(cell) = owner.ready.pop_front() else { break };
            lifecycle::run(owner, cell);
            self.poll_driver_if_due();
        }
        if owner.inbox.is_filled() {
            self.drain();
        }
        ControlFlow::Continue(())
    }

    /// At the end of a poll interval the driver has its turn.
    #[inline]
    fn poll_driver_if_due(&self) {
        if budget::is_interval_over() {
            self.trim.count_interval();
            self.park.poll_driver();
        }
    }

    #[cold]
    #[inline(never)]
    fn policy_turn(&self) -> ControlFlow<()> {
        policy_turn::run(&self.owner, || self.poll_driver_if_due())
    }

    /// Nothing is ready: takes in what other threads sent, or waits.
    #[cold]
    #[inline(never)]
    fn wait(&self) -> ControlFlow<()> {
        if self.owner.stopping.get() {
            self.park.poll_now();
        } else if self.owner.inbox.park() {
            let trim = self.trim.count_wait(&self.owner) || self.park.is_trim_due();
            let waited = if trim { self.park.park_briefly() } else { self.park.park() };
            self.owner.inbox.unpark();
            if trim && self.owner.ready.is_empty() && !self.owner.inbox.is_filled() {
                self.trim();
            }
            // A simulated world may have nothing left to offer while another thread still does.
            if waited.is_break() && !self.owner.inbox.is_filled() && self.owner.ready.is_empty() {
                return ControlFlow::Break(());
            }
        }
        if self.owner.inbox.is_filled() {
            self.drain();
        }
        ControlFlow::Continue(())
    }

    #[cold]
    fn trim(&self) {
        self.trim.run(&self.owner);
        self.park.trim();
        self.batch.replace(Vec::new());
    }

    /// Takes in what other threads sent.
    #[cold]
    #[inline(never)]
    fn drain(&self) {
        let mut batch = self.batch.take();
        self.owner.inbox.take(&mut batch);
        let mut delivery = Delivery::new(&self.owner, batch);
        while delivery.deliver_next() {
            // Many posts are no reason to leave timers and sockets waiting.
            budget::count_step();
            self.poll_driver_if_due();
        }
        self.batch.replace(delivery.into_empty());
    }
}

/// One run; its end clears the stop request, so that the next run starts afresh.
struct Run<'a> {
    event_loop_running: &'a Cell<bool>,
    owner: &'a Owner,
    _running: current::Running,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.event_loop_running.set(false);
        self.owner.stopping.set(false);
    }
}

impl<P: Park> Drop for EventLoop<P> {
    fn drop(&mut self) {
        if !self.is_closed() && !self.running.get() {
            self.close();
        }
    }
}

impl<P: Park> fmt::Debug for EventLoop<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop")
            .field("is_running", &self.is_running())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
