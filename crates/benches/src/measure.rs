//! What is measured and how: CPU time of the whole process, medians of passes, memory, and a core to stay on.

use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

/// The core of the runtime under test.
pub(crate) const SERVER_CORE: usize = 0;
/// The core of whatever talks to it: the echo client, the thread that wakes.
pub(crate) const CLIENT_CORE: usize = 1;

/// CPU time that the process has used, all threads together.
pub(crate) fn cpu_ns() -> u64 {
    read(ClockId::ProcessCPUTime)
}

pub(crate) fn wall_ns() -> u64 {
    read(ClockId::Monotonic)
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}

/// Keeps the calling thread, and the threads it starts later, on one core.
pub(crate) fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    // On a machine with fewer cores the figures are worth less, but they are still figures.
    sched_setaffinity(None, &set).unwrap_or_default();
}

/// Lets the calling thread, and what it starts later, go to both cores.
pub(crate) fn unpin() {
    let mut set = CpuSet::new();
    set.set(SERVER_CORE);
    set.set(CLIENT_CORE);
    sched_setaffinity(None, &set).unwrap_or_default();
}

/// Resident memory in bytes.
pub(crate) fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 =
        text.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or_default();
    pages * rustix::param::page_size() as u64
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[length / 2],
        length => f64::midpoint(values[length / 2 - 1], values[length / 2]),
    }
}

/// Repeated passes over the same work: the first warms up, the median of the others counts.
#[derive(Debug)]
pub(crate) struct Passes {
    values: Vec<f64>,
    began: u64,
    start: u64,
}

impl Passes {
    const COUNT_MIN: usize = 4;
    const COUNT_MAX: usize = 24;
    const BUDGET_NS: u64 = 250_000_000;

    pub(crate) fn new() -> Passes {
        Passes { values: Vec::with_capacity(Passes::COUNT_MAX), began: wall_ns(), start: 0 }
    }

    /// Whether to make another pass; its time starts now.
    pub(crate) fn next(&mut self) -> bool {
        let made = self.values.len();
        let enough = made >= Passes::COUNT_MIN && wall_ns() - self.began > Passes::BUDGET_NS;
        self.start = cpu_ns();
        made < Passes::COUNT_MAX && !enough
    }

    /// Ends a pass that did so many operations.
    pub(crate) fn done(&mut self, operations: u64) {
        let spent = cpu_ns() - self.start;
        self.values.push(spent as f64 / operations as f64);
    }

    /// CPU nanoseconds for one operation.
    pub(crate) fn median(mut self) -> f64 {
        median(&mut self.values[1..])
    }
}

/// The numbers a benchmark calls random: the same in every run.
#[derive(Debug)]
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new() -> Numbers {
        Numbers(0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        // Xorshift: three shifts, a full period.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&mut []).is_nan());
    }
}
