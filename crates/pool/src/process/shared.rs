//! [`Shared`]: the pool between its handles, its jobs, and whoever drives it.
//!
//! Nobody is appointed to drive a pool: whoever waits for it does. A loop listens to its poller as to any
//! descriptor; a thread that blocks waits for it itself; only for those who do neither there is a helper.

use crate::process::engine::{Engine, News};
use crate::process::settings::Settings;
use crate::process::sys::Poller;
use asyncio_reactor::process_id;
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;

/// What a pool's handles, jobs and drivers share.
#[derive(Debug)]
pub(crate) struct Shared {
    engine: Mutex<Engine>,
    pub(crate) poller: Arc<Poller>,
    /// The process that made the pool: its workers are not those of a fork's child.
    process: u32,
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> io::Result<Self> {
        let poller = Arc::new(Poller::new()?);
        let engine = Engine::new(Arc::new(settings), Arc::clone(&poller));
        Ok(Self { engine: Mutex::new(engine), poller, process: process_id() })
    }

    /// Brings something in, does what follows from it, and tells whom it concerns.
    pub(crate) fn with<R>(&self, bring_in: impl FnOnce(&mut Engine) -> R) -> R {
        let mut engine = self.engine.lock();
        let result = bring_in(&mut engine);
        // The child of a fork must not speak to the workers of its parent.
        if self.is_home() {
            engine.settle();
        }
        let news: News = engine.take_news();
        drop(engine);
        news.tell();
        result
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
