//! What the reactor promises, by hazard. Real time passes only in tests named `real_*`.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests, too")]

/// The queue itself, included by path: it is pure data and needs nothing of the crate.
#[path = "../../src/timer/mod.rs"]
mod timer;

/// The list of waiters, likewise.
#[path = "../../src/waiters.rs"]
mod waiters;

mod world;

mod auto_traits;
mod budget;
mod closed_loop;
mod close_and_short_read;
mod descriptors;
mod fork;
mod foreign_executor;
mod fused;
mod injected;
mod interval;
mod memory;
mod order;
mod other_loop;
mod other_thread;
mod pace;
mod queue_against_model;
mod readiness;
mod signals;
mod timeout;
mod waiters_against_model;
mod waker_panics;
mod waker_reenters;
mod what_it_waits_for;
