//! [`StartError`] and [`Rejected`]: what a pool says when it cannot take or run anything.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Why no worker process could be started.
///
/// A job that cannot run for this reason fails with a [`JobError`](crate::JobError) whose source
/// this is.
#[derive(Clone, Debug)]
pub struct StartError {
    phase: StartPhase,
    message: String,
    stderr_tail: String,
    source: Option<Arc<io::Error>>,
}

/// How far the start of a worker came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StartPhase {
    /// This program cannot have workers as it is; nothing was started.
    Entry,
    /// The system refused a process, or something that one needs.
    Launch,
    /// What was started did not turn out to be a worker of this program.
    Handshake,
    /// The initializer gave an error or panicked, or the worker died in it or took too long.
    Initializer,
}

impl StartError {
    pub(crate) fn new(phase: StartPhase, message: impl Into<String>) -> Self {
        Self { phase, message: message.into(), stderr_tail: String::new(), source: None }
    }

    pub(crate) fn launch(source: io::Error) -> Self {
        let source = Some(Arc::new(source));
        Self { source, ..Self::new(StartPhase::Launch, "the system refused a worker process") }
    }

    /// The system refused to start this program in this directory.
    pub(crate) fn launch_of(program: &Path, directory: Option<&Path>, source: io::Error) -> Self {
        let mut message = format!("the system refused a worker process, `{}`", program.display());
        if let Some(directory) = directory {
            let directory = directory.display();
            message.push_str(&format!(" in the directory `{directory}` of `current_dir`"));
        }
        message.push_str(match source.kind() {
            io::ErrorKind::ArgumentListTooLong => ", with the environment that it is to have",
            io::ErrorKind::InvalidInput => ", or a variable of `env`, or an argument",
            _ => "",
        });
        Self { message, ..Self::launch(source) }
    }

    pub(crate) fn with_stderr(mut self, tail: String) -> Self {
        self.stderr_tail = tail;
        self
    }

    /// How far the start came.
    #[must_use]
    pub fn phase(&self) -> StartPhase {
        self.phase
    }

    /// The last lines that the process wrote to standard error.
    #[must_use]
    pub fn stderr_tail(&self) -> &str {
        &self.stderr_tail
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        match self.stderr_tail.lines().last() {
            Some(line) => write!(f, "; last on its standard error: {line}"),
            None => Ok(()),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

/// A job that was not taken, with its arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rejected<A> {
    arguments: A,
    reason: Rejection,
}

/// Why a job was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// The queue has as many jobs as its bound allows.
    Full,
    /// The pool was shut down.
    ShutDown,
}

impl<A> Rejected<A> {
    pub(crate) fn new(arguments: A, reason: Rejection) -> Self {
        Self { arguments, reason }
    }

    /// Why it was not taken.
    #[must_use]
    pub fn reason(&self) -> Rejection {
        self.reason
    }

    /// The arguments, as they were.
    #[must_use]
    pub fn into_args(self) -> A {
        self.arguments
    }
}

impl<A> fmt::Debug for Rejected<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<A> fmt::Display for Rejected<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Rejection::Full => "the queue of the process pool is full",
            Rejection::ShutDown => "the process pool was shut down",
        })
    }
}

impl<A> Error for Rejected<A> {}
