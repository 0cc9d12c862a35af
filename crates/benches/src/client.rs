//! The other end of the echo: a plain epoll loop that keeps one message of 64 bytes under way on each connection.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use crate::measure::{CLIENT_CORE, pin, wall_ns};

const MESSAGE: [u8; 64] = [7; 64];
const WARM_UP_NS: u64 = 150_000_000;
const WINDOW_NS: u64 = 500_000_000;

/// `busy` keeps asking until the window is over; `idle` asks once on each connection and then holds them open.
pub(crate) fn run(kind: &str, address: &str, connections: &str) -> std::io::Result<()> {
    pin(CLIENT_CORE);
    let invalid = |_| std::io::Error::from(ErrorKind::InvalidInput);
    let address: SocketAddr = address.parse().map_err(|_| ErrorKind::InvalidInput)?;
    let connections: usize = connections.parse().map_err(invalid)?;
    match kind {
        "idle" => idle(address, connections),
        _ => busy(address, connections),
    }
}

fn say(line: &str) {
    // A server that has gone away does not read, and then there is nothing to be said.
    let mut output = std::io::stdout();
    writeln!(output, "{line}").and_then(|()| output.flush()).unwrap_or_default();
}

fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn ask_once(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(&MESSAGE)?;
    stream.read_exact(&mut [0; MESSAGE.len()])
}

fn idle(address: SocketAddr, connections: usize) -> std::io::Result<()> {
    let connect_all = |count| -> std::io::Result<Vec<TcpStream>> {
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let mut stream = connect(address)?;
            ask_once(&mut stream)?;
            streams.push(stream);
        }
        Ok(streams)
    };
    // The first ones make the server's own tables.
    let first = connect_all(16)?;
    say("start");
    let rest = connect_all(connections)?;
    say(&format!("stop {connections} {connections}"));
    // The server ends us when it has counted.
    let mut held = first.into_iter().chain(rest).collect::<Vec<_>>();
    held.first_mut().map_or(Ok(0), |stream| stream.read(&mut [0])).map(|_| ())
}

fn busy(address: SocketAddr, connections: usize) -> std::io::Result<()> {
    let poller = epoll::create(CreateFlags::CLOEXEC)?;
    let mut streams = Vec::with_capacity(connections);
    for index in 0..connections {
        let stream = connect(address)?;
        epoll::add(&poller, &stream, EventData::new_u64(index as u64), EventFlags::IN)?;
        streams.push(stream);
    }
    for stream in &mut streams {
        stream.write_all(&MESSAGE)?;
    }
    let (mut all, mut at_start, began, mut started) = (0_u64, 0, wall_ns(), None);
    let mut events: Vec<Event> = Vec::with_capacity(256);
    loop {
        events.clear();
        epoll::wait(&poller, spare_capacity(&mut events), None)?;
        for event in &events {
            let data = event.data;
            let stream = &mut streams[data.u64() as usize];
            stream.read_exact(&mut [0; MESSAGE.len()])?;
            stream.write_all(&MESSAGE)?;
        }
        all += events.len() as u64;
        let now = wall_ns();
        match started {
            None if now - began > WARM_UP_NS => {
                say("start");
                (at_start, started) = (all, Some(now));
            }
            Some(start) if now - start > WINDOW_NS => {
                say(&format!("stop {} {all}", all - at_start));
                return Ok(());
            }
            _ => {}
        }
    }
}
