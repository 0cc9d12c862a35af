//! [`Simulation`]: one run of a program in a simulated world.

use crate::network::Options;
use crate::stall::Stall;
use crate::world::World;
use std::net::IpAddr;

/// Steps a program may take unless a limit is set.
const DEFAULT_STEP_LIMIT: u64 = 10_000_000;

/// A simulated world in which one program runs on the production loop.
///
/// # Examples
/// Two tasks race, and the seed decides:
/// ```
/// use asyncio::create_task;
/// use asyncio::testing::Simulation;
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

    /// Halts the program after this many steps; ten million if not set.
    ///
    /// Each poll of a task, each callback, each job and each wait is a step. A program that spins never moves
    /// virtual time, so only this ends it.
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
    /// The end is that of a runner: every task that is left is asked to cancel and awaited, and jobs that wait
    /// for a thread run. It may take as many steps as the program.
    ///
    /// # Errors
    /// A [`Stall`] if it can never end, takes too many steps, or stops its loop.
    ///
    /// # Panics
    /// With the program's panic, after a line on standard error that says with which seed it happens again; if
    /// a loop is running on this thread.
    #[track_caller]
    pub fn run<T>(self, program: impl AsyncFnOnce() -> T) -> Result<T, Stall> {
        let world = World::enter(self.seed, self.step_limit, self.network);
        let result = world.run(program);
        // A program that was stuck may be stuck again in its end, but the first report says why.
        let ended = world.end();
        result.and_then(|value| ended.map(|()| value))
    }
}
