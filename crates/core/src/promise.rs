//! A value that is awaited here and resolved once, from any thread: Python's `asyncio.Future`.
//!
//! Both halves share one allocation with a lock that is held only for a move; a waker is cloned,
//! woken and dropped outside of it.

use crate::budget;
use crate::wait_note::{WaitKind, pending_on};
use crate::wake_batch::wake;
use futures_core::future::FusedFuture;
use parking_lot::Mutex;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

/// Makes a [`Promise`] and the [`Resolver`] that resolves it.
///
/// # Examples
/// ```
/// # asyncio::run(async {
/// let (promise, resolver) = asyncio::promise();
/// std::thread::scope(|scope| {
///     scope.spawn(move || resolver.resolve("done"));
/// });
/// assert_eq!(promise.await, Ok("done"));
/// # });
/// ```
#[doc(alias = "Future")]
#[doc(alias = "create_future")]
#[doc(alias = "oneshot")]
pub fn promise<T>() -> (Promise<T>, Resolver<T>) {
    let shared = Arc::new(Mutex::new(State::Waiting(None)));
    (Promise { shared: Some(Arc::clone(&shared)) }, Resolver { shared: Some(shared) })
}

/// The half that is awaited. It gives the value, or [`BrokenPromise`] if the resolver was dropped.
///
/// # Cancel safety
/// A poll that is not followed by another loses nothing: the value stays until it is taken.
///
/// # Panics
/// Polling it again after it has given its result panics.
#[must_use = "a promise does nothing unless it is awaited"]
pub struct Promise<T> {
    /// `None` once the result was taken.
    shared: Option<Arc<Mutex<State<T>>>>,
}

/// The half that resolves, from any thread. Dropping it breaks the promise.
pub struct Resolver<T> {
    /// `None` once it has spoken.
    shared: Option<Arc<Mutex<State<T>>>>,
}

/// The resolver was dropped without a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BrokenPromise;

impl fmt::Display for BrokenPromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the resolver was dropped without resolving its promise")
    }
}

impl std::error::Error for BrokenPromise {}

enum State<T> {
    Waiting(Option<Waker>),
    Resolved(T),
    Broken,
    /// The promise was dropped or has given its result; nobody waits any more.
    Abandoned,
}

impl<T> Promise<T> {
    /// Whether a result can be taken without waiting.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        let state = self.shared.as_ref().map(|shared| shared.lock());
        state.is_some_and(|state| matches!(*state, State::Resolved(_) | State::Broken))
    }

    /// The result, if it is there and was not taken before.
    pub fn try_take(&mut self) -> Option<Result<T, BrokenPromise>> {
        if !self.is_resolved() {
            return None;
        }
        let shared = self.shared.take()?;
        let ended = std::mem::replace(&mut *shared.lock(), State::Abandoned);
        Some(result_of(ended))
    }
}

impl<T> Future for Promise<T> {
    type Output = Result<T, BrokenPromise>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(shared) = &mut self.shared else {
            panic!("promise polled after its result was taken")
        };
        // The resolver lets go of its half when it has spoken. Then the state is ours alone, and to find
        // that out costs less than a lock.
        if Arc::strong_count(shared) == 1
            && let Some(state) = Arc::get_mut(shared)
        {
            ready!(budget::poll_spend(cx, budget::STEP));
            let ended = std::mem::replace(state.get_mut(), State::Abandoned);
            self.shared = None;
            return Poll::Ready(result_of(ended));
        }
        // A clone is foreign code, so it happens before the lock: two locks would cost more than a
        // clone that turns out not to be needed.
        let waker = cx.waker().clone();
        let mut state = shared.lock();
        if let State::Waiting(registered) = &mut *state {
            let former = registered.replace(waker);
            drop(state);
            drop(former);
            pending_on(WaitKind::Promise, 0);
            return Poll::Pending;
        }
        let ended = std::mem::replace(&mut *state, State::Abandoned);
        drop(state);
        self.shared = None;
        Poll::Ready(result_of(ended))
    }
}

impl<T> FusedFuture for Promise<T> {
    fn is_terminated(&self) -> bool {
        self.shared.is_none()
    }
}

/// What the promise gives; `ended` is not waiting.
fn result_of<T>(ended: State<T>) -> Result<T, BrokenPromise> {
    match ended {
        State::Resolved(value) => Ok(value),
        State::Waiting(_) | State::Broken | State::Abandoned => Err(BrokenPromise),
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            let former = std::mem::replace(&mut *shared.lock(), State::Abandoned);
            drop(former);
        }
    }
}

impl<T> Resolver<T> {
    /// Resolves the promise and wakes whoever awaits it.
    ///
    /// # Errors
    /// Gives the value back if the promise is gone.
    pub fn resolve(mut self, value: T) -> Result<(), T> {
        let Some(shared) = self.shared.take() else { return Err(value) };
        let mut state = shared.lock();
        match &mut *state {
            State::Waiting(waker) => {
                let waker = waker.take();
                *state = State::Resolved(value);
                drop(state);
                drop(shared);
                if let Some(waker) = waker {
                    wake(waker);
                }
                Ok(())
            }
            State::Resolved(_) | State::Broken | State::Abandoned => Err(value),
        }
    }

    /// Whether the promise is gone, so that nobody would see a value.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| matches!(*shared.lock(), State::Abandoned))
    }
}

impl<T> Drop for Resolver<T> {
    fn drop(&mut self) {
        let Some(shared) = self.shared.take() else { return };
        let mut state = shared.lock();
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Broken;
            drop(state);
            drop(shared);
            if let Some(waker) = waker {
                wake(waker);
            }
        }
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise").field("is_resolved", &self.is_resolved()).finish()
    }
}

impl<T> fmt::Debug for Resolver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("is_abandoned", &self.is_abandoned()).finish()
    }
}
