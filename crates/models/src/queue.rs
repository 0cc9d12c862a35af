//! Model 9: the wait queue between threads: permits that are released, waiters that come and go, the end.

use crate::bell::{Bell, explore, explore_bounded};
use crate::block::Block;
use crate::permits::{Closed, Permits};
use crate::waiters::Key;
use loom::sync::Arc;
use loom::thread;
use std::task::{Poll, Wake, Waker};

/// Ends the wait of a thread.
struct Caller(Bell);

impl Wake for Caller {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.ring();
    }
}

/// One that waits, on a thread of its own: what `Wait` is to the product.
struct Waiter<'a> {
    permits: &'a Permits,
    wanted: usize,
    key: Option<Key>,
    caller: std::sync::Arc<Caller>,
    waker: Waker,
}

impl<'a> Waiter<'a> {
    fn new(permits: &'a Permits) -> Self {
        let caller = std::sync::Arc::new(Caller(Bell::new()));
        let waker = Waker::from(std::sync::Arc::clone(&caller));
        Self { permits, wanted: 1, key: None, caller, waker }
    }

    fn poll(&mut self) -> Poll<Result<(), Closed>> {
        self.permits.poll(self.wanted, &mut self.key, &self.waker)
    }

    fn wait(&mut self) -> Result<(), Closed> {
        loop {
            match self.poll() {
                Poll::Ready(answer) => return answer,
                Poll::Pending => self.caller.0.wait(),
            }
        }
    }

    fn leave(&mut self) {
        if let Some(key) = self.key.take() {
            self.permits.leave(self.wanted, key);
        }
    }
}

fn permits(count: usize) -> Arc<Permits> {
    Arc::new(Permits::new(count, true))
}

#[test]
fn a_permit_that_is_released_reaches_the_one_that_waits() {
    explore(|| {
        let permits = permits(0);
        let releaser = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || permits.release(1))
        };
        let mut waiter = Waiter::new(&permits);
        assert_eq!(waiter.wait(), Ok(()));
        assert!(waiter.caller.0.rings() <= 1, "it is woken once at most");
        releaser.join().unwrap();
        assert_eq!(permits.count(), (0, 0));
    });
}

#[test]
fn one_permit_is_a_lock() {
    explore_bounded(|| {
        let shared = Arc::new((Permits::new(1, true), Block::new()));
        let work = |shared: &(Permits, Block)| {
            assert_eq!(Waiter::new(&shared.0).wait(), Ok(()));
            shared.1.change();
            shared.0.release(1);
        };
        let others = [0; 2].map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || work(&shared))
        });
        work(&shared);
        others.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(shared.0.count(), (1, 0));
    });
}

#[test]
fn one_that_goes_while_it_is_granted_a_permit_hands_it_on() {
    explore_bounded(|| {
        let permits = permits(0);
        let mut first = Waiter::new(&permits);
        assert!(first.poll().is_pending());
        let second = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || Waiter::new(&permits).wait())
        };
        let releaser = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || permits.release(1))
        };
        first.leave();
        assert_eq!(second.join().unwrap(), Ok(()));
        releaser.join().unwrap();
        assert_eq!(permits.count(), (0, 0));
    });
}

#[test]
fn nobody_overtakes_one_that_waits_even_for_fewer_permits() {
    explore_bounded(|| {
        let permits = permits(0);
        let mut waiter = Waiter::new(&permits);
        waiter.wanted = 2;
        assert!(waiter.poll().is_pending());
        let releaser = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || (0..2).for_each(|_| permits.release(1)))
        };
        let passer = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || permits.try_take(1))
        };
        assert_eq!(waiter.wait(), Ok(()));
        releaser.join().unwrap();
        assert!(passer.join().unwrap().is_pending());
    });
}

#[test]
fn one_that_looks_or_goes_gets_its_permit_or_leaves_it() {
    explore(|| {
        let permits = permits(0);
        let mut waiter = Waiter::new(&permits);
        let releaser = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || permits.release(1))
        };
        let has_one = waiter.poll().is_ready();
        waiter.leave();
        releaser.join().unwrap();
        assert_eq!(permits.count(), (usize::from(!has_one), 0));
    });
}

#[test]
fn closing_ends_every_wait() {
    explore_bounded(|| {
        let permits = permits(0);
        let other = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || Waiter::new(&permits).wait())
        };
        let closer = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || permits.close())
        };
        assert_eq!(Waiter::new(&permits).wait(), Err(Closed));
        assert_eq!(other.join().unwrap(), Err(Closed));
        closer.join().unwrap();
        assert_eq!(permits.count(), (0, 0));
    });
}

#[test]
fn closing_takes_nothing_back() {
    explore_bounded(|| {
        let permits = permits(0);
        let closer = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || permits.close())
        };
        let releaser = {
            let permits = Arc::clone(&permits);
            thread::spawn(move || permits.release(1))
        };
        let answer = Waiter::new(&permits).wait();
        closer.join().unwrap();
        releaser.join().unwrap();
        assert_eq!(permits.count(), (usize::from(answer.is_err()), 0));
        assert!(permits.is_closed());
    });
}
