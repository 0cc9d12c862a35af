//! The jobs that wait for a worker: by priority, first in first out within one.

use crate::process::cell::{Cell, Priority, Whereabouts};
use std::collections::VecDeque;
use std::sync::Arc;

/// A job, with what the pool knows of its past.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) cell: Arc<Cell>,
    /// How often it may still be run again.
    pub(crate) retries: u32,
    /// How many workers have died of reading it.
    pub(crate) deaths: u32,
}

/// The jobs that wait.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    lanes: [VecDeque<Entry>; 3],
    /// How many entries there are whose job is still wanted.
    wanted: usize,
}

impl Queue {
    /// How many jobs wait.
    pub(crate) fn len(&self) -> usize {
        self.wanted
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.wanted == 0
    }

    /// Puts a job behind all others of its priority.
    pub(crate) fn push_back(&mut self, entry: Entry) {
        self.enters(&entry);
        self.lane(entry.cell.treatment.priority).push_back(entry);
    }

    /// Puts a job back before all others of its priority.
    pub(crate) fn push_front(&mut self, entry: Entry) {
        self.enters(&entry);
        self.lane(entry.cell.treatment.priority).push_front(entry);
    }

    /// The job that comes next.
    pub(crate) fn front(&mut self) -> Option<&Entry> {
        for lane in &mut self.lanes {
            while lane.pop_front_if(|entry| is_struck(entry)).is_some() {}
        }
        self.lanes.iter().find_map(VecDeque::front)
    }

    /// Takes the job that comes next.
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        self.front()?;
        let entry = self.lanes.iter_mut().find_map(VecDeque::pop_front)?;
        self.wanted -= 1;
        entry.cell.set_whereabouts(Whereabouts::Nowhere);
        Some(entry)
    }

    /// A job that waits here is not wanted any more; its entry goes when its turn comes, or with others.
    pub(crate) fn strike(&mut self, cell: &Cell) {
        cell.set_whereabouts(Whereabouts::Nowhere);
        self.wanted -= 1;
        let entries: usize = self.lanes.iter().map(VecDeque::len).sum();
        if entries > 64 && self.wanted < entries / 2 {
            self.lanes.iter_mut().for_each(|lane| lane.retain(|entry| !is_struck(entry)));
        }
    }

    fn enters(&mut self, entry: &Entry) {
        entry.cell.set_whereabouts(Whereabouts::Queue);
        self.wanted += 1;
    }

    fn lane(&mut self, priority: Priority) -> &mut VecDeque<Entry> {
        &mut self.lanes[priority as usize]
    }
}

fn is_struck(entry: &Entry) -> bool {
    entry.cell.whereabouts() != Whereabouts::Queue
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::cell::Treatment;
    use crate::process::function::describe;
    use crate::process::messagepack::MessagePack;

    fn entry(number: u8) -> Entry {
        let descriptor = describe::<MessagePack, _, _, _>(&|n: u8| n);
        let cell = Arc::new(Cell::new(descriptor, vec![number], Treatment::default()));
        Entry { cell, retries: 0, deaths: 0 }
    }

    #[test]
    fn jobs_that_are_struck_take_no_memory_though_one_before_them_stays() {
        let mut queue = Queue::default();
        queue.push_back(entry(1));
        for _ in 0..10_000 {
            let struck = entry(2);
            let cell = Arc::clone(&struck.cell);
            queue.push_back(struck);
            queue.strike(&cell);
            assert_eq!(queue.len(), 1);
        }
        queue.push_back(entry(3));
        assert!(queue.lanes.iter().map(VecDeque::len).sum::<usize>() <= 66);
        let left = [queue.pop(), queue.pop(), queue.pop()];
        let numbers = left.map(|entry| entry.map(|entry| entry.cell.arguments[0]));
        assert_eq!((numbers, queue.is_empty()), ([Some(1), Some(3), None], true));
    }
}
