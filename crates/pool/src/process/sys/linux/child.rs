//! Worker processes from outside: started, killed, waited for.

use crate::process::sys::connect;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, pidfd_open,
    pidfd_send_signal, waitid,
};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How a worker is started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// Set after everything that is inherited.
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) inherits_environment: bool,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) stderr: StderrRoute,
    /// Whether the worker leads a process group of its own.
    pub(crate) leads_group: bool,
}

/// Where the standard error of a worker goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StderrRoute {
    Captured,
    Inherited,
    Discarded,
}

/// A process that was started.
#[derive(Debug)]
pub(crate) struct Launched {
    pub(crate) child: Child,
    /// The pool's end, which never waits.
    pub(crate) connection: OwnedFd,
    /// What it writes to standard error, if that is captured; never waits.
    pub(crate) stderr: Option<OwnedFd>,
}

/// How a process has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    Exit(i32),
    Signal(i32),
    /// Somebody else has waited for it.
    Unknown,
}

/// A process that was started and not waited for.
#[derive(Debug)]
pub(crate) struct Child {
    /// `None` where the system does not offer it: before Linux 5.3, and under some tools.
    pidfd: Option<OwnedFd>,
    id: Pid,
    leads_group: bool,
}

impl Launch {
    /// Starts the process: posix_spawn(3), for a fork would cost as much as this process has memory.
    pub(crate) fn start(&self) -> io::Result<Launched> {
        let (connection, theirs) = connect()?;
        let (stderr, their_stderr) = match self.stderr {
            StderrRoute::Inherited => (None, Stdio::inherit()),
            StderrRoute::Discarded => (None, Stdio::null()),
            StderrRoute::Captured => {
                let (ours, theirs) = io::pipe()?;
                ioctl_fionbio(&ours, true)?;
                (Some(OwnedFd::from(ours)), Stdio::from(theirs))
            }
        };
        let mut command = Command::new(&self.program);
        if !self.inherits_environment {
            command.env_clear();
        }
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if self.leads_group {
            command.process_group(0);
        }
        let mut child = command.stdin(theirs).stderr(their_stderr).spawn()?;
        let id = Pid::from_child(&child);
        let pidfd = match pidfd_open(id, PidfdFlags::empty()) {
            Err(Errno::NOSYS) => Ok(None),
            other => other.map(Some),
        };
        match pidfd {
            Ok(pidfd) => {
                let child = Child { pidfd, id, leads_group: self.leads_group };
                Ok(Launched { child, connection, stderr })
            }
            Err(errno) => {
                // Not left behind; both fail only if somebody else was faster.
                let _killed = child.kill();
                let _ended = child.wait();
                Err(errno.into())
            }
        }
    }
}

impl Child {
    pub(crate) fn id(&self) -> u32 {
        self.id.as_raw_nonzero().get().unsigned_abs()
    }

    /// Ends it now, with its group if it leads one.
    pub(crate) fn kill(&self) {
        // Each fails only if there is nobody left to kill.
        // Until it is waited for its number is its own, so without a descriptor that does, too.
        let _gone = match &self.pidfd {
            Some(pidfd) => pidfd_send_signal(pidfd, Signal::KILL),
            None => kill_process(self.id, Signal::KILL),
        };
        self.kill_group();
    }

    /// Ends what is left of the group that it leads.
    pub(crate) fn kill_group(&self) {
        if self.leads_group {
            let _gone = kill_process_group(self.id, Signal::KILL);
        }
    }

    /// Whether it has ended; it is still to be waited for.
    pub(crate) fn has_ended(&self) -> bool {
        let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        self.wait_with(peek).is_some()
    }

    /// Blocks until it has ended; it is still to be waited for.
    pub(crate) fn wait_until_ended(&self) {
        while self.wait_with(WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).is_none() {}
    }

    /// Blocks until it has ended. Then its number may be used again.
    pub(crate) fn wait(&self) -> Ended {
        loop {
            if let Some(ended) = self.wait_with(WaitIdOptions::EXITED) {
                return ended;
            }
        }
    }

    fn wait_with(&self, options: WaitIdOptions) -> Option<Ended> {
        let who = match &self.pidfd {
            Some(pidfd) => WaitId::PidFd(pidfd.as_fd()),
            None => WaitId::Pid(self.id),
        };
        match waitid(who, options) {
            Ok(Some(status)) => Some(match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Ended::Exit(code),
                (None, Some(signal)) => Ended::Signal(signal),
                (None, None) => Ended::Unknown,
            }),
            Ok(None) | Err(Errno::INTR) => None,
            Err(_) => Some(Ended::Unknown),
        }
    }

    /// The processor time it has used; also after its end, until it is waited for.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).ok()?;
        // The name in brackets may hold anything; what follows the last bracket are fields from the third on.
        let mut fields = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace().skip(11);
        let ticks: u64 =
            fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
        let per_second = rustix::param::clock_ticks_per_second();
        Some(Duration::from_millis(ticks * 1000 / per_second))
    }

    /// Readable when it has ended. Where there is none one has to look now and then.
    pub(crate) fn end(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(OwnedFd::as_fd)
    }
}
