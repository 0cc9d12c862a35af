//! What workers say.

use crate::clock::{after, monotonic_nanos};
use crate::job::JobError;
use crate::process::cell::Outcome;
use crate::process::engine::alarms::Alarm;
use crate::process::engine::crew::{Boarded, Stage, Worker};
use crate::process::engine::key::WorkerKey;
use crate::process::engine::state::Engine;
use crate::process::function::Descriptor;
use crate::process::sys::say_goodbye;
use crate::process::wire::frame::{Head, Kind};
use crate::process::wire::reader::Fill;
use crate::process::worker::panics;
use rustix::fd::AsFd;

/// How often a worker is read in one go; then the others have their turn.
const READS: usize = 16;

/// How long a worker that has closed its connection may take to end, before it is killed.
const LAST_WORDS: u64 = 200_000_000;
/// The same for one that had nothing to do and was told to end: its exit handlers run.
const LAST_RITES: u64 = 5_000_000_000;

impl Engine {
    /// Takes in what this worker has said so far, but for what is too much for one go; returns whether it
    /// was.
    fn read_replies(&mut self, key: WorkerKey) -> bool {
        for _ in 0..READS {
            let Some(worker) = self.crew.get(key) else { return false };
            if !worker.is_connected {
                return false;
            }
            let fill = worker.reader.fill(worker.connection.as_fd());
            loop {
                let Some(worker) = self.crew.get(key) else { return false };
                let makes_sense = match worker.reader.next() {
                    Ok(None) => break,
                    Ok(Some((head, payload))) => self.hear(key, head, payload),
                    Err(_) => false,
                };
                if !makes_sense {
                    self.garbage(key);
                    return false;
                }
            }
            match fill {
                Fill::Full => {}
                Fill::Short | Fill::Empty => return false,
                Fill::End => {
                    self.disconnected(key);
                    return false;
                }
            }
        }
        true
    }

    /// Takes in all that this worker has said so far, which has an end: it answers what is on board.
    pub(super) fn read_all_replies(&mut self, key: WorkerKey) {
        while self.read_replies(key) {}
    }

    /// Takes in one message; returns whether it makes sense.
    fn hear(&mut self, key: WorkerKey, head: Head, payload: Vec<u8>) -> bool {
        let Some(worker) = self.crew.get(key) else { return true };
        match head.kind {
            Kind::Hello => {
                worker.has_greeted = true;
                if self.settings.initializer.is_none() {
                    self.ready(key);
                }
                true
            }
            Kind::Refused => {
                worker.refusal = Some(String::from_utf8_lossy(&payload).into_owned());
                true
            }
            Kind::Value if head.sequence == 0 && worker.has_greeted => {
                self.ready(key);
                true
            }
            Kind::TooLarge if head.sequence == 0 => false,
            Kind::Panicked | Kind::BadArguments | Kind::BadResult if head.sequence == 0 => {
                worker.refusal = Some(initializer_failed(head.kind, &payload));
                true
            }
            Kind::Value
            | Kind::Panicked
            | Kind::BadArguments
            | Kind::BadResult
            | Kind::TooLarge => {
                let first = worker.on_board.front().map(|first| first.sequence);
                if first != Some(head.sequence) {
                    return false;
                }
                if !worker.status.has_started(head.sequence) {
                    // The page was written over. Whoever answers has run, and must not run again.
                    worker.hidden_start = first;
                    return false;
                }
                self.answer(key, head, payload)
            }
            // What follows from it is seen on the page.
            Kind::Skipped => true,
            Kind::Config | Kind::Define | Kind::Initialize | Kind::Job => false,
        }
    }

    /// The worker can take jobs.
    fn ready(&mut self, key: WorkerKey) {
        self.gate.succeeded();
        if let Some(worker) = self.crew.get(key)
            && worker.stage == Stage::Starting
        {
            worker.stage = Stage::Ready;
            worker.has_been_ready = true;
            let patience = worker.patience.take();
            self.alarms.remove(patience);
            self.has_nothing_to_do_if_empty(key);
        }
    }

    /// The first job on board is done.
    fn answer(&mut self, key: WorkerKey, head: Head, payload: Vec<u8>) -> bool {
        let Some(mut worker) = self.crew.remove(key) else { return true };
        let Some(Boarded { sequence, entry }) = worker.on_board.pop_front() else { return false };
        worker.answered = sequence;
        worker.tasks += 1;
        worker.tail.forget();
        self.functions.took(entry.cell.descriptor, head.extra);
        self.time_first(&mut worker);
        let is_idle = worker.on_board.is_empty();
        let is_spent = self.is_spent(&worker);
        self.crew.insert(worker);
        let outcome = outcome(entry.cell.descriptor, head.kind, payload);
        self.finish(entry, outcome);
        if is_spent {
            self.retire(key);
        } else if is_idle {
            self.has_nothing_to_do(key);
        }
        true
    }

    /// Whether a worker has served long enough.
    fn is_spent(&self, worker: &Worker) -> bool {
        let tasks = self.settings.max_tasks_per_child.is_some_and(|most| worker.tasks >= most);
        let memory =
            self.settings.max_memory_per_child.is_some_and(|most| worker.status.memory() > most);
        (tasks || memory) && worker.is_active()
    }

    /// A worker waits for its next job.
    fn has_nothing_to_do(&mut self, key: WorkerKey) {
        let Some(worker) = self.crew.get(key) else { return };
        if worker.stage == Stage::Retiring {
            say_goodbye(&worker.connection);
            // One that is still in its initializer has as long for that as ever.
            if worker.patience.is_none() {
                self.expect_end(key, LAST_RITES);
            }
        } else if let Some(patience) = self.settings.idle_timeout {
            let alarm = self.alarms.add(after(patience), Alarm::Idle(key));
            self.alarms.remove(worker.patience.replace(alarm));
        }
    }

    /// Has a worker killed if it takes longer than so many nanoseconds to end.
    fn expect_end(&mut self, key: WorkerKey, nanos: u64) {
        let Some(worker) = self.crew.get(key) else { return };
        let alarm = self.alarms.add(monotonic_nanos() + nanos, Alarm::Patience(key));
        self.alarms.remove(worker.patience.replace(alarm));
    }

    /// Lets a worker finish what it has started, and go.
    pub(super) fn retire(&mut self, key: WorkerKey) {
        let Some(worker) = self.crew.get(key) else { return };
        if !worker.is_active() {
            return;
        }
        if worker.stage == Stage::Ready {
            self.alarms.remove(worker.patience.take());
        }
        worker.stage = Stage::Retiring;
        worker.is_let_go = true;
        let count = worker.on_board.len();
        self.take_back(key, count);
        self.has_nothing_to_do_if_empty(key);
    }

    pub(super) fn has_nothing_to_do_if_empty(&mut self, key: WorkerKey) {
        if self.crew.get(key).is_some_and(|worker| worker.on_board.is_empty()) {
            self.has_nothing_to_do(key);
        }
    }

    /// The worker will never say anything again; usually its end is known a moment later.
    fn disconnected(&mut self, key: WorkerKey) {
        let Some(worker) = self.crew.get(key) else { return };
        worker.is_connected = false;
        // Otherwise the poller tells of it again and again.
        self.poller.delete(worker.connection.as_fd());
    }

    /// Something that is no message came from the worker: a job has written to the connection.
    fn garbage(&mut self, key: WorkerKey) {
        let Some(worker) = self.crew.get(key) else { return };
        worker.wrote_garbage = true;
        worker.stage = Stage::Dying;
        worker.child.kill();
        self.disconnected(key);
    }

    /// The connection has something, takes something, or has ended.
    pub(super) fn connection_event(&mut self, key: WorkerKey) {
        if self.read_replies(key) {
            self.go_on_soon();
        }
        let Some(worker) = self.crew.get(key) else { return };
        if !worker.is_connected && worker.stage != Stage::Dying {
            // It cannot be reached, so it is of no use, and its job may run for ever.
            // One that was told to go may still have something to write down.
            let goes = worker.stage == Stage::Retiring && worker.on_board.is_empty();
            let patience = if goes { LAST_RITES } else { LAST_WORDS };
            worker.stage = Stage::Dying;
            self.expect_end(key, patience);
        }
    }

    /// What the worker writes to standard error.
    pub(super) fn stderr_event(&mut self, key: WorkerKey) {
        use crate::process::settings::StderrPolicy;

        let forwards = self.settings.stderr == StderrPolicy::Forward;
        let Some(worker) = self.crew.get(key) else { return };
        let Some(stderr) = &worker.stderr else { return };
        let prefix = format!("[asyncio-pool/{}] ", key.index);
        let forward = forwards.then(|| self.news.stderr());
        let is_all = worker.tail.read(stderr.as_fd(), &prefix, forward);
        if worker.tail.is_closed() {
            self.poller.delete(stderr.as_fd());
        }
        if !is_all {
            self.go_on_soon();
        }
    }
}

fn outcome(descriptor: &'static Descriptor, kind: Kind, payload: Vec<u8>) -> Outcome {
    let name = descriptor.name();
    match kind {
        Kind::Value => Ok(payload),
        Kind::Panicked => {
            let (message, location, backtrace) = panics::from_bytes(&payload);
            Err(JobError::panicked_elsewhere(name, message, location, backtrace))
        }
        kind => {
            let why = String::from_utf8_lossy(&payload);
            Err(match kind {
                Kind::BadArguments => JobError::decode(name, descriptor.argument(), why),
                Kind::TooLarge => JobError::decode(name, descriptor.result(), why),
                _ => JobError::encode(name, descriptor.result(), why),
            })
        }
    }
}

fn initializer_failed(kind: Kind, payload: &[u8]) -> String {
    match kind {
        Kind::Panicked => {
            let (message, location, _) = panics::from_bytes(payload);
            format!("the initializer panicked at {location}: {message}")
        }
        Kind::BadResult => format!("the initializer failed: {}", String::from_utf8_lossy(payload)),
        _ => format!("the initializer was not called: {}", String::from_utf8_lossy(payload)),
    }
}
