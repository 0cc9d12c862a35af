//! A loop drives the pool by listening to its poller, like to any descriptor.
//!
//! There is no task: the waker that the reactor calls takes in what has happened right there. So a result
//! reaches the task that awaits it in the same turn, and the executor is not needed for it.

use crate::process::drive::helper::Helper;
use crate::process::shared::Shared;
use crate::process::sys::Poller;
use asyncio_core::budget;
use asyncio_reactor::{AsyncFd, ReactorId, current_id};
use parking_lot::Mutex;
use rustix::fd::{AsFd, BorrowedFd};
use std::io;
use std::sync::{Arc, Weak};
use std::task::{Context, Wake, Waker};

/// The loops that drive a pool.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    listeners: Mutex<Vec<Arc<Listener>>>,
}

#[derive(Debug)]
struct Listener {
    reactor: ReactorId,
    fd: AsyncFd<Watched>,
    waker: Waker,
    shared: Weak<Shared>,
    home: Weak<Listeners>,
    /// Who goes on when the loop is closed.
    helper: Weak<Helper>,
}

/// The poller, so that its descriptor stays open for as long as a loop watches it.
#[derive(Debug)]
struct Watched(Arc<Poller>);

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Listeners {
    /// Has the loop of this thread, which is `reactor`, drive the pool.
    pub(crate) fn listen(
        self: &Arc<Self>,
        reactor: ReactorId,
        shared: &Arc<Shared>,
        helper: &Arc<Helper>,
    ) -> io::Result<()> {
        if self.listeners.lock().iter().any(|listener| listener.reactor == reactor) {
            return Ok(());
        }
        let fd = AsyncFd::new(Watched(Arc::clone(&shared.poller)))?;
        let (shared, home) = (Arc::downgrade(shared), Arc::downgrade(self));
        let helper = Arc::downgrade(helper);
        let listener = Arc::new_cyclic(|listener| {
            let waker = Waker::from(Arc::new(Ear { listener: Weak::clone(listener) }));
            Listener { reactor, fd, waker, shared, home, helper }
        });
        self.listeners.lock().push(Arc::clone(&listener));
        listener.take_turn();
        Ok(())
    }

    /// No loop listens any more.
    pub(crate) fn dismiss(&self) {
        let listeners = std::mem::take(&mut *self.listeners.lock());
        drop(listeners);
    }

    /// Returns whether no other loop listens.
    fn remove(&self, reactor: ReactorId) -> bool {
        let mut listeners = self.listeners.lock();
        let place = listeners.iter().position(|listener| listener.reactor == reactor);
        let removed = place.map(|place| listeners.swap_remove(place));
        let is_last = listeners.is_empty();
        drop(listeners);
        drop(removed);
        is_last
    }
}

impl Listener {
    /// Takes in what has happened, and has the reactor call when there is more.
    fn take_turn(&self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let mut context = Context::from_waker(&self.waker);
        let turn = self.fd.poll_read_with(&mut context, |_| {
            shared.drive();
            Err::<(), _>(io::ErrorKind::WouldBlock.into())
        });
        // An error says that the loop is closed.
        if turn.is_ready() {
            self.leave();
        }
    }

    /// The loop is closed. What was submitted on it is to run all the same.
    fn leave(&self) {
        let Some(home) = self.home.upgrade() else { return };
        let is_last = home.remove(self.reactor);
        if let (Some(shared), Some(helper)) = (self.shared.upgrade(), self.helper.upgrade())
            && is_last
            && shared.look(|engine| engine.is_busy())
        {
            // Without a thread it is done by whoever comes next.
            let _hired = helper.hire(&shared);
        }
    }
}

/// What the reactor calls. It does not keep the listener, which keeps its registration.
#[derive(Debug)]
struct Ear {
    listener: Weak<Listener>,
}

impl Wake for Ear {
    fn wake(self: Arc<Self>) {
        let Some(listener) = self.listener.upgrade() else { return };
        if current_id() == Some(listener.reactor) {
            // This is a poll of its own, not part of the one that a task had before.
            budget::begin_poll();
            listener.take_turn();
        } else {
            listener.leave();
        }
    }
}
