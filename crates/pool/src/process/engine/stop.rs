//! Jobs that are stopped: their future is gone, or their time is over.

use crate::clock::monotonic_nanos;
use crate::process::cell::{Cell, Whereabouts};
use crate::process::engine::alarms::Alarm;
use crate::process::engine::crew::Stage;
use crate::process::engine::key::WorkerKey;
use crate::process::engine::state::Engine;
use asyncio_core::JobError;
use std::sync::Arc;

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
                true
            }
            Whereabouts::Worker { index, sequence } => {
                let Some(key) = self.crew.at(index).map(|worker| worker.key) else { return false };
                if self.unboard(key, sequence) {
                    return true;
                }
                // Its answer may be here already.
                self.read_replies(key);
                if cell.whereabouts() == (Whereabouts::Worker { index, sequence }) {
                    self.kill(key, sequence, verdict(cell.name()));
                }
                false
            }
        }
    }

    /// Takes back a job that its worker has not started.
    fn unboard(&mut self, key: WorkerKey, sequence: u64) -> bool {
        let Some(worker) = self.crew.get(key) else { return false };
        if !worker.status.revoke(sequence) {
            return false;
        }
        worker.on_board.retain(|boarded| {
            let stays = boarded.sequence != sequence;
            if !stays {
                boarded.entry.cell.set_whereabouts(Whereabouts::Nowhere);
                self.alarms.remove(boarded.entry.deadline);
            }
            stays
        });
        true
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
        self.read_replies(key);
        let Some(worker) = self.crew.get(key) else { return };
        worker.timeout = None;
        let Some(first) = worker.on_board.front() else { return };
        let Some(timeout) = first.entry.cell.treatment.timeout else { return };
        let sequence = first.sequence;
        let now = monotonic_nanos();
        // What the page says may be anything, but never later than now.
        let started = worker.status.started_at().min(now);
        let over_at = match worker.status.has_started(sequence) {
            true => started.saturating_add(timeout),
            false => now.saturating_add(timeout),
        };
        if over_at <= now {
            let verdict = JobError::timed_out(first.entry.cell.name());
            return self.kill(key, sequence, verdict);
        }
        let alarm = self.alarms.add(over_at, Alarm::Timeout(key));
        if let Some(worker) = self.crew.get(key) {
            worker.timeout = Some(alarm);
        }
    }
}
