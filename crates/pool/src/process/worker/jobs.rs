//! The thread of a worker that runs jobs, one after the other.

use crate::clock::monotonic_nanos;
use crate::process::function::{Called, Descriptor, Place};
use crate::process::sys;
use crate::process::wire::config::Config;
use crate::process::wire::frame::{Head, Kind};
use crate::process::wire::reader::{Fill, Reader};
use crate::process::wire::status::{Reason, SLOTS, Status};
use crate::process::worker::limits::{Limits, resident};
use crate::process::worker::panics;
use crate::process::worker::replies::Replies;
use asyncio_core::exception::forget_payload;
use asyncio_reactor::process_id;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a worker ends by itself, as its exit code. Zero is the pool's own wish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// The pool asked for it, or is gone.
    Done = 0,
    /// The initializer panicked, or was not called.
    Initializer = 101,
    /// What came was no message, or for another program.
    Protocol = 102,
    /// The connection does not take replies any more.
    LostConnection = 103,
}

/// What the thread works with.
pub(crate) struct Jobs {
    pub(crate) replies: &'static Replies,
    pub(crate) status: &'static Status,
    pub(crate) config: Config,
    pub(crate) reader: Reader,
}

/// Serves the pool until it has nothing more to say.
pub(crate) fn serve(mut jobs: Jobs) -> Exit {
    sys::watch_stack(jobs.status.reason_word(), Reason::StackOverflow as u64);
    panics::install_hook(jobs.replies, jobs.config.backtraces);
    let mut desk = Desk {
        limits: Limits::set(jobs.config.memory_limit, jobs.config.cpu_limit),
        process: process_id(),
        functions: Vec::new(),
    };
    loop {
        loop {
            match jobs.reader.next() {
                Ok(Some((head, payload))) => {
                    if let Err(exit) = desk.handle(&jobs, head, payload) {
                        return exit;
                    }
                }
                Ok(None) => break,
                Err(_) => return Exit::Protocol,
            }
        }
        if let Some(head) = jobs.reader.arriving() {
            jobs.status.set_reading(head.sequence);
        }
        match jobs.reader.fill(jobs.replies.connection()) {
            Fill::Full | Fill::Short | Fill::Empty => {}
            Fill::End => return Exit::Done,
        }
    }
}

struct Desk {
    limits: Limits,
    process: u32,
    functions: Vec<&'static Descriptor>,
}

impl Desk {
    fn handle(&mut self, jobs: &Jobs, head: Head, payload: Vec<u8>) -> Result<(), Exit> {
        match head.kind {
            Kind::Define => {
                let place = Place::from_bytes(&payload).ok_or(Exit::Protocol)?;
                match place.find() {
                    Ok(function) => self.functions.push(function),
                    Err(why) => {
                        let _told = jobs.replies.send(Kind::Refused, 0, 0, why.as_bytes());
                        return Err(Exit::Protocol);
                    }
                }
                Ok(())
            }
            Kind::Initialize => {
                panics::set_running(Some(0));
                self.run(jobs, head, payload, monotonic_nanos())
            }
            Kind::Job => {
                // Someone else may have taken it back.
                let start = monotonic_nanos();
                jobs.status.set_started_at(start);
                let is_ours = jobs.status.start(head.sequence);
                jobs.status.set_taken(head.sequence);
                if !is_ours {
                    // A pool that has no slot left waits for nothing else. Jobs that are not skipped are
                    // answered, and of those without a slot some have such a number.
                    if head.sequence.is_multiple_of(SLOTS / 4) {
                        let _told = jobs.replies.send(Kind::Skipped, head.sequence, 0, &[]);
                    }
                    return Ok(());
                }
                panics::set_running(Some(head.sequence));
                self.run(jobs, head, payload, start)
            }
            _ => Err(Exit::Protocol),
        }
    }

    /// Calls a function whose time began at `start`, and tells what became of it.
    fn run(&self, jobs: &Jobs, head: Head, payload: Vec<u8>, start: u64) -> Result<(), Exit> {
        let function =
            usize::try_from(head.extra).ok().and_then(|number| self.functions.get(number));
        let function = function.ok_or(Exit::Protocol)?;
        self.limits.renew();
        // Nothing of ours is borrowed by the function, so a panic can leave nothing of ours half done.
        let called = catch_unwind(AssertUnwindSafe(|| function.call(payload)));
        let nanos = monotonic_nanos().saturating_sub(start);
        if process_id() != self.process {
            // The job has forked, and this is the child: the connection is its parent's.
            sys::exit_at_once(0);
        }
        if jobs.config.reports_memory {
            jobs.status.set_memory(resident());
        }
        let succeeded = matches!(called, Ok(Called::Value(_)));
        let sequence = head.sequence;
        let told = match called {
            Ok(Called::Value(value)) => jobs.replies.send(Kind::Value, sequence, nanos, &value),
            Ok(Called::BadArguments(error)) => {
                let text = error.to_string();
                jobs.replies.send(Kind::BadArguments, sequence, nanos, text.as_bytes())
            }
            Ok(Called::BadResult(error)) => {
                let text = error.to_string();
                jobs.replies.send(Kind::BadResult, sequence, nanos, text.as_bytes())
            }
            Err(payload) => {
                let report = panics::to_bytes(&panics::report(&*payload));
                forget_payload(payload);
                jobs.replies.send(Kind::Panicked, sequence, nanos, &report)
            }
        };
        panics::set_running(None);
        if !told {
            jobs.status.set_reason(Reason::LostConnection);
            return Err(Exit::LostConnection);
        }
        if !succeeded && head.kind == Kind::Initialize { Err(Exit::Initializer) } else { Ok(()) }
    }
}
