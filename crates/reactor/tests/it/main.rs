//! What the reactor promises, by hazard. Real time passes only in tests named `real_*`.
