//! [`Order`]: a function to be called in a process, before its arguments are written.

use crate::job::JobError;
use crate::process::cell::{Cell, Treatment};
use crate::process::codec::{Codec, CodecError};
use crate::process::drive::{Attendance, Pool};
use crate::process::function::{Descriptor, describe};
use crate::process::job::Job;
use crate::process::simulated;
use crate::process::wire::payload;
use crate::simulation;
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

    /// Writes the arguments and queues the job, room or not.
    #[track_caller]
    pub(crate) fn submit(self, pool: &Pool, arguments: A) -> Job<R> {
        pool.assert_home();
        let (cell, mut job) = self.write(pool, arguments, Attendance::Nobody);
        if let Some(cell) = cell {
            pool.with(|engine| engine.submit(cell));
        }
        job.attend();
        job
    }

    /// In a simulation: runs the job here and now, for a thread that waits for it would wait for ever.
    pub(crate) fn run_here(self, pool: &Pool, arguments: A) -> Job<R> {
        let (cell, job) = self.written(pool, arguments, Attendance::Elsewhere);
        if let Some(cell) = cell {
            simulated::run_here(pool, cell);
        }
        job
    }

    /// Writes the arguments and queues the job in the place that was promised to it.
    pub(crate) fn submit_reserved(
        self,
        mut reservation: Reservation<'_>,
        arguments: A,
        attendance: Attendance,
    ) -> Job<R> {
        let pool = reservation.pool;
        let (cell, job) = self.write(pool, arguments, attendance);
        if let Some(cell) = cell {
            reservation.is_used = true;
            pool.with(|engine| {
                engine.redeem();
                engine.submit(cell);
            });
        }
        job
    }

    /// Writes the arguments; the cell is still to be queued, if it is to be at all.
    fn write(
        self,
        pool: &Pool,
        arguments: A,
        attendance: Attendance,
    ) -> (Option<Arc<Cell>>, Job<R>) {
        if !simulation::is_entered() {
            return self.written(pool, arguments, attendance);
        }
        let (cell, job) = self.written(pool, arguments, Attendance::Elsewhere);
        if let Some(cell) = cell {
            simulated::hand_over(pool, cell);
        }
        (None, job)
    }

    /// Writes the arguments; what cannot be written is done with.
    fn written(
        self,
        pool: &Pool,
        arguments: A,
        attendance: Attendance,
    ) -> (Option<Arc<Cell>>, Job<R>) {
        let (bytes, error) = match (self.encode)(arguments) {
            Ok(bytes) => (bytes, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let cell = Arc::new(Cell::new(self.descriptor, bytes, self.treatment));
        let job = Job::new(Arc::clone(&cell), pool.clone(), self.decode, attendance);
        match error {
            None => (Some(cell), job),
            Some(error) => {
                cell.finish(Err(JobError::encode(cell.name(), type_name::<A>(), error)));
                (None, job)
            }
        }
    }
}

/// A place in the queue that is promised; if it is not used it is given back.
pub(crate) struct Reservation<'a> {
    pool: &'a Pool,
    is_used: bool,
}

impl<'a> Reservation<'a> {
    pub(crate) fn new(pool: &'a Pool) -> Self {
        Self { pool, is_used: false }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if !self.is_used {
            self.pool.with(|engine| engine.redeem());
        }
    }
}
