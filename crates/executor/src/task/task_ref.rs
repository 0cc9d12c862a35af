//! [`TaskRef`]: what a task is doing, seen from outside.

use crate::cell::{CellPtr, Kind, Owner, request_cancel};
use crate::current;
use asyncio_core::TaskId;
use asyncio_core::wait_note::{WaitKind, WaitNote};
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, OnceLock};

/// A task as it was when it was looked at.
///
/// # Examples
/// ```
/// use asyncio::{Task, all_tasks, current_task};
///
/// # asyncio::run(async {
/// let worker = Task::builder().name("worker").spawn(std::future::pending::<()>());
/// let names: Vec<String> = all_tasks().iter().map(|task| task.name().to_owned()).collect();
/// assert_eq!(names, [current_task().unwrap().name(), "worker"]);
/// # worker.cancel();
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct TaskRef {
    id: TaskId,
    slot: u32,
    /// Of its loop.
    loop_number: u64,
    given_name: Option<Arc<str>>,
    /// Made when it is first asked for, unless one was given.
    default_name: OnceLock<Box<str>>,
    state: TaskState,
    parent: Option<TaskId>,
    spawned_at: &'static Location<'static>,
    waiting_for: Option<WaitNote>,
    /// The name that was given to the task it waits for.
    awaited_name: Option<Arc<str>>,
}

/// What a task was doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TaskState {
    /// It was the one that runs.
    Running,
    /// It was in the ready queue.
    Ready,
    /// It was waiting for a wake.
    Waiting,
}

impl TaskRef {
    fn look(owner: &Owner, cell: CellPtr) -> Self {
        let state = if owner.current.get() == Some(cell) {
            TaskState::Running
        } else if cell.is_queued() {
            TaskState::Ready
        } else {
            TaskState::Waiting
        };
        Self {
            id: cell.id(),
            slot: cell.slot(),
            loop_number: owner.number(),
            given_name: cell.given_name(),
            default_name: OnceLock::new(),
            state,
            parent: cell.parent(),
            spawned_at: cell.spawned_at(),
            waiting_for: if state == TaskState::Waiting { cell.wait_note() } else { None },
            awaited_name: None,
        }
    }

    pub(crate) fn key(&self) -> (u32, TaskId) {
        (self.slot, self.id)
    }

    /// Its number on its loop.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// The name it was given, or `Task-N` with its id.
    #[must_use]
    #[doc(alias = "get_name")]
    pub fn name(&self) -> &str {
        match &self.given_name {
            Some(name) => name,
            None => self.default_name.get_or_init(|| format!("Task-{}", self.id).into()),
        }
    }

    /// What it was doing.
    #[must_use]
    pub fn state(&self) -> TaskState {
        self.state
    }

    /// The task that created it.
    #[must_use]
    pub fn parent(&self) -> Option<TaskId> {
        self.parent
    }

    /// Where it was created.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// What it was waiting for, if it was waiting and the future it awaits says so.
    #[must_use]
    pub fn waiting_for(&self) -> Option<WaitNote> {
        self.waiting_for
    }

    /// Asks the task to end, as [`Task::cancel`](crate::Task::cancel) does.
    ///
    /// # Panics
    /// If the task's own loop is not the one that is running on this thread.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        let asked = current::with(|owner| {
            (owner.number() == self.loop_number).then(|| cancel(owner, self.slot, self.id))
        });
        match asked {
            Some(Some(asked)) => asked,
            Some(None) => panic!("task is attached to a different loop: cancel it on its own loop"),
            None => current::none(),
        }
    }
}

impl fmt::Display for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (created at {})", self.name(), self.spawned_at)?;
        match (self.state, self.waiting_for) {
            (TaskState::Running, _) => f.write_str(" is running"),
            (TaskState::Ready, _) => f.write_str(" is ready to run"),
            (TaskState::Waiting, Some(note)) => match &self.awaited_name {
                Some(name) => write!(f, " waits for task `{name}` at {}", note.at()),
                None => write!(f, " waits for {note}"),
            },
            (TaskState::Waiting, None) => {
                f.write_str(" waits for something foreign (a future that tells nothing)")
            }
        }
    }
}

/// The task that is running now; `None` in a callback and outside of a loop.
#[must_use]
pub fn current_task() -> Option<TaskRef> {
    current::with(|owner| {
        owner.current.get().filter(|cell| is_task(*cell)).map(|cell| TaskRef::look(owner, cell))
    })
    .flatten()
}

/// The tasks of the running loop that have not ended, in the order of their creation.
///
/// # Panics
/// If no loop is running on this thread.
#[must_use]
#[track_caller]
pub fn all_tasks() -> Vec<TaskRef> {
    let Some(tasks) = current::with(list) else { current::none() };
    tasks
}

/// The tasks of `owner` that have not ended, in the order of their creation.
pub(crate) fn list(owner: &Owner) -> Vec<TaskRef> {
    let cells: Vec<CellPtr> = owner.cells.items();
    let mut tasks: Vec<TaskRef> = cells
        .into_iter()
        .filter(|cell| is_task(*cell) && !cell.is_done())
        .map(|cell| TaskRef::look(owner, cell))
        .collect();
    tasks.sort_unstable_by_key(|task| task.id);
    name_awaited(&mut tasks);
    tasks
}

/// Adds the names of awaited tasks, for the list is read by people. `tasks` is sorted by id.
fn name_awaited(tasks: &mut [TaskRef]) {
    for index in 0..tasks.len() {
        let note = tasks[index].waiting_for.filter(|note| note.kind() == WaitKind::Task);
        let Some(id) = note.map(|note| TaskId::from_u64(note.object())) else { continue };
        if let Ok(awaited) = tasks.binary_search_by_key(&id, |task| task.id) {
            let name = tasks[awaited].given_name.as_ref().map(Arc::clone);
            tasks[index].awaited_name = name;
        }
    }
}

/// The task with this key, if it has not ended.
pub(crate) fn find(owner: &Owner, slot: u32, id: TaskId) -> Option<CellPtr> {
    owner.cells.get(slot).filter(|cell| cell.id() == id && !cell.is_done())
}

/// Asks the task with this key to end, if it is still there.
pub(crate) fn cancel(owner: &Owner, slot: u32, id: TaskId) -> bool {
    find(owner, slot, id).is_some_and(request_cancel)
}

fn is_task(cell: CellPtr) -> bool {
    cell.kind() == Kind::Task
}
