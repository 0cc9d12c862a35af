//! What a user holds of a task: its handle, its builder, and a look at it from outside.

mod join;
mod owned;
mod builder;
mod task_ref;
mod all_ended;

pub use all_ended::AllEnded;
pub use builder::{TaskBuilder, create_task};
pub use join::Task;
pub use owned::OwnedTask;
pub use task_ref::{TaskRef, TaskState, all_tasks, current_task};
pub(crate) use task_ref::{cancel, list};
