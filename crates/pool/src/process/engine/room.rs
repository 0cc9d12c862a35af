//! Room in the queue: who is promised a place, and who is called to take one.

use crate::clock::monotonic_nanos;
use crate::process::engine::alarms::Alarm;
use crate::process::engine::line::GRACE;
use crate::process::engine::state::Engine;
use std::task::Waker;

impl Engine {
    /// Enters the line of those who wait for room, or renews the waker; returns the ticket.
    pub(crate) fn queue_up(
        &mut self,
        ticket: Option<u64>,
        deadline: Option<u64>,
        waker: Waker,
    ) -> u64 {
        if let Some(ticket) = ticket {
            self.news.spend(self.line.renew(ticket, waker));
            return ticket;
        }
        let ticket = self.next_ticket();
        let deadline = deadline.map(|at| self.alarms.add(at, Alarm::Room(ticket)));
        self.line.enter(ticket, waker, deadline);
        ticket
    }

    /// Wakes whoever has this ticket, if he is still in the line.
    pub(super) fn call(&mut self, ticket: u64) {
        self.news.wake(self.line.call(ticket, monotonic_nanos()));
    }

    /// Promises a place in the queue to whoever has this ticket, or none, if it is his turn.
    pub(crate) fn reserve(&mut self, ticket: Option<u64>) -> bool {
        let taken = self.queue.len() + self.reserved + self.line.before(ticket);
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
        let (waker, deadline) = self.line.leave(ticket);
        self.news.spend(waker);
        self.alarms.remove(deadline);
    }

    /// Wakes as many of the line as there is room for.
    pub(super) fn call_next(&mut self) {
        let taken = self.queue.len() + self.reserved;
        let free = match self.is_ending() {
            true => usize::MAX,
            false => self.settings.queue_bound.saturating_sub(taken),
        };
        if free == 0 || self.line.is_empty() {
            return;
        }
        let now = monotonic_nanos();
        self.news.wake(self.line.call_first(free, now));
        if self.line.is_longer_than(free) && self.roll_call.is_none() {
            self.roll_call = Some(self.alarms.add(now + GRACE, Alarm::RollCall));
        }
    }

    /// Those who were called long ago and have not come lose their turn.
    pub(super) fn roll_call(&mut self) {
        self.roll_call = None;
        self.line.call_the_roll(monotonic_nanos());
        self.call_next();
    }
}
