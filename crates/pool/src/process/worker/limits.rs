//! What jobs may use.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::Duration;

/// What there is of each job's limits to set before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    cpu: Option<Duration>,
}

impl Limits {
    /// Sets what holds for the worker's whole life.
    ///
    /// Memory is limited as private writable memory (`RLIMIT_DATA`), on top of what the worker has now:
    /// address space would count what is reserved and never used, a gigabyte for each few threads.
    pub(crate) fn set(memory: Option<u64>, cpu: Option<Duration>) -> Self {
        // A limit that cannot be set is no reason to run nothing; core files of workers help nobody.
        if let Some(memory) = memory {
            let limit = data_size().saturating_add(memory);
            let _refused =
                setrlimit(Resource::Data, Rlimit { current: Some(limit), maximum: Some(limit) });
        }
        let maximum = getrlimit(Resource::Core).maximum;
        let _refused = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
        Self { cpu }
    }

    /// Gives the next job its processor time: the system counts that of the whole process, in seconds.
    pub(crate) fn renew(&self) {
        let Some(cpu) = self.cpu else { return };
        let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let used = Duration::new(used.tv_sec.unsigned_abs(), used.tv_nsec.unsigned_abs() as u32);
        let until = used.saturating_add(cpu);
        let seconds = until.as_secs().saturating_add(u64::from(until.subsec_nanos() > 0));
        let maximum = getrlimit(Resource::Cpu).maximum;
        let _refused = setrlimit(Resource::Cpu, Rlimit { current: Some(seconds), maximum });
    }
}

/// How much private writable memory this process has, in bytes.
fn data_size() -> u64 {
    statm(5)
}

/// How much of this process is in memory, in bytes.
pub(crate) fn resident() -> u64 {
    statm(1)
}

/// One number of proc_pid_statm(5), in bytes; zero if there is none.
fn statm(field: usize) -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 =
        text.split_ascii_whitespace().nth(field).and_then(|field| field.parse().ok()).unwrap_or(0);
    pages.saturating_mul(rustix::param::page_size() as u64)
}
