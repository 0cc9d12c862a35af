//! asyncio for Rust.

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use ::asyncio::pool::ProcessPoolBuilder;
use ::asyncio::{ProcessPoolExecutor, gather};

use super::{
    CALL, CALL_ACROSS, CALLS, CANCEL, FAIR, FLIGHT, IN_FLIGHT, LARGE, MEGABYTE, MEMORY, START,
    START_LARGE, Times, WORKERS, beside_a_gibibyte,
};
use crate::measure::{CLIENT_CORE, pin, unpin, wall_ns};
use crate::report;

fn increment(number: u64) -> u64 {
    number + 1
}

fn echo(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

fn work(micros: u64) -> u64 {
    let start = wall_ns();
    while wall_ns() - start < micros * 1_000 {
        std::hint::spin_loop();
    }
    micros
}

fn pool(builder: ProcessPoolBuilder) -> ProcessPoolExecutor {
    builder.prestart(true).build().expect("the workers start")
}

fn of(workers: usize) -> ProcessPoolBuilder {
    ProcessPoolExecutor::builder().workers(workers)
}

/// Measures, reports and ends the process, if this workload is about processes.
pub(crate) fn run(workload: &str) {
    let figure = match workload {
        CALL => ::asyncio::run(call(pool(of(1)))),
        CALL_ACROSS => ::asyncio::run(call(pool(of(1).initializer(pin, CLIENT_CORE)))),
        IN_FLIGHT => {
            unpin();
            ::asyncio::run(in_flight())
        }
        START => start(),
        START_LARGE => beside_a_gibibyte(start),
        MEGABYTE => ::asyncio::run(megabyte()),
        CANCEL => ::asyncio::run(cancel()),
        MEMORY => idle_worker(),
        FAIR => {
            unpin();
            ::asyncio::run(fair())
        }
        _ => return,
    };
    report(Some(figure));
}

/// The share of memory of an idle worker, in a program that is nothing else.
fn idle_worker() -> f64 {
    let program = std::env::current_exe().expect("this program").with_file_name("idle-worker");
    let output = Command::new(program).output().expect("the program beside this one");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

async fn call(pool: ProcessPoolExecutor) -> f64 {
    let mut times = Times::default();
    for number in 0..CALLS as u64 {
        let start = wall_ns();
        black_box(pool.run(increment, number).await.expect("no call fails"));
        times.add(start);
    }
    times.median()
}

/// Nanoseconds a call.
async fn in_flight() -> f64 {
    let pool = pool(of(WORKERS));
    let mut times = Times::default();
    for _ in 0..40 {
        let start = wall_ns();
        let results = gather((0..FLIGHT).map(|number| pool.run(increment, number))).await;
        assert!(results.iter().all(Result::is_ok), "no call fails");
        times.add(start);
    }
    times.median() * 1e3 / FLIGHT as f64
}

fn start() -> f64 {
    let mut times = Times::default();
    for _ in 0..40 {
        let start = wall_ns();
        let pool = of(1).build().expect("a pool");
        black_box(pool.run_blocking(increment, 1).expect("no call fails"));
        times.add(start);
    }
    times.median()
}

async fn megabyte() -> f64 {
    let pool = pool(of(1));
    let mut times = Times::default();
    let mut bytes = vec![7; LARGE];
    for _ in 0..300 {
        let start = wall_ns();
        bytes = pool.run(echo, bytes).await.expect("no call fails");
        times.add(start);
    }
    assert_eq!(bytes.len(), LARGE, "all comes back");
    times.median()
}

/// From the end of a job that never ends to the result of the next one, on the replacement.
async fn cancel() -> f64 {
    let pool = pool(of(1));
    let mut times = Times::default();
    for _ in 0..40 {
        let job = pool.submit(work, u64::MAX / 1_000);
        ::asyncio::sleep(Duration::from_millis(5)).await;
        let start = wall_ns();
        drop(job);
        black_box(pool.run(increment, 1).await.expect("no call fails"));
        times.add(start);
    }
    times.median()
}

/// Until 400 jobs of 50 us are done that were sent after one of 300 ms.
async fn fair() -> f64 {
    let mut times = Times::default();
    for _ in 0..5 {
        let pool = pool(of(WORKERS));
        black_box(pool.run(work, 50).await.expect("no call fails"));
        let start = wall_ns();
        let long = pool.submit(work, 300_000);
        let short = gather((0..400).map(|_| pool.run(work, 50))).await;
        assert!(short.iter().all(Result::is_ok), "no call fails");
        times.add(start);
        black_box(long.await.expect("no call fails"));
    }
    times.median()
}
