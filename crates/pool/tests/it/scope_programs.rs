//! Random programs of scopes, nested in jobs and added to by jobs: each job runs exactly once before its
//! scope ends, each result is dropped once, and a scope panics exactly if it has to.

use crate::support::Drops;
use asyncio_pool::simulation::{self, PoolJob, Submit};
use asyncio_pool::{ScopedJob, Shutdown, ThreadPoolExecutor, ThreadScope};
use proptest::prelude::*;
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[derive(Clone, Debug)]
enum Op {
    Submit(Work),
    /// Joins, drops or leaks the handle with this number, modulo those that there are.
    Join(usize),
    Drop(usize),
    Leak(usize),
    Shut,
}

#[derive(Clone, Debug)]
enum Work {
    Quick,
    Panics,
    Yields,
    /// Submits so many quick jobs to its own scope.
    Adds(usize),
    /// Enters a scope of its own.
    Nests(Program),
}

#[derive(Clone, Debug)]
struct Program {
    ops: Vec<Op>,
    panics: bool,
}

/// Programs that leak handles, or none that do: a sanitizer does not like the former.
fn program(leaks: bool) -> impl Strategy<Value = Program> {
    fn of(leaks: bool, work: impl Strategy<Value = Work> + 'static) -> BoxedStrategy<Program> {
        let op = prop_oneof![
            8 => work.prop_map(Op::Submit),
            2 => (0_usize..64).prop_map(Op::Join),
            1 => (0_usize..64).prop_map(Op::Drop),
            1 => (0_usize..64).prop_map(if leaks { Op::Leak } else { Op::Drop }),
            1 => Just(Op::Shut),
        ];
        let ops = prop::collection::vec(op, 0..12);
        (ops, prop::bool::weighted(0.1)).prop_map(|(ops, panics)| Program { ops, panics }).boxed()
    }
    let plain = || {
        prop_oneof![
            4 => Just(Work::Quick),
            1 => Just(Work::Panics),
            1 => Just(Work::Yields),
            1 => (0_usize..4).prop_map(Work::Adds),
        ]
    };
    let leaf = of(leaks, plain());
    leaf.prop_recursive(3, 64, 8, move |inner| {
        of(leaks, prop_oneof![3 => plain(), 1 => inner.prop_map(Work::Nests)])
    })
}

/// What all threads write down.
#[derive(Default)]
struct Ledger {
    submitted: AtomicUsize,
    ran: AtomicUsize,
    /// Results that were made, and those of them whose handle was leaked.
    made: AtomicUsize,
    leaked: AtomicUsize,
    results: Drops,
}

struct World {
    pool: ThreadPoolExecutor,
    ledger: Ledger,
}

impl World {
    /// Plays a program in a scope of its own and checks how the scope ends.
    fn play(&self, program: &Program) {
        // Lives longer than the scope, and dies right after it, so that a job that is late is seen.
        let running = Box::new(AtomicUsize::new(0));
        let untaken = AtomicUsize::new(0);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.pool.scope(|scope| {
                self.body(scope, program, &running, &untaken);
                assert!(!program.panics, "the body's own");
            });
        }));
        assert_eq!(running.load(SeqCst), 0, "a job outlives its scope");
        let fails = program.panics || untaken.load(SeqCst) > 0;
        assert_eq!(outcome.is_err(), fails, "a scope panics exactly if it has to");
    }

    fn body<'scope>(
        &'scope self,
        scope: &'scope ThreadScope<'scope, '_>,
        program: &'scope Program,
        running: &'scope AtomicUsize,
        untaken: &AtomicUsize,
    ) {
        let mut handles: Vec<(&Work, ScopedJob<'scope, _>)> = Vec::new();
        for op in &program.ops {
            let count = handles.len();
            match op {
                Op::Submit(work) => {
                    untaken.fetch_add(usize::from(matches!(work, Work::Panics)), SeqCst);
                    handles.push((work, self.submit(scope, work, running)));
                }
                Op::Shut => self.pool.shutdown(Shutdown::Now),
                Op::Join(_) | Op::Drop(_) | Op::Leak(_) if count == 0 => {}
                Op::Join(index) => {
                    let (work, job) = handles.swap_remove(index % count);
                    let panics = matches!(work, Work::Panics);
                    assert_eq!(job.join().is_err(), panics);
                    untaken.fetch_sub(usize::from(panics), SeqCst);
                }
                Op::Drop(index) => drop(handles.swap_remove(index % count)),
                Op::Leak(index) => {
                    let (work, job) = handles.swap_remove(index % count);
                    let _leaked = ManuallyDrop::new(job);
                    self.ledger
                        .leaked
                        .fetch_add(usize::from(!matches!(work, Work::Panics)), SeqCst);
                }
            }
        }
    }

    fn submit<'scope>(
        &'scope self,
        scope: &'scope ThreadScope<'scope, '_>,
        work: &'scope Work,
        running: &'scope AtomicUsize,
    ) -> ScopedJob<'scope, impl Send + use<'scope>> {
        self.ledger.submitted.fetch_add(1, SeqCst);
        let call = move |work: &'scope Work| {
            running.fetch_add(1, SeqCst);
            self.ledger.ran.fetch_add(1, SeqCst);
            match work {
                Work::Quick | Work::Panics => {}
                Work::Yields => std::thread::yield_now(),
                Work::Adds(count) => {
                    for _ in 0..*count {
                        drop(self.submit(scope, &Work::Quick, running));
                    }
                }
                Work::Nests(program) => self.play(program),
            }
            running.fetch_sub(1, SeqCst);
            assert!(!matches!(work, Work::Panics), "on purpose");
            self.ledger.made.fetch_add(1, SeqCst);
            self.ledger.results.probe()
        };
        scope.submit(call, work)
    }
}

/// Runs every other ticket at once and none of the others.
#[derive(Debug, Default)]
struct Fickle(RefCell<Vec<PoolJob>>);

impl Submit for Fickle {
    fn submit(&self, job: PoolJob) {
        let other = self.0.borrow_mut().pop();
        match other {
            Some(_thrown_away) => job.run(),
            None => self.0.borrow_mut().push(job),
        }
    }
}

fn check(workers: usize, program: &Program) -> Result<(), TestCaseError> {
    let world = World { pool: ThreadPoolExecutor::new(workers), ledger: Ledger::default() };
    world.play(program);
    let ledger = &world.ledger;
    prop_assert_eq!(ledger.ran.load(SeqCst), ledger.submitted.load(SeqCst), "each ran once");
    let kept = ledger.made.load(SeqCst) - ledger.leaked.load(SeqCst);
    prop_assert_eq!(ledger.results.count(), kept, "each result is dropped once");
    world.pool.shutdown(Shutdown::Drain);
    prop_assert_eq!(world.pool.workers(), 0);
    prop_assert_eq!(ledger.ran.load(SeqCst), ledger.submitted.load(SeqCst), "none ran late");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prop_a_scope_ends_when_each_of_its_jobs_has_run_once(
        workers in 1_usize..4,
        program in program(false),
    ) {
        check(workers, &program)?;
    }

    #[test]
    fn prop_a_scope_ends_though_handles_leak(workers in 1_usize..4, program in program(true)) {
        check(workers, &program)?;
    }

    #[test]
    fn prop_a_scope_ends_behind_a_door_that_runs_what_it_likes(program in program(false)) {
        let _entered = simulation::enter(Rc::new(Fickle::default()));
        check(1, &program)?;
    }
}
