//! What the modules share: a loop that does not hang, and two ends of a connection.

use asyncio_core::gather;
use asyncio_core::wait_note::{self, WaitNote};
use asyncio_net::{TcpListener, TcpStream};
use asyncio_reactor::{block_on, timeout};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Runs a test on a loop of its own. Whatever takes ten seconds hangs.
#[track_caller]
pub(crate) fn run<F: Future<Output = io::Result<()>>>(test: F) {
    let ended = block_on(timeout(Duration::from_secs(10), test)).expect("a reactor");
    ended.expect("the test hangs").expect("no error");
}

/// Two ends of a connection: the one that connected, the one that was accepted.
pub(crate) async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let (connected, accepted) = gather((TcpStream::connect(addr), listener.accept())).await;
    Ok((connected?, accepted?.0))
}

/// Polls once, waking nobody.
pub(crate) fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// What a future says it waits for.
pub(crate) fn note_of<F: Future>(future: F) -> WaitNote {
    wait_note::clear();
    assert!(poll_once(future).is_pending());
    wait_note::take().expect("a note")
}
