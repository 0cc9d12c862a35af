//! Which types may cross threads.

use asyncio_core::exception::ExceptionContext;
use asyncio_core::park::ThreadPark;
use asyncio_core::wait_note::{WaitKind, WaitNote};
use asyncio_core::wake_batch::WakeBatch;
use asyncio_core::yield_now::YieldNow;
use asyncio_core::{BrokenPromise, Instant, Promise, Resolver, TaskId};
use std::rc::Rc;

fn both<T: Send + Sync + Unpin>() {}

/// Does not compile if the type is `Send`: then two implementations fit.
macro_rules! assert_not_send {
    ($type:ty) => {{
        trait FitsOnce<Which> {
            fn fits() {}
        }
        enum Always {}
        enum IfSend {}
        impl<T: ?Sized> FitsOnce<Always> for T {}
        impl<T: ?Sized + Send> FitsOnce<IfSend> for T {}
        <$type as FitsOnce<_>>::fits();
    }};
}

#[test]
fn everything_is_send_and_sync() {
    both::<Instant>();
    both::<TaskId>();
    both::<Promise<String>>();
    both::<Resolver<String>>();
    both::<Promise<std::cell::Cell<u8>>>();
    both::<BrokenPromise>();
    both::<WaitNote>();
    both::<WaitKind>();
    both::<WakeBatch>();
    both::<YieldNow>();
    both::<ThreadPark>();
    both::<ExceptionContext>();
}

#[test]
fn promise_of_what_is_not_send_stays_on_its_thread() {
    assert_not_send!(Promise<Rc<()>>);
    assert_not_send!(Resolver<Rc<()>>);
}

#[test]
fn sizes_are_as_small_as_promised() {
    assert_eq!(size_of::<Option<Instant>>(), 16);
    assert_eq!(size_of::<Promise<[u8; 100]>>(), 8);
}
