//! The types of what `run_in_executor` and `submit` are given need not be written, whoever the executor is.

use asyncio::{Executor, JobError, ThreadPoolExecutor, running_loop};
use std::cell::Cell;
use std::future::{Ready, ready};
use std::net::TcpListener;
use std::sync::mpsc;
use std::sync::{Arc, LazyLock};

/// A user's executor that runs where it is called, so it takes anything.
struct Inline;

impl<F: FnOnce(A) -> R, A, R> Executor<F, A, R> for Inline {
    type Job = Ready<Result<R, JobError>>;

    fn submit(&self, f: F, args: A) -> Self::Job {
        ready(Ok(f(args)))
    }
}

/// A user's executor that runs its jobs on a thread pool, and counts them.
struct Counted {
    pool: ThreadPoolExecutor,
    count: Cell<usize>,
}

impl<F, A, R> Executor<F, A, R> for Counted
where
    ThreadPoolExecutor: Executor<F, A, R>,
{
    type Job = <ThreadPoolExecutor as Executor<F, A, R>>::Job;

    fn submit(&self, f: F, args: A) -> Self::Job {
        self.count.set(self.count.get() + 1);
        Executor::submit(&self.pool, f, args)
    }
}

fn double(number: i32) -> i32 {
    number * 2
}

/// The calls of a user, with no type written down but those of references.
macro_rules! calls_infer_on {
    ($executor:expr) => {
        asyncio::run(async {
            let event_loop = running_loop();
            let executor = $executor;
            assert_eq!(event_loop.run_in_executor(&executor, |x| x + 1.5, 2.0).await?, 3.5);
            let sum = event_loop.run_in_executor(&executor, |(a, b)| a + b, (1, 2)).await?;
            assert_eq!(sum, 3);
            assert_eq!(event_loop.run_in_executor(&executor, |()| "none", ()).await?, "none");
            assert_eq!(event_loop.run_in_executor(&executor, double, 21).await?, 42);
            let words = vec!["to", "be", "or", "not"];
            let longest = |words: Vec<_>| words.into_iter().max_by_key(|word: &&str| word.len());
            assert_eq!(event_loop.run_in_executor(&executor, longest, words).await?, Some("not"));
            let parsed = event_loop.run_in_executor(&executor, str::parse::<u8>, "7").await?;
            assert_eq!(parsed, Ok(7));

            // Captures, by value and shared.
            let (offset, shared) = (10, Arc::new(5));
            let of_both = Arc::clone(&shared);
            let job = event_loop.run_in_executor(&executor, move |x| x + offset + *of_both, 1);
            assert_eq!(job.await? + *shared, 21);

            // Values that nothing could serialize: a socket, a channel's end, a function, a cell.
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = |listener: TcpListener| listener.local_addr().map(|address| address.port());
            assert_ne!(
                event_loop.run_in_executor(&executor, port, listener).await?.unwrap_or(0),
                0
            );
            let (sender, receiver) = mpsc::channel();
            event_loop.run_in_executor(&executor, move |x| sender.send(x), "sent").await?.unwrap();
            assert_eq!(receiver.recv(), Ok("sent"));
            let later: Box<dyn FnOnce() -> u8 + Send> = Box::new(|| 9);
            assert_eq!(event_loop.run_in_executor(&executor, |later| later(), later).await?, 9);
            let cell = event_loop.run_in_executor(&executor, Cell::new, 3).await?;
            assert_eq!(cell.get(), 3);
            Ok::<_, JobError>(executor)
        })
        .unwrap()
    };
}

#[test]
fn calls_infer_on_the_thread_pool() {
    calls_infer_on!(ThreadPoolExecutor::new(2));
}

#[test]
fn calls_infer_on_the_default_executor() {
    calls_infer_on!(running_loop().default_executor());
}

#[test]
fn calls_infer_on_a_users_executor_without_bounds() {
    calls_infer_on!(Inline);
}

#[test]
fn calls_infer_on_a_users_executor_around_ours() {
    let counted =
        calls_infer_on!(Counted { pool: ThreadPoolExecutor::new(1), count: Cell::new(0) });
    assert_eq!(counted.count.get(), 11);
}

#[test]
fn calls_infer_on_what_points_to_an_executor() {
    static POOL: LazyLock<ThreadPoolExecutor> = LazyLock::new(|| ThreadPoolExecutor::new(1));
    calls_infer_on!(Arc::new(ThreadPoolExecutor::new(1)));
    calls_infer_on!(&*POOL);
    let _same = calls_infer_on!(&POOL);
    let three = asyncio::run(async { running_loop().run_in_executor(&POOL, |x| x + 1, 2).await });
    assert_eq!(three.unwrap(), 3);
}

#[test]
fn a_users_executor_without_bounds_takes_what_cannot_cross_threads() {
    let sum = asyncio::run(async {
        let here = std::rc::Rc::new(40);
        let local = 1;
        running_loop().run_in_executor(&Inline, |x| *here + local + x, 1).await
    });
    assert_eq!(sum.unwrap(), 42);
}

#[test]
fn submit_infers_as_run_in_executor_does() {
    let pool = ThreadPoolExecutor::new(1);
    let offset = 0.5;
    let sums = asyncio::run(async {
        let both = asyncio::try_gather((
            pool.submit(|x| x + 1.5, 2.0),
            pool.submit(move |(a, b)| a + b + offset, (1.0, 2.0)),
        ));
        both.await
    });
    assert_eq!(sums.unwrap(), (3.5, 3.5));
}
