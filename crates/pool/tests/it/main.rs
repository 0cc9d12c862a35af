//! Tests of the thread pool from its user's seat, one module a hazard.
//!
//! Nothing sleeps: jobs are held and let go by channels, and a claim about what did *not* happen is made
//! after something that would have come later has happened.

mod auto_traits;
mod cancel;
mod default_executor;
mod drop_order;
mod growth;
#[cfg(target_os = "linux")]
mod no_threads;
mod panics;
mod programs;
mod round_trip;
mod scope;
mod scope_programs;
mod shutdown;
mod simulated;
mod support;
mod wakers;
