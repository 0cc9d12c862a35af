//! A future may be large: creating its task takes little more stack than holding it.

use crate::support::new_loop;
use asyncio_executor::{Task, create_task};

/// Holds so many bytes across an await.
async fn large<const BYTES: usize>() -> usize {
    let kept = [1_u8; BYTES];
    asyncio_core::yield_now().await;
    std::hint::black_box(&kept).len()
}

/// Without optimisation each function that passes a future on has a copy of it on its stack.
#[test]
fn a_future_of_three_hundred_kilobytes_becomes_a_task_on_two_megabytes_of_stack() {
    const BYTES: usize = 300 << 10;
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(|| {
        let event_loop = new_loop();
        let tasks = event_loop.run_until_complete(async {
            [create_task(large::<BYTES>()), Task::builder().name("large").spawn(large::<BYTES>())]
        });
        for task in tasks.unwrap() {
            assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), BYTES);
        }
        let outside = event_loop.create_task(large::<BYTES>());
        assert_eq!(event_loop.run_until_complete(outside).unwrap().unwrap(), BYTES);
        assert_eq!(event_loop.run_until_complete(large::<BYTES>()), Ok(BYTES));
    });
    thread.unwrap().join().unwrap();
}
