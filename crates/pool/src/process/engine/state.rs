//! [`Engine`]: what a pool knows, and [`News`]: what it has to tell.

use crate::clock::monotonic_nanos;
use crate::process::cell::{Cell, Outcome, Whereabouts};
use crate::process::engine::alarms::{Alarm, AlarmKey, Alarms};
use crate::process::engine::crew::{Crew, Worker};
use crate::process::engine::functions::Functions;
use crate::process::engine::gate::Gate;
use crate::process::engine::kernel_kills::KernelKills;
use crate::process::engine::queue::{Entry, Queue};
use crate::process::settings::Settings;
use crate::process::sys::{Event, Poller};
use crate::process::wire::config::Identity;
use crate::shutdown::Shutdown;
use asyncio_core::JobError;
use std::collections::VecDeque;
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
    pub(super) functions: Functions,
    pub(super) alarms: Alarms,
    pub(super) crew: Crew,
    pub(super) gate: Gate,
    pub(super) gate_alarm: Option<AlarmKey>,
    /// Whether the kernel has killed for want of memory.
    pub(super) kernel_kills: KernelKills,
    /// How the pool is ending, if it is.
    pub(super) ending: Option<Shutdown>,
    /// Who waits for the queue to have room, in the order of their coming, under their tickets.
    pub(super) room: VecDeque<(u64, Option<Waker>)>,
    pub(super) next_ticket: u64,
    /// How many places in the queue are promised to jobs that are being written.
    pub(super) reserved: usize,
    /// Who waits for all workers to be gone.
    pub(super) end: Vec<Waker>,
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

/// What is to be told when the lock is released.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct News {
    outcomes: Vec<(Arc<Cell>, Outcome)>,
    wakers: Vec<Waker>,
    /// Wakers that are not needed any more. They are foreign, so they are dropped without the lock, too.
    spent: Vec<Waker>,
    /// What is to be written to standard error.
    stderr: Vec<u8>,
}

impl News {
    pub(crate) fn finish(&mut self, cell: Arc<Cell>, outcome: Outcome) {
        cell.set_whereabouts(Whereabouts::Nowhere);
        self.outcomes.push((cell, outcome));
    }

    pub(crate) fn wake(&mut self, waker: Waker) {
        self.wakers.push(waker);
    }

    pub(crate) fn stderr(&mut self) -> &mut Vec<u8> {
        &mut self.stderr
    }

    /// Tells it; no lock is held.
    pub(crate) fn tell(self) {
        use std::io::Write as _;

        for (cell, outcome) in self.outcomes {
            cell.finish(outcome);
        }
        self.wakers.into_iter().for_each(asyncio_core::wake_batch::wake);
        if !self.stderr.is_empty() {
            // If nobody takes it there is nobody to tell so.
            let _lost = std::io::stderr().lock().write_all(&self.stderr);
        }
    }
}

impl Engine {
    pub(crate) fn new(settings: Arc<Settings>, poller: Arc<Poller>) -> Self {
        let kernel_kills = KernelKills::new(Arc::clone(&settings.host));
        Self {
            settings,
            poller,
            identity: Identity::own(),
            queue: Queue::default(),
            functions: Functions::default(),
            alarms: Alarms::default(),
            crew: Crew::default(),
            gate: Gate::default(),
            gate_alarm: None,
            kernel_kills,
            ending: None,
            room: VecDeque::new(),
            next_ticket: 0,
            reserved: 0,
            end: Vec::new(),
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
        let has_jobs = !self.queue.is_empty() || self.on_board() > 0 || !self.room.is_empty();
        has_jobs || self.has_chores()
    }

    /// Whether there is something to be done though nobody may wait for it: a worker's end is to be taken
    /// note of, or the time for something will come.
    pub(crate) fn has_chores(&self) -> bool {
        let is_leaving = |worker: &Worker| !worker.is_active();
        self.is_launching || !self.alarms.is_empty() || self.crew.iter().any(is_leaving)
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
        let deadline = cell.treatment.deadline;
        let deadline =
            deadline.map(|at| self.alarms.add(at, Alarm::Deadline(Arc::downgrade(&cell))));
        let retries = cell.treatment.retries;
        self.queue.push_back(Entry { cell, retries, deaths: 0, deadline });
    }

    /// Ends an entry.
    pub(super) fn finish(&mut self, entry: Entry, outcome: Outcome) {
        self.alarms.remove(entry.deadline);
        self.news.finish(entry.cell, outcome);
    }

    /// Takes a number in the line of those who wait for room, or renews the waker.
    pub(crate) fn queue_up(
        &mut self,
        ticket: Option<u64>,
        deadline: Option<u64>,
        waker: Waker,
    ) -> u64 {
        if let Some(ticket) = ticket
            && let Some(place) = self.room.iter_mut().find(|(number, _)| *number == ticket)
        {
            self.news.spent.extend(place.1.replace(waker));
            return ticket;
        }
        self.next_ticket += 1;
        self.room.push_back((self.next_ticket, Some(waker)));
        if let Some(at) = deadline {
            self.alarms.add(at, Alarm::Room(self.next_ticket));
        }
        self.next_ticket
    }

    /// Wakes whoever has this ticket, if he is still in the line.
    pub(super) fn call(&mut self, ticket: u64) {
        let place = self.room.iter_mut().find(|(number, _)| *number == ticket);
        self.news.wakers.extend(place.and_then(|(_, waker)| waker.take()));
    }

    /// Promises a place in the queue to whoever has this ticket, or none, if it is his turn.
    pub(crate) fn reserve(&mut self, ticket: Option<u64>) -> bool {
        let before = match ticket {
            Some(ticket) => self.room.iter().take_while(|(number, _)| *number != ticket).count(),
            None => self.room.len(),
        };
        let taken = self.queue.len() + self.reserved + before;
        // A pool that ends refuses each job by itself.
        let is_my_turn = self.is_ending() || taken < self.settings.queue_bound;
        self.reserved += usize::from(is_my_turn);
        if is_my_turn && let Some(ticket) = ticket {
            self.take_out_of_line(ticket);
        }
        is_my_turn
    }

    /// A promised place is used or given up.
    pub(crate) fn redeem(&mut self) {
        self.reserved -= 1;
    }

    /// Leaves the line.
    pub(crate) fn leave_line(&mut self, ticket: u64) {
        self.take_out_of_line(ticket);
        self.call_next();
    }

    fn take_out_of_line(&mut self, ticket: u64) {
        if let Some(place) = self.room.iter().position(|(number, _)| *number == ticket)
            && let Some((_, waker)) = self.room.remove(place)
        {
            self.news.spent.extend(waker);
        }
    }

    /// Wakes as many of the line as there is room for.
    pub(super) fn call_next(&mut self) {
        let free = self.settings.queue_bound.saturating_sub(self.queue.len() + self.reserved);
        let called = if self.is_ending() { self.room.len() } else { free.min(self.room.len()) };
        for (_, waker) in self.room.iter_mut().take(called) {
            self.news.wakers.extend(waker.take());
        }
    }
}
