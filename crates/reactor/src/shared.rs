//! [`Shared`]: the part of a loop that other threads may touch, and the register of all loops.
//!
//! A handle that is dropped where its loop is not current leaves a message and notifies the loop. Sources hold an
//! [`Arc<Shared>`]; a sleep holds its loop's number only (an `Arc` would cost two locked instructions a sleep), and
//! finds the loop in the process-wide register, on this slow path alone.
//!
//! Protocol of the inbox: (1) the sender pushes under the lock, (2) sets `has_messages`, (3) notifies. The
//! loop (4) clears `has_messages`, (5) takes the messages under the lock. A message pushed after 5 has its
//! own 2 and 3, so it is seen in the next turn.

use crate::os::{Registry, process_id};
use crate::table::SourceKey;
use crate::timer::TimerKey;
use asyncio_core::park::Unpark;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};

/// What other threads have to say to a loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Message {
    /// A sleep was dropped.
    Cancel(TimerKey),
    /// A source was dropped; its descriptor is registered no more.
    Forget(SourceKey),
}

/// The part of a loop that is `Send` and `Sync`.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Tells loops apart in this process; never zero. The ids that people see are counted elsewhere.
    pub(crate) loop_id: u32,
    /// Where descriptors are registered; none in a simulated world.
    registry: Option<Arc<Registry>>,
    notifier: Arc<dyn Unpark>,
    /// The process that made the loop: a fork's child has the same descriptors, but must not use them.
    process: u32,
    has_messages: AtomicBool,
    inbox: Mutex<Vec<Message>>,
}

/// Numbers, not behaviour: what a program does is the same whatever they are.
static NEXT_LOOP_ID: AtomicU32 = AtomicU32::new(1);
static LOOPS: Mutex<BTreeMap<u32, Weak<Shared>>> = Mutex::new(BTreeMap::new());

impl Shared {
    /// Makes the shared part of a new loop and enters it into the register.
    pub(crate) fn new(registry: Option<Arc<Registry>>, notifier: Arc<dyn Unpark>) -> Arc<Self> {
        let loop_id = NEXT_LOOP_ID.fetch_add(1, Ordering::Relaxed);
        assert!(loop_id != 0, "fewer than 2^32 event loops in the life of a process");
        let shared = Arc::new(Self {
            loop_id,
            registry,
            notifier,
            process: process_id(),
            has_messages: AtomicBool::new(false),
            inbox: Mutex::new(Vec::new()),
        });
        LOOPS.lock().insert(loop_id, Arc::downgrade(&shared));
        shared
    }

    /// Takes the loop out of the register and lets go of its descriptors; messages to it are lost from now
    /// on, as they may be.
    pub(crate) fn close(&self) {
        LOOPS.lock().remove(&self.loop_id);
        if let Some(registry) = &self.registry {
            registry.close();
        }
    }

    /// The loop with this number, if it has not been closed.
    pub(crate) fn find(loop_id: u32) -> Option<Arc<Self>> {
        LOOPS.lock().get(&loop_id).and_then(Weak::upgrade)
    }

    /// Where descriptors are registered.
    pub(crate) fn registry(&self) -> Option<&Arc<Registry>> {
        self.registry.as_ref()
    }

    /// The notifier of the loop.
    pub(crate) fn notifier(&self) -> &Arc<dyn Unpark> {
        &self.notifier
    }

    /// Whether this is the process that made the loop.
    pub(crate) fn is_own_process(&self) -> bool {
        process_id() == self.process
    }

    /// Refuses to go on in the child of a fork.
    #[track_caller]
    pub(crate) fn assert_own_process(&self) {
        let (made, here) = (self.process, process_id());
        assert!(
            made == here,
            "the event loop was created in process {made} and cannot be used in process {here}: \
             after a fork the child has to create its own"
        );
    }

    /// Leaves a message and notifies the loop.
    pub(crate) fn send(&self, message: Message) {
        self.inbox.lock().push(message);
        // Release, so that whoever sees the flag sees the message behind it.
        self.has_messages.store(true, Ordering::Release);
        self.notifier.unpark();
    }

    /// Takes the messages that have come; the loop's own thread only.
    #[inline]
    pub(crate) fn take_messages(&self) -> Vec<Message> {
        if !self.has_messages.load(Ordering::Relaxed) {
            return Vec::new();
        }
        self.has_messages.swap(false, Ordering::AcqRel);
        std::mem::take(&mut *self.inbox.lock())
    }
}
