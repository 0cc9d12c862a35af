//! Blocking code on a thread of the default executor, while the loop goes on.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use asyncio::{JobError, create_task, interval, running_loop, to_thread};
use jiff::Zoned;
use std::time::Duration;

/// Python's `time.ctime()`.
fn ctime() -> String {
    Zoned::now().strftime("%a %b %e %H:%M:%S %Y").to_string()
}

#[expect(clippy::disallowed_methods, reason = "it blocks its thread on purpose")]
fn blocking_task() {
    std::thread::sleep(Duration::from_secs(2));
    println!("{} Blocking task completed", ctime());
}

async fn ticker() {
    let mut interval = interval(Duration::from_millis(600));
    loop {
        interval.tick().await;
        println!("{} Tick: the loop is not blocked", ctime());
    }
}

#[asyncio::main]
pub(crate) async fn main() -> Result<(), JobError> {
    println!("{} Main coroutine started", ctime());
    let event_loop = running_loop();
    let ticker = create_task(ticker());

    // Python's `None` is the loop's default executor.
    event_loop.run_in_executor(&event_loop.default_executor(), |()| blocking_task(), ()).await?;
    ticker.cancel();

    // The same, shorter.
    to_thread(blocking_task).await?;

    println!("{} Main coroutine completed", ctime());
    Ok(())
}
