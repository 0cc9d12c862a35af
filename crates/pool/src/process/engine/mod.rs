//! The pool's own state and everything that changes it: no threads, no wakers, no waiting.
//!
//! Whoever holds the lock brings something in (a job, a cancellation, what the poller found) and then
//! lets the engine [`settle`](Engine::settle). What is to be told to others is collected and handed out
//! after the lock is released.

// In dependence order: a module uses only what stands above it.
mod tail;
mod key;
mod alarms;
mod queue;
mod crew;
mod line;
mod functions;
mod gate;
mod kernel_kills;
mod news;
mod state;
mod room;
mod launch;
mod dispatch;
mod stop;
mod replies;
mod death;
mod ending;
mod turn;

pub(crate) use functions::{AUTOMATIC, DEEPEST};
pub(crate) use news::News;
pub(crate) use state::Engine;
