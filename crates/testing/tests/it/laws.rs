//! Laws that hold in every order of execution, each asked of a trace by itself.

use crate::program::{End, Event, Run};

/// Panics with the law that `run` breaks.
pub(crate) fn check(run: &Run) {
    let trace = &run.trace;
    let tasks: Vec<usize> = std::iter::once(0)
        .chain(trace.iter().filter_map(|event| match event {
            Event::Spawned(_, task) => Some(*task),
            _ => None,
        }))
        .collect();
    for task in tasks {
        polls_are_justified_and_end(trace, task);
        future_and_outcome_go_once(trace, task);
        cancel_follows_the_log(trace, task);
    }
    time_is_monotonic_and_exact(trace);
    assert_eq!(
        run.deadlock,
        !trace.contains(&Event::Returned(0)),
        "S-33: the run ends with its main task"
    );
}

fn places(trace: &[Event], wanted: impl Fn(&Event) -> bool) -> Vec<usize> {
    trace.iter().enumerate().filter(|(_, event)| wanted(event)).map(|(at, _)| at).collect()
}

fn polls_are_justified_and_end(trace: &[Event], task: usize) {
    let polls = places(trace, |event| matches!(event, Event::Poll(me, _) if *me == task));
    let dropped = places(trace, |event| *event == Event::Dropped(task));
    if let (Some(last), Some(end)) = (polls.last(), dropped.first()) {
        assert!(last < end, "S-5: task {task} was polled after its end");
    }
    // A poll has at most three causes in these programs: its creation, a wake that is in the trace,
    // and the end of something it waited for: at most two ends for each of its waits.
    let woken = places(trace, |event| matches!(event, Event::Woke(_, to) if *to == task)).len();
    let asked =
        places(trace, |event| matches!(event, Event::Cancelled(_, to, _) if *to == task)).len();
    assert!(
        polls.len() <= 1 + woken + asked + 2 * 8,
        "S-5: task {task} was polled without a reason"
    );
}

fn future_and_outcome_go_once(trace: &[Event], task: usize) {
    let dropped = places(trace, |event| *event == Event::Dropped(task));
    assert_eq!(dropped.len(), 1, "the future of task {task} is dropped once");
    let joined = places(trace, |event| matches!(event, Event::Joined(_, of, _) if *of == task));
    let reported = places(trace, |event| *event == Event::Reported(task));
    assert!(
        joined.len() + reported.len() <= 1,
        "S-29, S-30: the end of task {task} is reported once"
    );
    for at in joined.iter().chain(&reported) {
        assert!(
            dropped[0] < *at,
            "the future of task {task} is dropped before its outcome is seen"
        );
    }
    let returned = places(trace, |event| *event == Event::Returned(task));
    assert!(returned.len() <= 1, "task {task} returns once");
    for at in joined {
        let Event::Joined(_, _, end) = &trace[at] else { unreachable!("it was looked for") };
        assert_eq!(
            *end == End::Value,
            !returned.is_empty(),
            "S-29: the value of task {task} is handed on"
        );
    }
}

/// S-21 and S-22: a request counts iff the task had not ended when it was made.
fn cancel_follows_the_log(trace: &[Event], task: usize) {
    let end = places(trace, |event| *event == Event::Dropped(task))[0];
    let mut was_asked = false;
    for (at, event) in trace.iter().enumerate() {
        match event {
            Event::Cancelled(_, of, asked) if *of == task => {
                assert_eq!(
                    *asked,
                    at < end,
                    "S-22: the answer to a request is the order of the log"
                );
                was_asked |= asked;
            }
            Event::Joined(_, of, End::Cancelled) if *of == task => {
                assert!(was_asked, "S-21: task {task} ended cancelled, and nobody had asked");
            }
            _ => {}
        }
    }
}

fn time_is_monotonic_and_exact(trace: &[Event]) {
    let mut latest = asyncio_core::Instant::ZERO;
    for event in trace {
        if let Event::Poll(_, now) | Event::Slept(_, _, now) = event {
            assert!(*now >= latest, "S-41: time went back");
            latest = *now;
        }
        if let Event::Slept(task, deadline, now) = event {
            assert!(now >= deadline, "S-14: a sleep of task {task} ended early");
        }
    }
}
