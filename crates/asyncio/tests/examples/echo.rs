//! `echo_server`, driven by CPython's asyncio and by plain sockets.

use crate::programs::{Running, example, folder, python, run};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

/// Starts an echo server on a free port; gives its address.
fn server(arguments: &[&str]) -> (Running, String) {
    let mut command = example("echo_server");
    let mut server = Running::start(command.args(["--address", "127.0.0.1:0"]).args(arguments));
    let line = server.line();
    let address = line.strip_prefix("listening on ").unwrap().to_owned();
    (server, address)
}

#[test]
fn cpython_client_opens_a_thousand_connections() {
    let Some(mut client) = python("cpython_client_opens_a_thousand_connections") else { return };
    let (mut server, address) = server(&["--connections", "1000"]);
    let (host, port) = address.split_once(':').unwrap();
    let output =
        client.arg(folder().join("echo_client.py")).args([host, port, "1000"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let total = 1_000 * (1 + 100 + 5_000) + 10 * 300_000;
    let said = format!("{total} bytes on 1000 connections");
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim_end(), said);
    assert_eq!(server.line(), format!("echoed {said}"));
    assert!(server.succeeds());
}

#[test]
fn a_connection_above_the_limit_waits_for_one_to_end() {
    let (mut server, address) = server(&["--limit", "1", "--connections", "2"]);
    let mut first = TcpStream::connect(&address).unwrap();
    first.write_all(b"1").unwrap();
    let mut second = TcpStream::connect(&address).unwrap();
    second.write_all(b"2").unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).unwrap();
    assert_eq!(byte, *b"1");
    // The system has taken the second connection, but nobody serves it yet.
    second.set_nonblocking(true).unwrap();
    assert!(second.read_exact(&mut byte).is_err());
    second.set_nonblocking(false).unwrap();
    first.shutdown(Shutdown::Write).unwrap();
    second.read_exact(&mut byte).unwrap();
    assert_eq!(byte, *b"2");
    drop(second);
    assert_eq!(server.line(), "echoed 2 bytes on 2 connections");
    assert!(server.succeeds());
}

#[test]
fn an_address_in_use_is_said_clearly() {
    let (_server, address) = server(&[]);
    let output = run("echo_server", &["--address", &address]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
}
