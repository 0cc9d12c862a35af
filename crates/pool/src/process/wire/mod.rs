//! What crosses between a pool and its workers.

// In dependence order: a module uses only what stands above it.
pub(crate) mod frame;
pub(crate) mod payload;
pub(crate) mod reader;
pub(crate) mod writer;
pub(crate) mod slot;
pub(crate) mod status;
pub(crate) mod fields;
pub(crate) mod config;
