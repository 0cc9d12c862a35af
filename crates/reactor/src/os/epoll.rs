//! Linux: `epoll_wait`, with an eventfd as notifier and a timerfd for the next deadline.
//!
//! polling's `Poller::wait` makes five system calls a wait and hides `EPOLLRDHUP`, without which an end of
//! file that arrives together with data is lost after a short read. So it is not used here.
//!
//! Both are edge-triggered, registered once and never read: each write and each expiry is a new edge. The
//! timerfd is set to absolute times and lazily: only when the next deadline is earlier than the one it
//! stands at. An expiry that comes too early costs one spurious wake, less than a call per change.

use super::{EVENTS_PER_WAIT, Interest, already_registered, always_ready, closed, process_id};
use crate::selector::{Readiness, Selector, Wait};
use asyncio_core::Instant;
use asyncio_core::park::Unpark;
use parking_lot::RwLock;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::ipproto;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Keys no source has: their index part is beyond any table.
const NOTIFIER_KEY: u64 = u64::MAX - 1;
const TIMER_KEY: u64 = u64::MAX - 2;

/// What other threads may use of a selector.
#[derive(Debug)]
pub(crate) struct Registry {
    /// `None` after the loop was closed: whoever keeps a handle or a waker keeps no descriptor.
    open: RwLock<Option<Arc<Descriptors>>>,
    /// Whether the loop was notified since it last polled; once is enough.
    notified: AtomicBool,
    /// The process that opened the descriptors: its child has them, too, and must not notify.
    process: u32,
}

#[derive(Debug)]
struct Descriptors {
    epoll: OwnedFd,
    notifier: OwnedFd,
}

impl Registry {
    /// Whether a call on `fd` that does less than it was asked to has left nothing to do.
    ///
    /// Only TCP's, where an event tells of what else makes a read short: the end of the stream and the
    /// urgent mark. Unix sockets end reads at descriptors and credentials that are passed, pipes and
    /// terminals at packets, and whatever else there is has rules of its own.
    pub(crate) fn is_drained_by_a_short_call(fd: BorrowedFd<'_>) -> bool {
        rustix::net::sockopt::socket_protocol(fd).is_ok_and(|is| is == Some(ipproto::TCP))
    }

    /// Registers a descriptor for both directions, edge-triggered.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>, key: u64) -> io::Result<()> {
        let flags =
            EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::PRI | EventFlags::ET;
        let open = self.open.read();
        let descriptors = open.as_ref().ok_or_else(closed)?;
        match epoll::add(&descriptors.epoll, fd, EventData::new_u64(key), flags) {
            Ok(()) => Ok(()),
            Err(Errno::PERM) => Err(always_ready(fd)),
            Err(Errno::EXIST) => Err(already_registered()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Ends a registration; must come before the descriptor is closed.
    pub(crate) fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        match &*self.open.read() {
            Some(descriptors) => Ok(epoll::delete(&descriptors.epoll, fd)?),
            None => Ok(()),
        }
    }

    /// Lets go of the descriptors; they are closed when the loop's side has gone, too.
    pub(crate) fn close(&self) {
        let descriptors = self.open.write().take();
        drop(descriptors);
    }

    /// Whether a source must be armed again before each wait: never, edges come by themselves.
    pub(crate) fn needs_arming(&self) -> bool {
        false
    }

    /// Arms a source again; nothing to do here.
    pub(crate) fn arm(
        &self,
        _fd: BorrowedFd<'_>,
        _key: u64,
        _interest: Interest,
    ) -> io::Result<()> {
        Ok(())
    }
}

impl Unpark for Registry {
    fn unpark(&self) {
        // Release what the caller has put somewhere for the loop; acquire in `select` pairs with it.
        if !self.notified.swap(true, Ordering::AcqRel)
            && process_id() == self.process
            && let Some(descriptors) = &*self.open.read()
        {
            // Fails only when the counter is full, that is, after 2^64 - 2 writes that were edges too.
            let _full = rustix::io::write(&descriptors.notifier, &1_u64.to_ne_bytes());
        }
    }
}

/// The loop's side.
pub(crate) struct OsSelector {
    registry: Arc<Registry>,
    descriptors: Arc<Descriptors>,
    events: Vec<epoll::Event>,
    timerfd: OwnedFd,
    /// What the timerfd stands at; the far future if it has gone off or was never set.
    armed: Instant,
}

impl OsSelector {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let notifier = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timerfd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let edge = EventFlags::IN | EventFlags::ET;
        epoll::add(&epoll, &notifier, EventData::new_u64(NOTIFIER_KEY), edge)?;
        epoll::add(&epoll, &timerfd, EventData::new_u64(TIMER_KEY), edge)?;
        let descriptors = Arc::new(Descriptors { epoll, notifier });
        let registry = Registry {
            open: RwLock::new(Some(Arc::clone(&descriptors))),
            notified: AtomicBool::new(false),
            process: process_id(),
        };
        Ok(Self {
            registry: Arc::new(registry),
            descriptors,
            events: Vec::with_capacity(EVENTS_PER_WAIT),
            timerfd,
            armed: Instant::FAR_FUTURE,
        })
    }

    pub(crate) fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    /// Sets the timerfd to `deadline`, unless it will go off before that anyway.
    fn arm(&mut self, deadline: Instant) -> io::Result<()> {
        if deadline >= self.armed {
            return Ok(());
        }
        // Zero would disarm, but the kernel's clock has left it behind long ago.
        let setting =
            Itimerspec { it_interval: timespec(0), it_value: timespec(deadline.as_nanos()) };
        timerfd_settime(&self.timerfd, TimerfdTimerFlags::ABSTIME, &setting)?;
        self.armed = deadline;
        Ok(())
    }
}

impl Selector for OsSelector {
    fn select(&mut self, wait: Wait, ready: &mut Vec<Readiness>) -> io::Result<ControlFlow<()>> {
        let immediately = timespec(0);
        let timeout = match wait {
            Wait::Poll => Some(&immediately),
            Wait::Until(deadline) => {
                self.arm(deadline)?;
                None
            }
            Wait::Forever => None,
        };
        self.events.clear();
        match epoll::wait(&self.descriptors.epoll, spare_capacity(&mut self.events), timeout) {
            // A signal is a reason to go on: its handler may have left something to do.
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        // Cleared before the loop takes its messages: who notifies from here on writes anew.
        if self.registry.notified.load(Ordering::Relaxed) {
            self.registry.notified.swap(false, Ordering::AcqRel);
        }
        for event in &self.events {
            match event.data.u64() {
                NOTIFIER_KEY => {}
                TIMER_KEY => self.armed = Instant::FAR_FUTURE,
                key => ready.push(readiness(key, event.flags)),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn unparker(&self) -> Arc<dyn Unpark> {
        self.registry()
    }
}

/// A hang-up or an error is no error here: the next system call says what it is. The other side's
/// half-close wakes readers only, for writing goes on.
fn readiness(key: u64, flags: EventFlags) -> Readiness {
    let failed = flags.intersects(EventFlags::HUP | EventFlags::ERR);
    let closed = failed || flags.contains(EventFlags::RDHUP);
    Readiness {
        key,
        readable: closed || flags.contains(EventFlags::IN),
        writable: failed || flags.contains(EventFlags::OUT),
        closed,
        priority: flags.contains(EventFlags::PRI),
        error: flags.contains(EventFlags::ERR),
    }
}

fn timespec(nanos: u64) -> Timespec {
    Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 }
}
