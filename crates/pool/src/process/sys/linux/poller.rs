//! Everything a pool waits for behind one descriptor: an epoll instance with a timer in it.
//!
//! An epoll descriptor is readable while it has events, so it can be watched by any number of loops and
//! threads, and whoever comes first takes the events out. Everything in it is level-triggered: what one
//! taker leaves is there for the next.

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};
use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::task::Wake;

const ALARM: u64 = u64::MAX;
const EVENTS: usize = 64;

/// What happened to what was registered with this key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Event {
    pub(crate) key: u64,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// What a pool waits for.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    alarm: OwnedFd,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let alarm = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        epoll::add(&epoll, &alarm, EventData::new_u64(ALARM), EventFlags::IN)?;
        Ok(Self { epoll, alarm })
    }

    /// Waits for `fd` to be readable, under this key.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>, key: u64) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, fd, EventData::new_u64(key), EventFlags::IN)?)
    }

    /// Waits for `fd` to be writable, too, or not any more.
    pub(crate) fn also_writable(&self, fd: BorrowedFd<'_>, key: u64, also: bool) {
        let flags = if also { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
        // Fails only for what is not registered.
        let changed = epoll::modify(&self.epoll, fd, EventData::new_u64(key), flags);
        debug_assert!(changed.is_ok(), "what is changed is registered");
    }

    /// Waits for `fd` no more; before it is closed, for a child on its way to exec may hold it open.
    pub(crate) fn delete(&self, fd: BorrowedFd<'_>) {
        let _gone = epoll::delete(&self.epoll, fd);
    }

    /// Sets the one alarm to this time on the monotonic clock in nanoseconds, or to none.
    pub(crate) fn set_alarm(&self, nanos: Option<u64>) {
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let it_value = nanos.map_or(zero, |nanos| Timespec {
            tv_sec: (nanos / 1_000_000_000) as i64,
            // Zero would disarm, and is long past.
            tv_nsec: (nanos % 1_000_000_000).max(1) as i64,
        });
        let setting = Itimerspec { it_interval: zero, it_value };
        let set = timerfd_settime(&self.alarm, TimerfdTimerFlags::ABSTIME, &setting);
        debug_assert!(set.is_ok(), "the alarm can be set to any time");
    }

    /// Takes out what has happened, without waiting; returns whether there may be more.
    pub(crate) fn take(&self, events: &mut Vec<Event>) -> bool {
        events.clear();
        let mut buffer = [MaybeUninit::uninit(); EVENTS];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        // Interrupted or not, whoever waits for the descriptor is told again of what was not taken.
        let Ok((found, _)) = epoll::wait(&self.epoll, &mut buffer, Some(&now)) else {
            return false;
        };
        for event in &*found {
            let key = event.data.u64();
            if key == ALARM {
                // Until it is read it is still readable.
                let _rings = rustix::io::read(&self.alarm, &mut [0; 8]);
            }
            let flags = event.flags;
            let ended = flags.intersects(EventFlags::HUP | EventFlags::ERR);
            events.push(Event {
                key,
                readable: ended || flags.contains(EventFlags::IN),
                writable: ended || flags.contains(EventFlags::OUT),
            });
        }
        found.len() == EVENTS
    }

    /// Whether this event is the alarm.
    pub(crate) fn is_alarm(event: Event) -> bool {
        event.key == ALARM
    }

    /// Blocks until there is something to take out, or the bell rings, or this many milliseconds are over.
    pub(crate) fn wait(&self, bell: &Bell, millis: Option<u32>) {
        let mut both =
            [PollFd::new(&self.epoll, PollFlags::IN), PollFd::new(&bell.file, PollFlags::IN)];
        let timeout = millis.map(|millis| Timespec {
            tv_sec: i64::from(millis / 1000),
            tv_nsec: i64::from(millis % 1000) * 1_000_000,
        });
        // Interrupted by a signal or not, the caller looks.
        let _found = poll(&mut both, timeout.as_ref());
        if !both[1].revents().is_empty() {
            bell.silence();
        }
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

/// Ends a thread's wait from another one.
#[derive(Debug)]
pub(crate) struct Bell {
    file: OwnedFd,
}

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { file: eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)? })
    }

    pub(crate) fn ring(&self) {
        // Fails only when it has rung 2^64 times unheard.
        let _full = rustix::io::write(&self.file, &1_u64.to_ne_bytes());
    }

    fn silence(&self) {
        match rustix::io::read(&self.file, &mut [0; 8]) {
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(errno) => debug_assert!(false, "a bell can be read: {errno}"),
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
