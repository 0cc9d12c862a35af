//! The other side: what a worker process does.

// In dependence order: a module uses only what stands above it.
mod replies;
pub(crate) mod panics;
mod limits;
mod jobs;
mod life;

pub(crate) use life::live;
