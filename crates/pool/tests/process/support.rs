//! What several modules need: innocent jobs around a bad one, a meeting point where jobs are held, a
//! record of what has run, and what is left of processes and descriptors.

use asyncio_pool::JobError;
use asyncio_pool::ProcessPoolExecutor;
use asyncio_pool::process::Job;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

pub(crate) use futures::executor::block_on;

/// Beyond so many seconds a test waits for something that does not come.
const PATIENCE: i64 = 30;

pub(crate) fn pool_of(workers: usize) -> ProcessPoolExecutor {
    ProcessPoolExecutor::builder().workers(workers).build().unwrap()
}

/// Waits until so many processes were started: that is done by another thread.
pub(crate) fn await_workers(pool: &ProcessPoolExecutor, count: usize) {
    while pool.workers() < count {
        std::thread::yield_now();
    }
}

pub(crate) fn square(n: u64) -> u64 {
    n * n
}

pub(crate) fn process_id(_: ()) -> u32 {
    std::process::id()
}

/// Runs a bad job in the midst of forty innocent ones, all of which must succeed.
pub(crate) fn among_innocents<F, A, R>(
    pool: &ProcessPoolExecutor,
    bad: F,
    arguments: A,
) -> Result<R, JobError>
where
    F: Fn(A) -> R + Copy + Send + 'static,
    A: Serialize + DeserializeOwned + 'static,
    R: Serialize + DeserializeOwned + 'static,
{
    // So that the pool knows how short they are, and sends them ahead.
    for n in 0..4 {
        assert_eq!(pool.run_blocking(square, n).unwrap(), n * n);
    }
    let mut innocent: Vec<_> = (0..20).map(|n| (n, pool.submit(square, n))).collect();
    let bad = pool.submit(bad, arguments);
    innocent.extend((20..40).map(|n| (n, pool.submit(square, n))));
    let result = block_on(bad);
    for (n, job) in innocent {
        assert_eq!(block_on(job).unwrap(), n * n, "an innocent job pays");
    }
    result
}

/// Where jobs come to be held: see [`visit`].
pub(crate) struct Meeting {
    listener: UnixListener,
    pub(crate) place: String,
}

/// A job that has come, and goes on when this is dropped.
pub(crate) struct Visitor {
    pub(crate) process: u32,
    stream: UnixStream,
}

impl Meeting {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let place =
            format!("asyncio-pool-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let address = SocketAddr::from_abstract_name(&place).unwrap();
        Self { listener: UnixListener::bind_addr(&address).unwrap(), place }
    }

    /// Waits for the next job to come.
    #[track_caller]
    pub(crate) fn wait(&self) -> Visitor {
        let mut fds = [PollFd::new(&self.listener, PollFlags::IN)];
        let patience = Timespec { tv_sec: PATIENCE, tv_nsec: 0 };
        assert_eq!(poll(&mut fds, Some(&patience)), Ok(1), "a job comes");
        let (mut stream, _) = self.listener.accept().unwrap();
        let mut process = [0; 4];
        stream.read_exact(&mut process).unwrap();
        Visitor { process: u32::from_ne_bytes(process), stream }
    }
}

impl Visitor {
    /// Waits until the job's process has let go of the meeting.
    #[track_caller]
    pub(crate) fn wait_for_end(&mut self) {
        let mut fds = [PollFd::new(&self.stream, PollFlags::IN)];
        let patience = Timespec { tv_sec: PATIENCE, tv_nsec: 0 };
        assert_eq!(poll(&mut fds, Some(&patience)), Ok(1), "the process ends");
        assert!(matches!(self.stream.read(&mut [0]), Ok(0) | Err(_)), "nothing more is said");
    }
}

/// Comes to a meeting and stays until it is let go. Gives its process.
pub(crate) fn visit(place: String) -> u32 {
    let address = SocketAddr::from_abstract_name(place).unwrap();
    let mut stream = UnixStream::connect_addr(&address).unwrap();
    stream.write_all(&std::process::id().to_ne_bytes()).unwrap();
    let _let_go = stream.read(&mut [0]);
    std::process::id()
}

/// A pool of one process, whose job is held, with a queue of one, where a job waits.
pub(crate) struct Full {
    pub(crate) pool: ProcessPoolExecutor,
    pub(crate) holder: Job<u32>,
    pub(crate) visitor: Visitor,
    pub(crate) queued: Job<u64>,
}

/// Fills the queue of a new pool.
pub(crate) fn full() -> Full {
    let pool = ProcessPoolExecutor::builder().workers(1).queue_bound(1).build().unwrap();
    let meeting = Meeting::new();
    let holder = pool.submit(visit, meeting.place.clone());
    let visitor = meeting.wait();
    let queued = pool.submit(square, 1);
    Full { pool, holder, visitor, queued }
}

/// What jobs have noted, in the order of their notes.
pub(crate) struct Record {
    file: OwnedFd,
}

impl Record {
    pub(crate) fn new() -> Self {
        let flags = rustix::fs::MemfdFlags::CLOEXEC;
        Self { file: rustix::fs::memfd_create(c"asyncio-pool-test", flags).unwrap() }
    }

    /// Where jobs can note something.
    pub(crate) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd())
    }

    pub(crate) fn notes(&self) -> Vec<u32> {
        let bytes = std::fs::read(self.path()).unwrap();
        bytes.as_chunks().0.iter().copied().map(u32::from_ne_bytes).collect()
    }
}

/// Notes that this job has run.
pub(crate) fn note((path, what): (String, u32)) -> u32 {
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(&what.to_ne_bytes()).unwrap();
    what
}

/// Sends a signal, if there is still somebody to send it to.
pub(crate) fn kill(process: u32, signal: i32) {
    let process = rustix::process::Pid::from_raw(process.cast_signed()).unwrap();
    #[expect(unsafe_code, reason = "a signal as a number")]
    // SAFETY: none of the signals of these tests is one that std reserves.
    let signal = unsafe { rustix::process::Signal::from_raw_unchecked(signal) };
    let _gone = rustix::process::kill_process(process, signal);
}

/// Whether there is such a process, zombies included.
pub(crate) fn exists(process: u32) -> bool {
    std::path::Path::new(&format!("/proc/{process}")).exists()
}

/// How many descriptors this process has.
pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The processes that this one has started and not waited for.
pub(crate) fn children() -> Vec<u32> {
    let mut children = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children.extend(text.split_ascii_whitespace().map(|id| id.parse::<u32>().unwrap()));
    }
    children
}

/// Calls [`visit`], or nothing if there is no place: so the pool can be led to think that it is short.
pub(crate) fn may_visit(place: String) -> u32 {
    if place.is_empty() { std::process::id() } else { visit(place) }
}

/// Has the pool believe that calls of these functions are short, so that it sends them ahead.
pub(crate) fn warm_up(pool: &ProcessPoolExecutor) {
    let nothing = Record::new();
    for n in 0..8 {
        pool.run_blocking(square, u64::from(n)).unwrap();
        pool.run_blocking(may_visit, String::new()).unwrap();
        pool.run_blocking(note, (nothing.path(), n)).unwrap();
    }
}

/// Stops all threads of a process; they go on by `kill(process, 18)`.
pub(crate) fn stop(process: u32) {
    kill(process, 19);
    wait_for_state(process, ") T");
}

/// Waits until all threads of a process wait for something.
pub(crate) fn wait_until_it_waits(process: u32) {
    wait_for_state(process, ") S");
}

fn wait_for_state(process: u32, state: &str) {
    let is_there = || {
        std::fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten().all(|task| {
            let stat = std::fs::read_to_string(task.path().join("stat")).unwrap();
            stat[stat.rfind(')').unwrap()..].starts_with(state)
        })
    };
    while !is_there() {
        std::thread::yield_now();
    }
}

/// Has this called when the process ends.
pub(crate) fn call_at_exit(handler: extern "C" fn()) {
    #[expect(unsafe_code, reason = "atexit(3)")]
    // SAFETY: the handler is a function of the program, which stays loaded.
    let registered = unsafe { libc::atexit(handler) };
    assert_eq!(registered, 0);
}

/// Waits until a process that this one has started has ended, and not until it is waited for.
#[track_caller]
pub(crate) fn wait_for_end_of(process: u32) {
    let id = rustix::process::Pid::from_raw(process.cast_signed()).unwrap();
    let Ok(handle) = rustix::process::pidfd_open(id, rustix::process::PidfdFlags::empty()) else {
        return;
    };
    let patience = Timespec { tv_sec: PATIENCE, tv_nsec: 0 };
    let mut fds = [PollFd::new(&handle, PollFlags::IN)];
    assert_eq!(poll(&mut fds, Some(&patience)), Ok(1), "the process ends");
}
