//! Processes as an executor.

mod first;
