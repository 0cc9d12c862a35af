//! An echo server: what comes on a connection goes back on it, on any number of connections.
//!
//! `cargo run --release --example echo_server -- --address 127.0.0.1:8888 --limit 10000`
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

use asyncio::net::{TcpListener, TcpStream};
use asyncio::{Semaphore, create_task};
use lexopt::prelude::*;
use std::cell::Cell;
use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;

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
        Ok(Some(options)) => asyncio::run(serve(options)),
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

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(options.address).await?;
    println!("listening on {}", listener.local_addr()?);

    let limit = Arc::new(Semaphore::new(options.limit));
    let bytes = Rc::new(Cell::new(0));
    for _ in 0..options.connections {
        let permit = limit.acquire_owned(1).await?;
        let (stream, peer) = listener.accept().await?;
        let bytes = Rc::clone(&bytes);
        drop(create_task(async move {
            match echo(stream).await {
                Ok(echoed) => bytes.set(bytes.get() + echoed),
                Err(error) => eprintln!("{peer}: {error}"),
            }
            drop(permit);
        }));
    }
    drop(listener);
    // All permits are there when all connections have ended.
    let _all = limit.acquire_many(options.limit).await?;
    println!("echoed {} bytes on {} connections", bytes.get(), options.connections);
    Ok(())
}

/// Sends back what comes until the peer ends; reading and writing borrow the same stream.
async fn echo(stream: TcpStream) -> io::Result<u64> {
    futures::io::copy(&stream, &mut &stream).await
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
