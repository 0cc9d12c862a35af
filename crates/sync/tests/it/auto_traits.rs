//! Which types may cross threads.

use asyncio_sync::{
    Acquire, AcquireOwned, Closed, OwnedPermit, Permit, Semaphore, TryAcquireError, Wait, WaitQueue,
};
use futures_core::future::FusedFuture;

fn both<T: Send + Sync + Unpin>() {}
fn fused<T: FusedFuture>() {}

#[test]
fn everything_is_send_and_sync() {
    both::<Semaphore>();
    both::<Permit<'static>>();
    both::<Acquire<'static>>();
    both::<OwnedPermit>();
    both::<AcquireOwned>();
    both::<WaitQueue>();
    both::<Wait<'static>>();
    both::<Closed>();
    both::<TryAcquireError>();
}

#[test]
fn futures_are_fused() {
    fused::<Acquire<'static>>();
    fused::<AcquireOwned>();
    fused::<Wait<'static>>();
}
