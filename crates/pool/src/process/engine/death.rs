//! The end of a worker: who pays for it, and who does not notice.
//!
//! Only a job that had started is lost. What was on its way goes back to where it came from. A job on
//! whose arguments worker after worker dies is poison, and is given up.

use crate::clock::monotonic_nanos;
use crate::job::{JobError, WorkerExit, WorkerExitCause};
use crate::process::engine::alarms::Alarm;
use crate::process::engine::crew::{Boarded, Worker};
use crate::process::engine::key::WorkerKey;
use crate::process::engine::queue::Entry;
use crate::process::engine::state::Engine;
use crate::process::error::{StartError, StartPhase};
use crate::process::sys::Ended;
use crate::process::wire::status::Reason;
use std::time::Duration;

/// So many workers may die of reading one job.
const POISON: u32 = 5;

/// How often one looks for the end of a worker that has no descriptor for it.
const LOOK: u64 = 5_000_000;

const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

impl Engine {
    /// A worker may have ended.
    pub(super) fn process_event(&mut self, key: WorkerKey) {
        let Some(worker) = self.crew.get(key) else { return };
        if !worker.child.has_ended() {
            return;
        }
        // What it said before its end counts.
        self.read_all_replies(key);
        self.stderr_event(key);
        let Some(worker) = self.crew.remove(key) else { return };
        // Only an error of a job tells it, and it can be read only before the process is waited for.
        let is_told = !worker.on_board.is_empty();
        let cpu_time = is_told.then(|| worker.child.cpu_time()).flatten();
        self.deregister(&worker);
        self.alarms.remove(worker.patience);
        self.alarms.remove(worker.timeout);
        // Before it is waited for: then the number of its group may be used again.
        worker.child.kill_group();
        let ended = worker.child.wait();
        let death = self.death(&worker, ended, cpu_time);
        // One that was let go before it was ready has ended as it was asked to.
        let was_to_end = worker.is_let_go || worker.verdict.is_some();
        let is_failed_start = !worker.has_been_ready && !was_to_end;
        let why = is_failed_start.then(|| self.start_error(&worker, death));
        self.settle_board(worker, death);
        if let Some(why) = why {
            self.start_failed(why);
        }
    }

    /// Looks after a while whether this worker has ended.
    pub(super) fn look_again(&mut self, key: WorkerKey) {
        self.alarms.add(monotonic_nanos() + LOOK, Alarm::Look(key));
    }

    /// A worker takes too long to start, or to end after it was cut off.
    pub(super) fn out_of_patience(&mut self, key: WorkerKey) {
        let Some(worker) = self.crew.get(key) else { return };
        worker.is_late = worker.is_connected;
        worker.is_cut_off = !worker.is_connected;
        worker.child.kill();
    }

    /// How it died, and why, as far as one can tell.
    fn death(&mut self, worker: &Worker, ended: Ended, cpu_time: Option<Duration>) -> WorkerExit {
        let mut death = match ended {
            Ended::Exit(code) => WorkerExit::exited(code),
            Ended::Signal(signal) => WorkerExit::signalled(signal),
            Ended::Unknown => WorkerExit::unknown(),
        };
        death = death.of_process(worker.child.id());
        if let Some(cpu_time) = cpu_time {
            death = death.after(cpu_time);
        }
        let is_killed = ended == Ended::Signal(SIGKILL);
        let kernel_kills = is_killed && self.kernel_kills.has_moved();
        let cause = match (worker.status.reason(), ended) {
            _ if worker.wrote_garbage => Some(WorkerExitCause::Protocol),
            (Reason::StackOverflow, _) => Some(WorkerExitCause::StackOverflow),
            (Reason::LostConnection, _) => Some(WorkerExitCause::LostConnection),
            // On a busy machine one that died of something else may have been killed while it ended.
            (_, Ended::Signal(SIGKILL)) if worker.is_cut_off => {
                Some(WorkerExitCause::LostConnection)
            }
            (_, Ended::Signal(SIGABRT)) if worker.tail.is_out_of_memory() => {
                Some(WorkerExitCause::OutOfMemory)
            }
            (_, Ended::Signal(SIGKILL)) if kernel_kills && worker.verdict.is_none() => {
                Some(WorkerExitCause::KernelOutOfMemory)
            }
            (_, Ended::Signal(SIGXCPU)) => Some(WorkerExitCause::CpuLimit),
            _ => None,
        };
        match cause {
            Some(cause) => death.because(cause),
            None => death,
        }
    }

    /// What a worker that ended before it was ready has to say.
    fn start_error(&mut self, worker: &Worker, death: WorkerExit) -> StartError {
        let advice = "is this program able to be a worker? See `builder().worker_command()`";
        let limit = self.settings.start_timeout;
        let (phase, message) = match &worker.refusal {
            Some(refusal) if worker.has_greeted => (StartPhase::Initializer, refusal.clone()),
            Some(refusal) => (StartPhase::Handshake, refusal.clone()),
            None if worker.has_greeted && worker.is_late => (
                StartPhase::Initializer,
                format!("the initializer took longer than the {limit:?} of `start_timeout`"),
            ),
            None if worker.has_greeted => {
                (StartPhase::Initializer, format!("the worker {death} in the initializer"))
            }
            None if worker.is_late => {
                let late =
                    format!("the process did not answer in time, {limit:?} by `start_timeout`");
                (StartPhase::Handshake, format!("{late}; {advice}"))
            }
            None => (
                StartPhase::Handshake,
                format!("the process {death} before it said a word; {advice}"),
            ),
        };
        if phase == StartPhase::Handshake {
            // Where the link does not lead to the program its path may, and the other way round.
            self.by_path = !self.by_path;
        }
        StartError::new(phase, message).with_stderr(worker.tail.text())
    }

    /// Decides what becomes of each job that the worker had on board.
    fn settle_board(&mut self, mut worker: Box<Worker>, death: WorkerExit) {
        let mut verdict = worker.verdict.take();
        let tail = worker.tail.text();
        let (mut is_first, mut back) = (true, Vec::new());
        // The page of one that wrote garbage may be garbage, too, and hide that a job was looked at.
        let has_raved = worker.wrote_garbage && worker.has_been_ready;
        for Boarded { sequence, mut entry } in std::mem::take(&mut worker.on_board) {
            // More than one only if what came in between was garbage.
            let is_hidden = worker.hidden_start == Some(sequence);
            let started = is_hidden || worker.status.has_started(sequence);
            let is_read = has_raved || worker.status.reading() == sequence;
            let read = is_first && is_read;
            is_first = false;
            let condemned = verdict.take_if(|(condemned, _)| *condemned == sequence);
            if let Some((_, error)) = condemned {
                self.finish(entry, Err(error));
            } else if started {
                // If it is to run again it keeps its place before those that came after it.
                back.extend(self.lost(entry, death, &tail));
            } else if let Some(why) = worker.refusal.as_ref().filter(|_| worker.has_been_ready) {
                // The worker does not know its function.
                let error = JobError::not_started(entry.cell.name(), why.clone());
                self.finish(entry, Err(error));
                worker.refusal = None;
            } else {
                entry.deaths += u32::from(read);
                if entry.deaths >= POISON {
                    let death = death.because(WorkerExitCause::Poison { tries: entry.deaths });
                    let error = JobError::worker_exited(entry.cell.name(), death, tail.clone());
                    self.finish(entry, Err(error));
                } else {
                    back.push(entry);
                }
            }
        }
        self.put_back(back);
    }

    /// A job has died with its worker; gives it back if it is to run again.
    fn lost(&mut self, mut entry: Entry, death: WorkerExit, tail: &str) -> Option<Entry> {
        let is_wanted = entry.cell.is_wanted() || entry.cell.treatment.detached;
        if entry.retries > 0 && !self.gives_up_waiting() && is_wanted {
            entry.retries -= 1;
            return Some(entry);
        }
        let error = JobError::worker_exited(entry.cell.name(), death, tail);
        self.finish(entry, Err(error));
        None
    }

    /// Puts jobs back that have not started, or are to start again, in their order.
    fn put_back(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().rev() {
            if self.gives_up_waiting() {
                let error = JobError::shut_down(entry.cell.name());
                self.finish(entry, Err(error));
            } else {
                self.queue.push_front(entry);
            }
        }
    }
}
