//! S-20 and S-21: a task that ends with its handle.

use crate::support::{Drops, new_loop, run, threads, turns};
use asyncio_core::promise;
use asyncio_executor::create_task;
use futures::future::FusedFuture;
use std::future::pending;

#[test]
fn dropping_it_cancels_the_task_and_detaching_it_does_not() {
    run(async {
        let drops = Drops::default();
        let spawn = || {
            let probe = drops.probe();
            create_task(async move {
                let _probe = probe;
                turns(5).await;
                7
            })
            .into_owned()
        };
        let (dropped, detached, awaited) = (spawn(), spawn(), spawn());
        turns(1).await;
        drop(dropped);
        let detached = detached.detach();
        turns(1).await;
        assert_eq!(drops.count(), 1);
        assert_eq!((detached.await.unwrap(), awaited.await.unwrap()), (7, 7));
    });
}

#[test]
fn it_may_be_dropped_anywhere_and_after_its_loop() {
    let event_loop = new_loop();
    let (waiting, resolver) = promise::<()>();
    let owned = event_loop.create_task(waiting).into_owned();
    event_loop.run_until_complete(turns(1)).unwrap();
    threads(|scope| scope.spawn(move || drop(owned)));
    event_loop.run_until_complete(turns(2)).unwrap();
    assert!(resolver.is_abandoned());

    let late = event_loop.create_task(pending::<()>()).into_owned();
    event_loop.close();
    drop(late);
}

#[test]
fn a_task_says_when_it_has_given_its_outcome() {
    run(async {
        let mut task = create_task(async { 5 });
        assert!(!task.is_terminated());
        turns(1).await;
        assert!(!task.is_terminated(), "it has ended, but its outcome is there");
        assert_eq!((&mut task).await.unwrap(), 5);
        assert!(task.is_terminated());
    });
}
