//! Everywhere else: `Poller::wait`, edge-triggered where the system can, else armed before each wait.
//!
//! polling does not pass on whether the other side has closed, so no event here says so, and a short
//! read must not end readiness. It does not wait for priority data alone either, so nothing here does.

use super::{EVENTS_PER_WAIT, Interest, already_registered, always_ready, closed};
use super::{process_id, register};
use crate::clock::OsClock;
use crate::selector::{Readiness, Selector, Wait};
use asyncio_core::park::Unpark;
use asyncio_core::time::Clock;
use parking_lot::RwLock;
use polling::{Event, Events, PollMode, Poller};
use rustix::fs::{FileType, fstat};
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("polling's keys must hold an index and a generation of 32 bits each");

/// What other threads may use of a selector.
#[derive(Debug)]
pub(crate) struct Registry {
    /// `None` after the loop was closed: whoever keeps a handle or a waker keeps no descriptor.
    open: RwLock<Option<Arc<Poller>>>,
    /// Whether the system reports edges; known before anything is registered.
    has_edges: bool,
    /// The process that opened the poller: its child has it, too, and must not notify.
    process: u32,
}

impl Registry {
    /// Whether a call on `fd` that does less than it was asked to has left nothing to do: unknown, for an
    /// event does not say whether the other side has closed.
    pub(crate) fn is_drained_by_a_short_call(_fd: BorrowedFd<'_>) -> bool {
        false
    }

    /// Registers a descriptor: for all edges, or for nothing until it is armed.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>, key: u64) -> io::Result<()> {
        // poll(2) and kqueue take regular files and find them always ready.
        if matches!(
            FileType::from_raw_mode(fstat(fd)?.st_mode),
            FileType::RegularFile | FileType::Directory
        ) {
            return Err(always_ready(fd));
        }
        let (interest, mode) = if self.needs_arming() {
            (Event::none(key as usize), PollMode::Oneshot)
        } else {
            (Event::all(key as usize), PollMode::Edge)
        };
        let open = self.open.read();
        let poller = open.as_ref().ok_or_else(closed)?;
        register::add(poller, fd, interest, mode).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => already_registered(),
            _ => error,
        })
    }

    /// Ends a registration; must come before the descriptor is closed.
    pub(crate) fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        match &*self.open.read() {
            Some(poller) => poller.delete(fd),
            None => Ok(()),
        }
    }

    /// Lets go of the poller; it is closed when the loop's side has gone, too.
    pub(crate) fn close(&self) {
        let poller = self.open.write().take();
        drop(poller);
    }

    /// Whether a source must be armed again before each wait.
    pub(crate) fn needs_arming(&self) -> bool {
        !self.has_edges
    }

    /// Arms a source; the system reports at once if it is ready already.
    pub(crate) fn arm(&self, fd: BorrowedFd<'_>, key: u64, interest: Interest) -> io::Result<()> {
        let event = Event::new(key as usize, interest.readable, interest.writable);
        match &*self.open.read() {
            Some(poller) => poller.modify_with_mode(fd, event, PollMode::Oneshot),
            None => Err(closed()),
        }
    }
}

impl Unpark for Registry {
    fn unpark(&self) {
        if process_id() == self.process
            && let Some(poller) = &*self.open.read()
        {
            // The poller coalesces notifications by itself. Without its notifier the loop could never be woken.
            poller.notify().expect("the poller's notifier lives as long as the poller");
        }
    }
}

/// The loop's side.
pub(crate) struct OsSelector {
    registry: Arc<Registry>,
    poller: Arc<Poller>,
    events: Events,
}

impl OsSelector {
    pub(crate) fn new() -> io::Result<Self> {
        let capacity = NonZeroUsize::new(EVENTS_PER_WAIT).expect("a constant above zero");
        let poller = Arc::new(Poller::new()?);
        let registry = Registry {
            open: RwLock::new(Some(Arc::clone(&poller))),
            has_edges: poller.supports_edge(),
            process: process_id(),
        };
        Ok(Self { registry: Arc::new(registry), poller, events: Events::with_capacity(capacity) })
    }

    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }
}

impl Selector for OsSelector {
    fn select(&mut self, wait: Wait, ready: &mut Vec<Readiness>) -> io::Result<ControlFlow<()>> {
        let timeout = match wait {
            Wait::Poll => Some(Duration::ZERO),
            // Rounded up by polling where the system is coarse, so never early.
            Wait::Until(deadline) => Some(deadline - OsClock.now()),
            Wait::Forever => None,
        };
        self.events.clear();
        match self.poller.wait(&mut self.events, timeout) {
            Ok(_) => {}
            // polling says `WouldBlock` before it has asked the system, when a notification was announced
            // and is not written yet: it was meant to end this wait, and has.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
                ) => {}
            Err(error) => return Err(error),
        }
        ready.extend(self.events.iter().map(|event| Readiness {
            key: event.key as u64,
            readable: event.readable,
            writable: event.writable,
            closed: false,
            priority: false,
            error: event.is_err().unwrap_or(false),
        }));
        Ok(ControlFlow::Continue(()))
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        self.registry()
    }
}
