//! A web server: hyper 1 on asyncio, by an adapter of a hundred lines.
//!
//! `cargo run --release --example hyper_server -- 127.0.0.1:8080`
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

#[path = "hyper_server/adapter.rs"]
mod adapter;

use adapter::{HyperLoop, HyperStream};
use asyncio::net::TcpListener;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::rt::Executor;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

#[asyncio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let connection = http1::Builder::new()
            .timer(HyperLoop)
            .header_read_timeout(Duration::from_secs(10))
            .serve_connection(HyperStream::new(stream), service_fn(answer));
        HyperLoop.execute(async move {
            if let Err(error) = connection.await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = format!("you asked for {}\n", request.uri().path());
    Ok(Response::new(Full::new(Bytes::from(text))))
}
