//! [`Shared`]: the pool between its handles, its jobs, and whoever drives it.
//!
//! Nobody is appointed to drive a pool: whoever waits for it does. A loop listens to its poller as to any
//! descriptor; a thread that blocks waits for it itself; only for those who do neither there is a helper.
//! None of them starts a worker, which would hold them up: that is done by a thread that lives as long as
//! it has workers to start.

use crate::process::engine::{Engine, News};
use crate::process::settings::Settings;
use crate::process::sys::Poller;
use asyncio_reactor::process_id;
use parking_lot::{Condvar, Mutex};
use std::io;
use std::sync::{Arc, Weak};
use std::thread;

/// What comes of a turn of the engine.
struct Turn<R> {
    result: R,
    /// To be told without the lock.
    news: News,
    lacks_worker: bool,
}

/// What a pool's handles, jobs and drivers share.
#[derive(Debug)]
pub(crate) struct Shared {
    engine: Mutex<Engine>,
    /// Rung when a worker was started, or could not be.
    arrival: Condvar,
    pub(crate) poller: Arc<Poller>,
    /// The process that made the pool: its workers are not those of a fork's child.
    process: u32,
    /// For the thread that starts workers.
    me: Weak<Self>,
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> io::Result<Arc<Self>> {
        let poller = Arc::new(Poller::new()?);
        let engine = Mutex::new(Engine::new(Arc::new(settings), Arc::clone(&poller)));
        let process = process_id();
        Ok(Arc::new_cyclic(|me| {
            let me = Weak::clone(me);
            Self { engine, arrival: Condvar::new(), poller, process, me }
        }))
    }

    /// Brings something in, does what follows from it, and tells whom it concerns.
    pub(crate) fn with<R>(&self, bring_in: impl FnOnce(&mut Engine) -> R) -> R {
        let Turn { result, news, lacks_worker } = self.turn(bring_in);
        news.tell();
        if lacks_worker && self.engine.lock().begin_launch() {
            self.start_workers();
        }
        result
    }

    fn turn<R>(&self, bring_in: impl FnOnce(&mut Engine) -> R) -> Turn<R> {
        let mut engine = self.engine.lock();
        let result = bring_in(&mut engine);
        // The child of a fork must not speak to the workers of its parent.
        let is_home = self.is_home();
        if is_home {
            engine.settle();
        }
        let lacks_worker = is_home && engine.lacks_worker();
        Turn { result, news: engine.take_news(), lacks_worker }
    }

    /// Has workers started for as long as there is need of one; the first launch has begun.
    fn start_workers(&self) {
        // It is gone only if nobody is left who could have asked.
        let Some(shared) = self.me.upgrade() else { return };
        let thread = thread::Builder::new().name("asyncio-pool-start".to_owned());
        let spawned = thread.spawn(move || shared.launch());
        if spawned.is_err() {
            // Better held up than without a worker.
            self.launch();
        }
    }

    fn launch(&self) {
        loop {
            let newcomer = self.look(Engine::recipe).carry_out();
            let Turn { news, lacks_worker, .. } = self.turn(|engine| engine.launched(newcomer));
            self.arrival.notify_all();
            // Nothing is begun before this: it calls foreign code, which may wait for what has begun.
            news.tell();
            if !(lacks_worker && self.engine.lock().begin_launch()) {
                return;
            }
        }
    }

    /// Blocks until all workers have ended, which were killed.
    pub(crate) fn bury(&self) {
        let mut engine = self.engine.lock();
        // One that is on its way is killed when it comes.
        self.arrival.wait_while(&mut engine, |engine| engine.is_launching());
        drop(engine);
        self.with(Engine::bury_all);
    }

    /// Asks for something from which nothing follows.
    pub(crate) fn ask<R>(&self, ask: impl FnOnce(&mut Engine) -> R) -> R {
        ask(&mut self.engine.lock())
    }

    /// Looks something up.
    pub(crate) fn look<R>(&self, at: impl FnOnce(&Engine) -> R) -> R {
        at(&self.engine.lock())
    }

    /// Takes in what has happened outside, without waiting.
    pub(crate) fn drive(&self) {
        self.with(Engine::take_events);
    }

    /// Whether this is the process that made the pool.
    pub(crate) fn is_home(&self) -> bool {
        process_id() == self.process
    }

    /// Refuses to go on in the child of a fork.
    #[track_caller]
    pub(crate) fn assert_home(&self) {
        assert!(
            self.is_home(),
            "the process pool was made in process {} and cannot be used in process {}: \
             after a fork the child has to make its own",
            self.process,
            process_id()
        );
    }
}
