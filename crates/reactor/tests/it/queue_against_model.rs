//! The timer queue against a `BTreeMap`: S-14, S-15 and S-19.

use crate::timer::{TimerKey, Wheel};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug)]
enum Deadline {
    Past(u64),
    Now,
    Tie,
    After(u64),
    Never,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Takes a number now, to be used by a later insertion.
    Reserve,
    Insert(Deadline),
    /// Inserts with the oldest or the newest of the reserved numbers.
    InsertReserved(Deadline, bool),
    CancelNewest,
    Cancel(usize),
    Rearm(usize, Deadline),
    NextExact,
    Advance(u64),
    Trim,
}

struct Pair {
    wheel: Wheel<u64>,
    model: BTreeMap<(u64, u64), u64>,
    keys: Vec<(TimerKey, u64)>,
    reserved: Vec<u64>,
    now: u64,
    last_deadline: u64,
    next_seq: u64,
}

impl Pair {
    fn new(now: u64) -> Self {
        Self {
            wheel: Wheel::new(now),
            model: BTreeMap::new(),
            keys: Vec::new(),
            reserved: Vec::new(),
            now,
            last_deadline: now,
            next_seq: 1,
        }
    }

    fn seq(&mut self) -> u64 {
        self.next_seq += 1;
        self.next_seq
    }

    fn deadline(&mut self, deadline: Deadline) -> u64 {
        self.last_deadline = match deadline {
            Deadline::Past(by) => self.now.saturating_sub(by),
            Deadline::Now => self.now,
            Deadline::Tie => self.last_deadline,
            Deadline::After(by) => self.now.saturating_add(by),
            Deadline::Never => u64::MAX,
        };
        self.last_deadline
    }

    fn insert(&mut self, deadline: Deadline, seq: u64) {
        let deadline = self.deadline(deadline);
        // The payload tells which insertion fired.
        let key = self.wheel.insert(deadline, seq, seq);
        self.model.insert((deadline, seq), seq);
        self.keys.push((key, deadline));
    }

    fn cancel(&mut self, place: usize) {
        let Some(&(key, deadline)) = self.keys.get(place) else { return };
        let expected = self.model.remove(&(deadline, key.seq));
        assert_eq!(self.wheel.get_mut(key).copied(), expected);
        assert_eq!(self.wheel.cancel(key), expected);
        assert_eq!(self.wheel.cancel(key), None, "a second time does nothing");
    }

    fn rearm(&mut self, place: usize, deadline: Deadline) {
        if self.keys.is_empty() {
            return;
        }
        let place = place % self.keys.len();
        let (key, old) = self.keys[place];
        let (deadline, seq) = (self.deadline(deadline), self.seq());
        let payload = self.model.remove(&(old, key.seq));
        let moved = self.wheel.rearm(key, deadline, seq);
        assert_eq!(moved.is_some(), payload.is_some());
        if let (Some(moved), Some(payload)) = (moved, payload) {
            self.model.insert((deadline, seq), payload);
            self.keys[place] = (moved, deadline);
        }
    }

    fn advance(&mut self, by: u64) {
        self.now = self.now.saturating_add(by);
        let mut fired = Vec::new();
        self.wheel.pop_due(self.now, |payload| fired.push(payload));
        let due = self.now.min(u64::MAX - 1);
        let later = self.model.split_off(&(due + 1, 0));
        let expected: Vec<u64> = std::mem::replace(&mut self.model, later).into_values().collect();
        assert_eq!(fired, expected, "in order of deadline, ties in order of creation, none early");
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Reserve => {
                let seq = self.seq();
                self.reserved.push(seq);
            }
            Op::Insert(deadline) => {
                let seq = self.seq();
                self.insert(deadline, seq);
            }
            Op::InsertReserved(deadline, oldest) => {
                let seq = match self.reserved.len() {
                    0 => self.seq(),
                    len => self.reserved.remove(if oldest { 0 } else { len - 1 }),
                };
                self.insert(deadline, seq);
            }
            Op::CancelNewest => self.cancel(self.keys.len().wrapping_sub(1)),
            Op::Cancel(place) => self.cancel(place % self.keys.len().max(1)),
            Op::Rearm(place, deadline) => self.rearm(place, deadline),
            Op::NextExact => {
                let expected = self.model.first_key_value().map(|(key, _)| key.0);
                assert_eq!(self.wheel.next_exact(), expected);
            }
            Op::Advance(by) => self.advance(by),
            Op::Trim => assert!(self.wheel.trim() >= self.wheel.len()),
        }
        assert_eq!(self.wheel.len(), self.model.len());
        assert!(self.wheel.garbage() <= self.wheel.len() + 64, "garbage is bounded");
        match (self.wheel.bound(), self.model.first_key_value()) {
            (Some(bound), Some((key, _))) => assert!(bound <= key.0, "a bound is never late"),
            (bound, first) => assert_eq!(bound.is_some(), first.is_some()),
        }
    }

    /// Fires everything, one exact deadline at a time, as virtual time does.
    fn drain(&mut self) {
        while let Some(next) = self.wheel.next_exact().filter(|&next| next != u64::MAX) {
            self.advance(next.saturating_sub(self.now));
            if next == u64::MAX - 1 {
                break;
            }
        }
        assert!(self.model.keys().all(|key| key.0 == u64::MAX), "only the far future is left");
    }
}

/// A distance with a random magnitude: slots, levels and their borders all get their share.
fn distance() -> impl Strategy<Value = u64> {
    (0_u32..55, any::<u64>(), any::<bool>()).prop_map(|(shift, bits, border)| {
        if border { (1 << shift) - (bits & 1) } else { bits & ((1 << shift) - 1) }
    })
}

fn deadline() -> impl Strategy<Value = Deadline> {
    prop_oneof![
        1 => distance().prop_map(Deadline::Past),
        1 => Just(Deadline::Now),
        3 => Just(Deadline::Tie),
        10 => distance().prop_map(Deadline::After),
        1 => Just(Deadline::Never),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => Just(Op::Reserve),
        8 => deadline().prop_map(Op::Insert),
        3 => (deadline(), any::<bool>()).prop_map(|(d, oldest)| Op::InsertReserved(d, oldest)),
        2 => Just(Op::CancelNewest),
        4 => any::<usize>().prop_map(Op::Cancel),
        2 => (any::<usize>(), deadline()).prop_map(|(place, d)| Op::Rearm(place, d)),
        1 => Just(Op::NextExact),
        2 => distance().prop_map(Op::Advance),
        1 => Just(Op::Trim),
    ]
}

fn run(start: u64, ops: &[Op]) {
    let mut pair = Pair::new(start);
    ops.iter().for_each(|&op| pair.apply(op));
    pair.drain();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prop_s15_timers_fire_in_order_of_deadline_and_number(
        start in prop_oneof![Just(0), any::<u32>().prop_map(u64::from), any::<u64>()],
        ops in prop::collection::vec(op(), 0..300),
    ) {
        run(start, &ops);
    }
}

/// Small and quick, so that the long test is not a test of the random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(self.0) * u128::from(n)) >> 64) as u64
    }

    fn deadline(&mut self) -> Deadline {
        let magnitude = 1 << (5 + self.below(50));
        match self.below(16) {
            0 => Deadline::Past(self.below(magnitude)),
            1 => Deadline::Now,
            2..=4 => Deadline::Tie,
            5 => Deadline::Never,
            _ => Deadline::After(self.below(magnitude)),
        }
    }

    fn op(&mut self) -> Op {
        match self.below(24) {
            0 => Op::Reserve,
            1..=8 => Op::Insert(self.deadline()),
            9..=10 => Op::InsertReserved(self.deadline(), self.below(2) == 0),
            11..=12 => Op::CancelNewest,
            13..=18 => Op::Cancel(self.below(1 << 40) as usize),
            19..=20 => Op::Rearm(self.below(1 << 40) as usize, self.deadline()),
            21 => Op::NextExact,
            22 if self.below(16) == 0 => Op::Trim,
            _ => {
                let magnitude = 1 << (5 + self.below(36));
                Op::Advance(self.below(magnitude))
            }
        }
    }
}

#[test]
fn s14_s15_and_s19_hold_in_long_random_runs() {
    for seed in 0..150 {
        let mut random = Random(seed);
        let mut pair = Pair::new(random.below(1 << 50));
        for _ in 0..2000 {
            let op = random.op();
            pair.apply(op);
        }
        pair.drain();
    }
}

#[test]
fn s19_a_storm_of_cancellations_leaves_no_garbage_and_no_memory() {
    let mut wheel = Wheel::new(0);
    let keys: Vec<_> = (1..=20_000_u64)
        .map(|n| wheel.insert(n.wrapping_mul(7_919_317) % (1 << 40), n, n))
        .collect();
    // From the middle outwards, so that slots do not just pop their last.
    for (turn, &key) in keys.iter().skip(10_000).chain(keys.iter().take(10_000)).enumerate() {
        assert!(wheel.cancel(key).is_some());
        assert!(wheel.garbage() <= wheel.len() + 64, "after {turn} cancellations");
    }
    assert_eq!((wheel.len(), wheel.bound(), wheel.next_exact()), (0, None, None));
}

#[test]
fn a_loop_that_was_away_for_long_catches_up_in_order() {
    let mut wheel = Wheel::new(0);
    let count = 50_000_u64;
    // 200 ms of timers, many of them within each slot.
    for n in 1..=count {
        wheel.insert(
            n.wrapping_mul(7_919_317) % 200_000_000,
            n,
            n.wrapping_mul(7_919_317) % 200_000_000,
        );
    }
    let mut fired = Vec::new();
    wheel.pop_due(200_000_000, |deadline| fired.push(deadline));
    assert_eq!(fired.len() as u64, count);
    assert!(fired.is_sorted());
}

#[test]
fn draining_hands_out_what_was_carried_and_kills_the_keys() {
    let mut wheel = Wheel::new(5);
    let deadlines = [3, 1 << 30, u64::MAX];
    let keys = [1_u64, 2, 3].map(|n| wheel.insert(deadlines[n as usize - 1], n, n));
    let mut drained: Vec<_> = wheel.drain().collect();
    drained.sort_unstable();
    assert_eq!(drained, [1, 2, 3]);
    assert!(keys.iter().all(|&key| wheel.cancel(key).is_none()));
    assert_eq!((wheel.len(), wheel.bound()), (0, None));
}

#[test]
fn after_a_peak_there_is_room_for_few_again() {
    const PEAK: u64 = 200_000;
    for fire in [false, true] {
        let mut wheel = Wheel::new(0);
        let survivors: Vec<_> = (1..=10).map(|n| wheel.insert(1 << 50, n, n)).collect();
        let deadline = |n: u64| n.wrapping_mul(7_919_317) % (1 << 32);
        let keys: Vec<_> = (11..=PEAK).map(|n| wheel.insert(deadline(n), n, n)).collect();
        assert!(!wheel.is_oversized(), "it is all in use");
        if fire {
            let mut fired = 0;
            wheel.pop_due(1 << 33, |_| fired += 1);
            assert_eq!(fired, PEAK - 10);
        } else {
            keys.into_iter().for_each(|key| assert!(wheel.cancel(key).is_some()));
        }
        assert!(wheel.is_oversized());
        let room = wheel.trim();
        assert!(room < 10_000, "there is room for {room}");
        assert!(!wheel.is_oversized(), "once is enough");
        assert!(survivors.into_iter().all(|key| wheel.cancel(key).is_some()));
    }
}

#[test]
fn a_survivor_in_the_last_place_is_not_asked_to_go_again_and_again() {
    let mut wheel = Wheel::new(0);
    let keys: Vec<_> = (1..=100_000).map(|n| wheel.insert(n, n, n)).collect();
    let (last, others) = keys.split_last().unwrap();
    others.iter().for_each(|&key| assert!(wheel.cancel(key).is_some()));
    assert!(wheel.is_oversized());
    wheel.trim();
    assert!(!wheel.is_oversized(), "nothing more can be had while it lives");
    // The places before it are used again, the first one first.
    let next = wheel.insert(1, 200_000, 0);
    assert_eq!(next.index, 0);
    assert!(wheel.cancel(*last).is_some());
    assert!(wheel.cancel(next).is_some());
    assert!(wheel.trim() < 10_000);
}
