//! Random programs against a ledger: whatever is submitted, dropped, killed, timed out and shut down, each
//! job ends once, in a way that the program explains, and what was cancelled before its start has no effect.

use crate::support::{Record, exists, kill, note, wait_for_end_of};
use asyncio_pool::JobError;
use asyncio_pool::process::{Job, Priority, ProcessPoolBuilder, StderrPolicy};
use asyncio_pool::{ProcessPoolExecutor, Shutdown};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::io::{PipeReader, PipeWriter, Read};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// What a job does after it has noted that it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deed {
    Returns,
    Panics,
    Aborts,
    Exits,
    /// Waits until the gate is opened.
    Waits,
    /// Never ends by itself.
    Spins,
}

#[derive(Clone, Copy, Debug)]
struct Order {
    deed: Deed,
    priority: Priority,
    retries: u32,
    detached: bool,
    timeout: Option<u64>,
    deadline: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Submit(Order),
    /// Lets go of the future of one of the jobs.
    Drop(usize),
    /// Awaits one of the jobs that end by themselves.
    Await(usize),
    /// Kills one of the processes.
    Kill(usize),
    OpenGate,
    ShutDown(Shutdown),
}

#[derive(Clone, Debug)]
struct Program {
    workers: usize,
    most_tasks: Option<u64>,
    steps: Vec<Step>,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        8 => Just(Deed::Returns),
        1 => Just(Deed::Panics),
        1 => Just(Deed::Aborts),
        1 => Just(Deed::Exits),
        2 => Just(Deed::Waits),
        1 => Just(Deed::Spins),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    let priority = prop_oneof![Just(Priority::High), Just(Priority::Normal), Just(Priority::Low)];
    let millis = || prop_oneof![3 => Just(None), 1 => (1_u64..6).prop_map(Some)];
    let often = prop_oneof![3 => Just(0_u32), 1 => Just(2)];
    (deed(), priority, often, proptest::bool::weighted(0.1), millis(), millis()).prop_map(
        |(deed, priority, retries, detached, timeout, deadline)| {
            // One that never ends must be ended.
            let timeout = if deed == Deed::Spins { timeout.or(Some(2)) } else { timeout };
            Order { deed, priority, retries, detached, timeout, deadline }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    const WAYS: &[Shutdown] = &[Shutdown::Drain, Shutdown::CancelPending, Shutdown::Now];
    prop_oneof![
        20 => order().prop_map(Step::Submit),
        6 => (0..100_usize).prop_map(Step::Drop),
        6 => (0..100_usize).prop_map(Step::Await),
        3 => (0..100_usize).prop_map(Step::Kill),
        1 => Just(Step::OpenGate),
        1 => proptest::sample::select(WAYS).prop_map(Step::ShutDown),
    ]
}

fn program() -> impl Strategy<Value = Program> {
    let most_tasks = prop_oneof![3 => Just(None), 1 => (1_u64..5).prop_map(Some)];
    (1..4_usize, most_tasks, proptest::collection::vec(step(), 1..60))
        .prop_map(|(workers, most_tasks, steps)| Program { workers, most_tasks, steps })
}

fn act((record, number, deed, gate): (String, u32, u8, String)) -> u32 {
    note((record, number));
    match deed {
        1 => panic!("as it was asked to"),
        2 => std::process::abort(),
        3 => std::process::exit(3),
        4 => {
            let mut gate = std::fs::File::open(gate).expect("the gate is there");
            assert_eq!(gate.read(&mut [0]).expect("the gate can be read"), 0);
        }
        5 => loop {
            std::hint::spin_loop();
        },
        _ => {}
    }
    number
}

struct Entry {
    order: Order,
    job: Option<Job<u32>>,
    /// It was dropped, and it is certain that it had not started.
    never_ran: bool,
    /// How it ended, if it was awaited.
    result: Option<Result<u32, JobError>>,
    /// The pool took no more jobs when it came.
    came_late: bool,
}

struct World {
    pool: ProcessPoolExecutor,
    record: Record,
    gate: (PipeReader, Option<PipeWriter>),
    entries: Vec<Entry>,
    processes: BTreeSet<u32>,
    kills: u32,
    ending: Option<Shutdown>,
}

impl World {
    fn new(program: &Program) -> Self {
        let builder: ProcessPoolBuilder = ProcessPoolExecutor::builder().workers(program.workers);
        let builder = builder.stderr(StderrPolicy::Discard).backtraces(false);
        let builder = match program.most_tasks {
            Some(most) => builder.max_tasks_per_child(most),
            None => builder,
        };
        let (reader, writer) = std::io::pipe().expect("a pipe");
        Self {
            pool: builder.build().expect("a pool"),
            record: Record::new(),
            gate: (reader, Some(writer)),
            entries: Vec::new(),
            processes: BTreeSet::new(),
            kills: 0,
            ending: None,
        }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Submit(order) => self.submit(order),
            Step::Drop(which) => self.drop(which),
            Step::Await(which) => {
                // Before the gate is open it may stand behind one that waits for that.
                if let Some(number) = self.pick(which)
                    && self.gate.1.is_none()
                {
                    self.finish(number).await;
                }
            }
            Step::Kill(which) => {
                let ids = self.pool.worker_ids();
                if let Some(id) = ids.get(which % ids.len().max(1)) {
                    kill(*id, 9);
                    self.kills += 1;
                }
            }
            Step::OpenGate => self.gate.1 = None,
            Step::ShutDown(how) => {
                self.pool.shutdown(how).detach();
                self.ending.get_or_insert(how);
            }
        }
        self.processes.extend(self.pool.worker_ids());
    }

    fn submit(&mut self, order: Order) {
        let number = self.entries.len() as u32;
        let mut job = self.pool.job(act).priority(order.priority).retry(order.retries);
        if order.detached {
            job = job.detached();
        }
        if let Some(millis) = order.timeout {
            job = job.timeout(Duration::from_millis(millis));
        }
        if let Some(millis) = order.deadline {
            job = job.deadline(Duration::from_millis(millis));
        }
        let gate = format!("/proc/{}/fd/{}", std::process::id(), self.gate.0.as_raw_fd());
        let job = job.submit((self.record.path(), number, order.deed as u8, gate));
        let came_late = self.ending.is_some();
        self.entries.push(Entry {
            order,
            job: Some(job),
            never_ran: false,
            result: None,
            came_late,
        });
    }

    /// One of the jobs that are left.
    fn pick(&self, which: usize) -> Option<usize> {
        let left = || (0..self.entries.len()).filter(|&number| self.entries[number].job.is_some());
        left().nth(which % left().count().max(1))
    }

    fn drop(&mut self, which: usize) {
        let Some(number) = self.pick(which) else { return };
        let before = (self.pool.waiting_jobs(), self.pool.started_workers());
        let entry = &mut self.entries[number];
        drop(entry.job.take());
        let after = (self.pool.waiting_jobs(), self.pool.started_workers());
        let is_done = self.record.notes().contains(&(number as u32));
        // Nobody else changes the pool meanwhile, so it came out of the queue, or off a worker that has
        // not started it and takes the next instead; or it was done. Had it been killed, another would
        // have been started.
        let made_room = after.0 < before.0 && after.1 == before.1;
        entry.never_ran = made_room && !is_done && !entry.order.detached;
    }

    async fn finish(&mut self, number: usize) {
        if let Some(job) = self.entries[number].job.take() {
            self.entries[number].result = Some(job.await);
        }
    }

    /// Awaits all that is left, and ends the pool.
    async fn end(&mut self) {
        self.gate.1 = None;
        for number in 0..self.entries.len() {
            self.finish(number).await;
        }
        self.processes.extend(self.pool.worker_ids());
        self.pool.shutdown(Shutdown::Drain).await;
    }

    /// Whether the program explains the result.
    fn explains(&self, number: usize) -> bool {
        let Entry { order, result, came_late, .. } = &self.entries[number];
        let times = self.record.notes().iter().filter(|&&note| note as usize == number).count();
        if times > 1 + order.retries as usize {
            return false;
        }
        match result {
            // Dropped: it may have ended in any way.
            None => !(self.entries[number].never_ran && times > 0),
            Some(Ok(value)) => {
                let ends_well = matches!(order.deed, Deed::Returns | Deed::Waits);
                *value as usize == number && ends_well && times >= 1 && !came_late
            }
            Some(Err(error)) => {
                let may_time_out = order.timeout.is_some() || order.deadline.is_some();
                // A pool that ends may have given up the others.
                let all = |times| times == 1 + order.retries as usize || self.ending.is_some();
                let died = match (error.signal(), error.exit_code()) {
                    (Some(6), _) => order.deed == Deed::Aborts && all(times),
                    (Some(9), _) => self.kills > 0,
                    (_, Some(3)) => order.deed == Deed::Exits && all(times),
                    _ => false,
                };
                // Those that are killed count as runs; so one that was retried may have had fewer of its own.
                let died = died || (self.kills > 0 && error.worker_died());
                let shut_down = self.ending.is_some() && error.is_shut_down();
                died || shut_down && (!came_late || times == 0)
                    || error.is_panicked() && order.deed == Deed::Panics && times >= 1
                    || error.is_timed_out() && may_time_out
                    || error.is_not_started() && self.kills >= 5
            }
        }
    }
}

fn run(program: &Program) -> Result<(), TestCaseError> {
    let mut world = World::new(program);
    asyncio_reactor::block_on(async {
        for &step in &program.steps {
            world.step(step).await;
        }
        world.end().await;
    })
    .expect("a loop");
    for number in 0..world.entries.len() {
        let Entry { order, result, never_ran, .. } = &world.entries[number];
        prop_assert!(world.explains(number), "{number}: {order:?} {never_ran} {result:?}");
    }
    prop_assert_eq!(world.pool.worker_ids(), Vec::<u32>::new());
    for &process in &world.processes {
        wait_for_end_of(process);
        prop_assert!(!exists(process), "process {} is left", process);
    }
    Ok(())
}

fn cases() -> u32 {
    if std::env::var_os("ASYNCIO_LONG").is_some() { 2_000 } else { 60 }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 300,
        ..ProptestConfig::with_cases(cases())
    })]

    #[test]
    fn prop_s45_each_job_ends_once_as_the_program_explains_and_nothing_is_left(program in program()) {
        run(&program)?;
    }
}
