//! [`Notes`]: what was seen while a value was written.

use serde::ser::Error;
use std::cell::Cell;

/// How deep values may nest: sequences, maps, structs, enums with data and `Some`s in each other.
///
/// Without optimization, and by way of serde's buffer, types of a few fields take half a mebibyte of stack
/// for it. The least that usually reads results is a thread of two, and types of many fields take more.
pub(crate) const DEPTH: u32 = 256;

/// The same for a value with a `Some` of nothing in it, which takes another way.
pub(crate) const DEPTH_OF_RON: u32 = 64;

/// What was seen while a value was written.
#[derive(Debug)]
pub(super) struct Notes {
    /// How deep it may go.
    pub(super) depth: u32,
    minds_some_of_nothing: bool,
    some_of_nothing: Cell<bool>,
}

impl Notes {
    /// For a format to which a `Some` of nothing is none.
    pub(super) fn for_messagepack() -> Self {
        Self { depth: DEPTH, minds_some_of_nothing: true, some_of_nothing: Cell::new(false) }
    }

    /// For a format that can say all.
    pub(super) fn for_ron() -> Self {
        Self { depth: DEPTH_OF_RON, minds_some_of_nothing: false, ..Self::for_messagepack() }
    }

    #[cold]
    pub(super) fn too_deep<E: Error>(&self) -> E {
        E::custom(format_args!("nested more than {} levels deep", self.depth))
    }

    /// Whether there was a `Some` that would come back as `None`.
    pub(super) fn met_some_of_nothing(&self) -> bool {
        self.some_of_nothing.get()
    }

    /// There is a `Some` of nothing; returns whether to go on.
    pub(super) fn meet_some_of_nothing(&self) -> bool {
        self.some_of_nothing.set(self.minds_some_of_nothing);
        !self.minds_some_of_nothing
    }
}
