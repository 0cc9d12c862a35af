//! Two tasks side by side: the second ends first, and both take as long as the longer.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use asyncio::{JoinError, create_task, sleep};
use std::time::Duration;

async fn task1() {
    println!("Task 1 started");
    sleep(Duration::from_secs(2)).await;
    println!("Task 1 completed");
}

async fn task2() {
    println!("Task 2 started");
    sleep(Duration::from_secs(1)).await;
    println!("Task 2 completed");
}

#[asyncio::main]
pub(crate) async fn main() -> Result<(), JoinError> {
    let task_1 = create_task(task1());
    let task_2 = create_task(task2());

    task_1.await?;
    task_2.await?;
    Ok(())
}
