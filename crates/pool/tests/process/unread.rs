//! Replies that lie in the connection while nobody reads: the loop is busy with something else.

use crate::support::{
    Meeting, Visitor, block_on, kill, may_visit, pool_of, square, wait_for_end_of, warm_up,
};
use asyncio_pool::process::Job;
use asyncio_pool::{ProcessPoolExecutor, Shutdown};

/// How many jobs go to one worker at once when all are short.
const ALL: usize = 16;
/// So many results are so large that they are not read together.
const LARGE: usize = 9;
const LENGTH: usize = 16_400;

fn blob(length: usize) -> Vec<u8> {
    vec![7; length]
}

type Filled = (Vec<Job<Vec<u8>>>, Job<u32>, Visitor);

/// Fills a connection with large replies, and small ones behind them; comes back when they are there and
/// the job behind them runs.
fn fill(pool: &ProcessPoolExecutor, meeting: &Meeting) -> Filled {
    // On a busy machine a job may be taken for long, and then not all are sent ahead.
    loop {
        warm_up(pool);
        (0..8).for_each(|n| drop(pool.run_blocking(blob, n).unwrap()));
        let sizes = (1..ALL).map(|n| if n <= LARGE { LENGTH } else { n });
        let replies = sizes.map(|size| pool.submit(blob, size)).collect();
        let holder = pool.submit(may_visit, meeting.place.clone());
        if pool.waiting_jobs() == 0 {
            return (replies, holder, meeting.wait());
        }
        drop((holder, replies));
    }
}

#[test]
fn a_loop_that_comes_late_is_told_of_all_replies() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    asyncio_reactor::block_on(async {
        for _ in 0..5 {
            let (replies, holder, visitor) = fill(&pool, &meeting);
            for (n, reply) in (1..).zip(replies) {
                assert_eq!(reply.await.unwrap().len(), if n <= LARGE { LENGTH } else { n });
            }
            drop(visitor);
            holder.await.unwrap();
        }
    })
    .unwrap();
}

#[test]
fn a_job_that_is_cancelled_is_killed_though_replies_lie_before_its_own() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    asyncio_reactor::block_on(async {
        let (replies, holder, mut visitor) = fill(&pool, &meeting);
        drop(holder);
        visitor.wait_for_end();
        for reply in replies {
            reply.await.unwrap();
        }
        assert_eq!(pool.run(square, 3).await.unwrap(), 9);
    })
    .unwrap();
}

#[test]
fn what_was_answered_before_a_death_is_done() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    asyncio_reactor::block_on(async {
        let (replies, holder, visitor) = fill(&pool, &meeting);
        kill(visitor.process, 9);
        wait_for_end_of(visitor.process);
        for reply in replies {
            assert!(reply.await.is_ok());
        }
        assert_eq!(holder.await.unwrap_err().signal(), Some(9));
    })
    .unwrap();
}

#[test]
fn a_pool_that_ends_now_gives_out_all_that_was_answered() {
    let pool = pool_of(1);
    let meeting = Meeting::new();
    let (replies, holder) = asyncio_reactor::block_on(async {
        let (replies, holder, _visitor) = fill(&pool, &meeting);
        pool.shutdown(Shutdown::Now).await;
        (replies, holder)
    })
    .unwrap();
    for reply in replies {
        assert!(block_on(reply).is_ok());
    }
    assert!(block_on(holder).unwrap_err().is_shut_down());
}
