//! The programs of the walk-through print the words of the Python, in its order.

use crate::programs::{printed, run};

/// What a program printed between its heading and its time, and that time in seconds.
fn walk(name: &str) -> (Vec<String>, f64) {
    let text = printed("walkthrough", &[name]);
    let mut lines: Vec<&str> = text.trim_end().lines().collect();
    assert_eq!(lines.remove(0), format!("== {name} =="));
    let time = lines.pop().unwrap();
    let time = time.strip_prefix(&format!("-- {name}: ")).unwrap();
    let seconds = time.strip_suffix(" s --").unwrap().parse().unwrap();
    (lines.into_iter().map(str::to_owned).collect(), seconds)
}

/// The words behind a time stamp like `Sun Oct 29 12:00:00 2023`.
fn stamped(lines: &[String]) -> Vec<&str> {
    let words = |line: &'_ str| {
        let stamp: Vec<&str> = line[..24].split_ascii_whitespace().collect();
        assert!(matches!(stamp[..], [_, _, day, time, year]
            if day.parse::<u8>().is_ok() && time.split(':').count() == 3 && year.parse::<u16>().is_ok()));
        assert_eq!(line.as_bytes()[24], b' ');
    };
    lines.iter().inspect(|line| words(line)).map(|line| &line[25..]).collect()
}

#[test]
fn real_quickstart_says_hello_and_a_second_later_goodbye() {
    let (lines, seconds) = walk("quickstart");
    assert_eq!(stamped(&lines), ["Hello!", "Goodbye!"]);
    assert!(seconds >= 1.0, "{seconds}");
}

#[test]
fn manual_loop_runs_stops_closes_and_refuses_misuse_with_advice() {
    let (lines, _) = walk("manual_loop");
    let (done, refused): (Vec<&String>, Vec<&String>) =
        lines.iter().partition(|line| !line.starts_with("Refused to "));
    assert_eq!(done, ["Main coroutine runs", "Stopped", "Closed: true"]);
    let messages = [
        "run inside a run: cannot run an event loop while another one is running on this thread",
        "close inside a run: cannot close a running event loop",
        "run a closed loop: event loop is closed",
        "schedule on a closed loop: event loop is closed",
        "ask for a loop outside of one: no running event loop",
    ];
    assert_eq!(refused.len(), messages.len());
    for (line, message) in refused.iter().zip(messages) {
        assert!(line.starts_with(&format!("Refused to {message}")), "{line}");
    }
}

#[test]
fn real_create_tasks_takes_as_long_as_the_longer() {
    let (lines, seconds) = walk("create_tasks");
    let words = ["Task 1 started", "Task 2 started", "Task 2 completed", "Task 1 completed"];
    assert_eq!(lines, words);
    assert!((2.0..3.0).contains(&seconds), "{seconds}");
}

#[test]
fn real_gather_gives_results_in_argument_order_and_the_error_to_the_awaiter() {
    let (lines, seconds) = walk("gather");
    let words = [
        "Task 1 done",
        "Task 2 done",
        "Results in argument order: 2, one",
        "Parsed 7",
        "One that fails: invalid digit found in string",
    ];
    assert_eq!(lines, words);
    assert!((2.2..3.0).contains(&seconds), "{seconds}");
}

#[test]
fn real_blocking_thread_leaves_the_loop_free() {
    let (lines, seconds) = walk("blocking_thread");
    let words = stamped(&lines);
    let tick = "Tick: the loop is not blocked";
    let blocked = words.iter().position(|w| *w == "Blocking task completed").unwrap();
    assert_eq!(words[1], tick);
    // The fourth comes when the jobs are done, before or after.
    assert!(words[..blocked].iter().filter(|w| **w == tick).count() >= 3, "{words:?}");
    let others: Vec<&str> = words.into_iter().filter(|words| *words != tick).collect();
    let expected = [
        "Main coroutine started",
        "Blocking task completed",
        "Blocking task completed",
        "Main coroutine completed",
    ];
    assert_eq!(others, expected);
    assert!(seconds >= 4.0, "{seconds}");
}

#[test]
fn real_blocking_process_leaves_the_loop_free() {
    let (lines, _) = walk("blocking_process");
    let words = stamped(&lines);
    let [started, completed, ticked, ended] = words[..] else { panic!("{words:?}") };
    assert_eq!(started, "Main coroutine started");
    // The job prints it itself, on the same standard output. The walk-through's text has lost three zeros.
    assert_eq!(completed, "CPU-bound task completed with total: 333333283333335000000");
    let ticks = ticked.strip_prefix("Meanwhile the loop ticked ").unwrap();
    let ticks: u32 = ticks.strip_suffix(" times").unwrap().parse().unwrap();
    assert!(ticks >= 3, "{ticks}");
    assert_eq!(ended, "Main coroutine completed");
}

#[test]
fn real_numbers_and_letters_come_in_turn() {
    let (lines, seconds) = walk("numbers_and_letters");
    let words = ["Number: 1", "Letter: A", "Number: 2", "Letter: B", "Number: 3", "Letter: C"];
    assert_eq!(stamped(&lines), words);
    assert!((3.0..4.0).contains(&seconds), "{seconds}");
}

#[test]
fn real_handle_requests_handles_ten_at_once_and_a_hundred_thousand() {
    let (lines, seconds) = walk("handle_requests");
    let handling = (0..10).map(|id| format!("Handling request {id}"));
    let finished = (0..10).map(|id| format!("Finished request {id}"));
    assert_eq!(lines[..20], handling.chain(finished).collect::<Vec<_>>());
    assert!(lines[20].starts_with("Finished 100000 requests of one second in "), "{}", lines[20]);
    assert_eq!(lines.len(), 21);
    assert!(seconds >= 2.0, "{seconds}");
}

#[test]
fn race_condition_has_none() {
    assert_eq!(walk("race_condition").0, ["Final counter value: 2000000"]);
}

#[test]
fn every_program_runs_by_itself() {
    assert_eq!(printed("race_condition", &[]), "Final counter value: 2000000\n");
    assert!(printed("manual_loop", &[]).starts_with("Main coroutine runs\n"));
}

#[test]
fn an_unknown_name_lists_the_names_and_fails() {
    let output = run("walkthrough", &["quickstrat"]);
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("`quickstrat`"), "{said}");
    for name in ["quickstart", "manual_loop", "handle_requests", "race_condition"] {
        assert!(said.contains(name), "{said}");
    }
}
