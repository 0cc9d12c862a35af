//! The timer queue: pure data, no clock, no borrow, no waker is cloned, woken or dropped in here.
//!
//! Deadlines are exact to the nanosecond although the wheel's slots are coarse: a slot is sorted when
//! time enters it. Read [`slab`] (who lives), [`slot`] (one bag of records), [`wheel`] (where a record
//! lies) in this order.

pub(crate) mod slab;
pub(crate) mod slot;
pub(crate) mod wheel;

pub(crate) use slab::TimerKey;
pub(crate) use wheel::Wheel;
