//! [`EventLoop`]: the executor's loop around the reactor, with its default thread pool.

use asyncio_core::Instant;
use asyncio_core::ambient::{Entered, Slot};
use asyncio_core::exception::{ExceptionContext, Reporter};
use asyncio_executor::policy::Policy;
use asyncio_executor::{CallHandle, Handle, Stopped, Task};
use asyncio_pool::current::LazyPool;
use asyncio_pool::{Executor, Shutdown, ThreadPoolExecutor};
use asyncio_reactor::{Park, Reactor, sleep_until, timeout};
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::rc::{Rc, Weak};
use std::time::Duration;

type Core = asyncio_executor::EventLoop<Reactor>;

/// An event loop: tasks, timers, sockets and a pool of threads, on one thread.
///
/// A clone is another handle of the same loop. It belongs to the thread that made it; other threads
/// reach it through its [`Handle`]. Most programs need only [`run`](crate::run).
///
/// The loop closes when the last handle is dropped that came from [`new`](Self::new). Those that
/// [`running_loop`] gives do not keep it, so a task may hold one of its own loop; afterwards they say that the
/// loop is closed.
///
/// # Examples
/// ```
/// use asyncio::EventLoop;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let event_loop = EventLoop::new()?;
/// let answer = event_loop.run_until_complete(async { 6 * 7 })?;
/// assert_eq!(answer, 42);
/// event_loop.close();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[doc(alias = "AbstractEventLoop")]
pub struct EventLoop {
    core: Reference,
    handle: Handle,
    default_executor: LazyPool,
}

#[derive(Clone)]
enum Reference {
    /// It keeps the loop.
    Strong(Rc<Core>),
    /// It belongs to code that the loop runs, and would keep the loop for ever.
    Weak(Weak<Core>),
}

impl EventLoop {
    /// A new loop over the operating system.
    ///
    /// # Errors
    /// If the system has no descriptors left.
    #[doc(alias = "new_event_loop")]
    pub fn new() -> io::Result<Self> {
        Ok(Self::from_parts(Reactor::new()?, LazyPool::default()))
    }

    /// A loop over this reactor, real or simulated, with this default executor.
    ///
    /// # Examples
    /// ```
    /// use asyncio_pool::current::LazyPool;
    /// use asyncio_reactor::Reactor;
    /// use asyncio_runtime::EventLoop;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let event_loop = EventLoop::from_parts(Reactor::new()?, LazyPool::default());
    /// assert_eq!(event_loop.run_until_complete(async { 1 }), Ok(1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn from_parts(reactor: Reactor, default_executor: LazyPool) -> Self {
        let core = Core::new(reactor);
        let handle = core.handle();
        Self { core: Reference::Strong(Rc::new(core)), handle, default_executor }
    }

    /// The loop, if it is still there.
    fn get(&self) -> Option<Rc<Core>> {
        match &self.core {
            Reference::Strong(core) => Some(Rc::clone(core)),
            Reference::Weak(core) => core.upgrade(),
        }
    }

    /// The loop, for what a closed one refuses.
    #[track_caller]
    fn core(&self) -> Rc<Core> {
        let Some(core) = self.get() else { panic!("event loop is closed: make a new one") };
        core
    }

    /// A handle that does not keep the loop.
    fn to_weak(&self) -> Self {
        let core = match &self.core {
            Reference::Strong(core) => Rc::downgrade(core),
            Reference::Weak(core) => Weak::clone(core),
        };
        Self { core: Reference::Weak(core), ..self.clone() }
    }

    /// Runs until `future` is done, and gives its output. The future may borrow.
    ///
    /// # Errors
    /// [`Stopped`] if [`stop`](Self::stop) came first; the future has been dropped.
    ///
    /// # Panics
    /// With the panic of `future`; if a loop is running on this thread; if this loop is closed.
    #[track_caller]
    pub fn run_until_complete<F: Future>(&self, future: F) -> Result<F::Output, Stopped> {
        let core = self.core();
        let _entered = self.enter();
        core.run_until_complete(future)
    }

    /// Runs until [`stop`](Self::stop) is called.
    ///
    /// # Panics
    /// If a loop is running on this thread; if this loop is closed.
    #[track_caller]
    pub fn run_forever(&self) {
        let core = self.core();
        let _entered = self.enter();
        core.run_forever();
    }

    /// Runs one turn that does not wait, and tells whether something is ready for the next.
    ///
    /// It is for a loop inside of another one, which calls it again and again: timers that are due fire, and
    /// the system is asked.
    ///
    /// # Panics
    /// If a loop is running on this thread; if this loop is closed.
    #[track_caller]
    pub fn try_turn(&self) -> bool {
        let core = self.core();
        let _entered = self.enter();
        core.try_turn()
    }

    /// Ends the run after the current batch. Before a run: the run makes one turn that does not wait.
    pub fn stop(&self) {
        if let Some(core) = self.get() {
            core.stop();
        }
    }

    /// Ends the loop: cancels all tasks, drops what is scheduled, closes its descriptors, and refuses
    /// anything new. Threads of the default executor end when they are idle; nobody waits for them.
    ///
    /// A second call does nothing.
    ///
    /// # Panics
    /// If this loop is running.
    #[track_caller]
    pub fn close(&self) {
        if let Some(core) = self.get() {
            let entered = self.enter();
            let is_first = core.close();
            drop(entered);
            // A close inside of another one leaves the rest to that.
            if !is_first {
                return;
            }
            core.park().close();
        }
        if let Some(pool) = self.default_executor.started() {
            pool.shutdown(Shutdown::Now);
        }
    }

    /// Whether the loop is in one of its runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.get().is_some_and(|core| core.is_running())
    }

    /// Whether the loop is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.get().is_none_or(|core| core.is_closed())
    }

    /// The time on the loop's clock.
    ///
    /// # Panics
    /// If the loop is gone and this handle came from [`running_loop`].
    #[must_use]
    #[track_caller]
    pub fn time(&self) -> Instant {
        self.core().park().now()
    }

    /// The loop for other threads.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Schedules a future as a task, also while the loop is not running.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn create_task<F: Future + 'static>(&self, future: F) -> Task<F::Output> {
        self.core().create_task(future)
    }

    /// Has `f` called in the next turn, after everything that is ready.
    ///
    /// A panic in it goes to the exception handler, and the loop goes on.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn call_soon(&self, f: impl FnOnce() + 'static) -> CallHandle {
        self.core().call_soon(f)
    }

    /// Has `f` called after `delay`, never earlier. Equal times are called in the order of the calls.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn call_later(&self, delay: Duration, f: impl FnOnce() + 'static) -> CallHandle {
        self.call_at(self.time() + delay, f)
    }

    /// Has `f` called at `when` on the loop's clock, never earlier; soon, if that is past.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn call_at(&self, when: Instant, f: impl FnOnce() + 'static) -> CallHandle {
        assert!(!self.is_closed(), "event loop is closed: make a new one");
        let core = self.core();
        let _reactor = core.park().enter();
        let timer = sleep_until(when);
        core.call_when(async move {
            timer.await;
            f();
        })
    }

    /// The loop's own thread pool: Python's `None` in `run_in_executor`. It starts with its first job.
    #[must_use]
    pub fn default_executor(&self) -> ThreadPoolExecutor {
        self.default_executor.get().clone()
    }

    /// Runs `f(args)` on an executor of threads or processes; it is submitted at the call.
    ///
    /// Several arguments are a tuple, none is `()`.
    ///
    /// # Examples
    /// ```
    /// # asyncio::run(async {
    /// let event_loop = asyncio::running_loop();
    /// let pool = event_loop.default_executor();
    /// let sum = event_loop.run_in_executor(&pool, |(a, b)| a + b, (1.5, 2.0)).await?;
    /// assert_eq!(sum, 3.5);
    /// # Ok::<(), asyncio::JobError>(())
    /// # }).unwrap();
    /// ```
    pub fn run_in_executor<E, F, A, R>(&self, executor: &E, f: F, args: A) -> E::Job
    where
        E: Executor<F, A, R>,
        F: FnOnce(A) -> R,
    {
        executor.submit(f, args)
    }

    /// Sets who is told of panics that nobody awaits; without one they go to standard error.
    pub fn set_exception_handler(&self, handler: impl Fn(&ExceptionContext) + 'static) {
        if let Some(core) = self.get() {
            core.set_exception_handler(Some(Rc::new(handler)));
        }
    }

    /// Sets who chooses the next task; `None` is first in, first out. It is for simulation.
    pub fn set_policy(&self, policy: Option<Box<dyn Policy>>) {
        self.core().set_policy(policy);
    }

    /// Asks every task to end, once, and waits until they have; then lets the default executor end, while the
    /// loop turns and serves the jobs that still run. Nothing takes longer than `limit` in all.
    ///
    /// What is left then, and what was created meanwhile, is for [`close`](Self::close) to drop.
    pub fn end(&self, limit: Duration) {
        let pool = self.default_executor.started();
        let core = self.core();
        if core.all_tasks().is_empty() && pool.is_none() {
            return;
        }
        let end = async {
            core.cancel_other_tasks().await;
            if let Some(pool) = pool {
                pool.begin_shutdown();
                poll_fn(|cx| pool.poll_ended(cx)).await;
            }
        };
        // A stopped run leaves the rest to `close` as well.
        let _ended = self.run_until_complete(async { timeout(limit, end).await });
    }

    /// Who is told on behalf of this loop, and of how many panics it was told.
    pub(crate) fn reporter(&self) -> Reporter {
        self.core().reporter()
    }

    /// The default executor, if it was ever used.
    pub(crate) fn started_executor(&self) -> Option<&ThreadPoolExecutor> {
        self.default_executor.started()
    }

    fn enter(&self) -> (Entered<Self>, Entered<LazyPool>) {
        let pool = asyncio_pool::current::enter(self.default_executor.clone());
        (Slot::enter(&CURRENT, self.to_weak()), pool)
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop")
            .field("is_running", &self.is_running())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

thread_local! {
    static CURRENT: Slot<EventLoop> = const { Slot::new() };
}

/// The loop that runs on this thread.
///
/// # Panics
/// If none does; see [`try_running_loop`].
///
/// # Examples
/// ```
/// asyncio::run(async {
///     assert!(asyncio::running_loop().is_running());
/// });
/// ```
#[must_use]
#[track_caller]
#[doc(alias = "get_running_loop")]
pub fn running_loop() -> EventLoop {
    let Some(event_loop) = try_running_loop() else {
        panic!(
            "no running event loop: call this inside `asyncio::run(async {{ .. }})`, \
             or take a `Handle` to the thread that needs one"
        )
    };
    event_loop
}

/// The loop that runs on this thread, if one does.
///
/// # Examples
/// ```
/// assert!(asyncio::try_running_loop().is_none());
/// ```
#[must_use]
pub fn try_running_loop() -> Option<EventLoop> {
    Slot::get(&CURRENT).filter(EventLoop::is_running)
}
