//! The futures under an executor that knows nothing of the reactor.

use crate::world::{MS, World};
use asyncio_reactor::{AsyncFd, Instant, Park, Reactor, sleep, timeout};
use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;
use std::cell::RefCell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;

#[test]
fn a_local_pool_runs_them_between_enter_and_park() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let log = Rc::new(RefCell::new(Vec::new()));
    let mut pool = LocalPool::new();
    for n in [3, 1, 2] {
        let log = Rc::clone(&log);
        let task = async move {
            sleep(n * MS).await;
            log.borrow_mut().push(n);
        };
        pool.spawner().spawn_local(task).unwrap();
    }
    pool.run_until_stalled();
    while world.reactor.timer_count() > 0 {
        assert!(world.reactor.park().is_continue());
        pool.run_until_stalled();
    }
    assert_eq!(*log.borrow(), [1, 2, 3]);
    assert_eq!(world.reactor.now(), Instant::ZERO + 3 * MS);
}

#[test]
fn descriptors_work_there_too() {
    let reactor = Reactor::new().unwrap();
    let _entered = reactor.enter();
    let (here, mut there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    let here = Rc::new(AsyncFd::new(here).unwrap());
    let got = Rc::new(RefCell::new(Vec::new()));
    let mut pool = LocalPool::new();
    let (reader, sink) = (Rc::clone(&here), Rc::clone(&got));
    let task = async move {
        while sink.borrow().len() < 8 {
            let mut bytes = [0; 4];
            let count = reader.read_with(|mut stream| stream.read(&mut bytes)).await.unwrap();
            sink.borrow_mut().extend_from_slice(&bytes[..count]);
        }
    };
    pool.spawner().spawn_local(task).unwrap();
    for part in [b"ping", b"pong"] {
        pool.run_until_stalled();
        there.write_all(part).unwrap();
        while !got.borrow().ends_with(part) {
            assert!(reactor.park().is_continue());
            pool.run_until_stalled();
        }
    }
    assert_eq!(*got.borrow(), b"pingpong");
}

#[test]
fn a_timeout_inside_of_it_counts_too() {
    let world = World::new();
    let _entered = world.reactor.enter();
    let mut pool = LocalPool::new();
    let limited = timeout(MS, std::future::pending::<()>());
    let result = Rc::new(RefCell::new(None));
    let sink = Rc::clone(&result);
    pool.spawner().spawn_local(async move { *sink.borrow_mut() = Some(limited.await) }).unwrap();
    pool.run_until_stalled();
    assert!(world.reactor.park().is_continue());
    pool.run_until_stalled();
    assert!(result.borrow().is_some_and(|result| result.is_err()));
}
