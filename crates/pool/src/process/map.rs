//! [`Map`]: one function over many items.

use crate::job::JobError;
use crate::process::cell::Treatment;
use crate::process::drive::Pool;
use crate::process::engine::{AUTOMATIC, DEEPEST};
use crate::process::job::Job;
use crate::process::order::Order;
use futures_util::stream::{self, Fuse, FuturesUnordered, Iter, Stream, StreamExt};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How many items a worker is given at a time.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Chunk {
    /// As many as keep it busy for about two milliseconds, by what the last ones took: one if that was
    /// longer, or if nothing is known; at most 128.
    #[default]
    Auto,
    /// So many, at least one and at most 128.
    Exactly(usize),
}

/// The results of a function over many items, as a stream; made by
/// [`ProcessPoolExecutor::map`](crate::process::ProcessPoolExecutor::map).
///
/// Items are taken only as fast as results are, for each worker one chunk and the next. Results come one
/// by one, not by the chunk. A chunk is how much a worker has on board: should it die only the item that
/// it was at is lost, and what it has not started is taken by another that has nothing to do.
///
/// # Cancel safety
/// Dropping it cancels what is on its way.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Map<S, A, R> {
    items: Pin<Box<Fuse<S>>>,
    pool: Pool,
    order: Order<A, R>,
    chunk: Chunk,
    jobs: Jobs<R>,
}

/// What is on its way, and what came before its turn.
struct Jobs<R> {
    is_ordered: bool,
    running: FuturesUnordered<Numbered<R>>,
    /// Only if results are to be in order.
    early: BTreeMap<usize, Result<R, JobError>>,
    pushed: usize,
    given: usize,
}

/// A job, and which one it is.
struct Numbered<R> {
    number: usize,
    job: Job<R>,
}

impl<I: Iterator<Item = A>, A, R> Map<Iter<I>, A, R> {
    pub(crate) fn over_iterator(pool: Pool, order: Order<A, R>, items: I) -> Self {
        Self::over_stream(pool, order, stream::iter(items))
    }
}

impl<S: Stream<Item = A>, A, R> Map<S, A, R> {
    pub(crate) fn over_stream(pool: Pool, order: Order<A, R>, items: S) -> Self {
        let jobs = Jobs {
            is_ordered: true,
            running: FuturesUnordered::new(),
            early: BTreeMap::new(),
            pushed: 0,
            given: 0,
        };
        Self { items: Box::pin(items.fuse()), pool, order, chunk: Chunk::Auto, jobs }
    }

    /// Gives results in the order of the items. It does so by default.
    pub fn ordered(mut self) -> Self {
        self.jobs.is_ordered = true;
        self
    }

    /// Gives each result when it is there.
    pub fn unordered(mut self) -> Self {
        self.jobs.is_ordered = false;
        self
    }

    /// How many items a worker is given at a time.
    #[doc(alias = "chunksize")]
    pub fn chunk(mut self, chunk: Chunk) -> Self {
        self.chunk = chunk;
        self
    }

    fn treatment(&self) -> Treatment {
        let chunk = match self.chunk {
            Chunk::Auto => AUTOMATIC,
            Chunk::Exactly(count) => count.clamp(1, DEEPEST),
        };
        Treatment { chunk, ..self.order.treatment }
    }

    /// How many more items may be taken: the next chunk of each worker is on its way while one is worked
    /// on. Results that wait for their turn hold no worker up, unless they become too many.
    fn room(&self) -> usize {
        let chunk = self.treatment().chunk;
        let (chunk, workers) = self.pool.ask(|engine| {
            (engine.functions.depth(self.order.descriptor, chunk), engine.settings.workers)
        });
        // A chunk of small items is hidden behind half of one.
        let each = if self.chunk == Chunk::Auto { (2 * chunk).min(DEEPEST) } else { 2 * chunk };
        let running = each.saturating_mul(workers).saturating_sub(self.jobs.running.len());
        let early = (2 * DEEPEST).saturating_mul(workers).saturating_sub(self.jobs.early.len());
        running.min(early)
    }

    /// Takes as many items as there is room for; returns whether there may be more.
    fn take_items(&mut self, cx: &mut Context<'_>) -> bool
    where
        S: Stream<Item = A>,
    {
        let mut order = self.order;
        order.treatment = self.treatment();
        for _ in 0..self.room() {
            match self.items.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => self.jobs.push(order.submit(&self.pool, item)),
                Poll::Ready(None) => return false,
                Poll::Pending => break,
            }
        }
        !self.items.is_done()
    }
}

impl<S: Stream<Item = A>, A, R> Stream for Map<S, A, R> {
    type Item = Result<R, JobError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let is_open = this.take_items(cx);
            if let Some(result) = this.jobs.next_early() {
                return Poll::Ready(Some(result));
            }
            match this.jobs.running.poll_next_unpin(cx) {
                Poll::Ready(Some((_, result))) if !this.jobs.is_ordered => {
                    return Poll::Ready(Some(result));
                }
                // There is room for one more item now.
                Poll::Ready(Some((number, result))) => {
                    this.jobs.early.insert(number, result);
                }
                // There is nothing on its way, but there may be.
                Poll::Ready(None) if is_open => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

// The items are pinned in their box.
impl<S, A, R> Unpin for Map<S, A, R> {}

impl<R> Jobs<R> {
    fn push(&mut self, job: Job<R>) {
        self.running.push(Numbered { number: self.pushed, job });
        self.pushed += 1;
    }

    /// The result whose turn it is, if it has come.
    fn next_early(&mut self) -> Option<Result<R, JobError>> {
        let result = self.early.remove(&self.given);
        self.given += usize::from(result.is_some());
        result
    }
}

impl<R> Future for Numbered<R> {
    type Output = (usize, Result<R, JobError>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let number = self.number;
        Pin::new(&mut self.job).poll(cx).map(|result| (number, result))
    }
}

impl<S, A, R> fmt::Debug for Map<S, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("chunk", &self.chunk)
            .field("on_their_way", &self.jobs.running.len())
            .finish_non_exhaustive()
    }
}
