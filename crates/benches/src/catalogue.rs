//! The workloads by name, what their figures mean, and the goals that ours are held to; the entrants, ours and the peers.

use std::future::Future;

use crate::measure::{CLIENT_CORE, SERVER_CORE};
use crate::peer::floor::Floor;
use crate::peer::futures::Futures;
use crate::peer::glommio::Glommio;
use crate::peer::monoio::{Legacy, Monoio, Uring};
use crate::peer::ours::Asyncio;
use crate::peer::smol::Smol;
use crate::peer::tokio::{CurrentThread, Local, Tokio};
use crate::processes;
use crate::report;
use crate::runtime::{Net, Offload, OneShot, Runtime, Timers, in_task};
use crate::workload::echo::{self, Plan};
use crate::workload::{memory, offload, spawn, switch, timers, wake};

/// One line of the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) goals: &'static [Goal],
}

/// Ours divided by another's is to be at most this; or, for `Absolute`, ours itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    pub(crate) at_most: f64,
    pub(crate) of: Of,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The peer with the lowest median in this workload.
    Best,
    One(&'static str),
    Absolute,
}

const fn best(at_most: f64) -> Goal {
    Goal { at_most, of: Of::Best }
}

const fn of(at_most: f64, name: &'static str) -> Goal {
    Goal { at_most, of: Of::One(name) }
}

const fn absolute(at_most: f64) -> Goal {
    Goal { at_most, of: Of::Absolute }
}

const ECHO: &[Goal] = &[of(1.0, "tokio_ct"), of(1.05, "floor")];

/// The one that another program counts from outside.
pub(crate) const SYSCALLS: &str = "echo_c50_syscalls";

/// All of them, in the order of the tables.
pub(crate) const WORKLOADS: &[Workload] = &[
    row(
        "spawn_await",
        "ns",
        "make a trivial task and await it, one after the other",
        &[best(0.65)],
    ),
    row(
        "spawn_await_eager",
        "ns",
        "the same, the task run at once where the runtime can",
        &[best(0.65)],
    ),
    row("spawn_batch1000", "ns", "make a thousand tasks, await them all; each", &[best(0.4)]),
    row("spawn_1m", "ns", "make a million tasks, await them all; each", &[best(0.6)]),
    row("yield_k1", "ns", "one task yields; each switch", &[best(0.4)]),
    row("yield_k10", "ns", "ten tasks yield in turns; each switch", &[best(0.4)]),
    row("yield_k1000", "ns", "a thousand tasks yield in turns; each switch", &[best(0.4)]),
    row("ping_pong", "ns", "a token there and back through bare cells with wakers", &[best(0.4)]),
    row("one_shot", "ns", "a token there and back through two one-shot channels", &[best(0.7)]),
    row("timers_1m", "ms", "a million sleeps that end within one second; all of it", &[best(0.6)]),
    row("timeout_pending", "ns", "a time limit around what pends once", &[best(0.6)]),
    row("timeout_pending_100k", "ns", "the same beside 100,000 sleeping tasks", &[best(0.6)]),
    row(
        "lateness_1ms",
        "us",
        "how late a sleep of one millisecond ends (wall clock)",
        &[best(1.0)],
    ),
    row("echo_c1", "us", "one connection: the server's CPU for a request", ECHO),
    row("echo_c50", "us", "50 connections: the server's CPU for a request", ECHO),
    row("echo_c1000", "us", "1,000 connections: the server's CPU for a request", ECHO),
    row(SYSCALLS, "calls", "50 connections: system calls for a request", &[absolute(2.05)]),
    row(
        "pool_sequential",
        "ns",
        "a call on a pool of four threads, one at a time",
        &[of(0.6, "tokio_ct")],
    ),
    row("pool_in_flight", "ns", "the same, 1,000 in flight; each", &[best(0.6)]),
    row(
        processes::CALL,
        "us",
        "a call in a process on the same core, awaited (wall clock)",
        &[of(2.0, "floor")],
    ),
    row(
        processes::CALL_ACROSS,
        "us",
        "the same on the other core (wall clock)",
        &[of(2.0, "floor")],
    ),
    row(
        processes::IN_FLIGHT,
        "ns",
        "1,000 calls in flight on two processes; each (wall clock)",
        &[absolute(4_000.0), of(1.0 / 40.0, "python")],
    ),
    row(
        processes::START,
        "us",
        "from a new pool to its first reply (wall clock)",
        &[absolute(1_500.0)],
    ),
    row(
        processes::START_LARGE,
        "us",
        "the same from a program with a gibibyte in memory (wall clock)",
        &[absolute(1_500.0)],
    ),
    row(
        processes::MEGABYTE,
        "us",
        "a mebibyte to a process and back (wall clock)",
        &[of(2.0, "floor")],
    ),
    row(
        processes::CANCEL,
        "us",
        "from the end of a job that never ends to the result of the next (wall clock)",
        &[absolute(5_000.0)],
    ),
    row(
        processes::MEMORY,
        "bytes",
        "an idle worker process, its proportional share",
        &[absolute(1_000_000.0)],
    ),
    row(
        processes::FAIR,
        "us",
        "400 jobs of 50 us beside one of 300 ms, two processes (wall clock)",
        &[absolute(50_000.0)],
    ),
    row(
        "wake_same",
        "ns",
        "to a thread on the same core and back, asleep in between",
        &[best(1.05)],
    ),
    row(
        "wake_across",
        "ns",
        "to a thread on another core and back, asleep in between",
        &[best(1.05)],
    ),
    row("memory_task", "bytes", "an idle task and its handle", &[of(0.6, "tokio_ct")]),
    row("memory_sleep", "bytes", "a sleeping task and its handle", &[of(0.6, "tokio_ct")]),
    row(
        "memory_connection",
        "bytes",
        "an idle connection that has echoed once",
        &[of(1.0, "smol")],
    ),
];

const fn row(
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
    goals: &'static [Goal],
) -> Workload {
    Workload { name, unit, meaning, goals }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Ours,
    Peer,
    /// A bound, not a runtime.
    Floor,
}

/// A runtime that takes part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entrant {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// What it is, for the page; the crate whose version counts comes first.
    pub(crate) about: &'static str,
    /// Ends the process with the figure; returns if the runtime does not take part in this workload.
    pub(crate) run: fn(&str),
}

pub(crate) const ENTRANTS: &[Entrant] = &[
    entrant("asyncio", Role::Ours, "asyncio, its facade", |workload| {
        processes::ours::run(workload);
        full::<Asyncio>(workload);
    }),
    entrant(
        "tokio_ct",
        Role::Peer,
        "tokio, current_thread, tokio::spawn",
        full::<Tokio<CurrentThread>>,
    ),
    entrant("tokio_local", Role::Peer, "tokio, LocalRuntime, spawn_local", full::<Tokio<Local>>),
    entrant(
        "smol",
        Role::Peer,
        "async-executor, static local executor, async-io, async-net, blocking",
        full::<Smol>,
    ),
    entrant("monoio_legacy", Role::Peer, "monoio, epoll", full::<Monoio<Legacy>>),
    entrant("monoio_uring", Role::Peer, "monoio, io_uring", full::<Monoio<Uring>>),
    entrant("glommio", Role::Peer, "glommio, io_uring", full::<Glommio>),
    entrant("futures", Role::Peer, "futures, LocalPool", tasks_and_wake::<Futures>),
    entrant("floor", Role::Floor, "nothing, bare loops written by hand", |workload| {
        processes::floor::run(workload);
        tasks_and_sockets::<Floor>(workload);
    }),
    entrant("procspawn", Role::Peer, "procspawn, its pool", processes::procspawn::run),
    entrant(
        "python",
        Role::Peer,
        "Python 3, asyncio and ProcessPoolExecutor",
        processes::python::run,
    ),
];

const fn entrant(name: &'static str, role: Role, about: &'static str, run: fn(&str)) -> Entrant {
    Entrant { name, role, about, run }
}

fn full<R: Timers + OneShot + Offload + Net>(workload: &str) {
    tasks_and_wake::<R>(workload);
    timed::<R>(workload);
    pooled::<R>(workload);
    sockets::<R>(workload);
}

fn tasks_and_wake<R: OneShot>(workload: &str) {
    tasks::<R>(workload);
    match workload {
        "wake_same" => figure::<R, _>(wake::to_thread_on::<R>(SERVER_CORE)),
        "wake_across" => figure::<R, _>(wake::to_thread_on::<R>(CLIENT_CORE)),
        _ => {}
    }
}

/// The floor's wakers must not leave their thread.
fn tasks_and_sockets<R: OneShot + Net>(workload: &str) {
    tasks::<R>(workload);
    sockets::<R>(workload);
}

fn tasks<R: OneShot>(workload: &str) {
    match workload {
        "spawn_await" => figure::<R, _>(spawn::await_each::<R>()),
        "spawn_await_eager" => figure::<R, _>(spawn::await_each_eager::<R>()),
        "spawn_batch1000" => figure::<R, _>(spawn::batches::<R>(1_000, 50)),
        "spawn_1m" => figure::<R, _>(spawn::batches::<R>(1_000_000, 1)),
        "yield_k1" => figure::<R, _>(switch::yields::<R>(1)),
        "yield_k10" => figure::<R, _>(switch::yields::<R>(10)),
        "yield_k1000" => figure::<R, _>(switch::yields::<R>(1_000)),
        "ping_pong" => figure::<R, _>(switch::bare_cell::<R>()),
        "one_shot" => figure::<R, _>(switch::one_shot::<R>()),
        "memory_task" => figure::<R, _>(memory::idle_task::<R>()),
        _ => {}
    }
}

fn timed<R: Timers>(workload: &str) {
    match workload {
        "timers_1m" => figure::<R, _>(timers::million::<R>()),
        "timeout_pending" => figure::<R, _>(timers::limits::<R>(0)),
        "timeout_pending_100k" => figure::<R, _>(timers::limits::<R>(100_000)),
        "lateness_1ms" => figure::<R, _>(timers::lateness::<R>()),
        "memory_sleep" => figure::<R, _>(memory::sleeping_task::<R>()),
        _ => {}
    }
}

fn pooled<R: Offload>(workload: &str) {
    match workload {
        "pool_sequential" => figure::<R, _>(offload::sequential::<R>()),
        "pool_in_flight" => figure::<R, _>(offload::in_flight::<R>()),
        _ => {}
    }
}

fn sockets<R: Net>(workload: &str) {
    match workload {
        "echo_c1" => echo::serve::<R>(1, Plan::Cpu),
        "echo_c50" => echo::serve::<R>(50, Plan::Cpu),
        "echo_c1000" => echo::serve::<R>(1_000, Plan::Cpu),
        SYSCALLS => echo::serve::<R>(50, Plan::Count),
        "memory_connection" => echo::serve::<R>(4_000, Plan::Idle),
        _ => {}
    }
}

/// Measures inside a task, and ends the process there: taking a million sleepers down is not what is measured.
fn figure<R: Runtime, F: Future<Output = f64> + 'static>(measurement: F) {
    in_task::<R, _>(async move {
        let figure = measurement.await;
        report(Some(figure));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_goals_name_entrants() {
        for (index, workload) in WORKLOADS.iter().enumerate() {
            assert!(!workload.goals.is_empty(), "{} is held to nothing", workload.name);
            assert!(WORKLOADS[..index].iter().all(|other| other.name != workload.name));
            for goal in workload.goals {
                if let Of::One(name) = goal.of {
                    assert!(
                        ENTRANTS.iter().any(|entrant| entrant.name == name),
                        "no entrant {name}"
                    );
                }
            }
        }
    }
}
