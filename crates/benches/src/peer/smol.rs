//! smol: async-executor's static local executor, on async-io's reactor, with async-net's sockets and the `blocking` pool.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::time::Duration;

use async_executor::{LocalExecutor, StaticLocalExecutor, Task};
use async_io::Timer;
use async_net::{TcpListener, TcpStream};
use futures_lite::future::or;
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::runtime::{BUFFER, Net, Offload, Runtime, Timers, oneshot_of_futures};

thread_local! {
    static EXECUTOR: &'static StaticLocalExecutor = LocalExecutor::new().leak();
}

pub(crate) struct Smol;

impl Runtime for Smol {
    type Join<T: 'static> = Task<T>;

    fn block_on<F: Future<Output: 'static> + 'static>(future: F) -> F::Output {
        async_io::block_on(EXECUTOR.with(|executor| *executor).run(future))
    }

    fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> Task<F::Output> {
        EXECUTOR.with(|executor| executor.spawn(future))
    }

    fn join<T: 'static>(task: Task<T>) -> impl Future<Output = T> {
        task
    }

    fn yield_now() -> impl Future<Output = ()> {
        futures_lite::future::yield_now()
    }
}

impl Timers for Smol {
    async fn sleep(duration: Duration) {
        Timer::after(duration).await;
    }

    async fn timeout<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
        let limit = async {
            Timer::after(duration).await;
            None
        };
        or(async { Some(future.await) }, limit).await
    }
}

oneshot_of_futures!(Smol);

impl Offload for Smol {
    type Pool = ();

    /// The pool is the process' own; the number of its threads stands in the environment (see `parent`).
    fn pool() {}

    fn call(
        (): &(),
        function: fn(u64) -> u64,
        argument: u64,
    ) -> impl Future<Output = u64> + 'static {
        blocking::unblock(move || function(argument))
    }
}

impl Net for Smol {
    async fn serve(tell: Sender<SocketAddr>) -> Infallible {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        tell.send(listener.local_addr().expect("it is bound")).expect("the observer waits");
        loop {
            let (stream, _) = listener.accept().await.expect("clients connect");
            Smol::spawn(echo(stream)).detach();
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
