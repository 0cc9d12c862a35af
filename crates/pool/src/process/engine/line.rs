//! The line of those who wait for room in the queue.
//!
//! Whoever has room is called, and takes his place when he comes. One who was called and does not come, for
//! his future is kept and not polled, loses his turn after a while: nobody behind him must wait for ever.

use crate::clock::monotonic_nanos;
use crate::process::engine::alarms::{Alarm, AlarmKey};
use crate::process::engine::state::Engine;
use std::task::Waker;

/// So many nanoseconds one has to come after he was called.
const GRACE: u64 = 100_000_000;

/// Somebody who waits for room.
#[derive(Debug)]
pub(crate) struct Waiting {
    ticket: u64,
    call: Call,
    /// When he does not want to wait any more.
    deadline: Option<AlarmKey>,
}

#[derive(Debug)]
enum Call {
    /// He will be called by this.
    Expected(Waker),
    /// He was called at this time, and has not come.
    Made(u64),
    /// He did not come in time, so that others may before him.
    Missed,
}

impl Waiting {
    fn is_present(&self) -> bool {
        !matches!(self.call, Call::Missed)
    }

    /// Takes the waker that calls him, if he was not called.
    fn take_waker(&mut self, now: u64) -> Option<Waker> {
        match std::mem::replace(&mut self.call, Call::Made(now)) {
            Call::Expected(waker) => Some(waker),
            other => {
                self.call = other;
                None
            }
        }
    }
}

impl Engine {
    /// Takes a number in the line of those who wait for room, or renews the waker.
    pub(crate) fn queue_up(
        &mut self,
        ticket: Option<u64>,
        deadline: Option<u64>,
        waker: Waker,
    ) -> u64 {
        let known = self.line.iter_mut().find(|waiting| Some(waiting.ticket) == ticket);
        if let Some(waiting) = known {
            self.news.spend(waiting.take_waker(0));
            waiting.call = Call::Expected(waker);
            return waiting.ticket;
        }
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        let deadline = deadline.map(|at| self.alarms.add(at, Alarm::Room(ticket)));
        self.line.push_back(Waiting { ticket, call: Call::Expected(waker), deadline });
        ticket
    }

    /// Wakes whoever has this ticket, if he is still in the line.
    pub(super) fn call(&mut self, ticket: u64) {
        if let Some(waiting) = self.line.iter_mut().find(|waiting| waiting.ticket == ticket) {
            self.news.wake(waiting.take_waker(monotonic_nanos()));
        }
    }

    /// Promises a place in the queue to whoever has this ticket, or none, if it is his turn.
    pub(crate) fn reserve(&mut self, ticket: Option<u64>) -> bool {
        let in_front = self.line.iter().take_while(|waiting| Some(waiting.ticket) != ticket);
        let before = in_front.filter(|waiting| waiting.is_present()).count();
        let taken = self.queue.len() + self.reserved + before;
        // A pool that ends refuses each job by itself.
        let is_my_turn = self.is_ending() || taken < self.settings.queue_bound;
        self.reserved += usize::from(is_my_turn);
        if is_my_turn && let Some(ticket) = ticket {
            self.take_out_of_line(ticket);
        }
        is_my_turn
    }

    /// A promised place is used or given up.
    pub(crate) fn redeem(&mut self) {
        self.reserved -= 1;
    }

    /// Leaves the line.
    pub(crate) fn leave_line(&mut self, ticket: u64) {
        self.take_out_of_line(ticket);
        self.call_next();
    }

    fn take_out_of_line(&mut self, ticket: u64) {
        if let Some(place) = self.line.iter().position(|waiting| waiting.ticket == ticket)
            && let Some(mut waiting) = self.line.remove(place)
        {
            self.alarms.remove(waiting.deadline);
            self.news.spend(waiting.take_waker(0));
        }
    }

    /// Wakes as many of the line as there is room for.
    pub(super) fn call_next(&mut self) {
        let taken = self.queue.len() + self.reserved;
        let free = match self.is_ending() {
            true => usize::MAX,
            false => self.settings.queue_bound.saturating_sub(taken),
        };
        if free == 0 {
            return;
        }
        let now = monotonic_nanos();
        for waiting in self.line.iter_mut().filter(|waiting| waiting.is_present()).take(free) {
            self.news.wake(waiting.take_waker(now));
        }
        let keeps_others = self.line.iter().filter(|waiting| waiting.is_present()).nth(free);
        if keeps_others.is_some() && self.roll_call.is_none() {
            self.roll_call = Some(self.alarms.add(now + GRACE, Alarm::RollCall));
        }
    }

    /// Those who were called long ago and have not come lose their turn.
    pub(super) fn roll_call(&mut self) {
        self.roll_call = None;
        let now = monotonic_nanos();
        for waiting in &mut self.line {
            if matches!(waiting.call, Call::Made(at) if at + GRACE <= now) {
                waiting.call = Call::Missed;
            }
        }
        self.call_next();
    }
}
