//! Instants never wrap: both ends of the clock hold.

use asyncio_core::Instant;
use proptest::prelude::*;
use std::time::Duration;

const NANOS: u128 = u64::MAX as u128;

proptest! {
    #[test]
    fn prop_arithmetic_is_that_of_whole_numbers_cut_at_both_ends(
        nanos: u64, other: u64, secs: u64, subsec in 0..1_000_000_000_u32,
    ) {
        let (instant, duration) = (Instant::from_nanos(nanos), Duration::new(secs, subsec));
        let later = (u128::from(nanos) + duration.as_nanos()).min(NANOS);
        prop_assert_eq!(u128::from((instant + duration).as_nanos()), later);
        let earlier = u128::from(nanos).saturating_sub(duration.as_nanos());
        prop_assert_eq!(u128::from((instant - duration).as_nanos()), earlier);
        let mut moved = instant;
        moved += duration;
        prop_assert_eq!(moved, instant + duration);
        let other = Instant::from_nanos(other);
        prop_assert_eq!(u64::try_from((instant - other).as_nanos()).unwrap(), nanos.saturating_sub(other.as_nanos()));
        prop_assert_eq!(instant.saturating_duration_since(other), instant - other);
        prop_assert_eq!(instant < other, nanos < other.as_nanos());
    }
}

#[test]
fn ends_of_the_clock_hold() {
    assert_eq!(Instant::ZERO - Duration::MAX, Instant::ZERO);
    assert_eq!(Instant::FAR_FUTURE + Duration::from_nanos(1), Instant::FAR_FUTURE);
    assert_eq!(Instant::ZERO + Duration::MAX, Instant::FAR_FUTURE);
    assert_eq!(Instant::FAR_FUTURE - Duration::MAX, Instant::ZERO);
    assert_eq!(Instant::ZERO - Instant::FAR_FUTURE, Duration::ZERO);
    assert_eq!(Instant::default(), Instant::ZERO);
}

#[test]
fn seconds_are_printed_with_all_their_digits() {
    let instant = Instant::from_nanos(12_000_000_034);
    assert_eq!(instant.to_string(), "12.000000034s");
    assert_eq!(format!("{instant:?}"), "Instant(12.000000034s)");
    assert!((instant.as_secs_f64() - 12.000_000_034).abs() < 1e-9);
}
