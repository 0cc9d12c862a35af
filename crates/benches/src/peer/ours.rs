//! asyncio for Rust, through its facade, as a user's program has it.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::time::Duration;

use ::asyncio::net::{TcpListener, TcpStream};
use ::asyncio::{EventLoop, Promise, Resolver, Task, ThreadPoolExecutor};
use ::futures::{AsyncReadExt, AsyncWriteExt};

use crate::runtime::{BUFFER, Net, Offload, OneShot, POOL_THREADS, Runtime, Timers};

pub(crate) struct Asyncio;

impl Runtime for Asyncio {
    type Join<T: 'static> = Task<T>;

    fn block_on<F: Future<Output: 'static> + 'static>(future: F) -> F::Output {
        ::asyncio::run(future)
    }

    fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> Task<F::Output> {
        ::asyncio::create_task(future)
    }

    fn spawn_eager<F: Future<Output: 'static> + 'static>(future: F) -> Task<F::Output> {
        Task::builder().eager_start(true).spawn(future)
    }

    async fn join<T: 'static>(task: Task<T>) -> T {
        task.await.expect("no task of a benchmark panics")
    }

    fn yield_now() -> impl Future<Output = ()> {
        ::asyncio::yield_now()
    }
}

impl Timers for Asyncio {
    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        ::asyncio::sleep(duration)
    }

    async fn timeout<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
        ::asyncio::timeout(duration, future).await.ok()
    }
}

impl OneShot for Asyncio {
    type Sender<T: 'static> = Resolver<T>;
    type Receiver<T: 'static> = Promise<T>;

    fn channel<T: 'static>() -> (Resolver<T>, Promise<T>) {
        let (promise, resolver) = ::asyncio::promise();
        (resolver, promise)
    }

    fn send<T: 'static>(sender: Resolver<T>, value: T) {
        assert!(sender.resolve(value).is_ok(), "the promise is awaited");
    }

    async fn receive<T: 'static>(receiver: Promise<T>) -> T {
        receiver.await.expect("the resolver resolves")
    }
}

impl Offload for Asyncio {
    type Pool = (EventLoop, ThreadPoolExecutor);

    fn pool() -> Self::Pool {
        (::asyncio::running_loop(), ThreadPoolExecutor::new(POOL_THREADS))
    }

    fn call(
        (running, pool): &Self::Pool,
        function: fn(u64) -> u64,
        argument: u64,
    ) -> impl Future<Output = u64> + 'static {
        let call = running.run_in_executor(pool, function, argument);
        async move { call.await.expect("the call does not panic") }
    }
}

impl Net for Asyncio {
    async fn serve(tell: Sender<SocketAddr>) -> Infallible {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        tell.send(listener.local_addr().expect("it is bound")).expect("the observer waits");
        loop {
            let (stream, _) = listener.accept().await.expect("clients connect");
            drop(::asyncio::create_task(echo(stream)));
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
