//! Descriptors that are not what they should be, are used up, or come back under the same number.

use crate::world::{MS, WakeCount, poll_once, poll_with};
use asyncio_reactor::{AsyncFd, Park, Reactor, sleep, timeout};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;

fn pair() -> (UnixStream, UnixStream) {
    let (here, there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    there.set_nonblocking(true).unwrap();
    (here, there)
}

#[test]
fn a_regular_file_is_refused_with_advice() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let error = AsyncFd::new(File::open(std::env::current_exe().unwrap()).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let message = error.to_string();
    assert!(message.starts_with("regular files are always ready: use to_thread"), "{message}");
    assert_eq!(reactor.source_count(), 0);
}

#[test]
fn a_directory_is_refused_with_advice_of_its_own() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let error = AsyncFd::new(File::open("/").unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let message = error.to_string();
    assert!(message.starts_with("directories are always ready: use to_thread"), "{message}");
}

#[test]
fn a_descriptor_in_blocking_mode_is_refused_with_advice_and_comes_back() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, _there) = UnixStream::pair().unwrap();
    let (here, error) = AsyncFd::try_new(here).unwrap_err().into_parts();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let message = error.to_string();
    assert!(message.starts_with("the descriptor is in blocking mode"), "{message}");
    assert!(message.contains("set_nonblocking(true)"), "{message}");
    assert_eq!(reactor.source_count(), 0);
    here.set_nonblocking(true).unwrap();
    assert!(AsyncFd::try_new(here).is_ok());
    let (out, _in) = rustix::pipe::pipe().unwrap();
    assert_eq!(AsyncFd::new(out).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_waited_for_and_never_read_may_be_in_any_mode() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let own = rustix::process::getpid();
    let pidfd = rustix::process::pidfd_open(own, rustix::process::PidfdFlags::empty()).unwrap();
    let epoll = rustix::event::epoll::create(rustix::event::epoll::CreateFlags::CLOEXEC).unwrap();
    for fd in [pidfd, epoll] {
        let fd = AsyncFd::new(fd).unwrap();
        assert!(poll_once(&mut fd.readable()).is_pending());
    }
}

#[test]
fn the_same_descriptor_twice_is_an_error_and_harms_the_first_one_not() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, mut there) = pair();
    let first = AsyncFd::new(&here).unwrap();
    let error = AsyncFd::new(&here).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("already registered on this loop"), "{error}");
    assert_eq!(reactor.source_count(), 1);
    there.write_all(b"x").unwrap();
    reactor.block_on(first.readable()).unwrap();
}

#[test]
fn taking_the_value_out_ends_its_registration() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, _there) = pair();
    let here = AsyncFd::new(here).unwrap().into_inner();
    assert_eq!(reactor.source_count(), 0);
    let again = AsyncFd::new(here).unwrap();
    assert_eq!(again.get_ref().as_raw_fd(), again.into_inner().as_raw_fd());
}

#[test]
fn a_dropped_descriptor_is_not_watched_although_a_duplicate_lives() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, mut there) = pair();
    let _duplicate = here.try_clone().unwrap();
    drop(AsyncFd::new(here).unwrap());
    let (count, waker) = WakeCount::new();
    let mut timer = sleep(5 * MS);
    assert!(poll_with(&mut timer, &waker).is_pending());
    there.write_all(b"x").unwrap();
    assert!(reactor.park().is_continue());
    assert_eq!(count.get(), 1, "the data ends no wait, so it was the timer");
}

#[test]
fn a_number_that_comes_back_belongs_to_its_new_owner() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    for _ in 0..20 {
        let (old, mut old_peer) = pair();
        // The duplicate keeps the file alive, so the system would go on reporting it.
        let _duplicate = old.try_clone().unwrap();
        let number = old.as_raw_fd();
        drop(AsyncFd::new(old).unwrap());
        let (new, mut new_peer) = pair();
        let mut new = if new.as_raw_fd() == number { new } else { continue };
        new.read(&mut [0]).unwrap_err();
        let new = AsyncFd::new(new).unwrap();
        new.clear_readable();
        let (count, waker) = WakeCount::new();
        let mut reading = new.read_with(|mut stream| stream.read(&mut [0; 8]));
        assert!(poll_with(&mut reading, &waker).is_pending());
        old_peer.write_all(b"for the old one").unwrap();
        reactor
            .block_on(async { timeout(MS / 10, std::future::pending::<()>()).await.unwrap_err() });
        assert_eq!(count.get(), 0, "the old file's data wakes nobody");
        new_peer.write_all(b"new").unwrap();
        assert_eq!(reactor.block_on(reading).unwrap(), 3);
    }
    assert_eq!(reactor.source_count(), 0);
}

#[test]
fn a_descriptor_closed_behind_our_back_does_not_break_the_loop() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, there) = pair();
    let watched = AsyncFd::new(OwnedFd::from(here)).unwrap();
    drop(there);
    reactor.block_on(watched.readable()).unwrap();
    drop(watched);
    assert_eq!(reactor.source_count(), 0);
}

/// Runs the named test of this binary again, in a process of its own.
pub(crate) fn alone(test: &str) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env("ALONE", "1");
    let output = command.output().unwrap();
    let text =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    (output.status.success(), text.concat())
}

/// Whether this process was started by [`alone`].
pub(crate) fn is_alone() -> bool {
    std::env::var_os("ALONE").is_some()
}

/// How many descriptors this process has.
pub(crate) fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn without_descriptors_left_there_is_an_error_and_no_leak() {
    if !is_alone() {
        let name = "descriptors::without_descriptors_left_there_is_an_error_and_no_leak";
        let (ok, text) = alone(name);
        assert!(ok && text.contains("1 passed"), "{text}");
        return;
    }
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum: limit.maximum }).unwrap();
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    let mut spare = 0;
    let reactor = loop {
        match Reactor::new() {
            Ok(reactor) => break reactor,
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
                files.pop();
                spare += 1;
                assert!(spare < 10, "a reactor needs a handful of descriptors");
            }
        }
    };
    assert!(spare > 0);
    drop(reactor);
    files.clear();
    let before = open_descriptors();
    (0..100).for_each(|_| drop(Reactor::new().unwrap()));
    assert_eq!(open_descriptors(), before);
}

#[test]
fn an_error_of_the_operation_is_passed_on() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, _there) = pair();
    let here = AsyncFd::new(here).unwrap();
    let mut calls = 0;
    let result: io::Result<()> = reactor.block_on(here.read_with(|_| {
        calls += 1;
        // A signal is no error; what comes after it is.
        Err(if calls < 3 { ErrorKind::Interrupted } else { ErrorKind::BrokenPipe }.into())
    }));
    assert_eq!((result.unwrap_err().kind(), calls), (ErrorKind::BrokenPipe, 3));
    assert!(reactor.park_if_rung());
}

trait ParkIfRung {
    fn park_if_rung(&self) -> bool;
}

impl ParkIfRung for Reactor {
    /// A wait that a notification has already ended.
    fn park_if_rung(&self) -> bool {
        self.unparker().unpark();
        self.park().is_continue()
    }
}
