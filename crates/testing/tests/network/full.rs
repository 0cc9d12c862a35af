//! S-72 for connections that hold all they can: how much that is differs, but not what happens then.
//!
//! Whether a call waits can be seen only by waiting a little, so these tests take real time.

use crate::parity::{Seen, ask_everything, note, pair, read, same_on_both};
use asyncio_net::{Shutdown, TcpStream};
use asyncio_reactor::{sleep, timeout};
use futures::future::FutureExt;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

/// The result of a call, if it comes without anything else happening.
async fn soon<F: Future + Unpin>(call: &mut F) -> Option<F::Output> {
    for _ in 0..4 {
        if let Poll::Ready(result) = poll_fn(|cx| Poll::Ready(call.poll_unpin(cx))).await {
            return Some(result);
        }
        sleep(Duration::from_millis(1)).await;
    }
    None
}

/// Writes until a write waits.
async fn fill(stream: &mut TcpStream) -> io::Result<()> {
    let piece = [7; 10_000];
    while let Some(result) = soon(&mut stream.write(&piece)).await {
        result?;
    }
    Ok(())
}

/// Reads until the end or an error, or until nothing more comes.
async fn drain(seen: &mut Seen, stream: &mut TcpStream) {
    let mut buf = vec![0; 10_000];
    loop {
        match timeout(Duration::from_millis(100), stream.read(&mut buf)).await {
            Err(_) => return note(seen, Ok("no more")),
            Ok(Ok(1..)) => {}
            Ok(other) => return note(seen, other),
        }
    }
}

/// A writer waits on the left while something happens on the right.
fn while_a_writer_waits<F>(then: impl Fn(TcpStream) -> F)
where
    F: Future<Output = io::Result<Option<TcpStream>>>,
{
    same_on_both(async |seen| {
        let (mut left, right) = pair().await?;
        fill(&mut left).await?;
        let writes = &left;
        let mut writing = Box::pin(async move {
            let mut stream = writes;
            stream.write(b"x").await
        });
        assert!(soon(&mut writing).await.is_none());
        let right = then(right).await?;
        match soon(&mut writing).await {
            Some(result) => note(seen, result),
            None => note(seen, Ok("waits")),
        }
        drop(writing);
        ask_everything_that_cannot_wait(seen, &mut left).await;
        if let Some(mut right) = right {
            drain(seen, &mut right).await;
        }
        Ok(())
    });
}

async fn ask_everything_that_cannot_wait(seen: &mut Seen, stream: &mut TcpStream) {
    note(seen, stream.peer_addr().map(drop));
    note(seen, stream.shutdown(Shutdown::Write));
    note(seen, stream.write(b"x").await);
}

#[test]
fn real_a_writer_that_waits_learns_of_a_peer_that_goes() {
    while_a_writer_waits(async |right| {
        drop(right);
        Ok(None)
    });
}

#[test]
fn real_a_writer_that_waits_learns_of_a_reset() {
    while_a_writer_waits(async |right| {
        right.set_reset_on_drop(true)?;
        drop(right);
        Ok(None)
    });
}

#[test]
fn real_a_writer_that_waits_goes_on_waiting_when_its_peer_shuts_a_direction() {
    for how in [Shutdown::Read, Shutdown::Write] {
        while_a_writer_waits(async |right| {
            right.shutdown(how)?;
            Ok(Some(right))
        });
    }
}

#[test]
fn real_a_writer_that_waits_goes_on_when_its_peer_has_read_all() {
    while_a_writer_waits(async |mut right| {
        drain(&mut Seen::new(), &mut right).await;
        Ok(Some(right))
    });
}

#[test]
fn real_what_a_stream_held_when_it_was_closed_can_be_read() {
    for resets in [false, true] {
        same_on_both(async |seen| {
            let (mut left, mut right) = pair().await?;
            fill(&mut left).await?;
            left.set_reset_on_drop(resets)?;
            drop(left);
            drain(seen, &mut right).await;
            read(seen, &mut right).await;
            ask_everything(seen, &mut right).await;
            Ok(())
        });
    }
}

#[test]
fn real_a_writer_that_waits_learns_of_its_own_shutdown() {
    same_on_both(async |seen| {
        let (mut left, mut right) = pair().await?;
        fill(&mut left).await?;
        let writes = &left;
        let mut writing: Pin<Box<dyn Future<Output = io::Result<usize>>>> = Box::pin(async move {
            let mut stream = writes;
            stream.write(b"x").await
        });
        assert!(soon(&mut writing).await.is_none());
        left.shutdown(Shutdown::Write)?;
        match soon(&mut writing).await {
            Some(result) => note(seen, result),
            None => note(seen, Ok("waits")),
        }
        drop(writing);
        drain(seen, &mut right).await;
        Ok(())
    });
}
