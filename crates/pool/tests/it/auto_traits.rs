//! Our own types cross threads, whatever a job returns.

use asyncio_pool::current::LazyPool;
use asyncio_pool::simulation::PoolJob;
use asyncio_pool::{
    AbandonedJob, JobError, ScopedJob, Shutdown, ThreadJob, ThreadPoolBuilder, ThreadPoolExecutor,
    ThreadScope,
};
use std::cell::Cell;

const fn crosses_threads<T: Send + Sync + Unpin + 'static>() {}

const _: () = {
    crosses_threads::<ThreadPoolExecutor>();
    crosses_threads::<ThreadPoolBuilder>();
    crosses_threads::<ThreadJob<String>>();
    // The result is handed over once, so it need not be `Sync` for its future to be.
    crosses_threads::<ThreadJob<Cell<u8>>>();
    crosses_threads::<LazyPool>();
    crosses_threads::<PoolJob>();
    crosses_threads::<AbandonedJob>();
    crosses_threads::<Shutdown>();
    crosses_threads::<JobError>();
    assert!(size_of::<Option<Result<u64, JobError>>>() == 16, "a result stays two words");
    // A scope lends itself to its jobs, and they may join one another.
    crosses_threads::<ThreadScope<'static, 'static>>();
    crosses_threads::<ScopedJob<'static, Cell<u8>>>();
};
