//! How a job's panic is told to the pool.
//!
//! The hook notes where it was; whoever catches the panic sends it. In a program that aborts on panics
//! nobody catches it, so there the hook sends it itself. Nor does anybody where a panic cannot unwind:
//! then the hook is called once more, for a panic that says so and is the end of the process.

use crate::process::wire::fields;
use crate::process::wire::frame::Kind;
use crate::process::worker::replies::Replies;
use asyncio_core::exception::panic_message;
use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::panic::{self, PanicHookInfo};

/// Message, place, backtrace.
pub(crate) type Report = (String, String, String);

/// What the standard library says when a panic has come to where it cannot unwind. Should it say something
/// else one day, the worker dies of signal 6, and no more is known.
const LAST_WORDS: [&str; 2] =
    ["panic in a function that cannot unwind", "panic in a destructor during cleanup"];

/// How panics begin that do not unwind in any program: something unsafe has been misused.
const LAST_CHECKS: [&str; 3] =
    ["unsafe precondition(s) violated", "misaligned pointer", "null pointer dereference"];

struct Noted {
    message: String,
    location: String,
    backtrace: Backtrace,
}

thread_local! {
    /// The job that this thread runs; only one thread ever does.
    static RUNNING: Cell<Option<u64>> = const { Cell::new(None) };
    static NOTED: RefCell<Option<Noted>> = const { RefCell::new(None) };
}

/// Has panics of jobs noted instead of printed; those of other threads are printed as ever.
pub(crate) fn install_hook(replies: &'static Replies, backtraces: bool) {
    let former = panic::take_hook();
    panic::set_hook(Box::new(move |info| match RUNNING.get() {
        None => former(info),
        Some(sequence) => {
            let text = panic_message(info.payload());
            let last = LAST_WORDS.into_iter().find(|&last| last == text);
            if last.is_none() {
                note(info, backtraces);
            }
            let aborts = LAST_CHECKS.into_iter().any(|start| text.starts_with(start));
            if last.is_some() || aborts || cfg!(panic = "abort") {
                let report = match last {
                    Some(last) => last_report(last),
                    None => report(info.payload()),
                };
                // If the pool is gone there is nobody to tell, and the process is about to end anyway.
                let _told = replies.send(Kind::Panicked, sequence, 0, &to_bytes(&report));
            }
        }
    }));
}

fn note(info: &PanicHookInfo<'_>, backtraces: bool) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = if backtraces { Backtrace::force_capture() } else { Backtrace::disabled() };
    let message = panic_message(info.payload()).to_owned();
    NOTED.set(Some(Noted { message, location, backtrace }));
}

/// What is to be said of a panic with this payload, the last one noted.
pub(crate) fn report(payload: &(dyn Any + Send)) -> Report {
    let (_, location, backtrace) = NOTED.take().map(Noted::into_report).unwrap_or_default();
    (panic_message(payload).to_owned(), location, backtrace)
}

/// What is to be said of the last panic noted, which could not unwind for this reason.
fn last_report(why: &str) -> Report {
    let (message, location, backtrace) = NOTED.take().map(Noted::into_report).unwrap_or_default();
    (format!("{message} ({why})"), location, backtrace)
}

impl Noted {
    fn into_report(self) -> Report {
        let backtrace = match self.backtrace.status() {
            BacktraceStatus::Captured => self.backtrace.to_string(),
            _ => String::new(),
        };
        (self.message, self.location, backtrace)
    }
}

/// Says which job this thread runs.
pub(crate) fn set_running(sequence: Option<u64>) {
    RUNNING.set(sequence);
    // An earlier job may have caught a panic itself.
    drop(NOTED.take());
}

pub(crate) fn to_bytes((message, location, backtrace): &Report) -> Vec<u8> {
    fields::write([message.as_bytes(), location.as_bytes(), backtrace.as_bytes()])
}

pub(crate) fn from_bytes(bytes: &[u8]) -> Report {
    read(bytes).unwrap_or_default()
}

fn read(bytes: &[u8]) -> Option<Report> {
    let [message, location, backtrace] = fields::read(bytes)?;
    Some((fields::text(message)?, fields::text(location)?, fields::text(backtrace)?))
}
