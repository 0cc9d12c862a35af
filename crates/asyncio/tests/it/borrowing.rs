//! What `docs/ecosystem.md` shows: time-outs around tasks, and a semaphore made by hand with its trap.

use asyncio::testing::Simulation;
use asyncio::{Promise, Resolver, create_task, promise, sleep, timeout, yield_now};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

#[asyncio::test(sim)]
async fn a_timeout_ends_an_owned_task_and_only_detaches_another() {
    async fn work(done: &Cell<u32>) {
        sleep(Duration::from_secs(2)).await;
        done.set(done.get() + 1);
    }
    let done = Rc::new(Cell::new(0));
    let limit = Duration::from_secs(1);
    let (first, second) = (Rc::clone(&done), Rc::clone(&done));

    let detached = timeout(limit, create_task(async move { work(&first).await })).await;
    let owned = create_task(async move { work(&second).await }).into_owned();
    let ended = timeout(limit, owned).await;
    let better = timeout(limit, work(&done)).await;
    assert!(detached.is_err() && ended.is_err() && better.is_err());
    sleep(Duration::from_secs(10)).await;
    assert_eq!(done.get(), 1, "the detached task alone has ended its work");
}

/// The one of the page that loses permits: it hands over nothing but the news.
#[derive(Default)]
struct Careless {
    free: Cell<usize>,
    waiting: RefCell<VecDeque<Resolver<()>>>,
}

impl Careless {
    async fn acquire(&self) {
        if let Some(free) = self.free.get().checked_sub(1) {
            self.free.set(free);
            return;
        }
        let (news, waiter) = promise();
        self.waiting.borrow_mut().push_back(waiter);
        news.await.expect("the semaphore is alive");
    }

    fn release(&self) {
        while let Some(waiter) = { self.waiting.borrow_mut().pop_front() } {
            if waiter.resolve(()).is_ok() {
                return;
            }
        }
        self.free.set(self.free.get() + 1);
    }
}

/// The one that does not: what it hands over is the permit.
#[derive(Default)]
struct Semaphore {
    free: Cell<usize>,
    waiting: RefCell<VecDeque<Resolver<Permit>>>,
}

struct Permit(Rc<Semaphore>);

impl Drop for Permit {
    fn drop(&mut self) {
        let next = self.0.waiting.borrow_mut().pop_front();
        match next {
            Some(waiter) => drop(waiter.resolve(Permit(Rc::clone(&self.0)))),
            None => self.0.free.set(self.0.free.get() + 1),
        }
    }
}

async fn acquire(semaphore: &Rc<Semaphore>) -> Permit {
    if let Some(free) = semaphore.free.get().checked_sub(1) {
        semaphore.free.set(free);
        return Permit(Rc::clone(semaphore));
    }
    let (permit, waiter): (Promise<Permit>, _) = promise();
    semaphore.waiting.borrow_mut().push_back(waiter);
    permit.await.expect("the semaphore is alive")
}

/// How many of the seeds have lost the only permit after one of two waiters was cancelled.
fn losses(run: impl Fn(u64) -> usize) -> usize {
    (0..200).filter(|seed| run(*seed) == 0).count()
}

#[test]
fn news_of_a_permit_are_lost_with_a_cancelled_waiter() {
    let lost = losses(|seed| {
        let run = Simulation::new(seed).run(async || {
            let semaphore = Rc::new(Careless { free: Cell::new(1), ..Careless::default() });
            semaphore.acquire().await;
            let inner = Rc::clone(&semaphore);
            let waiter = create_task(async move {
                inner.acquire().await;
                inner.release();
            });
            yield_now().await;
            semaphore.release();
            waiter.cancel();
            let _cancelled = waiter.await;
            semaphore.free.get()
        });
        run.expect("it ends")
    });
    assert!(lost > 0, "the page says that it happens");
}

#[test]
fn a_permit_that_is_handed_over_as_a_value_survives_a_cancelled_waiter() {
    let lost = losses(|seed| {
        let run = Simulation::new(seed).run(async || {
            let semaphore = Rc::new(Semaphore { free: Cell::new(1), ..Semaphore::default() });
            let permit = acquire(&semaphore).await;
            let inner = Rc::clone(&semaphore);
            let waiter = create_task(async move { drop(acquire(&inner).await) });
            yield_now().await;
            drop(permit);
            waiter.cancel();
            let _cancelled = waiter.await;
            semaphore.free.get()
        });
        run.expect("it ends")
    });
    assert_eq!(lost, 0);
}
