//! The `LocalPool` of futures: an executor and nothing else.

use std::cell::RefCell;
use std::future::Future;

use ::futures::executor::{LocalPool, LocalSpawner};
use ::futures::future::RemoteHandle;
use ::futures::task::LocalSpawnExt;

use crate::runtime::{Runtime, oneshot_of_futures};

thread_local! {
    static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
}

pub(crate) struct Futures;

impl Runtime for Futures {
    type Join<T: 'static> = RemoteHandle<T>;

    fn block_on<F: Future<Output: 'static> + 'static>(future: F) -> F::Output {
        let mut pool = LocalPool::new();
        SPAWNER.with(|spawner| spawner.replace(Some(pool.spawner())));
        pool.run_until(future)
    }

    fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> RemoteHandle<F::Output> {
        SPAWNER.with_borrow(|spawner| {
            let spawner = spawner.as_ref().expect("inside block_on");
            spawner.spawn_local_with_handle(future).expect("the pool runs")
        })
    }

    fn join<T: 'static>(task: RemoteHandle<T>) -> impl Future<Output = T> {
        task
    }
}

oneshot_of_futures!(Futures);
