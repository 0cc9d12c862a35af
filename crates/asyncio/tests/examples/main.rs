//! Runs the built examples as users do: their words, their exit codes, and real programs at the other end.
//!
//! Tests called `real_*` take real seconds; those with `cpython` in their names need a `python3`, and where
//! there is none they say so and pass.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests, too")]
#![expect(clippy::print_stdout, reason = "a skipped test is named")]

mod programs;
mod walkthrough;
mod executors;
#[cfg(feature = "process-pool")]
mod processes;
#[cfg(feature = "process-pool")]
mod hosts;
mod fetch;
mod echo;
mod hyper;
