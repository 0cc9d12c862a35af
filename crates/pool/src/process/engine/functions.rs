//! The functions that a pool has been given, and how long they take.

use crate::process::function::{Descriptor, Place};
use std::collections::BTreeMap;

/// Which function of the pool.
pub(crate) type Number = usize;

/// Up to this long a job hides the whole way there and back in its noise if the next one is there already.
const SHORT: u64 = 50_000;
/// From here on the way is less than a fiftieth of the job.
const LONG: u64 = 500_000;
/// How many short jobs a worker may have on board.
const DEEP: usize = 16;

/// A wish that leaves the size of chunks to the pool.
pub(crate) const AUTOMATIC: usize = usize::MAX;
/// How long a chunk should keep a worker busy.
const CHUNK: u64 = 2_000_000;
const DEEPEST: u64 = 128;

#[derive(Debug)]
struct Function {
    place: Place,
    /// Which of the estimates is its own.
    estimate: usize,
}

/// The functions of a pool.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    numbers: BTreeMap<usize, Number>,
    functions: Vec<Function>,
    /// How long a call takes, in nanoseconds, recent ones counting more. The compiler may make several
    /// descriptors of one function, in different parts of a program; they share what is known of it.
    estimates: Vec<Option<u64>>,
    /// The last one that was asked for: usually it is asked for again.
    last: Option<(usize, Number)>,
}

impl Functions {
    /// The number of a function, if a worker can be told where it is.
    pub(crate) fn number(&mut self, descriptor: &'static Descriptor) -> Option<Number> {
        let address = std::ptr::from_ref(descriptor).addr();
        if let Some((_, number)) = self.last.filter(|&(last, _)| last == address) {
            return Some(number);
        }
        let number = match self.numbers.get(&address) {
            Some(&number) => number,
            None => {
                let place = Place::of(descriptor)?;
                // Closures of one function are called the same. That is no harm where only times are meant.
                let twin = self.functions.iter().find(|other| other.place.is_called_like(&place));
                let estimate = twin.map_or(self.estimates.len(), |twin| twin.estimate);
                if estimate == self.estimates.len() {
                    self.estimates.push(None);
                }
                self.functions.push(Function { place, estimate });
                self.numbers.insert(address, self.functions.len() - 1);
                self.functions.len() - 1
            }
        };
        self.last = Some((address, number));
        Some(number)
    }

    /// Where it is.
    pub(crate) fn place(&self, number: Number) -> &Place {
        &self.functions[number].place
    }

    /// A call took so long.
    pub(crate) fn took(&mut self, descriptor: &'static Descriptor, nanos: u64) {
        let Some(number) = self.number(descriptor) else { return };
        let estimate = &mut self.estimates[self.functions[number].estimate];
        *estimate = Some(match *estimate {
            None => nanos,
            Some(former) => former - former / 8 + nanos / 8,
        });
    }

    /// How many such jobs a worker should have on board, if so many are wished for.
    pub(crate) fn depth(&mut self, descriptor: &'static Descriptor, chunk: usize) -> usize {
        let number = self.number(descriptor);
        let estimate = number.and_then(|number| self.estimates[self.functions[number].estimate]);
        if chunk == AUTOMATIC {
            return estimate
                .map_or(1, |estimate| (CHUNK / estimate.max(1)).clamp(2, DEEPEST) as usize);
        }
        if chunk > 0 {
            return chunk;
        }
        match estimate {
            Some(..SHORT) => DEEP,
            Some(SHORT..LONG) => 2,
            Some(LONG..) | None => 1,
        }
    }
}
