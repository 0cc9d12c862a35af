//! An executor of one's own: Rayon's threads behind `run_in_executor`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use asyncio::{Executor, JobError, gather, promise, running_loop};
use rayon::prelude::*;
use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

struct RayonPool;

impl<F, A, R> Executor<F, A, R> for RayonPool
where
    F: FnOnce(A) -> R + Send + 'static,
    A: Send + 'static,
    R: Send + 'static,
{
    type Job = Pin<Box<dyn Future<Output = Result<R, JobError>> + Send>>;

    fn submit(&self, f: F, args: A) -> Self::Job {
        let (promise, resolver) = promise();
        rayon::spawn(move || {
            // A panic that reaches Rayon's threads aborts the process; here it belongs to the awaiter.
            let result = catch_unwind(AssertUnwindSafe(|| f(args)));
            let result = result.map_err(|what| JobError::panicked(type_name::<F>(), what));
            let _unawaited = resolver.resolve(result);
        });
        let broken = |_| Err(JobError::cancelled(type_name::<F>()));
        Box::pin(async move { promise.await.unwrap_or_else(broken) })
    }
}

#[asyncio::main]
async fn main() -> Result<(), JobError> {
    let event_loop = running_loop();
    let sum = event_loop.run_in_executor(&RayonPool, |(a, b)| a + b, (1.5, 2.0)).await?;
    println!("1.5 + 2.0 = {sum}");

    // The job is one of Rayon's own, so it may spread over all of its threads.
    let squares = |count| (1..=count).into_par_iter().map(|n: u64| n * n).sum::<u64>();
    let words = vec!["to", "be", "or", "not"];
    let (squares, longest) = gather((
        event_loop.run_in_executor(&RayonPool, squares, 1_000),
        event_loop.run_in_executor(&RayonPool, |w| w.into_iter().max_by_key(|w| w.len()), words),
    ))
    .await;
    println!("The first thousand squares are {} together", squares?);
    println!("The longest word is {:?}", longest?.unwrap_or_default());

    let parse = |text: &str| text.parse::<u8>().expect("a number was promised");
    let error = event_loop.run_in_executor(&RayonPool, parse, "seven").await;
    let error = error.expect_err("`seven` is no number");
    println!("A panic is an error: {}", error.panic_message().unwrap_or_default());
    Ok(())
}
