//! Memory for task cells: blocks by size class, carved from chunks, used again after a free.
//!
//! A loop makes and frees cells of few sizes at a high rate, so a free list per class of 16 bytes
//! beats the general allocator (measured: `docs/decisions/0001-task-cell.md`). Only the owner thread
//! takes and gives blocks; a cell whose last reference dies on another thread is sent to its owner through the inbox.
//! Chunks go back to the system together, when the loop and all its cells are gone.
//!
//! With `--cfg asyncio_plain_memory` every cell is an allocation of its own, so that sanitizers see
//! each use after free.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::{Cell, RefCell};
use std::ptr::NonNull;

/// Blocks up to 1 KiB are pooled, in steps of 16 bytes.
const CLASSES: usize = 64;
const STEP: usize = 16;
const CHUNK: Layout = match Layout::from_size_align(64 << 10, STEP) {
    Ok(layout) => layout,
    Err(_) => panic!("a power of two and a small size"),
};

/// The blocks of one loop.
pub(crate) struct Memory {
    /// Free blocks by class; INVARIANT: each is a block of that class, in a chunk of this loop or made
    /// by `alloc` with the class's layout, and nobody else uses it.
    free: [Cell<Option<NonNull<FreeBlock>>>; CLASSES + 1],
    /// The rest of the newest chunk: where the next block is carved, and how many bytes are left.
    carve: Cell<Option<NonNull<u8>>>,
    left: Cell<usize>,
    chunks: RefCell<Vec<NonNull<u8>>>,
}

struct FreeBlock {
    next: Option<NonNull<FreeBlock>>,
}

/// The class of a layout, or `None` for one that is not pooled.
#[inline]
const fn class(layout: Layout) -> Option<usize> {
    let class = layout.size().div_ceil(STEP);
    if cfg!(asyncio_plain_memory) || layout.align() > STEP || class > CLASSES {
        None
    } else {
        Some(class)
    }
}

impl Memory {
    pub(crate) const fn new() -> Self {
        Self {
            free: [const { Cell::new(None) }; CLASSES + 1],
            carve: Cell::new(None),
            left: Cell::new(0),
            chunks: RefCell::new(Vec::new()),
        }
    }

    /// A block for `layout`, uninitialised. `layout` is not of size zero: a cell has a header.
    #[inline]
    pub(crate) fn take(&self, layout: Layout) -> NonNull<u8> {
        let Some(class) = class(layout) else { return system(layout) };
        let Some(block) = self.free[class].get() else { return self.carve(class) };
        // SAFETY: by the invariant of `free` the block is unused and was filled in by `give`.
        let next = unsafe { block.as_ref() }.next;
        self.free[class].set(next);
        block.cast()
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// It came from [`take`](Self::take) of this `Memory` with the same layout, and nobody uses it.
    #[inline]
    pub(crate) unsafe fn give(&self, block: NonNull<u8>, layout: Layout) {
        let Some(class) = class(layout) else {
            // SAFETY: blocks without a class came from the system with this layout.
            return unsafe { dealloc(block.as_ptr(), layout) };
        };
        let block = block.cast::<FreeBlock>();
        // SAFETY: the block is ours, unused, aligned to 16 and at least 16 bytes long.
        unsafe { block.write(FreeBlock { next: self.free[class].get() }) };
        self.free[class].set(Some(block));
    }

    /// Takes a block back on any thread, of a loop that is closed: a pooled one goes with its chunk.
    ///
    /// # Safety
    /// As for [`give`](Self::give).
    #[cold]
    pub(crate) unsafe fn give_after_close(block: NonNull<u8>, layout: Layout) {
        if class(layout).is_none() {
            // SAFETY: blocks without a class came from the system with this layout.
            unsafe { dealloc(block.as_ptr(), layout) }
        }
    }

    #[cold]
    #[inline(never)]
    fn carve(&self, class: usize) -> NonNull<u8> {
        let size = class * STEP;
        let block = match self.carve.get() {
            Some(block) if self.left.get() >= size => block,
            // What is left of the old chunk is less than one block of this class: forgotten until the
            // chunk goes back.
            _ => {
                let chunk = system(CHUNK);
                self.chunks.borrow_mut().push(chunk);
                self.left.set(CHUNK.size());
                chunk
            }
        };
        self.left.set(self.left.get() - size);
        // SAFETY: `left` was at least `size`, so the sum stays in the chunk or one past its end.
        self.carve.set(Some(unsafe { block.add(size) }));
        block
    }
}

impl Drop for Memory {
    /// Runs when no cell of the loop is left; see `Owner` for who decides that.
    fn drop(&mut self) {
        for chunk in self.chunks.get_mut().drain(..) {
            // SAFETY: each chunk came from `system(CHUNK)` and no block in it is in use.
            unsafe { dealloc(chunk.as_ptr(), CHUNK) };
        }
    }
}

#[inline(never)]
fn system(layout: Layout) -> NonNull<u8> {
    // SAFETY: no caller asks for a size of zero.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}
