//! [`Lookups`]: threads of their own for name lookups, so that nothing else waits behind them.
//!
//! `getaddrinfo` blocks, for ten seconds and more where a name server does not answer, and cannot be taken
//! back. So at most [`AWAITED`] lookups that somebody waits for run at a time; whoever is dropped in the
//! queue never runs, and one that is dropped while it runs gives its place away and keeps its thread, of
//! which there are at most [`THREADS`]. No run of a loop waits for these threads at its end.
//!
//! A place that is given away is offered to the first in the queue by a wake. The lookup is started when
//! that one is polled, not at once: if hundreds are dropped one after the other, none is started that is
//! dropped next.
//!
//! The lock guards the books alone: functions run, jobs and wakers are dropped and woken after it.

use asyncio_core::promise::{Promise, Resolver, promise};
use asyncio_core::wake_batch::{drop_foreign, wake};
use asyncio_pool::{ThreadJob, ThreadPoolExecutor};
use asyncio_reactor::process_id;
use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::io;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Lookups that run at a time and are waited for.
const AWAITED: usize = 16;
/// Threads in all, those of lookups that nobody waits for any more included.
const THREADS: usize = 128;

type Work = Box<dyn FnOnce() + Send>;

/// The lookups of a process.
pub(crate) struct Lookups {
    pool: ThreadPoolExecutor,
    books: Mutex<Books>,
    /// In the child of a fork there are no threads, so it makes its own.
    process: u32,
}

#[derive(Default)]
struct Books {
    last_id: u64,
    /// In the order of the calls, and so of their ids.
    queued: VecDeque<Queued>,
    running: BTreeMap<u64, Running>,
    /// How many run that nobody waits for any more.
    abandoned: usize,
}

struct Queued {
    id: u64,
    work: Work,
    waker: Option<Waker>,
}

/// A lookup that was given to the pool and is waited for.
#[derive(Default)]
struct Running {
    /// Dropping it takes the job back if no thread has begun it.
    job: Option<ThreadJob<()>>,
    is_begun: bool,
}

impl Books {
    fn has_room(&self) -> bool {
        self.running.len() < AWAITED && self.running.len() + self.abandoned < THREADS
    }

    /// Whom to offer a place that has become free.
    fn next_waker(&mut self) -> Option<Waker> {
        if self.has_room() { self.queued.front_mut()?.waker.take() } else { None }
    }

    fn queued(&mut self, id: u64) -> Option<&mut Queued> {
        let index = self.queued.binary_search_by_key(&id, |queued| queued.id).ok()?;
        self.queued.get_mut(index)
    }
}

impl Lookups {
    /// Those of this process.
    pub(crate) fn current() -> Arc<Self> {
        static CURRENT: Mutex<Option<Arc<Lookups>>> = Mutex::new(None);
        let mut current = CURRENT.lock();
        if let Some(lookups) = current.as_ref().filter(|lookups| lookups.process == process_id()) {
            return Arc::clone(lookups);
        }
        let lookups = Arc::new(Self::new());
        let former = current.replace(Arc::clone(&lookups));
        // The parent's, in the child of a fork: nothing of it may be locked or ended here.
        let _of_the_parent = ManuallyDrop::new(former);
        lookups
    }

    fn new() -> Self {
        let pool = ThreadPoolExecutor::builder().max_workers(THREADS).thread_name("lookup").build();
        Self { pool, books: Mutex::default(), process: process_id() }
    }

    /// Begins `find` now if there is room, else when there is.
    pub(crate) fn begin<R: Send + 'static>(
        self: Arc<Self>,
        find: impl FnOnce() -> R + Send + 'static,
    ) -> Lookup<R> {
        let (answer, resolver): (Promise<R>, Resolver<R>) = promise();
        let work = Box::new(move || {
            // Whoever asked may be gone.
            let _unheard = resolver.resolve(find());
        });
        let mut books = self.books();
        books.last_id += 1;
        let id = books.last_id;
        books.queued.push_back(Queued { id, work, waker: None });
        drop(books);
        self.start();
        Lookup { lookups: self, id, answer }
    }

    /// Gives the first in the queue to the pool, while there is room.
    fn start(self: &Arc<Self>) {
        loop {
            let mut books = self.books();
            let Some(queued) = Some(&mut *books)
                .filter(|books| books.has_room())
                .and_then(|books| books.queued.pop_front())
            else {
                return;
            };
            books.running.insert(queued.id, Running::default());
            drop(books);
            drop_foreign(queued.waker);
            let (id, lookups) = (queued.id, Arc::clone(self));
            let work = queued.work;
            let job = self.pool.submit(move |()| lookups.run(id, work), ());
            let mut books = self.books();
            let unused = match books.running.get_mut(&id) {
                Some(running) => running.job.replace(job),
                None => Some(job),
            };
            drop(books);
            drop(unused);
        }
    }

    /// On a thread of the pool.
    fn run(self: Arc<Self>, id: u64, work: Work) {
        match self.books().running.get_mut(&id) {
            Some(running) => running.is_begun = true,
            // Dropped on its way here.
            None => return,
        }
        work();
        let mut books = self.books();
        let ended = books.running.remove(&id);
        if ended.is_none() {
            books.abandoned -= 1;
        }
        drop(books);
        drop(ended);
        self.start();
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock()
    }
}

/// A lookup on its way. Dropping it takes it back, or lets it end unheard.
pub(crate) struct Lookup<R> {
    lookups: Arc<Lookups>,
    id: u64,
    answer: Promise<R>,
}

impl<R> Future for Lookup<R> {
    type Output = io::Result<R>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { lookups, id, answer } = self.get_mut();
        let waker = cx.waker().clone();
        let replaced = match lookups.books().queued(*id) {
            Some(queued) => queued.waker.replace(waker),
            None => Some(waker),
        };
        drop_foreign(replaced);
        lookups.start();
        // Broken only if the pool could start no thread at all.
        Pin::new(answer).poll(cx).map_err(io::Error::other)
    }
}

impl<R> Drop for Lookup<R> {
    fn drop(&mut self) {
        let mut books = self.lookups.books();
        let queued = books.queued.binary_search_by_key(&self.id, |queued| queued.id);
        let queued = queued.ok().and_then(|index| books.queued.remove(index));
        let running = books.running.remove(&self.id);
        if running.as_ref().is_some_and(|running| running.is_begun) {
            books.abandoned += 1;
        }
        let next = books.next_waker();
        drop(books);
        drop(running);
        if let Some(queued) = queued {
            drop(queued.work);
            drop_foreign(queued.waker);
        }
        if let Some(next) = next {
            wake(next);
        }
    }
}

impl<R> fmt::Debug for Lookup<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// A lookup that ends when it is told to.
    struct Slow {
        lookup: Lookup<usize>,
        begun: Receiver<()>,
        end: Sender<()>,
    }

    fn slow(lookups: &Arc<Lookups>, number: usize) -> Slow {
        let ((begin, begun), (end, ended)) = (channel(), channel());
        let lookup = Arc::clone(lookups).begin(move || {
            // The other ends may be gone, and then there is nobody to wait for.
            let _told = begin.send(());
            let _told = ended.recv();
            number
        });
        Slow { lookup, begun, end }
    }

    /// S-66.
    #[test]
    fn abandoned_lookups_hold_nobody_up_and_queued_ones_are_taken_back() {
        let lookups = Arc::new(Lookups::new());
        let many: Vec<_> = (0..300).map(|number| slow(&lookups, number)).collect();
        // As many as may run have begun.
        many[..AWAITED].iter().for_each(|slow| slow.begun.recv().expect("it begins"));
        let (mut ends, mut begins) = (Vec::new(), Vec::new());
        for Slow { lookup, begun, end } in many {
            drop(lookup);
            ends.push(end);
            begins.push(begun);
        }
        assert_eq!(lookups.books().abandoned, AWAITED);
        let quick = Arc::clone(&lookups).begin(|| "found");
        assert_eq!(block_on(quick).expect("an answer"), "found");
        for begun in &begins[AWAITED..] {
            begun.recv().expect_err("those in the queue are dropped and never begin");
        }
        drop(ends);
    }

    #[test]
    fn a_place_that_is_given_away_goes_to_the_first_in_the_queue() {
        let lookups = Arc::new(Lookups::new());
        let mut running: Vec<_> = (0..AWAITED).map(|number| slow(&lookups, number)).collect();
        running.iter().for_each(|slow| slow.begun.recv().expect("it begins"));
        let (first, second) = (slow(&lookups, 100), slow(&lookups, 101));
        let given_up = running.pop().expect("there are some");
        drop(given_up.lookup);
        // The first is woken by that, and only a poll starts it.
        first.end.send(()).expect("it will hear");
        assert_eq!(block_on(first.lookup).expect("an answer"), 100);
        // Whose end starts the second, polled or not.
        second.begun.recv().expect("it begins");
        drop(given_up.end);
    }

    #[test]
    fn there_is_an_end_to_threads_for_lookups_that_nobody_awaits() {
        let lookups = Arc::new(Lookups::new());
        let mut ends = Vec::new();
        for number in 0..THREADS {
            let slow = slow(&lookups, number);
            slow.begun.recv().expect("it begins");
            drop(slow.lookup);
            ends.push(slow.end);
        }
        let mut waiting = Arc::clone(&lookups).begin(|| ());
        let mut context = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut waiting).poll(&mut context).is_pending());
        assert_eq!(lookups.books().queued.len(), 1);
        ends.pop();
        block_on(waiting).expect("a thread has become free");
    }

    #[test]
    fn an_answer_leaves_nothing_behind() {
        let lookups = Arc::new(Lookups::new());
        for number in 0..100 {
            let lookup = Arc::clone(&lookups).begin(move || number);
            assert_eq!(block_on(lookup).expect("an answer"), number);
        }
        lookups.pool.shutdown(asyncio_pool::Shutdown::Drain);
        let books = lookups.books();
        assert_eq!((books.queued.len(), books.running.len(), books.abandoned), (0, 0, 0));
    }
}
