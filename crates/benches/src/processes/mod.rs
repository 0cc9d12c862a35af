//! Calls in other processes: ours, the bare sockets under them, and who else offers such calls.
//!
//! Each has its own way to say things, so a workload is a name here and not a generic function. All figures
//! are wall-clock times, for the other processes' work counts, too.

pub(crate) mod floor;
pub(crate) mod ours;
pub(crate) mod procspawn;
pub(crate) mod python;

use std::hint::black_box;

use crate::measure::{median, wall_ns};

pub(crate) const CALL: &str = "pool_process_call";
pub(crate) const CALL_ACROSS: &str = "pool_process_call_across";
pub(crate) const IN_FLIGHT: &str = "pool_process_in_flight";
pub(crate) const START: &str = "pool_process_start";
pub(crate) const START_LARGE: &str = "pool_process_start_1gib";
pub(crate) const MEGABYTE: &str = "pool_process_1mib";
pub(crate) const CANCEL: &str = "pool_process_cancel";
pub(crate) const MEMORY: &str = "pool_process_memory";
pub(crate) const FAIR: &str = "pool_process_fair";

/// How many calls are timed one by one.
const CALLS: usize = 3_000;
/// How many calls are in flight at a time.
const FLIGHT: u64 = 1_000;
/// How many processes serve them.
const WORKERS: usize = 2;
const LARGE: usize = 1 << 20;

/// The median time of something done over and over, in microseconds.
#[derive(Debug, Default)]
struct Times(Vec<f64>);

impl Times {
    fn add(&mut self, since_ns: u64) {
        self.0.push((wall_ns() - since_ns) as f64 / 1e3);
    }

    /// The first tenth warms up.
    fn median(mut self) -> f64 {
        let warm = self.0.len() / 10;
        median(&mut self.0[warm..])
    }
}

/// The same in a process that has a gibibyte, every page of it written.
fn beside_a_gibibyte(measure: fn() -> f64) -> f64 {
    let ballast: Vec<u8> = black_box(vec![1; 1 << 30]);
    let figure = measure();
    drop(black_box(ballast));
    figure
}
