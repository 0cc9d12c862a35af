//! The workers of a pool, as it sees them.

use crate::job::JobError;
use crate::process::engine::alarms::AlarmKey;
use crate::process::engine::key::WorkerKey;
use crate::process::engine::queue::Entry;
use crate::process::engine::tail::Tail;
use crate::process::sys::Child;
use crate::process::wire::reader::Reader;
use crate::process::wire::status::{SLOTS, Status};
use crate::process::wire::writer::Writer;
use rustix::fd::OwnedFd;
use std::collections::VecDeque;

/// How far a worker is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// It was started and has not said that it can take jobs.
    Starting,
    Ready,
    /// It finishes what it has started, and gets nothing more.
    Retiring,
    /// It was killed, and its end is awaited.
    Dying,
}

/// A job that was sent to a worker.
#[derive(Debug)]
pub(crate) struct Boarded {
    pub(crate) sequence: u64,
    pub(crate) entry: Entry,
}

/// A worker process.
pub(crate) struct Worker {
    pub(crate) key: WorkerKey,
    pub(crate) child: Child,
    pub(crate) connection: OwnedFd,
    /// Whether the connection is still any good.
    pub(crate) is_connected: bool,
    pub(crate) stderr: Option<OwnedFd>,
    pub(crate) tail: Tail,
    pub(crate) status: Status,
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    /// Whether the poller tells when the connection takes more.
    pub(crate) awaits_room: bool,
    pub(crate) stage: Stage,
    /// Whether it has said that it is the right program.
    pub(crate) has_greeted: bool,
    /// Whether it could ever take jobs.
    pub(crate) has_been_ready: bool,
    /// Whether it was told to go.
    pub(crate) is_let_go: bool,
    /// Whether something came from it that is no message.
    pub(crate) wrote_garbage: bool,
    /// The job that it has answered though its page says that it has not started.
    pub(crate) hidden_start: Option<u64>,
    /// Whether it took too long to start.
    pub(crate) is_late: bool,
    /// Whether it was killed because it had closed its connection.
    pub(crate) is_cut_off: bool,
    /// What it said when it found that it cannot work.
    pub(crate) refusal: Option<String>,
    /// The jobs it was sent and has not answered, in their order.
    pub(crate) on_board: VecDeque<Boarded>,
    /// The sequence of the next job.
    pub(crate) next: u64,
    /// The sequence of the last answer.
    pub(crate) answered: u64,
    /// The pool's functions that it knows, under its own numbers.
    pub(crate) known: Vec<usize>,
    pub(crate) tasks: u64,
    /// How many it may have, what is on board included.
    pub(crate) most_tasks: Option<u64>,
    /// Why it is killed, and whom that concerns.
    pub(crate) verdict: Option<(u64, JobError)>,
    /// When its first job has had its time.
    pub(crate) timeout: Option<AlarmKey>,
    /// When it has been starting, idle or ending for too long.
    pub(crate) patience: Option<AlarmKey>,
}

impl Worker {
    /// Whether it takes one more job now.
    pub(crate) fn has_room(&self) -> bool {
        // Slots are used again. Those of jobs that were taken back on the way are not free before the
        // worker has passed them, and that of a job it has done not before the reply was read.
        // What the page says may be anything.
        let unread = self.on_board.front().map_or(self.next, |first| first.sequence);
        let taken = self.status.taken().min(unread - 1).max(self.answered);
        let fits = self.next - taken < SLOTS;
        let lasts =
            self.most_tasks.is_none_or(|most| self.tasks + (self.on_board.len() as u64) < most);
        let fits = fits && lasts;
        match self.stage {
            Stage::Starting => self.on_board.is_empty() && fits,
            Stage::Ready => fits,
            Stage::Retiring | Stage::Dying => false,
        }
    }

    /// Whether it counts among the pool's workers.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.stage, Stage::Starting | Stage::Ready)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.stage == Stage::Ready && self.on_board.is_empty()
    }
}

/// The workers of a pool.
#[derive(Default)]
pub(crate) struct Crew {
    places: Vec<Option<Box<Worker>>>,
    generation: u32,
}

impl Crew {
    /// A key for a worker that is about to come.
    pub(crate) fn next_key(&mut self) -> Option<WorkerKey> {
        let free = self.places.iter().position(Option::is_none);
        let index = free.unwrap_or(self.places.len());
        self.generation = self.generation.wrapping_add(1);
        Some(WorkerKey::new(u16::try_from(index).ok()?, self.generation))
    }

    pub(crate) fn insert(&mut self, worker: Box<Worker>) {
        let index = usize::from(worker.key.index);
        if index == self.places.len() {
            self.places.push(None);
        }
        self.places[index] = Some(worker);
    }

    pub(crate) fn get(&mut self, key: WorkerKey) -> Option<&mut Worker> {
        let worker = self.places.get_mut(usize::from(key.index))?.as_deref_mut()?;
        (worker.key == key).then_some(worker)
    }

    /// Whoever is in this place now.
    pub(crate) fn at(&mut self, index: u16) -> Option<&mut Worker> {
        self.places.get_mut(usize::from(index))?.as_deref_mut()
    }

    pub(crate) fn remove(&mut self, key: WorkerKey) -> Option<Box<Worker>> {
        self.get(key)?;
        self.places[usize::from(key.index)].take()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Worker> {
        self.places.iter().flatten().map(|worker| &**worker)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Worker> {
        self.places.iter_mut().flatten().map(|worker| &mut **worker)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.iter().all(Option::is_none)
    }

    /// A worker that has nothing on board and takes something: one that is ready, if there is one.
    pub(crate) fn free(&self) -> Option<WorkerKey> {
        let free = self.iter().filter(|worker| worker.on_board.is_empty() && worker.has_room());
        free.min_by_key(|worker| worker.stage != Stage::Ready).map(|worker| worker.key)
    }

    /// How many there are, those on their way out included.
    pub(crate) fn len(&self) -> usize {
        self.iter().count()
    }

    /// How many workers count.
    pub(crate) fn active(&self) -> usize {
        self.iter().filter(|worker| worker.is_active()).count()
    }
}

impl std::fmt::Debug for Crew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|worker| (worker.key, worker.stage))).finish()
    }
}
