//! Who waits, for what, and until when: full buffers, full queues, and programs that wait for ever.

use asyncio_core::wait_note::WaitKind;
use asyncio_executor::Task;
use asyncio_net::{TcpListener, TcpStream, UdpSocket};
use asyncio_reactor::{sleep, timeout};
use asyncio_testing::{Simulation, Stall, StallKind};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::future::pending;
use std::io;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("localhost:0").await?;
    let left = TcpStream::connect(listener.local_addr()?).await?;
    Ok((left, listener.accept().await?.0))
}

#[test]
fn a_writer_waits_for_its_reader() {
    let run = Simulation::new(1).stream_buffer(1000).run(async || {
        let (mut left, mut right) = pair().await?;
        assert_eq!(left.write(&[7; 1500]).await?, 1000, "what the buffer holds");
        assert!(timeout(SECOND, left.write(&[8; 1])).await.is_err(), "it is full");
        let writing = Task::builder().spawn(async move {
            left.write_all(&[8; 500]).await?;
            left.close().await
        });
        sleep(SECOND).await;
        assert!(!writing.is_finished());
        let mut buf = [0; 499];
        right.read_exact(&mut buf).await?;
        sleep(SECOND).await;
        assert!(!writing.is_finished(), "one byte is too many");
        right.read_exact(&mut buf[..1]).await?;
        writing.await.unwrap()?;
        let mut rest = Vec::new();
        right.read_to_end(&mut rest).await?;
        assert_eq!(rest, [[7; 500], [8; 500]].concat());
        io::Result::Ok(())
    });
    run.unwrap().unwrap();
}

#[test]
fn the_directions_of_a_stream_do_not_wait_for_each_other() {
    let run = Simulation::new(1).stream_buffer(1).run(async || {
        let (mut left, mut right) = pair().await?;
        left.write_all(b"a").await?;
        assert!(timeout(SECOND, left.write(b"b")).await.is_err());
        right.write_all(b"c").await?;
        let mut buf = [0; 1];
        left.read_exact(&mut buf).await?;
        assert_eq!(&buf, b"c");
        io::Result::Ok(())
    });
    run.unwrap().unwrap();
}

#[test]
fn a_full_backlog_keeps_connections_waiting_until_one_is_accepted() {
    let run = Simulation::new(2).run(async || {
        let listener = TcpListener::bind("localhost:80").await?;
        let mut connected = Vec::new();
        while let Ok(stream) = timeout(SECOND, TcpStream::connect("localhost:80")).await {
            connected.push(stream?);
        }
        // The one beyond the backlog is how Linux counts.
        assert_eq!(connected.len(), 1025);
        let waiting = Task::builder().spawn(TcpStream::connect("localhost:80"));
        let refused = Task::builder().spawn(TcpStream::connect("localhost:80"));
        sleep(SECOND).await;
        assert!(!waiting.is_finished());
        listener.accept().await?;
        assert!(waiting.await.unwrap()?.peer_addr().is_ok());
        assert!(!refused.is_finished());
        drop(listener);
        let error = refused.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let error = connected[500].read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "made, but never accepted");
        io::Result::Ok(())
    });
    run.unwrap().unwrap();
}

/// What the task of this name waited for when the program was stuck.
fn wait_of(stall: &Stall, name: &str) -> WaitKind {
    assert_eq!(stall.kind(), StallKind::Deadlock, "{stall}");
    let task = stall.tasks().iter().find(|task| task.name() == name);
    task.unwrap_or_else(|| panic!("no {name} in {stall}")).waiting_for().unwrap().kind()
}

#[test]
fn a_stall_names_the_task_that_waits_to_read() {
    let stall = Simulation::new(4).run(async || {
        let (mut left, _right) = pair().await.unwrap();
        let reader = Task::builder().name("reader").spawn(async move {
            left.read_exact(&mut [0; 1]).await.unwrap();
        });
        reader.await.unwrap();
    });
    let stall = stall.unwrap_err();
    assert_eq!(wait_of(&stall, "reader"), WaitKind::Readable);
    assert!(stall.to_string().contains("to be readable"), "{stall}");
}

#[test]
fn a_stall_names_tasks_that_wait_to_write_to_accept_and_to_receive() {
    let stall = Simulation::new(4).stream_buffer(8).run(async || {
        let (mut left, _right) = pair().await.unwrap();
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let socket = UdpSocket::bind("localhost:0").await.unwrap();
        let writer = Task::builder().name("writer").spawn(async move {
            left.write_all(&[0; 9]).await.unwrap();
        });
        let acceptor = Task::builder().name("acceptor").spawn(async move {
            listener.accept().await.unwrap();
        });
        let receiver = Task::builder().name("receiver").spawn(async move {
            socket.recv_from(&mut [0; 1]).await.unwrap();
        });
        pending::<()>().await;
        drop((writer, acceptor, receiver));
    });
    let stall = stall.unwrap_err();
    assert_eq!(wait_of(&stall, "writer"), WaitKind::Writable);
    assert_eq!(wait_of(&stall, "acceptor"), WaitKind::Readable);
    assert_eq!(wait_of(&stall, "receiver"), WaitKind::Readable);
}

#[test]
fn datagrams_for_a_full_socket_are_lost_and_nobody_waits() {
    let run = Simulation::new(6).run(async || {
        let (here, there) =
            (UdpSocket::bind("localhost:0").await?, UdpSocket::bind("localhost:0").await?);
        let datagram = vec![0; 60_000];
        let mut buf = vec![0; datagram.len()];
        for _ in 0..3 {
            for _ in 0..10 {
                here.send_to(&datagram, there.local_addr()?).await?;
            }
            let mut arrived = 0;
            while timeout(SECOND, there.recv(&mut buf)).await.is_ok() {
                arrived += 1;
            }
            assert_eq!(arrived, 3, "what fits into the buffer that Linux gives to a socket");
        }
        io::Result::Ok(())
    });
    run.unwrap().unwrap();
}

#[test]
fn a_cancelled_reader_loses_nothing() {
    let run = Simulation::new(6).run(async || {
        let (mut left, mut right) = pair().await?;
        assert!(timeout(SECOND, right.read(&mut [0; 4])).await.is_err());
        left.write_all(b"late").await?;
        let mut buf = [0; 4];
        right.read_exact(&mut buf).await?;
        assert_eq!(&buf, b"late");
        io::Result::Ok(())
    });
    run.unwrap().unwrap();
}

#[test]
fn tasks_of_a_stalled_program_close_their_sockets_and_the_next_run_begins_anew() {
    for _ in 0..2 {
        let stall = Simulation::new(0).run(async || {
            let listener = TcpListener::bind("10.0.0.1:0").await.unwrap();
            assert_eq!(listener.local_addr().unwrap().port(), 32768, "ports count from the start");
            listener.accept().await.unwrap();
        });
        let note = stall.unwrap_err().tasks()[0].waiting_for().unwrap();
        assert_eq!(note.object(), 0, "sockets count from zero");
    }
}
