#![doc = include_str!("../README.md")]

// In dependence order: a module uses only what stands above it. There is no product here, only tests.
#[cfg(test)]
mod primitives;
#[cfg(test)]
#[path = "../../executor/src/word.rs"]
mod word;
#[cfg(test)]
#[path = "../../executor/src/inbox.rs"]
mod inbox;
#[cfg(test)]
#[path = "../../pool/src/process/wire/slot.rs"]
mod slot;
#[cfg(test)]
#[path = "../../sync/src/wakers.rs"]
mod wakers;
#[cfg(test)]
#[path = "../../sync/src/waiters.rs"]
mod waiters;
#[cfg(test)]
#[expect(unreachable_pub, reason = "the product shows its users the error")]
#[path = "../../sync/src/permits.rs"]
mod permits;
#[cfg(test)]
#[expect(unsafe_code, reason = "loom's cells are shared between threads: docs/unsafe.md")]
mod block;
#[cfg(test)]
mod bell;
#[cfg(test)]
mod world;
#[cfg(test)]
mod owner;
#[cfg(test)]
mod wakes;
#[cfg(test)]
mod last_reference;
#[cfg(test)]
mod handle_remote;
#[cfg(test)]
mod pushers;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod queue;
