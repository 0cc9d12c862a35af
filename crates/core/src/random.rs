//! The door for randomness: numbers from the system, or from a simulation's seed.
//!
//! Nothing in the runtime draws a number: order is first in, first out, and combinators poll in
//! argument order. This is for programs, so that back-off and shuffling replay under simulation.
//!
//! The generator is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
//! 2014). It is not for secrets.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

/// A sequence of numbers that its seed determines, on every machine.
///
/// # Examples
/// ```
/// use asyncio::random::Generator;
///
/// let (mut one, mut other) = (Generator::new(7), Generator::new(7));
/// assert_eq!(one.next_u64(), other.next_u64());
/// assert!(one.below(6) < 6);
/// ```
#[derive(Clone, Debug)]
pub struct Generator {
    state: u64,
}

impl Generator {
    /// The sequence of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; zero if `limit` is zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        // The high half of the product; what it is uneven by is `limit` in 2^64.
        let product = u128::from(self.next_u64()) * u128::from(limit);
        u64::try_from(product >> 64).unwrap_or(0)
    }
}

thread_local! {
    /// The state of this thread's generator; `None` until the first number is drawn.
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The next random number of this thread.
///
/// In a simulation it is determined by the seed; else it comes from a generator that the operating
/// system has seeded.
///
/// # Examples
/// ```
/// let numbers = [asyncio::random::next_u64(), asyncio::random::next_u64()];
/// assert_ne!(numbers[0], numbers[1]);
/// ```
#[must_use]
pub fn next_u64() -> u64 {
    draw(Generator::next_u64)
}

/// A random number below `limit`; zero if `limit` is zero.
#[must_use]
pub fn below(limit: u64) -> u64 {
    draw(|generator| generator.below(limit))
}

fn draw(number: impl FnOnce(&mut Generator) -> u64) -> u64 {
    // The standard library asks the system for the keys of its first hasher on each thread.
    let seed = STATE.get().unwrap_or_else(|| RandomState::new().hash_one(0_u64));
    let mut generator = Generator::new(seed);
    let drawn = number(&mut generator);
    STATE.set(Some(generator.state));
    drawn
}

/// Restores the generator that was current before; made by [`enter`].
#[derive(Debug)]
#[must_use = "dropping the guard restores the former generator"]
pub struct Entered {
    former: Option<u64>,
}

/// Gives this thread the sequence of `seed`, until the guard is dropped.
pub fn enter(seed: u64) -> Entered {
    Entered { former: STATE.replace(Some(seed)) }
}

impl Drop for Entered {
    fn drop(&mut self) {
        STATE.set(self.former);
    }
}

#[cfg(test)]
mod tests {
    use super::{below, enter, next_u64};

    #[test]
    fn a_seed_repeats_and_ends_with_its_guard() {
        let sequence = |seed| {
            let _entered = enter(seed);
            [next_u64(), next_u64(), below(10)]
        };
        assert_eq!(sequence(7), sequence(7));
        assert_ne!(sequence(7), sequence(8));
        let outside = next_u64();
        assert_ne!(outside, sequence(7)[0]);
        assert_eq!(below(0), 0);
    }

    #[test]
    fn numbers_below_a_limit_reach_all_of_them() {
        let _entered = enter(1);
        let mut seen = [false; 6];
        for _ in 0..200 {
            seen[usize::try_from(below(6)).unwrap()] = true;
        }
        assert_eq!(seen, [true; 6]);
    }
}
