//! [`Pool`]: the shared part with its drivers, and [`Attendance`]: whether somebody drives for a job.

use crate::process::drive::helper::Helper;
use crate::process::drive::listener::Listeners;
use crate::process::shared::Shared;
use asyncio_reactor::{ReactorId, current_id};
use std::ops::Deref;
use std::sync::Arc;

/// A pool with those who drive it; each job has one, so it is one pointer.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    listeners: Arc<Listeners>,
    helper: Arc<Helper>,
}

/// Who drives the pool for one job.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Attendance {
    #[default]
    Nobody,
    /// The thread that awaits it, which blocks; or a simulation.
    Elsewhere,
    Loop(ReactorId),
    Helper,
}

impl Pool {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let (listeners, helper) = (Arc::default(), Arc::default());
        Self { inner: Arc::new(Inner { shared, listeners, helper }) }
    }

    /// Sees to it that somebody drives for a job that is awaited, or was submitted, on this thread.
    ///
    /// Returns whether somebody does: without threads and descriptors nobody may be found.
    pub(crate) fn attend(&self, attendance: &mut Attendance) -> bool {
        let here = current_id();
        match (*attendance, here) {
            (Attendance::Elsewhere | Attendance::Helper, _) => return true,
            (Attendance::Loop(before), Some(here)) if before == here => return true,
            _ => {}
        }
        if let Some(reactor) = here
            && self.inner.listeners.listen(reactor, &self.inner.shared, &self.inner.helper).is_ok()
        {
            *attendance = Attendance::Loop(reactor);
            return true;
        }
        let hired = self.inner.helper.hire(&self.inner.shared).is_ok();
        if hired {
            *attendance = Attendance::Helper;
        }
        hired
    }

    /// A thread that has driven the pool leaves; somebody else is to do what is left.
    pub(crate) fn leave(&self) {
        if self.look(|engine| engine.has_chores()) {
            // Without a thread it is done by whoever comes next.
            self.attend(&mut Attendance::Nobody);
        }
    }

    #[cfg(test)]
    pub(crate) fn has_helper(&self) -> bool {
        self.inner.helper.is_hired()
    }

    /// Nobody needs to drive any more.
    pub(crate) fn dismiss_all(&self) {
        self.inner.listeners.dismiss();
        self.inner.helper.dismiss();
    }
}

impl Deref for Pool {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.inner.shared
    }
}
