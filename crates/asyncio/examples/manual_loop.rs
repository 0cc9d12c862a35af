//! The event loop by hand: made, run until a future is done, run until it is stopped, closed, misused.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use asyncio::EventLoop;
use std::error::Error;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::time::Duration;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let event_loop = EventLoop::new()?;
    event_loop.run_until_complete(async_main())?;

    let same_loop = event_loop.clone();
    drop(event_loop.call_later(Duration::from_millis(100), move || same_loop.stop()));
    event_loop.run_forever();
    println!("Stopped");

    misuse("run inside a run", || {
        event_loop.run_until_complete(async { event_loop.run_until_complete(async_main()) })
    });
    misuse("close inside a run", || event_loop.run_until_complete(async { event_loop.close() }));
    event_loop.close();
    println!("Closed: {}", event_loop.is_closed());
    misuse("run a closed loop", || event_loop.run_until_complete(async_main()));
    misuse("schedule on a closed loop", || event_loop.call_soon(|| ()));
    misuse("ask for a loop outside of one", asyncio::running_loop);
    Ok(())
}

/// What Python calls `main` here.
async fn async_main() {
    println!("Main coroutine runs");
}

/// Does what is wrong, and prints what the panic says.
fn misuse<T>(what: &str, wrong: impl FnOnce() -> T) {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let refused = catch_unwind(AssertUnwindSafe(wrong)).err();
    panic::set_hook(hook);
    let payload = refused.expect("misuse is refused");
    let message = payload.downcast_ref::<String>().map(String::as_str);
    let message = message.or(payload.downcast_ref::<&str>().copied());
    println!("Refused to {what}: {}", message.unwrap_or("no message"));
}
