//! Errors of the system, injected into a child by `strace`: nothing hangs, spins, or is lost.
//!
//! Where there is no `strace`, or it may not trace, the tests say so by name and pass. All errors of the
//! manual pages are tried with `ASYNCIO_LONG=1`, and otherwise one of each kind.

#![cfg(all(target_os = "linux", not(polling_test_poll_backend)))]
#![expect(clippy::print_stderr, reason = "a child tells its parent, and a test what it skips")]

use crate::world::MS;
use asyncio_reactor::{AsyncFd, Reactor, sleep, timeout};
use futures::future::join;
use std::env;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

const CHILD: &str = "ASYNCIO_REACTOR_TEST_INJECTED";

struct Outcome {
    said: String,
    succeeded: bool,
    /// How often the call was made to fail.
    calls: usize,
}

/// Runs the scenario under `strace`, which makes `call` fail with `error` as `when` says. `None`: no strace.
fn inject(call: &str, error: &str, when: &str) -> Option<Outcome> {
    let log = env::temp_dir().join(format!("asyncio-{}-{call}-{error}", std::process::id()));
    let child = Command::new("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&log)
        .args(["-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:error={error}:when={when}")])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "injected::in_a_child_process", "--nocapture"])
        .env(CHILD, "1")
        .output();
    let trace = fs::read_to_string(&log).unwrap_or_default();
    // Of no use any more, or never made.
    let _removed = fs::remove_file(&log);
    let may_trace = |stderr: &[u8]| !String::from_utf8_lossy(stderr).contains("ptrace");
    let Some(child) = child.ok().filter(|child| may_trace(&child.stderr)) else {
        eprintln!("skipped: errors of {call} need strace");
        return None;
    };
    Some(Outcome {
        said: String::from_utf8_lossy(&child.stderr).into_owned(),
        succeeded: child.status.success(),
        calls: trace.lines().filter(|line| line.contains("INJECTED")).count(),
    })
}

fn some_of<'a>(errors: &[&'a str]) -> Vec<&'a str> {
    let count = if env::var_os("ASYNCIO_LONG").is_some() { errors.len() } else { 1 };
    errors[..count].to_vec()
}

#[test]
fn real_what_cannot_be_opened_is_an_error_of_the_reactor() {
    let calls: [(&str, &[&str]); 4] = [
        ("epoll_create1", &["EMFILE", "ENFILE", "ENOMEM", "EINVAL"]),
        ("eventfd2", &["EMFILE", "ENFILE", "ENODEV", "ENOMEM", "EINVAL"]),
        ("timerfd_create", &["EMFILE", "ENFILE", "ENODEV", "ENOMEM", "EPERM"]),
        ("epoll_ctl", &["ENOSPC", "ENOMEM"]),
    ];
    for (call, errors) in calls {
        for error in some_of(errors) {
            let Some(outcome) = inject(call, error, "1") else { return };
            assert_eq!(outcome.calls, 1, "{call}, {error}");
            let said = &outcome.said;
            assert!(
                outcome.succeeded && said.contains("no reactor: Os { code: "),
                "{call}: {said}"
            );
        }
    }
}

#[test]
fn real_what_cannot_be_registered_is_a_typed_error() {
    // The first two are the loop's own descriptors.
    for error in some_of(&["ENOMEM", "ENOSPC", "EBADF", "EINVAL"]) {
        let Some(outcome) = inject("epoll_ctl", error, "3") else { return };
        let said = &outcome.said;
        assert!(
            outcome.succeeded && said.contains("not registered: Os { code: "),
            "{error}: {said}"
        );
    }
}

#[test]
fn real_interrupted_waits_and_polls_go_on() {
    for call in ["epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll"] {
        let Some(outcome) = inject(call, "EINTR", "1..3") else { return };
        let said = &outcome.said;
        assert!(outcome.succeeded && said.contains("the child has finished"), "{call}: {said}");
    }
}

#[test]
fn real_a_system_that_refuses_to_wait_is_a_clear_panic_and_no_spin() {
    let mut injected = 0;
    for call in ["epoll_wait", "epoll_pwait", "epoll_pwait2"] {
        for error in some_of(&["EBADF", "EINVAL", "EFAULT"]) {
            let Some(outcome) = inject(call, error, "1+") else { return };
            injected += outcome.calls;
            assert!(outcome.calls < 20, "{call}, {error}: {} calls", outcome.calls);
            let clear = outcome.said.contains("the event loop cannot wait for the system");
            assert!(outcome.calls == 0 || clear, "{call}, {error}: {}", outcome.said);
        }
    }
    assert!(injected > 0, "the loop waits by one of these calls");
}

#[test]
fn in_a_child_process() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    match Reactor::new() {
        Ok(reactor) => reactor.block_on(scenario()),
        Err(error) => eprintln!("no reactor: {error:?}"),
    }
    eprintln!("the child has finished");
}

/// Timers, readiness and an operation, each waited for.
async fn scenario() {
    let (here, mut there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    let here = match AsyncFd::new(here) {
        Ok(here) => here,
        Err(error) => return eprintln!("not registered: {error:?}"),
    };
    let everything = async {
        let writing = async {
            sleep(MS).await;
            there.write_all(b"x").unwrap();
        };
        let (ready, ()) = join(here.readable(), writing).await;
        ready.unwrap();
        assert_eq!(here.read_with(|mut stream| stream.read(&mut [0; 8])).await.unwrap(), 1);
        sleep(MS).await;
    };
    timeout(Duration::from_secs(10), everything).await.expect("nothing is lost");
}
