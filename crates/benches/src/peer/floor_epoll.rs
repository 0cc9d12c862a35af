//! The floor of an echo server: a bare loop around epoll, level-triggered, one read and one write for each message.

use std::convert::Infallible;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::Sender;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use super::floor::Floor;
use crate::runtime::{BUFFER, Net};

const LISTENER: u64 = u64::MAX;

impl Net for Floor {
    /// A future in name only: it never gives its thread back.
    async fn serve(tell: Sender<SocketAddr>) -> Infallible {
        run(&tell).expect("a bare loop on loopback sockets")
    }
}

fn run(tell: &Sender<SocketAddr>) -> std::io::Result<Infallible> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    tell.send(listener.local_addr()?).map_err(|_| ErrorKind::BrokenPipe)?;
    let poller = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&poller, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let mut events: Vec<Event> = Vec::with_capacity(256);
    let mut buffer = [0; BUFFER];
    loop {
        events.clear();
        epoll::wait(&poller, spare_capacity(&mut events), None)?;
        for event in &events {
            let data = event.data;
            if data.u64() == LISTENER {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                epoll::add(
                    &poller,
                    &stream,
                    EventData::new_u64(streams.len() as u64),
                    EventFlags::IN,
                )?;
                streams.push(Some(stream));
                continue;
            }
            let place = &mut streams[data.u64() as usize];
            let Some(stream) = place else { continue };
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => *place = None,
                Ok(count) => stream.write_all(&buffer[..count])?,
            }
        }
    }
}
