//! What a program must do, by a queue and a sorted list: no wakers, no futures, no unsafe code.

use crate::program::{End, Event, Leaf, Op, Program, Run};
use asyncio_core::Instant;
use std::collections::VecDeque;
use std::time::Duration;

/// Interprets `program`, first in, first out.
pub(crate) fn run(program: &Program) -> Run {
    let mut model = Model::new(program);
    let deadlock = model.run_until_main_returns();
    if deadlock {
        // It may borrow, so it goes before anything else.
        model.abort(0);
    }
    model.end_all();
    model.close();
    Run { trace: model.trace, deadlock }
}

struct Model<'a> {
    program: &'a Program,
    tasks: Vec<Task>,
    ready: VecDeque<usize>,
    /// Deadline, rank, and who is to be woken.
    timers: Vec<(Instant, u64, usize)>,
    ranks: u64,
    /// In the order of their creation.
    spawned: Vec<usize>,
    now: Instant,
    trace: Vec<Event>,
}

#[derive(Debug, Default)]
struct Task {
    next_op: usize,
    waits: Option<Wait>,
    queued: bool,
    cancel: bool,
    done: bool,
    was_polled: bool,
    handle: Handle,
    awaited_by: Option<usize>,
    outcome: Option<End>,
}

#[derive(Clone, Copy, PartialEq, Debug, Default)]
enum Handle {
    /// Not yet, or no longer, or in the hands of the run.
    #[default]
    None,
    /// Where every task finds it.
    Shared,
    /// Some task awaits it.
    Awaited,
}

#[derive(Clone, Debug)]
enum Wait {
    Yield { polled: bool },
    Sleep { timer: Timer, deadline: Instant },
    Join(usize),
    Nothing,
    Timeout(Box<Wait>, Timer),
}

#[derive(Clone, Copy, Debug)]
enum Timer {
    New(Instant, u64),
    Set(u64),
    /// Of no length: gives way once.
    Yield,
    Ended,
}

impl<'a> Model<'a> {
    fn new(program: &'a Program) -> Self {
        let mut model = Self {
            program,
            // The last one ends all others.
            tasks: (0..=program.0.len()).map(|_| Task::default()).collect(),
            ready: VecDeque::new(),
            timers: Vec::new(),
            ranks: 0,
            spawned: vec![0],
            now: Instant::ZERO,
            trace: Vec::new(),
        };
        model.wake(0);
        model
    }

    /// `true`: it never does.
    fn run_until_main_returns(&mut self) -> bool {
        while !self.tasks[0].done {
            if self.ready.is_empty() && !self.fire_next() {
                return true;
            }
            for _ in 0..self.ready.len() {
                let task = self.ready.pop_front().unwrap();
                self.run_one(task);
            }
        }
        false
    }

    /// Time goes to the next deadline, and all that are due then fire in their order.
    fn fire_next(&mut self) -> bool {
        let next = self.timers.iter().map(|timer| timer.0).min();
        let Some(next) = next.filter(|next| *next < Instant::FAR_FUTURE) else { return false };
        self.now = next;
        self.timers.sort_unstable();
        let due = self.timers.iter().take_while(|timer| timer.0 <= next).count();
        for (_, _, task) in self.timers.drain(..due).collect::<Vec<_>>() {
            self.wake(task);
        }
        true
    }

    fn wake(&mut self, task: usize) {
        let woken = &mut self.tasks[task];
        if !woken.done && !std::mem::replace(&mut woken.queued, true) {
            self.ready.push_back(task);
        }
    }

    fn run_one(&mut self, me: usize) {
        self.tasks[me].queued = false;
        if self.tasks[me].done {
            return;
        }
        if self.tasks[me].cancel {
            return self.abort(me);
        }
        self.trace.push(Event::Poll(me, self.now));
        self.tasks[me].was_polled = true;
        loop {
            if let Some(mut wait) = self.tasks[me].waits.take()
                && !self.poll(me, &mut wait)
            {
                self.tasks[me].waits = Some(wait);
                return;
            }
            let next = self.tasks[me].next_op;
            self.tasks[me].next_op += 1;
            match self.program.0[me].get(next) {
                None => {
                    self.trace.push(Event::Returned(me));
                    return self.end(me, End::Value);
                }
                Some(Op::Panic) => return self.end(me, End::Panic),
                Some(op) => self.begin(me, &op.clone()),
            }
        }
    }

    /// Does what an operation does before it first waits.
    fn begin(&mut self, me: usize, op: &Op) {
        match *op {
            Op::Await(ref leaf) => self.tasks[me].waits = Some(self.make(me, leaf)),
            Op::Timeout(duration, ref leaf) => {
                let inner = self.make(me, leaf);
                let timer = self.timer(duration);
                self.tasks[me].waits = Some(Wait::Timeout(Box::new(inner), timer));
            }
            Op::Spawn(task) => {
                if !self.spawned.contains(&task) {
                    self.trace.push(Event::Spawned(me, task));
                    self.spawned.push(task);
                    self.tasks[task].handle = Handle::Shared;
                    self.wake(task);
                }
            }
            Op::Cancel(task) => {
                if self.tasks[task].handle == Handle::Shared {
                    let asked = !self.tasks[task].done;
                    if asked {
                        self.tasks[task].cancel = true;
                        self.wake(task);
                    }
                    self.trace.push(Event::Cancelled(me, task, asked));
                }
            }
            Op::Detach(task) => {
                if self.tasks[task].handle == Handle::Shared {
                    self.drop_handle(task);
                }
            }
            Op::Wake(task, times) => {
                for _ in 0..times {
                    if self.tasks[task].was_polled {
                        self.trace.push(Event::Woke(me, task));
                        self.wake(task);
                    }
                }
            }
            Op::Panic => unreachable!("it ends the task"),
        }
    }

    fn make(&mut self, me: usize, leaf: &Leaf) -> Wait {
        match *leaf {
            Leaf::Yield => Wait::Yield { polled: false },
            Leaf::Sleep(duration) => {
                Wait::Sleep { timer: self.timer(duration), deadline: self.now + duration }
            }
            Leaf::Join(task) if task != me && self.tasks[task].handle == Handle::Shared => {
                self.tasks[task].handle = Handle::Awaited;
                Wait::Join(task)
            }
            Leaf::Join(_) => Wait::Nothing,
        }
    }

    fn timer(&mut self, duration: Duration) -> Timer {
        self.ranks += 1;
        if duration.is_zero() { Timer::Yield } else { Timer::New(self.now + duration, self.ranks) }
    }

    /// Whether the wait is over.
    fn poll(&mut self, me: usize, wait: &mut Wait) -> bool {
        match wait {
            Wait::Nothing => true,
            Wait::Yield { polled: true } => true,
            Wait::Yield { polled } => {
                *polled = true;
                self.wake(me);
                false
            }
            Wait::Sleep { timer, deadline } => {
                let over = self.poll_timer(me, timer);
                if over {
                    self.trace.push(Event::Slept(me, *deadline, self.now));
                }
                over
            }
            Wait::Join(task) => match self.tasks[*task].outcome.take() {
                Some(end) => {
                    self.trace.push(Event::Joined(me, *task, end));
                    self.tasks[*task].handle = Handle::None;
                    true
                }
                None => {
                    self.tasks[*task].awaited_by = Some(me);
                    false
                }
            },
            Wait::Timeout(inner, timer) => {
                let in_time = self.poll(me, inner);
                if !in_time && !self.poll_timer(me, timer) {
                    return false;
                }
                if !in_time {
                    self.forget(inner);
                }
                self.forget_timer(timer);
                self.trace.push(Event::TimedOut(me, !in_time));
                true
            }
        }
    }

    fn poll_timer(&mut self, me: usize, timer: &mut Timer) -> bool {
        match *timer {
            Timer::Ended => return true,
            Timer::Yield => {
                *timer = Timer::Ended;
                self.wake(me);
            }
            Timer::New(deadline, rank) => {
                self.timers.push((deadline, rank, me));
                *timer = Timer::Set(rank);
            }
            Timer::Set(rank) => {
                if !self.timers.iter().any(|set| set.1 == rank) {
                    *timer = Timer::Ended;
                    return true;
                }
            }
        }
        false
    }

    /// Drops what a task waits for.
    fn forget(&mut self, wait: &Wait) {
        match wait {
            Wait::Join(task) => self.drop_handle(*task),
            Wait::Sleep { timer, .. } => self.forget_timer(timer),
            Wait::Timeout(inner, timer) => {
                self.forget(inner);
                self.forget_timer(timer);
            }
            Wait::Yield { .. } | Wait::Nothing => {}
        }
    }

    fn forget_timer(&mut self, timer: &Timer) {
        if let Timer::Set(rank) = *timer {
            self.timers.retain(|set| set.1 != rank);
        }
    }

    fn drop_handle(&mut self, task: usize) {
        self.tasks[task].handle = Handle::None;
        self.tasks[task].awaited_by = None;
        self.drop_outcome(task);
    }

    fn drop_outcome(&mut self, task: usize) {
        if self.tasks[task].outcome.take() == Some(End::Panic) {
            self.trace.push(Event::Reported(task));
        }
    }

    fn abort(&mut self, me: usize) {
        if let Some(wait) = self.tasks[me].waits.take() {
            self.forget(&wait);
        }
        self.end(me, End::Cancelled);
    }

    /// The future is dropped first, then the outcome is there for the owner of the handle.
    fn end(&mut self, me: usize, end: End) {
        self.trace.push(Event::Dropped(me));
        self.tasks[me].done = true;
        self.tasks[me].outcome = Some(end);
        if self.tasks[me].handle == Handle::None {
            self.drop_outcome(me);
        } else if let Some(awaiter) = self.tasks[me].awaited_by.take() {
            self.wake(awaiter);
        }
    }

    /// The end of a runner: a task of its own asks all others to end. What was ready before it goes on.
    fn end_all(&mut self) {
        let ending = self.program.0.len();
        let is_left = |model: &Self, task: &usize| !model.tasks[*task].done;
        if !self.spawned.iter().any(|task| is_left(self, task)) {
            return;
        }
        self.wake(ending);
        while !self.tasks[ending].done {
            for _ in 0..self.ready.len() {
                let task = self.ready.pop_front().unwrap();
                if task != ending {
                    self.run_one(task);
                    continue;
                }
                let left: Vec<usize> =
                    self.spawned.iter().copied().filter(|task| is_left(self, task)).collect();
                self.tasks[ending].queued = false;
                self.tasks[ending].done = left.is_empty();
                for task in left {
                    self.tasks[task].cancel = true;
                    self.wake(task);
                }
                self.wake(ending);
            }
        }
    }

    /// Outcomes that were not taken are dropped in the order of creation.
    fn close(&mut self) {
        for task in self.spawned.clone() {
            self.drop_outcome(task);
        }
    }
}
