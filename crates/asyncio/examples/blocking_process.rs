//! CPU-bound code in a process of its own, while the loop goes on.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use asyncio::{ProcessPoolExecutor, Shutdown, create_task, running_loop, sleep};
use jiff::Zoned;
use std::cell::Cell;
use std::error::Error;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Duration;

/// Python's `time.ctime()`.
fn ctime() -> String {
    Zoned::now().strftime("%a %b %e %H:%M:%S %Y").to_string()
}

fn cpu_bound_task() {
    // The sum has 69 bits. Python's integers grow; ours say how large they are.
    let mut total = 0;
    for i in 0..10_u128.pow(7) {
        // An optimiser that sees through the loop would leave nothing to do.
        total += black_box(i * i);
    }
    println!("{} CPU-bound task completed with total: {total}", ctime());
}

async fn ticker(ticks: Rc<Cell<u32>>) {
    loop {
        sleep(Duration::from_millis(1)).await;
        ticks.set(ticks.get() + 1);
    }
}

#[asyncio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    println!("{} Main coroutine started", ctime());
    let event_loop = running_loop();
    let ticks = Rc::new(Cell::new(0));
    let ticker = create_task(ticker(Rc::clone(&ticks)));

    // Nothing is registered and nothing guards `main`: a worker is this program, started again.
    let pool = ProcessPoolExecutor::new()?;
    event_loop.run_in_executor(&pool, |()| cpu_bound_task(), ()).await?;
    pool.shutdown(Shutdown::Drain).await;
    ticker.cancel();

    println!("{} Meanwhile the loop ticked {} times", ctime(), ticks.get());
    println!("{} Main coroutine completed", ctime());
    Ok(())
}
