//! For the price of a switch between tasks: by yielding, by a bare cell with a waker, by a one-shot channel.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::measure::Passes;
use crate::runtime::{OneShot, Runtime};

/// So many tasks yield, in turns; nanoseconds for one switch.
pub(crate) async fn yields<R: Runtime>(tasks: u64) -> f64 {
    const SWITCHES: u64 = 400_000;
    let rounds = SWITCHES / tasks;
    let mut passes = Passes::new();
    while passes.next() {
        let handles: Vec<_> = (0..tasks).map(|_| R::spawn(yielding::<R>(rounds))).collect();
        for handle in handles {
            R::join(handle).await;
        }
        passes.done(rounds * tasks);
    }
    passes.median()
}

async fn yielding<R: Runtime>(times: u64) {
    for _ in 0..times {
        R::yield_now().await;
    }
}

/// A place for a token, and for the waker of whoever waits for it.
#[derive(Default)]
struct Slot {
    token: Cell<Option<u64>>,
    waiting: Cell<Option<Waker>>,
}

impl Slot {
    fn put(&self, token: u64) {
        self.token.set(Some(token));
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    async fn take(&self) -> u64 {
        poll_fn(|context| match self.token.take() {
            Some(token) => Poll::Ready(token),
            None => {
                self.waiting.set(Some(context.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}

/// Two tasks hand a token to and fro through two cells; nanoseconds for one round trip.
pub(crate) async fn bare_cell<R: Runtime>() -> f64 {
    const TRIPS: u64 = 100_000;
    let mut passes = Passes::new();
    while passes.next() {
        let (there, back) = (Rc::new(Slot::default()), Rc::new(Slot::default()));
        let other = R::spawn({
            let (there, back) = (Rc::clone(&there), Rc::clone(&back));
            async move {
                for _ in 0..TRIPS {
                    back.put(there.take().await + 1);
                }
            }
        });
        let mut token = 0;
        for _ in 0..TRIPS {
            there.put(token);
            token = back.take().await;
        }
        R::join(other).await;
        assert_eq!(token, TRIPS, "every trip was made");
        passes.done(TRIPS);
    }
    passes.median()
}

/// What travels: the sender for the answer.
struct Token<R: OneShot>(R::Sender<Token<R>>);

/// The same with a fresh one-shot channel for each way; nanoseconds for one round trip, two channels.
pub(crate) async fn one_shot<R: OneShot>() -> f64 {
    const TRIPS: u64 = 50_000;
    let mut passes = Passes::new();
    while passes.next() {
        let (first, start) = R::channel::<Token<R>>();
        let other = R::spawn(async move {
            let mut receiver = start;
            for _ in 0..TRIPS {
                let Token(answer) = R::receive(receiver).await;
                let (sender, next) = R::channel();
                R::send(answer, Token(sender));
                receiver = next;
            }
        });
        let mut sender = first;
        for _ in 0..TRIPS {
            let (answer, receiver) = R::channel();
            R::send(sender, Token(answer));
            Token(sender) = R::receive(receiver).await;
        }
        R::join(other).await;
        passes.done(TRIPS);
    }
    passes.median()
}
