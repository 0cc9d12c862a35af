//! What a runtime must offer to take part: a trait for each family of workloads, so that it may decline a family.
//!
//! Workloads are written once over these traits and compiled for each runtime; each implementation uses its runtime's own idiom.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::task::Poll;
use std::time::Duration;

/// Tasks that need not be `Send`.
pub(crate) trait Runtime: Sized + 'static {
    type Join<T: 'static>: 'static;

    /// Runs a future as the root of a fresh runtime.
    fn block_on<F: Future<Output: 'static> + 'static>(future: F) -> F::Output;

    fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> Self::Join<F::Output>;

    /// Spawned so that it runs at once, where the runtime can.
    fn spawn_eager<F: Future<Output: 'static> + 'static>(future: F) -> Self::Join<F::Output> {
        Self::spawn(future)
    }

    fn join<T: 'static>(task: Self::Join<T>) -> impl Future<Output = T>;

    /// The runtime's own way to let others run; the neutral one if it has none.
    fn yield_now() -> impl Future<Output = ()> {
        pend_once()
    }
}

/// Sleeps and time limits.
pub(crate) trait Timers: Runtime {
    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static;

    /// `None` when the time is over.
    fn timeout<F: Future>(duration: Duration, future: F)
    -> impl Future<Output = Option<F::Output>>;
}

/// A channel for one value.
pub(crate) trait OneShot: Runtime {
    type Sender<T: 'static>: 'static;
    type Receiver<T: 'static>: 'static;

    fn channel<T: 'static>() -> (Self::Sender<T>, Self::Receiver<T>);

    fn send<T: 'static>(sender: Self::Sender<T>, value: T);

    fn receive<T: 'static>(receiver: Self::Receiver<T>) -> impl Future<Output = T>;
}

/// A thread pool of four workers.
pub(crate) trait Offload: Runtime {
    type Pool: 'static;

    fn pool() -> Self::Pool;

    /// Sends the call off at once, and is awaited for its result.
    fn call(
        pool: &Self::Pool,
        function: fn(u64) -> u64,
        argument: u64,
    ) -> impl Future<Output = u64> + 'static;
}

/// How many threads each pool has.
pub(crate) const POOL_THREADS: usize = 4;

/// TCP.
pub(crate) trait Net: Runtime {
    /// Listens on a free port of this machine, tells its address, and answers each connection with what it sends.
    fn serve(tell: Sender<SocketAddr>) -> impl Future<Output = Infallible> + 'static;
}

/// The bytes of an echo server's buffer, the same for all.
pub(crate) const BUFFER: usize = 1024;

/// Runs a future in a task, as real programs run almost everything.
pub(crate) fn in_task<R: Runtime, F: Future<Output: 'static> + 'static>(future: F) -> F::Output {
    R::block_on(async move { R::join(R::spawn(future)).await })
}

/// Wakes itself and pends, once: a yield that every executor understands.
pub(crate) fn pend_once() -> impl Future<Output = ()> {
    let mut pended = false;
    std::future::poll_fn(move |context| {
        if std::mem::replace(&mut pended, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

/// For runtimes without a one-shot channel of their own: the one of `futures`.
macro_rules! oneshot_of_futures {
    ($runtime:ty $(, $parameter:ident : $bound:path)?) => {
        impl$(<$parameter: $bound>)? $crate::runtime::OneShot for $runtime {
            type Sender<T: 'static> = ::futures::channel::oneshot::Sender<T>;
            type Receiver<T: 'static> = ::futures::channel::oneshot::Receiver<T>;

            fn channel<T: 'static>() -> (Self::Sender<T>, Self::Receiver<T>) {
                ::futures::channel::oneshot::channel()
            }

            fn send<T: 'static>(sender: Self::Sender<T>, value: T) {
                assert!(sender.send(value).is_ok(), "the receiver waits");
            }

            async fn receive<T: 'static>(receiver: Self::Receiver<T>) -> T {
                receiver.await.expect("the sender sends")
            }
        }
    };
}
pub(crate) use oneshot_of_futures;
