//! S-38: a loop in the child of a fork: a clear panic, and no harm to the parent.

use crate::descriptors::{alone, is_alone};
use crate::world::{MS, panic_of};
use asyncio_reactor::{AsyncFd, Park, Reactor, sleep, timeout};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

#[expect(unsafe_code, reason = "std has no fork")]
mod forked {
    /// Runs `child` in a fork of this process; says whether it returned true.
    pub(crate) fn returns_true(child: impl FnOnce() -> bool) -> bool {
        // SAFETY: the other thread of this process only waits, and the child does nothing but what
        // glibc allows it to: it allocates, panics and ends.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let code = if child() { 0 } else { 1 };
            // SAFETY: ends the child without running anything of the test harness.
            unsafe { libc::_exit(code) }
        }
        let pid = rustix::process::Pid::from_raw(pid).expect("a fork was made");
        let (_, status) =
            rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty())
                .expect("the child can be waited for")
                .expect("the wait is not a mere look");
        status.exit_status() == Some(0)
    }
}

#[test]
fn using_the_loop_in_the_child_is_a_clear_panic_and_the_parents_works_on() {
    if !is_alone() {
        let name = "fork::using_the_loop_in_the_child_is_a_clear_panic_and_the_parents_works_on";
        let (ok, text) = alone(name);
        assert!(ok && text.contains("1 passed"), "{text}");
        return;
    }
    let reactor = Reactor::new().unwrap();
    let (here, mut there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    let here = reactor.block_on(async { AsyncFd::new(here) }).unwrap();
    let mut here = Some(here);
    let parent = std::process::id();
    let refused = forked::returns_true(|| {
        let waiting = panic_of(|| reactor.block_on(sleep(MS)));
        let registering = panic_of(|| {
            reactor.block_on(async { drop(AsyncFd::new(std::io::stderr())) });
        });
        let polling = panic_of(|| reactor.poll_driver());
        let polling_now = panic_of(|| reactor.poll_now());
        let running = panic_of(|| reactor.block_on(async {}));
        // Wakes nobody in the parent, and ends no wait there.
        reactor.unparker().unpark();
        // Ends no registration of the parent, which shares the poller.
        drop(here.take());
        [waiting, registering, polling, polling_now, running].iter().all(|message| {
            message.contains(&format!("created in process {parent}"))
                && message.contains("after a fork the child has to create its own")
        })
    });
    assert!(refused);
    assert!(forked::returns_true(|| {
        // Closing its own copies closes nothing of the parent's.
        reactor.close();
        true
    }));
    assert!(forked::returns_true(|| Reactor::new().is_ok_and(|own| {
        own.block_on(sleep(MS));
        true
    })));
    let here = here.unwrap();
    let _entered = reactor.enter();
    here.clear_readable();
    there.write_all(b"ping").unwrap();
    let reading = here.read_with(|mut stream| stream.read(&mut [0; 8]));
    let read = reactor.block_on(timeout(Duration::from_secs(10), reading));
    assert_eq!(read.unwrap().unwrap(), 4);
}
