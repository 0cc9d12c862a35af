//! The part of a cell that depends on its future's type: the stage, and transitions 5 and 6.
//!
//! The stage holds the future until the end and then the outcome, at the same address. Each function
//! catches what user code throws; nothing unwinds into the loop.

use super::layout::{CellPtr, Header, Kind, NewHeader, Owner, STAGE_OFFSET, VTable};
use super::{outcome, waker};
use crate::error::JoinError;
use asyncio_core::caught_panic::CaughtPanic;
use asyncio_core::wake_batch::drop_foreign;
use std::alloc::Layout;
use std::any::Any;
use std::cell::UnsafeCell;
use std::future::Future;
use std::mem::{ManuallyDrop, offset_of};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

/// How a task ended.
pub(super) type Outcome<T> = Result<T, JoinError>;

#[repr(C)]
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    outcome: ManuallyDrop<Outcome<F::Output>>,
}

#[repr(C)]
struct Body<F: Future> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

impl<F: Future> Body<F> {
    const LAYOUT: Layout = {
        assert!(
            offset_of!(Self, stage) == STAGE_OFFSET,
            "a future aligned to more than 128 bytes cannot be a task: box it first"
        );
        Layout::new::<Self>()
    };

    const VTABLE: VTable = VTable {
        poll: poll::<F>,
        cancel: cancel::<F>,
        drop_outcome: drop_outcome::<F::Output>,
        layout: Self::LAYOUT,
    };
}

/// Writes a new cell: `QUEUED`, with a `HANDLE`. The caller lists it, queues it and makes the handle.
///
/// # Safety
/// If `F` is not `'static` the caller ends the task, and drops its outcome, before `F`'s borrows end.
#[inline]
pub(super) unsafe fn write<F: Future>(
    owner: &Owner,
    future: F,
    kind: Kind,
    parent: u64,
    spawned_at: &'static Location<'static>,
) -> CellPtr {
    let vtable = &const { Body::<F>::VTABLE };
    let block = owner.memory.take(Body::<F>::LAYOUT).cast::<Body<F>>();
    let header = Header::new(owner, NewHeader { vtable, kind, parent, spawned_at });
    let stage = UnsafeCell::new(Stage { future: ManuallyDrop::new(future) });
    // SAFETY: the block is new and has the layout of a `Body<F>`.
    unsafe { block.write(Body { header, stage }) };
    owner.alive.set(owner.alive.get() + 1);
    // SAFETY: the header has just been written, and the cell's holds keep it alive.
    unsafe { CellPtr::new(block.cast()) }
}

#[inline]
fn stage<S>(cell: CellPtr) -> NonNull<S> {
    let header = NonNull::new(cell.as_ptr().cast::<u8>()).expect("a cell's address is not null");
    // SAFETY: every cell is a `Body`, whose stage is at this offset of the same allocation.
    unsafe { header.add(STAGE_OFFSET) }.cast()
}

/// # Safety
/// Owner thread, not `DONE`, not being polled; the stage holds an `F`.
unsafe fn poll<F: Future>(cell: CellPtr) -> bool {
    let waker = waker::borrowed(cell);
    let mut cx = Context::from_waker(&waker);
    let mut dropping = false;
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let mut future = stage::<F>(cell);
        // SAFETY: the stage holds an `F`, and nobody else touches it during the poll.
        let future = unsafe { future.as_mut() };
        // SAFETY: a future never moves: it stays in its cell until it is dropped there.
        match unsafe { Pin::new_unchecked(future) }.poll(&mut cx) {
            Poll::Pending => false,
            Poll::Ready(value) => {
                dropping = true;
                let mut value = DropCaught(Some(value));
                // SAFETY: `DONE` will be set, so the future is neither polled nor dropped again.
                unsafe { stage::<F>(cell).drop_in_place() };
                if let Some(value) = value.0.take() {
                    // SAFETY: the future is gone, and the stage is large and aligned enough for both.
                    unsafe { stage::<Outcome<F::Output>>(cell).write(Ok(value)) };
                }
                true
            }
        }
    }));
    match polled {
        Ok(ready) => ready,
        Err(payload) => {
            // SAFETY: the stage holds an `F`, unless the panic came from its own drop.
            unsafe { fail::<F>(cell, payload, !dropping) };
            true
        }
    }
}

/// A value that is dropped while the panic of another's drop unwinds: a second panic must not get out,
/// for that would abort the process.
struct DropCaught<T>(Option<T>);

impl<T> Drop for DropCaught<T> {
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            drop_foreign(value);
        }
    }
}

/// Writes a panic as the outcome.
///
/// # Safety
/// As in `poll`, with the future still there if `drop_future`.
#[cold]
#[inline(never)]
unsafe fn fail<F: Future>(cell: CellPtr, payload: Box<dyn Any + Send>, drop_future: bool) {
    if drop_future {
        // SAFETY: the stage holds an `F`, which is not touched again.
        let dropped = unsafe { drop_caught(stage::<F>(cell)) };
        if let Err(second) = dropped {
            // The first panic is the one that the awaiter needs to see; this one is reported.
            drop(outcome::caught(cell, second));
        }
    }
    let error = outcome::panicked(cell, payload);
    // SAFETY: the future is gone; the stage is large and aligned enough for an outcome.
    unsafe { stage::<Outcome<F::Output>>(cell).write(Err(error)) };
}

/// # Safety
/// Owner thread, not `DONE`, not being polled; the stage holds an `F`.
unsafe fn cancel<F: Future>(cell: CellPtr, error: JoinError) {
    // SAFETY: the stage holds an `F`, which is not touched again.
    let dropped = unsafe { drop_caught(stage::<F>(cell)) };
    let outcome: Outcome<F::Output> = Err(match dropped {
        Ok(()) => error,
        Err(payload) => outcome::panicked(cell, payload),
    });
    // SAFETY: the future is gone; the stage is large and aligned enough for an outcome.
    unsafe { stage::<Outcome<F::Output>>(cell).write(outcome) };
}

/// # Safety
/// Owner thread; the stage holds an outcome of this type, which is not touched again.
unsafe fn drop_outcome<T>(cell: CellPtr) -> Option<Box<CaughtPanic>> {
    // SAFETY: the caller's.
    let outcome = unsafe { take_outcome::<T>(cell) };
    match outcome {
        Err(error) => error.into_caught(),
        Ok(value) => catch_unwind(AssertUnwindSafe(|| drop(value)))
            .err()
            .map(|payload| Box::new(outcome::caught(cell, payload))),
    }
}

/// Moves the outcome out.
///
/// # Safety
/// Owner thread; the stage holds an outcome of this type, which is not touched again.
#[inline]
pub(super) unsafe fn take_outcome<T>(cell: CellPtr) -> Outcome<T> {
    // SAFETY: the caller's.
    unsafe { stage::<Outcome<T>>(cell).read() }
}

/// # Safety
/// `place` holds a `T`, which is not touched again.
unsafe fn drop_caught<T>(place: NonNull<T>) -> Result<(), Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the caller's.
        unsafe { place.drop_in_place() }
    }))
}
