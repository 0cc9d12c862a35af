//! [`Selector`]: the hook through which a loop waits for the world.
//!
//! Behind it stands the operating system, or a simulated world whose *waiting until t* is *setting the
//! clock to t*. The reactor around it (timers, sources, wakers) is the same for both.

use asyncio_core::Instant;
use asyncio_core::park::Unpark;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Waits for the world on behalf of a [`Reactor`](crate::Reactor).
///
/// Implemented for the operating system in this crate and for the simulated world in the test crate.
pub trait Selector {
    /// Waits as long as `wait` says, or until an event comes or the unparker is used; adds to `ready`
    /// what happened to the sources.
    ///
    /// A return without any of these is allowed. `Break` says that nothing can ever happen again.
    /// A simulated selector is never asked for a mere [`Wait::Poll`].
    ///
    /// # Errors
    /// The system's refusal to wait, which the reactor cannot survive. Interrupted calls are none.
    fn select(&mut self, wait: Wait, ready: &mut Vec<Readiness>) -> io::Result<ControlFlow<()>>;

    /// The notifier that ends a wait from another thread.
    fn unparker(&self) -> Arc<dyn Unpark>;
}

/// How long a [`Selector`] may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// Not at all: the loop has more to do.
    Poll,
    /// Until this instant, at which a timer is due.
    Until(Instant),
    /// No timer is pending.
    Forever,
}

/// What happened to one source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Readiness {
    /// Which source: its [`Source::key`](crate::Source::key).
    pub key: u64,
    /// Reading may not block any more.
    pub readable: bool,
    /// Writing may not block any more.
    pub writable: bool,
    /// The other side has closed or failed, and reading will go on saying so; always `readable` too.
    pub closed: bool,
    /// Priority data has come, as TCP's urgent byte.
    pub priority: bool,
    /// There is an error to be asked for.
    pub error: bool,
}
