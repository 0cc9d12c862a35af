//! The parser: of a small binary format of our own, with the mistakes that parsers are known for.
//!
//! After the magic number and a version come records: a tag, and what belongs to it.

use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::hint::black_box;

pub(crate) const MAGIC: &[u8] = b"DEMO";
pub(crate) const VERSION: u8 = 1;

pub(crate) const END: u8 = 0;
/// A number to be added.
pub(crate) const NUMBER: u8 = 1;
/// A number of a small table, by its index.
pub(crate) const PICK: u8 = 2;
/// So many zeros, to be added.
pub(crate) const ZEROS: u8 = 3;
/// The records at another place instead of these.
pub(crate) const JUMP: u8 = 4;
/// The records at another place, and then those that follow.
pub(crate) const INCLUDE: u8 = 5;
/// What the sum is by now.
pub(crate) const CHECK: u8 = 6;
/// An address of memory to be added.
pub(crate) const POINTER: u8 = 7;

const TABLE: [u32; 4] = [1, 10, 100, 1_000];

/// What is wrong with an input that the parser sees through.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Malformed {
    NoMagic,
    UnknownTag { tag: u8, place: usize },
    Truncated { place: usize },
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMagic => f.write_str("not of this format"),
            Self::UnknownTag { tag, place } => write!(f, "unknown tag {tag} at byte {place}"),
            Self::Truncated { place } => {
                write!(f, "ends in the middle of a record at byte {place}")
            }
        }
    }
}

/// The sum of an input. It runs in a process of the pool.
pub(crate) fn parse(input: Vec<u8>) -> Result<u32, Malformed> {
    let rest = input.strip_prefix(MAGIC).ok_or(Malformed::NoMagic)?;
    if rest.first() != Some(&VERSION) {
        // As a library does that was written for a command line.
        std::process::exit(3);
    }
    records(&input, MAGIC.len() + 1)
}

fn records(input: &[u8], mut place: usize) -> Result<u32, Malformed> {
    let mut sum = 0_u32;
    loop {
        let tag_place = place;
        let tag = take::<1>(input, &mut place)?[0];
        match tag {
            END => return Ok(sum),
            NUMBER => sum = sum.wrapping_add(number(input, &mut place)?),
            // Mistake: any index is believed.
            PICK => sum = sum.wrapping_add(TABLE[number(input, &mut place)? as usize]),
            // Mistake: any count is believed.
            ZEROS => {
                let zeros = vec![0; number(input, &mut place)? as usize];
                // An optimiser that sees through this would allocate nothing.
                sum += black_box(zeros).iter().sum::<u32>();
            }
            // Mistake: it may lead to itself.
            JUMP => place = number(input, &mut place)? as usize,
            // Mistake: it may include itself.
            INCLUDE => {
                let included = records(input, number(input, &mut place)? as usize)?;
                sum = sum.wrapping_add(included.rotate_left(1));
            }
            // Mistake: it takes a wrong input for a broken program.
            CHECK if number(input, &mut place)? != sum => std::process::abort(),
            CHECK => {}
            // Mistake: any address is believed.
            POINTER => sum = sum.wrapping_add(value_at(number(input, &mut place)?)),
            tag => return Err(Malformed::UnknownTag { tag, place: tag_place }),
        }
    }
}

/// Where a pointer leads. All of them are wild, and only unsafe code could follow them; so this process
/// sends itself the signal that would come of it, and waits until it has arrived.
fn value_at(_address: u32) -> u32 {
    while kill_process(getpid(), Signal::SEGV).is_ok() {}
    0
}

fn number(input: &[u8], place: &mut usize) -> Result<u32, Malformed> {
    Ok(u32::from_le_bytes(take(input, place)?))
}

fn take<const N: usize>(input: &[u8], place: &mut usize) -> Result<[u8; N], Malformed> {
    let bytes = input.get(*place..).and_then(|rest| rest.first_chunk());
    let bytes = bytes.ok_or(Malformed::Truncated { place: *place })?;
    *place += N;
    Ok(*bytes)
}
