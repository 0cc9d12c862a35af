//! The queue of a pool and the seats of its workers: plain data under one lock.
//!
//! Nothing here waits, starts a thread or calls a job; the methods say what is to be done
//! ([`Rouse`], [`Next`]) and the caller does it after it has released the lock.
//!
//! ```text
//!                    next: no job                    next: a job
//!   Coming, Running ──────────────► Idle    Coming, Running ─────► Running
//!     ▲ ▲                            │
//!     │ └─── rouse: the hottest idle ┘      next: keep-alive over, or no job will come ► empty seat
//!     └── rouse: a new seat
//! ```
//!
//! **Invariant.** If a job waits and somebody could be roused for it (an idle worker, or an empty seat),
//! then a worker is `Coming`, but for a while after the system has refused a thread. So a push rouses
//! at most one worker and none while one is on its way; the one that comes rouses the next if jobs are
//! left. A burst of small jobs thus costs a few wakes and not
//! one a job, and a burst of long ones gets its threads one after another.
//!
//! **The hottest is who worked last**, not who sat down last: a worker that was roused for nothing takes
//! the place it had. It has used no processor for a while, so the system would let it interrupt the
//! submitter at every push of the next burst (16 times in a thousand jobs, measured on one core; 3 to 10
//! times with this order), and its keep-alive goes on.
//!
//! **Only the coldest waits with a timer.** To arm one costs a quarter of a job's round trip (1.3 of 6.3 us,
//! measured), so the hot worker on top of the stack, and the only worker of a pool, wait without. The
//! coldest leaves when its keep-alive is over and hands the watch to the next; the last one stays.

use crate::clock::{Tick, now};
use crate::job::{Refusal, Run};
use crate::simulation::HandedOver;
use crate::thread::job::is_taken_back;
use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

/// Jobs taken back stay in the queue until a worker or a sweep meets them; below this length none sweeps.
const SWEEP_FLOOR: usize = 1024;
/// After the system has refused a thread it is not asked for another one for so long.
const GROWTH_PAUSE: Duration = Duration::from_millis(10);

/// Waiting jobs and the workers of one pool.
pub(crate) struct Queue {
    max_workers: usize,
    jobs: VecDeque<Arc<dyn Run>>,
    seats: Vec<Option<Seat>>,
    /// Seats of idle workers in the order of their last job; the last is roused first, so the others
    /// can end.
    idle: Vec<usize>,
    /// Seats that are taken.
    alive: usize,
    /// Workers that were roused or started and have not come to the queue yet.
    coming: usize,
    /// Why no more jobs are taken.
    refusal: Option<Refusal>,
    /// Length at which the next push looks for jobs that were taken back.
    sweep_at: usize,
    /// Jobs that wait elsewhere: only an end that cancels what waits looks at them.
    pub(crate) handed_over: HandedOver,
    /// When the system refused a thread, if it has not been asked again since.
    refused: Option<Tick>,
    growth_pause: Duration,
    /// Threads that have left their seats for good and can be joined.
    ended: Vec<JoinHandle<()>>,
    next_serial: u64,
}

/// Where a worker sits. The serial tells it from an earlier worker of the same seat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SeatId {
    pub(crate) index: usize,
    serial: u64,
}

struct Seat {
    serial: u64,
    phase: Phase,
    /// `None` until the starter has come back from the system.
    handle: Option<JoinHandle<()>>,
}

enum Phase {
    /// Roused or started; a roused one was idle since then.
    Coming(Option<Instant>),
    Idle {
        thread: Thread,
        since: Instant,
    },
    Running {
        job: &'static str,
        since: Tick,
    },
}

/// Whom the caller has to rouse, after it has released the lock.
#[must_use]
pub(crate) enum Rouse {
    Nobody,
    Idle(Thread),
    New(SeatId),
}

/// What a worker does next, after it has released the lock.
#[must_use]
pub(crate) enum Next {
    Run(Arc<dyn Run>, Rouse),
    /// Wait to be roused, at most until then.
    Wait(Option<Instant>),
    /// End; if there is another worker to keep the watch, it is to be unparked.
    Leave(Option<Thread>),
}

impl Queue {
    pub(crate) fn new(max_workers: usize) -> Self {
        Self {
            max_workers,
            jobs: VecDeque::new(),
            seats: Vec::new(),
            idle: Vec::new(),
            alive: 0,
            coming: 0,
            refusal: None,
            sweep_at: SWEEP_FLOOR,
            handed_over: HandedOver::default(),
            refused: None,
            growth_pause: GROWTH_PAUSE,
            ended: Vec::new(),
            next_serial: 0,
        }
    }

    /// Why this pool takes no jobs, if it takes none.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal.clone()
    }

    /// Adds a job at the end.
    ///
    /// # Errors
    /// The job itself, and why it was not taken.
    pub(crate) fn push(&mut self, job: Arc<dyn Run>) -> Result<Rouse, (Arc<dyn Run>, Refusal)> {
        if let Some(refusal) = &self.refusal {
            return Err((job, refusal.clone()));
        }
        if self.jobs.len() >= self.sweep_at {
            // What is dropped here is empty: its function went with its future.
            self.jobs.retain(|job| !is_taken_back(job));
            self.sweep_at = SWEEP_FLOOR.max(self.jobs.len() * 2);
        }
        self.jobs.push_back(job);
        let rouse = self.rouse();
        self.assert_invariant();
        Ok(rouse)
    }

    /// Jobs that wait, those that were taken back included.
    pub(crate) fn waiting(&self) -> usize {
        self.jobs.len()
    }

    /// Restores the invariant above.
    fn rouse(&mut self) -> Rouse {
        if self.coming > 0 || self.jobs.is_empty() {
            return Rouse::Nobody;
        }
        if let Some(index) = self.idle.pop()
            && let Some(thread) = self.call_in(index)
        {
            return Rouse::Idle(thread);
        }
        if self.alive >= self.max_workers {
            return Rouse::Nobody;
        }
        // With another worker at hand the jobs can wait; without one there is nothing to lose.
        if self.alive > 0 && self.refused.is_some_and(|since| since.elapsed() < self.growth_pause) {
            return Rouse::Nobody;
        }
        self.refused = None;
        Rouse::New(self.new_seat())
    }

    /// An idle worker is coming; it was taken off the stack and is to be unparked.
    fn call_in(&mut self, index: usize) -> Option<Thread> {
        let seat = self.seats[index].as_mut()?;
        let Phase::Idle { thread, since } = std::mem::replace(&mut seat.phase, Phase::Coming(None))
        else {
            return None;
        };
        seat.phase = Phase::Coming(Some(since));
        self.coming += 1;
        Some(thread)
    }

    /// The invariant at the head of this file.
    fn assert_invariant(&self) {
        let nobody_left = self.idle.is_empty()
            && (self.alive >= self.max_workers || (self.refused.is_some() && self.alive > 0));
        debug_assert!(
            self.coming > 0 || self.jobs.is_empty() || nobody_left,
            "a job waits and somebody who could run it is asleep"
        );
    }

    fn new_seat(&mut self) -> SeatId {
        let index = self.seats.iter().position(Option::is_none).unwrap_or(self.seats.len());
        let id = SeatId { index, serial: self.next_serial };
        self.next_serial += 1;
        let seat = Seat { serial: id.serial, phase: Phase::Coming(None), handle: None };
        match self.seats.get_mut(index) {
            Some(empty) => *empty = Some(seat),
            None => self.seats.push(Some(seat)),
        }
        self.alive += 1;
        self.coming += 1;
        id
    }

    /// Keeps the handle of a thread that was started for this seat.
    pub(crate) fn started(&mut self, id: SeatId, handle: JoinHandle<()>) {
        match &mut self.seats[id.index] {
            Some(seat) if seat.serial == id.serial => seat.handle = Some(handle),
            // It came, worked and left before its starter got here.
            _ => self.keep_ended(handle),
        }
    }

    /// Gives a seat back for which no thread could be started; gives the jobs that nobody will run now.
    ///
    /// Another worker may have sat down meanwhile, and pushes have left it there as one was coming.
    pub(crate) fn not_started(&mut self, id: SeatId) -> (Vec<Arc<dyn Run>>, Rouse) {
        self.seats[id.index] = None;
        self.alive -= 1;
        self.coming -= 1;
        self.refused = Some(Tick::last());
        let orphans = if self.alive == 0 { self.give_up_waiting() } else { Vec::new() };
        let rouse = self.rouse();
        self.assert_invariant();
        (orphans, rouse)
    }

    /// What the worker in this seat does next; it calls this until it is told to leave.
    ///
    /// `thread` is the worker's own. The proper clock is read only for a worker that has no job.
    pub(crate) fn next(&mut self, id: SeatId, keep_alive: Duration, thread: &Thread) -> Next {
        let Some(seat) = &mut self.seats[id.index] else { return Next::Leave(None) };
        let mut idle_since = None;
        match &seat.phase {
            Phase::Coming(since) => {
                idle_since = *since;
                self.coming -= 1;
            }
            Phase::Running { .. } => {}
            // Not roused: the keep-alive is over, the watch was handed on, or a stray unpark came late.
            Phase::Idle { since, .. } => {
                let since = *since;
                return self.keep_waiting(id, since, keep_alive);
            }
        }
        let Some(job) = self.pop() else {
            if self.refusal.is_some() {
                self.vacate(id);
                return Next::Leave(None);
            }
            let since = idle_since.unwrap_or_else(now);
            self.sit_down(id, thread.clone(), since);
            return Next::Wait(self.deadline(id, since, keep_alive));
        };
        self.set_phase(id, Phase::Running { job: job.name(), since: Tick::last() });
        let rouse = self.rouse();
        self.assert_invariant();
        Next::Run(job, rouse)
    }

    /// Puts a worker among the idle ones, in its place by the time of its last job.
    fn sit_down(&mut self, id: SeatId, thread: Thread, since: Instant) {
        let earlier = |&index: &usize| match self.seats[index].as_ref().map(|seat| &seat.phase) {
            Some(Phase::Idle { since: other, .. }) => *other <= since,
            _ => true,
        };
        let place = self.idle.partition_point(earlier);
        self.idle.insert(place, id.index);
        self.set_phase(id, Phase::Idle { thread, since });
    }

    /// What an idle worker does that nobody has roused.
    fn keep_waiting(&mut self, id: SeatId, since: Instant, keep_alive: Duration) -> Next {
        let until = self.deadline(id, since, keep_alive);
        if until.is_none_or(|until| now() < until) {
            return Next::Wait(until);
        }
        self.idle.retain(|&index| index != id.index);
        self.vacate(id);
        let coldest = self.idle.first().and_then(|&index| self.seats[index].as_ref());
        Next::Leave(coldest.and_then(|seat| match &seat.phase {
            Phase::Idle { thread, .. } if self.alive > 1 => Some(thread.clone()),
            _ => None,
        }))
    }

    /// Until when an idle worker waits: only the coldest of several watches the clock.
    fn deadline(&self, id: SeatId, since: Instant, keep_alive: Duration) -> Option<Instant> {
        if self.alive > 1 && self.idle.first() == Some(&id.index) {
            since.checked_add(keep_alive)
        } else {
            None
        }
    }

    /// The oldest job that was not taken back.
    fn pop(&mut self) -> Option<Arc<dyn Run>> {
        loop {
            let job = self.jobs.pop_front()?;
            if !is_taken_back(&job) {
                return Some(job);
            }
        }
    }

    fn set_phase(&mut self, id: SeatId, phase: Phase) {
        if let Some(seat) = &mut self.seats[id.index] {
            seat.phase = phase;
        }
    }

    fn vacate(&mut self, id: SeatId) {
        if let Some(seat) = self.seats[id.index].take() {
            self.alive -= 1;
            if let Some(handle) = seat.handle {
                self.keep_ended(handle);
            }
        }
    }

    /// Keeps a thread for whoever ends the pool; one that ends by itself is let go.
    fn keep_ended(&mut self, handle: JoinHandle<()>) {
        if self.refusal.is_some() {
            self.ended.push(handle);
        }
    }

    /// Takes no more jobs; gives the idle workers, who are to be roused so that they leave.
    #[must_use]
    pub(crate) fn close(&mut self, why: Refusal) -> Vec<Thread> {
        self.refusal.get_or_insert(why);
        let mut roused = Vec::new();
        for index in std::mem::take(&mut self.idle) {
            roused.extend(self.call_in(index));
        }
        roused
    }

    /// Takes all waiting jobs out, to be refused after the lock is released.
    #[must_use]
    pub(crate) fn give_up_waiting(&mut self) -> Vec<Arc<dyn Run>> {
        self.jobs.drain(..).collect()
    }

    /// The last act of a worker whose initializer failed: nothing can run here any more.
    #[must_use]
    pub(crate) fn fail(&mut self, id: SeatId, why: Refusal) -> (Vec<Arc<dyn Run>>, Vec<Thread>) {
        let roused = self.close(why);
        self.coming -= 1;
        self.vacate(id);
        (self.give_up_waiting(), roused)
    }

    /// Workers that have nothing to do.
    pub(crate) fn idle(&self) -> usize {
        self.idle.len()
    }

    /// Workers that have not left.
    pub(crate) fn alive(&self) -> usize {
        self.alive
    }

    /// The jobs that run, with the time at which they were started, in the order of their seats.
    pub(crate) fn running(&self) -> impl Iterator<Item = (&'static str, Tick)> {
        self.seats.iter().flatten().filter_map(|seat| match seat.phase {
            Phase::Running { job, since } => Some((job, since)),
            Phase::Coming(_) | Phase::Idle { .. } => None,
        })
    }

    /// The threads that have left since the pool was closed.
    #[must_use]
    pub(crate) fn take_ended(&mut self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut self.ended)
    }
}

#[cfg(test)]
mod tests;
