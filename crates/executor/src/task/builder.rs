//! [`create_task`] and the builder behind it.

use super::join::Task;
use crate::cell::{self, Kind};
use crate::current;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

/// Schedules a future as a task of the running loop. It first runs in the loop's next turn.
///
/// The future needs to be neither `Send` nor `Sync`.
///
/// # Panics
/// If no loop is running on this thread, or it is closed.
///
/// # Examples
/// ```
/// use asyncio::create_task;
///
/// # asyncio::run(async {
/// let shared = std::rc::Rc::new(1);
/// let task = create_task(async move { *shared + 1 });
/// assert_eq!(task.await.unwrap(), 2);
/// # });
/// ```
#[inline]
#[track_caller]
#[doc(alias = "spawn")]
#[doc(alias = "spawn_local")]
#[doc(alias = "ensure_future")]
pub fn create_task<F: Future + 'static>(future: F) -> Task<F::Output> {
    if cell::is_large::<F>() {
        return create_here(Box::pin(future), Location::caller());
    }
    create_here(future, Location::caller())
}

#[inline]
#[track_caller]
fn create_here<F: Future + 'static>(
    future: F,
    spawned_at: &'static Location<'static>,
) -> Task<F::Output> {
    match current::with(|owner| cell::create(owner, future, Kind::Task, spawned_at)) {
        Some(cell) => Task::new(cell),
        None => current::none(),
    }
}

impl Task<()> {
    /// A builder for a task that needs more than a future.
    pub fn builder() -> TaskBuilder {
        TaskBuilder::new()
    }
}

/// A task to be: see [`Task::builder`].
///
/// # Examples
/// ```
/// use asyncio::Task;
///
/// # asyncio::run(async {
/// let task = Task::builder().name("reader").spawn(async {});
/// assert_eq!(task.name(), "reader");
/// # });
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `spawn`"]
pub struct TaskBuilder {
    name: Option<Arc<str>>,
    eager_start: bool,
}

impl TaskBuilder {
    pub(super) fn new() -> Self {
        Self { name: None, eager_start: false }
    }

    /// Names the task; the default is `Task-N` with its id.
    #[doc(alias = "set_name")]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(Arc::from(name.into()));
        self
    }

    /// Whether the task runs at once, inside its creator, until it first waits.
    ///
    /// It is for tasks that mostly have nothing to wait for: one that ends in its first poll never
    /// enters the ready queue. The order of events changes, as with Python's `eager_start=True`:
    /// what the task does before its first wait happens before `spawn` returns.
    ///
    /// # Examples
    /// ```
    /// use asyncio::Task;
    ///
    /// # asyncio::run(async {
    /// let task = Task::builder().eager_start(true).spawn(async { 7 });
    /// assert!(task.is_finished());
    /// assert_eq!(task.await.unwrap(), 7);
    /// # });
    /// ```
    #[doc(alias = "eager_task_factory")]
    pub fn eager_start(mut self, eager_start: bool) -> Self {
        self.eager_start = eager_start;
        self
    }

    /// Schedules the future as a task of the running loop.
    ///
    /// # Panics
    /// If no loop is running on this thread, or it is closed.
    #[inline]
    #[track_caller]
    pub fn spawn<F: Future + 'static>(self, future: F) -> Task<F::Output> {
        if cell::is_large::<F>() {
            return self.spawn_here(Box::pin(future), Location::caller());
        }
        self.spawn_here(future, Location::caller())
    }

    #[track_caller]
    fn spawn_here<F: Future + 'static>(
        self,
        future: F,
        spawned_at: &'static Location<'static>,
    ) -> Task<F::Output> {
        let created = current::with(|owner| {
            if self.eager_start {
                return cell::create_eager(owner, future, Kind::Task, self.name, spawned_at);
            }
            let owned = cell::create(owner, future, Kind::Task, spawned_at);
            if let Some(name) = self.name {
                owned.cell().set_name(name);
            }
            owned
        });
        match created {
            Some(cell) => Task::new(cell),
            None => current::none(),
        }
    }
}
