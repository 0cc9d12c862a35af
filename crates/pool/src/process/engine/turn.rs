//! One turn of the engine: takes in what has happened and does what follows from it.

use crate::clock::monotonic_nanos;
use crate::process::engine::alarms::Alarm;
use crate::process::engine::key::{Part, WorkerKey};
use crate::process::engine::state::Engine;
use crate::process::sys::{Event, Poller};

/// How often the poller is asked in one turn.
const ROUNDS: usize = 8;

impl Engine {
    /// Takes in what the poller has found.
    pub(crate) fn take_events(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        // Workers that never stop talking must not keep this from its end.
        let mut may_be_more = true;
        for _ in 0..ROUNDS {
            may_be_more = self.poller.take(&mut events);
            self.take_in(&events);
            if !may_be_more {
                break;
            }
        }
        self.events = events;
        if may_be_more {
            self.go_on_soon();
        }
    }

    /// Has another turn follow this one. A loop is told only of what is new, so nothing may be left without
    /// this.
    pub(super) fn go_on_soon(&mut self) {
        if !self.goes_on_soon {
            self.goes_on_soon = true;
            self.alarms.add(0, Alarm::GoOn);
        }
    }

    fn take_in(&mut self, events: &[Event]) {
        let mut rung = false;
        for event in events {
            if Poller::is_alarm(*event) {
                rung = true;
                continue;
            }
            let (key, part) = WorkerKey::unpack(event.key);
            match part {
                Part::Connection => self.connection_event(key),
                Part::Process => self.process_event(key),
                Part::Stderr => self.stderr_event(key),
            }
        }
        // Last, so that a job that is done at the last moment is done.
        if rung {
            self.alarms.rung();
            self.ring();
        }
    }

    fn ring(&mut self) {
        let now = monotonic_nanos();
        while let Some(alarm) = self.alarms.pop_due(now) {
            match alarm {
                Alarm::Timeout(key) => self.timeout(key),
                Alarm::Deadline(cell) => {
                    if let Some(cell) = cell.upgrade() {
                        self.deadline(cell);
                    }
                }
                Alarm::Idle(key) => {
                    if self.crew.get(key).is_some_and(|worker| worker.is_idle()) {
                        self.retire(key);
                    }
                }
                Alarm::Patience(key) => self.out_of_patience(key),
                Alarm::Look(key) => {
                    self.process_event(key);
                    if self.crew.get(key).is_some() {
                        self.look_again(key);
                    }
                }
                Alarm::Room(ticket) => self.call(ticket),
                Alarm::RollCall => self.roll_call(),
                // What follows from it is done in any case.
                Alarm::Gate => self.gate_alarm = None,
                Alarm::GoOn => self.goes_on_soon = false,
            }
        }
    }

    /// Does what follows from what was brought in.
    pub(crate) fn settle(&mut self) {
        self.dispatch();
        self.let_go();
        if !self.line.is_empty() {
            self.call_next();
        }
        self.alarms.arm(&self.poller);
    }
}
