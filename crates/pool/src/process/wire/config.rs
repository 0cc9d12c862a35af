//! [`Config`]: what a worker is told first, and how it knows that it is the right program.

use crate::process::codec::Codec;
use crate::process::messagepack::MessagePack;
use crate::process::sys::{executable, image_where};
use std::time::Duration;

/// Changes with the meaning of messages.
pub(crate) const PROTOCOL: u32 = 1;

/// Where a symbol of this file lies in the executable: one more thing that other builds have elsewhere.
static LANDMARK: u8 = 0;

/// Which build of which program this is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Identity {
    protocol: u32,
    build_id: Vec<u8>,
    landmark: u64,
}

impl Identity {
    /// This process.
    pub(crate) fn own() -> Self {
        let address = (&raw const LANDMARK).addr();
        let ours = image_where(|image| image.contains(address, 1));
        Self {
            protocol: PROTOCOL,
            build_id: executable().build_id.clone(),
            landmark: ours.map_or(0, |image| address.wrapping_sub(image.base) as u64),
        }
    }
}

/// How a worker is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Config {
    pub(crate) identity: Identity,
    /// The stack of the thread that runs jobs, in bytes.
    pub(crate) stack: u64,
    /// How much jobs may allocate, in bytes.
    pub(crate) memory_limit: Option<u64>,
    /// How much processor time one job may use.
    pub(crate) cpu_limit: Option<Duration>,
    /// Whether the worker is to say how much memory it has after each job.
    pub(crate) reports_memory: bool,
    pub(crate) backtraces: bool,
    /// What is added to its nice value.
    pub(crate) nice: i32,
}

type Fields = ((u32, Vec<u8>, u64), u64, Option<u64>, Option<Duration>, bool, bool, i32);

impl Config {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let Identity { protocol, build_id, landmark } = self.identity.clone();
        let fields: Fields = (
            (protocol, build_id, landmark),
            self.stack,
            self.memory_limit,
            self.cpu_limit,
            self.reports_memory,
            self.backtraces,
            self.nice,
        );
        let mut bytes = Vec::new();
        // Numbers can always be said.
        let _written = MessagePack::encode(&fields, &mut bytes);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (identity, stack, memory_limit, cpu_limit, reports_memory, backtraces, nice): Fields =
            MessagePack::decode(bytes).ok()?;
        let (protocol, build_id, landmark) = identity;
        let identity = Identity { protocol, build_id, landmark };
        Some(Self { identity, stack, memory_limit, cpu_limit, reports_memory, backtraces, nice })
    }
}
