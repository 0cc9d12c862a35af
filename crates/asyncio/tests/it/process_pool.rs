//! The process pool through the facade, as an outside program uses it.
//!
//! Only what the contract names is used. Jobs are functions of this test binary, in processes of it.

#![expect(clippy::unwrap_used, reason = "the helpers and jobs of tests are tests, too")]

use asyncio::pool::{Priority, Rejection};
use asyncio::{JobError, ProcessPoolExecutor, Shutdown, create_task, gather, sleep, try_gather};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

pub(crate) fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

fn spin(_: ()) {
    loop {
        std::hint::spin_loop();
    }
}

/// A pool of so many processes.
pub(crate) fn pool(workers: usize) -> ProcessPoolExecutor {
    ProcessPoolExecutor::builder().workers(workers).build().unwrap()
}

/// A file that does not exist yet, in a folder of this test.
pub(crate) fn fresh_file(test: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _left = fs::remove_file(&file);
    file
}

/// Says in a file that it runs, and spins.
pub(crate) fn spin_visibly(file: PathBuf) {
    fs::write(file, std::process::id().to_string()).unwrap();
    spin(());
}

/// Waits for a job to say that it runs; gives its process.
pub(crate) async fn started(file: &Path) -> u32 {
    loop {
        match fs::read_to_string(file).ok().and_then(|text| text.parse().ok()) {
            Some(process) => return process,
            None => sleep(Duration::from_millis(1)).await,
        }
    }
}

/// Waits until there is no such process any more, not even as a zombie.
pub(crate) async fn gone(process: u32) {
    while Path::new(&format!("/proc/{process}")).exists() {
        sleep(Duration::from_millis(1)).await;
    }
}

#[derive(Clone, PartialEq, Serialize, Deserialize, Debug)]
enum Shape {
    Circle { radius: f64 },
    Many(Vec<Shape>),
}

fn doubled(shape: Shape) -> Shape {
    match shape {
        Shape::Circle { radius } => Shape::Circle { radius: 2.0 * radius },
        Shape::Many(shapes) => Shape::Many(shapes.into_iter().map(doubled).collect()),
    }
}

#[asyncio::test]
async fn run_takes_functions_and_closures_and_whatever_serde_can_say() -> Result<(), JobError> {
    let pool = ProcessPoolExecutor::new().unwrap();
    assert_eq!(pool.run(fib, 20).await?, 6765);
    assert_eq!(pool.run(|x| x + 1.5, 2.0).await?, 3.5);
    assert_eq!(pool.run(|(a, b)| a + b, (1, 2)).await?, 3);
    assert_eq!(pool.run(|()| "none".to_owned(), ()).await?, "none");
    assert_eq!(pool.run(|bytes: Vec<u8>| bytes.len(), vec![0; 1 << 20]).await?, 1 << 20);
    let shape = Shape::Many(vec![Shape::Circle { radius: 1.5 }, Shape::Many(Vec::new())]);
    let twice = Shape::Many(vec![Shape::Circle { radius: 3.0 }, Shape::Many(Vec::new())]);
    assert_eq!(pool.run(doubled, shape).await?, twice);
    // An error of the function is its result.
    let parsed = pool.run(|text: String| text.parse::<u8>().map_err(|e| e.to_string()), "x".into());
    assert_eq!(parsed.await?, Err("invalid digit found in string".to_owned()));
    assert_ne!(pool.run(|()| std::process::id(), ()).await?, std::process::id());
    Ok(())
}

#[test]
fn run_blocking_needs_no_loop() {
    let pool = pool(2);
    assert_eq!(pool.run_blocking(fib, 20).unwrap(), 6765);
    assert!(pool.run_blocking(|()| -> () { panic!("no") }, ()).unwrap_err().is_panicked());
    assert_eq!(pool.job(fib).run_blocking(10).unwrap(), 55);
}

/// S-47.
#[asyncio::test]
async fn try_run_gives_the_arguments_back_when_there_is_no_room() {
    let pool = ProcessPoolExecutor::builder().workers(1).queue_bound(1).build().unwrap();
    let file = fresh_file("try_run_gives_the_arguments_back");
    let running = pool.try_run(spin_visibly, file.clone()).unwrap();
    started(&file).await;
    let mut waiting = Vec::new();
    let refused = loop {
        // Some may be on their way to the process already.
        match pool.try_run(|text: String| text, "mine".to_owned()) {
            Ok(job) => waiting.push(job),
            Err(refused) => break refused,
        }
        assert!(waiting.len() < 100, "the bound does not hold");
    };
    assert_eq!(refused.reason(), Rejection::Full);
    assert_eq!(refused.into_args(), "mine");
    // `run` waits for room instead.
    let patient = create_task(pool.run(fib, 10));
    drop(running);
    assert_eq!(patient.await.unwrap().unwrap(), 55);
    for job in waiting {
        assert_eq!(job.await.unwrap(), "mine");
    }
    pool.shutdown(Shutdown::Drain).await;
    let refused = pool.try_run(fib, 7).unwrap_err();
    assert_eq!((refused.reason(), refused.into_args()), (Rejection::ShutDown, 7));
}

#[asyncio::test]
async fn map_gives_results_in_order_or_as_they_come() {
    let pool = pool(2);
    let squares: Vec<u64> = pool.map(|n: u64| n * n, 0..500).map(Result::unwrap).collect().await;
    assert_eq!(squares, (0..500).map(|n| n * n).collect::<Vec<_>>());
    let ordered = pool.map(|n: u64| n + 1, 0..10).ordered().map(Result::unwrap);
    assert_eq!(ordered.collect::<Vec<_>>().await, (1..11).collect::<Vec<_>>());
    let unordered = pool.map(|n: u64| n, 0..500).unordered().map(Result::unwrap);
    let mut all = unordered.collect::<Vec<_>>().await;
    all.sort_unstable();
    assert_eq!(all, (0..500).collect::<Vec<_>>());
}

/// S-45.
#[asyncio::test]
async fn map_loses_only_the_item_that_crashed() {
    let pool = pool(2);
    let careful = |n: u32| if n == 250 { std::process::abort() } else { n };
    let results: Vec<_> = pool.map(careful, 0..500).collect().await;
    for (n, result) in (0..500).zip(results) {
        match result {
            Ok(value) => assert_eq!(value, n),
            Err(error) => assert_eq!((n, error.signal()), (250, Some(6))),
        }
    }
}

#[asyncio::test]
async fn unordered_gives_what_is_ready_while_another_takes_long() {
    let pool = pool(2);
    let file = fresh_file("unordered_gives_what_is_ready");
    // The first item ends only when the consumer has seen all others.
    let wait_for = |(n, file): (u32, PathBuf)| {
        while n == 0 && !file.exists() {
            thread::yield_now();
        }
        n
    };
    let items: Vec<_> = (0..50).map(|n| (n, file.clone())).collect();
    let mut results = pool.map(wait_for, items).unordered();
    for _ in 1..50 {
        assert_ne!(results.next().await.unwrap().unwrap(), 0);
    }
    fs::write(&file, "").unwrap();
    assert_eq!(results.next().await.unwrap().unwrap(), 0);
    assert!(results.next().await.is_none());
}

/// S-48.
#[asyncio::test]
async fn real_a_timeout_of_the_job_kills_it_and_others_go_on() {
    let pool = pool(1);
    let job = pool.job(spin).timeout(Duration::from_millis(30));
    let (spun, counted) = gather((job.run(()), pool.run(fib, 20))).await;
    let error = spun.unwrap_err();
    assert!(error.is_timed_out() && !error.is_cancelled() && !error.worker_died());
    assert!(error.job_name().ends_with("process_pool::spin"), "{}", error.job_name());
    assert_eq!(counted.unwrap(), 6765);
    // One that is quick enough does not notice its limit.
    let quick = pool.job(fib).timeout(Duration::from_secs(60)).deadline(Duration::from_secs(60));
    assert_eq!(quick.run(20).await.unwrap(), 6765);
}

/// Adds a line to a file, which tells the order in which jobs ran.
fn sign((file, name): (PathBuf, String)) {
    let mut file = fs::File::options().append(true).create(true).open(file).unwrap();
    writeln!(file, "{name}").unwrap();
}

/// S-47.
#[asyncio::test]
async fn a_high_priority_overtakes_what_waits() {
    let pool = pool(1);
    let (file, list) = (fresh_file("a_high_priority"), fresh_file("a_high_priority_list"));
    let hold = pool.submit(spin_visibly, file.clone());
    started(&file).await;
    let priorities = [Priority::Low, Priority::Normal, Priority::High, Priority::Low];
    let jobs: Vec<_> = (0..)
        .zip(priorities)
        .map(|(number, priority)| {
            let line = format!("{priority:?} {number}");
            pool.job(sign).priority(priority).submit((list.clone(), line))
        })
        .collect();
    drop(hold);
    try_gather(jobs).await.unwrap();
    assert_eq!(fs::read_to_string(list).unwrap(), "High 2\nNormal 1\nLow 0\nLow 3\n");
}

/// Dies as often as the file does not say that it was there; the file grows by one byte a try.
fn dies_until_the_third_try(file: PathBuf) -> usize {
    let tries = fs::read(&file).map_or(0, |bytes| bytes.len()) + 1;
    fs::write(&file, vec![b'x'; tries]).unwrap();
    if tries < 3 {
        std::process::abort();
    }
    tries
}

/// S-49.
#[asyncio::test]
async fn retries_happen_only_if_asked_for() {
    let pool = pool(1);
    let file = fresh_file("retries_happen_only_if_asked_for");
    let error = pool.run(dies_until_the_third_try, file.clone()).await.unwrap_err();
    assert_eq!(error.signal(), Some(6));
    fs::remove_file(&file).unwrap();
    let error = pool.job(dies_until_the_third_try).retry(1).run(file.clone()).await.unwrap_err();
    assert_eq!(error.signal(), Some(6));
    fs::remove_file(&file).unwrap();
    assert_eq!(pool.job(dies_until_the_third_try).retry(2).run(file).await.unwrap(), 3);
    // A panic is an answer, so it is not tried again.
    let file = fresh_file("retries_happen_only_if_asked_for_by_panics");
    let panic = |file: PathBuf| -> () {
        fs::write(&file, vec![b'x'; fs::read(&file).map_or(0, |b| b.len()) + 1]).unwrap();
        panic!("an answer");
    };
    let error = pool.job(panic).retry(5).run(file.clone()).await.unwrap_err();
    assert!(error.is_panicked());
    assert_eq!(fs::read(&file).unwrap().len(), 1);
}

#[asyncio::test]
async fn errors_say_what_has_happened() {
    let pool = ProcessPoolExecutor::builder()
        .workers(1)
        .stderr(asyncio::pool::StderrPolicy::Capture)
        .build()
        .unwrap();
    let error = pool.run(|n: u32| -> u32 { panic!("bad {n}") }, 7).await.unwrap_err();
    assert!(error.is_panicked() && !error.worker_died());
    assert_eq!(error.panic_message(), Some("bad 7"));
    assert!(error.panic_location().unwrap().contains("process_pool.rs:"));
    assert!(error.job_name().contains("errors_say_what_has_happened::"), "{}", error.job_name());

    let exit = |code| -> () {
        eprintln!("the last words");
        std::process::exit(code)
    };
    let error = pool.run(exit, 3).await.unwrap_err();
    assert!(error.worker_died());
    assert_eq!((error.exit_code(), error.signal()), (Some(3), None));
    assert_eq!(error.stderr_tail().trim_end(), "the last words");
    assert!(
        error
            .to_string()
            .ends_with("ended with exit code 3; last on standard error: the last words")
    );
    assert_eq!(pool.run(exit, 0).await.unwrap_err().exit_code(), Some(0));

    let error = pool.run(|()| -> () { std::process::abort() }, ()).await.unwrap_err();
    assert_eq!((error.exit_code(), error.signal()), (None, Some(6)));
    assert_eq!(pool.run(fib, 20).await.unwrap(), 6765);
}

#[test]
fn a_shutdown_as_a_plain_statement_waits_for_the_jobs() {
    let pool = pool(2);
    let jobs: Vec<_> = (0..20).map(|n| pool.submit(fib, n)).collect();
    pool.shutdown(Shutdown::Drain);
    assert!(jobs.iter().all(|job| job.is_finished()));
    let after = pool.run_blocking(fib, 1).unwrap_err();
    assert!(after.is_cancelled(), "{after}");
    assert!(pool.worker_ids().is_empty());
}

#[asyncio::test]
async fn an_awaited_shutdown_leaves_the_loop_free() {
    let pool = pool(1);
    let jobs: Vec<_> = (0..20).map(|n| pool.submit(fib, n)).collect();
    let ended = Rc::new(Cell::new(false));
    let other = create_task({
        let ended = Rc::clone(&ended);
        async move {
            asyncio::yield_now().await;
            assert!(!ended.get(), "it ran during the shutdown");
        }
    });
    pool.shutdown(Shutdown::Drain).await;
    ended.set(true);
    other.await.unwrap();
    let sum: u64 = try_gather(jobs).await.unwrap().into_iter().sum();
    assert_eq!(sum, fib(21) - 1);
}

#[asyncio::test]
async fn a_shutdown_cancels_what_waits_or_all() {
    let pool = pool(1);
    let file = fresh_file("a_shutdown_cancels_what_waits");
    let until_told = |file: PathBuf| {
        fs::write(&file, std::process::id().to_string()).unwrap();
        while !file.with_extension("go").exists() {
            thread::yield_now();
        }
        7
    };
    let _left = fs::remove_file(file.with_extension("go"));
    let running = pool.submit(until_told, file.clone());
    started(&file).await;
    let waiting = pool.submit(fib, 10);
    let closing = pool.shutdown(Shutdown::CancelPending);
    assert!(waiting.await.unwrap_err().is_cancelled());
    fs::write(file.with_extension("go"), "").unwrap();
    closing.await;
    assert_eq!(running.await.unwrap(), 7);

    let pool = self::pool(1);
    let file = fresh_file("a_shutdown_cancels_all");
    let running = pool.submit(spin_visibly, file.clone());
    let process = started(&file).await;
    pool.shutdown(Shutdown::Now).await;
    assert!(running.await.unwrap_err().is_cancelled());
    gone(process).await;
}

static CALLS: AtomicU32 = AtomicU32::new(0);

/// S-51.
#[asyncio::test]
async fn statics_start_fresh_and_an_initializer_sets_them() {
    CALLS.store(1_000, Relaxed);
    let count = |()| CALLS.fetch_add(1, Relaxed) + 1;
    let pool = pool(1);
    assert_eq!(pool.run(count, ()).await.unwrap(), 1);
    assert_eq!(pool.run(count, ()).await.unwrap(), 2);
    assert_eq!(CALLS.load(Relaxed), 1_000);
    let start = |calls: u32| CALLS.store(calls, Relaxed);
    let pool = ProcessPoolExecutor::builder().workers(1).initializer(start, 40).build().unwrap();
    assert_eq!(pool.run(count, ()).await.unwrap(), 41);
}

#[test]
fn an_initializer_that_panics_is_told_to_the_job() {
    let pool = ProcessPoolExecutor::builder()
        .workers(1)
        .initializer(|()| -> () { panic!("no model") }, ())
        .build()
        .unwrap();
    let error = pool.run_blocking(fib, 1).unwrap_err();
    assert!(error.is_not_started());
    assert!(error.to_string().contains("no model"), "{error}");
}

#[test]
fn a_value_that_cannot_be_read_back_is_an_error_of_its_own() {
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(transparent)]
    struct Picky(#[serde(with = "never")] u32);
    mod never {
        use serde::{Deserializer, Serializer, de::Error};
        pub(super) fn serialize<S: Serializer>(_: &u32, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_u32(1)
        }
        pub(super) fn deserialize<'de, D: Deserializer<'de>>(_: D) -> Result<u32, D::Error> {
            Err(D::Error::custom("never"))
        }
    }
    let pool = pool(1);
    let error = pool.run_blocking(|picky: Picky| picky.0, Picky(1)).unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("Picky"), "{error}");
    let error = pool.run_blocking(Picky, 1).unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("never"), "{error}");
    assert_eq!(pool.run_blocking(fib, 10).unwrap(), 55);
}

#[test]
fn a_job_may_have_a_pool_of_its_own() {
    let nested = |n: u64| -> u64 {
        let inner = ProcessPoolExecutor::builder().workers(1).build().unwrap();
        inner.run_blocking(fib, n).unwrap() + 1
    };
    assert_eq!(pool(1).run_blocking(nested, 20).unwrap(), 6766);
}
