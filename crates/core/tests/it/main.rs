//! Tests of what the crates agree on, one module a hazard.

mod support;

mod promise;
mod gather;
mod instant;
mod exception;
mod park;
mod auto_traits;
