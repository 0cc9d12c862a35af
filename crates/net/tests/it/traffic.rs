//! Bytes go there and back: echo, ping-pong, many connections, halves.

use crate::support::{pair, run};
use asyncio_core::{gather, try_gather};
use asyncio_net::{Shutdown, TcpListener, TcpStream};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::{StreamExt, TryStreamExt};
use std::io;

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buf = [0; 4096];
    loop {
        match stream.read(&mut buf).await? {
            0 => return stream.close().await,
            count => stream.write_all(&buf[..count]).await?,
        }
    }
}

#[test]
fn an_echo_server_gives_back_what_it_is_sent() {
    run(async {
        let (mut client, server) = pair().await?;
        let asking = async {
            for n in 0..100_u8 {
                client.write_all(&[n; 64]).await?;
                let mut heard = [0; 64];
                client.read_exact(&mut heard).await?;
                assert_eq!(heard, [n; 64]);
            }
            client.close().await?;
            assert_eq!(
                client.read(&mut [0; 1]).await?,
                0,
                "the server closes when the client does"
            );
            Ok(())
        };
        try_gather((echo(server), asking)).await.map(drop)
    });
}

#[test]
fn many_connections_are_served_side_by_side() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let serving = listener.incoming().take(50).try_for_each_concurrent(None, echo);
        let asking = try_gather((0..50_u8).map(|n| async move {
            let mut stream = TcpStream::connect(addr).await?;
            for _ in 0..20 {
                stream.write_all(&[n; 64]).await?;
                let mut heard = [0; 64];
                stream.read_exact(&mut heard).await?;
                assert_eq!(heard, [n; 64]);
            }
            stream.close().await
        }));
        try_gather((serving, asking)).await.map(drop)
    });
}

#[test]
fn two_streams_play_ping_pong_in_one_block_on() {
    run(async {
        let (left, right) = pair().await?;
        let player = async |stream: &TcpStream, serves: bool| {
            let (mut reader, mut writer) = (stream, stream);
            if serves {
                writer.write_all(&[0]).await?;
            }
            let mut ball = [0];
            for _ in 0..1000 {
                reader.read_exact(&mut ball).await?;
                ball[0] = ball[0].wrapping_add(1);
                writer.write_all(&ball).await?;
            }
            io::Result::Ok(ball[0])
        };
        let (one, other) = gather((player(&left, true), player(&right, false))).await;
        assert_eq!((one?, other?), (208, 207));
        Ok(())
    });
}

#[test]
fn vectored_writes_and_reads_keep_the_order_of_their_buffers() {
    run(async {
        let (mut left, mut right) = pair().await?;
        let bufs = [io::IoSlice::new(b"one"), io::IoSlice::new(b""), io::IoSlice::new(b"two")];
        assert_eq!(left.write_vectored(&bufs).await?, 6);
        let (mut first, mut second) = ([0; 2], [0; 8]);
        let mut bufs = [io::IoSliceMut::new(&mut first), io::IoSliceMut::new(&mut second)];
        assert_eq!(right.read_vectored(&mut bufs).await?, 6);
        assert_eq!((&first, &second[..4]), (b"on", &b"etwo"[..]));
        Ok(())
    });
}

#[test]
fn a_peek_takes_nothing() {
    run(async {
        let (mut left, mut right) = pair().await?;
        let (peeked, written) = gather((right.peek(&mut [0; 2]), left.write_all(b"look"))).await;
        written?;
        assert_eq!(peeked?, 2);
        let mut heard = [0; 4];
        right.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"look");
        Ok(())
    });
}

#[test]
fn empty_buffers_need_no_waiting() {
    run(async {
        let (mut left, _right) = pair().await?;
        assert_eq!(left.read(&mut []).await?, 0);
        assert_eq!(left.write(&[]).await?, 0);
        assert_eq!(left.read_vectored(&mut []).await?, 0);
        assert_eq!(left.write_vectored(&[]).await?, 0);
        Ok(())
    });
}

#[test]
fn halves_work_apart_and_the_writing_one_ends_its_direction() {
    run(async {
        let (left, right) = pair().await?;
        let (mut reader, mut writer) = left.split();
        let asking = async move {
            writer.write_all(b"question").await?;
            drop(writer);
            Ok(())
        };
        let hearing = async move {
            let mut heard = String::new();
            reader.read_to_string(&mut heard).await?;
            assert_eq!(heard, "question");
            Ok(())
        };
        try_gather((asking, hearing, echo(right))).await.map(drop)
    });
}

#[test]
fn halves_of_one_stream_can_be_put_together_and_others_cannot() {
    run(async {
        let ((left, mut right), (other, _peer)) = (pair().await?, pair().await?);
        let (reader, writer) = left.split();
        let (other_reader, other_writer) = other.split();
        let error = reader.reunite(other_writer).expect_err("not of one stream");
        assert_eq!(error.to_string(), "the halves are not of the same stream");
        let mut left = error.0.reunite(writer).expect("of one stream");
        left.write_all(b"still open").await?;
        left.shutdown(Shutdown::Write)?;
        let mut heard = String::new();
        right.read_to_string(&mut heard).await?;
        assert_eq!(heard, "still open");
        drop(other_reader);
        Ok(())
    });
}
