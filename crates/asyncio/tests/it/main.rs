//! The whole, seen from a user's seat: every name of the contract, and what happens at the edges.
//!
//! Modules are named by hazard, tests as claims. What needs limits of a whole process runs in a child
//! of the test (`child`).

mod child;
mod contract;
mod inference;
mod loop_methods;
mod misuse;
mod lost_panics;
mod shutdown;
mod loop_lifetime;
mod memory_goes_back;
mod broken_stderr;
mod exhaustion;
mod other_threads;
mod busy_loop;
mod starvation;
mod real_time;
mod attributes;
mod refusals;
mod borrowing;
#[cfg(feature = "process-pool")]
mod process_pool;
#[cfg(feature = "process-pool")]
mod process_jobs;
#[cfg(feature = "process-pool")]
mod process_guide;
