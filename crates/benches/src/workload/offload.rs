//! For the price of leaving the loop: a trivial call on a pool of four threads, one at a time and a thousand in flight.
//!
//! All threads share one core, so that a wake costs what a wake costs there, and not what a sleeping core's does.

use crate::measure::Passes;
use crate::runtime::Offload;

fn increment(number: u64) -> u64 {
    std::hint::black_box(number) + 1
}

/// Each call awaited before the next; CPU nanoseconds of all threads for one call.
pub(crate) async fn sequential<R: Offload>() -> f64 {
    const CALLS: u64 = 4_000;
    let pool = R::pool();
    let mut passes = Passes::new();
    while passes.next() {
        for number in 0..CALLS {
            assert_eq!(
                R::call(&pool, increment, number).await,
                number + 1,
                "the call's own result"
            );
        }
        passes.done(CALLS);
    }
    passes.median()
}

/// A thousand sent off, then all awaited.
pub(crate) async fn in_flight<R: Offload>() -> f64 {
    const BATCH: u64 = 1_000;
    const REPEATS: u64 = 20;
    let pool = R::pool();
    let mut passes = Passes::new();
    while passes.next() {
        for _ in 0..REPEATS {
            let calls: Vec<_> =
                (0..BATCH).map(|number| Box::pin(R::call(&pool, increment, number))).collect();
            for call in calls {
                std::hint::black_box(call.await);
            }
        }
        passes.done(BATCH * REPEATS);
    }
    passes.median()
}
