//! Servers and clients as a user would write them: many of them, in virtual time, the same in every run.

use asyncio_core::{Instant, gather, random};
use asyncio_executor::{Task, create_task};
use asyncio_net::{Shutdown, TcpListener, TcpStream};
use asyncio_reactor::{now, sleep};
use asyncio_testing::Simulation;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

type Trace = Rc<RefCell<Vec<(Instant, u64, usize)>>>;

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buf = [0; 256];
    loop {
        let count = stream.read(&mut buf).await?;
        if count == 0 {
            return stream.close().await;
        }
        stream.write_all(&buf[..count]).await?;
    }
}

async fn serve(listener: TcpListener, connections: usize) -> io::Result<()> {
    let mut serving = Vec::new();
    for _ in 0..connections {
        let (stream, _) = listener.accept().await?;
        serving.push(create_task(echo(stream)));
    }
    for task in serving {
        task.await.unwrap()?;
    }
    Ok(())
}

/// Asks three times, an hour apart, and notes when each answer came.
async fn ask(addr: SocketAddr, number: u64, trace: Trace) -> io::Result<()> {
    let mut stream = TcpStream::connect(addr).await?;
    for round in 0..3 {
        sleep(Duration::from_secs(3600 + random::below(60))).await;
        let question: Vec<u8> = (0..=u8::MAX).map(|byte| byte ^ number as u8).collect();
        stream.write_all(&question).await?;
        let mut answer = vec![0; question.len()];
        stream.read_exact(&mut answer).await?;
        assert_eq!(answer, question);
        trace.borrow_mut().push((now(), number, round));
    }
    Ok(())
}

fn fifty_connections(seed: u64) -> Vec<(Instant, u64, usize)> {
    let run = Simulation::new(seed).run(async || {
        let trace = Trace::default();
        let listener = TcpListener::bind("localhost:0").await?;
        let addr = listener.local_addr()?;
        let server = create_task(serve(listener, 50));
        let clients: Vec<Task<_>> =
            (0..50).map(|number| create_task(ask(addr, number, Rc::clone(&trace)))).collect();
        for client in clients {
            client.await.unwrap()?;
        }
        server.await.unwrap()?;
        io::Result::Ok(trace.take())
    });
    run.unwrap().unwrap()
}

#[test]
fn fifty_connections_echo_for_three_virtual_hours() {
    let trace = fifty_connections(0);
    assert_eq!(trace.len(), 150);
    let hours = Duration::from_secs(3 * 3600);
    let (last, ..) = *trace.last().unwrap();
    assert!(last >= Instant::ZERO + hours && last < Instant::ZERO + hours * 2, "{last}");
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    for seed in 0..10 {
        assert_eq!(fifty_connections(seed), fifty_connections(seed), "seed {seed}");
    }
    assert_ne!(fifty_connections(1), fifty_connections(2));
}

#[test]
fn a_thousand_connections_are_open_at_a_time() {
    const CONNECTIONS: usize = 1000;
    let run = Simulation::new(3).run(async || {
        let listener = TcpListener::bind("0.0.0.0:80").await?;
        let server = create_task(serve(listener, CONNECTIONS));
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            clients.push(TcpStream::connect("localhost:80").await?);
        }
        let mut addrs: Vec<_> = clients.iter().map(|client| client.local_addr().unwrap()).collect();
        addrs.sort_unstable();
        addrs.dedup();
        assert_eq!(addrs.len(), CONNECTIONS, "each has an address of its own");
        for client in &mut clients {
            client.write_all(b"ping").await?;
        }
        for client in &mut clients {
            let mut answer = [0; 4];
            client.read_exact(&mut answer).await?;
            assert_eq!(&answer, b"ping");
        }
        drop(clients);
        server.await.unwrap()?;
        io::Result::Ok(now())
    });
    assert_eq!(run.unwrap().unwrap(), Instant::ZERO, "delivered at once");
}

#[test]
fn a_half_closed_stream_still_answers() {
    let run = Simulation::new(5).run(async || {
        let listener = TcpListener::bind("localhost:7").await?;
        let asking = async {
            let mut stream = TcpStream::connect("localhost:7").await?;
            stream.write_all(b"all there is").await?;
            stream.shutdown(Shutdown::Write)?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            io::Result::Ok(answer)
        };
        let answering = async {
            let (mut stream, _) = listener.accept().await?;
            let mut question = String::new();
            stream.read_to_string(&mut question).await?;
            sleep(Duration::from_secs(60)).await;
            stream.write_all(question.to_uppercase().as_bytes()).await
        };
        let (answer, answered) = gather((asking, answering)).await;
        // The answering end was dropped with its future: that is the end that the asking one has read.
        answered?;
        assert_eq!(now(), Instant::ZERO + Duration::from_secs(60));
        answer
    });
    assert_eq!(run.unwrap().unwrap(), "ALL THERE IS");
}
