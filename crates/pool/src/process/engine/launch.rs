//! How a worker comes into being.
//!
//! Whoever starts a process is held up by the system until that has had its turn on a processor: a third
//! of a millisecond, or ten milliseconds where all processors are busy. So it is done by a thread of its
//! own, without the lock: the engine says that it [lacks](Engine::lacks_worker) a worker and gives a
//! [`Recipe`], and is told what has [come of it](Engine::launched). One is started at a time.

use crate::clock::{after, monotonic_nanos};
use crate::process::engine::alarms::Alarm;
use crate::process::engine::crew::{Stage, Worker};
use crate::process::engine::key::{Part, WorkerKey};
use crate::process::engine::state::Engine;
use crate::process::engine::tail::Tail;
use crate::process::entry::{NESTING_VARIABLE, WORKER_VARIABLE, nesting};
use crate::process::error::StartError;
use crate::process::host::Host;
use crate::process::sys::{Launch, Launched, SharedPage, send_with_page};
use crate::process::wire::config::{Config, PROTOCOL};
use crate::process::wire::frame::{Head, Kind};
use crate::process::wire::reader::{Reader, Shortage};
use crate::process::wire::status::Status;
use crate::process::wire::writer::Writer;
use crate::shutdown::Shutdown;
use rustix::fd::{AsFd, OwnedFd};
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;

/// How many processes may be on their way out beside as many as there are workers.
const LEAVING: usize = 4;

/// How to start a worker.
#[derive(Debug)]
pub(crate) struct Recipe {
    host: Arc<dyn Host>,
    launch: Launch,
}

/// A process that was started and is no worker yet.
#[derive(Debug)]
pub(crate) struct Newcomer {
    process: Launched,
    page: SharedPage,
    file: OwnedFd,
}

impl Recipe {
    /// Starts the process; the system may hold the caller up.
    pub(crate) fn carry_out(&self) -> io::Result<Newcomer> {
        let (page, file) = SharedPage::create()?;
        Ok(Newcomer { process: self.host.launch(&self.launch)?, page, file })
    }
}

impl Engine {
    /// Whether one more worker may be started now.
    pub(super) fn may_launch(&self) -> bool {
        // Those that are on their way out do not count, but their number has a bound, too.
        let workers = self.settings.workers;
        let coming = usize::from(self.is_launching);
        let is_full = self.crew.active() + coming >= workers;
        let most = workers.saturating_mul(2).saturating_add(LEAVING);
        if is_full || self.crew.len() + coming >= most {
            return false;
        }
        self.gate.is_open(monotonic_nanos())
    }

    /// Has all workers started that there may be; ready when they are.
    pub(crate) fn start_all(&mut self) -> Poll<Result<(), StartError>> {
        if let Some(why) = self.gate.verdict() {
            return Poll::Ready(Err(why.clone()));
        }
        let ready = self.crew.iter().filter(|worker| worker.has_been_ready).count();
        self.starts_all = ready < self.settings.workers;
        if self.starts_all { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    /// Whether a worker is to be started by whoever asks; to be asked when all else is done.
    pub(crate) fn lacks_worker(&self) -> bool {
        self.lacks_worker && !self.is_launching
    }

    /// Somebody starts a worker, if that is still to be done; then they have to tell how it went.
    #[must_use]
    pub(crate) fn begin_launch(&mut self) -> bool {
        let begins = self.lacks_worker();
        self.is_launching |= begins;
        begins
    }

    /// Whether somebody is starting a worker.
    pub(crate) fn is_launching(&self) -> bool {
        self.is_launching
    }

    /// What has come of an attempt to start a worker.
    pub(crate) fn launched(&mut self, newcomer: io::Result<Newcomer>) {
        self.is_launching = false;
        if let Err(error) = newcomer.and_then(|newcomer| self.welcome(newcomer)) {
            let Launch { program, directory, .. } = self.recipe().launch;
            self.start_failed(StartError::launch_of(&program, directory.as_deref(), error));
        }
        if self.ending == Some(Shutdown::Now) {
            self.kill_all();
        }
    }

    /// A worker could not be started: another attempt will be made, or those who wait are told.
    pub(super) fn start_failed(&mut self, why: StartError) {
        self.gate.failed(monotonic_nanos(), why);
        self.alarms.remove(self.gate_alarm.take());
        // Nobody else would come back for what waits.
        self.gate_alarm = Some(self.alarms.add(self.gate.opens_at(), Alarm::Gate));
        let Some(why) = self.gate.verdict().cloned() else { return };
        if self.crew.active() > 0 || self.is_launching {
            // The others will come to what waits.
            return;
        }
        while let Some(entry) = self.queue.pop() {
            let error = crate::job::JobError::not_started(entry.cell.name(), why.clone());
            self.finish(entry, Err(error));
        }
    }

    fn welcome(&mut self, newcomer: Newcomer) -> io::Result<()> {
        let Newcomer { process: Launched { child, connection, stderr }, page, file } = newcomer;
        let Some(key) = self.crew.next_key() else {
            child.kill();
            child.wait();
            return Err(io::Error::other("a pool has at most 65536 workers"));
        };
        let patience = self.alarms.add(after(self.settings.start_timeout), Alarm::Patience(key));
        let mut worker = Box::new(Worker {
            key,
            child,
            connection,
            is_connected: true,
            stderr,
            tail: Tail::default(),
            status: Status::new(page),
            reader: Reader::new(Shortage::CostsTheMessage),
            writer: Writer::default(),
            awaits_room: false,
            stage: Stage::Starting,
            has_greeted: false,
            has_been_ready: false,
            is_let_go: false,
            wrote_garbage: false,
            hidden_start: None,
            is_late: false,
            is_cut_off: false,
            refusal: None,
            on_board: VecDeque::new(),
            next: 1,
            answered: 0,
            known: Vec::new(),
            tasks: 0,
            most_tasks: self.settings.max_tasks_per_child,
            verdict: None,
            timeout: None,
            patience: Some(patience),
        });
        let registered = self.register(&worker).and_then(|()| self.greet(&mut worker, &file));
        // One that has ended already is heard of as any other that ends before it is ready.
        if let Err(error) = registered
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.alarms.remove(worker.patience);
            self.deregister(&worker);
            worker.child.kill();
            worker.child.wait();
            return Err(error);
        }
        self.started += 1;
        if worker.child.end().is_none() {
            self.look_again(key);
        }
        self.crew.insert(worker);
        Ok(())
    }

    /// What is to be started, and how.
    pub(crate) fn recipe(&self) -> Recipe {
        let settings = &self.settings;
        let (program, arguments) = match &settings.command {
            Some((program, arguments)) => (program.clone(), arguments.clone()),
            // The link holds on to the very file, even if it was deleted or replaced.
            None if !self.by_path => (PathBuf::from("/proc/self/exe"), Vec::new()),
            None => (std::env::current_exe().unwrap_or_default(), Vec::new()),
        };
        let mut environment = settings.environment.clone();
        environment.push((WORKER_VARIABLE.into(), PROTOCOL.to_string().into()));
        environment.push((NESTING_VARIABLE.into(), (nesting() + 1).to_string().into()));
        let launch = Launch {
            program,
            arguments,
            environment,
            inherits_environment: settings.inherits_environment,
            directory: settings.directory.clone(),
            stderr: settings.stderr.route(),
            leads_group: settings.kills_children,
        };
        Recipe { host: Arc::clone(&settings.host), launch }
    }

    /// Has the poller tell of the worker.
    fn register(&self, worker: &Worker) -> io::Result<()> {
        let key: WorkerKey = worker.key;
        self.poller.add(worker.connection.as_fd(), key.pack(Part::Connection))?;
        if let Some(end) = worker.child.end() {
            self.poller.add(end, key.pack(Part::Process))?;
        }
        match &worker.stderr {
            Some(stderr) => self.poller.add(stderr.as_fd(), key.pack(Part::Stderr)),
            None => Ok(()),
        }
    }

    /// Has the poller tell nothing more of it, before its descriptors are closed: a child on its way to
    /// exec may hold copies of them.
    pub(super) fn deregister(&self, worker: &Worker) {
        self.poller.delete(worker.connection.as_fd());
        if let Some(end) = worker.child.end() {
            self.poller.delete(end);
        }
        if let Some(stderr) = &worker.stderr {
            self.poller.delete(stderr.as_fd());
        }
    }

    /// Tells the worker how it is to be, and what to call first.
    fn greet(&mut self, worker: &mut Worker, page: &OwnedFd) -> io::Result<()> {
        let settings = &self.settings;
        let config = Config {
            identity: self.identity.clone(),
            stack: settings.stack as u64,
            memory_limit: settings.memory_limit,
            cpu_limit: settings.cpu_limit,
            reports_memory: settings.max_memory_per_child.is_some(),
            backtraces: settings.backtraces,
            nice: settings.nice,
        };
        let payload = config.to_bytes();
        let length = payload.len() as u64;
        let head = Head { kind: Kind::Config, length, sequence: 0, extra: 0 };
        let bytes = [&head.to_bytes()[..], &payload].concat();
        send_with_page(&worker.connection, &bytes, page)?;
        if let Some(initializer) = settings.initializer.clone() {
            let number = self.introduce(worker, initializer.descriptor)?;
            let length = initializer.arguments.len() as u64;
            let head = Head { kind: Kind::Initialize, length, sequence: 0, extra: number };
            worker.writer.push(head, &initializer.arguments);
        }
        Ok(())
    }

    /// The worker's own number of a function, which it is told if it does not know it.
    pub(super) fn introduce(
        &mut self,
        worker: &mut Worker,
        descriptor: &'static crate::process::function::Descriptor,
    ) -> io::Result<u64> {
        let Some(function) = self.functions.number(descriptor) else {
            return Err(io::Error::other("a function is in no image that is loaded"));
        };
        let known = worker.known.iter().position(|&known| known == function);
        let number = known.unwrap_or(worker.known.len());
        if known.is_none() {
            worker.known.push(function);
            let place = self.functions.place(function).to_bytes();
            let length = place.len() as u64;
            let extra = number as u64;
            worker.writer.push(Head { kind: Kind::Define, length, sequence: 0, extra }, &place);
        }
        Ok(number as u64)
    }
}
