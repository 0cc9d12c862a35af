//! What a pool's builder was told.

use crate::process::function::Descriptor;
use crate::process::host::{Host, System};
use crate::process::sys::StderrRoute;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What happens to what workers write to standard error.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum StderrPolicy {
    /// Each line is written to this process's standard error with the worker's number in front; errors
    /// carry the last lines.
    #[default]
    Forward,
    /// Only errors carry the last lines.
    Capture,
    /// Workers write to this process's standard error themselves, and errors carry nothing.
    Inherit,
    /// Nobody sees it.
    Discard,
}

impl StderrPolicy {
    pub(crate) fn route(self) -> StderrRoute {
        match self {
            Self::Forward | Self::Capture => StderrRoute::Captured,
            Self::Inherit => StderrRoute::Inherited,
            Self::Discard => StderrRoute::Discarded,
        }
    }
}

/// What is called in each new worker before its first job.
#[derive(Clone, Debug)]
pub(crate) struct Initializer {
    pub(crate) descriptor: &'static Descriptor,
    pub(crate) arguments: Vec<u8>,
}

/// What a pool's builder was told.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) workers: usize,
    /// How many jobs may wait.
    pub(crate) queue_bound: usize,
    pub(crate) initializer: Option<Initializer>,
    pub(crate) max_tasks_per_child: Option<u64>,
    /// Above so many bytes in memory a worker is replaced after its job.
    pub(crate) max_memory_per_child: Option<u64>,
    pub(crate) memory_limit: Option<u64>,
    pub(crate) cpu_limit: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    /// How long a worker may take from its start to its first word.
    pub(crate) start_timeout: Duration,
    pub(crate) nice: i32,
    pub(crate) stderr: StderrPolicy,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) inherits_environment: bool,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) kills_children: bool,
    pub(crate) stack: usize,
    pub(crate) backtraces: bool,
    /// Program and arguments, if the executable cannot be a worker itself.
    pub(crate) command: Option<(PathBuf, Vec<OsString>)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: Arc::new(System),
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            queue_bound: 1024,
            initializer: None,
            max_tasks_per_child: None,
            max_memory_per_child: None,
            memory_limit: None,
            cpu_limit: None,
            idle_timeout: None,
            start_timeout: Duration::from_secs(30),
            nice: 0,
            stderr: StderrPolicy::default(),
            environment: Vec::new(),
            inherits_environment: true,
            directory: None,
            kills_children: false,
            stack: 8 << 20,
            backtraces: true,
            command: None,
        }
    }
}
