//! Processes as an executor.

// In dependence order: a module uses only what stands above it.
mod codec;
mod messagepack;
mod sys;
mod wire;
mod function;
mod worker;
mod entry;
mod error;
mod cell;
mod host;
mod settings;
mod engine;
mod shared;
mod drive;
mod job;
mod simulated;
mod order;
mod run;
mod map;
mod closing;
mod job_builder;
mod executor;
mod builder;
#[cfg(test)]
mod tests;

pub use builder::ProcessPoolBuilder;
pub use cell::Priority;
pub use closing::Closing;
pub use codec::{Codec, CodecError};
pub use error::{Rejected, Rejection, StartError, StartPhase};
pub use executor::ProcessPoolExecutor;
pub use function::InitializerResult;
pub use job::Job;
pub use job_builder::JobBuilder;
pub use map::{Chunk, Map};
pub use messagepack::MessagePack;
pub use run::Run;
pub use settings::StderrPolicy;

/// Becomes a worker, if this process was started to be one; returns at once otherwise.
///
/// Programs do not need it: they do so before `main` by themselves. It is for hosts where the pool is part
/// of a shared object. Call it first in `main`, before there are threads.
pub fn init() {
    entry::init();
}
