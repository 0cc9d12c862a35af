#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// In dependence order: a module uses only what stands above it.
mod event_loop;
mod runner;

pub use event_loop::{EventLoop, running_loop, try_running_loop};
pub use runner::{Runner, RunnerBuilder, run};
