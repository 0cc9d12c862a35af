//! Vectored calls: more buffers than the system takes, empty ones, and a peer that is gone.

use crate::support::{pair, run};
use asyncio_net::{Shutdown, UdpSocket};
use asyncio_reactor::sleep;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::env;
use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::process::Command;
use std::time::Duration;

/// More than `IOV_MAX`.
const BUFS: usize = 2000;

#[test]
fn after_a_call_of_more_buffers_than_the_system_takes_the_next_goes_on() {
    run(async {
        let (mut left, mut right) = pair().await?;
        // Lets the loop take in the first events, after which readiness is not assumed any more.
        sleep(Duration::from_millis(1)).await;
        let bufs = vec![IoSlice::new(b"x"); BUFS];
        let written = left.write_vectored(&bufs).await?;
        assert_eq!(written, 1024, "as many as one call takes");
        left.write_all(&[b'x'; BUFS][written..]).await?;

        let mut bytes = vec![[0]; BUFS];
        let mut bufs: Vec<_> = bytes.iter_mut().map(|byte| IoSliceMut::new(byte)).collect();
        let read = right.read_vectored(&mut bufs).await?;
        assert!(0 < read && read <= 1024, "{read}");
        right.read_exact(&mut [0; BUFS][read..]).await
    });
}

#[test]
fn empty_buffers_before_the_others_are_no_end_of_stream() {
    run(async {
        let (mut left, mut right) = pair().await?;
        let mut bufs = vec![IoSlice::new(b""); BUFS];
        bufs.push(IoSlice::new(b"ab"));
        assert_eq!(left.write_vectored(&bufs).await?, 2);

        let mut heard = [0; 2];
        let mut bufs: Vec<_> = (0..BUFS).map(|_| IoSliceMut::new(&mut [])).collect();
        bufs.push(IoSliceMut::new(&mut heard));
        assert_eq!(right.read_vectored(&mut bufs).await?, 2);
        assert_eq!(&heard, b"ab");
        Ok(())
    });
}

const CHILD: &str = "ASYNCIO_NET_TEST_SIGPIPE";

/// S-64.
#[test]
fn no_write_to_a_connection_that_is_gone_raises_a_signal() {
    let child = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "vectored::in_a_child_process", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .expect("a child");
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{:?}: {said}", child.status);
    assert!(said.contains("the child has finished"), "{said}");
}

#[test]
fn in_a_child_process() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    // As command line tools have it, so that they end quietly in a pipeline.
    #[expect(unsafe_code, reason = "std ignores SIGPIPE before main and has no way back")]
    // SAFETY: no handler is installed, so no code of ours runs in a signal's context.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
    for vectored in [false, true] {
        run(async {
            let (mut left, right) = pair().await?;
            drop(right);
            let bufs = [IoSlice::new(b"a"), IoSlice::new(b"b")];
            let error = loop {
                let written = if vectored {
                    left.write_vectored(&bufs).await
                } else {
                    left.write(b"ab").await
                };
                if let Err(error) = written {
                    break error;
                }
                // The first write is answered by a reset, which takes a moment.
                sleep(Duration::from_millis(1)).await;
            };
            // The reset itself may be told first; what comes after it is a broken pipe.
            assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset));
            let again =
                if vectored { left.write_vectored(&bufs).await } else { left.write(b"ab").await };
            assert_eq!(again.expect_err("it is gone").kind(), ErrorKind::BrokenPipe);
            Ok(())
        });
    }
    datagrams_raise_none_either();
    eprintln!("the child has finished");
}

fn datagrams_raise_none_either() {
    run(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(socket.local_addr()?).await?;
        socket2::SockRef::from(&socket).shutdown(Shutdown::Both)?;
        assert_eq!(socket.send(b"x").await.expect_err("shut").kind(), ErrorKind::BrokenPipe);
        Ok(())
    });
}
