//! For the price of a task: made and awaited one by one, a thousand at a time, a million alive at once.

use crate::measure::Passes;
use crate::runtime::Runtime;

/// A task that is done at its first poll, and that no compiler can see through.
async fn trivial(number: u64) -> u64 {
    std::hint::black_box(number)
}

/// One at a time, each awaited before the next is made.
pub(crate) async fn await_each<R: Runtime>() -> f64 {
    const TASKS: u64 = 50_000;
    let mut passes = Passes::new();
    while passes.next() {
        for number in 0..TASKS {
            std::hint::black_box(R::join(R::spawn(trivial(number))).await);
        }
        passes.done(TASKS);
    }
    passes.median()
}

/// The same, run at once where the runtime can; glommio always does.
pub(crate) async fn await_each_eager<R: Runtime>() -> f64 {
    const TASKS: u64 = 50_000;
    let mut passes = Passes::new();
    while passes.next() {
        for number in 0..TASKS {
            std::hint::black_box(R::join(R::spawn_eager(trivial(number))).await);
        }
        passes.done(TASKS);
    }
    passes.median()
}

/// So many made, then all of them awaited, again and again.
pub(crate) async fn batches<R: Runtime>(batch: u64, repeats: u64) -> f64 {
    let mut tasks = Vec::with_capacity(batch as usize);
    let mut passes = Passes::new();
    while passes.next() {
        for _ in 0..repeats {
            tasks.extend((0..batch).map(|number| R::spawn(trivial(number))));
            for task in tasks.drain(..) {
                std::hint::black_box(R::join(task).await);
            }
        }
        passes.done(batch * repeats);
    }
    passes.median()
}
