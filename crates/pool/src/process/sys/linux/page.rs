//! Memory that a pool and one worker share: a page of atomic numbers.
//!
//! INVARIANT: a [`SharedPage`] is mapped from its making to its drop, is exactly `WORDS` words long, and
//! is reached by both processes through atomic operations only. What a worker writes there may be anything,
//! for a job can write everywhere, so no number is believed before it was checked.

#![expect(unsafe_code, reason = "memory is mapped that another process shares")]

use rustix::fd::OwnedFd;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::FromRawFd;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU64;

/// How many numbers there are.
pub(crate) const WORDS: usize = 512;

const LENGTH: usize = WORDS * size_of::<AtomicU64>();

/// The mapping, shared with another process.
#[derive(Debug)]
pub(crate) struct SharedPage {
    words: NonNull<[AtomicU64; WORDS]>,
}

// SAFETY: it gives out shared references to atomic numbers only.
unsafe impl Send for SharedPage {}
// SAFETY: as above.
unsafe impl Sync for SharedPage {}

impl SharedPage {
    /// A new page of zeros, and the descriptor by which another process can map it.
    pub(crate) fn create() -> io::Result<(Self, OwnedFd)> {
        // SAFETY: the name ends with a zero.
        let file = unsafe { libc::memfd_create(c"asyncio-worker".as_ptr(), libc::MFD_CLOEXEC) };
        if file < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was made just now and belongs to nobody else.
        let file = unsafe { File::from_raw_fd(file) };
        file.set_len(LENGTH as u64)?;
        Ok((Self::map(&file)?, file.into()))
    }

    /// Maps a page that another process has made.
    pub(crate) fn open(file: OwnedFd) -> io::Result<Self> {
        Self::map(&File::from(file))
    }

    fn map(file: &File) -> io::Result<Self> {
        // A file that is too short would make each access a SIGBUS.
        if file.metadata()?.len() < LENGTH as u64 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the status page is too short"));
        }
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at a place of the kernel's choice touches no memory of ours.
        let page = unsafe { mmap(ptr::null_mut(), LENGTH, access, MapFlags::SHARED, file, 0) }?;
        match NonNull::new(page.cast()) {
            Some(words) => Ok(Self { words }),
            None => Err(io::Error::other("the status page was mapped at zero")),
        }
    }
}

impl Deref for SharedPage {
    type Target = [AtomicU64; WORDS];

    fn deref(&self) -> &[AtomicU64; WORDS] {
        // SAFETY: by the invariant the words are mapped, and any bytes are valid atomic numbers.
        unsafe { self.words.as_ref() }
    }
}

impl Drop for SharedPage {
    fn drop(&mut self) {
        // SAFETY: by the invariant it is mapped and nobody borrows it any more.
        let unmapped = unsafe { munmap(self.words.as_ptr().cast(), LENGTH) };
        debug_assert!(unmapped.is_ok(), "the status page was not mapped any more");
    }
}
