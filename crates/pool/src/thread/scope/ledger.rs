//! The books of one scope: which of its jobs wait, how many run, which panics nobody has taken.
//!
//! Three kinds of threads take jobs off the same queue, each job once: a worker of the pool that has a
//! ticket takes the oldest, whoever joins a job takes that one, and whoever leaves the scope takes all
//! that are left. So no job needs a thread of the pool to get done, and a scope ends even if every
//! ticket waits behind the thread that leaves it.
//!
//! **Invariant.** A task is in `waiting`, or counted in `running` until it has been consumed. When
//! [`Ledger::leave`] returns there is none of either, and none can come: only a task of the scope or
//! its body could add one.

use crate::job::{Refusal, Run};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;

/// A job without its types. It does not unwind, and what it owned is gone when it returns.
pub(super) type Task = Box<dyn FnOnce(&Ledger, Number) + Send>;

/// Counts the jobs of one scope.
pub(super) type Number = usize;

/// What a scope, its tickets and its handles share. It is its own ticket.
pub(super) struct Ledger {
    books: Mutex<Books>,
    /// Rung when somebody who waits may have to look.
    changed: Condvar,
    /// The name of the tickets: the path of the scope's body.
    name: &'static str,
}

#[derive(Default)]
struct Books {
    /// In the order of their submission, without gaps in their numbers; `None` was taken by a join.
    waiting: VecDeque<Option<Task>>,
    /// The number of the first of them.
    first: Number,
    running: usize,
    /// Threads that wait for one job.
    joining: usize,
    /// Whether the scope's own thread waits for its end.
    leaving: bool,
    /// Jobs that panicked and were not joined, with what is to be said about them.
    panics: Vec<(Number, String)>,
}

impl Books {
    fn take_first(&mut self) -> Option<(Number, Task)> {
        while let Some(task) = self.waiting.pop_front() {
            self.first += 1;
            if let Some(task) = task {
                self.running += 1;
                return Some((self.first - 1, task));
            }
        }
        None
    }

    fn take(&mut self, number: Number) -> Option<Task> {
        let task = self.waiting.get_mut(number.checked_sub(self.first)?)?.take()?;
        self.running += 1;
        Some(task)
    }
}

impl Ledger {
    pub(super) fn new(name: &'static str) -> Self {
        Self { books: Mutex::default(), changed: Condvar::new(), name }
    }

    /// Adds a task; it has not started.
    pub(super) fn add(&self, task: Task) -> Number {
        let mut books = self.books.lock();
        books.waiting.push_back(Some(task));
        let number = books.first + books.waiting.len() - 1;
        let leaving = books.leaving;
        drop(books);
        if leaving {
            // A running job has added one, and perhaps no worker ever comes for it.
            self.changed.notify_all();
        }
        number
    }

    /// Runs a task that was taken, outside of the lock.
    fn run(&self, number: Number, task: Task) {
        task(self, number);
        let mut books = self.books.lock();
        books.running -= 1;
        let look = books.joining > 0 || (books.leaving && books.running == 0);
        drop(books);
        if look {
            self.changed.notify_all();
        }
    }

    /// Returns when the job with this number has a result: runs it here if nobody has started it.
    pub(super) fn join(&self, number: Number, is_finished: impl Fn() -> bool) {
        let mut books = self.books.lock();
        if let Some(task) = books.take(number) {
            drop(books);
            return self.run(number, task);
        }
        books.joining += 1;
        self.changed.wait_while(&mut books, |_| !is_finished());
        books.joining -= 1;
    }

    /// Runs what nobody has started, and returns when nothing is left and nothing runs.
    pub(super) fn leave(&self) {
        let mut books = self.books.lock();
        loop {
            if let Some((number, task)) = books.take_first() {
                drop(books);
                self.run(number, task);
                books = self.books.lock();
            } else if books.running > 0 {
                books.leaving = true;
                self.changed.wait(&mut books);
                books.leaving = false;
            } else {
                return;
            }
        }
    }

    /// Writes a panic down, until somebody takes it; before the job counts as finished.
    pub(super) fn note_panic(&self, number: Number, what: String) {
        self.books.lock().panics.push((number, what));
    }

    /// The panic of this job was handed over.
    pub(super) fn strike_panic(&self, number: Number) {
        self.books.lock().panics.retain(|(other, _)| *other != number);
    }

    /// The panics that nobody has taken, in the order in which they happened.
    pub(super) fn take_panics(&self) -> Vec<String> {
        let panics = std::mem::take(&mut self.books.lock().panics);
        panics.into_iter().map(|(_, what)| what).collect()
    }
}

/// A ticket of the pool: good for one job that nobody has started, if there is one.
impl Run for Ledger {
    fn run(&self) {
        let taken = self.books.lock().take_first();
        if let Some((number, task)) = taken {
            Self::run(self, number, task);
        }
    }

    /// Nothing is lost with a ticket: who leaves the scope runs what is left.
    fn refuse(&self, _why: Refusal) {}

    fn name(&self) -> &'static str {
        self.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::sync::mpsc::{Sender, channel};
    use std::thread::{self, Builder, Scope, ScopedJoinHandle};

    /// Adds a job that ends when it is told to, and has a thread start it.
    fn start<'s>(
        ledger: &'s Ledger,
        threads: &'s Scope<'s, '_>,
        ended: &Arc<AtomicBool>,
    ) -> (Number, Sender<()>) {
        let ((go, gate), (tell, started)) = (channel::<()>(), channel());
        let ended = Arc::clone(ended);
        let number = ledger.add(Box::new(move |_, _| {
            let told = tell.send(());
            let _ = (told, gate.recv());
            ended.store(true, SeqCst);
        }));
        let worker = Builder::new().spawn_scoped(threads, || Run::run(ledger));
        worker.expect("the system has a thread for us");
        started.recv().expect("it starts");
        (number, go)
    }

    /// Has a thread join a job, and returns when it waits.
    fn join<'s>(
        ledger: &'s Ledger,
        threads: &'s Scope<'s, '_>,
        number: Number,
        ended: &Arc<AtomicBool>,
    ) -> ScopedJoinHandle<'s, ()> {
        let (before, ended) = (ledger.books.lock().joining, Arc::clone(ended));
        let joins = move || ledger.join(number, || ended.load(SeqCst));
        let joiner = Builder::new().spawn_scoped(threads, joins);
        while ledger.books.lock().joining == before {
            thread::yield_now();
        }
        joiner.expect("the system has a thread for us")
    }

    #[test]
    fn of_several_who_wait_the_one_whose_job_has_ended_goes_on() {
        let ledger = &Ledger::new("test");
        let (long_ended, short_ended) = (Arc::default(), Arc::default());
        thread::scope(|threads| {
            let (long, let_long_go) = start(ledger, threads, &long_ended);
            let (short, let_short_go) = start(ledger, threads, &short_ended);
            let waits = join(ledger, threads, long, &long_ended);
            let goes_on = join(ledger, threads, short, &short_ended);
            drop(let_short_go);
            goes_on.join().unwrap();
            assert!(!waits.is_finished());
            drop(let_long_go);
            waits.join().unwrap();
        });
        ledger.leave();
        assert_eq!(ledger.books.lock().joining, 0);
    }
}
