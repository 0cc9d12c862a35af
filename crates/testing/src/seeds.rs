//! [`for_each_seed`]: one program in many orders.

use crate::simulation::Simulation;
use std::process::{ExitCode, Termination};

/// Runs a program in a simulation of its own for each seed, and stops at the first that fails.
///
/// It fails if it panics, is stuck, or gives what fails a test, an `Err` for instance. This is what
/// `#[asyncio::test(sim, seeds = 0..1000)]` calls.
///
/// # Panics
/// With the panic of the program or the report of a [`Stall`](crate::Stall), and with the seed on standard
/// error; if there is no seed.
///
/// # Examples
/// ```
/// use asyncio::testing::for_each_seed;
///
/// for_each_seed(0..100, async || {
///     let first = asyncio::create_task(async { 1 });
///     let second = asyncio::create_task(async { 2 });
///     assert_eq!(second.await.unwrap() - first.await.unwrap(), 1);
/// });
/// ```
#[track_caller]
pub fn for_each_seed<T: Termination>(
    seeds: impl IntoIterator<Item = u64>,
    program: impl AsyncFn() -> T,
) {
    let mut has_run = false;
    for seed in seeds {
        has_run = true;
        match Simulation::new(seed).run(&program).map(T::report) {
            Ok(code) => assert!(code == ExitCode::SUCCESS, "the program failed: {}", replay(seed)),
            Err(stall) => panic!("{stall}\n{}", replay(seed)),
        }
    }
    assert!(has_run, "there is no seed to run the program with: give a range like `0..1000`");
}

fn replay(seed: u64) -> String {
    format!("`Simulation::new({seed})` replays it")
}
