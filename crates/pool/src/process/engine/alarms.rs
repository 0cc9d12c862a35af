//! What a pool does at a certain time.

use crate::process::cell::Cell;
use crate::process::engine::key::WorkerKey;
use crate::process::sys::Poller;
use std::collections::BTreeMap;
use std::sync::Weak;

/// Names an alarm: its time on the monotonic clock in nanoseconds, and a number.
pub(crate) type AlarmKey = (u64, u64);

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) enum Alarm {
    /// The first job on board has had its time.
    Timeout(WorkerKey),
    /// This job must be done by now, if it is still wanted.
    Deadline(Weak<Cell>),
    /// This worker has had nothing to do for long.
    Idle(WorkerKey),
    /// This worker should have started, or ended, by now.
    Patience(WorkerKey),
    /// This worker may have ended, which nothing else tells.
    Look(WorkerKey),
    /// Whoever has this ticket in the line before the queue has waited long enough.
    Room(u64),
    /// Those who were called to the queue and have not come lose their turn.
    RollCall,
    /// Another start may be tried.
    Gate,
    /// Something was left for another turn.
    GoOn,
}

/// All alarms of a pool.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    alarms: BTreeMap<AlarmKey, Alarm>,
    next: u64,
    /// What the system's alarm is set to.
    set: Option<u64>,
}

impl Alarms {
    pub(crate) fn add(&mut self, at: u64, alarm: Alarm) -> AlarmKey {
        self.next += 1;
        let key = (at, self.next);
        self.alarms.insert(key, alarm);
        key
    }

    pub(crate) fn remove(&mut self, key: Option<AlarmKey>) {
        if let Some(key) = key {
            self.alarms.remove(&key);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.alarms.is_empty()
    }

    /// How many were added so far.
    #[cfg(test)]
    pub(crate) fn count(&self) -> u64 {
        self.next
    }

    /// Takes one whose time has come.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<Alarm> {
        let first = self.alarms.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// Sets the system's alarm to the first.
    pub(crate) fn arm(&mut self, poller: &Poller) {
        let first = self.alarms.first_key_value().map(|((at, _), _)| *at);
        // A later time is left to ring early: then it is set again.
        let is_late = match (self.set, first) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(set), Some(first)) => first < set,
        };
        if is_late {
            poller.set_alarm(first);
            self.set = first;
        }
    }

    /// The system's alarm has rung.
    pub(crate) fn rung(&mut self) {
        self.set = None;
    }
}
