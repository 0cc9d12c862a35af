//! Random programs: in their production order against the model, in any other order against the laws.

use crate::program::{config, programs};
use crate::{interpreter, laws, model};
use proptest::prelude::*;

proptest! {
    #![proptest_config(config())]

    /// S1, S2, S4 to S8, L1, L2, L4, L5, L9, T1, T2, T4, T5: order, number and time of all polls, and
    /// everything else that happens, are those of a queue and a sorted list.
    #[test]
    fn prop_s1_production_order_is_that_of_the_model(program in programs()) {
        let ours = interpreter::run(&program, 0);
        let expected = model::run(&program);
        prop_assert_eq!(&ours.trace, &expected.trace);
        prop_assert_eq!(ours.deadlock, expected.deadlock);
        laws::check(&ours);
    }

    /// S10.
    #[test]
    fn prop_s10_a_seed_gives_the_same_trace_again(program in programs(), seed: u64) {
        prop_assert_eq!(interpreter::run(&program, seed), interpreter::run(&program, seed));
    }

    /// L1, L2, L4, L5, L7, L9, S7, S8, T1, T4.
    #[test]
    fn prop_l1_laws_hold_in_every_order(program in programs(), seed: u64) {
        laws::check(&interpreter::run(&program, seed));
    }
}
