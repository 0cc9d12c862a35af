//! [`Engine`]: what a pool knows.

use crate::clock::monotonic_nanos;
use crate::job::JobError;
use crate::process::cell::{Cell, Outcome};
use crate::process::engine::alarms::{Alarm, AlarmKey, Alarms};
use crate::process::engine::crew::{Crew, Worker};
use crate::process::engine::functions::Functions;
use crate::process::engine::gate::Gate;
use crate::process::engine::kernel_kills::KernelKills;
use crate::process::engine::line::Line;
use crate::process::engine::news::News;
use crate::process::engine::queue::{Entry, Queue};
use crate::process::settings::Settings;
use crate::process::sys::{Event, Poller};
use crate::process::wire::config::Identity;
use crate::shutdown::Shutdown;
use crate::simulation::HandedOver;
use std::mem::take;
use std::sync::Arc;
use std::task::Waker;

/// What a pool knows.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) settings: Arc<Settings>,
    pub(crate) poller: Arc<Poller>,
    pub(super) identity: Identity,
    pub(super) queue: Queue,
    /// Jobs that wait in a simulation: only an end that cancels what waits looks at them.
    pub(crate) handed_over: HandedOver,
    pub(crate) functions: Functions,
    pub(super) alarms: Alarms,
    pub(super) crew: Crew,
    pub(super) gate: Gate,
    pub(super) gate_alarm: Option<AlarmKey>,
    /// Whether the kernel has killed for want of memory.
    pub(super) kernel_kills: KernelKills,
    /// How the pool is ending, if it is.
    pub(super) ending: Option<Shutdown>,
    /// Who waits for the queue to have room, in the order of their coming.
    pub(super) line: Line,
    /// When it is looked who of them was called and has not come.
    pub(super) roll_call: Option<AlarmKey>,
    /// The last ticket that somebody who waits was given.
    last_ticket: u64,
    /// How many places in the queue are promised to jobs that are being written.
    pub(super) reserved: usize,
    /// Who waits for all workers to be gone, under their tickets.
    pub(super) end: Vec<(u64, Waker)>,
    /// Whether another turn was asked for.
    pub(super) goes_on_soon: bool,
    /// Whether one more worker would be of use, and may be started.
    pub(super) lacks_worker: bool,
    /// Whether all workers are wanted that there may be, jobs or not.
    pub(super) starts_all: bool,
    /// Whether a worker is being started at this moment.
    pub(super) is_launching: bool,
    /// How many processes were started.
    pub(super) started: u64,
    /// Whether starting through `/proc/self/exe` has failed, as it does under valgrind.
    pub(super) by_path: bool,
    /// What the poller has found; kept for its memory.
    pub(super) events: Vec<Event>,
    pub(super) news: News,
}

impl Engine {
    pub(crate) fn new(settings: Arc<Settings>, poller: Arc<Poller>) -> Self {
        let kernel_kills = KernelKills::new(Arc::clone(&settings.host));
        Self {
            settings,
            poller,
            identity: Identity::own(),
            queue: Queue::default(),
            handed_over: HandedOver::default(),
            functions: Functions::default(),
            alarms: Alarms::default(),
            crew: Crew::default(),
            gate: Gate::default(),
            gate_alarm: None,
            kernel_kills,
            ending: None,
            line: Line::default(),
            roll_call: None,
            last_ticket: 0,
            reserved: 0,
            end: Vec::new(),
            goes_on_soon: false,
            lacks_worker: false,
            starts_all: false,
            is_launching: false,
            started: 0,
            by_path: false,
            events: Vec::new(),
            news: News::default(),
        }
    }

    /// What has come up to be told.
    pub(crate) fn take_news(&mut self) -> News {
        take(&mut self.news)
    }

    /// Whether the pool takes no more jobs.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// How many jobs wait for a worker.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether there is anything to be done, or to wait for.
    pub(crate) fn is_busy(&self) -> bool {
        let has_jobs = !self.queue.is_empty() || self.on_board() > 0;
        // Those who wait for room, or write what they have it for, are as good as jobs.
        let awaits_jobs = !self.line.is_empty() || self.reserved > 0;
        has_jobs || awaits_jobs || self.has_chores()
    }

    /// Whether there is something to be done though nobody may wait for it: a worker's end is to be taken
    /// note of, or the time for something will come.
    pub(crate) fn has_chores(&self) -> bool {
        let is_leaving = |worker: &Worker| !worker.is_active();
        self.is_launching || !self.alarms.is_empty() || self.crew.iter().any(is_leaving)
    }

    /// How many alarms were set so far.
    #[cfg(test)]
    pub(crate) fn alarms(&self) -> u64 {
        self.alarms.count()
    }

    /// How many jobs were sent to workers and not answered.
    pub(crate) fn on_board(&self) -> usize {
        self.crew.iter().map(|worker| worker.on_board.len()).sum()
    }

    /// How many workers there are.
    pub(crate) fn active(&self) -> usize {
        self.crew.active()
    }

    /// How many of them have nothing to do.
    pub(crate) fn idle(&self) -> usize {
        self.crew.iter().filter(|worker| worker.is_idle()).count()
    }

    /// How many processes were started so far.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    /// The numbers of the processes there are.
    pub(crate) fn processes(&self) -> Vec<u32> {
        self.crew.iter().map(|worker| worker.child.id()).collect()
    }

    /// Takes a job; what is wrong with it comes back through its future.
    pub(crate) fn submit(&mut self, cell: Arc<Cell>) {
        if self.is_ending() {
            let error = JobError::shut_down(cell.name());
            return self.news.finish(cell, Err(error));
        }
        if self.functions.number(cell.descriptor).is_none() {
            let why = "its function is in no image that is loaded";
            let error = JobError::not_started(cell.name(), why);
            return self.news.finish(cell, Err(error));
        }
        if cell.treatment.deadline.is_some_and(|at| at <= monotonic_nanos()) {
            let error = JobError::timed_out(cell.name());
            return self.news.finish(cell, Err(error));
        }
        if let Some(at) = cell.treatment.deadline {
            let (_, number) = self.alarms.add(at, Alarm::Deadline(Arc::downgrade(&cell)));
            cell.set_deadline_alarm(number);
        }
        let retries = cell.treatment.retries;
        self.queue.push_back(Entry { cell, retries, deaths: 0 });
    }

    /// A ticket that nobody has, for somebody who waits.
    pub(super) fn next_ticket(&mut self) -> u64 {
        self.last_ticket += 1;
        self.last_ticket
    }

    /// Ends an entry.
    pub(super) fn finish(&mut self, entry: Entry, outcome: Outcome) {
        self.alarms.remove(entry.cell.deadline_alarm());
        self.news.finish(entry.cell, outcome);
    }
}
