//! A task that waits for a socket says what for and where.

use crate::support::{note_of, pair, run};
use asyncio_core::wait_note::WaitKind;
use asyncio_net::{TcpListener, UdpSocket, lookup_host};
use asyncio_pool::current::{LazyPool, enter};
use asyncio_pool::simulation::{self, PoolJob, Submit};
use futures::io::AsyncRead;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;

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

/// A pool that takes jobs and does nothing with them.
#[derive(Debug, Default)]
struct Idle(RefCell<Vec<PoolJob>>);

impl Submit for Idle {
    fn submit(&self, job: PoolJob) {
        self.0.borrow_mut().push(job);
    }
}

#[test]
fn a_name_is_a_name_and_not_only_a_job() {
    let idle = Rc::new(Idle::default());
    let (_pool, _jobs) = (enter(LazyPool::default()), simulation::enter(Rc::<Idle>::clone(&idle)));
    let note = note_of(async { lookup_host("a.example:1").await.map(drop) });
    assert_eq!(note.kind(), WaitKind::Name);
    assert_eq!(idle.0.take().len(), 1);
    assert!(note.to_string().starts_with("a name to be resolved at "), "{note}");
}
