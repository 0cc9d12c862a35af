//! How a process of this program becomes a worker before its `main`.
//!
//! # Protocol
//!
//! 1. The constructor below stands in `.init_array` of whatever links the pool, so it runs in every process
//!    of that program, before `main` and before there are threads. In one that is no worker it sets a
//!    flag and looks for one variable of the environment.
//! 2. A pool starts the executable again with that variable set, and with a socket for standard input.
//!    The constructor first calls the constructors that stand behind it, for they will not be reached
//!    otherwise, and jobs may need what they set up. Then it never returns.
//! 3. It is a worker only if its standard input is a socket whose other end was made by its parent. So
//!    the variable alone starts nothing, and in a program with raised rights it is not even read.
//! 4. If the constructor was linked into a shared object, those of the executable have not run when it
//!    does. Then it leaves the process alone, and `main` has to call [`init`]. The same goes for an executable
//!    without a dynamic section, which does not tell where its constructors are.
//!
//! That a pool could not start endless copies of a program that never becomes a worker rests on
//! [`hindrance`]: no pool is built where this has not run, nor where the variable is still set.

#![expect(unsafe_code, reason = "a constructor, and the constructors behind it")]

use crate::process::sys::{executable, exit_at_once};
use crate::process::wire::config::PROTOCOL;
use crate::process::worker::live;
use rustix::fd::OwnedFd;
use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::sockopt::socket_peercred;
use rustix::process::getppid;
use rustix::stdio::{dup2_stdin, stdin};
use std::ffi::{CStr, c_char, c_int};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Set in the environment of a process that is to be a worker.
pub(crate) const WORKER_VARIABLE: &str = "ASYNCIO_POOL_WORKER";
/// How many pools this process is inside of: a worker's pool is inside of one, and so on.
pub(crate) const NESTING_VARIABLE: &str = "ASYNCIO_POOL_NESTING";
/// So deep nobody goes on purpose.
const NESTING_MAX: u32 = 8;
/// [`WORKER_VARIABLE`] for C.
const WORKER_VARIABLE_C: &CStr = c"ASYNCIO_POOL_WORKER";

/// Above what programs usually use, and below what they may use at least.
const HIGH_DESCRIPTOR: i32 = 500;

type Constructor = extern "C" fn(c_int, *const *const c_char, *const *const c_char);

#[used]
// The section holds pointers to functions of this type, and the loader calls each once.
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: Constructor = constructor;

static HAS_RUN: AtomicBool = AtomicBool::new(false);
static HAS_INIT: AtomicBool = AtomicBool::new(false);

unsafe extern "C" {
    /// secure_getenv(3), which the libc crate does not offer.
    fn secure_getenv(name: *const c_char) -> *const c_char;
}

/// Why no worker can be started from this process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hindrance {
    /// The constructor has not run, or not in time.
    NoEntry,
    /// This process was to be a worker itself, and is not.
    IsFailedWorker,
    /// Workers have pools whose workers have pools, and so on.
    TooDeep,
}

/// Whether there is a reason not to start copies of this program.
pub(crate) fn hindrance() -> Option<Hindrance> {
    // Refers to the constructor, so that no linker leaves it out.
    black_box(&CONSTRUCTOR);
    if std::env::var_os(WORKER_VARIABLE).is_some() {
        return Some(Hindrance::IsFailedWorker);
    }
    if nesting() >= NESTING_MAX {
        return Some(Hindrance::TooDeep);
    }
    let runs_in_time = || HAS_RUN.load(Relaxed) && constructors_behind().is_some();
    let entered = HAS_INIT.load(Relaxed) || runs_in_time();
    if entered { None } else { Some(Hindrance::NoEntry) }
}

/// How many pools this process is inside of.
pub(crate) fn nesting() -> u32 {
    std::env::var(NESTING_VARIABLE).ok().and_then(|nesting| nesting.parse().ok()).unwrap_or(0)
}

/// Becomes a worker, if that is what this process was started for.
pub(crate) fn init() {
    black_box(&CONSTRUCTOR);
    HAS_INIT.store(true, Relaxed);
    if is_asked_for()
        && let Some(connection) = take_connection()
    {
        live(connection);
    }
}

extern "C" fn constructor(
    count: c_int,
    arguments: *const *const c_char,
    environment: *const *const c_char,
) {
    // Entered a second time if another constructor does what this one does.
    if HAS_RUN.swap(true, Relaxed) || !is_asked_for() {
        return;
    }
    let Some(others) = constructors_behind() else { return };
    let Some(connection) = take_connection() else { return };
    for other in others {
        other(count, arguments, environment);
    }
    live(connection);
}

/// Whether the variable is set to what this build understands.
fn is_asked_for() -> bool {
    // SAFETY: the name ends with a zero, and nothing changes the environment before there are threads.
    let value = unsafe { secure_getenv(WORKER_VARIABLE_C.as_ptr()) };
    if value.is_null() {
        return false;
    }
    // SAFETY: the environment holds strings that end.
    let value = unsafe { CStr::from_ptr(value) };
    value.to_str().ok().and_then(|value| value.parse().ok()) == Some(PROTOCOL)
}

/// Takes the connection off standard input, if it is one, and the variable out of the environment.
fn take_connection() -> Option<OwnedFd> {
    let peer = socket_peercred(stdin()).ok()?;
    if Some(peer.pid) != getppid() {
        return None;
    }
    let connection = fcntl_dupfd_cloexec(stdin(), HIGH_DESCRIPTOR)
        .or_else(|_| fcntl_dupfd_cloexec(stdin(), 3))
        .ok()?;
    let nothing = std::fs::File::open("/dev/null").ok()?;
    if dup2_stdin(&nothing).is_err() {
        exit_at_once(1);
    }
    if is_single_threaded() {
        // SAFETY: this is the only thread, so nobody reads the environment at this moment.
        unsafe { std::env::remove_var(WORKER_VARIABLE) };
    }
    // For people who look at processes; nothing depends on it.
    let _named = std::fs::write("/proc/self/comm", "asyncio-worker");
    Some(connection)
}

fn is_single_threaded() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|tasks| tasks.count() == 1)
}

/// The constructors of the executable that the loader would call after ours, if ours is one of them.
///
/// Where they lie is asked of the loader: linkers have symbols for it, but GNU's not in a shared object.
fn constructors_behind() -> Option<&'static [Constructor]> {
    let array = &executable().init_array;
    let count = array.len() / size_of::<Constructor>();
    if count == 0 {
        return None;
    }
    // SAFETY: the loader calls what lies there as such constructors, and they stay as they are.
    let all = unsafe { std::slice::from_raw_parts(array.start as *const Constructor, count) };
    let is_ours = |&other: &Constructor| std::ptr::fn_addr_eq(other, constructor as Constructor);
    let ours = all.iter().position(is_ours)?;
    Some(&all[ours + 1..])
}
