//! Nothing starves (S-10, S-11, S-12): whatever keeps the loop busy, everything else is served soon.
//!
//! Each [source](load::Source) of work runs flat out beside each victim: on the real loop within some
//! milliseconds, and in a simulation, where no time goes by, within so many steps of the source.

mod load;
mod real;
mod simulated;
