//! A program with a process pool and nothing else: prints the proportional share of memory of its one idle
//! worker, in bytes.
//!
//! The code of an executable is shared by all its processes, and the one with the benchmarks holds all
//! peers, which no program does.

#![expect(clippy::print_stdout, reason = "a command line tool speaks by printing")]

use asyncio::ProcessPoolExecutor;

fn increment(number: u64) -> u64 {
    number + 1
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = ProcessPoolExecutor::builder().workers(1).build()?;
    pool.run_blocking(increment, 1)?;
    for process in pool.worker_ids() {
        let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
        let share = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
        let kib: f64 = share.split_whitespace().next().unwrap_or_default().parse()?;
        println!("{}", kib * 1024.0);
    }
    Ok(())
}
