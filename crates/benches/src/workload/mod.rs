//! The workloads, each written once over the traits of `runtime`.

pub(crate) mod spawn;
pub(crate) mod switch;
pub(crate) mod timers;
pub(crate) mod offload;
pub(crate) mod wake;
pub(crate) mod memory;
pub(crate) mod echo;
