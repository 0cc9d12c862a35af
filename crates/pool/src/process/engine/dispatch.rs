//! Which worker gets which job, and when.
//!
//! A job goes to a worker that has nothing to do. If there is none, one more is to be started, and the job
//! is sent ahead to one that is busy with short jobs, so that the way there and back is hidden behind
//! them. Should that one turn out to be busy for long, the job is taken back as soon as another, perhaps
//! the new one, has nothing to do.

use crate::clock::monotonic_nanos;
use crate::process::cell::Whereabouts;
use crate::process::engine::alarms::Alarm;
use crate::process::engine::crew::{Boarded, Stage, Worker};
use crate::process::engine::key::{Part, WorkerKey};
use crate::process::engine::queue::Entry;
use crate::process::engine::state::Engine;
use crate::process::wire::frame::{Head, Kind};
use rustix::fd::AsFd;

impl Engine {
    /// Gives out what waits, and sends it.
    pub(super) fn dispatch(&mut self) {
        self.lacks_worker = self.starts_all && !self.is_ending() && self.may_launch();
        loop {
            self.give_out();
            if !self.steal() {
                break;
            }
        }
        self.flush();
    }

    fn give_out(&mut self) {
        while let Some(front) = self.queue.front() {
            let descriptor = front.cell.descriptor;
            let chunk = front.cell.treatment.chunk;
            let depth = self.functions.depth(descriptor, chunk);
            let (key, count) = match self.crew.free() {
                Some(key) => (key, 1),
                None => {
                    self.lacks_worker = self.lacks_worker || self.may_launch();
                    match self.least_loaded(depth) {
                        Some(found) => found,
                        None => break,
                    }
                }
            };
            for _ in 0..count {
                let Some(entry) = self.queue.pop() else { break };
                self.board(key, entry);
            }
        }
    }

    /// The worker that has the fewest jobs on board and room for more, and how many it should get.
    fn least_loaded(&self, depth: usize) -> Option<(WorkerKey, usize)> {
        let ready = || self.crew.iter().filter(|worker| worker.stage == Stage::Ready);
        let total = self.queue.len() + ready().map(|worker| worker.on_board.len()).sum::<usize>();
        // While there is enough for all, each is filled up at once; the rest is shared out evenly.
        let goal = depth.min(total.div_ceil(ready().count().max(1)));
        let worker = ready()
            .filter(|worker| worker.has_room() && worker.on_board.len() <= goal / 2)
            .min_by_key(|worker| worker.on_board.len())?;
        let count = goal.saturating_sub(worker.on_board.len());
        (count > 0).then_some((worker.key, count))
    }

    /// Sends a job on its way.
    fn board(&mut self, key: WorkerKey, entry: Entry) {
        let Some(mut worker) = self.crew.remove(key) else { return self.queue.push_front(entry) };
        if !worker.has_room() {
            self.crew.insert(worker);
            return self.queue.push_front(entry);
        }
        let sequence = worker.next;
        worker.next += 1;
        // A job is queued only if its function can be said.
        let number = self.introduce(&mut worker, entry.cell.descriptor).unwrap_or(u64::MAX);
        worker.status.queue(sequence);
        let length = entry.cell.arguments.len() as u64;
        let head = Head { kind: Kind::Job, length, sequence, extra: number };
        worker.writer.push_shared(head, &entry.cell);
        entry.cell.set_whereabouts(Whereabouts::Worker { index: key.index, sequence });
        worker.on_board.push_back(Boarded { sequence, entry });
        if worker.stage == Stage::Ready {
            self.alarms.remove(worker.patience.take());
        }
        if worker.on_board.len() == 1 {
            self.time_first(&mut worker);
        }
        self.crew.insert(worker);
    }

    /// The first job on board has become the first: its time may begin.
    pub(super) fn time_first(&mut self, worker: &mut Worker) {
        self.alarms.remove(worker.timeout.take());
        let first = worker.on_board.front();
        if let Some(timeout) = first.and_then(|first| first.entry.cell.treatment.timeout) {
            let at = monotonic_nanos().saturating_add(timeout);
            worker.timeout = Some(self.alarms.add(at, Alarm::Timeout(worker.key)));
        }
    }

    /// Takes unstarted jobs back from a worker for one that has nothing to do; returns whether any.
    fn steal(&mut self) -> bool {
        let takes_one = |worker: &Worker| worker.is_idle() && worker.has_room();
        if !self.queue.is_empty() || !self.crew.iter().any(takes_one) {
            return false;
        }
        let spare = |worker: &Worker| match worker.stage {
            Stage::Starting => worker.on_board.len(),
            Stage::Ready => worker.on_board.len().saturating_sub(1),
            // What they have not started goes back anyway.
            Stage::Retiring | Stage::Dying => 0,
        };
        let victim = self.crew.iter_mut().max_by_key(|worker| spare(worker));
        let Some(victim) = victim.filter(|worker| spare(worker) > 0) else { return false };
        let key = victim.key;
        let count = spare(victim).div_ceil(2);
        self.take_back(key, count) > 0
    }

    /// Takes up to `count` unstarted jobs back into the queue; returns how many it was.
    pub(super) fn take_back(&mut self, key: WorkerKey, count: usize) -> usize {
        for taken in 0..count {
            let Some(worker) = self.crew.get(key) else { return taken };
            let last = worker.on_board.back();
            if !last.is_some_and(|last| worker.status.revoke(last.sequence)) {
                return taken;
            }
            if let Some(last) = worker.on_board.pop_back() {
                self.queue.push_front(last.entry);
            }
        }
        count
    }

    /// Writes to each worker what it takes.
    fn flush(&mut self) {
        for worker in self.crew.iter_mut() {
            if worker.writer.is_empty() || !worker.is_connected {
                continue;
            }
            let all = worker.writer.flush(worker.connection.as_fd());
            // If the other side is gone, its end is on the way.
            let awaits_room = all.is_ok_and(|all| !all);
            if awaits_room != worker.awaits_room {
                worker.awaits_room = awaits_room;
                let key = worker.key.pack(Part::Connection);
                self.poller.also_writable(worker.connection.as_fd(), key, awaits_room);
            }
        }
    }
}
