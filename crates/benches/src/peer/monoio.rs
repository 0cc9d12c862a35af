//! monoio: on epoll (its legacy driver) and on io_uring, with owned buffers.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::time::Duration;

use ::monoio::blocking::DefaultThreadPool;
use ::monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use ::monoio::net::{TcpListener, TcpStream};
use ::monoio::task::JoinHandle;
use ::monoio::{IoUringDriver, LegacyDriver, RuntimeBuilder};

use crate::runtime::{BUFFER, Net, Offload, POOL_THREADS, Runtime, Timers, oneshot_of_futures};

/// Entries of the ring; with fewer, a thousand connections do not fit.
const ENTRIES: u32 = 4096;

pub(crate) trait Driver: 'static {
    fn block_on<F: Future>(future: F) -> F::Output;
}

pub(crate) struct Legacy;

impl Driver for Legacy {
    fn block_on<F: Future>(future: F) -> F::Output {
        let pool = Box::new(DefaultThreadPool::new(POOL_THREADS));
        let builder =
            RuntimeBuilder::<LegacyDriver>::new().with_entries(ENTRIES).attach_thread_pool(pool);
        builder.enable_timer().build().expect("a runtime can be made").block_on(future)
    }
}

pub(crate) struct Uring;

impl Driver for Uring {
    fn block_on<F: Future>(future: F) -> F::Output {
        let pool = Box::new(DefaultThreadPool::new(POOL_THREADS));
        let builder =
            RuntimeBuilder::<IoUringDriver>::new().with_entries(ENTRIES).attach_thread_pool(pool);
        builder.enable_timer().build().expect("a runtime can be made").block_on(future)
    }
}

pub(crate) struct Monoio<D>(PhantomData<D>);

impl<D: Driver> Runtime for Monoio<D> {
    type Join<T: 'static> = JoinHandle<T>;

    fn block_on<F: Future<Output: 'static> + 'static>(future: F) -> F::Output {
        D::block_on(future)
    }

    fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> JoinHandle<F::Output> {
        ::monoio::spawn(future)
    }

    fn join<T: 'static>(task: JoinHandle<T>) -> impl Future<Output = T> {
        task
    }
}

impl<D: Driver> Timers for Monoio<D> {
    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        ::monoio::time::sleep(duration)
    }

    async fn timeout<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
        ::monoio::time::timeout(duration, future).await.ok()
    }
}

oneshot_of_futures!(Monoio<D>, D: Driver);

impl<D: Driver> Offload for Monoio<D> {
    type Pool = ();

    fn pool() {}

    fn call(
        (): &(),
        function: fn(u64) -> u64,
        argument: u64,
    ) -> impl Future<Output = u64> + 'static {
        let call = ::monoio::spawn_blocking(move || function(argument));
        async move { call.await.unwrap_or_else(|_| panic!("the call does not panic")) }
    }
}

impl<D: Driver> Net for Monoio<D> {
    async fn serve(tell: Sender<SocketAddr>) -> Infallible {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        tell.send(listener.local_addr().expect("it is bound")).expect("the observer waits");
        loop {
            let (stream, _) = listener.accept().await.expect("clients connect");
            ::monoio::spawn(echo(stream));
        }
    }
}

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(BUFFER);
    loop {
        let (read, filled) = stream.read(buffer).await;
        if read? == 0 {
            return Ok(());
        }
        let (written, emptied) = stream.write_all(filled).await;
        written?;
        buffer = emptied;
        buffer.clear();
    }
}
