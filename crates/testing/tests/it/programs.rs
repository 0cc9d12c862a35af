//! Random programs: in their production order against the model, in any other order against the laws.

use crate::program::{config, programs};
use crate::{interpreter, laws, model};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config())]

    /// S-2, S-3, S-5, S-6, S-13 to S-17, S-20 to S-24, S-29, S-30, S-36: order, number and time of all polls, and
    /// everything else that happens, are those of a queue and a sorted list.
    #[test]
    fn prop_s2_production_order_is_that_of_the_model(program in programs()) {
        let ours = interpreter::run(&program, 0);
        let expected = model::run(&program);
        prop_assert_eq!(&ours.trace, &expected.trace);
        prop_assert_eq!(ours.deadlock, expected.deadlock);
        laws::check(&ours);
    }

    /// S-42.
    #[test]
    fn prop_s42_a_seed_gives_the_same_trace_again(program in programs(), seed: u64) {
        prop_assert_eq!(interpreter::run(&program, seed), interpreter::run(&program, seed));
    }

    /// S-5, S-14, S-21, S-22, S-29, S-33.
    #[test]
    fn prop_s42_laws_hold_in_every_order(program in programs(), seed: u64) {
        laws::check(&interpreter::run(&program, seed));
    }
}
