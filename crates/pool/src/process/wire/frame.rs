//! The head of each message between a pool and its worker: 32 bytes, native byte order.
//!
//! ```text
//! 0      4      8                16               24               32
//! │ mark │ kind │ payload length │ sequence       │ extra          │ payload …
//! ```
//!
//! The mark and the range of kinds tell a message from something that a job wrote to the socket.

/// How long a head is.
pub(crate) const HEAD: usize = 32;
/// The longest payload: a length beyond it is garbage, and no job or result is sent with one.
pub(crate) const PAYLOAD_MAX: u64 = 1 << 32;

const MARK: u32 = 0x6f_69_63_61;

/// What a message says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// To the worker, once: how it is to be. The status page comes along.
    Config,
    /// To the worker: the function with the number `extra` is this one.
    Define,
    /// To the worker: call function number `extra` before all jobs.
    Initialize,
    /// To the worker: call function number `extra`.
    Job,
    /// From the worker, once: it is the right program.
    Hello,
    /// From the worker, once: it is not, for this reason.
    Refused,
    /// From the worker: the result; `extra` is how many nanoseconds the call took.
    Value,
    /// From the worker: the function panicked.
    Panicked,
    /// From the worker: the arguments could not be read.
    BadArguments,
    /// From the worker: the result could not be written.
    BadResult,
    /// From the worker: it has come to this job, which was taken back, so there may be free slots.
    Skipped,
    /// Never sent: what was, there is no memory for. The payload says so.
    TooLarge,
}

const KINDS: [Kind; 11] = [
    Kind::Config,
    Kind::Define,
    Kind::Initialize,
    Kind::Job,
    Kind::Hello,
    Kind::Refused,
    Kind::Value,
    Kind::Panicked,
    Kind::BadArguments,
    Kind::BadResult,
    Kind::Skipped,
];

/// The head of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    /// The length of the payload in bytes.
    pub(crate) length: u64,
    /// Which job of this worker; zero for what is no job.
    pub(crate) sequence: u64,
    pub(crate) extra: u64,
}

/// What came is no message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Garbage;

impl Head {
    pub(crate) fn to_bytes(self) -> [u8; HEAD] {
        let mut bytes = [0; HEAD];
        bytes[..4].copy_from_slice(&MARK.to_ne_bytes());
        bytes[4..8].copy_from_slice(&(self.kind as u32).to_ne_bytes());
        bytes[8..16].copy_from_slice(&self.length.to_ne_bytes());
        bytes[16..24].copy_from_slice(&self.sequence.to_ne_bytes());
        bytes[24..].copy_from_slice(&self.extra.to_ne_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; HEAD]) -> Result<Self, Garbage> {
        let ([mark, kind, ..], _) = bytes.as_chunks::<4>() else { return Err(Garbage) };
        let ([_, length, sequence, extra], _) = bytes.as_chunks::<8>() else { return Err(Garbage) };
        let kind = usize::try_from(u32::from_ne_bytes(*kind)).map_err(|_| Garbage)?;
        let head = Self {
            kind: *KINDS.get(kind).ok_or(Garbage)?,
            length: u64::from_ne_bytes(*length),
            sequence: u64::from_ne_bytes(*sequence),
            extra: u64::from_ne_bytes(*extra),
        };
        let is_ours = u32::from_ne_bytes(*mark) == MARK && head.length <= PAYLOAD_MAX;
        if is_ours { Ok(head) } else { Err(Garbage) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_survives_the_wire_and_noise_does_not_pass_for_one() {
        for kind in KINDS {
            let head = Head { kind, length: 1 << 31, sequence: 7, extra: u64::MAX };
            assert_eq!(Head::from_bytes(&head.to_bytes()), Ok(head));
        }
        assert_eq!(Head::from_bytes(&[b'x'; HEAD]), Err(Garbage));
        let never_sent = Head { kind: Kind::TooLarge, length: 0, sequence: 0, extra: 0 };
        assert_eq!(Head::from_bytes(&never_sent.to_bytes()), Err(Garbage));
        let long = Head { kind: Kind::Job, length: PAYLOAD_MAX + 1, sequence: 0, extra: 0 };
        assert_eq!(Head::from_bytes(&long.to_bytes()), Err(Garbage));
    }
}
