//! Free memory of the allocator goes back to the system.
//!
//! glibc returns what is free at the end of its heap only; whatever lies below a block that is still used
//! stays with the process. `malloc_trim(3)` returns the rest. Other allocators do so by themselves, and then
//! nothing is called here.

/// Gives memory that nobody uses back to the system. It takes milliseconds after a peak.
pub(crate) fn release() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> std::ffi::c_int;
        }
        // SAFETY: it may be called at any time on any thread (malloc_trim(3): MT-safe); it changes no memory
        // that is in use. With another global allocator it looks at a heap that is nearly empty.
        let _released = unsafe { malloc_trim(0) };
    }
}
