#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use asyncio_core::exception::ExceptionContext;
pub use asyncio_core::{
    BrokenPromise, Instant, Promise, Resolver, TaskId, gather, promise, try_gather, yield_now,
};
pub use asyncio_executor::{
    CallHandle, Handle, JoinError, LoopClosed, RemoteTask, Stopped, Task, TaskBuilder, TaskRef,
    TaskState, all_tasks, create_task, current_task,
};
pub use asyncio_macros::{main, test};
#[cfg(feature = "process-pool")]
pub use asyncio_pool::process::{Job, Priority, ProcessPoolExecutor, Rejected, StartError};
pub use asyncio_pool::{Executor, JobError, Shutdown, ThreadPoolExecutor, to_thread};
pub use asyncio_reactor::{
    Interval, MissedTick, Sleep, Timeout, TimeoutError, instant_from_std, instant_to_std, interval,
    interval_at, sleep, sleep_until, timeout, timeout_at,
};
pub use asyncio_runtime::{EventLoop, Runner, RunnerBuilder, run, running_loop, try_running_loop};
pub use asyncio_sync::Semaphore;

/// What [`main`] does before it runs the function: a process that was started as a worker of a process pool
/// becomes one.
///
/// Usually it has done so before it comes here.
#[doc(hidden)]
pub fn enter_main() {
    #[cfg(feature = "process-pool")]
    asyncio_pool::process::init();
}

/// TCP, UDP and bare descriptors: [`asyncio_net`], and the reactor's [`AsyncFd`](net::AsyncFd).
pub mod net {
    pub use asyncio_net::*;
    pub use asyncio_reactor::{AsyncFd, RegisterError};
}

/// Random numbers that replay in a simulation; not for secrets.
pub mod random {
    pub use asyncio_core::random::{Generator, below, next_u64};
}

/// Threads and processes as executors: [`asyncio_pool`].
pub mod pool {
    #[cfg(feature = "process-pool")]
    pub use asyncio_pool::process::*;
    pub use asyncio_pool::{
        AbandonedJob, Executor, JobError, ScopedJob, Shutdown, ThreadJob, ThreadPoolBuilder,
        ThreadPoolExecutor, ThreadScope, WorkerExit, WorkerExitCause, to_thread,
    };
}

/// Waiting for one another: [`asyncio_sync`].
pub mod sync {
    pub use asyncio_sync::{
        Acquire, AcquireOwned, Closed, OwnedPermit, Permit, Semaphore, TryAcquireError, Wait,
        WaitQueue,
    };
}

/// Tasks and what is known of them: [`asyncio_executor`] and the wait notes of [`asyncio_core`].
pub mod task {
    pub use asyncio_core::wait_note::{WaitKind, WaitNote};
    pub use asyncio_executor::{
        JoinError, OwnedTask, RemoteTaskState, Task, TaskBuilder, TaskRef, TaskState,
    };
}

/// Deterministic simulation: [`asyncio_testing`].
#[cfg(feature = "testing")]
pub mod testing {
    pub use asyncio_testing::{SimulatedNetwork, Simulation, Stall, StallKind, for_each_seed};
}
