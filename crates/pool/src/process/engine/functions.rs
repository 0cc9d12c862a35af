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
/// How many jobs a chunk has at most.
pub(crate) const DEEPEST: usize = 128;

/// How long calls take.
#[derive(Clone, Copy, Default, Debug)]
struct Estimate {
    /// In nanoseconds, recent ones counting more.
    nanos: u64,
    /// How many it was made of.
    calls: usize,
}

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
    /// The compiler may make several descriptors of one function, in different parts of a program; they
    /// share what is known of it.
    estimates: Vec<Estimate>,
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
                    self.estimates.push(Estimate::default());
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
        estimate.nanos = match estimate.calls {
            0 => nanos,
            _ => estimate.nanos - estimate.nanos / 8 + nanos / 8,
        };
        estimate.calls = estimate.calls.saturating_add(1);
    }

    /// How many such jobs a worker should have on board, if so many are wished for.
    pub(crate) fn depth(&mut self, descriptor: &'static Descriptor, chunk: usize) -> usize {
        let number = self.number(descriptor);
        let estimate = number.map(|number| self.estimates[self.functions[number].estimate]);
        let Estimate { nanos, calls } = estimate.unwrap_or_default();
        if chunk == AUTOMATIC {
            // Twice what there is to go by: a first call that was short says little about those to come.
            let most = calls.saturating_mul(2).clamp(1, DEEPEST);
            return usize::try_from(CHUNK / nanos.max(1)).unwrap_or(most).clamp(1, most);
        }
        if chunk > 0 {
            return chunk;
        }
        match nanos {
            _ if calls == 0 => 1,
            ..SHORT => DEEP,
            SHORT..LONG => 2,
            LONG.. => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::function::describe;
    use crate::process::messagepack::MessagePack;

    fn nothing(_: u8) {}

    #[test]
    fn a_chunk_grows_with_what_is_known_and_shrinks_with_what_calls_take() {
        let descriptor = describe::<MessagePack, _, _, _>(&nothing);
        let mut functions = Functions::default();
        assert_eq!(functions.depth(descriptor, AUTOMATIC), 1);
        let grown: Vec<usize> = (0..7)
            .map(|_| {
                functions.took(descriptor, 1_000);
                functions.depth(descriptor, AUTOMATIC)
            })
            .collect();
        assert_eq!(grown, [2, 4, 6, 8, 10, 12, 14]);
        (0..100).for_each(|_| functions.took(descriptor, 1_000));
        assert_eq!(functions.depth(descriptor, AUTOMATIC), DEEPEST);
        functions.took(descriptor, 1_000_000_000);
        assert_eq!(functions.depth(descriptor, AUTOMATIC), 1);
        (0..100).for_each(|_| functions.took(descriptor, 500_000));
        assert_eq!(functions.depth(descriptor, AUTOMATIC), 3, "two milliseconds, not quite");
        assert_eq!(functions.depth(descriptor, 7), 7, "as it was wished");
        assert_eq!(functions.depth(descriptor, 0), 1);
    }
}
