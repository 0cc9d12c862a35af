//! How much a map takes on before it has to.

use crate::support::{Meeting, block_on, pool_of, visit};
use asyncio_pool::process::Chunk;
use futures::StreamExt;
use rustix::event::{Timespec, poll};
use std::cell::Cell;

/// So many items may be taken for each worker: one that it is at, and the next one.
const AHEAD: u32 = 2;

#[test]
fn a_map_takes_few_items_before_it_knows_how_long_they_last() {
    let pool = pool_of(2);
    let (meeting, taken) = (Meeting::new(), Cell::new(0));
    let items = (0..1_000).map(|_| {
        taken.set(taken.get() + 1);
        meeting.place.clone()
    });
    let mut results = pool.map(visit, items).unordered();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(results.poll_next_unpin(&mut context).is_pending());
    drop(meeting.wait());
    let visitor = meeting.wait();
    assert!(taken.get() <= 2 * AHEAD, "{} are taken", taken.get());
    drop(visitor);
}

/// Takes ten milliseconds.
fn last(_: u32) {
    let time = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
    assert_eq!(poll(&mut [], Some(&time)), Ok(0));
}

#[test]
fn real_a_map_over_long_items_takes_no_more_than_the_next_one_of_each_worker() {
    let pool = pool_of(2);
    let taken = Cell::new(0_u32);
    let items = (0..30).inspect(|_| taken.set(taken.get() + 1));
    let results = pool.map(last, items);
    let ahead = |(given, _)| taken.get() - given;
    let ahead: Vec<u32> =
        block_on(futures::stream::iter(0_u32..).zip(results).map(ahead).collect());
    assert!(ahead.iter().all(|&ahead| ahead <= 2 * AHEAD), "{ahead:?}");
}

#[test]
fn a_chunk_that_was_asked_for_is_taken_at_once() {
    let pool = pool_of(1);
    let (meeting, taken) = (Meeting::new(), Cell::new(0));
    let items = (0..1_000).map(|_| {
        taken.set(taken.get() + 1);
        meeting.place.clone()
    });
    let mut results = pool.map(visit, items).chunk(Chunk::Exactly(8));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(results.poll_next_unpin(&mut context).is_pending());
    drop(meeting.wait());
    assert_eq!(taken.get(), 16, "one chunk, and the next");
}
