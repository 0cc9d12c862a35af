//! The few tests that wait on the real clock.

use std::time::Duration;

#[test]
fn real_sleep_is_never_early() {
    asyncio::run(async {
        for microseconds in [1, 50, 999, 1_500] {
            let event_loop = asyncio::running_loop();
            let before = event_loop.time();
            asyncio::sleep(Duration::from_micros(microseconds)).await;
            assert!(event_loop.time() - before >= Duration::from_micros(microseconds));
        }
    });
}

#[test]
fn real_timeout_cancels_what_is_late() {
    let result =
        asyncio::run(asyncio::timeout(Duration::from_millis(1), std::future::pending::<()>()));
    assert!(result.is_err());
}

#[test]
fn real_interval_ticks_at_once_and_then_by_its_period() {
    asyncio::run(async {
        let mut rare = asyncio::interval(Duration::from_secs(3600));
        let first = asyncio::timeout(Duration::from_secs(30), rare.tick()).await;
        assert!(first.unwrap() <= asyncio::running_loop().time());
        let mut interval = asyncio::interval(Duration::from_millis(1));
        let first = interval.tick().await;
        let second = interval.tick().await;
        assert_eq!(second - first, Duration::from_millis(1));
    });
}
