//! [`Mailbox`]: what other threads hold of a loop, alive or closed.

use crate::cell::{Entry, Owner};
use crate::error::LoopClosed;
use crate::inbox::{Bell, Inbox};
use crate::thread_number;
use asyncio_core::park::Unpark;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// The inbox of a loop, its bell and its thread.
#[derive(Clone)]
pub(crate) struct Mailbox {
    inbox: Arc<Inbox<Entry>>,
    bell: Arc<dyn Unpark>,
    thread: u64,
}

impl Mailbox {
    pub(crate) fn of(owner: &Owner) -> Self {
        Self {
            inbox: Arc::clone(&owner.inbox),
            bell: Arc::clone(&owner.bell),
            thread: owner.thread(),
        }
    }

    /// Has the loop run `post`, after everything this thread sent before.
    #[track_caller]
    pub(crate) fn post(&self, post: impl FnOnce() + Send + 'static) -> Result<(), LoopClosed> {
        match self.inbox.push(Entry::Post(Box::new(post), Location::caller())) {
            Ok(Bell::Ring) => self.bell.unpark(),
            Ok(Bell::Silent) => {}
            Err(refused) => {
                drop(refused);
                return Err(LoopClosed);
            }
        }
        Ok(())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.inbox.is_closed()
    }

    /// Whether this is the loop's own thread.
    pub(crate) fn is_here(&self) -> bool {
        thread_number::is(self.thread)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("is_closed", &self.is_closed()).finish_non_exhaustive()
    }
}
