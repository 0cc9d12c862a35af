//! [`Simulation`]: one run of a program in a simulated world.

use crate::clock::VirtualClock;
use crate::halt::Halt;
use crate::jobs::JobQueue;
use crate::network::{Options, SimulatedNetwork};
use crate::policy::SeededPolicy;
use crate::selector::VirtualSelector;
use crate::stall::Stall;
use asyncio_core::random;
use asyncio_core::time::Clock;
use asyncio_net::network;
use asyncio_pool::current::LazyPool;
use asyncio_pool::simulation;
use asyncio_reactor::Reactor;
use asyncio_runtime::EventLoop;
use std::net::IpAddr;
use std::rc::Rc;

/// Steps a program may take unless it is told otherwise.
const DEFAULT_STEP_LIMIT: u64 = 10_000_000;

/// A simulated world in which one program runs on the production loop.
///
/// # Examples
/// Two tasks race, and the seed decides:
/// ```
/// use asyncio_executor::create_task;
/// use asyncio_testing::Simulation;
/// use std::{cell::Cell, rc::Rc};
///
/// let winner = |seed| {
///     Simulation::new(seed).run(async || {
///         let first = Rc::new(Cell::new(None));
///         let racers: Vec<_> = ["a", "b"]
///             .map(|name| {
///                 let first = Rc::clone(&first);
///                 create_task(async move { first.set(first.get().or(Some(name))) })
///             })
///             .into();
///         for racer in racers {
///             racer.await.unwrap();
///         }
///         first.get().unwrap()
///     })
/// };
/// assert_eq!(winner(0).unwrap(), "a");
/// assert!((1..20).any(|seed| winner(seed).unwrap() == "b"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a simulation does nothing until `run`"]
pub struct Simulation {
    seed: u64,
    step_limit: u64,
    network: Options,
}

impl Simulation {
    /// A world whose choices are drawn from `seed`. Zero makes none: ready tasks run in their order.
    pub fn new(seed: u64) -> Self {
        Self { seed, step_limit: DEFAULT_STEP_LIMIT, network: Options::default() }
    }

    /// Halts the program after this many steps (polls of tasks and callbacks); ten million if not set.
    ///
    /// A program that spins never moves virtual time, so only this ends it.
    pub fn step_limit(mut self, steps: u64) -> Self {
        self.step_limit = steps;
        self
    }

    /// Makes a name known to the program's network; `localhost` is known anyway.
    ///
    /// A name may have several addresses, tried in the order in which they were given. The network is one
    /// host that owns them all, so a server of the program can listen on any of them.
    pub fn host(mut self, name: impl Into<String>, ip: impl Into<IpAddr>) -> Self {
        self.network.add_host(name.into(), ip.into());
        self
    }

    /// How many bytes one direction of a stream holds until its writer has to wait; 64 KiB if not set.
    ///
    /// # Panics
    /// If it is zero: no byte could ever travel.
    #[track_caller]
    pub fn stream_buffer(mut self, bytes: usize) -> Self {
        self.network.set_stream_buffer(bytes);
        self
    }

    /// Runs the program to its end.
    ///
    /// # Errors
    /// A [`Stall`] if it can never end, takes too many steps, or stops its loop.
    ///
    /// # Panics
    /// With the program's panic; if a loop is running on this thread.
    #[track_caller]
    pub fn run<T>(self, program: impl AsyncFnOnce() -> T) -> Result<T, Stall> {
        let clock = Rc::new(VirtualClock::new());
        let jobs = Rc::new(JobQueue::default());
        let halt = Rc::new(Halt::default());
        let selector = VirtualSelector::new(Rc::clone(&clock), Rc::clone(&jobs), Rc::clone(&halt));
        let reactor =
            Reactor::with_simulation(Rc::<VirtualClock>::clone(&clock), Box::new(selector));
        let event_loop = EventLoop::from_parts(reactor, LazyPool::default());
        let policy = SeededPolicy::new(self.seed, self.step_limit, Rc::clone(&halt));
        event_loop.set_policy(Some(Box::new(policy)));

        let _door = simulation::enter(jobs);
        let _network = network::enter(Rc::new(SimulatedNetwork::with_options(self.network)));
        let _random = random::enter(self.seed);
        let result = event_loop.run_until_complete(async move { program().await });
        let at = clock.now();
        event_loop.close();
        result.map_err(|_stopped| halt.report(self.seed, at))
    }
}
