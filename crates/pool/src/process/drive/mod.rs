//! Who drives a pool: whoever waits for it.

// In dependence order: a module uses only what stands above it.
mod blocking;
mod helper;
mod listener;
mod attendance;

pub(crate) use attendance::{Attendance, Pool};
pub(crate) use blocking::block_on;
