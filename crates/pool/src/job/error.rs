//! [`JobError`]: why a job of an executor gave no result.

use super::worker_exit::{WorkerExit, WorkerExitCause};
use asyncio_core::caught_panic::CaughtPanic;
use asyncio_core::exception::ExceptionContext;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why a job on a thread or in a process gave no result.
///
/// The error of a job that panicked on a thread has to be looked at, by any of its methods or by printing it:
/// one that is dropped unseen is reported to the exception handler.
///
/// # Examples
/// ```
/// # use asyncio::JobError;
/// let error = JobError::panicked("parse", Box::new("bad magic"));
/// assert!(error.is_panicked());
/// assert_eq!(error.to_string(), "job `parse` panicked: bad magic");
/// ```
pub struct JobError {
    // One thin pointer: a `Result<u64, JobError>` stays two words.
    inner: Box<Inner>,
}

struct Inner {
    job: String,
    cause: Cause,
    stderr_tail: String,
}

enum Cause {
    /// On a thread of this process. It is reported if nobody looks at it.
    Panicked(CaughtPanic),
    /// In another process, whose standard error has told of it already.
    PanickedElsewhere {
        message: String,
        location: Option<String>,
        backtrace: Option<String>,
    },
    WorkerExited(WorkerExit),
    TimedOut,
    Cancelled,
    ShutDown {
        /// Whether it had begun.
        midway: bool,
    },
    NotStarted(Arc<dyn Error + Send + Sync>),
    Encode {
        type_name: &'static str,
        source: Arc<dyn Error + Send + Sync>,
    },
    Decode {
        type_name: &'static str,
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl JobError {
    /// The job panicked with this payload.
    #[must_use]
    pub fn panicked(job: impl Into<String>, payload: Box<dyn Any + Send>) -> Self {
        let job = job.into();
        let message = format!("job `{job}` panicked and nobody awaited it");
        let context = ExceptionContext::new(message, &*payload);
        Self::new(job, Cause::Panicked(CaughtPanic::new(payload, context)))
    }

    /// The job panicked in another process, which has told of it.
    ///
    /// `location` is `file:line:column`; an empty `location` or `backtrace` is none.
    #[must_use]
    pub fn panicked_elsewhere(
        job: impl Into<String>,
        message: impl Into<String>,
        location: impl Into<String>,
        backtrace: impl Into<String>,
    ) -> Self {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let (location, backtrace) = (some(location.into()), some(backtrace.into()));
        let message = message.into();
        Self::new(job, Cause::PanickedElsewhere { message, location, backtrace })
    }

    /// The process that ran the job died.
    #[must_use]
    pub fn worker_exited(
        job: impl Into<String>,
        exit: WorkerExit,
        stderr_tail: impl Into<String>,
    ) -> Self {
        let mut error = Self::new(job, Cause::WorkerExited(exit));
        error.inner.stderr_tail = stderr_tail.into();
        error
    }

    /// The job took longer than it was given.
    #[must_use]
    pub fn timed_out(job: impl Into<String>) -> Self {
        Self::new(job, Cause::TimedOut)
    }

    /// The job was cancelled before it gave a result.
    #[must_use]
    pub fn cancelled(job: impl Into<String>) -> Self {
        Self::new(job, Cause::Cancelled)
    }

    /// The executor was shut down before the job could run.
    #[must_use]
    pub fn shut_down(job: impl Into<String>) -> Self {
        Self::new(job, Cause::ShutDown { midway: false })
    }

    /// The executor was shut down while the job ran, and has ended it.
    #[must_use]
    pub fn shut_down_midway(job: impl Into<String>) -> Self {
        Self::new(job, Cause::ShutDown { midway: true })
    }

    /// The job could not start: no thread, no process, nothing to hand it to, for this reason.
    ///
    /// A reason that is an error is this error's [`source`](Error::source).
    ///
    /// # Examples
    /// ```
    /// # use asyncio::JobError;
    /// let error = JobError::not_started("parse", "no thread could be started");
    /// assert!(error.is_not_started() && !error.is_cancelled());
    /// assert_eq!(error.to_string(), "job `parse` could not start: no thread could be started");
    /// ```
    #[must_use]
    pub fn not_started(
        job: impl Into<String>,
        reason: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::new(job, Cause::NotStarted(Arc::from(reason.into())))
    }

    /// Arguments or a result, of this type, could not be written for the other process.
    #[must_use]
    pub fn encode(
        job: impl Into<String>,
        type_name: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::new(job, Cause::Encode { type_name, source: Arc::from(source.into()) })
    }

    /// Arguments or a result, of this type, could not be read from what the other process wrote.
    #[must_use]
    pub fn decode(
        job: impl Into<String>,
        type_name: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::new(job, Cause::Decode { type_name, source: Arc::from(source.into()) })
    }

    fn new(job: impl Into<String>, cause: Cause) -> Self {
        let job = job.into();
        Self { inner: Box::new(Inner { job, cause, stderr_tail: String::new() }) }
    }

    /// Whether it carries a panic that nobody was told of yet. It stays so.
    pub(crate) fn is_unseen_panic(&self) -> bool {
        matches!(&self.inner.cause, Cause::Panicked(panic) if !panic.is_seen())
    }

    /// Why, by somebody who is told of a panic by that.
    fn cause(&self) -> &Cause {
        if let Cause::Panicked(panic) = &self.inner.cause {
            panic.see();
        }
        &self.inner.cause
    }

    /// Whether the process that ran the job died.
    #[must_use]
    pub fn worker_died(&self) -> bool {
        matches!(self.cause(), Cause::WorkerExited(_))
    }

    /// Whether the job panicked.
    #[must_use]
    pub fn is_panicked(&self) -> bool {
        matches!(self.cause(), Cause::Panicked(_) | Cause::PanickedElsewhere { .. })
    }

    /// Whether the job took longer than it was given.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        matches!(self.cause(), Cause::TimedOut)
    }

    /// Whether the job was cancelled, by its owner or by the end of its executor.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.cause(), Cause::Cancelled | Cause::ShutDown { .. })
    }

    /// Whether the executor was shut down before the job was done; the text of this error says whether it
    /// had begun.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        matches!(self.cause(), Cause::ShutDown { .. })
    }

    /// Whether the job could not start: none of its code ran, so it may be tried again.
    #[must_use]
    pub fn is_not_started(&self) -> bool {
        matches!(self.cause(), Cause::NotStarted(_))
    }

    /// Whether arguments or a result could not be written for the other process.
    #[must_use]
    pub fn is_encode(&self) -> bool {
        matches!(self.cause(), Cause::Encode { .. })
    }

    /// Whether arguments or a result could not be read: the job may have run.
    #[must_use]
    pub fn is_decode(&self) -> bool {
        matches!(self.cause(), Cause::Decode { .. })
    }

    /// How the process died, if it did.
    #[must_use]
    pub fn worker_exit(&self) -> Option<&WorkerExit> {
        match self.cause() {
            Cause::WorkerExited(exit) => Some(exit),
            _ => None,
        }
    }

    /// Why the process died, if it is known to have died of more than a signal.
    #[must_use]
    pub fn exit_cause(&self) -> Option<WorkerExitCause> {
        self.worker_exit().and_then(WorkerExit::cause)
    }

    /// The signal that killed the process, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.worker_exit().and_then(WorkerExit::signal)
    }

    /// The exit code of the process, if it ended by itself.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        self.worker_exit().and_then(WorkerExit::exit_code)
    }

    /// The name of the job: the path of its function.
    #[must_use]
    pub fn job_name(&self) -> &str {
        &self.inner.job
    }

    /// The last lines the process wrote to standard error; empty for a thread.
    #[must_use]
    pub fn stderr_tail(&self) -> &str {
        &self.inner.stderr_tail
    }

    /// The message of the panic, if the job panicked.
    #[must_use]
    pub fn panic_message(&self) -> Option<&str> {
        match self.cause() {
            Cause::Panicked(panic) => Some(panic.message()),
            Cause::PanickedElsewhere { message, .. } => Some(message),
            _ => None,
        }
    }

    /// Where a panic in another process was, as `file:line:column`.
    #[must_use]
    pub fn panic_location(&self) -> Option<&str> {
        match self.cause() {
            Cause::PanickedElsewhere { location, .. } => location.as_deref(),
            _ => None,
        }
    }

    /// The stack of a panic in another process.
    #[must_use]
    pub fn backtrace(&self) -> Option<&str> {
        match self.cause() {
            Cause::PanickedElsewhere { backtrace, .. } => backtrace.as_deref(),
            _ => None,
        }
    }

    /// The panic's payload, for [`std::panic::resume_unwind`].
    ///
    /// # Errors
    /// Gives the error back if the job did not panic in this process.
    pub fn into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        let Self { inner } = self;
        match *inner {
            Inner { cause: Cause::Panicked(panic), .. } => Ok(panic.into_payload()),
            inner => Err(Self { inner: Box::new(inner) }),
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let job = &self.inner.job;
        match self.cause() {
            Cause::PanickedElsewhere { message, location: Some(location), .. } => {
                write!(f, "job `{job}` panicked at {location}: {message}")
            }
            Cause::PanickedElsewhere { message, .. } => {
                write!(f, "job `{job}` panicked: {message}")
            }
            Cause::Panicked(panic) => write!(f, "job `{job}` panicked: {}", panic.message()),
            Cause::WorkerExited(exit) => {
                write!(f, "job `{job}` is lost: its process {exit}")?;
                // What std adds as advice is not what happened.
                let mut lines = self.inner.stderr_tail.lines().rev();
                match lines.find(|line| !line.starts_with("note: ")) {
                    Some(line) => write!(f, "; last on standard error: {line}"),
                    None => Ok(()),
                }
            }
            Cause::TimedOut => write!(f, "job `{job}` timed out"),
            Cause::Cancelled => write!(f, "job `{job}` was cancelled"),
            Cause::ShutDown { midway: false } => {
                write!(f, "job `{job}` did not run: its executor was shut down or dropped")
            }
            Cause::ShutDown { midway: true } => {
                write!(
                    f,
                    "job `{job}` was ended while it ran: its executor was shut down or dropped"
                )
            }
            Cause::NotStarted(reason) => write!(f, "job `{job}` could not start: {reason}"),
            Cause::Encode { type_name, source } => {
                write!(f, "job `{job}`: a value of type `{type_name}` cannot be sent: {source}")
            }
            Cause::Decode { type_name, source } => {
                write!(f, "job `{job}`: a value of type `{type_name}` cannot be received: {source}")
            }
        }
    }
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobError({self})")
    }
}

impl Error for JobError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.cause() {
            Cause::NotStarted(source)
            | Cause::Encode { source, .. }
            | Cause::Decode { source, .. } => Some(&**source),
            _ => None,
        }
    }
}
