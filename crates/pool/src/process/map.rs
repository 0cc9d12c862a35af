//! [`Map`]: one function over many items.

use crate::process::cell::Treatment;
use crate::process::drive::Pool;
use crate::process::engine::{AUTOMATIC, DEEPEST};
use crate::process::job::Job;
use crate::process::order::Order;
use asyncio_core::JobError;
use futures::stream::{Fuse, FuturesOrdered, FuturesUnordered, Iter, Stream, StreamExt};
use std::fmt;
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
/// by one, not by the chunk. A chunk is how much a worker has on board: should it die only the item that it was at is lost, and what it has
/// not started is taken by another that has nothing to do.
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

enum Jobs<R> {
    Ordered(FuturesOrdered<Job<R>>),
    Unordered(FuturesUnordered<Job<R>>),
}

impl<I: Iterator<Item = A>, A, R> Map<Iter<I>, A, R> {
    pub(crate) fn over_iterator(pool: Pool, order: Order<A, R>, items: I) -> Self {
        Self::over_stream(pool, order, futures::stream::iter(items))
    }
}

impl<S: Stream<Item = A>, A, R> Map<S, A, R> {
    pub(crate) fn over_stream(pool: Pool, order: Order<A, R>, items: S) -> Self {
        let jobs = Jobs::Ordered(FuturesOrdered::new());
        Self { items: Box::pin(items.fuse()), pool, order, chunk: Chunk::Auto, jobs }
    }

    /// Gives results in the order of the items. It does so by default.
    pub fn ordered(mut self) -> Self {
        self.jobs = Jobs::Ordered(FuturesOrdered::new());
        self
    }

    /// Gives each result when it is there.
    pub fn unordered(mut self) -> Self {
        self.jobs = Jobs::Unordered(FuturesUnordered::new());
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

    /// How many items may be on their way: the next chunk of each worker is while one is worked on.
    fn window(&self) -> usize {
        let chunk = self.treatment().chunk;
        let (chunk, workers) = self.pool.ask(|engine| {
            (engine.functions.depth(self.order.descriptor, chunk), engine.settings.workers)
        });
        // A chunk of small items is hidden behind half of one.
        let each = if self.chunk == Chunk::Auto { (2 * chunk).min(DEEPEST) } else { 2 * chunk };
        each.saturating_mul(workers)
    }
}

impl<S: Stream<Item = A>, A, R> Stream for Map<S, A, R> {
    type Item = Result<R, JobError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let mut order = this.order;
        order.treatment = this.treatment();
        let room = this.window().saturating_sub(this.jobs.len());
        let mut is_open = !this.items.is_done();
        for _ in 0..room {
            match this.items.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => this.jobs.push(order.submit(&this.pool, item)),
                Poll::Ready(None) => {
                    is_open = false;
                    break;
                }
                Poll::Pending => break,
            }
        }
        match this.jobs.poll_next(cx) {
            // There is nothing on its way, but there may be.
            Poll::Ready(None) if is_open => Poll::Pending,
            other => other,
        }
    }
}

// The items are pinned in their box.
impl<S, A, R> Unpin for Map<S, A, R> {}

impl<R> Jobs<R> {
    fn len(&self) -> usize {
        match self {
            Self::Ordered(jobs) => jobs.len(),
            Self::Unordered(jobs) => jobs.len(),
        }
    }

    fn push(&mut self, job: Job<R>) {
        match self {
            Self::Ordered(jobs) => jobs.push_back(job),
            Self::Unordered(jobs) => jobs.push(job),
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<R, JobError>>> {
        match self {
            Self::Ordered(jobs) => jobs.poll_next_unpin(cx),
            Self::Unordered(jobs) => jobs.poll_next_unpin(cx),
        }
    }
}

impl<S, A, R> fmt::Debug for Map<S, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("chunk", &self.chunk)
            .field("on_their_way", &self.jobs.len())
            .finish_non_exhaustive()
    }
}
