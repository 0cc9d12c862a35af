//! [`World`]: one cell and its loop, as other threads see them.
//!
//! The shared word and the inbox are the product's own files. What surrounds them is transcribed from
//! `cell/wake.rs` and `cell/layout.rs` of the executor; each function names the one it stands for.

use crate::bell::Bell;
use crate::block::Block;
use crate::inbox::{Bell as Ring, Inbox};
use crate::word::{Notify, Word};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// `layout::Entry`, of the only cell there is.
#[derive(Debug)]
pub(crate) enum Entry {
    Wake,
    Dead,
}

/// What other threads touch.
#[derive(Debug)]
pub(crate) struct World {
    /// The cell's block: whoever holds a reference reads it.
    pub(crate) cell: Block,
    /// Future and outcome: owner only.
    pub(crate) stage: Block,
    /// The loop's block.
    pub(crate) owner: Block,
    pub(crate) word: Word,
    pub(crate) inbox: Arc<Inbox<Entry>>,
    pub(crate) bell: Bell,
    pub(crate) outliving: AtomicI64,
    /// What a program writes before it wakes and reads in its poll; always relaxed.
    pub(crate) news: AtomicU64,
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            cell: Block::new(),
            stage: Block::new(),
            owner: Block::new(),
            word: Word::new(),
            inbox: Arc::new(Inbox::new()),
            bell: Bell::new(),
            outliving: AtomicI64::new(0),
            news: AtomicU64::new(0),
        })
    }

    /// `waker::clone` on another thread.
    pub(crate) fn clone_waker(&self) {
        self.look();
        self.word.increment();
    }

    /// `waker::wake_by_ref` on another thread: `wake::wake_remote`.
    pub(crate) fn wake_by_ref(&self) {
        self.look();
        match self.word.notify() {
            Notify::Done => {}
            Notify::Push => self.push(),
        }
    }

    /// `OwnedCell::cancel_remote`: `wake::cancel_remote`.
    pub(crate) fn cancel(&self) {
        self.look();
        if self.word.is_merged() {
            return;
        }
        match self.word.request_cancel() {
            Notify::Done => {}
            Notify::Push => self.push(),
        }
    }

    /// `waker::wake` on another thread.
    pub(crate) fn wake(&self) {
        self.wake_by_ref();
        self.drop_waker();
    }

    /// `waker::drop_waker` on another thread, or after the merge: `wake::drop_remote`.
    pub(crate) fn drop_waker(&self) {
        self.look();
        if self.word.decrement() {
            self.free_remote();
        }
    }

    /// `OwnedCell::drop` on another thread: `wake::detach_remote`.
    pub(crate) fn drop_handle(&self) {
        self.look();
        match self.word.detach() {
            Notify::Done => {}
            Notify::Push => self.push(),
        }
        self.drop_waker();
    }

    /// `Task::is_finished` on another thread, where only a closed loop's tasks may be asked.
    pub(crate) fn is_of_closed_loop(&self) -> bool {
        self.look();
        self.word.is_merged()
    }

    /// Every function of a waker finds the cell's loop, and asks whether this is its thread.
    #[track_caller]
    fn look(&self) {
        self.cell.touch();
        self.owner.touch();
    }

    /// `wake::push`.
    fn push(&self) {
        self.look();
        match self.inbox.push(Entry::Wake) {
            Ok(Ring::Silent) => {}
            Ok(Ring::Ring) => {
                // The caller's own reference keeps the loop's block alive.
                self.owner.touch();
                self.bell.ring();
            }
            Err(_closed) => {
                self.cell.touch();
                if self.word.consume().detach {
                    assert!(!self.word.decrement(), "the caller still owns a reference");
                }
            }
        }
    }

    /// `CellPtr::free_remote`.
    fn free_remote(&self) {
        self.look();
        let inbox = Arc::clone(&self.inbox);
        if inbox.push_quietly(Entry::Dead).is_err() {
            self.cell.give_back();
            self.one_cell_less();
        }
    }

    /// `Owner::one_cell_less`.
    fn one_cell_less(&self) {
        self.owner.touch();
        if self.outliving.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.owner.give_back();
        }
    }

    /// After all threads have ended: both blocks went back, once.
    #[track_caller]
    pub(crate) fn assert_all_given_back(&self) {
        assert_eq!(self.cell.times_given_back(), 1, "the cell leaked");
        assert_eq!(self.owner.times_given_back(), 1, "the loop's block leaked");
    }
}
