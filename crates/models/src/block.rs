//! [`Block`]: memory whose uses loom watches.
//!
//! It stands for a block of the product: reading it is any use by somebody who believes that it is
//! alive, writing it is giving it back. Loom fails the model if the two are not ordered.

use loom::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A block of memory that is given back once.
#[derive(Debug)]
pub(crate) struct Block {
    memory: UnsafeCell<()>,
    /// Not loom's, for counting must not order anything.
    given_back: AtomicUsize,
}

// SAFETY: nobody dereferences `memory`, which holds nothing; loom only records who came to it.
unsafe impl Sync for Block {}

impl Block {
    pub(crate) fn new() -> Self {
        Self { memory: UnsafeCell::new(()), given_back: AtomicUsize::new(0) }
    }

    /// Somebody uses the block.
    #[track_caller]
    pub(crate) fn touch(&self) {
        self.memory.with(|_| ());
        assert_eq!(self.given_back.load(Ordering::Relaxed), 0, "used after it was given back");
    }

    /// Somebody has the block for himself, as the owner has a task's future and outcome.
    #[track_caller]
    pub(crate) fn change(&self) {
        self.memory.with_mut(|_| ());
        assert_eq!(self.given_back.load(Ordering::Relaxed), 0, "changed after it was given back");
    }

    /// The block goes back.
    #[track_caller]
    pub(crate) fn give_back(&self) {
        self.memory.with_mut(|_| ());
        assert_eq!(self.given_back.fetch_add(1, Ordering::Relaxed), 0, "given back twice");
    }

    /// How often it went back, at the end of a model.
    pub(crate) fn times_given_back(&self) -> usize {
        self.given_back.load(Ordering::Relaxed)
    }
}
