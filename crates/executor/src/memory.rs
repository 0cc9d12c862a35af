//! Memory for task cells: blocks by size class, carved from chunks, used again after a free.
//!
//! A loop makes and frees cells of few sizes at a high rate, so a free list per class of 16 bytes
//! beats the general allocator (measured: `docs/decisions/0001-task-cell.md`). Only the owner thread
//! takes and gives blocks; a cell whose last reference dies on another thread is sent to its owner through
//! the inbox.
//!
//! A chunk that has become free goes back to the system by [`Memory::trim`], which costs nothing a block: it
//! counts the free blocks of each chunk. It runs when the loop is idle after a peak, and before a new chunk is
//! carved if the chunks have doubled since, so that phases of different sizes do not add up.
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
/// So many chunks (4 MiB) are never worth a trim.
const FEW_CHUNKS: usize = 64;

/// The blocks of one loop.
pub(crate) struct Memory {
    /// Free blocks by class; INVARIANT: each is a block of that class, in a chunk of this loop or made
    /// by `alloc` with the class's layout, and nobody else uses it.
    free: [Cell<Option<NonNull<FreeBlock>>>; CLASSES + 1],
    /// The rest of the newest chunk: where the next block is carved, and how many bytes are left.
    carve: Cell<Option<NonNull<u8>>>,
    left: Cell<usize>,
    chunks: RefCell<Vec<Chunk>>,
    /// The number of chunks at which the next one is preceded by a trim.
    trim_at: Cell<usize>,
}

/// A piece of the system's memory that blocks are carved from. INVARIANT: it came from `system(CHUNK)`.
struct Chunk {
    start: NonNull<u8>,
    /// Bytes that were carved; the last chunk is being carved and knows only at its end.
    carved: usize,
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
            trim_at: Cell::new(FEW_CHUNKS),
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
        self.push_free(class, block.cast());
    }

    /// The block is one of this class, and nobody uses it.
    #[inline]
    fn push_free(&self, class: usize, block: NonNull<FreeBlock>) {
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
            _ => self.next_chunk(),
        };
        self.left.set(self.left.get() - size);
        // SAFETY: `left` was at least `size`, so the sum stays in the chunk or one past its end.
        self.carve.set(Some(unsafe { block.add(size) }));
        block
    }

    /// Begins to carve a new chunk.
    fn next_chunk(&self) -> NonNull<u8> {
        if self.chunks.borrow().len() >= self.trim_at.get() {
            self.trim();
        }
        let mut chunks = self.chunks.borrow_mut();
        if let Some(last) = chunks.last_mut() {
            last.carved = CHUNK.size() - self.left.get();
        }
        let start = system(CHUNK);
        chunks.push(Chunk { start, carved: 0 });
        self.left.set(CHUNK.size());
        start
    }

    /// Gives the chunks back to the system that hold nothing but free blocks. Linear in the free blocks.
    pub(crate) fn trim(&self) {
        let mut chunks = self.chunks.take();
        // The last chunk is being carved, and stays.
        let Some(last) = chunks.pop() else { return };
        chunks.sort_unstable_by_key(|chunk| chunk.start);
        let unused = self.unused_by_chunk(&chunks);
        let is_unused = |block: NonNull<FreeBlock>| {
            chunk_of(&chunks, block).is_some_and(|i| unused[i] == chunks[i].carved)
        };
        for class in 1..=CLASSES {
            self.retain_free(class, |block| !is_unused(block));
        }
        let mut i = 0;
        chunks.retain(|chunk| {
            let keep = unused[i] != chunk.carved;
            i += 1;
            if !keep {
                // SAFETY: all that was carved from it is unused, and no free list names it any more.
                unsafe { dealloc(chunk.start.as_ptr(), CHUNK) };
            }
            keep
        });
        chunks.push(last);
        chunks.shrink_to_fit();
        self.trim_at.set((chunks.len() * 2).max(FEW_CHUNKS));
        self.chunks.replace(chunks);
    }

    /// How many bytes of each chunk are in the free lists.
    fn unused_by_chunk(&self, chunks: &[Chunk]) -> Vec<usize> {
        let mut unused = vec![0; chunks.len()];
        for class in 1..=CLASSES {
            let mut next = self.free[class].get();
            while let Some(block) = next {
                if let Some(i) = chunk_of(chunks, block) {
                    unused[i] += class * STEP;
                }
                // SAFETY: by the invariant of `free` the block is unused and was filled in.
                next = unsafe { block.as_ref() }.next;
            }
        }
        unused
    }

    /// Takes those blocks out of a free list of which `keep` says no; the others keep their order.
    fn retain_free(&self, class: usize, keep: impl Fn(NonNull<FreeBlock>) -> bool) {
        let mut next = self.free[class].take();
        let mut kept = Vec::new();
        while let Some(block) = next {
            // SAFETY: by the invariant of `free` the block is unused and was filled in.
            next = unsafe { block.as_ref() }.next;
            if keep(block) {
                kept.push(block);
            }
        }
        kept.into_iter().rev().for_each(|block| self.push_free(class, block));
    }
}

/// The chunk that a block lies in, by its place; `chunks` are sorted.
fn chunk_of(chunks: &[Chunk], block: NonNull<FreeBlock>) -> Option<usize> {
    let address = block.cast::<u8>();
    let i = chunks.partition_point(|chunk| chunk.start <= address).checked_sub(1)?;
    let offset = address.addr().get() - chunks[i].start.addr().get();
    (offset < CHUNK.size()).then_some(i)
}

impl Drop for Memory {
    /// Runs when no cell of the loop is left; see `Owner` for who decides that.
    fn drop(&mut self) {
        for chunk in self.chunks.get_mut().drain(..) {
            // SAFETY: each chunk came from `system(CHUNK)` and no block in it is in use.
            unsafe { dealloc(chunk.start.as_ptr(), CHUNK) };
        }
    }
}

#[inline(never)]
fn system(layout: Layout) -> NonNull<u8> {
    // SAFETY: no caller asks for a size of zero.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, FEW_CHUNKS, Memory};
    use std::alloc::Layout;
    use std::ptr::NonNull;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 16).unwrap()
    }

    fn take(memory: &Memory, size: usize, count: usize) -> Vec<NonNull<u8>> {
        (0..count).map(|_| memory.take(layout(size))).collect()
    }

    fn give(memory: &Memory, size: usize, blocks: Vec<NonNull<u8>>) {
        for block in blocks {
            // SAFETY: it came from `take` with this layout, once.
            unsafe { memory.give(block, layout(size)) };
        }
    }

    fn chunks(memory: &Memory) -> usize {
        memory.chunks.borrow().len()
    }

    #[test]
    #[cfg_attr(asyncio_plain_memory, ignore = "nothing is pooled")]
    fn chunks_go_back_but_for_those_that_hold_a_live_block() {
        let memory = Memory::new();
        let mut blocks = take(&memory, 176, 100_000);
        let survivor = blocks.swap_remove(50_000);
        give(&memory, 176, blocks);
        memory.trim();
        assert_eq!(chunks(&memory), 2, "the survivor's, and the one that is carved");
        // What is free in them is given out again, and nothing else.
        let again = take(&memory, 176, 100_000);
        assert!(!again.contains(&survivor));
        give(&memory, 176, again);
        give(&memory, 176, vec![survivor]);
        memory.trim();
        assert_eq!(chunks(&memory), 1);
    }

    #[test]
    #[cfg_attr(asyncio_plain_memory, ignore = "nothing is pooled")]
    fn phases_of_different_sizes_do_not_add_up() {
        let memory = Memory::new();
        let mut largest = 0;
        for size in (176..=1_024).step_by(56) {
            let blocks = take(&memory, size, 50_000);
            give(&memory, size, blocks);
            largest = largest.max(chunks(&memory));
        }
        let peak = 50_000_usize.div_ceil(CHUNK.size() / 1_024);
        assert!(largest <= 2 * peak + FEW_CHUNKS, "{largest} chunks, {peak} at the largest phase");
    }

    #[test]
    #[cfg_attr(asyncio_plain_memory, ignore = "nothing is pooled")]
    fn a_block_is_never_given_out_twice_whatever_is_trimmed_between() {
        let memory = Memory::new();
        let mut live: Vec<(usize, NonNull<u8>)> = Vec::new();
        let mut state = 7_u64;
        for step in 0..20_000_usize {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let random = (state >> 33) as usize;
            if random % 5 < 3 || live.is_empty() {
                let size = 16 * (1 + random % 64);
                let block = memory.take(layout(size));
                // SAFETY: the block is ours and of this size.
                unsafe { block.write_bytes(step as u8, size) };
                live.push((size, block));
            } else {
                let (size, block) = live.swap_remove(random % live.len());
                give(&memory, size, vec![block]);
            }
            if random.is_multiple_of(501) {
                memory.trim();
            }
        }
        let mut ranges: Vec<_> =
            live.iter().map(|(size, block)| (block.addr().get(), *size)).collect();
        ranges.sort_unstable();
        assert!(ranges.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "they overlap");
    }
}
