//! [`WorkerKey`]: the name of a worker among those that had its place before.

/// Names a worker; its place in the crew may have another one later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WorkerKey {
    pub(crate) index: u16,
    generation: u32,
}

/// What of a worker an event is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Connection = 0,
    Process = 1,
    Stderr = 2,
}

impl WorkerKey {
    pub(crate) fn new(index: u16, generation: u32) -> Self {
        Self { index, generation }
    }

    /// As a number for the poller.
    pub(crate) fn pack(self, part: Part) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index) << 8 | part as u64
    }

    pub(crate) fn unpack(key: u64) -> (Self, Part) {
        let part = match key as u8 {
            0 => Part::Connection,
            1 => Part::Process,
            _ => Part::Stderr,
        };
        (Self { index: (key >> 8) as u16, generation: (key >> 32) as u32 }, part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_a_former_worker_is_not_taken_for_one_of_its_successor() {
        for part in [Part::Connection, Part::Process, Part::Stderr] {
            for (index, generation) in [(0, 1), (7, u32::MAX), (u16::MAX, 2)] {
                let key = WorkerKey::new(index, generation);
                assert_eq!(WorkerKey::unpack(key.pack(part)), (key, part));
                let next = WorkerKey::new(index, generation.wrapping_add(1));
                assert_ne!(WorkerKey::unpack(next.pack(part)).0, key);
            }
        }
    }
}
