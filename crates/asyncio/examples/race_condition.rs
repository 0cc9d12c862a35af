//! A counter shared by two tasks, without a lock: nothing runs between two awaits but the task itself.
//!
//! The same with two threads does not compile; the README shows it.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use asyncio::{JoinError, create_task, yield_now};
use std::cell::Cell;
use std::rc::Rc;

async fn increment(counter: Rc<Cell<u32>>) {
    for i in 0..1_000_000 {
        counter.set(counter.get() + 1);
        // Only here can the other task come in.
        if i % 1_000 == 0 {
            yield_now().await;
        }
    }
}

#[asyncio::main]
pub(crate) async fn main() -> Result<(), JoinError> {
    let counter = Rc::new(Cell::new(0));
    let tasks = [(); 2].map(|()| create_task(increment(Rc::clone(&counter))));
    for task in tasks {
        task.await?;
    }
    println!("Final counter value: {}", counter.get());
    Ok(())
}
