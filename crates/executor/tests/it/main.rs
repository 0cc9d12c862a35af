//! Tests of the executor from its user's seat, one module a hazard.
//!
//! Nothing sleeps. `ASYNCIO_LONG=1` makes the chains and crowds as long as they are promised to hold.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::waker_clone_wake, reason = "wakers are cloned and woken by value on purpose")]

mod support;

mod scope;
mod cell;
mod order;
mod panic;
mod lost_panic;
mod cancel;
mod close;
mod misuse;
mod threads;
mod posts;
mod chain;
mod halt;
mod hostile;
mod eager;
mod large;
mod owned_task;
mod auto_traits;
