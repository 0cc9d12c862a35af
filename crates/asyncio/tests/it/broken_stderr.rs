//! Reports go on, or are dropped, whatever has become of standard error; the program goes on in any case.
//!
//! Each case runs in a child of the test, which is this binary again: standard error belongs to a whole
//! process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const CASE: &str = "ASYNCIO_TEST_BROKEN_STDERR";

/// What the child does: panics that nobody awaits, of every kind that is reported, and a job that is left.
fn lose_panics() {
    std::panic::set_hook(Box::new(|_| ()));
    let mut runner =
        asyncio::Runner::builder().shutdown_timeout(Duration::from_millis(20)).build().unwrap();
    runner.run(async {
        for _ in 0..200 {
            drop(asyncio::create_task(async {
                panic!("lost, and of some length: {}", "x".repeat(600))
            }));
        }
        drop(asyncio::running_loop().call_soon(|| panic!("in a callback")));
        asyncio::yield_now().await;
        let event_loop = asyncio::running_loop();
        event_loop.set_exception_handler(|_| panic!("in the handler"));
        drop(asyncio::create_task(async { panic!("lost") }));
        asyncio::yield_now().await;
        let (started, start) = asyncio::promise();
        let job = asyncio::to_thread(move || {
            start.resolve(()).unwrap();
            loop {
                std::thread::park();
            }
        });
        started.await.unwrap();
        drop(job);
    });
    drop(runner);
}

/// The child's half; it is no test when the variable is not set.
#[test]
fn child_of_broken_stderr() {
    let Some(case) = std::env::var_os(CASE) else { return };
    if case == "closed" {
        // Nothing else has the number afterwards.
        drop(break_stderr());
    }
    lose_panics();
    println!("the program went on");
    std::process::exit(7);
}

fn break_stderr() -> std::fs::File {
    use std::os::fd::{AsFd, OwnedFd};
    // Standard error becomes a pipe without a reader: writing to it fails with EPIPE.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    rustix::stdio::dup2_stderr(writer.as_fd()).unwrap();
    std::fs::File::from(OwnedFd::from(writer))
}

fn start(case: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["broken_stderr::child_of_broken_stderr", "--exact", "--nocapture"])
        .env(CASE, case)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[track_caller]
fn assert_it_went_on(mut child: Child) {
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(7), "{said}");
    assert!(said.contains("the program went on"), "{said}");
}

#[test]
fn a_reader_that_has_closed_its_end_does_not_end_the_program() {
    let mut child = start("reader gone");
    drop(child.stderr.take());
    assert_it_went_on(child);
}

#[test]
fn a_pipe_without_a_reader_does_not_end_the_program() {
    assert_it_went_on(start("closed"));
}

/// A hundred kilobytes of reports do not fit into a pipe that nobody reads.
#[test]
fn real_a_full_pipe_holds_the_program_up_for_a_moment_only() {
    let mut child = start("full");
    let stderr = child.stderr.take();
    // Held up for good it would never end.
    assert_it_went_on(child);
    drop(stderr);
}

#[test]
fn reports_that_can_be_written_are_all_there() {
    let mut child = start("fine");
    let mut reports = String::new();
    child.stderr.take().unwrap().read_to_string(&mut reports).unwrap();
    assert_it_went_on(child);
    assert_eq!(reports.matches("lost, and of some length").count(), 200);
    for text in ["in a callback", "exception handler panicked", "is still running"] {
        assert!(reports.contains(text), "{text}");
    }
}
