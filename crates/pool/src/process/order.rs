//! [`Order`]: a function to be called in a process, before its arguments are written.

use crate::process::cell::{Cell, Treatment};
use crate::process::codec::{Codec, CodecError};
use crate::process::drive::{Attendance, Pool};
use crate::process::function::{Descriptor, describe};
use crate::process::job::ProcessJob;
use crate::process::simulated;
use crate::process::wire::frame::PAYLOAD_MAX;
use crate::process::wire::payload;
use crate::thread::door;
use asyncio_core::JobError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;
use std::sync::Arc;

/// A function to be called, and how the job is to be treated.
pub(crate) struct Order<A, R> {
    pub(crate) descriptor: &'static Descriptor,
    pub(crate) treatment: Treatment,
    encode: fn(A) -> Result<Vec<u8>, CodecError>,
    decode: fn(Vec<u8>) -> Result<R, CodecError>,
}

impl<A, R> Clone for Order<A, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A, R> Copy for Order<A, R> {}

impl<A, R> Order<A, R> {
    pub(crate) fn new<C, F>(function: &F, treatment: Treatment) -> Self
    where
        C: Codec,
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + DeserializeOwned + 'static,
    {
        Self {
            descriptor: describe::<C, F, A, R>(function),
            treatment,
            encode: payload::encode::<C, A>,
            decode: payload::decode::<C, R>,
        }
    }

    /// Writes the arguments and queues the job.
    #[track_caller]
    pub(crate) fn submit(self, pool: &Pool, arguments: A) -> ProcessJob<R> {
        let mut attendance = Attendance::Nobody;
        let job = self.submit_unattended(pool, arguments, attendance);
        if !job.is_finished() {
            // Nobody may ever poll it, and it is to run all the same.
            pool.attend(&mut attendance);
        }
        job
    }

    /// The same, where somebody drives already.
    #[track_caller]
    pub(crate) fn submit_unattended(
        self,
        pool: &Pool,
        arguments: A,
        attendance: Attendance,
    ) -> ProcessJob<R> {
        pool.assert_home();
        let written = (self.encode)(arguments).and_then(|bytes| match bytes.len() as u64 {
            0..=PAYLOAD_MAX => Ok(bytes),
            _ => Err(CodecError::new("more than 4 GiB")),
        });
        let name = self.descriptor.name();
        let (bytes, error) = match written {
            Ok(bytes) => (bytes, None),
            Err(error) => (Vec::new(), Some(JobError::encode(name, type_name::<A>(), error))),
        };
        let cell = Arc::new(Cell::new(self.descriptor, bytes, self.treatment));
        let job = ProcessJob::new(Arc::clone(&cell), pool.clone(), self.decode, attendance);
        match error {
            Some(error) => cell.finish(Err(error)),
            None if door::is_open() => simulated::hand_over(pool, cell),
            None => pool.submit(cell),
        }
        job
    }
}
