//! [`Policy`]: who runs next. The production loop has none and takes the head of its queue.

use std::fmt;

/// Chooses the next ready task of a loop.
///
/// This is one of the doors of simulation: a production loop has no policy, which costs it one
/// predicted branch a poll.
pub trait Policy: fmt::Debug {
    /// Which of `ready` tasks (at least one, oldest first) runs next.
    ///
    /// `None` halts the loop as `stop` would; a policy uses it to bound a run that never ends.
    /// A number past the end counts as the last.
    fn pick(&mut self, ready: usize) -> Option<usize>;
}
