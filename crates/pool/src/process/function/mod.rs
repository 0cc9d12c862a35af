//! Functions that another process of the same program can find and call.

// In dependence order: a module uses only what stands above it.
mod teller;
mod descriptor;
mod place;

pub(crate) use descriptor::{Called, Descriptor, Nameable, describe, describe_initializer};
pub(crate) use place::Place;
pub use teller::InitializerResult;
