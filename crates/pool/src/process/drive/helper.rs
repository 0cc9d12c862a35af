//! A thread that drives the pool for those who neither run a loop of ours nor block: other executors, and
//! jobs that were submitted outside of any and are not awaited.
//!
//! It is started when such a job comes and ends when there has been nothing to do for a second.

use crate::process::shared::Shared;
use crate::process::sys::Bell;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::thread;

const KEEP_ALIVE_MILLIS: u32 = 1000;

/// Whether there is a helper.
#[derive(Debug, Default)]
pub(crate) struct Helper {
    bell: Mutex<Option<Arc<Bell>>>,
}

impl Helper {
    /// Sees to it that there is one.
    pub(crate) fn hire(self: &Arc<Self>, shared: &Arc<Shared>) -> io::Result<()> {
        let mut present = self.bell.lock();
        if present.is_some() {
            return Ok(());
        }
        let bell = Arc::new(Bell::new()?);
        let (helper, shared, theirs) = (Arc::clone(self), Arc::clone(shared), Arc::clone(&bell));
        let thread = thread::Builder::new().name("asyncio-pool-helper".to_owned());
        thread.spawn(move || helper.work(&shared, &theirs))?;
        *present = Some(bell);
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn is_hired(&self) -> bool {
        self.bell.lock().is_some()
    }

    /// The pool has ended, so it can go.
    pub(crate) fn dismiss(&self) {
        if let Some(bell) = &*self.bell.lock() {
            bell.ring();
        }
    }

    fn work(&self, shared: &Shared, bell: &Bell) {
        let mut was_busy = true;
        loop {
            shared.poller.wait(bell, Some(KEEP_ALIVE_MILLIS));
            shared.drive();
            let mut present = self.bell.lock();
            // Under the lock: whoever brings a job looks for a helper afterwards.
            let is_busy = shared.look(|engine| engine.is_busy());
            if !(is_busy || was_busy) || shared.look(|engine| engine.has_ended()) {
                *present = None;
                return;
            }
            was_busy = is_busy;
        }
    }
}
