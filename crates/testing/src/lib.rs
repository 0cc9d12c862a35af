#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// In dependence order: a module uses only what stands above it.
mod clock;
mod jobs;
mod network;
mod stall;
mod halt;
mod selector;
mod policy;
mod world;
mod simulation;
mod seeds;

pub use network::SimulatedNetwork;
pub use seeds::for_each_seed;
pub use simulation::Simulation;
pub use stall::{Stall, StallKind};
