//! Jobs that are stopped: their future is gone, or their time is over.

use crate::clock::monotonic_nanos;
use crate::job::JobError;
use crate::process::cell::{Cell, Whereabouts};
use crate::process::engine::alarms::Alarm;
use crate::process::engine::crew::{Stage, Worker};
use crate::process::engine::key::WorkerKey;
use crate::process::engine::state::Engine;
use std::sync::Arc;

/// How often one looks at most whether a job has started, in nanoseconds.
const A_WHILE: u64 = 1_000_000;

impl Engine {
    /// Nobody waits for this job any more: it is taken back, or killed with its worker.
    pub(crate) fn cancel(&mut self, cell: &Cell) {
        self.stop(cell, JobError::cancelled);
    }

    /// This job must be done by now and is not.
    pub(super) fn deadline(&mut self, cell: Arc<Cell>) {
        if self.stop(&cell, JobError::timed_out) {
            let error = JobError::timed_out(cell.name());
            self.news.finish(cell, Err(error));
        }
    }

    /// Stops a job; returns whether it will never run. If it runs, `verdict` will be its outcome when it
    /// has ended.
    fn stop(&mut self, cell: &Cell, verdict: fn(&'static str) -> JobError) -> bool {
        match cell.whereabouts() {
            Whereabouts::Nowhere => false,
            Whereabouts::Queue => {
                self.queue.strike(cell);
                self.alarms.remove(cell.deadline_alarm());
                true
            }
            Whereabouts::Worker { index, sequence } => {
                let Some(key) = self.crew.at(index).map(|worker| worker.key) else { return false };
                if self.unboard(key, sequence) {
                    return true;
                }
                if self.isolate(key, sequence) {
                    self.kill(key, sequence, verdict(cell.name()));
                }
                false
            }
        }
    }

    /// Takes back a job that its worker has not started.
    fn unboard(&mut self, key: WorkerKey, sequence: u64) -> bool {
        let revoked = |worker: &mut Worker| worker.status.revoke(sequence);
        if !self.crew.get(key).is_some_and(revoked) {
            return false;
        }
        let Some(mut worker) = self.crew.remove(key) else { return true };
        worker.on_board.retain(|boarded| {
            let stays = boarded.sequence != sequence;
            if !stays {
                boarded.entry.cell.set_whereabouts(Whereabouts::Nowhere);
                self.alarms.remove(boarded.entry.cell.deadline_alarm());
            }
            stays
        });
        // Another may be the first now, or none.
        self.time_first(&mut worker);
        let is_ready = worker.stage != Stage::Starting;
        self.crew.insert(worker);
        if is_ready {
            self.has_nothing_to_do_if_empty(key);
        }
        true
    }

    /// Takes back what this worker has not started, so that its end costs nobody but the job with this
    /// sequence; returns whether that is still on board.
    fn isolate(&mut self, key: WorkerKey, sequence: u64) -> bool {
        let count = self.crew.get(key).map_or(0, |worker| worker.on_board.len());
        self.take_back(key, count);
        // Its answer may be here already, and then another has perhaps started.
        self.read_all_replies(key);
        let first = self.crew.get(key).and_then(|worker| worker.on_board.front());
        first.is_some_and(|first| first.sequence == sequence)
    }

    /// Ends a worker for the sake of one of its jobs.
    pub(super) fn kill(&mut self, key: WorkerKey, sequence: u64, verdict: JobError) {
        let Some(worker) = self.crew.get(key) else { return };
        if worker.verdict.is_none() {
            worker.verdict = Some((sequence, verdict));
        }
        worker.stage = Stage::Dying;
        worker.child.kill();
    }

    /// The first job on board of this worker may have had its time.
    pub(super) fn timeout(&mut self, key: WorkerKey) {
        if let Some(worker) = self.crew.get(key) {
            worker.timeout = None;
        }
        self.read_all_replies(key);
        let Some(worker) = self.crew.get(key) else { return };
        let Some(first) = worker.on_board.front() else { return };
        let Some(timeout) = first.entry.cell.treatment.timeout else { return };
        let (sequence, name) = (first.sequence, first.entry.cell.name());
        let now = monotonic_nanos();
        // What the page says may be anything, but never later than now.
        let started = worker.status.started_at().min(now);
        let over_at = match worker.status.has_started(sequence) {
            true => started.saturating_add(timeout),
            // However little time it has: until it starts there is nothing to be done.
            false => now.saturating_add(timeout.max(A_WHILE)),
        };
        if over_at <= now {
            if self.isolate(key, sequence) {
                self.kill(key, sequence, JobError::timed_out(name));
            }
            return;
        }
        let former = worker.timeout.replace(self.alarms.add(over_at, Alarm::Timeout(key)));
        self.alarms.remove(former);
    }
}
