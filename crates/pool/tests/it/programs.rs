//! S-39 and S-40 on random programs, on threads and in a simulation: each job is exactly one of *ran once* and
//! *cancelled before it started*; never more run than there are threads; a result is delivered once; no
//! panic costs a worker; a shutdown drains or cancels exactly, and leaves nothing behind.

use crate::support::{Drops, Probe, Stepwise, block_on};
use asyncio_pool::JobError;
use asyncio_pool::{Shutdown, ThreadJob, ThreadPoolExecutor, simulation};
use proptest::prelude::*;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};

#[derive(Clone, Copy, Debug)]
enum Kind {
    Quick,
    Panics,
    /// Waits for the gate, which opens at `OpenGate` or at the end of the program.
    Gated,
    /// Submits nothing and gives way, so that others overtake it.
    Yields,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Submit(Kind),
    /// Drops the future of the job with this number, modulo the jobs that there are.
    Forget(usize),
    /// Awaits it, if that cannot take for ever.
    Await(usize),
    OpenGate,
    Shut(Shutdown),
    /// Behind the door: runs a waiting job, or throws it away. On threads: nothing.
    Step(usize),
    ThrowAway(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let kind = prop_oneof![
        4 => Just(Kind::Quick), 1 => Just(Kind::Panics), 2 => Just(Kind::Gated), 1 => Just(Kind::Yields)
    ];
    prop_oneof![
        8 => kind.prop_map(Op::Submit),
        3 => (0_usize..64).prop_map(Op::Forget),
        2 => (0_usize..64).prop_map(Op::Await),
        1 => Just(Op::OpenGate),
        1 => shutdown().prop_map(Op::Shut),
        4 => (0_usize..64).prop_map(Op::Step),
        1 => (0_usize..64).prop_map(Op::ThrowAway),
    ]
}

/// What is known of one job at the end.
struct Entry {
    kind: Kind,
    late: bool,
    runs: Arc<AtomicUsize>,
    future: Option<ThreadJob<Probe>>,
    outcome: Option<Result<(), JobError>>,
}

impl Entry {
    fn is_settled(&self) -> bool {
        self.future.as_ref().is_none_or(ThreadJob::is_finished)
    }
}

struct World {
    pool: ThreadPoolExecutor,
    max: usize,
    running: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    gate: Option<mpsc::SyncSender<()>>,
    gated: Arc<std::sync::Mutex<mpsc::Receiver<()>>>,
    arguments: Drops,
    results: Drops,
    jobs: Vec<Entry>,
    shut: bool,
    /// Whether a shutdown has cancelled what waited.
    cancelled: bool,
    simulation: Option<Rc<Stepwise>>,
}

impl World {
    fn new(max: usize, simulation: Option<Rc<Stepwise>>) -> Self {
        let (gate, gated) = mpsc::sync_channel(0);
        // Behind the door the test's own thread runs the jobs, so none of them may wait.
        let gate = simulation.is_none().then_some(gate);
        Self {
            pool: ThreadPoolExecutor::new(max),
            max,
            running: Arc::default(),
            most: Arc::default(),
            gate,
            gated: Arc::new(std::sync::Mutex::new(gated)),
            arguments: Drops::default(),
            results: Drops::default(),
            jobs: Vec::new(),
            shut: false,
            cancelled: false,
            simulation,
        }
    }

    fn submit(&mut self, kind: Kind) {
        let runs = Arc::new(AtomicUsize::new(0));
        let (ran, running, most) =
            (Arc::clone(&runs), Arc::clone(&self.running), Arc::clone(&self.most));
        let (gated, results) = (Arc::clone(&self.gated), self.results.clone());
        let call = move |_argument: Probe| {
            ran.fetch_add(1, SeqCst);
            most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            if matches!(kind, Kind::Gated) {
                // The gate opens by losing its sender; the lock makes the others wait in line.
                let _ = gated.lock().unwrap_or_else(|poison| poison.into_inner()).recv();
            } else if matches!(kind, Kind::Yields) {
                std::thread::yield_now();
            }
            running.fetch_sub(1, SeqCst);
            assert!(!matches!(kind, Kind::Panics), "on purpose");
            results.probe()
        };
        let future = Some(self.pool.submit(call, self.arguments.probe()));
        self.jobs.push(Entry { kind, late: self.shut, runs, future, outcome: None });
    }

    fn step(&mut self, op: Op) {
        let count = self.jobs.len();
        match op {
            Op::Submit(kind) => self.submit(kind),
            Op::Forget(_) | Op::Await(_) if count == 0 => {}
            Op::Forget(index) => self.jobs[index % count].future = None,
            Op::Await(index) => {
                let job = &mut self.jobs[index % count];
                let finished = job.future.as_ref().is_none_or(ThreadJob::is_finished);
                if finished || (self.gate.is_none() && self.simulation.is_none()) {
                    settle(job);
                }
            }
            Op::OpenGate => self.gate = None,
            // With the gate closed only the shutdown that does not wait can be called here.
            Op::Shut(how) => {
                if self.gate.is_none() || how == Shutdown::Now {
                    self.shut(how);
                }
            }
            Op::Step(index) => {
                if let Some(simulation) = &self.simulation {
                    simulation.run_any(index);
                }
            }
            Op::ThrowAway(index) => {
                if let Some(simulation) = &self.simulation {
                    simulation.throw_away_any(index);
                }
            }
        }
    }

    fn shut(&mut self, how: Shutdown) {
        self.pool.shutdown(how);
        self.shut = true;
        self.cancelled |= how != Shutdown::Drain;
        if how == Shutdown::CancelPending {
            assert!(
                self.jobs.iter().all(Entry::is_settled),
                "it waits for what it does not cancel"
            );
        }
    }

    /// No panic has cost a worker: as many jobs as ever can still run side by side.
    fn all_workers_meet(&self) {
        let barrier = Arc::new(Barrier::new(self.max));
        let meet = |barrier: Arc<Barrier>| barrier.wait();
        let jobs: Vec<_> =
            (0..self.max).map(|_| self.pool.submit(meet, Arc::clone(&barrier))).collect();
        for job in jobs {
            block_on(job).expect("an open pool runs what it is given");
        }
    }

    fn finish(mut self, how: Shutdown) -> Result<(), TestCaseError> {
        self.gate = None;
        if self.simulation.is_none() && !self.shut {
            self.all_workers_meet();
        }
        self.shut(how);
        if how == Shutdown::Now {
            self.pool.shutdown(Shutdown::Drain);
        }
        if let Some(simulation) = &self.simulation {
            simulation.run_all();
        }
        prop_assert_eq!(self.pool.workers(), 0);
        prop_assert!(self.most.load(SeqCst) <= self.max, "more ran at once than there are threads");
        let mut ran_well = 0;
        for mut job in self.jobs {
            settle(&mut job);
            let runs = job.runs.load(SeqCst);
            prop_assert!(runs <= 1, "ran twice");
            prop_assert!(!job.late || runs == 0, "ran after the shutdown");
            ran_well += usize::from(runs == 1 && !matches!(job.kind, Kind::Panics));
            match (job.outcome, job.kind) {
                (None, _) => {}
                (Some(Ok(())), kind) => prop_assert!(runs == 1 && !matches!(kind, Kind::Panics)),
                (Some(Err(error)), Kind::Panics) if error.is_panicked() => prop_assert_eq!(runs, 1),
                (Some(Err(error)), _) if error.is_shut_down() => {
                    prop_assert_eq!(runs, 0);
                    prop_assert!(job.late || self.cancelled, "a drain has cancelled a job");
                }
                (Some(Err(error)), _) => {
                    let thrown_away = self.simulation.is_some() && error.is_cancelled();
                    prop_assert!(thrown_away && runs == 0, "{}", error);
                }
            }
        }
        prop_assert_eq!(self.results.count(), ran_well, "each result is dropped once");
        Ok(())
    }
}

fn settle(job: &mut Entry) {
    if let Some(future) = job.future.take() {
        job.outcome = Some(block_on(future).map(drop));
    }
}

fn check(mut world: World, ops: Vec<Op>, how: Shutdown) -> Result<(), TestCaseError> {
    for op in ops {
        world.step(op);
    }
    let (arguments, count) = (world.arguments.clone(), world.jobs.len());
    world.finish(how)?;
    prop_assert_eq!(arguments.count(), count, "each argument is dropped once");
    Ok(())
}

fn shutdown() -> impl Strategy<Value = Shutdown> {
    prop_oneof![Just(Shutdown::Drain), Just(Shutdown::CancelPending), Just(Shutdown::Now)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prop_s40_each_job_runs_once_or_is_cancelled_before_its_start(
        max in 1_usize..4,
        ops in prop::collection::vec(op(), 0..60),
        how in shutdown(),
    ) {
        check(World::new(max, None), ops, how)?;
    }

    #[test]
    fn prop_s40_holds_in_a_simulation(
        ops in prop::collection::vec(op(), 0..60),
        how in shutdown(),
    ) {
        let simulation = Rc::new(Stepwise::default());
        let _entered = simulation::enter(Rc::<Stepwise>::clone(&simulation));
        check(World::new(1, Some(simulation)), ops, how)?;
    }
}
