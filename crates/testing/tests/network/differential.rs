//! S-72, at large: random scripts see on the simulated network, call by call, what they see on Linux'
//! loopback. What differs on purpose is listed in `docs/testing.md`, and no script here does it.

use crate::performer::{Pace, perform};
use crate::script::{Script, scripts};
use asyncio_testing::Simulation;
use proptest::prelude::*;
use std::time::Duration;

fn simulated(script: &Script) -> Vec<String> {
    Simulation::new(0).run(async || perform(script, Pace::Polls(3)).await).unwrap()
}

fn real(script: &Script, pace: Pace) -> Vec<String> {
    asyncio_reactor::block_on(perform(script, pace)).unwrap()
}

/// What the loopback shows. Packets may be late on a busy machine, and another process may have a port that
/// was closed here: only what differs with all the time in the world differs.
fn difference(script: &Script) -> Option<(Vec<String>, Vec<String>)> {
    let simulated = simulated(script);
    let pace =
        [Pace::Polls(3)].into_iter().chain([3, 30].map(Duration::from_millis).map(Pace::Time));
    let mut seen = Vec::new();
    for pace in pace {
        seen = real(script, pace);
        if seen == simulated {
            return None;
        }
    }
    Some((simulated, seen))
}

fn config() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let is_long = std::env::var_os("ASYNCIO_LONG").is_some_and(|value| value == "1");
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => default.cases,
        None if is_long => 5000,
        None => 300,
    };
    ProptestConfig { cases, max_shrink_iters: 300, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn prop_s72_random_scripts_see_the_same_on_both_networks(script in scripts()) {
        if let Some((simulated, real)) = difference(&script) {
            prop_assert_eq!(simulated, real, "simulated is on the left");
        }
    }
}
