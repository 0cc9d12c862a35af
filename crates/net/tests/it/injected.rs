//! Errors of the system, injected into a child by `strace`: nothing hangs, spins, or loses a connection.
//!
//! Where there is no `strace`, or it may not trace, the tests say so by name and pass. All errors of the
//! manual pages are tried with `ASYNCIO_LONG=1`, and otherwise two of each kind.

#![expect(clippy::print_stderr, reason = "a child tells its parent, and a test what it skips")]

use crate::support::run;
use asyncio_core::exception::{self, ExceptionContext};
use asyncio_core::gather;
use asyncio_net::{TcpListener, TcpStream};
use asyncio_reactor::timeout;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream as Client};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

const CHILD: &str = "ASYNCIO_NET_TEST_INJECTED";

/// What a child said, and how often it made the call.
struct Outcome {
    said: String,
    calls: usize,
}

/// Runs a scenario under `strace`, which makes `call` fail with `error` as `when` says. `None`: no strace.
fn inject(scenario: &str, call: &str, error: &str, when: &str) -> Option<Outcome> {
    let log = env::temp_dir().join(format!("asyncio-{}-{call}-{error}", std::process::id()));
    let child = Command::new("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&log)
        .args(["-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:error={error}:when={when}")])
        .arg(env::current_exe().expect("this program"))
        .args(["--exact", "injected::in_a_child_process", "--nocapture"])
        .env(CHILD, scenario)
        .output();
    let trace = fs::read_to_string(&log).unwrap_or_default();
    // Of no use any more, or never made.
    let _removed = fs::remove_file(&log);
    let may_trace = |stderr: &[u8]| !String::from_utf8_lossy(stderr).contains("ptrace");
    let Some(child) = child.ok().filter(|child| may_trace(&child.stderr)) else {
        eprintln!("skipped: {scenario} needs strace");
        return None;
    };
    let said = String::from_utf8_lossy(&child.stderr).into_owned();
    assert!(child.status.success(), "{scenario}, {call}: {error}: {said}");
    assert!(said.contains("the child has finished"), "{scenario}, {call}: {error}: {said}");
    Some(Outcome { said, calls: trace.lines().filter(|line| line.contains("INJECTED")).count() })
}

fn some_of<'a>(errors: &[&'a str]) -> Vec<&'a str> {
    let count = if env::var_os("ASYNCIO_LONG").is_some() { errors.len() } else { 2 };
    errors[..count.min(errors.len())].to_vec()
}

/// What accept(2) lists as errors of one connection.
const OF_A_CONNECTION: [&str; 13] = [
    "ENONET",
    "EPERM",
    "EOPNOTSUPP",
    "ECONNABORTED",
    "EPROTO",
    "ENETDOWN",
    "ENOPROTOOPT",
    "EHOSTDOWN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ETIMEDOUT",
    "ESOCKTNOSUPPORT",
    "EPROTONOSUPPORT",
];
/// What it lists as want of resources.
const EXHAUSTED: [&str; 4] = ["EMFILE", "ENOBUFS", "ENFILE", "ENOMEM"];

#[test]
fn real_an_error_of_one_connection_is_passed_over() {
    for error in some_of(&OF_A_CONNECTION) {
        let Some(outcome) = inject("serve", "accept4", error, "1..2") else { return };
        assert_eq!(outcome.calls, 2, "{error}");
        assert!(!outcome.said.contains("REPORT"), "{error}: {}", outcome.said);
    }
}

#[test]
fn real_an_error_that_does_not_end_makes_a_listener_pause_and_not_spin() {
    for error in some_of(&OF_A_CONNECTION).into_iter().chain(some_of(&EXHAUSTED)) {
        let Some(outcome) = inject("wait_in_vain", "accept4", error, "1+") else { return };
        assert!((1..20).contains(&outcome.calls), "{error}: {} calls in a second", outcome.calls);
        assert_eq!(outcome.said.matches("REPORT").count(), 1, "{error}: {}", outcome.said);
    }
}

#[test]
fn real_a_listener_without_resources_pauses_and_goes_on() {
    for error in some_of(&EXHAUSTED) {
        let Some(outcome) = inject("serve", "accept4", error, "1..2") else { return };
        assert_eq!(outcome.calls, 2, "{error}");
        assert!(outcome.said.contains("for want of resources"), "{error}: {}", outcome.said);
    }
}

#[test]
#[cfg(not(polling_test_poll_backend))]
fn real_a_connection_that_cannot_be_registered_yet_is_not_lost() {
    for error in ["ENOSPC", "ENOMEM"] {
        // The first three are the loop's own two descriptors and the listener.
        let Some(outcome) = inject("serve", "epoll_ctl", error, "4..5") else { return };
        assert_eq!(outcome.calls, 2, "{error}");
        assert!(outcome.said.contains("for want of resources"), "{error}: {}", outcome.said);
    }
}

#[test]
fn real_interrupted_calls_are_made_again() {
    for call in ["epoll_pwait2", "epoll_pwait", "epoll_wait", "recvfrom", "accept4", "sendto"] {
        if inject("serve", call, "EINTR", "1..2").is_none() {
            return;
        }
    }
}

#[test]
fn real_errors_of_a_connection_that_is_made_are_typed() {
    for error in some_of(&["ENOBUFS", "ENOMEM", "ECONNRESET", "ETIMEDOUT", "EPIPE"]) {
        for call in ["recvfrom", "sendto"] {
            let Some(outcome) = inject("one_of_two", call, error, "1") else { return };
            let code = format!("echo: Err(Os {{ code: {}", code(error));
            assert!(outcome.said.contains(&code), "{call}, {error}: {}", outcome.said);
        }
    }
}

fn code(error: &str) -> i32 {
    match error {
        "ENOBUFS" => libc::ENOBUFS,
        "ENOMEM" => libc::ENOMEM,
        "ECONNRESET" => libc::ECONNRESET,
        "ETIMEDOUT" => libc::ETIMEDOUT,
        _ => libc::EPIPE,
    }
}

#[test]
fn in_a_child_process() {
    let Some(scenario) = env::var_os(CHILD) else { return };
    let _entered = exception::enter(Some(Rc::new(|context: &ExceptionContext| {
        eprintln!("REPORT {context}");
    })));
    match scenario.to_str() {
        Some("serve") => run(serve()),
        Some("wait_in_vain") => run(wait_in_vain()),
        Some("one_of_two") => run(one_of_two()),
        other => panic!("no such scenario: {other:?}"),
    }
    eprintln!("the child has finished");
}

/// A client that sends four bytes and reads them back, on a thread. It uses `read` and `write`, which are
/// not injected.
fn client(addr: SocketAddr) -> thread::JoinHandle<io::Result<()>> {
    let client = move || {
        let mut stream = File::from(OwnedFd::from(Client::connect(addr)?));
        stream.write_all(b"ping")?;
        let mut heard = [0; 4];
        stream.read_exact(&mut heard)?;
        assert_eq!(&heard, b"ping");
        Ok(())
    };
    thread::Builder::new().spawn(client).expect("a thread")
}

async fn echo(stream: &mut TcpStream) -> io::Result<()> {
    let mut heard = [0; 4];
    stream.read_exact(&mut heard).await?;
    stream.write_all(&heard).await
}

/// Three clients, one after the other.
async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    for _ in 0..3 {
        let client = client(addr);
        let (mut stream, _) = listener.accept().await?;
        echo(&mut stream).await?;
        client.join().expect("the client does not panic")?;
    }
    Ok(())
}

/// Two clients at once, of which one gets an error.
async fn one_of_two() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let clients = [client(listener.local_addr()?), client(listener.local_addr()?)];
    let (mut first, mut second) = (listener.accept().await?.0, listener.accept().await?.0);
    let (first, second) = gather((async { (echo(&mut first).await, drop(first)).0 }, async {
        (echo(&mut second).await, drop(second)).0
    }))
    .await;
    eprintln!("echo: {first:?}\necho: {second:?}");
    assert!(first.is_ok() != second.is_ok(), "one fails");
    let served = clients.into_iter().filter_map(|client| client.join().ok()?.ok()).count();
    assert_eq!(served, 1);
    Ok(())
}

/// A listener whose every attempt fails, for a second.
async fn wait_in_vain() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let waiting = Client::connect(listener.local_addr()?)?;
    let accepted = timeout(Duration::from_secs(1), listener.accept()).await;
    assert!(accepted.is_err(), "{accepted:?}");
    drop(waiting);
    Ok(())
}
