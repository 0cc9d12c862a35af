//! The number of this process, without a system call.
//!
//! A loop asks at each wait whether it is still in the process that made it. `getpid` costs as much as
//! an `epoll_wait` that finds nothing, so the number stands on a page that the kernel fills with zeros
//! in the child of a fork (`MADV_WIPEONFORK`, madvise(2), Linux 4.14; it holds for a bare `clone`, too,
//! and not for a child that shares its memory, which is no other process in this respect).
//!
//! INVARIANT: the page is mapped once, is never unmapped, and holds one `AtomicU32` at its beginning.

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Only the beginning is used; the kernel rounds up to a page.
const LENGTH: usize = size_of::<AtomicU32>();

/// `None` if the kernel does not offer such a page.
static PAGE: OnceLock<Option<&'static AtomicU32>> = OnceLock::new();

/// The number of this process, without a system call: for code that must know whether it is in a fork's
/// child.
///
/// # Examples
/// ```
/// assert_eq!(asyncio_reactor::process_id(), std::process::id());
/// ```
#[inline]
pub fn process_id() -> u32 {
    match PAGE.get_or_init(map) {
        None => std::process::id(),
        Some(page) => match page.load(Ordering::Relaxed) {
            0 => remember(page),
            id => id,
        },
    }
}

/// The page is new, or the process is.
#[cold]
fn remember(page: &AtomicU32) -> u32 {
    let id = std::process::id();
    page.store(id, Ordering::Relaxed);
    id
}

#[cold]
fn map() -> Option<&'static AtomicU32> {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at a place of the kernel's choice touches no memory of ours.
    let page =
        unsafe { mmap_anonymous(ptr::null_mut(), LENGTH, access, MapFlags::PRIVATE) }.ok()?;
    // SAFETY: the page is ours, and nothing is on it yet that could be lost.
    unsafe { madvise(page, LENGTH, Advice::LinuxWipeOnFork) }.ok()?;
    // SAFETY: the page is never unmapped, is aligned for everything, and zero is a valid `AtomicU32`.
    Some(unsafe { &*page.cast::<AtomicU32>() })
}
