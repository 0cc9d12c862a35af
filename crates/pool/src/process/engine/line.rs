//! The line of those who wait for room in the queue.
//!
//! Whoever has room is called, and takes his place when he comes. One who was called and does not come, for
//! his future is kept and not polled, loses his turn after a while: nobody behind him must wait for ever.

use crate::process::engine::alarms::AlarmKey;
use std::collections::VecDeque;
use std::mem::replace;
use std::task::Waker;

/// So many nanoseconds one has to come after he was called.
pub(crate) const GRACE: u64 = 100_000_000;

/// Those who wait, in the order of their coming.
#[derive(Debug, Default)]
pub(crate) struct Line {
    waiting: VecDeque<Waiting>,
}

/// Somebody who waits for room.
#[derive(Debug)]
struct Waiting {
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

impl Line {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Somebody comes, with a ticket that nobody else has.
    pub(crate) fn enter(&mut self, ticket: u64, waker: Waker, deadline: Option<AlarmKey>) {
        self.waiting.push_back(Waiting { ticket, call: Call::Expected(waker), deadline });
    }

    /// Somebody who was called, or moved, waits on; gives his former waker.
    pub(crate) fn renew(&mut self, ticket: u64, waker: Waker) -> Option<Waker> {
        let waiting = self.waiting.iter_mut().find(|waiting| waiting.ticket == ticket)?;
        replace(&mut waiting.call, Call::Expected(waker)).into_waker()
    }

    /// Somebody leaves; gives his waker and his alarm.
    pub(crate) fn leave(&mut self, ticket: u64) -> (Option<Waker>, Option<AlarmKey>) {
        let place = self.waiting.iter().position(|waiting| waiting.ticket == ticket);
        match place.and_then(|place| self.waiting.remove(place)) {
            Some(waiting) => (waiting.call.into_waker(), waiting.deadline),
            None => (None, None),
        }
    }

    /// How many come before this ticket, or before somebody without one.
    pub(crate) fn before(&self, ticket: Option<u64>) -> usize {
        let in_front = self.waiting.iter().take_while(|waiting| Some(waiting.ticket) != ticket);
        in_front.filter(|waiting| waiting.is_present()).count()
    }

    /// Calls whoever has this ticket, if that was not done.
    pub(crate) fn call(&mut self, ticket: u64, now: u64) -> Option<Waker> {
        self.waiting.iter_mut().find(|waiting| waiting.ticket == ticket)?.take_waker(now)
    }

    /// Calls those of the first `count` who were not called.
    pub(crate) fn call_first(&mut self, count: usize, now: u64) -> impl Iterator<Item = Waker> {
        let present = self.waiting.iter_mut().filter(|waiting| waiting.is_present());
        present.take(count).filter_map(move |waiting| waiting.take_waker(now))
    }

    /// Whether there are more than so many.
    pub(crate) fn is_longer_than(&self, count: usize) -> bool {
        self.waiting.iter().filter(|waiting| waiting.is_present()).nth(count).is_some()
    }

    /// Those who were called long ago and have not come lose their turn.
    pub(crate) fn call_the_roll(&mut self, now: u64) {
        for waiting in &mut self.waiting {
            if matches!(waiting.call, Call::Made(at) if at + GRACE <= now) {
                waiting.call = Call::Missed;
            }
        }
    }
}

impl Waiting {
    fn is_present(&self) -> bool {
        !matches!(self.call, Call::Missed)
    }

    fn take_waker(&mut self, now: u64) -> Option<Waker> {
        match self.call {
            Call::Expected(_) => replace(&mut self.call, Call::Made(now)).into_waker(),
            Call::Made(_) | Call::Missed => None,
        }
    }
}

impl Call {
    fn into_waker(self) -> Option<Waker> {
        match self {
            Self::Expected(waker) => Some(waker),
            Self::Made(_) | Self::Missed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(tickets: impl IntoIterator<Item = u64>) -> Line {
        let mut line = Line::default();
        tickets.into_iter().for_each(|ticket| line.enter(ticket, Waker::noop().clone(), None));
        line
    }

    #[test]
    fn each_is_called_once_until_he_waits_on() {
        let mut line = line_of(1..=3);
        assert_eq!(line.call_first(2, 5).count(), 2);
        assert_eq!(line.call_first(2, 6).count(), 0);
        assert!(line.call(1, 7).is_none() && line.call(4, 7).is_none());
        assert!(line.renew(1, Waker::noop().clone()).is_none(), "his waker was used");
        assert!(line.renew(3, Waker::noop().clone()).is_some(), "his was not");
        assert_eq!(line.call_first(3, 8).count(), 2);
    }

    #[test]
    fn those_who_were_called_keep_their_turn_until_the_grace_is_over() {
        let mut line = line_of(1..=4);
        assert_eq!(line.call_first(1, 5).count(), 1);
        line.call_the_roll(4 + GRACE);
        assert_eq!((line.before(Some(3)), line.before(None)), (2, 4));
        assert!(line.is_longer_than(3) && !line.is_longer_than(4));
        line.call_the_roll(5 + GRACE);
        assert_eq!((line.before(Some(3)), line.before(None)), (1, 3));
        assert!(line.is_longer_than(2) && !line.is_longer_than(3));
        assert_eq!(line.call_first(1, 9 + GRACE).count(), 1, "the second is called");
        assert!(line.renew(1, Waker::noop().clone()).is_none());
        assert_eq!(line.before(Some(2)), 1, "whoever comes after all has his old place");
    }

    #[test]
    fn whoever_leaves_takes_his_alarm_along() {
        let mut line = line_of([1]);
        line.enter(2, Waker::noop().clone(), Some((7, 8)));
        assert_eq!(line.leave(2).1, Some((7, 8)));
        assert_eq!(line.leave(2).1, None);
        assert!(line.leave(1).0.is_some() && line.is_empty());
    }
}
