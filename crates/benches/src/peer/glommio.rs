//! glommio: one executor that is bound to no core by itself, since the process is.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::time::Duration;

use ::futures::{AsyncReadExt, AsyncWriteExt};
use ::glommio::net::{TcpListener, TcpStream};
use ::glommio::{LocalExecutorBuilder, Placement, PoolPlacement, Task};

use crate::runtime::{BUFFER, Net, Offload, POOL_THREADS, Runtime, Timers, oneshot_of_futures};

/// Registered memory must fit the usual limit for locked memory; no workload touches files.
const IO_MEMORY: usize = 1 << 20;

pub(crate) struct Glommio;

impl Runtime for Glommio {
    type Join<T: 'static> = Task<T>;

    fn block_on<F: Future<Output: 'static> + 'static>(future: F) -> F::Output {
        LocalExecutorBuilder::new(Placement::Unbound)
            .io_memory(IO_MEMORY)
            .blocking_thread_pool_placement(PoolPlacement::Unbound(POOL_THREADS))
            .make()
            .expect("an executor can be made")
            .run(future)
    }

    fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> Task<F::Output> {
        ::glommio::spawn_local(future)
    }

    fn join<T: 'static>(task: Task<T>) -> impl Future<Output = T> {
        task
    }
}

impl Timers for Glommio {
    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        ::glommio::timer::sleep(duration)
    }

    async fn timeout<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
        ::glommio::timer::timeout(duration, async { Ok(future.await) }).await.ok()
    }
}

oneshot_of_futures!(Glommio);

impl Offload for Glommio {
    type Pool = ();

    fn pool() {}

    fn call(
        (): &(),
        function: fn(u64) -> u64,
        argument: u64,
    ) -> impl Future<Output = u64> + 'static {
        // Its call starts at the first poll: a task of its own makes it start now.
        ::glommio::spawn_local(::glommio::executor().spawn_blocking(move || function(argument)))
    }
}

impl Net for Glommio {
    async fn serve(tell: Sender<SocketAddr>) -> Infallible {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        tell.send(listener.local_addr().expect("it is bound")).expect("the observer waits");
        loop {
            let stream = listener.accept().await.expect("clients connect");
            ::glommio::spawn_local(echo(stream)).detach();
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
