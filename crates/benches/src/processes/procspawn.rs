//! procspawn, whose pool blocks: calls are joined by the thread that made them.

use std::hint::black_box;

use ::procspawn::Pool;

use super::{
    CALL, CALL_ACROSS, CALLS, FLIGHT, IN_FLIGHT, LARGE, MEGABYTE, START, START_LARGE, Times,
    WORKERS, beside_a_gibibyte,
};
use crate::measure::{CLIENT_CORE, pin, unpin, wall_ns};
use crate::report;

fn increment(number: u64) -> u64 {
    number + 1
}

fn echo(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

/// Measures, reports and ends the process, if this workload is about processes.
pub(crate) fn run(workload: &str) {
    let figure = match workload {
        CALL => call(&pool(1)),
        CALL_ACROSS => {
            let pool = pool(1);
            pool.spawn(CLIENT_CORE, pin).join().expect("no call fails");
            call(&pool)
        }
        IN_FLIGHT => {
            unpin();
            in_flight(&pool(WORKERS))
        }
        START => start(),
        START_LARGE => beside_a_gibibyte(start),
        MEGABYTE => megabyte(&pool(1)),
        _ => return,
    };
    report(Some(figure));
}

fn pool(workers: usize) -> Pool {
    Pool::new(workers).expect("the workers start")
}

fn call(pool: &Pool) -> f64 {
    let mut times = Times::default();
    for number in 0..CALLS as u64 {
        let start = wall_ns();
        black_box(pool.spawn(number, increment).join().expect("no call fails"));
        times.add(start);
    }
    times.median()
}

fn in_flight(pool: &Pool) -> f64 {
    let mut times = Times::default();
    for _ in 0..10 {
        let start = wall_ns();
        let calls: Vec<_> = (0..FLIGHT).map(|number| pool.spawn(number, increment)).collect();
        for call in calls {
            black_box(call.join().expect("no call fails"));
        }
        times.add(start);
    }
    times.median() * 1e3 / FLIGHT as f64
}

fn start() -> f64 {
    let mut times = Times::default();
    for _ in 0..20 {
        let start = wall_ns();
        black_box(::procspawn::spawn(1, increment).join().expect("no call fails"));
        times.add(start);
    }
    times.median()
}

fn megabyte(pool: &Pool) -> f64 {
    let mut times = Times::default();
    let mut bytes = vec![7; LARGE];
    for _ in 0..40 {
        let start = wall_ns();
        bytes = pool.spawn(bytes, echo).join().expect("no call fails");
        times.add(start);
    }
    times.median()
}
