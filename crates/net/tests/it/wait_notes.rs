//! Law 7: a task that waits for a socket says what for and where.

use crate::support::{pair, poll_once, run};
use asyncio_core::wait_note::{self, WaitKind, WaitNote};
use asyncio_net::{TcpListener, UdpSocket};
use futures::io::AsyncRead;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;

fn note_of<F: Future>(future: F) -> WaitNote {
    wait_note::clear();
    assert!(poll_once(future).is_pending());
    wait_note::take().expect("a note")
}

#[test]
fn each_operation_leaves_a_note_with_the_place_of_its_await() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let (left, _right) = pair().await?;
        let read = poll_fn(|cx| Pin::new(&mut &left).poll_read(cx, &mut [0; 1]));
        for note in [
            note_of(async { listener.accept().await.map(drop) }),
            note_of(async { socket.recv_from(&mut [0; 1]).await.map(drop) }),
            note_of(async { left.peek(&mut [0; 1]).await.map(drop) }),
            note_of(read),
        ] {
            assert_eq!(note.kind(), WaitKind::Readable);
            assert!(note.at().file().ends_with("wait_notes.rs"), "{note}");
        }
        io::Result::Ok(())
    });
}
