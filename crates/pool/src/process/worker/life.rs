//! The life of a worker process, from the moment it knows that it is one.

use crate::process::sys;
use crate::process::wire::config::{Config, Identity};
use crate::process::wire::frame::{HEAD, Head, Kind};
use crate::process::wire::reader::{Reader, Shortage};
use crate::process::wire::status::{Reason, Status};
use crate::process::worker::jobs::{Exit, Jobs, serve};
use crate::process::worker::replies::Replies;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{BorrowedFd, OwnedFd};
use std::thread;

/// Serves the pool on the other side of `connection` until it is done with this process.
///
/// This thread only watches whether the pool is still there: if its process ends in any way, the
/// connection hangs up, and the job is ended with the worker, whatever it does.
pub(crate) fn live(connection: OwnedFd) -> ! {
    sys::prepare_signals();
    let Some((config, status)) = greeting(&connection) else {
        sys::exit_at_once(Exit::Protocol as i32)
    };
    let replies: &'static Replies = Box::leak(Box::new(Replies::new(connection)));
    if config.identity != Identity::own() {
        let why = "the worker is another program, or another build of it: \
                   was the executable replaced while it ran?";
        let _told = replies.send(Kind::Refused, 0, 0, why.as_bytes());
        sys::exit_at_once(Exit::Protocol as i32);
    }
    if config.nice != 0 {
        // Only root may be less nice; a worker at the wrong priority is better than none.
        let _refused = rustix::process::nice(config.nice);
    }
    if !replies.send(Kind::Hello, 0, 0, &[]) {
        sys::exit_at_once(Exit::Done as i32);
    }
    let stack = usize::try_from(config.stack).unwrap_or(usize::MAX);
    let status: &'static Status = Box::leak(Box::new(status));
    let reader = Reader::new(Shortage::CostsTheProcess);
    let jobs = Jobs { replies, status, config, reader };
    let thread = thread::Builder::new().name("asyncio-job".to_owned()).stack_size(stack);
    // Exit handlers run, so that profiles and coverage are written.
    match thread.spawn(move || std::process::exit(serve(jobs) as i32)) {
        Ok(_detached) => watch(replies.connection(), status),
        Err(error) => {
            let why = format!("the worker cannot start its thread: {error}");
            let _told = replies.send(Kind::Refused, 0, 0, why.as_bytes());
            sys::exit_at_once(Exit::Protocol as i32)
        }
    }
}

/// Receives how this worker is to be, and the status page.
fn greeting(connection: &OwnedFd) -> Option<(Config, Status)> {
    let (head, page) = sys::receive_with_page::<HEAD>(connection)?;
    let head = Head::from_bytes(&head).ok().filter(|head| head.kind == Kind::Config)?;
    let mut payload = vec![0; usize::try_from(head.length).ok()?];
    let mut filled = 0;
    while filled < payload.len() {
        match rustix::io::read(connection, &mut payload[filled..]) {
            Ok(0) => return None,
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    Some((Config::from_bytes(&payload)?, Status::new(page)))
}

/// Ends the process when the connection hangs up.
fn watch(connection: BorrowedFd<'_>, status: &Status) -> ! {
    loop {
        // Asks for nothing, so only the end wakes it.
        let mut ends = [PollFd::from_borrowed_fd(connection, PollFlags::empty())];
        match poll(&mut ends, None) {
            Ok(_) if ends[0].revents().is_empty() => {}
            Ok(_) if ends[0].revents().contains(PollFlags::NVAL) => {
                status.set_reason(Reason::LostConnection);
                sys::exit_at_once(Exit::LostConnection as i32);
            }
            Err(rustix::io::Errno::INTR) => {}
            Ok(_) | Err(_) => sys::exit_at_once(Exit::Done as i32),
        }
    }
}
