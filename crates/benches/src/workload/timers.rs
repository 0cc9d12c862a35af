//! For the price of time: a million sleeps, time limits around what ends early, and how late a short sleep is.

use std::time::Duration;

use crate::measure::{Numbers, Passes, cpu_ns, median, wall_ns};
use crate::runtime::{Timers, pend_once};

/// A million tasks sleep, each until some moment of the next second; milliseconds of CPU for all of it.
pub(crate) async fn million<R: Timers>() -> f64 {
    let mut numbers = Numbers::new();
    let started = cpu_ns();
    let mut sleeper = || R::spawn(R::sleep(Duration::from_nanos(numbers.below(1_000_000_000))));
    let tasks: Vec<_> = (0..1_000_000).map(|_| sleeper()).collect();
    for task in tasks {
        R::join(task).await;
    }
    (cpu_ns() - started) as f64 / 1e6
}

/// A limit of thirty seconds around something that pends once, beside so many other timers.
pub(crate) async fn limits<R: Timers>(others: u64) -> f64 {
    const LIMITS: u64 = 50_000;
    let mut numbers = Numbers::new();
    let mut sleeper = || R::spawn(R::sleep(Duration::from_millis(60_000 + numbers.below(60_000))));
    let sleeping: Vec<_> = (0..others).map(|_| sleeper()).collect();
    // A timer counts from the first poll in some runtimes: let every one of them have it.
    for _ in 0..4 {
        pend_once().await;
    }
    let mut passes = Passes::new();
    while passes.next() {
        for _ in 0..LIMITS {
            let outcome = R::timeout(Duration::from_secs(30), pend_once()).await;
            assert!(outcome.is_some(), "nothing here takes thirty seconds");
        }
        passes.done(LIMITS);
    }
    let figure = passes.median();
    // Their handles had to live until here, because in some runtimes a dropped handle ends its task.
    drop(sleeping);
    figure
}

/// How much later than asked a sleep of one millisecond ends: the median, in microseconds.
pub(crate) async fn lateness<R: Timers>() -> f64 {
    const SLEEPS: usize = 250;
    let mut late = Vec::with_capacity(SLEEPS);
    for _ in 0..SLEEPS {
        let started = wall_ns();
        R::sleep(Duration::from_millis(1)).await;
        late.push((wall_ns() - started) as f64 / 1e3 - 1e3);
    }
    median(&mut late)
}
