//! What works at all.

use asyncio_pool::ProcessPoolExecutor;
use futures::executor::block_on;

fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

#[test]
fn a_function_runs_in_another_process() {
    let pool = ProcessPoolExecutor::builder().workers(2).build().unwrap();
    assert_eq!(pool.run_blocking(fib, 20).unwrap(), 6765);
    assert_eq!(pool.run_blocking(|(a, b)| a + b, (1.5, 2.0)).unwrap(), 3.5);
    let other: u32 = pool.run_blocking(|()| std::process::id(), ()).unwrap();
    assert_ne!(other, std::process::id());
    assert_eq!(block_on(pool.run(fib, 20)).unwrap(), 6765);
    assert_eq!(asyncio_reactor::block_on(pool.run(fib, 20)).unwrap().unwrap(), 6765);
}

#[test]
fn a_crash_costs_one_job() {
    let pool = ProcessPoolExecutor::builder().workers(2).build().unwrap();
    let error = pool.run_blocking(|()| -> () { std::process::abort() }, ()).unwrap_err();
    println!("{error}");
    assert_eq!(error.signal(), Some(6));
    let error = pool.run_blocking(|()| -> () { panic!("so bad") }, ()).unwrap_err();
    println!("{error} {:?}", error.backtrace());
    assert_eq!(pool.run_blocking(fib, 20).unwrap(), 6765);
}
