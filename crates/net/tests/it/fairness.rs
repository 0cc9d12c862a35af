//! One connection that is always ready does not keep the others from theirs.

use crate::support::{pair, run};
use asyncio_core::{budget, gather};
use asyncio_net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;

#[test]
fn a_busy_reader_gives_way_to_a_quiet_connection() {
    run(async {
        const FLOOD: usize = 60_000;
        let (mut flood, mut busy) = pair().await?;
        let (mut asks, mut answers) = pair().await?;
        flood.write_all(&vec![0; FLOOD]).await?;
        let read = Cell::new(0);
        let reading = async {
            // It is all there already: nothing makes this task wait.
            while read.get() < FLOOD {
                busy.read_exact(&mut [0]).await?;
                read.set(read.get() + 1);
            }
            io::Result::Ok(())
        };
        let asking = async {
            for _ in 0..10 {
                asks.write_all(b"?").await?;
                asks.read_exact(&mut [0]).await?;
            }
            io::Result::Ok(read.get())
        };
        let answering = async {
            for _ in 0..10 {
                answers.read_exact(&mut [0]).await?;
                answers.write_all(b"!").await?;
            }
            io::Result::Ok(())
        };
        let (reading, asked, answering) = gather((reading, asking, answering)).await;
        reading?;
        answering?;
        let read_meanwhile = asked?;
        assert!(read_meanwhile < FLOOD / 4, "ten round trips took {read_meanwhile} reads");
        Ok(())
    });
}

#[test]
fn a_full_queue_of_connections_does_not_hold_the_loop() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let mut clients = Vec::new();
        for _ in 0..200 {
            clients.push(TcpStream::connect(addr).await?);
        }
        let accepted = Cell::new(0);
        let accepting = async {
            for _ in 0..200 {
                listener.accept().await?;
                accepted.set(accepted.get() + 1);
            }
            io::Result::Ok(())
        };
        let watching = async {
            // Polled after the other, in the same turn.
            accepted.get()
        };
        let (done, seen) = gather((accepting, watching)).await;
        assert!(seen < 200, "all {seen} were accepted in one poll");
        done
    });
}

#[test]
fn lookups_that_wait_for_nothing_give_way() {
    run(async {
        let done = Cell::new(0);
        let looking_up = async {
            for _ in 0..1000 {
                lookup_host(("127.0.0.1", 80)).await?;
                done.set(done.get() + 1);
            }
            io::Result::Ok(())
        };
        // Polled after the other, in the same turn.
        let watching = async { done.get() };
        let (ended, seen) = gather((looking_up, watching)).await;
        assert!((1..=128).contains(&seen), "{seen} lookups in one poll");
        ended
    });
}

#[test]
fn two_hundred_busy_sockets_in_one_task_have_one_budget() {
    run(async {
        let sockets = gather((0..200).map(|_| UdpSocket::bind("127.0.0.1:0"))).await.into_iter();
        let sockets = sockets.collect::<io::Result<Vec<_>>>()?;
        let done = Cell::new(0);
        let send = |socket| {
            let (socket, done): (&UdpSocket, _) = (socket, &done);
            async move {
                let own = socket.local_addr()?;
                for _ in 0..20 {
                    socket.send_to(b"x", own).await?;
                    done.set(done.get() + 1);
                }
                io::Result::Ok(())
            }
        };
        let mut all = pin!(gather(sockets.iter().map(send)));
        let mut most = 0;
        let results = poll_fn(|cx| {
            let before = done.get();
            let polled = all.as_mut().poll(cx);
            most = most.max(done.get() - before);
            polled
        });
        results.await.into_iter().collect::<io::Result<()>>()?;
        assert!(most <= budget::PER_POLL / budget::IO, "{most} datagrams in one poll");
        Ok(())
    });
}
