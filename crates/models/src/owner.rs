//! [`Owner`]: the loop's own side of a cell, in ordinary memory.
//!
//! Transcribed from `cell/lifecycle.rs`, `cell/wake.rs` and `cell/layout.rs` of the executor, bits of
//! the local word included; each function names the one it stands for.

use crate::world::{Entry, World};
use loom::sync::Arc;
use loom::sync::atomic::Ordering;

// The local word's bits, as in `layout.rs`; those that matter only to user code are left out.
const QUEUED: u64 = 1;
const DONE: u64 = 2;
const HANDLE: u64 = 4;
const MERGED: u64 = 16;
const ONE: u64 = 1 << 12;

/// What only the owner thread touches.
pub(crate) struct Owner {
    world: Arc<World>,
    local: u64,
    alive: i64,
    /// How often the task was polled.
    pub(crate) polls: usize,
    /// What the last poll, or the drop of the outcome, read of `World::news`.
    pub(crate) read: u64,
    /// A request of another thread has arrived.
    pub(crate) is_asked_to_end: bool,
}

impl Owner {
    /// A cell that was polled before, with this many wakers made on the owner thread, and a handle or none.
    pub(crate) fn new(world: &Arc<World>, wakers: u64, handle: bool) -> Self {
        let local = (wakers * ONE) | if handle { HANDLE } else { 0 };
        Self {
            world: Arc::clone(world),
            local,
            alive: 1,
            polls: 0,
            read: 0,
            is_asked_to_end: false,
        }
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.local & QUEUED != 0
    }

    pub(crate) fn has_handle(&self) -> bool {
        self.local & HANDLE != 0
    }

    pub(crate) fn is_merged(&self) -> bool {
        self.local & MERGED != 0
    }

    /// `wake::wake` without `give`.
    pub(crate) fn wake(&mut self) {
        if self.local & (MERGED | QUEUED | DONE) == 0 {
            self.local |= QUEUED;
        }
    }

    /// `lifecycle::run` of a task that stays pending. The poll reads `World::news` at its end, so that
    /// a wake during the poll must lead to another.
    pub(crate) fn run(&mut self) {
        self.local &= !QUEUED;
        self.world.stage.change();
        self.polls += 1;
        self.read = self.world.news.load(Ordering::Relaxed);
    }

    /// `lifecycle::complete`, for a cell whose outcome nobody waits for.
    pub(crate) fn complete(&mut self) {
        self.world.stage.change();
        self.local |= DONE;
        if self.local & HANDLE == 0 {
            self.release();
        }
    }

    /// `lifecycle::release`.
    pub(crate) fn release(&mut self) {
        if self.local & (DONE | HANDLE | QUEUED | MERGED) != DONE {
            return;
        }
        if self.local / ONE == 0 && self.world.word.is_zero() {
            self.local |= MERGED;
            return self.free();
        }
        self.merge(0);
    }

    /// `lifecycle::merge`.
    fn merge(&mut self, handles: u64) {
        self.local |= MERGED;
        let counted = (self.local.cast_signed() >> ONE.trailing_zeros()).cast_unsigned();
        if self.world.word.merge(counted.wrapping_add(handles)) {
            self.free();
        }
    }

    /// `waker::drop_waker` on the owner thread.
    pub(crate) fn drop_waker(&mut self) {
        if self.is_merged() {
            self.world.drop_waker();
        } else {
            self.local = self.local.wrapping_sub(ONE);
        }
    }

    /// `lifecycle::drop_handle`.
    pub(crate) fn drop_handle(&mut self) {
        if self.is_merged() {
            return self.world.drop_waker();
        }
        // The outcome's drop is user code, like a poll.
        self.world.stage.change();
        self.read = self.world.news.load(Ordering::Relaxed);
        self.local &= !HANDLE;
        self.release();
    }

    /// `EventLoop::drain`.
    pub(crate) fn drain(&mut self) {
        if self.world.inbox.is_filled() {
            let mut batch = Vec::new();
            self.world.inbox.take(&mut batch);
            batch.into_iter().for_each(|entry| self.deliver(entry));
        }
    }

    /// `trim::Trim::run`, of what threads share.
    pub(crate) fn trim(&self) {
        self.world.inbox.trim();
    }

    /// `EventLoop::wait` with `ThreadPark`; the caller has seen that nothing is queued.
    pub(crate) fn wait(&mut self) {
        if self.world.inbox.park() {
            self.world.bell.wait();
            self.world.inbox.unpark();
        }
        self.drain();
    }

    /// `lifecycle::deliver`.
    fn deliver(&mut self, entry: Entry) {
        match entry {
            Entry::Dead => self.free(),
            Entry::Wake => self.deliver_wake(),
        }
    }

    /// `lifecycle::deliver_wake`.
    fn deliver_wake(&mut self) {
        self.world.cell.touch();
        let entry = self.world.word.consume();
        if self.is_merged() {
            if entry.last {
                self.free();
            }
            return;
        }
        assert!(!entry.last, "the owner has not given its hold up");
        self.is_asked_to_end |= entry.cancel;
        self.wake();
        if entry.detach {
            self.drop_handle();
        }
    }

    /// `CellPtr::free`.
    fn free(&mut self) {
        self.world.stage.give_back();
        self.world.cell.give_back();
        self.alive -= 1;
    }

    /// `EventLoop::close` and drop: `lifecycle::close`, then `OwnerRef::drop`.
    pub(crate) fn close(mut self) {
        let left = self.world.inbox.close();
        left.into_iter().for_each(|entry| self.deliver(entry));
        if self.local & DONE == 0 {
            self.complete();
        }
        if self.is_queued() {
            self.local &= !QUEUED;
            self.release();
        }
        if !self.is_merged() {
            self.world.stage.change();
            self.merge(1);
        }
        if self.world.outliving.fetch_add(self.alive, Ordering::AcqRel) + self.alive == 0 {
            self.world.owner.give_back();
        }
    }
}
