#![doc = include_str!("../README.md")]

// In dependence order: a module uses only what stands above it.
pub mod clock;
pub mod selector;
mod os;
mod timer;
mod waiters;
mod table;
mod shared;
mod state;
mod pacing;
mod current;
mod reactor;
mod sleep;
mod timeout;
mod interval;
mod source;
mod attempt;
mod register_error;
mod short_calls;
mod async_fd;
mod byte_stream;

pub use async_fd::AsyncFd;
pub use asyncio_core::Instant;
pub use asyncio_core::park::{Park, Unpark};
pub use attempt::{Operation, Ready};
pub use clock::OsClock;
pub use current::{Entered, ReactorId, current_id, now, try_now};
pub use current::{instant_from_std, instant_to_std};
pub use interval::{Interval, MissedTick, Tick, interval, interval_at};
pub use os::process_id;
pub use reactor::{Reactor, ReactorBuilder, block_on};
pub use register_error::RegisterError;
pub use selector::{Readiness, Selector, Wait};
pub use sleep::{Sleep, sleep, sleep_until};
pub use source::Source;
pub use timeout::{Timeout, TimeoutError, timeout, timeout_at};
