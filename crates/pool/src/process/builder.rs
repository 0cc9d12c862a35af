//! [`ProcessPoolBuilder`]: how a pool is to be.

use crate::process::codec::Codec;
use crate::process::drive::{Pool, block_on};
use crate::process::entry::{Hindrance, hindrance};
use crate::process::error::{StartError, StartPhase};
use crate::process::executor::ProcessPoolExecutor;
use crate::process::function::{InitializerResult, Nameable, describe_initializer};
use crate::process::messagepack::MessagePack;
use crate::process::settings::{Initializer, Settings, StderrPolicy};
use crate::process::shared::Shared;
use crate::process::wire::payload;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsString;
use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

/// How a [`ProcessPoolExecutor`] is to be.
///
/// # Examples
/// ```
/// use asyncio::pool::ProcessPoolExecutor;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = ProcessPoolExecutor::builder()
///     .workers(2)
///     .memory_limit(256 << 20)
///     .max_tasks_per_child(1000)
///     .idle_timeout(Duration::from_secs(60))
///     .build()?;
/// assert_eq!(pool.run_blocking(|text: String| text.len(), "seven".to_owned())?, 5);
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing before `build`"]
pub struct ProcessPoolBuilder<C = MessagePack> {
    settings: Settings,
    /// The arguments of the initializer cannot be sent, for this reason.
    broken: Option<StartError>,
    prestart: bool,
    codec: PhantomData<fn() -> C>,
}

impl ProcessPoolExecutor {
    /// A pool with as many processes as there are processors. None is started yet.
    ///
    /// # Errors
    /// If this program cannot have workers as it is; if the system has no descriptors left.
    pub fn new() -> Result<Self, StartError> {
        Self::builder().build()
    }

    /// A builder with the defaults of [`ProcessPoolBuilder`].
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder::default()
    }
}

impl Default for ProcessPoolBuilder {
    fn default() -> Self {
        Self { settings: Settings::default(), broken: None, prestart: false, codec: PhantomData }
    }
}

impl<C: Codec> ProcessPoolBuilder<C> {
    /// At most so many processes; the default is one for each processor. Each is started when a job
    /// finds no other with nothing to do.
    ///
    /// # Panics
    /// If `workers` is zero.
    #[track_caller]
    #[doc(alias = "max_workers")]
    pub fn workers(mut self, workers: usize) -> Self {
        assert!(workers > 0, "a process pool of no processes would never run a job");
        self.settings.workers = workers;
        self
    }

    /// How many jobs may wait for a process before `run` waits and `try_run` refuses; the default is
    /// 1024.
    ///
    /// # Panics
    /// If `jobs` is zero.
    #[track_caller]
    pub fn queue_bound(mut self, jobs: usize) -> Self {
        assert!(jobs > 0, "a queue that holds nothing would never pass a job on");
        self.settings.queue_bound = jobs;
        self
    }

    /// Calls `function(arguments)` in each new process before its first job. It gives `()` or a `Result`.
    ///
    /// If it gives an error, panics, or the process dies in it, what waits fails with a [`StartError`] that
    /// says so, and the next job tries anew.
    pub fn initializer<F, A, R>(mut self, function: F, arguments: A) -> Self
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned + 'static,
        R: InitializerResult,
    {
        let () = Nameable::<F>::IS_SO;
        let descriptor = describe_initializer::<C, F, A, R>(&function);
        match payload::encode::<C, A>(arguments) {
            Ok(arguments) => {
                self.settings.initializer = Some(Initializer { descriptor, arguments })
            }
            Err(error) => {
                let why = format!("the arguments of the initializer cannot be sent: {error}");
                self.broken = Some(StartError::new(StartPhase::Initializer, why));
            }
        }
        self
    }

    /// Replaces a process after so many jobs: for code that leaks.
    ///
    /// # Panics
    /// If `tasks` is zero.
    #[track_caller]
    pub fn max_tasks_per_child(mut self, tasks: u64) -> Self {
        assert!(tasks > 0, "a process that may run no job is of no use");
        self.settings.max_tasks_per_child = Some(tasks);
        self
    }

    /// Replaces a process after a job if it has more than so many bytes in memory then.
    pub fn max_memory_per_child(mut self, bytes: u64) -> Self {
        self.settings.max_memory_per_child = Some(bytes);
        self
    }

    /// How many bytes jobs may allocate in one process; an allocation beyond it fails, which usually
    /// means that the job dies of it ([`WorkerExitCause::OutOfMemory`]).
    ///
    /// It counts private writable memory (`RLIMIT_DATA`, getrlimit(2)) on top of an idle process.
    ///
    /// [`WorkerExitCause::OutOfMemory`]: crate::WorkerExitCause::OutOfMemory
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.settings.memory_limit = Some(bytes);
        self
    }

    /// How much processor time one job may use, in whole seconds, rounded up; beyond it the job dies
    /// ([`WorkerExitCause::CpuLimit`]).
    ///
    /// [`WorkerExitCause::CpuLimit`]: crate::WorkerExitCause::CpuLimit
    pub fn cpu_limit(mut self, limit: Duration) -> Self {
        self.settings.cpu_limit = Some(limit);
        self
    }

    /// Ends a process that has had nothing to do for so long; by default they stay.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.settings.idle_timeout = Some(timeout);
        self
    }

    /// How long a process may take to start, its initializer included; the default is 30 seconds.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.settings.start_timeout = timeout;
        self
    }

    /// How much nicer than this process the workers are, nice(2); the default is not at all.
    pub fn nice(mut self, nice: i32) -> Self {
        self.settings.nice = nice;
        self
    }

    /// What happens to what jobs write to standard error; see [`StderrPolicy`].
    ///
    /// Standard output is this process's own, as in Python.
    pub fn stderr(mut self, policy: StderrPolicy) -> Self {
        self.settings.stderr = policy;
        self
    }

    /// Sets a variable in the environment of the workers.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.settings.environment.push((name.into(), value.into()));
        self
    }

    /// Workers inherit no variable of the environment; those that were set here remain.
    pub fn env_clear(mut self) -> Self {
        self.settings.inherits_environment = false;
        self
    }

    /// The working directory of the workers; by default they start in this process's.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.settings.directory = Some(directory.into());
        self
    }

    /// Whether a worker's own children end with it; the default is no.
    ///
    /// Then each worker leads a process group; children that leave it escape.
    pub fn kill_children(mut self, kill: bool) -> Self {
        self.settings.kills_children = kill;
        self
    }

    /// The stack of the thread that runs jobs, in bytes; the default is 8 MiB.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.settings.stack = bytes;
        self
    }

    /// Whether the errors of jobs that panicked have a backtrace; the default is yes. The first one in
    /// each process takes tens of milliseconds.
    pub fn backtraces(mut self, backtraces: bool) -> Self {
        self.settings.backtraces = backtraces;
        self
    }

    /// Starts this program instead of the executable of this process: for hosts that are not the program
    /// which holds the functions, an interpreter for instance. It must call [`init`](crate::process::init)
    /// first of all and be the same build.
    pub fn worker_command<S: Into<OsString>>(
        mut self,
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        self.settings.command = Some((program.into(), arguments));
        self
    }

    /// Starts all processes at once, and has [`build`](Self::build) wait until they are ready: so what is
    /// wrong with them is known before there is work. By default they are started by jobs.
    pub fn prestart(mut self, prestart: bool) -> Self {
        self.prestart = prestart;
        self
    }

    /// Another codec for what crosses to the workers and back. Set before the initializer.
    ///
    /// # Panics
    /// If the initializer was set: its arguments are written already.
    #[track_caller]
    pub fn codec<D: Codec>(self) -> ProcessPoolBuilder<D> {
        assert!(
            self.settings.initializer.is_none() && self.broken.is_none(),
            "set the codec before the initializer, whose arguments it writes"
        );
        let Self { settings, broken, prestart, .. } = self;
        ProcessPoolBuilder { settings, broken, prestart, codec: PhantomData }
    }

    #[cfg(test)]
    pub(crate) fn host(mut self, host: std::sync::Arc<dyn crate::process::host::Host>) -> Self {
        self.settings.host = host;
        self
    }

    /// The pool.
    ///
    /// # Errors
    /// If this program cannot have workers as it is; if the system has no descriptors left; with
    /// [`prestart`](Self::prestart), if the workers cannot be started.
    ///
    /// # Blocking
    /// With [`prestart`](Self::prestart), until the workers are ready.
    pub fn build(self) -> Result<ProcessPoolExecutor<C>, StartError> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let is_own = self.settings.command.is_none();
        match hindrance() {
            Some(Hindrance::NoEntry) if !is_own => {}
            Some(hindrance) => return Err(StartError::new(StartPhase::Entry, advice(hindrance))),
            None => {}
        }
        let shared = Shared::new(self.settings).map_err(StartError::launch)?;
        let pool = ProcessPoolExecutor::new_over(Pool::new(shared));
        if self.prestart {
            block_on(pool.pool(), pool.ready()).map_err(StartError::launch)??;
            pool.pool().leave();
        }
        Ok(pool)
    }
}

fn advice(hindrance: Hindrance) -> &'static str {
    match hindrance {
        Hindrance::NoEntry => {
            "the process pool is not part of the executable of this process, so that copies of it \
             would not become workers: call `asyncio_pool::process::init()` first in `main`, or name a \
             program that does by `builder().worker_command()`"
        }
        Hindrance::IsFailedWorker => {
            "this process was started to be a worker and did not become one: call \
             `asyncio_pool::process::init()` first in its `main`"
        }
        Hindrance::TooDeep => {
            "workers make pools whose workers make pools, and so on: is a pool made by a \
             constructor or an initializer?"
        }
    }
}

impl<C> fmt::Debug for ProcessPoolBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
