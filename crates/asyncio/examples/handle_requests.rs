//! Ten requests at once take as long as one, and so do a hundred thousand.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use asyncio::{gather, running_loop, sleep};
use std::time::Duration;

async fn handle_request(request_id: u32) {
    println!("Handling request {request_id}");
    sleep(Duration::from_secs(1)).await;
    println!("Finished request {request_id}");
}

async fn handle_quietly() -> u32 {
    sleep(Duration::from_secs(1)).await;
    1
}

#[asyncio::main]
pub(crate) async fn main() {
    gather((0..10).map(handle_request)).await;

    let start = running_loop().time();
    let finished = gather((0..100_000).map(|_| handle_quietly())).await;
    let seconds = (running_loop().time() - start).as_secs_f64();
    println!("Finished {} requests of one second in {seconds:.1} s", finished.iter().sum::<u32>());
}
