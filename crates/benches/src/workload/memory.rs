//! For the memory of what merely waits: resident bytes for a task, a sleeping task, and (in `echo`) a connection.

use std::future::Future;
use std::time::Duration;

use crate::measure::resident;
use crate::runtime::{Runtime, Timers, pend_once};

const TASKS: u64 = 300_000;

/// A task that waits for ever, with its handle.
pub(crate) async fn idle_task<R: Runtime>() -> f64 {
    many::<R, _>(std::future::pending::<()>).await
}

/// A task that sleeps for minutes.
pub(crate) async fn sleeping_task<R: Timers>() -> f64 {
    let mut milliseconds = 600_000;
    many::<R, _>(move || {
        milliseconds += 1;
        R::sleep(Duration::from_millis(milliseconds))
    })
    .await
}

async fn many<R: Runtime, F: Future<Output = ()> + 'static>(mut make: impl FnMut() -> F) -> f64 {
    let mut tasks = Vec::with_capacity(TASKS as usize);
    // The runtime's own tables exist already when the count begins.
    tasks.extend((0..100).map(|_| R::spawn(make())));
    settle().await;
    let before = resident();
    tasks.extend((0..TASKS).map(|_| R::spawn(make())));
    settle().await;
    let bytes = (resident() - before) as f64 / TASKS as f64;
    drop(tasks);
    bytes
}

/// Every task gets its first poll.
async fn settle() {
    for _ in 0..4 {
        pend_once().await;
    }
}
