//! Sockets on threads that are not theirs: dropped harmlessly, used with a clear error.

use crate::support::{pair, run};
use asyncio_net::TcpListener;
use asyncio_reactor::Reactor;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

fn elsewhere<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, f).expect("a thread");
        thread.join().expect("no panic")
    })
}

#[test]
fn a_stream_dropped_on_another_thread_is_closed_and_the_loop_goes_on() {
    run(async {
        for _ in 0..50 {
            let (left, mut right) = pair().await?;
            elsewhere(move || drop(left));
            assert_eq!(right.read(&mut [0; 1]).await?, 0);
        }
        let (mut left, mut right) = pair().await?;
        left.write_all(b"new").await?;
        right.read_exact(&mut [0; 3]).await
    });
}

#[test]
fn a_stream_may_outlive_its_loop() {
    let reactor = Reactor::new().unwrap();
    let (left, right) = reactor.block_on(pair()).unwrap();
    drop(reactor);
    drop(left);
    elsewhere(move || drop(right));
}

#[test]
fn a_stream_used_on_another_loop_says_so() {
    let (owner, other) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let (mut left, _right) = owner.block_on(pair()).unwrap();
    let thrown = catch_unwind(AssertUnwindSafe(|| other.block_on(left.read(&mut [0; 1]))));
    let message = thrown.unwrap_err().downcast::<String>().expect("a message");
    assert!(message.contains("attached to a different loop"), "{message}");
}

#[test]
fn without_a_loop_binding_says_what_is_missing() {
    let bound =
        catch_unwind(|| drop(futures::executor::block_on(TcpListener::bind("127.0.0.1:0"))));
    let message = bound.unwrap_err().downcast::<String>().expect("a message");
    assert!(message.contains("no running event loop"), "{message}");
}
