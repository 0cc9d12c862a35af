//! [`ProcessPoolExecutor`]: Python's `concurrent.futures.ProcessPoolExecutor`.

use crate::job::{Executor, JobError};
use crate::process::cell::Treatment;
use crate::process::closing::Closing;
use crate::process::codec::Codec;
use crate::process::drive::Pool;
use crate::process::error::{Rejected, StartError};
use crate::process::function::Nameable;
use crate::process::job::Job;
use crate::process::job_builder::JobBuilder;
use crate::process::map::Map;
use crate::process::messagepack::MessagePack;
use crate::process::order::Order;
use crate::process::run::Run;
use crate::shutdown::Shutdown;
use futures_util::stream::{Iter, Stream};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::sync::Arc;

/// Runs functions in processes of this same program.
///
/// Any `fn(A) -> R`, or closure that captures nothing, whose argument and result are serializable, can be
/// called; nothing has to be registered and `main` needs nothing special. A job that crashes, never ends or
/// eats all memory costs itself and its process, which is replaced: its future gives a [`JobError`] that
/// says why, and no other job notices.
///
/// Processes are started when jobs need them. Several arguments are a tuple, none is `()`. Statics start
/// fresh in each process: what `main` has set up there is not there; an
/// [`initializer`](crate::process::ProcessPoolBuilder::initializer) can do it.
///
/// A clone is another handle of the same pool. When the last one is dropped the processes are killed, what
/// waits fails with [`JobError::is_shut_down`], and nothing is left behind: use
/// [`shutdown`](Self::shutdown) for a soft end.
///
/// # Examples
/// ```
/// use asyncio::ProcessPoolExecutor;
///
/// fn fib(n: u64) -> u64 {
///     if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
/// }
///
/// fn crash(_: ()) {
///     std::process::abort();
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # asyncio::run(async {
/// let pool = ProcessPoolExecutor::new()?;
/// assert_eq!(pool.run(fib, 20).await?, 6765);
/// assert_eq!(pool.run(|(a, b)| a + b, (1.5, 2.0)).await?, 3.5);
///
/// let error = pool.run(crash, ()).await.unwrap_err();
/// assert_eq!(error.signal(), Some(6));
/// # Ok(())
/// # })
/// # }
/// ```
///
/// What captures something does not compile:
/// ```compile_fail,E0080
/// # let pool = asyncio::ProcessPoolExecutor::new().unwrap();
/// let factor = 3_u64;
/// pool.run_blocking(move |n: u64| n * factor, 14).unwrap();
/// ```
#[doc(alias = "ProcessPool")]
pub struct ProcessPoolExecutor<C = MessagePack> {
    handle: Arc<Handle>,
    codec: PhantomData<fn() -> C>,
}

/// What the clones share; dropped with the last of them.
struct Handle {
    pool: Pool,
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.pool.is_home() {
            return;
        }
        self.pool.with(|engine| engine.shut_down(Shutdown::Now));
        self.pool.bury();
        self.pool.dismiss_all();
    }
}

impl<C> Clone for ProcessPoolExecutor<C> {
    fn clone(&self) -> Self {
        Self { handle: Arc::clone(&self.handle), codec: PhantomData }
    }
}

impl<C: Codec> ProcessPoolExecutor<C> {
    pub(crate) fn new_over(pool: Pool) -> Self {
        Self { handle: Arc::new(Handle { pool }), codec: PhantomData }
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.handle.pool
    }

    /// Waits until all processes are ready; starts those that are missing.
    pub(crate) fn ready(&self) -> impl Future<Output = Result<(), StartError>> {
        let pool = self.pool().clone();
        poll_fn(move |_| pool.with(|engine| engine.start_all()))
    }

    /// Calls `function(arguments)` in a process.
    ///
    /// If the queue is full the call waits for room. Nothing happens before the future is polled; see
    /// [`Run`] for what happens when it is dropped.
    ///
    /// # Errors
    /// A [`JobError`] if the function panics, if its process dies or cannot be started, if the arguments
    /// or the result cannot be sent, if the pool is shut down.
    pub fn run<F, A, R>(&self, function: F, arguments: A) -> Run<A, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + DeserializeOwned + 'static,
    {
        let () = Nameable::<F>::IS_SO;
        self.job(function).run(arguments)
    }

    /// Queues a call if there is room for it now.
    ///
    /// # Errors
    /// Gives the arguments back if the queue is full or the pool is shut down.
    pub fn try_run<F, A, R>(&self, function: F, arguments: A) -> Result<Job<R>, Rejected<A>>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + DeserializeOwned + 'static,
    {
        let () = Nameable::<F>::IS_SO;
        self.job(function).try_run(arguments)
    }

    /// Calls `function(arguments)` in a process and waits for the result, without any event loop.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    ///
    /// # Blocking
    /// Until the result is there.
    pub fn run_blocking<F, A, R>(&self, function: F, arguments: A) -> Result<R, JobError>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + DeserializeOwned + 'static,
    {
        let () = Nameable::<F>::IS_SO;
        self.job(function).run_blocking(arguments)
    }

    /// Queues a call, room or not: the queue's bound does not hold for this function, nor for
    /// `run_in_executor`, which is the same.
    pub fn submit<F, A, R>(&self, function: F, arguments: A) -> Job<R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + DeserializeOwned + 'static,
    {
        let () = Nameable::<F>::IS_SO;
        self.job(function).submit(arguments)
    }

    /// A call with more to say about it: a timeout, a priority, retries.
    ///
    /// # Examples
    /// ```
    /// use asyncio::pool::Priority;
    /// use std::time::Duration;
    ///
    /// fn spin(forever: bool) -> u32 {
    ///     while forever { std::hint::spin_loop() }
    ///     7
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = asyncio::ProcessPoolExecutor::new()?;
    /// let job = pool.job(spin).timeout(Duration::from_millis(20)).priority(Priority::High);
    /// assert!(job.run_blocking(true).unwrap_err().is_timed_out());
    /// assert_eq!(pool.run_blocking(spin, false)?, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub fn job<F, A, R>(&self, function: F) -> JobBuilder<A, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + DeserializeOwned + 'static,
    {
        let () = Nameable::<F>::IS_SO;
        let order = Order::new::<C, F>(&function, Treatment::default());
        JobBuilder::new(self.pool().clone(), order)
    }

    /// Calls `function` with each of `items`, as a stream of results.
    ///
    /// # Examples
    /// ```
    /// use futures::StreamExt;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # asyncio::run(async {
    /// let pool = asyncio::ProcessPoolExecutor::new()?;
    /// let squares: Vec<u64> = pool.map(|n: u64| n * n, 0..100).map(Result::unwrap).collect().await;
    /// assert_eq!(squares[99], 9801);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn map<F, I, A, R>(&self, function: F, items: I) -> Map<Iter<I::IntoIter>, A, R>
    where
        I: IntoIterator<Item = A>,
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + DeserializeOwned + 'static,
    {
        let () = Nameable::<F>::IS_SO;
        let order = Order::new::<C, F>(&function, Treatment::default());
        Map::over_iterator(self.pool().clone(), order, items.into_iter())
    }

    /// Calls `function` with each item of a stream, as a stream of results.
    pub fn map_stream<F, S, A, R>(&self, function: F, items: S) -> Map<S, A, R>
    where
        S: Stream<Item = A>,
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + DeserializeOwned + 'static,
    {
        let () = Nameable::<F>::IS_SO;
        let order = Order::new::<C, F>(&function, Treatment::default());
        Map::over_stream(self.pool().clone(), order, items)
    }

    /// Ends the pool: no more jobs are taken, and what becomes of the others is up to `how`.
    ///
    /// Await the result, or drop it to block until the end. A second call can only be harsher.
    /// Calls that still wait for room in the queue were not taken yet and are refused, and so are items
    /// that a [`map`](Self::map) has not taken from its iterator. A process that was told to end and does
    /// not, for its exit handlers hang, is killed after five seconds.
    ///
    /// # Examples
    /// ```
    /// use asyncio::{ProcessPoolExecutor, Shutdown};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ProcessPoolExecutor::new()?;
    /// let job = pool.submit(|n: u32| n + 1, 1);
    /// pool.shutdown(Shutdown::Drain);
    /// assert!(job.is_finished());
    /// assert!(pool.run_blocking(|n: u32| n, 1).unwrap_err().is_shut_down());
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> Closing {
        self.pool().assert_home();
        self.pool().with(|engine| engine.shut_down(how));
        Closing::new(self.pool().clone())
    }

    /// The most processes that this pool has at a time.
    #[must_use]
    pub fn max_workers(&self) -> usize {
        self.pool().look(|engine| engine.settings.workers)
    }

    /// How many processes it has now.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.pool().look(|engine| engine.active())
    }

    /// How many of them have nothing to do.
    #[must_use]
    pub fn idle_workers(&self) -> usize {
        self.pool().look(|engine| engine.idle())
    }

    /// How many jobs wait for a process.
    #[must_use]
    pub fn waiting_jobs(&self) -> usize {
        self.pool().look(|engine| engine.waiting())
    }

    /// How many processes it has started in its life.
    #[must_use]
    pub fn started_workers(&self) -> u64 {
        self.pool().look(|engine| engine.started())
    }

    /// The numbers of its processes; some may be about to end.
    #[must_use]
    pub fn worker_ids(&self) -> Vec<u32> {
        self.pool().look(|engine| engine.processes())
    }
}

impl<C, F, A, R> Executor<F, A, R> for ProcessPoolExecutor<C>
where
    C: Codec,
    F: Fn(A) -> R + Copy + Send + 'static,
    A: Serialize + DeserializeOwned + 'static,
    R: Serialize + DeserializeOwned + 'static,
{
    type Job = Job<R>;

    fn submit(&self, function: F, arguments: A) -> Job<R> {
        self.submit(function, arguments)
    }
}

impl<C: Codec> fmt::Debug for ProcessPoolExecutor<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolExecutor")
            .field("max_workers", &self.max_workers())
            .field("workers", &self.workers())
            .field("waiting", &self.waiting_jobs())
            .finish_non_exhaustive()
    }
}
