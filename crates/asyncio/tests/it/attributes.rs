//! `#[asyncio::test]` and `#[asyncio::main]`.

use std::time::Duration;

#[asyncio::test]
async fn the_real_loop_is_the_default() {
    asyncio::sleep(Duration::from_micros(1)).await;
    assert!(asyncio::running_loop().is_running());
}

#[asyncio::test]
async fn a_result_may_be_returned() -> Result<(), std::num::ParseIntError> {
    let _number: i32 = "7".parse()?;
    Ok(())
}

#[asyncio::test]
#[should_panic(expected = "as it should")]
async fn other_attributes_are_kept() {
    panic!("as it should");
}

#[asyncio::test(sim, seed = 7)]
async fn a_simulated_year_passes_at_once() {
    let start = asyncio::running_loop().time();
    asyncio::sleep(Duration::from_secs(365 * 24 * 3600)).await;
    assert_eq!(asyncio::running_loop().time() - start, Duration::from_secs(365 * 24 * 3600));
    assert_eq!(asyncio::to_thread(|| "inline").await.unwrap(), "inline");
}

#[asyncio::test(sim)]
#[should_panic(expected = "deadlock: every task is blocked")]
async fn a_stuck_test_fails_with_a_report() {
    std::future::pending::<()>().await;
}

#[asyncio::test(sim, seeds = 1..50)]
async fn each_seed_has_a_world_of_its_own() {
    assert_eq!(asyncio::running_loop().time().as_nanos(), 0);
    asyncio::sleep(Duration::from_secs(1)).await;
}

#[asyncio::test(sim, seeds = [3, 5])]
async fn seeds_may_be_a_list_and_the_test_may_give_a_result() -> Result<(), std::fmt::Error> {
    asyncio::yield_now().await;
    Ok(())
}

/// The first of two tasks to run; with some seeds it is the second one.
async fn first_of_two() -> u32 {
    let first = std::rc::Rc::new(std::cell::Cell::new(0));
    let tasks = [1, 2].map(|number| {
        let first = std::rc::Rc::clone(&first);
        asyncio::create_task(async move {
            if first.get() == 0 {
                first.set(number);
            }
        })
    });
    for task in tasks {
        task.await.expect("nobody cancels it");
    }
    first.get()
}

#[asyncio::test(sim, seeds = 0..100)]
#[should_panic(expected = "assertion `left == right` failed: in another order")]
async fn the_first_seed_that_fails_fails_the_test() {
    assert_eq!(first_of_two().await, 1, "in another order");
}

#[asyncio::test(sim, seeds = 0..100)]
#[should_panic(expected = "replays it")]
async fn an_error_with_one_seed_fails_the_test() -> Result<(), u32> {
    match first_of_two().await {
        1 => Ok(()),
        other => Err(other),
    }
}

#[asyncio::test(sim, seeds = 0..100)]
#[should_panic(expected = "`Simulation::new(0)` replays it")]
async fn a_stuck_program_tells_its_seed() {
    std::future::pending::<()>().await;
}

#[asyncio::test(sim, seeds = 5..5)]
#[should_panic(expected = "there is no seed to run the program with")]
async fn no_seed_at_all_is_a_failure() {}

#[test]
fn main_runs_the_function() {
    #[asyncio::main]
    async fn entry() -> u8 {
        asyncio::yield_now().await;
        7
    }
    assert_eq!(entry(), 7);
}
