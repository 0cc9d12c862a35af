//! Tests of the simulated world, and of the runtime in it: random programs against a pure model.
//!
//! `ASYNCIO_LONG=1` tries fifty times as many programs; `PROPTEST_CASES` says how many itself.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;
mod interpreter;
mod model;
mod laws;
mod programs;
mod timers;
mod stall;
mod world;
mod child;
mod panics;
mod end;
mod replay;
