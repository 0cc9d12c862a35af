//! The progress line, on a terminal only.

use asyncio::interval;
use std::cell::Cell;
use std::io::{IsTerminal, stderr};
use std::rc::Rc;
use std::time::Duration;

/// How far the program is; its parts share one thread, so cells will do.
#[derive(Debug)]
pub(crate) struct Progress {
    total: usize,
    done: Cell<usize>,
    bytes: Cell<u64>,
}

impl Progress {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, done: Cell::new(0), bytes: Cell::new(0) }
    }

    /// Another URL is done with.
    pub(crate) fn one_more(&self) {
        self.done.set(self.done.get() + 1);
    }

    /// So many bytes of a body have come.
    pub(crate) fn received(&self, bytes: u64) {
        self.bytes.set(self.bytes.get() + bytes);
    }
}

/// Whether somebody looks.
pub(crate) fn is_wanted() -> bool {
    stderr().is_terminal()
}

/// Rewrites the line ten times a second, until it is cancelled.
pub(crate) async fn show(progress: Rc<Progress>) {
    let mut interval = interval(Duration::from_millis(100));
    loop {
        interval.tick().await;
        let Progress { total, done, bytes } = &*progress;
        eprint!("\r{} of {total} URLs, {} bytes", done.get(), bytes.get());
    }
}

/// Wipes the line.
pub(crate) fn clear() {
    eprint!("\r\x1b[K");
}
