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

#[test]
fn main_runs_the_function() {
    #[asyncio::main]
    async fn entry() -> u8 {
        asyncio::yield_now().await;
        7
    }
    assert_eq!(entry(), 7);
}
