//! [`WorkerExit`]: how a worker process ended.

use std::fmt;
use std::time::Duration;

/// How a worker process ended, and what is known of why.
///
/// # Examples
/// ```
/// use asyncio::pool::{WorkerExit, WorkerExitCause};
///
/// let exit = WorkerExit::signalled(6).because(WorkerExitCause::OutOfMemory).of_process(4711);
/// assert_eq!((exit.signal(), exit.exit_code()), (Some(6), None));
/// assert_eq!(exit.to_string(), "ran out of memory (signal 6)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WorkerExit {
    end: End,
    cause: Option<WorkerExitCause>,
    process: u32,
    cpu_time: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Signal(i32),
    Exit(i32),
    /// Somebody else has reaped the process, so that nobody can say.
    Unknown,
}

/// Why a worker process died, where more is known than the signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum WorkerExitCause {
    /// The job overflowed its stack.
    StackOverflow,
    /// An allocation failed, at the pool's memory limit for instance.
    OutOfMemory,
    /// The kernel killed a process of this memory group for want of memory at that time.
    KernelOutOfMemory,
    /// The job used more processor time than its pool allows.
    CpuLimit,
    /// The job closed the connection to its pool.
    LostConnection,
    /// What came from the process was no message of a worker.
    Protocol,
    /// Each of so many workers died when it was given the job, before the job started.
    Poison {
        /// How many workers died.
        tries: u32,
    },
}

impl WorkerExit {
    /// Killed by this signal.
    #[must_use]
    pub const fn signalled(signal: i32) -> Self {
        Self::new(End::Signal(signal))
    }

    /// Ended by itself with this exit code.
    #[must_use]
    pub const fn exited(code: i32) -> Self {
        Self::new(End::Exit(code))
    }

    /// Ended in a way that nobody knows: somebody else has waited for the process.
    #[must_use]
    pub const fn unknown() -> Self {
        Self::new(End::Unknown)
    }

    const fn new(end: End) -> Self {
        Self { end, cause: None, process: 0, cpu_time: None }
    }

    /// The same with its cause.
    #[must_use]
    pub const fn because(mut self, cause: WorkerExitCause) -> Self {
        self.cause = Some(cause);
        self
    }

    /// The same with the number of the process.
    #[must_use]
    pub const fn of_process(mut self, id: u32) -> Self {
        self.process = id;
        self
    }

    /// The same with the processor time that the process used in its life.
    #[must_use]
    pub const fn after(mut self, cpu_time: Duration) -> Self {
        self.cpu_time = Some(cpu_time);
        self
    }

    /// The signal that killed the process, if one did.
    #[must_use]
    pub const fn signal(&self) -> Option<i32> {
        match self.end {
            End::Signal(signal) => Some(signal),
            End::Exit(_) | End::Unknown => None,
        }
    }

    /// The exit code of the process, if it ended by itself.
    #[must_use]
    pub const fn exit_code(&self) -> Option<i32> {
        match self.end {
            End::Exit(code) => Some(code),
            End::Signal(_) | End::Unknown => None,
        }
    }

    /// Why, where more is known than signal or exit code.
    #[must_use]
    pub const fn cause(&self) -> Option<WorkerExitCause> {
        self.cause
    }

    /// The number the process had; zero if it is not known.
    #[must_use]
    pub const fn process(&self) -> u32 {
        self.process
    }

    /// The processor time that the process used in its life, in user and kernel mode, if it is known.
    #[must_use]
    pub const fn cpu_time(&self) -> Option<Duration> {
        self.cpu_time
    }
}

impl fmt::Display for WorkerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            None => {
                return match self.end {
                    End::Signal(signal) => write!(f, "died of signal {signal}"),
                    End::Exit(code) => write!(f, "ended with exit code {code}"),
                    End::Unknown => f.write_str("ended, nobody knows how"),
                };
            }
            Some(WorkerExitCause::StackOverflow) => f.write_str("overflowed its stack")?,
            Some(WorkerExitCause::OutOfMemory) => f.write_str("ran out of memory")?,
            Some(WorkerExitCause::KernelOutOfMemory) => {
                f.write_str("was killed, probably by the kernel for want of memory")?;
            }
            Some(WorkerExitCause::CpuLimit) => f.write_str("used up its processor time")?,
            Some(WorkerExitCause::LostConnection) => {
                f.write_str("closed the connection to its pool")?
            }
            Some(WorkerExitCause::Protocol) => {
                f.write_str("wrote something that is no message to its pool")?;
            }
            Some(WorkerExitCause::Poison { tries }) => {
                write!(f, "and {} before it, died before the job could start", tries - 1)?;
            }
        }
        write!(f, " ({})", self.end)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Exit(code) => write!(f, "exit code {code}"),
            Self::Unknown => f.write_str("nobody knows how"),
        }
    }
}
