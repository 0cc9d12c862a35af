//! A thousand inputs, good ones and all kinds of bad ones among each other.

use crate::format::{
    CHECK, END, INCLUDE, JUMP, MAGIC, Malformed, NUMBER, PICK, POINTER, VERSION, ZEROS,
};
use asyncio::JobError;

/// What an input does to the parser.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    WellFormed,
    Malformed,
    Panics,
    Exits,
    Aborts,
    Segfaults,
    Overflows,
    Allocates,
    Loops,
}

/// One input.
pub(crate) struct Input {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    /// What the parser is to find, if it finds anything.
    sum: u32,
}

/// What became of an input.
pub(crate) type Outcome = Result<Result<u32, Malformed>, JobError>;

/// How many there are of each kind, and what is to become of them.
pub(crate) const KINDS: [(Kind, usize, &str); 9] = [
    (Kind::WellFormed, 706, "its sum"),
    (Kind::Malformed, 100, "the parser's error"),
    (Kind::Panics, 40, "panic, with its place"),
    (Kind::Exits, 30, "exit code 3"),
    (Kind::Aborts, 30, "signal 6"),
    (Kind::Segfaults, 30, "signal 11"),
    (Kind::Overflows, 30, "stack overflow"),
    (Kind::Allocates, 30, "out of memory"),
    (Kind::Loops, 4, "timed out"),
];

/// All inputs, the kinds mixed, in the same order each time.
pub(crate) fn generate() -> Vec<Input> {
    let sorted: Vec<Kind> = KINDS.iter().flat_map(|&(kind, count, _)| vec![kind; count]).collect();
    // A step that has no divisor in common with the number of inputs comes by all of them.
    (0..sorted.len()).map(|index| input(sorted[index * 387 % sorted.len()], index as u32)).collect()
}

fn input(kind: Kind, index: u32) -> Input {
    let mut bytes = [MAGIC, &[VERSION]].concat();
    let start = bytes.len() as u32;
    let mut record = |tag, number: u32| {
        bytes.push(tag);
        bytes.extend(number.to_le_bytes());
    };
    record(NUMBER, index);
    match kind {
        Kind::WellFormed | Kind::Exits => {
            record(PICK, index % 4);
            record(ZEROS, 1_000);
            record(CHECK, index + 10_u32.pow(index % 4));
        }
        Kind::Malformed => record(99, 0),
        Kind::Panics => record(PICK, 4 + index),
        Kind::Aborts => record(CHECK, index + 1),
        Kind::Segfaults => record(POINTER, 8),
        Kind::Overflows => record(INCLUDE, start),
        Kind::Allocates => record(ZEROS, u32::MAX),
        Kind::Loops => record(JUMP, start),
    }
    bytes.push(END);
    if kind == Kind::Exits {
        bytes[MAGIC.len()] = VERSION + 1;
    }
    Input { kind, bytes, sum: index + 10_u32.pow(index % 4) }
}

impl Input {
    /// Whether this is what such an input has to come to.
    pub(crate) fn expects(&self, outcome: &Outcome) -> bool {
        match (self.kind, outcome) {
            (Kind::WellFormed, Ok(Ok(sum))) => *sum == self.sum,
            (Kind::Malformed, Ok(Err(_))) => true,
            (_, Ok(_)) => false,
            (Kind::Panics, Err(error)) => error.is_panicked() && error.panic_location().is_some(),
            (Kind::Exits, Err(error)) => error.exit_code() == Some(3),
            (Kind::Aborts, Err(error)) => error.signal() == Some(6),
            (Kind::Segfaults, Err(error)) => error.signal() == Some(11),
            (Kind::Overflows, Err(error)) => error.to_string().contains("overflowed its stack"),
            (Kind::Allocates, Err(error)) => error.to_string().contains("ran out of memory"),
            (Kind::Loops, Err(error)) => error.is_timed_out(),
            (Kind::WellFormed | Kind::Malformed, Err(_)) => false,
        }
    }
}
