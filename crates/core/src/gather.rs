//! [`gather`] and [`try_gather`]: several futures side by side in one task, results in argument order.
//!
//! A tuple is polled whole at each wake, in order, and each branch has its share of the budget. An
//! iterator of more than a few futures is polled by the set of `futures-util`, which polls only what was woken;
//! no random number decides anything.

use crate::budget;
use crate::try_gather_all::{IN_TURN, TryGatherAll};
use futures_util::future::{JoinAll, MaybeDone, join_all, maybe_done};
use futures_util::future::{TryFuture, TryMaybeDone, try_maybe_done};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Awaits several futures side by side and gives their results in argument order.
///
/// Takes a tuple of up to twelve futures of any types, or anything that iterates over futures of one
/// type. The futures run inside the calling task: they may borrow, and dropping the `gather` drops
/// them all. A panic of one is a panic of the whole.
///
/// Tasks give a `Result` each, so that `gather(tasks).await;` as a statement drops all of them in silence, and
/// no lint can tell. A panic among them that nobody has looked at is reported to the loop's exception handler;
/// that a task was cancelled is not. Look at the results, or use [`try_gather`].
///
/// # Cancel safety
/// Dropping it drops the futures and the results that are already there.
///
/// # Examples
/// ```
/// # asyncio::run(async {
/// use asyncio::gather;
///
/// assert_eq!(gather((async { 1 }, async { "two" })).await, (1, "two"));
/// let squares = gather((1..=3).map(|n| async move { n * n })).await;
/// assert_eq!(squares, [1, 4, 9]);
/// # });
/// ```
#[doc(alias = "join")]
#[doc(alias = "join_all")]
pub fn gather<G, Shape>(futures: G) -> G::Gathered
where
    G: Gather<Shape>,
{
    futures.gather()
}

/// Awaits several fallible futures side by side; the first error wins and the others are dropped.
///
/// # Errors
/// The first error in the order of completion; of two in one poll, the one that stands first.
///
/// # Cancel safety
/// Dropping it drops the futures and the results that are already there.
///
/// # Examples
/// ```
/// # asyncio::run(async {
/// use asyncio::try_gather;
///
/// let both = try_gather((async { Ok::<_, String>(1) }, async { Err::<u8, _>("no".to_string()) }));
/// assert_eq!(both.await, Err("no".to_string()));
/// # });
/// ```
#[doc(alias = "try_join")]
#[doc(alias = "try_join_all")]
pub fn try_gather<G, Shape>(futures: G) -> G::Gathered
where
    G: TryGather<Shape>,
{
    futures.try_gather()
}

/// What [`gather`] takes: a tuple of futures, or an iterator over them.
///
/// `Shape` only tells the two kinds of implementation apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`gather` takes a tuple of futures or an iterator over futures",
    label = "neither a tuple of futures nor an iterator over futures"
)]
pub trait Gather<Shape> {
    /// The future that gives all results.
    type Gathered: Future;

    /// Puts the futures side by side.
    fn gather(self) -> Self::Gathered;
}

/// What [`try_gather`] takes: a tuple of fallible futures, or an iterator over them.
#[diagnostic::on_unimplemented(
    message = "`try_gather` takes a tuple of fallible futures or an iterator over them",
    label = "neither a tuple of futures nor an iterator over futures, all giving `Result`"
)]
pub trait TryGather<Shape> {
    /// The future that gives all results or the first error.
    type Gathered: Future;

    /// Puts the futures side by side.
    fn try_gather(self) -> Self::Gathered;
}

/// Marks iterators in [`Gather`] and [`TryGather`].
#[derive(Debug)]
pub struct Iterated;

/// Marks tuples in [`Gather`] and [`TryGather`].
#[derive(Debug)]
pub struct Tuple;

impl<I> Gather<Iterated> for I
where
    I: IntoIterator<Item: Future>,
{
    type Gathered = JoinAll<Branch<I::Item>>;

    fn gather(self) -> Self::Gathered {
        let futures = self.into_iter();
        // Up to this many `JoinAll` polls in order, and above it in turn.
        let few = futures.size_hint().1.filter(|&most| most <= POLLED_IN_ORDER);
        join_all(futures.enumerate().map(move |(index, future)| {
            let parts = few.map_or(IN_TURN, |few| few.saturating_sub(index));
            Branch { parts, future }
        }))
    }
}

/// `futures`' limit for what it polls in order; if it should change, a few shares are too large or too small.
const POLLED_IN_ORDER: usize = 30;

pin_project! {
    /// One of several futures of an iterator, with its share of the budget.
    #[derive(Debug)]
    pub struct Branch<F> {
        // It may spend one of so many parts of what is left.
        parts: usize,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Branch<F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _share = budget::share(*this.parts);
        let foreign = ready!(budget::poll_foreign(cx));
        let polled = this.future.poll(cx);
        if polled.is_ready() {
            foreign.was_ready();
        }
        polled
    }
}

impl<I> TryGather<Iterated> for I
where
    I: IntoIterator<Item: TryFuture>,
{
    type Gathered = TryGatherAll<I::Item>;

    fn try_gather(self) -> Self::Gathered {
        TryGatherAll::new(self)
    }
}

macro_rules! tuples {
    ($($Gathered:ident $TryGathered:ident ($($field:ident: $F:ident),+);)+) => {$(
        pin_project! {
            /// The future of [`gather`] over a tuple.
            #[must_use = "futures do nothing unless they are awaited"]
            pub struct $Gathered<$($F: Future),+> {
                $(#[pin] $field: MaybeDone<$F>),+
            }
        }

        impl<$($F: Future),+> Gather<Tuple> for ($($F,)+) {
            type Gathered = $Gathered<$($F),+>;

            fn gather(self) -> Self::Gathered {
                let ($($field,)+) = self;
                $Gathered { $($field: maybe_done($field)),+ }
            }
        }

        impl<$($F: Future),+> Future for $Gathered<$($F),+> {
            type Output = ($($F::Output,)+);

            #[track_caller]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let foreign = ready!(budget::poll_foreign(cx));
                let mut this = self.project();
                let (mut all_done, mut left) = (true, const { [$(stringify!($field)),+].len() });
                $(
                    let share = budget::share(left);
                    all_done &= this.$field.as_mut().poll(cx).is_ready();
                    drop(share);
                    left -= 1;
                )+
                debug_assert!(left == 0, "each branch was counted");
                if !all_done {
                    return Poll::Pending;
                }
                foreign.was_ready();
                Poll::Ready(($(this.$field.take_output().expect("polled after it was ready"),)+))
            }
        }

        impl<$($F: Future),+> fmt::Debug for $Gathered<$($F),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Gathered)).finish_non_exhaustive()
            }
        }

        pin_project! {
            /// The future of [`try_gather`] over a tuple.
            #[must_use = "futures do nothing unless they are awaited"]
            pub struct $TryGathered<$($F: TryFuture),+> {
                $(#[pin] $field: TryMaybeDone<$F>),+
            }
        }

        impl<Err, $($F: TryFuture<Error = Err>),+> TryGather<Tuple> for ($($F,)+) {
            type Gathered = $TryGathered<$($F),+>;

            fn try_gather(self) -> Self::Gathered {
                let ($($field,)+) = self;
                $TryGathered { $($field: try_maybe_done($field)),+ }
            }
        }

        impl<Err, $($F: TryFuture<Error = Err>),+> Future for $TryGathered<$($F),+> {
            type Output = Result<($($F::Ok,)+), Err>;

            #[track_caller]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let foreign = ready!(budget::poll_foreign(cx));
                let mut this = self.project();
                let (mut all_done, mut left) = (true, const { [$(stringify!($field)),+].len() });
                $(
                    let share = budget::share(left);
                    match this.$field.as_mut().poll(cx) {
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(error)) => {
                            drop(share);
                            foreign.was_ready();
                            return Poll::Ready(Err(error));
                        }
                        Poll::Pending => all_done = false,
                    }
                    drop(share);
                    left -= 1;
                )+
                debug_assert!(left == 0, "each branch was counted");
                if !all_done {
                    return Poll::Pending;
                }
                foreign.was_ready();
                Poll::Ready(Ok(($(this.$field.take_output().expect("polled after it was ready"),)+)))
            }
        }

        impl<$($F: TryFuture),+> fmt::Debug for $TryGathered<$($F),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($TryGathered)).finish_non_exhaustive()
            }
        }
    )+};
}

tuples! {
    Gather1 TryGather1 (a: A);
    Gather2 TryGather2 (a: A, b: B);
    Gather3 TryGather3 (a: A, b: B, c: C);
    Gather4 TryGather4 (a: A, b: B, c: C, d: D);
    Gather5 TryGather5 (a: A, b: B, c: C, d: D, e: E);
    Gather6 TryGather6 (a: A, b: B, c: C, d: D, e: E, f: F);
    Gather7 TryGather7 (a: A, b: B, c: C, d: D, e: E, f: F, g: G);
    Gather8 TryGather8 (a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H);
    Gather9 TryGather9 (a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I);
    Gather10 TryGather10 (a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J);
    Gather11 TryGather11 (a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J, k: K);
    Gather12 TryGather12 (a: A, b: B, c: C, d: D, e: E, f: F, g: G, h: H, i: I, j: J, k: K, l: L);
}
