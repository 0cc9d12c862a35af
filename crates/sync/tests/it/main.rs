//! What the crate promises, a module a hazard.

mod support;
mod auto_traits;
mod order;
mod cancel;
mod close;
mod against_model;
mod waker_reenters;
mod waker_panics;
mod budget;
mod wait_notes;
mod many;
mod threads;
