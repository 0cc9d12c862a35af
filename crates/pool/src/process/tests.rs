//! What a test cannot bring about from outside: a system that refuses, a kernel that kills for want of
//! memory, a link that does not lead to the program.

use crate::clock::monotonic_nanos;
use crate::job::{JobError, WorkerExitCause};
use crate::process::engine::Engine;
use crate::process::error::{StartError, StartPhase};
use crate::process::executor::ProcessPoolExecutor;
use crate::process::host::{Host, System};
use crate::process::settings::StderrPolicy;
use crate::process::sys::{Launch, Launched};
use crate::shutdown::Shutdown;
use futures::FutureExt as _;
use futures::executor::block_on;
use parking_lot::{Condvar, Mutex};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, kill_process, test_kill_process};
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A system that does what it is told.
#[derive(Debug)]
struct Double {
    refusal: Errno,
    /// Which launches it refuses, counted from zero.
    refuses: fn(usize) -> bool,
    /// Which launches start something else.
    mistakes: fn(usize) -> bool,
    kernel_kills: AtomicU64,
    /// When which programs were to be started.
    launches: Mutex<Vec<(u64, PathBuf)>>,
    /// Those that were.
    processes: Mutex<Vec<u32>>,
    /// Whether launches have to wait, as they do where all processors are busy.
    is_held: Mutex<bool>,
    let_go: Condvar,
}

impl Double {
    fn new(refusal: Errno, refuses: fn(usize) -> bool) -> Arc<Self> {
        Arc::new(Self {
            refusal,
            refuses,
            mistakes: |_| false,
            kernel_kills: AtomicU64::new(7),
            launches: Mutex::default(),
            processes: Mutex::default(),
            is_held: Mutex::new(false),
            let_go: Condvar::new(),
        })
    }

    fn hold(&self, is_held: bool) {
        *self.is_held.lock() = is_held;
        self.let_go.notify_all();
    }

    fn pool(self: &Arc<Self>, workers: usize) -> ProcessPoolExecutor {
        let builder = ProcessPoolExecutor::builder().workers(workers);
        let host: Arc<dyn Host> = Arc::<Self>::clone(self);
        builder.stderr(StderrPolicy::Capture).host(host).build().expect("a pool starts nothing")
    }

    fn programs(&self) -> Vec<PathBuf> {
        self.launches.lock().iter().map(|(_, program)| program.clone()).collect()
    }
}

impl Host for Double {
    fn launch(&self, launch: &Launch) -> io::Result<Launched> {
        let mut launches = self.launches.lock();
        let number = launches.len();
        launches.push((monotonic_nanos(), launch.program.clone()));
        if (self.refuses)(number) {
            return Err(self.refusal.into());
        }
        drop(launches);
        self.let_go.wait_while(&mut self.is_held.lock(), |is_held| *is_held);
        let launched = match (self.mistakes)(number) {
            true => Launch { program: "/bin/true".into(), ..launch.clone() }.start(),
            false => System.launch(launch),
        }?;
        self.processes.lock().push(launched.child.id());
        Ok(launched)
    }

    fn kernel_kills(&self) -> Option<u64> {
        Some(self.kernel_kills.load(Relaxed))
    }
}

fn square(n: u64) -> u64 {
    n * n
}

fn killed(_: ()) {
    let _sent = kill_process(getpid(), Signal::KILL);
}

fn for_ever(_: ()) {
    loop {
        std::thread::park();
    }
}

fn start_error(error: &JobError) -> &StartError {
    let source = error.source().expect("a start error is the source");
    source.downcast_ref().expect("a start error is the source")
}

#[test]
fn a_system_without_descriptors_for_a_while_costs_no_job() {
    let host = Double::new(Errno::MFILE, |number| number < 4);
    let pool = host.pool(1);
    let jobs: Vec<_> = (0..40).map(|n| pool.submit(square, n)).collect();
    for (n, job) in (0..).zip(jobs) {
        assert_eq!(block_on(job).unwrap(), n * n);
    }
    assert_eq!(host.programs().len(), 5);
    let host = Double::new(Errno::MFILE, |number| number < 4);
    assert_eq!(host.pool(1).run_blocking(square, 3).unwrap(), 9);
    let host = Double::new(Errno::MFILE, |number| number < 4);
    assert_eq!(asyncio_reactor::block_on(host.pool(1).run(square, 3)).unwrap().unwrap(), 9);
}

#[test]
fn real_a_system_that_refuses_processes_is_asked_five_times_and_ever_less_often() {
    let host = Double::new(Errno::AGAIN, |_| true);
    let pool = host.pool(1);
    let jobs: Vec<_> = (0..40).map(|n| pool.submit(square, n)).collect();
    for job in jobs {
        let error = block_on(job).unwrap_err();
        assert!(error.is_not_started(), "{error}");
        assert_eq!(start_error(&error).phase(), StartPhase::Launch);
        let source = start_error(&error).source().expect("the system's own error");
        let source: &io::Error = source.downcast_ref().expect("the system's own error");
        assert_eq!(source.raw_os_error(), Some(Errno::AGAIN.raw_os_error()));
    }
    let launches = host.launches.lock().clone();
    assert!(launches.len() >= 5);
    for (two, millis) in launches.windows(2).zip([10, 20, 40, 80]) {
        assert!(two[1].0 - two[0].0 >= millis * 1_000_000, "{launches:?}");
    }
}

#[test]
fn a_system_that_refuses_further_processes_costs_no_job() {
    let host = Double::new(Errno::NOMEM, |number| number > 0);
    let pool = host.pool(4);
    let jobs: Vec<_> = (0..200).map(|n| pool.submit(square, n)).collect();
    for (n, job) in (0..).zip(jobs) {
        assert_eq!(block_on(job).unwrap(), n * n);
    }
    assert_eq!(pool.started_workers(), 1);
}

#[test]
fn real_a_pool_that_has_given_up_works_again_when_the_system_does() {
    let host = Double::new(Errno::AGAIN, |number| number < 5);
    let pool = host.pool(1);
    assert!(pool.run_blocking(square, 3).unwrap_err().is_not_started());
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
}

#[test]
fn a_system_that_refuses_further_processes_for_long_costs_no_job_while_one_is_busy() {
    let host = Double::new(Errno::NOMEM, |number| (1..7).contains(&number));
    let pool = host.pool(2);
    let busy = pool.submit(for_ever, ());
    let jobs: Vec<_> = (0..40).map(|n| pool.submit(square, n)).collect();
    for (n, job) in (0..).zip(jobs) {
        assert_eq!(block_on(job).unwrap(), n * n);
    }
    assert!(!busy.is_finished());
}

#[test]
fn a_system_that_refuses_again_later_is_asked_as_often_as_before() {
    let host = Double::new(Errno::AGAIN, |number| number < 4 || (5..9).contains(&number));
    let pool = host.pool(1);
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
    assert_eq!(pool.run_blocking(killed, ()).unwrap_err().signal(), Some(9));
    assert_eq!(pool.run_blocking(square, 4).unwrap(), 16);
    assert_eq!(host.programs().len(), 10);
}

#[test]
fn a_kill_by_the_kernel_is_told_from_one_by_somebody_else() {
    let host = Double::new(Errno::AGAIN, |_| false);
    let pool = host.pool(1);
    let cause = || {
        let error = pool.run_blocking(killed, ()).unwrap_err();
        assert_eq!(error.signal(), Some(9), "{error}");
        error.exit_cause()
    };
    assert_eq!(cause(), None);
    host.kernel_kills.fetch_add(1, Relaxed);
    assert_eq!(cause(), Some(WorkerExitCause::KernelOutOfMemory));
    assert_eq!(cause(), None, "it was another time");
}

#[test]
fn a_link_that_does_not_lead_to_the_program_is_replaced_by_its_path() {
    let host = Double::new(Errno::AGAIN, |_| false);
    let host = Double { mistakes: |number| number == 0, ..Arc::into_inner(host).expect("mine") };
    let host = Arc::new(host);
    assert_eq!(host.pool(1).run_blocking(square, 3).unwrap(), 9);
    let path = std::env::current_exe().expect("this program is known");
    assert_eq!(host.programs(), [PathBuf::from("/proc/self/exe"), path]);
}

#[test]
fn one_start_that_failed_does_not_make_the_path_the_only_way() {
    let host = Double::new(Errno::AGAIN, |_| false);
    let host = Double { mistakes: |number| number < 2, ..Arc::into_inner(host).expect("mine") };
    let host = Arc::new(host);
    assert_eq!(host.pool(1).run_blocking(square, 3).unwrap(), 9);
    assert_eq!(host.programs()[2], PathBuf::from("/proc/self/exe"));
}

#[test]
fn pools_that_are_refused_leave_nothing_behind() {
    let host = Double::new(Errno::AGAIN, |_| true);
    let pool = host.pool(2);
    let job = pool.submit(square, 3);
    drop(pool);
    assert!(block_on(job).unwrap_err().is_shut_down());
    let pool = host.pool(2);
    let job = pool.submit(square, 3);
    drop(job);
    pool.shutdown(Shutdown::Drain);
    assert!(pool.worker_ids().is_empty());
}

/// Whether all that was started is gone.
fn has_left_nothing(host: &Double) -> bool {
    let processes = host.processes.lock();
    let is_gone = |&process: &u32| {
        let id = process.try_into().ok().and_then(Pid::from_raw).expect("the number of a process");
        test_kill_process(id) == Err(Errno::SRCH)
    };
    !processes.is_empty() && processes.iter().all(is_gone)
}

#[test]
fn nobody_waits_while_a_worker_is_started_but_for_its_job() {
    let host = Double::new(Errno::AGAIN, |_| false);
    host.hold(true);
    let pool = host.pool(2);
    asyncio_reactor::block_on(async {
        let job = pool.submit(square, 3);
        let others: Vec<_> = (0..10).map(|n| pool.submit(square, n)).collect();
        asyncio_core::yield_now().await;
        assert_eq!((pool.workers(), pool.waiting_jobs()), (0, 11));
        host.hold(false);
        assert_eq!(job.await.unwrap(), 9);
        for (n, job) in (0..).zip(others) {
            assert_eq!(job.await.unwrap(), n * n);
        }
    })
    .unwrap();
}

#[test]
fn a_pool_that_ends_while_a_worker_is_started_awaits_it_and_leaves_nothing() {
    for how in [Shutdown::Drain, Shutdown::CancelPending, Shutdown::Now] {
        let host = Double::new(Errno::AGAIN, |_| false);
        host.hold(true);
        let pool = host.pool(2);
        asyncio_reactor::block_on(async {
            let job = pool.submit(square, 3);
            let mut closing = pool.shutdown(how);
            let early = (&mut closing).now_or_never();
            assert!(early.is_none(), "{how:?}: a process is on its way");
            host.hold(false);
            closing.await;
            assert_eq!(job.await.ok(), (how == Shutdown::Drain).then_some(9), "{how:?}");
        })
        .unwrap();
        assert!(has_left_nothing(&host), "{how:?}");
    }
}

/// Drops a pool whose first worker is held up by its host.
#[track_caller]
fn drop_while_a_worker_is_started(host: &Double, pool: ProcessPoolExecutor) {
    let job = pool.submit(square, 3);
    std::thread::scope(|scope| {
        let dropping = scope.spawn(move || drop(pool));
        assert!(block_on(job).unwrap_err().is_shut_down());
        // The launch has begun, and only this lets it go on.
        host.hold(false);
        dropping.join().expect("a drop does not panic");
    });
    assert!(has_left_nothing(host));
}

#[test]
fn a_pool_that_is_dropped_while_a_worker_is_started_awaits_it_and_leaves_nothing() {
    let host = Double::new(Errno::AGAIN, |_| false);
    host.hold(true);
    drop_while_a_worker_is_started(&host, host.pool(2));
}

#[test]
fn a_worker_that_comes_after_the_end_is_killed_though_its_initializer_never_ends() {
    let host = Double::new(Errno::AGAIN, |_| false);
    host.hold(true);
    let builder = ProcessPoolExecutor::builder().workers(1).initializer(for_ever, ());
    let pool = builder.host(Arc::<Double>::clone(&host)).build().expect("a pool starts nothing");
    drop_while_a_worker_is_started(&host, pool);
}

#[test]
fn a_worker_that_comes_too_late_for_its_job_is_there_for_the_next() {
    let host = Double::new(Errno::AGAIN, |_| false);
    host.hold(true);
    let pool = host.pool(1);
    drop(pool.submit(square, 3));
    host.hold(false);
    assert_eq!(pool.run_blocking(square, 4).unwrap(), 16);
    assert_eq!((host.programs().len(), pool.started_workers()), (1, 1));
}

#[test]
fn what_is_not_wanted_any_more_is_not_waited_for() {
    const HOUR: Duration = Duration::from_secs(3600);

    let host = Double::new(Errno::AGAIN, |_| false);
    host.hold(true);
    let builder = ProcessPoolExecutor::builder().workers(1).queue_bound(1);
    let pool = builder.host(Arc::<Double>::clone(&host)).build().expect("a pool starts nothing");
    let queued = pool.job(square).deadline(HOUR).submit(3);
    let mut in_line = pool.job(square).deadline(HOUR).run(4);
    assert!((&mut in_line).now_or_never().is_none());
    drop((in_line, queued));
    host.hold(false);
    assert_eq!(pool.run_blocking(square, 4).unwrap(), 16);
    let on_board = pool.job(square).deadline(HOUR).submit(3);
    assert_eq!(block_on(on_board).unwrap(), 9);
    assert!(!pool.pool().look(Engine::is_busy), "no alarm is left");
}

#[test]
fn what_is_taken_back_and_who_dies_leave_no_alarm() {
    const HOUR: Duration = Duration::from_secs(3600);

    let builder = ProcessPoolExecutor::builder().workers(1).idle_timeout(HOUR);
    let pool = builder.build().expect("a pool starts nothing");
    // On a busy machine a job may be taken for long, and then it is not sent ahead.
    let mut is_ahead = false;
    while !is_ahead {
        for n in 0..8 {
            assert_eq!(pool.run_blocking(square, n).unwrap(), n * n);
        }
        let holder = pool.job(for_ever).timeout(HOUR).submit(());
        let behind = pool.job(square).deadline(HOUR).submit(3);
        is_ahead = pool.waiting_jobs() == 0;
        drop(behind);
        drop(holder);
    }
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
    assert!(pool.job(killed).timeout(HOUR).run_blocking(()).is_err());
    assert_eq!(pool.run_blocking(square, 3).unwrap(), 9);
    let idle = pool.worker_ids()[0].try_into().ok().and_then(Pid::from_raw);
    kill_process(idle.expect("the number of a process"), Signal::KILL).unwrap();
    pool.shutdown(Shutdown::Drain);
    assert!(!pool.pool().look(Engine::has_chores), "no alarm is left");
}

#[test]
fn real_a_short_time_for_a_job_keeps_nobody_busy_before_its_worker_is_ready() {
    fn take_time(_: ()) {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    let builder = ProcessPoolExecutor::builder().workers(1).initializer(take_time, ());
    let pool = builder.build().expect("a pool starts nothing");
    let hurried = pool.job(killed).timeout(Duration::from_nanos(1)).run_blocking(());
    assert!(hurried.is_err());
    let alarms = pool.pool().look(Engine::alarms);
    assert!(alarms < 1_000, "{alarms}");
}
