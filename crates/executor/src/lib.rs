#![doc = include_str!("../README.md")]

// In dependence order: a module uses only what stands above it.
mod primitives;
pub mod error;
pub mod policy;
mod thread_number;
mod word;
mod inbox;
#[expect(unsafe_code, reason = "the queue and the table of cells: docs/unsafe.md")]
mod unshared;
mod ready;
mod slab;
#[expect(unsafe_code, reason = "the cell's memory: docs/unsafe.md")]
mod memory;
mod batch;
mod cell;
mod current;
mod policy_turn;
mod trim;
pub mod task;
mod callback;
mod mailbox;
mod remote;
mod handle;
mod event_loop;

pub use callback::{CallHandle, call_soon};
pub use error::{JoinError, LoopClosed, Stopped};
pub use event_loop::EventLoop;
pub use handle::Handle;
pub use remote::{RemoteTask, RemoteTaskState};
pub use task::{
    AllEnded, OwnedTask, Task, TaskBuilder, TaskRef, TaskState, all_tasks, create_task,
    current_task,
};
