//! How much a map takes on before it has to.

use crate::support::{Meeting, Record, block_on, note, pool_of, visit};
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
    let results = pool.map(last, items).unordered();
    let ahead = |(given, _)| taken.get() - (given + 1);
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

#[test]
fn an_item_that_lasts_does_not_keep_others_from_being_worked_on_though_it_is_the_first() {
    let pool = pool_of(2);
    let meeting = Meeting::new();
    let record = Record::new();
    fn first_visits((place, record, n): (String, String, u32)) -> u32 {
        if n == 0 {
            visit(place)
        } else {
            note((record, n))
        };
        n
    }
    let items = (0..100).map(|n| (meeting.place.clone(), record.path(), n));
    let mut stream = pool.map(first_visits, items).chunk(Chunk::Exactly(1));
    let results = std::thread::scope(|scope| {
        let let_go = scope.spawn(|| {
            let visitor = meeting.wait();
            while record.notes().len() < 99 {
                std::thread::yield_now();
            }
            drop(visitor);
        });
        let all: Vec<u32> = block_on((&mut stream).map(Result::unwrap).collect());
        let_go.join().map(|()| all)
    });
    assert!(results.unwrap().into_iter().eq(0..100));
}
