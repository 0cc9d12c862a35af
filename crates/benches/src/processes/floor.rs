//! The sockets under a process pool, and nothing else: a program that waits for them and one that answers.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use super::{CALL, CALL_ACROSS, CALLS, LARGE, MEGABYTE, Times};
use crate::measure::{CLIENT_CORE, SERVER_CORE, pin, wall_ns};
use crate::report;

const SMALL: usize = 64;

/// Measures, reports and ends the process, if this workload is about processes.
pub(crate) fn run(workload: &str) {
    let figure = match workload {
        CALL => round_trips(SMALL, SERVER_CORE, CALLS),
        CALL_ACROSS => round_trips(SMALL, CLIENT_CORE, CALLS),
        MEGABYTE => round_trips(LARGE, SERVER_CORE, 300),
        _ => return,
    };
    report(Some(figure));
}

fn round_trips(length: usize, core: usize, count: usize) -> f64 {
    let (mut here, mut other) = answering(length, core);
    let poller = epoll::create(CreateFlags::CLOEXEC).expect("a descriptor");
    epoll::add(&poller, &here, EventData::new_u64(0), EventFlags::IN).expect("a socket");
    let mut bytes = vec![7; length];
    let mut times = Times::default();
    for _ in 0..count {
        let start = wall_ns();
        here.write_all(&bytes).expect("the other answers");
        let mut events = [std::mem::MaybeUninit::uninit(); 4];
        epoll::wait(&poller, &mut events, None).expect("the other answers");
        here.read_exact(&mut bytes).expect("the other answers");
        times.add(start);
    }
    drop(here);
    other.wait().expect("the other ends");
    times.median()
}

/// A process that answers messages of this length on this core.
fn answering(length: usize, core: usize) -> (UnixStream, Child) {
    let (here, there) = UnixStream::pair().expect("a pair of sockets");
    let program = std::env::current_exe().expect("this program");
    let other = Command::new(program)
        .args(["answer", &length.to_string(), &core.to_string()])
        .stdin(Stdio::from(OwnedFd::from(there)))
        .spawn()
        .expect("a process");
    (here, other)
}

/// The other process: reads a message from standard input, which is a socket, and writes it back.
pub(crate) fn answer(length: &str, core: &str) -> Result<(), std::num::ParseIntError> {
    pin(core.parse()?);
    let mut bytes = vec![0; length.parse()?];
    let mut socket =
        File::from(rustix::io::dup(rustix::stdio::stdin()).expect("standard input is open"));
    while socket.read_exact(&mut bytes).is_ok() && socket.write_all(&bytes).is_ok() {}
    Ok(())
}
