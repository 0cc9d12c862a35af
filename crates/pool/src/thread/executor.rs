//! [`ThreadPoolExecutor`]: Python's `concurrent.futures.ThreadPoolExecutor`, and its builder.

use crate::job::Executor;
use crate::shutdown::Shutdown;
use crate::thread::job::{ThreadJob, job};
use crate::thread::shutdown::{self, AbandonedJob};
use crate::thread::worker::{Settings, Shared, offer};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

const KEEP_ALIVE: Duration = Duration::from_secs(10);
const THREAD_NAME: &str = "asyncio-pool";

/// Runs functions on threads.
///
/// Threads are started when jobs need them, up to a maximum, and all but one end when they have had
/// nothing to do for a while. Jobs start in the order of their submission. The queue is **unbounded**: a program
/// that submits faster than its threads work should wait for results before it submits more.
///
/// A clone is another handle of the same pool. When the last one is dropped the pool takes no more jobs;
/// those that wait still run, as long as somebody holds their futures, and then its threads end. Nobody
/// waits for that: use [`shutdown`](Self::shutdown).
///
/// # Examples
/// ```
/// # asyncio::run(async {
/// use asyncio::ThreadPoolExecutor;
///
/// let pool = ThreadPoolExecutor::new(4);
/// let words = vec!["to", "be", "or", "not"];
/// let longest = pool.submit(|words: Vec<&str>| words.iter().map(|word| word.len()).max(), words);
/// assert_eq!(longest.await?, Some(3));
/// # Ok::<(), asyncio::JobError>(())
/// # }).unwrap();
/// ```
#[doc(alias = "ThreadPool")]
#[derive(Clone)]
pub struct ThreadPoolExecutor {
    handle: Arc<Handle>,
}

/// What the clones share; dropped with the last of them.
struct Handle {
    shared: Arc<Shared>,
}

impl ThreadPoolExecutor {
    /// A pool of at most `max_workers` threads. None is started yet.
    ///
    /// # Panics
    /// If `max_workers` is zero.
    #[must_use]
    #[track_caller]
    pub fn new(max_workers: usize) -> Self {
        Self::builder().max_workers(max_workers).build()
    }

    /// A builder with the defaults of [`ThreadPoolBuilder`].
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder::default()
    }

    /// Submits the call `f(args)`; it is queued when this returns, awaited or not.
    ///
    /// Several arguments are a tuple, none is `()`. The result is an error if `f` panics, if the pool
    /// was shut down ([`JobError::is_shut_down`]), or if the system refuses the pool its first thread or
    /// the initializer panics ([`JobError::is_not_started`]).
    ///
    /// [`JobError::is_shut_down`]: crate::JobError::is_shut_down
    /// [`JobError::is_not_started`]: crate::JobError::is_not_started
    ///
    /// # Examples
    /// The types of a closure are those of its arguments, and it may capture what can cross threads:
    /// ```
    /// # let pool = asyncio::ThreadPoolExecutor::new(1);
    /// # let (sender, receiver) = std::sync::mpsc::channel();
    /// let job = pool.submit(move |(a, b)| sender.send(a + b), (1.5, 2.0));
    /// assert_eq!(receiver.recv(), Ok(3.5));
    /// # futures::executor::block_on(job).unwrap().unwrap();
    /// ```
    /// What cannot cross threads is refused:
    /// ```compile_fail,E0277
    /// # let pool = asyncio::ThreadPoolExecutor::new(1);
    /// let counted = std::rc::Rc::new(1);
    /// let job = pool.submit(move |()| *counted, ());
    /// ```
    /// and so is what does not live as long as the job; [`scope`](Self::scope) is for that:
    /// ```compile_fail,E0373
    /// # let pool = asyncio::ThreadPoolExecutor::new(1);
    /// let local = vec![1, 2, 3];
    /// let job = pool.submit(|()| local.len(), ());
    /// ```
    #[doc(alias = "spawn_blocking")]
    #[doc(alias = "run_in_executor")]
    pub fn submit<F, A, R>(&self, f: F, args: A) -> ThreadJob<R>
    where
        F: FnOnce(A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        self.submit_as::<F, F, A, R>(f, args)
    }

    /// Submits a call under the name of the type `N`.
    pub(crate) fn submit_as<N, F, A, R>(&self, f: F, args: A) -> ThreadJob<R>
    where
        N: 'static,
        F: FnOnce(A) -> R + Send + 'static,
        A: Send + 'static,
        R: Send + 'static,
    {
        let (job, future) = job::<N, F, A, R>(f, args);
        if let Err((job, why)) = offer(&self.handle.shared, job) {
            job.refuse(why);
        }
        future
    }

    /// What the handles and the workers share.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    /// The most threads this pool has at a time.
    #[must_use]
    pub fn max_workers(&self) -> usize {
        self.handle.shared.settings.max_workers
    }

    /// How many threads it has now.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.handle.shared.queue.lock().alive()
    }

    /// How many of them have nothing to do.
    #[must_use]
    pub fn idle_workers(&self) -> usize {
        self.handle.shared.queue.lock().idle()
    }

    /// How many jobs wait for a thread; jobs that were taken back may be among them for a while.
    #[must_use]
    pub fn waiting_jobs(&self) -> usize {
        self.handle.shared.queue.lock().waiting()
    }

    /// Whether it takes no more jobs.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        self.handle.shared.queue.lock().refusal().is_some()
    }

    /// Ends the pool: jobs submitted from now on are refused.
    ///
    /// It may be called again, and with another argument: what was to be drained can be cancelled.
    ///
    /// # Panics
    /// If one of the pool's own jobs calls it to wait for the pool, which would be for itself.
    ///
    /// # Blocking
    /// With [`Shutdown::Drain`] and [`Shutdown::CancelPending`] until the last thread has ended, without
    /// limit: see [`shutdown_within`](Self::shutdown_within). With [`Shutdown::Now`] not at all.
    ///
    /// # Examples
    /// ```
    /// use asyncio::{Shutdown, ThreadPoolExecutor};
    ///
    /// let pool = ThreadPoolExecutor::new(1);
    /// let job = pool.submit(|()| "ran", ());
    /// pool.shutdown(Shutdown::Drain);
    /// assert!(job.is_finished());
    /// ```
    #[track_caller]
    pub fn shutdown(&self, how: Shutdown) {
        let shared = &self.handle.shared;
        shutdown::close(shared, how != Shutdown::Drain);
        if how != Shutdown::Now {
            // Without a limit nothing is left.
            drop(shutdown::wait(shared, None));
        }
    }

    /// Begins to end the pool like [`Shutdown::Drain`], without waiting: it takes no more jobs.
    ///
    /// [`poll_ended`](Self::poll_ended) says when what it had has run.
    pub fn begin_shutdown(&self) {
        shutdown::close(&self.handle.shared, false);
    }

    /// Whether the pool was shut down and all its threads have ended; wakes the task when one has.
    ///
    /// # Examples
    /// ```
    /// use asyncio::ThreadPoolExecutor;
    /// use std::future::poll_fn;
    ///
    /// let pool = ThreadPoolExecutor::new(1);
    /// let job = pool.submit(|()| "ran", ());
    /// pool.begin_shutdown();
    /// futures::executor::block_on(poll_fn(|cx| pool.poll_ended(cx)));
    /// assert!(job.is_finished());
    /// ```
    pub fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<()> {
        shutdown::poll_ended(&self.handle.shared, cx.waker().clone())
    }

    /// Ends the pool like [`Shutdown::Drain`], but waits no longer than `grace`.
    ///
    /// Then the jobs that still wait are cancelled, and those that still run are given back by name:
    /// threads cannot be killed, so they go on, and end with the process at the latest.
    /// To give up what waits at once, call [`shutdown(Shutdown::Now)`](Self::shutdown) before.
    ///
    /// # Panics
    /// If one of the pool's own jobs calls it.
    ///
    /// # Blocking
    /// At most for `grace`, and a moment for the thread-locals of threads that have ended.
    #[track_caller]
    pub fn shutdown_within(&self, grace: Duration) -> Vec<AbandonedJob> {
        let shared = &self.handle.shared;
        shutdown::close(shared, false);
        shutdown::wait(shared, Some(grace))
    }
}

impl Default for ThreadPoolExecutor {
    /// A pool of at most `min(32, processors + 4)` threads, like Python's.
    fn default() -> Self {
        Self::builder().build()
    }
}

impl<F, A, R> Executor<F, A, R> for ThreadPoolExecutor
where
    F: FnOnce(A) -> R + Send + 'static,
    A: Send + 'static,
    R: Send + 'static,
{
    type Job = ThreadJob<R>;

    fn submit(&self, f: F, args: A) -> ThreadJob<R> {
        self.submit(f, args)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        shutdown::close(&self.shared, false);
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.handle.shared.queue.lock();
        f.debug_struct("ThreadPoolExecutor")
            .field("max_workers", &self.handle.shared.settings.max_workers)
            .field("workers", &queue.alive())
            .field("waiting", &queue.waiting())
            .finish_non_exhaustive()
    }
}

/// How a [`ThreadPoolExecutor`] is to be.
///
/// # Examples
/// ```
/// use asyncio::ThreadPoolExecutor;
/// use std::time::Duration;
///
/// let pool = ThreadPoolExecutor::builder()
///     .max_workers(2)
///     .keep_alive(Duration::from_secs(1))
///     .thread_name("resolver")
///     .build();
/// let job = pool.submit(|()| std::thread::current().name().map(str::to_owned), ());
/// assert_eq!(futures::executor::block_on(job).unwrap().unwrap(), "resolver-0");
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing before `build`"]
pub struct ThreadPoolBuilder {
    settings: Settings,
}

impl ThreadPoolBuilder {
    /// At most so many threads; the default is `min(32, processors + 4)`, like Python's.
    ///
    /// # Panics
    /// If `max_workers` is zero.
    #[track_caller]
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        assert!(max_workers > 0, "a thread pool of no threads would never run a job");
        self.settings.max_workers = max_workers;
        self
    }

    /// How long a thread waits for a job before it ends; the default is ten seconds.
    ///
    /// The last one stays as long as the pool: so a pool in steady use arms no timer for each job.
    pub fn keep_alive(mut self, keep_alive: Duration) -> Self {
        self.settings.keep_alive = keep_alive;
        self
    }

    /// The threads are called `prefix-0`, `prefix-1` and so on; the default is `asyncio-pool`.
    ///
    /// # Panics
    /// If `prefix` contains a zero byte, which no thread's name can.
    #[track_caller]
    #[doc(alias = "thread_name_prefix")]
    pub fn thread_name(mut self, prefix: impl Into<String>) -> Self {
        self.settings.thread_name = prefix.into();
        assert!(
            !self.settings.thread_name.contains('\0'),
            "the name of a thread cannot contain a zero byte"
        );
        self
    }

    /// Runs `initializer` on each new thread before its first job.
    ///
    /// If it panics the pool is broken, as in Python: what waits and what is submitted later resolves to
    /// an error that says so, and only jobs that already run on other threads come to their end.
    pub fn initializer(mut self, initializer: impl Fn() + Send + Sync + 'static) -> Self {
        self.settings.initializer = Some(Arc::new(initializer));
        self
    }

    /// The pool. No thread is started before its first job, so this cannot fail.
    #[must_use]
    pub fn build(self) -> ThreadPoolExecutor {
        ThreadPoolExecutor { handle: Arc::new(Handle { shared: Shared::new(self.settings) }) }
    }
}

impl Default for ThreadPoolBuilder {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let settings = Settings {
            max_workers: (processors + 4).min(32),
            keep_alive: KEEP_ALIVE,
            thread_name: THREAD_NAME.to_owned(),
            initializer: None,
        };
        Self { settings }
    }
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("max_workers", &self.settings.max_workers)
            .field("keep_alive", &self.settings.keep_alive)
            .field("thread_name", &self.settings.thread_name)
            .field("initializer", &self.settings.initializer.is_some())
            .finish()
    }
}
