//! Which types may cross threads. Tasks need not be `Send`; their handles and wakers are.

use asyncio_core::park::ThreadPark;
use asyncio_executor::{
    CallHandle, EventLoop, Handle, JoinError, LoopClosed, RemoteTask, Stopped, Task, TaskBuilder,
    TaskRef, TaskState,
};
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
fn handles_are_send_and_sync_whatever_the_task_gives() {
    both::<Task<Rc<()>>>();
    both::<Task<String>>();
    both::<RemoteTask<String>>();
    both::<Handle>();
    both::<CallHandle>();
    both::<JoinError>();
    both::<LoopClosed>();
    both::<Stopped>();
    both::<TaskRef>();
    both::<TaskState>();
    both::<TaskBuilder>();
}

#[test]
fn loop_stays_on_its_thread_and_outcomes_that_are_not_send_on_theirs() {
    assert_not_send!(EventLoop<ThreadPark>);
    assert_not_send!(RemoteTask<Rc<()>>);
}

#[test]
fn sizes_are_as_small_as_promised() {
    assert_eq!(size_of::<Task<[u8; 100]>>(), 8);
    assert_eq!(size_of::<Option<Result<u64, JoinError>>>(), 16);
}
