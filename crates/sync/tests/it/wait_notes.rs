//! One that waits says for what, and where.

use crate::support::look;
use asyncio_core::wait_note::{self, WaitKind};
use asyncio_sync::Semaphore;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

#[test]
fn a_waiter_says_how_many_permits_it_waits_for_and_where() {
    let semaphore = Semaphore::new(1);
    let line = line!() + 1;
    let mut waiting = pin!(async { semaphore.acquire_many(2).await.is_ok() });
    wait_note::clear();
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let note = wait_note::take().unwrap();
    assert_eq!((note.kind(), note.object()), (WaitKind::Permit, 2));
    assert_eq!((note.at().file(), note.at().line()), (file!(), line));
    assert!(note.to_string().starts_with("2 permits at "));
    assert!(look(&mut semaphore.acquire()).is_pending());
    assert!(wait_note::take().unwrap().to_string().starts_with("a permit at "));
}
