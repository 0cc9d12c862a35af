//! What differs between systems. Everything else of the process pool is the same on all of them.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::*;

#[cfg(not(target_os = "linux"))]
compile_error!(
    "the process pool is built for Linux only so far; on other systems turn the feature off: \
     `default-features = false` for asyncio-pool, without `process-pool` for asyncio"
);
