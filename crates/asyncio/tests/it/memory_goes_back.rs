//! After a peak the memory goes back to the system: resident memory is where it was a second later.
//!
//! Each peak runs in a child of the test, whose memory is nobody else's.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use crate::child;
use asyncio::{Handle, create_task, gather, running_loop, sleep, to_thread, yield_now};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

const MIB: usize = 1 << 20;

/// A million, or a tenth of that where there is less time.
fn many() -> usize {
    let is_long = std::env::var_os("ASYNCIO_LONG").is_some_and(|value| value == "1");
    if is_long { 1_000_000 } else { 100_000 }
}

fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Runs `peak` in a child, in which memory is compared before, at the peak and a second later.
#[track_caller]
fn assert_memory_goes_back(name: &str, peak: impl AsyncFnOnce(&dyn Fn())) {
    if let Some(output) = child::run(&format!("memory_goes_back::{name}")) {
        assert!(output.status.success(), "{}", child::stderr(&output));
        return;
    }
    asyncio::run(async {
        // What every program has: a pool, a timer, a task that lives on.
        to_thread(|| ()).await.unwrap();
        drop(create_task(std::future::pending::<()>()));
        sleep(Duration::from_millis(1)).await;
        let before = resident();
        let highest = Cell::new(0);
        peak(&|| highest.set(highest.get().max(resident()))).await;
        sleep(Duration::from_secs(1)).await;
        let (kept, peak) =
            (resident().saturating_sub(before), highest.get().saturating_sub(before));
        assert!(peak > 4 * MIB, "there was a peak of {peak} bytes");
        assert!(kept < 20 * MIB, "{} MiB were kept of {}", kept / MIB, peak / MIB);
    });
}

#[test]
fn real_after_many_tasks() {
    assert_memory_goes_back("real_after_many_tasks", async |note| {
        let tasks: Vec<_> = (0..many()).map(|n| create_task(async move { n })).collect();
        note();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// A phase of tasks of one size; the sizes are those of the array.
async fn phase<const SIZE: usize>(note: &dyn Fn()) {
    let tasks = (0..many() / 20).map(|_| {
        create_task(async {
            let kept = [1_u8; SIZE];
            yield_now().await;
            std::hint::black_box(&kept);
        })
    });
    let tasks: Vec<_> = tasks.collect();
    note();
    gather(tasks).await.into_iter().for_each(Result::unwrap);
}

#[test]
fn real_after_fifteen_phases_of_different_sizes() {
    assert_memory_goes_back("real_after_fifteen_phases_of_different_sizes", async |note| {
        phase::<20>(note).await;
        phase::<80>(note).await;
        phase::<140>(note).await;
        phase::<200>(note).await;
        phase::<260>(note).await;
        phase::<320>(note).await;
        phase::<380>(note).await;
        phase::<440>(note).await;
        phase::<500>(note).await;
        phase::<560>(note).await;
        phase::<620>(note).await;
        phase::<680>(note).await;
        phase::<740>(note).await;
        phase::<800>(note).await;
        phase::<860>(note).await;
    });
}

#[test]
fn real_after_many_timers() {
    assert_memory_goes_back("real_after_many_timers", async |note| {
        let sleeps = (0..many()).map(|n| sleep(Duration::from_micros(10_000 + n as u64 % 5_000)));
        let tasks: Vec<_> = sleeps.map(create_task).collect();
        yield_now().await;
        note();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn real_after_many_posts() {
    assert_memory_goes_back("real_after_many_posts", async |note| {
        let called = Rc::new(Cell::new(0));
        let handle: Handle = running_loop().handle();
        for _ in 0..many() {
            handle.call_soon(|| ()).unwrap();
        }
        note();
        drop(running_loop().call_soon({
            let called = Rc::clone(&called);
            move || called.set(1)
        }));
        while called.get() == 0 {
            yield_now().await;
        }
        yield_now().await;
        note();
    });
}

#[test]
fn real_after_many_jobs() {
    assert_memory_goes_back("real_after_many_jobs", async |note| {
        let jobs: Vec<_> = (0..many()).map(|n| to_thread(move || n)).collect();
        note();
        for job in jobs {
            job.await.unwrap();
        }
    });
}
