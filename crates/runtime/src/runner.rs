//! [`run`] and [`Runner`]: a loop from its start to its end.

use crate::event_loop::{EventLoop, try_running_loop};
use asyncio_core::exception::{ExceptionContext, forget_payload};
use asyncio_core::stderr;
use asyncio_pool::current::LazyPool;
use asyncio_reactor::{Reactor, process_id};
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

/// How long the default thread pool may take to end.
const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs a future on a new event loop, and ends the loop.
///
/// At the end the main future is done; every other task is cancelled and awaited; the default thread
/// pool is given ten seconds ([`RunnerBuilder::shutdown_timeout`]), and jobs that are still running
/// then are named on standard error; the loop closes.
///
/// # Panics
/// With the panic of `future`; inside a running loop; if no loop can be made; if the loop is stopped
/// before the future is done.
///
/// # Examples
/// ```
/// let greeting = asyncio::run(async {
///     asyncio::sleep(std::time::Duration::from_millis(1)).await;
///     "Hello!"
/// });
/// assert_eq!(greeting, "Hello!");
/// ```
#[track_caller]
#[doc(alias = "block_on")]
pub fn run<F: Future>(future: F) -> F::Output {
    refuse_nesting();
    match Runner::builder().build() {
        Ok(mut runner) => runner.run(future),
        Err(error) => panic!("cannot make an event loop: {error}"),
    }
}

/// Several runs on one loop, which ends when the runner is dropped.
///
/// # Examples
/// ```
/// use asyncio::Runner;
///
/// # fn main() -> std::io::Result<()> {
/// let mut runner = Runner::builder().build()?;
/// let task = runner.run(async { asyncio::create_task(async { 7 }) });
/// assert_eq!(runner.run(task).unwrap(), 7);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Runner {
    event_loop: EventLoop,
    shutdown_timeout: Duration,
    fail_on_lost_panic: bool,
    /// The process that made it.
    process: u32,
}

impl Runner {
    /// A builder with the settings of [`run`].
    pub fn builder() -> RunnerBuilder {
        RunnerBuilder {
            shutdown_timeout: DEFAULT_SHUTDOWN_TIMEOUT,
            timer_slack: None,
            fail_on_lost_panic: false,
        }
    }

    /// The runner's loop.
    #[must_use]
    #[doc(alias = "get_loop")]
    pub fn event_loop(&self) -> &EventLoop {
        &self.event_loop
    }

    /// Runs a future to its end. Other tasks stay, and go on in the next run.
    ///
    /// # Panics
    /// With the panic of `future`; inside a running loop; if the loop is stopped before the future is
    /// done, or was closed.
    #[track_caller]
    pub fn run<F: Future>(&mut self, future: F) -> F::Output {
        refuse_nesting();
        match self.event_loop.run_until_complete(future) {
            Ok(output) => output,
            Err(stopped) => {
                panic!("{stopped}: `stop` and a cancelled main task belong to `EventLoop`")
            }
        }
    }

    /// Ends the loop as [`run`] does. Dropping the runner does the same.
    ///
    /// # Panics
    /// If a panic was reported that nobody had awaited, and the runner was told to
    /// [`fail_on_lost_panic`](RunnerBuilder::fail_on_lost_panic).
    #[track_caller]
    pub fn close(mut self) {
        self.end();
        if self.fail_on_lost_panic {
            let lost = self.event_loop.reporter().lost_panics();
            assert!(
                lost == 0,
                "{lost} panics that nobody awaited were reported while the loop ran"
            );
        }
    }

    fn end(&mut self) {
        // In the child of a fork neither the loop nor its threads are there.
        let is_elsewhere = process_id() != self.process;
        if is_elsewhere || self.event_loop.is_closed() || self.event_loop.is_running() {
            return;
        }
        self.event_loop.end(self.shutdown_timeout);
        if let Some(pool) = self.event_loop.started_executor() {
            name_abandoned(&pool.shutdown_within(Duration::ZERO), self.shutdown_timeout);
        }
        self.event_loop.close();
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if !thread::panicking() {
            return self.end();
        }
        // What has ended the run may end this one, too, and a second panic would abort the process.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.end())) {
            let context = ExceptionContext::new("the end of a run panicked", &*payload);
            self.event_loop.reporter().report(&context);
            forget_payload(payload);
        }
    }
}

/// Settings of a [`Runner`].
///
/// # Examples
/// ```
/// use asyncio::Runner;
/// use std::time::Duration;
///
/// # fn main() -> std::io::Result<()> {
/// let mut runner = Runner::builder().shutdown_timeout(Duration::from_secs(1)).build()?;
/// assert_eq!(runner.run(async { 1 }), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct RunnerBuilder {
    shutdown_timeout: Duration,
    timer_slack: Option<Duration>,
    fail_on_lost_panic: bool,
}

impl RunnerBuilder {
    /// How long the default thread pool may take to end; ten seconds if not set.
    ///
    /// Threads cannot be killed: jobs that are still running then are named on standard error and left.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// The shortest wait while timers come thick; see
    /// [`ReactorBuilder::timer_slack`](asyncio_reactor::ReactorBuilder::timer_slack).
    pub fn timer_slack(mut self, slack: Duration) -> Self {
        self.timer_slack = Some(slack);
        self
    }

    /// Whether [`Runner::close`] panics, and so fails the program, after a panic that nobody awaited;
    /// `false` if not set. Such panics are reported in any case.
    pub fn fail_on_lost_panic(mut self, fail: bool) -> Self {
        self.fail_on_lost_panic = fail;
        self
    }

    /// Makes the loop.
    ///
    /// # Errors
    /// If the system has no descriptors left.
    pub fn build(self) -> io::Result<Runner> {
        let mut reactor = Reactor::builder();
        if let Some(slack) = self.timer_slack {
            reactor = reactor.timer_slack(slack);
        }
        let event_loop = EventLoop::from_parts(reactor.build()?, LazyPool::default());
        let Self { shutdown_timeout, fail_on_lost_panic, .. } = self;
        Ok(Runner { event_loop, shutdown_timeout, fail_on_lost_panic, process: process_id() })
    }
}

#[track_caller]
fn refuse_nesting() {
    assert!(
        try_running_loop().is_none(),
        "`asyncio::run` cannot be called inside a running event loop: `.await` the future instead, \
         or create a task for it"
    );
}

/// The program is told which of its threads it leaves behind.
fn name_abandoned(jobs: &[asyncio_pool::AbandonedJob], timeout: Duration) {
    for job in jobs {
        stderr::print(&format!(
            "asyncio: job `{}` of the default executor is still running after {:.1?} \
             ({timeout:?} of them waited for at the end of the loop); its thread is left behind",
            job.job_name(),
            job.running_for(),
        ));
    }
}
