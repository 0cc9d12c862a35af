//! `hyper_server`, asked by a plain socket.

use crate::programs::{Running, example};
use std::io::{Read, Write};
use std::net::TcpStream;

#[test]
fn hyper_answers_requests_on_our_streams() {
    let mut server = Running::start(example("hyper_server").arg("127.0.0.1:0"));
    let line = server.line();
    let address = line.strip_prefix("listening on http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    // Two requests on one connection: the second one finds a stream that hyper has kept.
    stream.write_all(b"GET /first HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
    stream.write_all(b"GET /last HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    assert!(answers.contains("you asked for /first\n"), "{answers}");
    assert!(answers.ends_with("you asked for /last\n"), "{answers}");
}
