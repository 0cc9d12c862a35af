//! Which types may cross threads. The ecosystem asks for `Send` and `Sync` handles.

use asyncio_reactor::{
    AsyncFd, Entered, Instant, Interval, OsClock, Reactor, ReactorBuilder, Readiness, Ready,
    RegisterError, Sleep, Source, Tick, Timeout, TimeoutError, Wait,
};
use std::marker::PhantomData;
use std::net::TcpStream;

fn both<T: Send + Sync + Unpin>() {}

/// Which of the two is meant is unclear if the type is `Send`, and then this does not compile.
trait NotSend<A> {
    fn check() {}
}

impl<T: ?Sized> NotSend<()> for T {}
impl<T: ?Sized + Send> NotSend<u8> for T {}

#[test]
fn handles_are_send_and_sync() {
    both::<Sleep>();
    both::<Interval>();
    both::<Tick<'_>>();
    both::<Timeout<std::future::Ready<()>>>();
    both::<TimeoutError>();
    both::<AsyncFd<TcpStream>>();
    both::<Ready<'_>>();
    both::<RegisterError<TcpStream>>();
    both::<Source>();
    both::<Instant>();
    both::<OsClock>();
    both::<ReactorBuilder>();
    both::<(Readiness, Wait)>();
}

#[test]
fn what_belongs_to_a_thread_is_not_send() {
    <Reactor as NotSend<_>>::check();
    <Entered as NotSend<_>>::check();
    <Timeout<PhantomData<*const ()>> as NotSend<_>>::check();
}

#[test]
fn a_sleep_is_small() {
    assert_eq!(size_of::<Sleep>(), 24);
    assert_eq!(size_of::<Option<Sleep>>(), 32);
}
