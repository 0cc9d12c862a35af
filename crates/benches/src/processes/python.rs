//! Python's own asyncio with its `ProcessPoolExecutor`.

use std::process::Command;

use super::{CALL, CALL_ACROSS, FAIR, IN_FLIGHT, MEGABYTE, MEMORY, START, START_LARGE};
use crate::measure::unpin;
use crate::report;

const PROGRAM: &str = include_str!("python.py");

/// Measures, reports and ends the process, if this workload is about processes and there is a Python.
pub(crate) fn run(workload: &str) {
    match workload {
        CALL | CALL_ACROSS | START | START_LARGE | MEGABYTE | MEMORY => {}
        IN_FLIGHT | FAIR => unpin(),
        // Among them the one that ends a job: nothing there can.
        _ => return,
    }
    let output = Command::new("python3").args(["-c", PROGRAM, workload]).output();
    let Ok(output) = output else { return };
    let text = String::from_utf8_lossy(&output.stdout);
    report(text.lines().last().and_then(|line| line.parse().ok()));
}
