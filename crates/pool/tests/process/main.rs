//! Tests of the process pool from its user's seat, one module a hazard.
//!
//! Nothing sleeps: jobs are held and let go at a meeting, and a claim about what did *not* happen is made
//! after something that would have come later has happened.
#![cfg(all(feature = "process", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "helpers and jobs of tests; what fails shows in the test")]

mod bounds;
mod cancel;
mod chaos;
mod child;
mod codec;
mod connection;
mod deaths;
mod drivers;
mod first;
mod maps;
mod memory;
mod panics;
mod parent;
mod programs;
mod replaced;
mod retries;
mod shapes;
mod shutdown;
mod slots;
mod start;
mod stderr;
mod stuck;
mod support;
mod timeouts;
mod unread;
mod worker;
