//! Many jobs, many crashes: each is accounted for, and nothing is left.

#![expect(unsafe_code, reason = "jobs that crash")]

use crate::child;
use crate::support::{children, descriptors, kill};
use asyncio_pool::ProcessPoolExecutor;
use asyncio_pool::process::StderrPolicy;
use futures::StreamExt;
use futures::executor::block_on;
use rustix::process::{WaitId, WaitIdOptions, waitid};

const JOBS: u32 = 20_000;
const CRASHES: u32 = 400;

fn maybe_crash(n: u32) -> u32 {
    if n % (JOBS / CRASHES) == 17 {
        match n % 3 {
            0 => std::process::abort(),
            // SAFETY: it is not, and the process dies of it.
            1 => unsafe { std::ptr::without_provenance_mut::<u8>(8).write_volatile(1) },
            _ => kill(std::process::id(), 9),
        }
    }
    n + 1
}

fn expected_signal(n: u32) -> i32 {
    [6, 11, 9][n as usize % 3]
}

fn chaos(pool: &ProcessPoolExecutor) {
    let results = block_on(pool.map(maybe_crash, 0..JOBS).collect::<Vec<_>>());
    assert_eq!(results.len(), JOBS as usize);
    let mut lost = 0;
    for (n, result) in (0..).zip(results) {
        match result {
            Ok(value) => assert_eq!(value, n + 1),
            Err(error) => {
                assert_eq!(error.signal(), Some(expected_signal(n)), "{n}: {error}");
                assert_eq!(n % (JOBS / CRASHES), 17, "{n}: {error}");
                lost += 1;
            }
        }
    }
    assert_eq!(lost, CRASHES);
    assert!(pool.started_workers() >= u64::from(CRASHES));
}

#[test]
fn four_hundred_crashes_among_twenty_thousand_jobs_cost_four_hundred_jobs() {
    let name = "chaos::four_hundred_crashes_among_twenty_thousand_jobs_cost_four_hundred_jobs";
    if !child::is_child(name) {
        return;
    }
    let before = descriptors();
    let builder = ProcessPoolExecutor::builder().workers(2).stderr(StderrPolicy::Capture);
    let pool = builder.build().unwrap();
    chaos(&pool);
    let workers = pool.worker_ids().len();
    // For each three, for the pool its poller, its alarm and its helper's bell, and for one that is just
    // being started both ends of what connects it.
    assert!(descriptors() <= before + 3 * workers + 3 + 6, "{before}, now {}", descriptors());
    assert!(children().len() <= workers + 1, "{:?}", children());
    drop(pool);
    let none = waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
    assert_eq!(none.err(), Some(rustix::io::Errno::CHILD));
}

#[test]
fn pools_that_come_and_go_leave_no_descriptor_and_no_process() {
    let name = "chaos::pools_that_come_and_go_leave_no_descriptor_and_no_process";
    if !child::is_child(name) {
        return;
    }
    fn one_of_each(n: u32) {
        let pool = ProcessPoolExecutor::builder().workers(2).build().unwrap();
        pool.run_blocking(maybe_crash, n).unwrap();
        assert!(pool.run_blocking(maybe_crash, 17 + 50 * n).is_err());
        asyncio_reactor::block_on(pool.run(maybe_crash, n)).unwrap().unwrap();
        let _running = pool.submit(maybe_crash, n);
    }
    one_of_each(0);
    let before = descriptors();
    (1..16).for_each(one_of_each);
    // A helper takes its bell along a moment later.
    assert!(descriptors() <= before + 16, "{before}, now {}", descriptors());
    let none = waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
    assert_eq!(none.err(), Some(rustix::io::Errno::CHILD));
}
