//! S-63: the list of waiters, included by path, against a list that is plainly right.

use crate::waiters::{Waiter, Waiters};
use crate::world::WakeCount;
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(usize),
    Leave(usize),
    WaitShared,
    TakeAll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..12_usize).prop_map(Step::Wait),
        8 => (0..12_usize).prop_map(Step::Leave),
        1 => Just(Step::WaitShared),
        1 => Just(Step::TakeAll),
    ]
}

proptest! {
    #[test]
    fn prop_waiters_are_woken_once_and_in_the_order_in_which_they_came(steps in vec(step(), 0..200)) {
        let mut waiters = Waiters::default();
        let wakers: Vec<_> = (0..13).map(|_| WakeCount::new()).collect();
        let mut names = [Waiter::NEW; 12];
        let (mut model, mut shared, mut number) = (Vec::new(), false, 0);
        for step in steps {
            match step {
                Step::Wait(who) => {
                    number += 1;
                    let waker = wakers[who].1.clone();
                    let (name, replaced) = waiters.put(names[who], waker, number);
                    names[who] = name;
                    prop_assert_eq!(replaced.is_some(), model.contains(&who));
                    if !model.contains(&who) {
                        model.push(who);
                    }
                }
                Step::Leave(who) => {
                    let left = waiters.take(names[who]);
                    prop_assert_eq!(left.is_some(), model.contains(&who));
                    model.retain(|other| *other != who);
                }
                Step::WaitShared => {
                    waiters.put(Waiter::Shared, wakers[12].1.clone(), 0);
                    shared = true;
                }
                Step::TakeAll => {
                    let mut woken = Vec::new();
                    waiters.take_all(|waker| {
                        woken.extend(wakers.iter().position(|(_, own)| own.will_wake(&waker)));
                    });
                    let expected = shared.then_some(12).into_iter().chain(model.drain(..));
                    prop_assert_eq!(woken, expected.collect::<Vec<_>>());
                    shared = false;
                }
            }
            prop_assert_eq!(waiters.is_empty(), model.is_empty() && !shared);
            for (who, name) in names.iter().enumerate() {
                prop_assert_eq!(waiters.find(*name).is_some(), model.contains(&who));
            }
        }
    }
}
