//! The names and signatures that outside programs are written against.

use asyncio::{
    BrokenPromise, CallHandle, EventLoop, Executor, Handle, Instant, Interval, JobError, JoinError,
    LoopClosed, Promise, RemoteTask, Resolver, Runner, Stopped, Task, TaskId, TaskRef,
    ThreadPoolExecutor, TimeoutError,
};
use std::cell::Cell;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::Duration;

fn is_send_and_sync<T: Send + Sync>() {}
fn is_send<T: Send>() {}
fn is_error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn handles_are_send_and_sync_whatever_they_hold() {
    is_send_and_sync::<Task<Rc<()>>>();
    is_send_and_sync::<Handle>();
    is_send_and_sync::<TaskRef>();
    is_send_and_sync::<TaskId>();
    is_send_and_sync::<Instant>();
    is_send_and_sync::<ThreadPoolExecutor>();
    is_send_and_sync::<asyncio::Sleep>();
    is_send_and_sync::<Interval>();
    is_send_and_sync::<Promise<u8>>();
    is_send::<Resolver<u8>>();
    is_send::<RemoteTask<u8>>();
    is_send_and_sync::<CallHandle>();
    is_send_and_sync::<asyncio::net::TcpStream>();
    is_send_and_sync::<asyncio::net::TcpListener>();
    is_send_and_sync::<asyncio::net::UdpSocket>();
    is_send_and_sync::<asyncio::net::AsyncFd<std::net::TcpStream>>();
}

#[test]
fn errors_are_errors() {
    is_error::<JoinError>();
    is_error::<JobError>();
    is_error::<LoopClosed>();
    is_error::<Stopped>();
    is_error::<TimeoutError>();
    is_error::<BrokenPromise>();
    is_error::<asyncio::testing::Stall>();
}

/// Never called: it only has to compile.
#[expect(dead_code, reason = "compiling it is the test")]
async fn every_name(
    event_loop: EventLoop,
    handle: Handle,
) -> Result<(), Box<dyn std::error::Error>> {
    let _made: io::Result<EventLoop> = EventLoop::new();
    let _built: io::Result<Runner> = Runner::builder().build();
    let _ran: Result<u8, Stopped> = event_loop.run_until_complete(async { 1_u8 });
    event_loop.run_forever();
    event_loop.stop();
    event_loop.close();
    let (_running, _closed): (bool, bool) = (event_loop.is_running(), event_loop.is_closed());
    let now: Instant = event_loop.time();
    let _handle: Handle = event_loop.handle();
    let soon: CallHandle = event_loop.call_soon(|| ());
    let _cancelled = soon.cancel();
    let _later: CallHandle = event_loop.call_later(Duration::ZERO, || ());
    let _at: CallHandle = event_loop.call_at(now, || ());
    let pool: ThreadPoolExecutor = event_loop.default_executor();
    let _five: Result<i32, JobError> = event_loop.run_in_executor(&pool, |x| x + 1, 4).await;
    let _none: Result<&str, JobError> = event_loop.run_in_executor(&pool, |()| "none", ()).await;
    let _maybe: Option<EventLoop> = asyncio::try_running_loop();

    let task: Task<u8> = asyncio::create_task(async { 1 });
    let (_name, _id): (String, TaskId) = (task.name(), task.id());
    let (_asked, _done): (bool, bool) = (task.cancel(), task.is_finished());
    let joined: Result<u8, JoinError> = task.await;
    let error = joined.expect_err("an error");
    let (_c, _p) = (error.is_cancelled(), error.is_panic());
    drop(error.into_panic());
    let named: Task<()> = Task::builder().name(String::from("n")).spawn(async {});
    drop(named);
    let looked: Option<TaskRef> = asyncio::current_task();
    for task in looked.into_iter().chain(asyncio::all_tasks()) {
        let _parts =
            (task.id(), task.name().len(), task.state(), task.spawned_at(), task.waiting_for());
    }
    let _posted: Result<(), LoopClosed> = handle.call_soon(|| ());
    let remote: Result<RemoteTask<u8>, LoopClosed> = handle.create_task(|| async {
        let not_send = Rc::new(Cell::new(1));
        asyncio::yield_now().await;
        not_send.get()
    });
    let remote = remote?;
    remote.cancel();
    let _waited: Result<u8, JoinError> = remote.wait();

    asyncio::sleep(Duration::ZERO).await;
    asyncio::sleep_until(now).await;
    asyncio::yield_now().await;
    let mut interval: Interval = asyncio::interval(Duration::from_secs(1));
    let _tick: Instant = interval.tick().await;
    let _value: Result<u8, TimeoutError> = asyncio::timeout(Duration::ZERO, async { 1 }).await;

    let (_a, _b): (u8, &str) = asyncio::gather((async { 1 }, async { "b" })).await;
    let _all: Vec<u8> = asyncio::gather([async { 1 }]).await;
    let _both: Result<(u8, u8), String> =
        asyncio::try_gather((async { Ok(1) }, async { Ok(2) })).await;
    let _each: Result<Vec<u8>, String> = asyncio::try_gather(vec![async { Ok(1) }]).await;
    let (promise, resolver): (Promise<u8>, Resolver<u8>) = asyncio::promise();
    let _back: Result<(), u8> = resolver.resolve(1);
    let _kept: Result<u8, BrokenPromise> = promise.await;

    let _threaded: Result<u8, JobError> = asyncio::to_thread(|| 1).await;
    let own = ThreadPoolExecutor::new(2);
    let _built = ThreadPoolExecutor::builder();
    let job: Result<u8, JobError> = Executor::submit(&own, |x: u8| x, 1).await;
    let error = job.expect_err("an error");
    let _asks =
        (error.worker_died(), error.is_panicked(), error.is_timed_out(), error.is_cancelled());
    let _facts =
        (error.signal(), error.exit_code(), error.job_name().len(), error.stderr_tail().len());
    Ok(())
}

/// Never called either.
#[expect(dead_code, reason = "compiling it is the test")]
async fn every_name_of_net() -> io::Result<()> {
    use asyncio::net::{AsyncFd, TcpListener, TcpStream, UdpSocket};
    use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
    let listener: TcpListener = TcpListener::bind("127.0.0.1:0").await?;
    let (mut stream, _peer): (TcpStream, std::net::SocketAddr) = listener.accept().await?;
    let _next: Option<io::Result<TcpStream>> = listener.incoming().next().await;
    let mut other: TcpStream = TcpStream::connect(("localhost", 80)).await?;
    stream.write_all(b"x").await?;
    let mut buffer = [0; 1];
    other.read_exact(&mut buffer).await?;
    let socket: UdpSocket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect("127.0.0.1:9").await?;
    let _sent: usize = socket.send_to(b"x", "127.0.0.1:9").await?;
    let (_length, _from): (usize, std::net::SocketAddr) = socket.recv_from(&mut buffer).await?;
    let _sent: usize = socket.send(b"x").await?;
    let _length: usize = socket.recv(&mut buffer).await?;
    let _fd: AsyncFd<std::net::TcpStream> =
        AsyncFd::new(std::net::TcpStream::connect("127.0.0.1:9")?)?;
    Ok(())
}

/// `run` borrows from its caller.
#[test]
fn the_main_future_may_borrow() {
    let text = String::from("borrowed");
    let length = asyncio::run(async { text.len() });
    assert_eq!(length, 8);

    fn generic<F: Future>(future: F) -> F::Output {
        asyncio::run(future)
    }
    assert_eq!(generic(async { &text }), "borrowed");
}
