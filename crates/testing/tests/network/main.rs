//! Tests of the simulated network: unmodified programs on `asyncio-net` in virtual time, one module a hazard.
//!
//! `parity` runs the same programs on the loopback of the operating system and compares what they see.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod traffic;
mod waiting;
mod addresses;
#[cfg(target_os = "linux")]
mod parity;
#[cfg(target_os = "linux")]
mod sockets;
#[cfg(target_os = "linux")]
mod full;
#[cfg(target_os = "linux")]
mod script;
#[cfg(target_os = "linux")]
mod performer;
#[cfg(target_os = "linux")]
mod differential;
mod integrity;
