//! [`World`]: the loop of one run and all that surrounds it.

use crate::clock::VirtualClock;
use crate::halt::Halt;
use crate::jobs::JobQueue;
use crate::network::{Options, SimulatedNetwork};
use crate::policy::SeededPolicy;
use crate::selector::VirtualSelector;
use crate::stall::Stall;
use asyncio_core::ambient::Entered;
use asyncio_core::exception::forget_payload;
use asyncio_core::random::{self, Generator};
use asyncio_core::time::Clock;
use asyncio_core::{stderr, yield_now};
use asyncio_net::network::{self, Network};
use asyncio_pool::current::LazyPool;
use asyncio_pool::simulation::{self, Submit};
use asyncio_reactor::Reactor;
use asyncio_runtime::EventLoop;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

/// A simulated world, current on this thread until it is dropped.
///
/// A program that panics unwinds through it, and its drop does what is left to do.
#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    step_limit: u64,
    clock: Rc<VirtualClock>,
    jobs: Rc<JobQueue>,
    halt: Rc<Halt>,
    stage: Cell<Stage>,
    event_loop: EventLoop,
    // Left in the opposite order of their making, after the loop was closed.
    _random: random::Entered,
    _network: Entered<Rc<dyn Network>>,
    _jobs: Entered<Rc<dyn Submit>>,
}

/// How far a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// The program has not begun; it does not if a loop is running on this thread.
    New,
    /// The program has begun, and if this is what a drop finds, it has panicked.
    Begun,
    Ended,
}

impl World {
    pub(crate) fn enter(seed: u64, step_limit: u64, network: Options) -> Self {
        let clock = Rc::new(VirtualClock::new());
        let jobs = Rc::new(JobQueue::default());
        let halt = Rc::new(Halt::default());
        let selector = VirtualSelector::new(Rc::clone(&clock), Rc::clone(&jobs), Rc::clone(&halt));
        let reactor =
            Reactor::with_simulation(Rc::<VirtualClock>::clone(&clock), Box::new(selector));
        let event_loop = EventLoop::from_parts(reactor, LazyPool::default());
        // Two streams, so that a number the program draws is no choice of the schedule, nor the reverse.
        let schedule = Generator::new(Generator::new(seed).next_u64());
        let schedule = Some(schedule).filter(|_| seed != 0);
        let policy = SeededPolicy::new(schedule, Rc::clone(&jobs), Rc::clone(&halt));
        event_loop.set_policy(Some(Box::new(policy)));
        let pools = simulation::enter(Rc::<JobQueue>::clone(&jobs));
        let network = network::enter(Rc::new(SimulatedNetwork::with_options(network)));
        let random = random::enter(seed);
        Self {
            seed,
            step_limit,
            clock,
            jobs,
            halt,
            stage: Cell::new(Stage::New),
            event_loop,
            _random: random,
            _network: network,
            _jobs: pools,
        }
    }

    /// Runs the program; tasks that it leaves stay.
    #[track_caller]
    pub(crate) fn run<T>(&self, program: impl AsyncFnOnce() -> T) -> Result<T, Stall> {
        self.halt.allow(self.step_limit);
        let result = self.event_loop.run_until_complete(async move {
            self.stage.set(Stage::Begun);
            program().await
        });
        result.map_err(|_stopped| self.report())
    }

    /// Ends all tasks, then runs the jobs that wait, as the end of a runner does.
    pub(crate) fn end(&self) -> Result<(), Stall> {
        self.stage.set(Stage::Ended);
        self.halt.allow(self.step_limit);
        self.event_loop.end(Duration::MAX);
        if self.halt.kind().is_none() && !self.jobs.is_empty() {
            // A job that stops the loop leaves the rest to be dropped, as it does in a runner.
            let _stopped = self.event_loop.run_until_complete(async {
                while !self.jobs.is_empty() {
                    self.jobs.release();
                    yield_now().await;
                }
            });
        }
        match self.halt.kind() {
            Some(_) => Err(self.report()),
            None => Ok(()),
        }
    }

    fn report(&self) -> Stall {
        self.halt.report(self.seed, self.clock.now())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.stage.get() == Stage::Begun {
            print_seed(self.seed);
            // Tasks end as after any other run. A stall of the end does not matter beside the panic.
            // A second panic would abort the process.
            let ended = catch_unwind(AssertUnwindSafe(|| drop(self.end())));
            ended.unwrap_or_else(forget_payload);
        }
        // Here the world is still entered, so what is left closes its sockets in it.
        self.event_loop.close();
    }
}

/// Prints to standard error which seed replays the panic, whose message was printed before.
fn print_seed(seed: u64) {
    let order = match seed {
        0 => "in the order of the real loop".to_owned(),
        seed => format!("with seed {seed}"),
    };
    stderr::print(&format!(
        "asyncio-testing: the simulation {order} panicked; `Simulation::new({seed})` replays it"
    ));
}
