//! The task cell: one allocation that holds a task's header and its future, then its outcome.
//!
//! # Who may touch what
//! A cell has an *owner*: the loop it was created on, and that loop's thread. The future, the outcome
//! and everything in the header that is a `Cell` are touched on the owner thread only. Other threads
//! touch the immutable fields and the shared [`Word`](crate::word::Word), nothing else; they never
//! form a reference to a whole header.
//!
//! # What keeps a cell alive
//! Three *holds* on the owner thread, each a bit of the local word: the task is not `DONE`, a `HANDLE` exists, it is
//! `QUEUED`. While one is set the cell cannot be freed, and the owner counts its references (wakers) in
//! ordinary memory. When the last hold goes ([`lifecycle::release`]) and nothing is counted on either
//! side the cell is freed by plain loads; else the owner merges its count into the shared word once, and
//! from then on every reference is counted there.
//!
//! # Transitions
//! | # | event | function |
//! | --- | --- | --- |
//! | 1 | a waker is cloned or dropped on the owner thread | `waker`: local count ±1 |
//! | 2 | a wake on the owner thread | `wake::wake`: if neither `QUEUED` nor `DONE`: `QUEUED`, push |
//! | 3 | the loop picks the cell | [`lifecycle::run`]: clear `QUEUED` *before* the poll, so that a wake during the poll queues it again at the tail |
//! | 4 | the poll is pending | copy the wait note |
//! | 5 | the poll is ready, or panics | `body`: drop the future, write the outcome over it, all under `catch_unwind` |
//! | 6 | the pick finds `CANCEL` | drop the future, outcome `Cancelled` |
//! | 7 | the end | [`lifecycle::complete`]: `DONE`, take the awaiter and the observers out, wake them, touch the cell no more |
//! | 8 | the handle is dropped on the owner thread | [`handle::drop_handle`]: drop outcome and awaiter, clear `HANDLE`, 9 |
//! | 9 | a hold went | [`lifecycle::release`] |
//! | 10 | a waker is cloned or dropped on another thread | `waker`: shared count ±1; the last one sends the block to the owner |
//! | 11 | a wake on another thread | `Word::notify`, and an inbox entry if it is the first |
//! | 12 | the handle is dropped on another thread | `Word::detach`, and an inbox entry; the outcome is dropped on the owner thread |
//! | 13 | the loop drains its inbox | [`delivery::deliver`] |
//! | 14 | the loop closes | [`close::close`]: everything un-`DONE` is cancelled, everything is merged |

// In dependence order: a module uses only what stands above it.
mod call;
#[expect(unsafe_code, reason = "the cell's memory: docs/unsafe.md")]
mod layout;
#[expect(unsafe_code, reason = "the cell's memory: docs/unsafe.md")]
mod access;
mod outcome;
#[expect(unsafe_code, reason = "the cell's memory: docs/unsafe.md")]
mod wake;
#[expect(unsafe_code, reason = "the cell's memory: docs/unsafe.md")]
mod waker;
#[expect(unsafe_code, reason = "the cell's memory: docs/unsafe.md")]
mod body;
mod enter;
#[expect(unsafe_code, reason = "the cell's memory: docs/unsafe.md")]
pub(crate) mod lifecycle;
mod handle;
#[expect(unsafe_code, reason = "the cell's memory: docs/unsafe.md")]
mod owned;
#[expect(unsafe_code, reason = "the cell's memory: docs/unsafe.md")]
pub(crate) mod delivery;
pub(crate) mod close;

pub(crate) use call::Call;
pub(crate) use layout::{CellPtr, Entry, Kind, Owner, OwnerRef};
pub(crate) use owned::{
    OwnedCell, create, create_eager, is_large, request_cancel, watch, with_scoped,
};
