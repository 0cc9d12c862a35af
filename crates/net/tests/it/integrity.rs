//! S-73: what is received is a prefix of what was sent, and all of it after an orderly end, however
//! the bytes are cut and however small the buffers of the system are.

use crate::support::{pair, run};
use asyncio_core::gather;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use proptest::prelude::*;
use socket2::SockRef;
use std::io;

fn byte(position: usize) -> u8 {
    (position * 31 + position / 251) as u8
}

fn transfer(total: usize, writes: &[usize], reads: &[usize], vectored: bool) {
    run(async {
        let (mut left, mut right) = pair().await?;
        // The system makes the smallest of it that it can; a receive buffer as small would make it wait for
        // its own timers.
        SockRef::from(&left).set_send_buffer_size(1)?;
        SockRef::from(&right).set_recv_buffer_size(16 << 10)?;
        let sent: Vec<u8> = (0..total).map(byte).collect();
        let sending = async {
            let (mut at, mut sizes) = (0, writes.iter().cycle());
            while at < total {
                let end = total.min(at + sizes.next().expect("a cycle"));
                if vectored {
                    let middle = at + (end - at) / 2;
                    let bufs =
                        [io::IoSlice::new(&sent[at..middle]), io::IoSlice::new(&sent[middle..end])];
                    at += left.write_vectored(&bufs).await?;
                } else {
                    at += left.write(&sent[at..end]).await?;
                }
            }
            left.close().await
        };
        let receiving = async {
            let (mut heard, mut sizes) = (Vec::new(), reads.iter().cycle());
            loop {
                let mut buf = vec![0; *sizes.next().expect("a cycle")];
                match right.read(&mut buf).await? {
                    0 => return io::Result::Ok(heard),
                    count => heard.extend_from_slice(&buf[..count]),
                }
                assert!(sent.starts_with(&heard), "not a prefix");
            }
        };
        let (sent_all, heard) = gather((sending, receiving)).await;
        sent_all?;
        assert_eq!(heard?.len(), total);
        Ok(())
    });
}

#[test]
fn a_big_transfer_through_tiny_buffers_arrives_whole() {
    transfer(300_000, &[65_536, 1, 7], &[3, 4096], false);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn prop_s73_streams_keep_every_byte_in_order(
        total in 0_usize..20_000,
        writes in prop::collection::vec(1_usize..9_000, 1..6),
        reads in prop::collection::vec(1_usize..9_000, 1..6),
        vectored: bool,
    ) {
        transfer(total, &writes, &reads, vectored);
    }
}
