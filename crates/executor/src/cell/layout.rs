//! The two blocks of memory: a cell's [`Header`] and its loop's [`Owner`], and the pointers to them.
//!
//! They stand in one file because each names the other. [`CellPtr`] is the only way to a header.

use crate::error::JoinError;
use crate::inbox::Inbox;
use crate::memory::Memory;
use crate::policy::{Events, Policy};
use crate::ready::ReadyQueue;
use crate::slab::Slab;
use crate::thread_number;
use crate::word::Word;
use asyncio_core::TaskId;
use asyncio_core::caught_panic::CaughtPanic;
use asyncio_core::exception::{ExceptionContext, Reporter};
use asyncio_core::park::Unpark;
use asyncio_core::wait_note::WaitKind;
use asyncio_core::wake_batch::drop_foreign;
use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU64, Ordering};
use std::task::Waker;

/// What every cell begins with. The stage (future, then outcome) follows at [`STAGE_OFFSET`].
///
/// The first cache line is all that wake, poll and join touch; the second is written at the creation
/// and and read by inspection. Sixteen bytes are left: a word for the scope that a task belongs to, and one more.
#[repr(C, align(16))]
pub(crate) struct Header {
    // Immutable: any thread.
    pub(super) vtable: &'static VTable,
    pub(super) owner: *const Owner,
    /// Flags and the count of references made on the owner thread. Owner thread only.
    pub(super) local: Cell<u64>,
    /// Any thread.
    pub(super) shared: Word,
    /// Who awaits the outcome. Owner thread only, like all that follows unless it says otherwise.
    pub(super) awaiter: Cell<Option<Waker>>,
    pub(super) cold: Cell<Option<Box<Cold>>>,
    pub(super) wait_kind: Cell<Option<WaitKind>>,
    pub(super) kind: Kind,
    /// The place in `Owner::cells`.
    pub(super) slot: Cell<u32>,
    // The second line.
    pub(super) wait_object: Cell<u64>,
    pub(super) wait_at: Cell<&'static Location<'static>>,
    /// The number of a task; of a callback, that of the next task. Immutable, like all that follows: any thread.
    pub(super) id: u64,
    /// The number of the task that created it; of a callback, its own number among the callbacks.
    pub(super) parent: u64,
    pub(super) spawned_at: &'static Location<'static>,
    _spare: [u64; 2],
}

/// Where the stage begins, for every future: so that a handle can read an outcome knowing only its type.
pub(super) const STAGE_OFFSET: usize = 128;
const _: () = assert!(size_of::<Header>() <= STAGE_OFFSET);

/// What a cell is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A task, listed and numbered.
    Task,
    /// A callback or a helper of the runtime: not listed, and nobody awaits it.
    Callback,
}

/// What few tasks have.
#[derive(Default)]
pub(crate) struct Cold {
    pub(crate) name: Option<Arc<str>>,
    /// Woken at the end, in this order. The list is emptied then: dropping a waker runs code that is not ours.
    pub(super) observers: Vec<Waker>,
}

/// What a cell can do that depends on its future's type.
pub(super) struct VTable {
    /// Polls the future. `true`: the outcome is in the stage. SAFETY: owner thread, not `DONE`, not being polled.
    pub(super) poll: unsafe fn(CellPtr) -> bool,
    /// Drops the future and writes an error. SAFETY: owner thread, not `DONE`, not being polled.
    pub(super) cancel: unsafe fn(CellPtr, JoinError),
    /// Drops the outcome; gives back a panic that nobody has seen. SAFETY: owner thread, the stage holds an outcome.
    pub(super) drop_outcome: unsafe fn(CellPtr) -> Option<Box<CaughtPanic>>,
    /// Of the whole cell.
    pub(super) layout: Layout,
}

// Flags of the local word; the count of the owner's references is above them. Three flags are free. 52 bits
// cannot overflow: a loop that only leaks wakers would need a month.
/// In the ready queue.
pub(super) const QUEUED: u64 = 1;
/// The future is dropped and the outcome is final.
pub(super) const DONE: u64 = 2;
/// A task handle exists.
pub(super) const HANDLE: u64 = 4;
/// The outcome is in the stage.
pub(super) const OUTCOME: u64 = 8;
/// The owner has given the cell up; the shared word counts everything.
pub(super) const MERGED: u64 = 16;
/// Somebody asked for the end.
pub(super) const CANCEL: u64 = 32;
/// `cold` is occupied.
pub(super) const COLD: u64 = 64;
/// `awaiter` is occupied.
pub(super) const AWAITED: u64 = 128;
/// Somebody watches for the end: `cold` has observers.
pub(super) const WATCHED: u64 = 256;
/// One reference.
pub(super) const ONE: u64 = 1 << 12;

/// The address of a live cell.
///
/// INVARIANT: whoever holds one knows a reason why the cell is alive (a hold or a count, see
/// [`cell`](super)), and stops using it when that reason ends. Methods that touch owner-only fields are
/// called on the owner thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CellPtr(pub(super) NonNull<Header>);

/// A new header; `create` writes it.
pub(super) struct NewHeader {
    pub(super) vtable: &'static VTable,
    pub(super) kind: Kind,
    pub(super) parent: u64,
    pub(super) spawned_at: &'static Location<'static>,
}

impl Header {
    #[inline]
    pub(super) fn new(owner: &Owner, new: NewHeader) -> Self {
        let NewHeader { vtable, kind, parent, spawned_at } = new;
        let next = owner.next_id.get();
        let (id, parent) = match kind {
            Kind::Task => {
                owner.next_id.set(next + 1);
                (next, parent)
            }
            // It stands between the tasks around it, in its place among the callbacks.
            Kind::Callback => (next, owner.callbacks.replace(owner.callbacks.get() + 1)),
        };
        Self {
            vtable,
            owner,
            local: Cell::new(QUEUED | HANDLE),
            shared: Word::new(),
            awaiter: Cell::new(None),
            cold: Cell::new(None),
            wait_kind: Cell::new(None),
            kind,
            slot: Cell::new(0),
            wait_object: Cell::new(0),
            wait_at: Cell::new(spawned_at),
            id,
            parent,
            spawned_at,
            _spare: [0; 2],
        }
    }
}

/// What other threads send to a loop.
pub(crate) enum Entry {
    /// Wake this cell; the entry owns one count of its shared word.
    Wake(AtomicPtr<Header>),
    /// This cell's last reference was dropped on another thread: take its block back.
    Dead(AtomicPtr<Header>),
    /// A panic of this loop that nobody has seen.
    Report(Box<ExceptionContext>),
    /// Call this on the loop; where it was sent.
    Post(Box<dyn FnOnce() + Send>, &'static Location<'static>),
}

/// Handles whose drop waits for one that is going on, because chains of outcomes that own handles would
/// otherwise recurse without bound.
#[derive(Default)]
pub(super) struct DeferredDrops {
    /// A handle is being dropped, and takes up those that are queued.
    pub(super) is_dropping: Cell<bool>,
    pub(super) queued: RefCell<Vec<CellPtr>>,
}

/// A loop's block: the queue, the table of cells and their memory.
///
/// It lives until the loop is closed *and* its last cell is freed, so that no pointer to it is ever
/// used again while a cell still compares against it.
pub(crate) struct Owner {
    /// The ready queue, oldest first. A cell is in it at most once.
    pub(crate) ready: ReadyQueue<CellPtr>,
    /// Who chooses from the queue; `None`, the head, in production.
    pub(crate) policy: RefCell<Option<Box<dyn Policy>>>,
    pub(crate) has_policy: Cell<bool>,
    /// What a policy that observes has not been told yet.
    pub(crate) events: RefCell<Events>,
    /// The cell being polled.
    pub(crate) current: Cell<Option<CellPtr>>,
    /// The run is to end after the current batch.
    pub(crate) stopping: Cell<bool>,
    pub(crate) closed: Cell<bool>,
    /// `close` is at work.
    pub(crate) closing: Cell<bool>,
    pub(super) next_id: Cell<u64>,
    /// Callbacks made so far.
    callbacks: Cell<u64>,
    /// Cells not yet freed.
    pub(super) alive: Cell<i64>,
    pub(crate) cells: Slab<CellPtr>,
    pub(crate) memory: Memory,
    pub(super) deferred: DeferredDrops,
    /// Who is told of what would otherwise be lost; `None` after the loop's end.
    pub(crate) reporter: RefCell<Option<Reporter>>,
    // What other threads touch.
    pub(crate) inbox: Arc<Inbox<Entry>>,
    pub(crate) bell: Arc<dyn Unpark>,
    /// The thread that owns the loop; see [`thread_number`].
    thread: u64,
    /// A number that no other loop of this process has: only to refuse what belongs to another.
    number: u64,
    /// After the close: cells that are left. Foreign frees that come before the close has added its
    /// number make it negative for a moment.
    outliving: AtomicI64,
}

impl Owner {
    fn new(bell: Arc<dyn Unpark>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            ready: ReadyQueue::new(),
            policy: RefCell::new(None),
            has_policy: Cell::new(false),
            events: RefCell::default(),
            current: Cell::new(None),
            stopping: Cell::new(false),
            closed: Cell::new(false),
            closing: Cell::new(false),
            next_id: Cell::new(1),
            callbacks: Cell::new(0),
            alive: Cell::new(0),
            cells: Slab::new(),
            memory: Memory::new(),
            deferred: DeferredDrops::default(),
            reporter: RefCell::new(Some(Reporter::default())),
            inbox: Arc::new(Inbox::new()),
            bell,
            thread: thread_number::own(),
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            outliving: AtomicI64::new(0),
        }
    }

    /// How many cells were made so far.
    pub(crate) fn created(&self) -> u64 {
        self.next_id.get() + self.callbacks.get()
    }

    /// The number of the next task.
    pub(crate) fn next_id(&self) -> TaskId {
        TaskId::from_u64(self.next_id.get())
    }

    /// Whether this is the loop's own thread, running or not.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        thread_number::is(self.thread)
    }

    /// The number of the loop's thread, for [`thread_number::is`].
    pub(crate) fn thread(&self) -> u64 {
        self.thread
    }

    /// What tells this loop from any other.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// A cell that outlived the loop was freed.
    ///
    /// # Safety
    /// The loop is closed and the cell was not subtracted before.
    pub(super) unsafe fn one_cell_less(owner: *const Self) {
        // SAFETY: the cell's own count kept `owner` alive until this subtraction.
        let before = unsafe { (*owner).outliving.fetch_sub(1, Ordering::AcqRel) };
        if before == 1 {
            // SAFETY: the close has added its number and this was the last cell.
            unsafe { Self::destroy(owner) }
        }
    }

    /// # Safety
    /// `owner` came from [`OwnerRef::new`], and neither its loop nor a cell is left.
    unsafe fn destroy(owner: *const Self) {
        // SAFETY: the caller's; `OwnerRef::new` boxed it.
        drop(unsafe { Box::from_raw(owner.cast_mut()) });
    }
}

/// A running loop's reference to its own [`Owner`]; the loop is not `Send`, so neither is this.
pub(crate) struct OwnerRef(NonNull<Owner>);

impl OwnerRef {
    pub(crate) fn new(bell: Arc<dyn Unpark>) -> Self {
        Self(NonNull::from(Box::leak(Box::new(Owner::new(bell)))))
    }

    pub(crate) fn as_ptr(&self) -> *const Owner {
        self.0.as_ptr()
    }

    /// Dereferences what [`current`](crate::current) holds.
    ///
    /// # Safety
    /// `owner` is alive for `'a`: its loop is entered on this thread.
    pub(crate) unsafe fn borrow<'a>(owner: *const Owner) -> &'a Owner {
        // SAFETY: the caller's.
        unsafe { &*owner }
    }
}

impl Deref for OwnerRef {
    type Target = Owner;

    #[inline]
    fn deref(&self) -> &Owner {
        // SAFETY: an `Owner` is freed only after its `OwnerRef` has been dropped.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for OwnerRef {
    /// The loop has been closed: what is left are cells held by handles and wakers.
    fn drop(&mut self) {
        // Neither is `Send`, and the last cell may free the block on any thread.
        drop_foreign((self.policy.take(), self.reporter.take()));
        let alive = self.alive.get();
        let left = self.outliving.fetch_add(alive, Ordering::AcqRel) + alive;
        if left == 0 {
            // SAFETY: no cell is left, and this was the loop's own reference.
            unsafe { Owner::destroy(self.0.as_ptr()) }
        }
    }
}
