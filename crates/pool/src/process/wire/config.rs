//! [`Config`]: what a worker is told first, and how it knows that it is the right program.

use crate::process::sys::{executable, image_where};
use crate::process::wire::fields;
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

impl Config {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let Identity { protocol, build_id, landmark } = &self.identity;
        let memory_limit = self.memory_limit.map(u64::to_le_bytes);
        let cpu_limit = self.cpu_limit.map(|limit| limit.as_nanos().to_le_bytes());
        // A limit that there is not is a field without bytes.
        fields::write([
            &protocol.to_le_bytes(),
            build_id,
            &landmark.to_le_bytes(),
            &self.stack.to_le_bytes(),
            memory_limit.as_ref().map_or(&[], |limit| limit),
            cpu_limit.as_ref().map_or(&[], |limit| limit),
            &[u8::from(self.reports_memory), u8::from(self.backtraces)],
            &self.nice.to_le_bytes(),
        ])
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [protocol, build_id, landmark, stack, memory_limit, cpu_limit, flags, nice] =
            fields::read(bytes)?;
        let &[reports_memory, backtraces] = flags else { return None };
        Some(Self {
            identity: Identity {
                protocol: u32::from_le_bytes(protocol.try_into().ok()?),
                build_id: build_id.to_vec(),
                landmark: fields::number(landmark)?,
            },
            stack: fields::number(stack)?,
            memory_limit: match memory_limit {
                [] => None,
                limit => Some(fields::number(limit)?),
            },
            cpu_limit: match cpu_limit {
                [] => None,
                limit => {
                    Some(Duration::from_nanos_u128(u128::from_le_bytes(limit.try_into().ok()?)))
                }
            },
            reports_memory: reports_memory != 0,
            backtraces: backtraces != 0,
            nice: i32::from_le_bytes(nice.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_worker_is_told_comes_back_as_it_went() {
        let most = Config {
            identity: Identity { protocol: 7, build_id: vec![1, 2, 3], landmark: u64::MAX },
            stack: 2 << 20,
            memory_limit: Some(u64::MAX),
            cpu_limit: Some(Duration::from_nanos(u64::MAX)),
            reports_memory: true,
            backtraces: false,
            nice: -20,
        };
        let least = Config {
            memory_limit: None,
            cpu_limit: None,
            reports_memory: false,
            backtraces: true,
            ..most.clone()
        };
        for config in [most, least] {
            assert_eq!(Config::from_bytes(&config.to_bytes()), Some(config));
        }
    }
}
