//! The fields of a cell, one by one: every method reads or writes one of them, and no reference to a whole
//! header is ever formed.

use super::layout::{
    CANCEL, COLD, CellPtr, Cold, DONE, Entry, Header, Kind, OUTCOME, Owner, QUEUED, VTable, WATCHED,
};
use crate::error::JoinError;
use crate::memory::Memory;
use crate::word::Word;
use asyncio_core::TaskId;
use asyncio_core::caught_panic::CaughtPanic;
use asyncio_core::wait_note::WaitNote;
use std::cell::Cell;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicPtr;
use std::task::Waker;

impl CellPtr {
    /// # Safety
    /// `block` points to a header, fully written, of a live cell.
    pub(super) unsafe fn new(block: NonNull<Header>) -> Self {
        Self(block)
    }

    pub(super) fn as_ptr(self) -> *mut Header {
        self.0.as_ptr()
    }

    /// # Safety
    /// `data` came from [`as_ptr`](Self::as_ptr) of a cell that is alive.
    #[inline]
    pub(super) unsafe fn from_ptr(data: *const ()) -> Self {
        // SAFETY: the caller's; `as_ptr` is never null.
        Self(unsafe { NonNull::new_unchecked(data.cast_mut().cast()) })
    }

    /// The cell, as something that may be sent to its owner.
    pub(super) fn to_sendable(self) -> AtomicPtr<Header> {
        AtomicPtr::new(self.as_ptr())
    }

    #[inline]
    pub(super) fn vtable(self) -> &'static VTable {
        // SAFETY: alive by the invariant of `CellPtr`; the field is immutable.
        unsafe { (*self.as_ptr()).vtable }
    }

    #[inline]
    pub(super) fn owner_ptr(self) -> *const Owner {
        // SAFETY: alive by the invariant of `CellPtr`; the field is immutable.
        unsafe { (*self.as_ptr()).owner }
    }

    /// The loop. It lives as long as any of its cells, closed or not.
    #[inline]
    pub(crate) fn owner(&self) -> &Owner {
        // SAFETY: an `Owner` is freed only after the last of its cells, and this one is alive.
        unsafe { &*self.owner_ptr() }
    }

    #[inline]
    pub(super) fn shared(&self) -> &Word {
        // SAFETY: alive by the invariant of `CellPtr`; `Word` is for all threads.
        unsafe { &(*self.as_ptr()).shared }
    }

    #[inline]
    pub(crate) fn id(self) -> TaskId {
        // SAFETY: alive by the invariant of `CellPtr`; the field is immutable.
        TaskId::from_u64(unsafe { (*self.as_ptr()).id })
    }

    /// The number, if it is a task.
    #[inline]
    pub(crate) fn task_id(self) -> Option<TaskId> {
        (self.kind() == Kind::Task).then(|| self.id())
    }

    /// Orders the cells of a loop by their creation: tasks by their number, and each callback before the task
    /// whose number it has, in its place among the callbacks.
    pub(super) fn order(self) -> (u64, bool, u64) {
        let is_task = self.kind() == Kind::Task;
        // SAFETY: alive by the invariant of `CellPtr`; the field is immutable.
        let number = unsafe { (*self.as_ptr()).parent };
        (self.id().as_u64(), is_task, number)
    }

    pub(crate) fn parent(self) -> Option<TaskId> {
        // SAFETY: alive by the invariant of `CellPtr`; the field is immutable.
        let parent = unsafe { (*self.as_ptr()).parent };
        (parent != 0).then(|| TaskId::from_u64(parent))
    }

    pub(crate) fn spawned_at(self) -> &'static Location<'static> {
        // SAFETY: alive by the invariant of `CellPtr`; the field is immutable.
        unsafe { (*self.as_ptr()).spawned_at }
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind {
        // SAFETY: alive by the invariant of `CellPtr`; the field is immutable.
        unsafe { (*self.as_ptr()).kind }
    }

    /// The local word. Owner thread only.
    #[inline]
    pub(super) fn local(self) -> u64 {
        // SAFETY: alive by the invariant of `CellPtr`; only the owner thread comes here.
        unsafe { (*self.as_ptr()).local.get() }
    }

    #[inline]
    pub(super) fn set_local(self, word: u64) {
        // SAFETY: as in `local`.
        unsafe { (*self.as_ptr()).local.set(word) }
    }

    /// Owner thread only.
    #[inline]
    pub(super) fn awaiter(&self) -> &Cell<Option<Waker>> {
        // SAFETY: as in `local`.
        unsafe { &(*self.as_ptr()).awaiter }
    }

    /// Owner thread only.
    #[inline]
    pub(super) fn cold(&self) -> &Cell<Option<Box<Cold>>> {
        // SAFETY: as in `local`.
        unsafe { &(*self.as_ptr()).cold }
    }

    /// The name the task was given. Owner thread only.
    pub(crate) fn given_name(self) -> Option<Arc<str>> {
        let cold = self.cold().take();
        let given = cold.as_ref().and_then(|cold| cold.name.clone());
        self.cold().set(cold);
        given
    }

    /// The name the task was given, or `Task-N`. Owner thread only.
    pub(crate) fn name(self) -> String {
        let given = self.given_name();
        given.map_or_else(|| format!("Task-{}", self.id()), |name| (*name).to_owned())
    }

    /// Owner thread only.
    pub(crate) fn set_name(self, name: Arc<str>) {
        self.change_cold(|cold| cold.name = Some(name));
    }

    /// Has `waker` woken when the task ends, besides whoever awaits the outcome. Owner thread only; not `DONE`.
    pub(super) fn watch(self, waker: Waker) {
        self.change_cold(|cold| cold.observers.push(waker));
        self.set_local(self.local() | WATCHED);
    }

    /// Those who watch, who watch no more. Owner thread only.
    pub(super) fn take_observers(self) -> Vec<Waker> {
        let mut observers = Vec::new();
        self.change_cold(|cold| observers = std::mem::take(&mut cold.observers));
        self.set_local(self.local() & !WATCHED);
        observers
    }

    /// `change` runs no code that is not ours: it moves values in or out.
    fn change_cold(self, change: impl FnOnce(&mut Cold)) {
        let mut cold = self.cold().take().unwrap_or_default();
        change(&mut cold);
        self.cold().set(Some(cold));
        self.set_local(self.local() | COLD);
    }

    /// Owner thread only.
    #[inline]
    pub(crate) fn is_done(self) -> bool {
        self.local() & DONE != 0
    }

    /// Whether somebody has asked for the end. Owner thread only.
    pub(crate) fn is_asked_to_end(self) -> bool {
        self.local() & CANCEL != 0
    }

    /// Owner thread only.
    pub(crate) fn is_queued(self) -> bool {
        self.local() & QUEUED != 0
    }

    /// Owner thread only.
    #[inline]
    pub(crate) fn slot(self) -> u32 {
        // SAFETY: as in `local`.
        unsafe { (*self.as_ptr()).slot.get() }
    }

    pub(super) fn set_slot(self, slot: u32) {
        // SAFETY: as in `local`.
        unsafe { (*self.as_ptr()).slot.set(slot) }
    }

    /// What the task waits for, if its last poll said. Owner thread only.
    pub(crate) fn wait_note(self) -> Option<WaitNote> {
        // SAFETY: as in `local`.
        let kind = unsafe { (*self.as_ptr()).wait_kind.get() }?;
        // SAFETY: as in `local`.
        let object = unsafe { (*self.as_ptr()).wait_object.get() };
        // SAFETY: as in `local`.
        let at = unsafe { (*self.as_ptr()).wait_at.get() };
        Some(WaitNote::new(kind, object, at))
    }

    #[inline]
    pub(super) fn set_wait_note(self, note: Option<WaitNote>) {
        let kind = note.map(|note| note.kind());
        // SAFETY: as in `local`.
        unsafe { (*self.as_ptr()).wait_kind.set(kind) };
        if let Some(note) = note {
            // SAFETY: as in `local`.
            unsafe { (*self.as_ptr()).wait_object.set(note.object()) };
            // SAFETY: as in `local`.
            unsafe { (*self.as_ptr()).wait_at.set(note.at()) };
        }
    }

    /// Frees the block on the owner thread.
    ///
    /// # Safety
    /// Owner thread; no hold is set and no reference counted, on either side. The cell is gone afterwards.
    #[inline]
    pub(super) unsafe fn free(self) {
        let owner = self.owner();
        let layout = self.vtable().layout;
        owner.alive.set(owner.alive.get() - 1);
        // SAFETY: the block came from this memory with this layout, and nobody uses it: the caller's.
        unsafe { owner.memory.give(self.0.cast(), layout) }
    }

    /// The last reference was dropped on another thread: the block goes to its owner, or to the count of a closed loop.
    ///
    /// # Safety
    /// The cell is merged and no reference is counted. The cell is gone afterwards.
    pub(super) unsafe fn free_remote(self) {
        // The push may be the last thing that keeps the loop's block alive, so the inbox is held by a
        // count of its own until its lock has been released.
        let inbox = Arc::clone(&self.owner().inbox);
        if inbox.push_quietly(Entry::Dead(self.to_sendable())).is_err() {
            let (owner, layout) = (self.owner_ptr(), self.vtable().layout);
            // SAFETY: the block came from this loop's memory with this layout, and nobody uses it.
            unsafe { Memory::give_after_close(self.0.cast(), layout) }
            // SAFETY: the loop is closed, and this cell counts among those that outlive it.
            unsafe { Owner::one_cell_less(owner) }
        }
    }

    /// Polls the future. `true`: the outcome is in the stage. Owner thread; not `DONE`; not being polled.
    #[inline]
    pub(super) fn poll(self) -> bool {
        // SAFETY: the loop picks a cell only when it is not being polled, and `run` checks `DONE`.
        unsafe { (self.vtable().poll)(self) }
    }

    /// Drops the future and writes `error`. Owner thread; not `DONE`; not being polled.
    pub(super) fn cancel(self, error: JoinError) {
        // SAFETY: as in `poll`.
        unsafe { (self.vtable().cancel)(self, error) }
    }

    /// Drops the outcome, once: clears `OUTCOME`. Owner thread; `OUTCOME` is set.
    pub(super) fn drop_outcome(self) -> Option<Box<CaughtPanic>> {
        let local = self.local();
        assert!(local & OUTCOME != 0, "an outcome is dropped once");
        self.set_local(local & !OUTCOME);
        // SAFETY: `OUTCOME` said that the stage holds one, and nobody finds it there again.
        unsafe { (self.vtable().drop_outcome)(self) }
    }
}
