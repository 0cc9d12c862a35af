//! [`Host`]: the two things that a pool asks of the system and that a test cannot bring about.

use crate::process::sys::{self, Launch, Launched};
use std::fmt;
use std::io;

/// Starts processes and counts what the kernel has killed.
pub(crate) trait Host: Send + Sync + fmt::Debug {
    /// Starts a worker.
    fn launch(&self, launch: &Launch) -> io::Result<Launched>;

    /// How many processes of our memory group the kernel has killed for want of memory, if it says so.
    fn kernel_kills(&self) -> Option<u64>;
}

/// The system itself.
#[derive(Debug)]
pub(crate) struct System;

impl Host for System {
    fn launch(&self, launch: &Launch) -> io::Result<Launched> {
        launch.start()
    }

    fn kernel_kills(&self) -> Option<u64> {
        sys::kernel_kills()
    }
}
