//! The end of a connection: orderly, half, with data before it, and by reset.

use crate::support::{pair, run};
use asyncio_core::gather;
use asyncio_net::Shutdown;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use std::io::ErrorKind;

#[test]
fn an_end_that_comes_with_the_data_is_seen_after_a_short_read() {
    run(async {
        for _ in 0..100 {
            let (mut left, mut right) = pair().await?;
            left.write_all(b"last words").await?;
            drop(left);
            let mut buf = [0; 64];
            assert_eq!(right.read(&mut buf).await?, 10);
            // The read was short, so readiness could be taken for spent: the end must not be waited for.
            assert_eq!(right.read(&mut buf).await?, 0);
            assert_eq!(right.read(&mut buf).await?, 0, "the end stays the end");
        }
        Ok(())
    });
}

#[test]
fn an_end_that_comes_while_a_reader_waits_wakes_it() {
    run(async {
        let (left, mut right) = pair().await?;
        let mut buf = [0; 8];
        let (read, ()) = gather((right.read(&mut buf), async { drop(left) })).await;
        assert_eq!(read?, 0);
        Ok(())
    });
}

#[test]
fn a_half_closed_stream_goes_on_in_the_other_direction() {
    run(async {
        let (mut left, mut right) = pair().await?;
        left.write_all(b"question").await?;
        left.shutdown(Shutdown::Write)?;
        let mut heard = String::new();
        right.read_to_string(&mut heard).await?;
        assert_eq!(heard, "question");
        right.write_all(b"answer").await?;
        right.close().await?;
        heard.clear();
        left.read_to_string(&mut heard).await?;
        assert_eq!(heard, "answer");
        Ok(())
    });
}

#[test]
fn closing_twice_and_closing_what_the_peer_has_closed_is_no_error() {
    run(async {
        let (mut left, right) = pair().await?;
        left.close().await?;
        left.close().await?;
        right.set_reset_on_drop(true)?;
        drop(right);
        // After the reset the system calls the socket not connected.
        let _reset = left.read(&mut [0; 1]).await;
        left.close().await
    });
}

#[test]
fn a_reset_is_an_error_of_the_reader_who_waits() {
    run(async {
        let (mut left, right) = pair().await?;
        right.set_reset_on_drop(true)?;
        let mut buf = [0; 8];
        let (read, ()) = gather((left.read(&mut buf), async { drop(right) })).await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
        Ok(())
    });
}

#[test]
fn a_reset_is_an_error_of_the_writer_who_waits() {
    run(async {
        let (mut left, right) = pair().await?;
        right.set_reset_on_drop(true)?;
        let writing = async {
            let chunk = vec![0; 1 << 16];
            loop {
                if let Err(error) = left.write_all(&chunk).await {
                    return error;
                }
            }
        };
        let (error, ()) = gather((writing, async {
            asyncio_core::yield_now().await;
            drop(right);
        }))
        .await;
        let kind = error.kind();
        assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{kind:?}");
        Ok(())
    });
}
