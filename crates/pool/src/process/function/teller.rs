//! What is told of a function's result.

use crate::process::codec::{Codec, CodecError};
use crate::process::wire::payload;
use serde::Serialize;
use std::fmt::Display;
use std::marker::PhantomData;

/// What an initializer may give: nothing, or a [`Result`].
///
/// An error means that the process cannot be used; its text is that of the
/// [`StartError`](crate::process::StartError).
#[diagnostic::on_unimplemented(
    message = "an initializer gives `()` or a `Result`, and no `{Self}`",
    note = "what it sets up has to stay in the process, in a static for instance",
    note = "the error of the `Result` has to be `Display`"
)]
pub trait InitializerResult: Sealed + 'static {}

/// The text of a failure; only this crate knows of it.
pub trait Sealed {
    #[doc(hidden)]
    fn failure(&self) -> Option<String>;
}

impl InitializerResult for () {}

impl Sealed for () {
    fn failure(&self) -> Option<String> {
        None
    }
}

impl<T: 'static, E: Display + 'static> InitializerResult for Result<T, E> {}

impl<T, E: Display> Sealed for Result<T, E> {
    fn failure(&self) -> Option<String> {
        self.as_ref().err().map(ToString::to_string)
    }
}

/// Makes bytes of a result.
pub(super) trait Teller<R> {
    fn tell(result: R) -> Result<Vec<u8>, CodecError>;
}

/// The result itself.
#[derive(Debug)]
pub(super) struct ByCodec<C>(PhantomData<C>);

impl<C: Codec, R: Serialize + 'static> Teller<R> for ByCodec<C> {
    fn tell(result: R) -> Result<Vec<u8>, CodecError> {
        payload::encode::<C, R>(result)
    }
}

/// That there is one.
#[derive(Debug)]
pub(super) struct BySuccess;

impl<R: InitializerResult> Teller<R> for BySuccess {
    fn tell(result: R) -> Result<Vec<u8>, CodecError> {
        result.failure().map_or(Ok(Vec::new()), |why| Err(CodecError::new(why)))
    }
}
