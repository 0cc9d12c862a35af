//! System calls that a signal interrupts.

use crate::descriptors::{alone, is_alone};
use asyncio_reactor::{AsyncFd, Reactor, sleep};
use futures::future::join;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

static SIGNALS: AtomicU32 = AtomicU32::new(0);

#[expect(unsafe_code, reason = "std has no signals")]
mod timerfd {
    use super::{Ordering, SIGNALS};

    extern "C" fn count(_signal: libc::c_int) {
        SIGNALS.fetch_add(1, Ordering::SeqCst);
    }

    /// Has this process interrupted every 300 us.
    pub(super) fn start() {
        let handler: extern "C" fn(libc::c_int) = count;
        // SAFETY: the handler only touches an atomic.
        let former = unsafe { libc::signal(libc::SIGALRM, handler as libc::sighandler_t) };
        assert_ne!(former, libc::SIG_ERR);
        let every = libc::timeval { tv_sec: 0, tv_usec: 300 };
        let timer = libc::itimerval { it_interval: every, it_value: every };
        // SAFETY: the setting is a valid one, and nobody asks for the former.
        let set = unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) };
        assert_eq!(set, 0);
    }
}

#[test]
fn real_signals_neither_end_a_sleep_early_nor_fail_a_wait() {
    if !is_alone() {
        let (ok, text) = alone("signals::real_signals_neither_end_a_sleep_early_nor_fail_a_wait");
        assert!(ok && text.contains("1 passed"), "{text}");
        return;
    }
    timerfd::start();
    let reactor = Reactor::new().unwrap();
    let before = reactor.now();
    reactor.block_on(async {
        let (here, mut there) = UnixStream::pair().unwrap();
        here.set_nonblocking(true).unwrap();
        let here = AsyncFd::new(here).unwrap();
        let reading = async {
            for _ in 0..20 {
                here.readable().await.unwrap();
                let read = here.read_with(|mut stream| stream.read(&mut [0; 8])).await;
                assert_eq!(read.unwrap(), 4);
            }
        };
        let writing = async {
            for _ in 0..20 {
                sleep(Duration::from_millis(1)).await;
                there.write_all(b"ping").unwrap();
            }
        };
        join(reading, writing).await;
    });
    assert!(reactor.now() - before >= Duration::from_millis(20));
    assert!(SIGNALS.load(Ordering::SeqCst) > 0);
}
