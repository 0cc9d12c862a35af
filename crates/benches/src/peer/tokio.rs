//! tokio: its `current_thread` runtime with `tokio::spawn`, and its `LocalRuntime` with `spawn_local`.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::time::Duration;

use ::tokio::io::{AsyncReadExt, AsyncWriteExt};
use ::tokio::net::{TcpListener, TcpStream};
use ::tokio::runtime::{Builder, LocalOptions};
use ::tokio::sync::oneshot;
use ::tokio::task::JoinHandle;

use super::carried::Carried;
use crate::runtime::{BUFFER, Net, Offload, OneShot, POOL_THREADS, Runtime, Timers};

/// Which of tokio's two runtimes of one thread.
pub(crate) trait Kind: 'static {
    fn block_on<F: Future>(builder: &mut Builder, future: F) -> F::Output;

    fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> JoinHandle<Carried<F::Output>>;
}

pub(crate) struct CurrentThread;

impl Kind for CurrentThread {
    fn block_on<F: Future>(builder: &mut Builder, future: F) -> F::Output {
        builder.build().expect("a runtime can be made").block_on(future)
    }

    fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> JoinHandle<Carried<F::Output>> {
        ::tokio::spawn(Carried { inner: future })
    }
}

pub(crate) struct Local;

impl Kind for Local {
    fn block_on<F: Future>(builder: &mut Builder, future: F) -> F::Output {
        builder
            .build_local(LocalOptions::default())
            .expect("a runtime can be made")
            .block_on(future)
    }

    fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> JoinHandle<Carried<F::Output>> {
        ::tokio::task::spawn_local(Carried { inner: future })
    }
}

pub(crate) struct Tokio<K>(PhantomData<K>);

impl<K: Kind> Runtime for Tokio<K> {
    type Join<T: 'static> = JoinHandle<Carried<T>>;

    fn block_on<F: Future<Output: 'static> + 'static>(future: F) -> F::Output {
        K::block_on(
            Builder::new_current_thread().enable_all().max_blocking_threads(POOL_THREADS),
            future,
        )
    }

    fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> Self::Join<F::Output> {
        K::spawn(future)
    }

    async fn join<T: 'static>(task: Self::Join<T>) -> T {
        task.await.expect("no task of a benchmark panics").inner
    }

    async fn yield_now() {
        ::tokio::task::yield_now().await;
    }
}

impl<K: Kind> Timers for Tokio<K> {
    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        ::tokio::time::sleep(duration)
    }

    async fn timeout<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
        ::tokio::time::timeout(duration, future).await.ok()
    }
}

impl<K: Kind> OneShot for Tokio<K> {
    type Sender<T: 'static> = oneshot::Sender<T>;
    type Receiver<T: 'static> = oneshot::Receiver<T>;

    fn channel<T: 'static>() -> (Self::Sender<T>, Self::Receiver<T>) {
        oneshot::channel()
    }

    fn send<T: 'static>(sender: Self::Sender<T>, value: T) {
        assert!(sender.send(value).is_ok(), "the receiver waits");
    }

    async fn receive<T: 'static>(receiver: Self::Receiver<T>) -> T {
        receiver.await.expect("the sender sends")
    }
}

impl<K: Kind> Offload for Tokio<K> {
    type Pool = ();

    fn pool() {}

    fn call(
        (): &(),
        function: fn(u64) -> u64,
        argument: u64,
    ) -> impl Future<Output = u64> + 'static {
        let call = ::tokio::task::spawn_blocking(move || function(argument));
        async move { call.await.expect("the call does not panic") }
    }
}

impl<K: Kind> Net for Tokio<K> {
    async fn serve(tell: Sender<SocketAddr>) -> Infallible {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        tell.send(listener.local_addr().expect("it is bound")).expect("the observer waits");
        loop {
            let (stream, _) = listener.accept().await.expect("clients connect");
            K::spawn(echo(stream));
        }
    }
}

async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; BUFFER];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
    }
}
