//! An echo server: what comes on a connection goes back on it, on any number of connections.
//!
//! `cargo run --release --example echo_server -- --address 127.0.0.1:8888 --limit 10000`
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

use asyncio::net::{TcpListener, TcpStream};
use asyncio::{Resolver, create_task, promise};
use lexopt::prelude::*;
use std::cell::Cell;
use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;

const USAGE: &str = "\
usage: echo_server [--address HOST:PORT] [--limit N] [--connections N]

Sends back whatever comes.
  --address HOST:PORT  where to listen; port 0 takes a free one (127.0.0.1:8888)
  --limit N            at most N connections at a time, the next ones wait (10000)
  --connections N      ends after so many connections (never)";

struct Options {
    address: String,
    limit: usize,
    connections: usize,
}

fn main() -> ExitCode {
    let ended = match parse() {
        Ok(Some(options)) => asyncio::run(serve(options)).map_err(Box::from),
        Ok(None) => {
            println!("{USAGE}");
            Ok(())
        }
        Err(error) => Err(error),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo_server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> io::Result<()> {
    let listener = TcpListener::bind(options.address).await?;
    println!("listening on {}", listener.local_addr()?);

    let seats = Rc::new(Seats::new(options.limit));
    let bytes = Rc::new(Cell::new(0));
    for _ in 0..options.connections {
        let seat = Seats::take(&seats).await;
        let (stream, peer) = listener.accept().await?;
        let bytes = Rc::clone(&bytes);
        drop(create_task(async move {
            match echo(stream).await {
                Ok(echoed) => bytes.set(bytes.get() + echoed),
                Err(error) => eprintln!("{peer}: {error}"),
            }
            drop(seat);
        }));
    }
    drop(listener);
    seats.until_free(options.limit).await;
    println!("echoed {} bytes on {} connections", bytes.get(), options.connections);
    Ok(())
}

/// Sends back what comes until the peer ends; reading and writing borrow the same stream.
async fn echo(stream: TcpStream) -> io::Result<u64> {
    futures::io::copy(&stream, &mut &stream).await
}

/// How many more connections may be open. All on one thread, so cells will do.
struct Seats {
    free: Cell<usize>,
    /// Told when one is free again.
    waiting: Cell<Option<Resolver<()>>>,
}

impl Seats {
    fn new(free: usize) -> Self {
        Self { free: Cell::new(free), waiting: Cell::default() }
    }

    async fn take(seats: &Rc<Self>) -> Seat {
        seats.until_free(1).await;
        seats.free.set(seats.free.get() - 1);
        Seat(Rc::clone(seats))
    }

    /// Waits until so many are free. Only the accepting task waits.
    async fn until_free(&self, seats: usize) {
        while self.free.get() < seats {
            let (freed, resolver) = promise();
            self.waiting.set(Some(resolver));
            freed.await.expect("a seat that is left resolves it");
        }
    }
}

/// One connection's; dropping it leaves it to the next, however the connection ended.
struct Seat(Rc<Seats>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.free.set(self.0.free.get() + 1);
        if let Some(waiting) = self.0.waiting.take() {
            // Nobody waits any more when the whole program ends.
            let _heard = waiting.resolve(());
        }
    }
}

/// The options, or `None` if only help is wanted.
fn parse() -> Result<Option<Options>, Box<dyn Error>> {
    let mut options =
        Options { address: "127.0.0.1:8888".into(), limit: 10_000, connections: usize::MAX };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Short('a') | Long("address") => options.address = parser.value()?.string()?,
            Long("limit") => options.limit = parser.value()?.parse()?,
            Long("connections") => options.connections = parser.value()?.parse()?,
            _ => return Err(format!("{}\n{USAGE}", argument.unexpected()).into()),
        }
    }
    if options.limit == 0 {
        return Err("`--limit` must be more than zero".into());
    }
    Ok(Some(options))
}
