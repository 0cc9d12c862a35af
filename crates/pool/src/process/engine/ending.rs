//! The end of a pool.

use crate::job::JobError;
use crate::process::engine::key::WorkerKey;
use crate::process::engine::state::Engine;
use crate::shutdown::Shutdown;
use std::mem::{replace, take};
use std::task::Waker;

impl Engine {
    /// Takes no more jobs. A second call can only be harsher than the first.
    pub(crate) fn shut_down(&mut self, how: Shutdown) {
        let harsher = |former| matches!((former, how), (Shutdown::Drain, _) | (_, Shutdown::Now));
        if self.ending.is_none_or(harsher) {
            self.ending = Some(how);
        }
        if self.gives_up_waiting() {
            self.give_up_waiting();
        }
        if self.ending == Some(Shutdown::Now) {
            self.kill_all();
        }
        self.call_next();
    }

    /// Whether jobs that have not started are not to be.
    pub(super) fn gives_up_waiting(&self) -> bool {
        self.ending.is_some_and(|how| how != Shutdown::Drain)
    }

    fn give_up_waiting(&mut self) {
        for key in self.keys() {
            let count = self.crew.get(key).map_or(0, |worker| worker.on_board.len());
            self.take_back(key, count);
        }
        while let Some(entry) = self.queue.pop() {
            let error = JobError::shut_down(entry.cell.name());
            self.finish(entry, Err(error));
        }
        self.news.cancel(take(&mut self.handed_over));
    }

    pub(super) fn kill_all(&mut self) {
        for key in self.keys() {
            // What has been answered is done, and nothing is left on board but what runs.
            self.read_all_replies(key);
            let Some(worker) = self.crew.get(key) else { continue };
            let first = worker.on_board.front();
            let (sequence, name) =
                first.map_or((0, ""), |first| (first.sequence, first.entry.cell.name()));
            self.kill(key, sequence, JobError::shut_down_midway(name));
        }
    }

    /// Lets workers go that have nothing more to do in a pool that ends.
    pub(super) fn let_go(&mut self) {
        if self.ending.is_none() {
            return;
        }
        if self.queue.is_empty() {
            for key in self.keys() {
                if self.crew.get(key).is_some_and(|worker| worker.on_board.is_empty()) {
                    self.retire(key);
                }
            }
        }
        if self.has_ended() {
            let all = take(&mut self.end);
            self.news.wake(all.into_iter().map(|(_, waker)| waker));
        }
    }

    /// Whether nothing of the pool is left.
    pub(crate) fn has_ended(&self) -> bool {
        let is_empty = self.queue.is_empty() && self.crew.is_empty() && !self.is_launching;
        self.ending.is_some() && is_empty
    }

    /// Has this waker called when nothing of the pool is left, instead of the one that was given under this
    /// ticket before; returns the ticket.
    pub(crate) fn at_end(&mut self, ticket: Option<u64>, waker: Waker) -> u64 {
        let known = self.end.iter_mut().find(|(number, _)| Some(*number) == ticket);
        if let Some((number, known)) = known {
            self.news.spend([replace(known, waker)]);
            return *number;
        }
        let ticket = self.next_ticket();
        self.end.push((ticket, waker));
        ticket
    }

    /// Calls nobody under this ticket.
    pub(crate) fn forget_end(&mut self, ticket: Option<u64>) {
        if let Some(place) = self.end.iter().position(|(number, _)| Some(*number) == ticket) {
            let (_, waker) = self.end.swap_remove(place);
            self.news.spend([waker]);
        }
    }

    /// Blocks until the killed workers have ended.
    pub(crate) fn bury_all(&mut self) {
        for key in self.keys() {
            if let Some(worker) = self.crew.get(key) {
                worker.child.wait_until_ended();
            }
            self.process_event(key);
        }
    }

    fn keys(&self) -> Vec<WorkerKey> {
        self.crew.iter().map(|worker| worker.key).collect()
    }
}
