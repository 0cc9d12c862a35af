//! The system refuses a thread. In a child process, whose address space has no room for a stack: limits on
//! the number of processes do not hold for root.

use crate::support::{block_on, hold};
use asyncio_pool::ThreadPoolExecutor;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::process::Command;
use std::{env, fs};

const CHILD: &str = "ASYNCIO_POOL_TEST_CHILD";

#[test]
fn a_pool_that_gets_no_thread_says_so_or_goes_on_with_those_it_has() {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "no_threads::in_a_child_process", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && said.contains("the child has finished"), "{said}");
}

#[test]
fn in_a_child_process() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    // A sanitizer maps terabytes of shadow and does not live with a limit.
    if address_space() > 1 << 40 {
        eprintln!("under a sanitizer: the child has finished without doing anything");
        return;
    }
    let (empty, staffed) = (ThreadPoolExecutor::new(2), ThreadPoolExecutor::new(2));
    let held = hold(&staffed);
    leave_no_room_for_a_stack();

    let error = block_on(empty.submit(|()| (), ())).unwrap_err();
    assert!(error.is_not_started());
    let message = error.to_string();
    assert!(message.contains("the thread pool could not start a thread: "), "{message}");
    assert_eq!(empty.workers(), 0);
    assert!(!empty.is_shut_down(), "the next job may have more luck");

    let waiting = staffed.submit(|()| "ran", ());
    assert_eq!(staffed.workers(), 1, "it could not grow");
    drop(held.go);
    assert_eq!(block_on(waiting).unwrap(), "ran");
    eprintln!("the child has finished");
}

/// The address space in use, in bytes.
fn address_space() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("a Linux /proc");
    let size = statm.split(' ').next().and_then(|size| size.parse::<u64>().ok());
    size.expect("the first field is the size in pages") * rustix::param::page_size() as u64
}

/// A stack takes two mebibytes, so one is room for everything else.
fn leave_no_room_for_a_stack() {
    let limit = address_space() + (1 << 20);
    let maximum = getrlimit(Resource::As).maximum;
    setrlimit(Resource::As, Rlimit { current: Some(limit), maximum })
        .expect("a lower limit is allowed");
}
