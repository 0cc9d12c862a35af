//! The future of `try_gather` over an iterator: whichever fails first ends it, however many there are.
//!
//! `futures`' own `TryJoinAll` looks at errors in argument order once there are more than thirty
//! futures, so that an early error would wait for all that stand before it.

use crate::budget;
use futures_util::future::TryFuture;
use futures_util::stream::{FuturesUnordered, Stream};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// What is polled in turn leaves half of the budget for the next. `FuturesUnordered` polls two that wake
/// themselves before it gives way, so if the first took all, every other one would be refused for ever.
pub(crate) const IN_TURN: usize = 2;

/// The future of [`try_gather`](crate::try_gather) over an iterator.
#[must_use = "futures do nothing unless they are awaited"]
pub struct TryGatherAll<F: TryFuture> {
    running: FuturesUnordered<Numbered<F>>,
    results: Vec<Option<F::Ok>>,
}

impl<F: TryFuture> TryGatherAll<F> {
    pub(crate) fn new(futures: impl IntoIterator<Item = F>) -> Self {
        let numbered = futures.into_iter().enumerate();
        let running: FuturesUnordered<_> =
            numbered.map(|(index, future)| Numbered { index, future }).collect();
        let results = std::iter::repeat_with(|| None).take(running.len()).collect();
        Self { running, results }
    }
}

// The futures are pinned inside of their set, and the results are only moved.
impl<F: TryFuture> Unpin for TryGatherAll<F> {}

impl<F: TryFuture> Future for TryGatherAll<F> {
    type Output = Result<Vec<F::Ok>, F::Error>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        while let Some((index, result)) = ready!(Pin::new(&mut self.running).poll_next(cx)) {
            match result {
                Ok(value) => self.results[index] = Some(value),
                Err(error) => {
                    // The others are dropped before the error is seen.
                    self.running.clear();
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(Ok(self.results.drain(..).flatten().collect()))
    }
}

impl<F: TryFuture> fmt::Debug for TryGatherAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGatherAll").field("running", &self.running.len()).finish_non_exhaustive()
    }
}

pin_project! {
    /// A future that knows its place among the arguments.
    struct Numbered<F> {
        index: usize,
        #[pin]
        future: F,
    }
}

impl<F: TryFuture> Future for Numbered<F> {
    type Output = (usize, Result<F::Ok, F::Error>);

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _share = budget::share(IN_TURN);
        let foreign = ready!(budget::poll_foreign(cx));
        let result = ready!(this.future.try_poll(cx));
        foreign.was_ready();
        Poll::Ready((*this.index, result))
    }
}

#[cfg(test)]
mod tests {
    use super::TryGatherAll;
    use futures::executor::block_on;
    use std::future::{pending, ready};

    #[test]
    fn an_error_does_not_wait_for_those_before_it() {
        for before in [0, 1, 29, 30, 31, 1_000] {
            let never =
                (0..before).map(|_| futures::future::Either::Left(pending::<Result<u8, usize>>()));
            let fails = std::iter::once(futures::future::Either::Right(ready(Err(before))));
            assert_eq!(block_on(TryGatherAll::new(never.chain(fails))), Err(before));
        }
    }

    #[test]
    fn results_stand_in_argument_order() {
        let squares = TryGatherAll::new((0..100_u32).map(|n| ready(Ok::<_, ()>(n * n))));
        assert_eq!(block_on(squares), Ok((0..100).map(|n| n * n).collect()));
        assert_eq!(
            block_on(TryGatherAll::new(std::iter::empty::<std::future::Ready<Result<u8, ()>>>())),
            Ok(vec![])
        );
    }
}
