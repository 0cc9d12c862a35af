//! [`Policy`]: who runs next. The production loop has none and takes the head of its queue.
//!
//! This is the hook of a simulation. A loop without a policy pays one predicted branch a turn and nothing else:
//! what a policy is told is read off the queue, around each poll.

use asyncio_core::TaskId;
use asyncio_core::wait_note::WaitNote;
use std::fmt;
use std::panic::Location;

/// Chooses the order in which a loop runs what is ready.
///
/// A policy orders the tasks and callbacks of one turn: what becomes ready meanwhile waits for the next turn,
/// as without a policy.
pub trait Policy: fmt::Debug {
    /// Which of the candidates (at least one, oldest first) runs next.
    ///
    /// `None` halts the loop as `stop` would; a policy uses it to bound a run that never ends.
    /// A number past the end counts as the last.
    fn pick(&mut self, candidates: &Candidates<'_>) -> Option<usize>;

    /// Whether it wants to be told of [events](Event). It is asked when it is installed.
    fn observes(&self) -> bool {
        false
    }

    /// What has happened since the last choice, oldest first.
    fn observe(&mut self, events: &[Event]) {
        let _ = events;
    }
}

/// What is ready in this turn and has not run yet, oldest first.
pub struct Candidates<'a> {
    len: usize,
    get: &'a dyn Fn(usize) -> Option<Candidate>,
}

/// A task or a callback that is ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The number of the task; `None` for a callback.
    pub task: Option<TaskId>,
    /// Where it was created.
    pub spawned_at: &'static Location<'static>,
    /// What it waited for until it was woken, if it was polled before and said so.
    pub waited_for: Option<WaitNote>,
}

/// What happened in a loop. A task that is started eagerly is heard of when it is first woken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A task was created, by another one or from outside.
    Spawned {
        /// The new task.
        task: TaskId,
        /// The task that created it.
        by: Option<TaskId>,
    },
    /// A task was woken and is ready now.
    Woken {
        /// The task that is ready.
        task: TaskId,
        /// The task that woke it; `None` for a timer, a socket, a callback or another thread.
        by: Option<TaskId>,
    },
    /// A task was picked and polled.
    Polled {
        /// The task.
        task: TaskId,
    },
    /// A task has ended.
    Ended {
        /// The task.
        task: TaskId,
    },
}

/// What a policy that observes has not been told yet.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(crate) is_wanted: bool,
    pub(crate) list: Vec<Event>,
    /// How many of the queue, from its head, were told of.
    pub(crate) told: usize,
    /// The number of the next task by then.
    pub(crate) next_id: Option<TaskId>,
}

impl<'a> Candidates<'a> {
    pub(crate) fn new(len: usize, get: &'a dyn Fn(usize) -> Option<Candidate>) -> Self {
        Self { len, get }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none; never so in [`Policy::pick`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The candidate at `index`, counted from the oldest. Takes logarithmic time.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Candidate> {
        (self.get)(index)
    }
}

impl fmt::Debug for Candidates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidates").field("len", &self.len()).finish()
    }
}
