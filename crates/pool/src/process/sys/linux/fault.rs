//! What a worker says when its stack overflows: the one signal handler that does more than nothing.
//!
//! std installs such a handler before `main`, which a worker never reaches, so without this one an
//! overflow would look like any other bad access.
//!
//! INVARIANT: the handler touches atomics only, and calls what signal-safety(7) allows. It has a stack
//! of its own, because the one that overflowed has no room.

#![expect(unsafe_code, reason = "a signal handler on a stack of its own")]

use libc::{c_int, c_void, siginfo_t, stack_t};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};

const ALTERNATE_STACK: usize = 64 * 1024;
/// An overflow may miss the guard by as much as a frame is large; beyond that it is another fault.
const NEAR: usize = 64 * 1024;

static NOTE: AtomicPtr<AtomicU64> = AtomicPtr::new(ptr::null_mut());
static TEXT: AtomicU64 = AtomicU64::new(0);
/// Memory that the process does not have before it is needed.
static ALTERNATE: [AtomicU8; ALTERNATE_STACK] = [const { AtomicU8::new(0) }; ALTERNATE_STACK];
static GUARD_START: AtomicUsize = AtomicUsize::new(0);
static GUARD_END: AtomicUsize = AtomicUsize::new(0);

/// Has an overflow of this thread's stack write `text` to `note`.
pub(crate) fn watch_stack(note: &'static AtomicU64, text: u64) {
    let Some(lowest) = lowest_address_of_stack() else { return };
    TEXT.store(text, Relaxed);
    NOTE.store(ptr::from_ref(note).cast_mut(), Relaxed);
    GUARD_START.store(lowest.saturating_sub(NEAR), Relaxed);
    GUARD_END.store(lowest.saturating_add(page_size()), Relaxed);
    let stack = ALTERNATE.as_ptr().cast_mut().cast();
    let stack = stack_t { ss_sp: stack, ss_flags: 0, ss_size: ALTERNATE_STACK };
    // SAFETY: the memory is static and may be written, and nothing else uses it.
    unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) };
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        handle(signal, on_fault as *const () as usize, libc::SA_SIGINFO | libc::SA_ONSTACK);
    }
}

/// Has these signals do nothing, without having programs that a job starts inherit that.
pub(crate) fn survive(signals: &[c_int]) {
    for &signal in signals {
        handle(signal, nothing as *const () as usize, libc::SA_RESTART);
    }
}

/// Ignores this signal.
pub(crate) fn ignore(signal: c_int) {
    handle(signal, libc::SIG_IGN, 0);
}

fn handle(signal: c_int, handler: usize, flags: c_int) {
    // SAFETY: all zeros is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler;
    action.sa_flags = flags;
    // SAFETY: the handlers of this file are signal-safe, by the invariant at its head.
    unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
}

extern "C" fn nothing(_: c_int) {}

extern "C" fn on_fault(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel hands over a valid `siginfo_t`.
    let info = unsafe { &*info };
    // The access is tried once more when this returns, and then the process dies of the signal.
    handle(signal, libc::SIG_DFL, 0);
    if info.si_code <= 0 {
        // Somebody has sent it, so there is no access to be tried once more.
        // SAFETY: raise(3) is signal-safe; the signal is blocked until this returns.
        unsafe { libc::raise(signal) };
        return;
    }
    // SAFETY: both signals carry an address.
    let address = unsafe { info.si_addr() }.addr();
    if (GUARD_START.load(Relaxed)..GUARD_END.load(Relaxed)).contains(&address) {
        // SAFETY: the pointer is null or that of a number which lives for ever.
        if let Some(note) = unsafe { NOTE.load(Relaxed).as_ref() } {
            note.store(TEXT.load(Relaxed), Relaxed);
        }
    }
}

/// The lowest address of this thread's stack that can be used.
fn lowest_address_of_stack() -> Option<usize> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: it always succeeds for the calling thread.
    let me = unsafe { libc::pthread_self() };
    // SAFETY: the attributes are written here.
    if unsafe { libc::pthread_getattr_np(me, attributes.as_mut_ptr()) } != 0 {
        return None;
    }
    let (mut lowest, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the attributes were initialized by the call above.
    let got =
        unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut lowest, &raw mut size) };
    // SAFETY: as above, and they are not used afterwards.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    Some(lowest.addr()).filter(|_| got == 0)
}

fn page_size() -> usize {
    rustix::param::page_size()
}
