//! Programs as trees, the events that describe a run, and how both are generated.

use asyncio_core::Instant;
use proptest::prelude::*;
use std::time::Duration;

/// One list of operations a task. Task 0 is the main one; each other is spawned at most once.
#[derive(Clone, Debug)]
pub(crate) struct Program(pub(crate) Vec<Vec<Op>>);

/// What a task does next. Numbers of tasks that make no sense where they stand are skipped.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// Waits for something.
    Await(Leaf),
    /// Waits for something, but no longer than this.
    Timeout(Duration, Leaf),
    Spawn(usize),
    Cancel(usize),
    /// Drops the handle.
    Detach(usize),
    /// Wakes a task, itself included, without a reason and this many times.
    Wake(usize, usize),
    Panic,
}

#[derive(Clone, Debug)]
pub(crate) enum Leaf {
    Yield,
    Sleep(Duration),
    Join(usize),
}

/// What happened, in order. Most events begin with the task that did it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Event {
    /// The task was polled, at this time.
    Poll(usize, Instant),
    Returned(usize),
    /// The task's future was dropped.
    Dropped(usize),
    Joined(usize, usize, End),
    /// A sleep that was to end at the first instant ended at the second.
    Slept(usize, Instant, Instant),
    /// A timeout ended: whether time was up.
    TimedOut(usize, bool),
    Spawned(usize, usize),
    /// Who asked whom to end, and whether that one still could.
    Cancelled(usize, usize, bool),
    Woke(usize, usize),
    /// A panic in this task was reported to the exception handler.
    Reported(usize),
}

/// How a task ended, according to its handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    Value,
    Cancelled,
    Panic,
}

/// What a whole run gave.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Run {
    pub(crate) trace: Vec<Event>,
    /// Whether the main task could never end.
    pub(crate) deadlock: bool,
}

/// Few, so that they have much to do with each other.
const TASKS: usize = 6;
const OPERATIONS: usize = 40;

/// Few lengths, so that ties are frequent; the ends of the range among them.
pub(crate) fn durations() -> impl Strategy<Value = Duration> {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    prop_oneof![
        2 => Just(Duration::ZERO),
        6 => (1..4_u64).prop_map(Duration::from_nanos),
        3 => (1..3_u64).prop_map(Duration::from_millis),
        1 => Just(Duration::from_secs(3600)),
        1 => Just(CENTURY),
        1 => Just(Duration::MAX),
    ]
}

fn leaves() -> impl Strategy<Value = Leaf> {
    prop_oneof![
        Just(Leaf::Yield),
        durations().prop_map(Leaf::Sleep),
        (1..TASKS).prop_map(Leaf::Join),
    ]
}

fn operations() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => leaves().prop_map(Op::Await),
        3 => (durations(), leaves()).prop_map(|(duration, leaf)| Op::Timeout(duration, leaf)),
        8 => (1..TASKS).prop_map(Op::Spawn),
        2 => (1..TASKS).prop_map(Op::Cancel),
        3 => (1..TASKS).prop_map(Op::Detach),
        2 => (0..TASKS, 1..4_usize).prop_map(|(task, times)| Op::Wake(task, times)),
        2 => Just(Op::Panic),
    ]
}

pub(crate) fn programs() -> impl Strategy<Value = Program> {
    let bodies = prop::collection::vec(prop::collection::vec(operations(), 0..=8), TASKS);
    bodies.prop_map(|mut bodies| {
        let mut left = OPERATIONS;
        for body in &mut bodies {
            body.truncate(left);
            left -= body.len();
        }
        // The panic of the main task is the panic of the run, which is not what is tested here.
        bodies[0].retain(|op| !matches!(op, Op::Panic));
        Program(bodies)
    })
}

/// How many cases a property is tried with.
pub(crate) fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let is_long = std::env::var_os("ASYNCIO_LONG").is_some_and(|value| value == "1");
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => default.cases,
        None if is_long => 64 * 50,
        None => 64,
    };
    ProptestConfig { cases, ..default }
}
