//! How a job's panic is told to the pool.
//!
//! The hook notes where it was; whoever catches the panic sends it. In a program that aborts on panics
//! nobody catches it, so there the hook sends it itself.

use crate::process::codec::{Codec, MessagePack};
use crate::process::wire::frame::Kind;
use crate::process::worker::replies::Replies;
use asyncio_core::exception::panic_message;
use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::panic::{self, PanicHookInfo};

/// Message, place, backtrace.
pub(crate) type Report = (String, String, String);

struct Noted {
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
            note(info, backtraces);
            if cfg!(panic = "abort") {
                let report = to_bytes(&report(info.payload()));
                // If the pool is gone there is nobody to tell, and the process is about to end anyway.
                let _told = replies.send(Kind::Panicked, sequence, 0, &report);
            }
        }
    }));
}

fn note(info: &PanicHookInfo<'_>, backtraces: bool) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = if backtraces { Backtrace::force_capture() } else { Backtrace::disabled() };
    NOTED.set(Some(Noted { location, backtrace }));
}

/// What is to be said of a panic with this payload, the last one noted.
pub(crate) fn report(payload: &(dyn Any + Send)) -> Report {
    let message = panic_message(payload).to_owned();
    match NOTED.take() {
        None => (message, String::new(), String::new()),
        Some(Noted { location, backtrace }) => {
            let backtrace = match backtrace.status() {
                BacktraceStatus::Captured => backtrace.to_string(),
                _ => String::new(),
            };
            (message, location, backtrace)
        }
    }
}

/// Says which job this thread runs.
pub(crate) fn set_running(sequence: Option<u64>) {
    RUNNING.set(sequence);
    // An earlier job may have caught a panic itself.
    drop(NOTED.take());
}

pub(crate) fn to_bytes(report: &Report) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Strings can always be said.
    let _written = MessagePack::encode(report, &mut bytes);
    bytes
}

pub(crate) fn from_bytes(bytes: &[u8]) -> Report {
    MessagePack::decode(bytes).unwrap_or_default()
}
