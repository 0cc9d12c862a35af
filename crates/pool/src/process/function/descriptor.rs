//! [`Descriptor`]: a function of this program, in a form that another process of it can find.
//!
//! # Protocol
//!
//! 1. For each combination of codec, function, argument and result that is ever submitted the compiler
//!    makes one constant descriptor and promotes it to a static, so it lies at a fixed place of the image
//!    that holds the code, in every process of that build.
//! 2. The pool sends that place, relative to the image, with the function's name and signature. The
//!    worker takes it for a descriptor only if it lies within the image, is aligned and carries the mark,
//!    and uses it only if name and signature are the same.
//! 3. `F` has no size, so the value that the worker calls is made of nothing. The pool has had a value of
//!    that type in its hands, so the type is inhabited; `F: Copy` says that one more of it is no harm.

#![expect(unsafe_code, reason = "a value without size is made, and a place in an image is read")]

use crate::process::codec::{Codec, CodecError};
use crate::process::function::teller::{ByCodec, BySuccess, InitializerResult, Teller};
use crate::process::sys::Image;
use crate::process::wire::payload;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;
use std::marker::PhantomData;
use std::mem::transmute_copy;

/// A function that a worker can be asked to call.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Descriptor {
    mark: [u64; 2],
    call: fn(Vec<u8>) -> Called,
    name: fn() -> &'static str,
    signature: fn() -> &'static str,
    argument: fn() -> &'static str,
    result: fn() -> &'static str,
}

/// What became of a call that did not panic.
#[derive(Debug)]
pub(crate) enum Called {
    /// The result, written.
    Value(Vec<u8>),
    /// The arguments could not be read, so the function was not called.
    BadArguments(CodecError),
    /// The function has run, and its result could not be written, or is that it failed.
    BadResult(CodecError),
}

const MARK: [u64; 2] = [0x6173_796e_6369_6f2f, 0x6a6f_622f_7631_2f0a];

/// A function that can be named by its type alone.
pub(crate) struct Nameable<F>(PhantomData<F>);

impl<F> Nameable<F> {
    /// Does not compile for any other. Whatever takes functions from users says this first: the compiler
    /// points at the call of the outermost function that does.
    pub(crate) const IS_SO: () = assert!(
        size_of::<F>() == 0,
        "a function for another process cannot capture variables or be a function pointer: \
         pass what it needs as its argument, a tuple for several values"
    );
}

struct Call<C, F, A, R, T>(PhantomData<(C, F, A, R, T)>);

impl<C, F, A, R, T> Call<C, F, A, R, T>
where
    C: Codec,
    F: Fn(A) -> R + Copy + Send + 'static,
    A: Serialize + DeserializeOwned + 'static,
    R: 'static,
    T: Teller<R>,
{
    const DESCRIPTOR: Descriptor = Descriptor {
        mark: MARK,
        call: Self::call,
        name: type_name::<F>,
        signature: type_name::<fn(A) -> R>,
        argument: type_name::<A>,
        result: type_name::<R>,
    };

    const PROMOTED: &'static Descriptor = &Self::DESCRIPTOR;

    fn call(arguments: Vec<u8>) -> Called {
        let () = Nameable::<F>::IS_SO;
        let arguments = match payload::decode::<C, A>(arguments) {
            Ok(arguments) => arguments,
            Err(error) => return Called::BadArguments(error),
        };
        // SAFETY: step 3 of the protocol: `F` has no bytes that could be uninitialized, is inhabited
        // and may be copied.
        let function = unsafe { transmute_copy::<(), F>(&()) };
        match T::tell(function(arguments)) {
            Ok(result) => Called::Value(result),
            Err(error) => Called::BadResult(error),
        }
    }
}

/// The descriptor of `function`; a function that captures something does not compile.
pub(crate) fn describe<C, F, A, R>(_function: &F) -> &'static Descriptor
where
    C: Codec,
    F: Fn(A) -> R + Copy + Send + 'static,
    A: Serialize + DeserializeOwned + 'static,
    R: Serialize + DeserializeOwned + 'static,
{
    let () = Nameable::<F>::IS_SO;
    Call::<C, F, A, R, ByCodec<C>>::PROMOTED
}

/// The same for an initializer, whose result is only that it has one.
pub(crate) fn describe_initializer<C, F, A, R>(_function: &F) -> &'static Descriptor
where
    C: Codec,
    F: Fn(A) -> R + Copy + Send + 'static,
    A: Serialize + DeserializeOwned + 'static,
    R: InitializerResult,
{
    let () = Nameable::<F>::IS_SO;
    Call::<C, F, A, R, BySuccess>::PROMOTED
}

impl Descriptor {
    /// Reads the arguments, calls the function, writes the result.
    pub(crate) fn call(&self, arguments: Vec<u8>) -> Called {
        (self.call)(arguments)
    }

    /// The path of the function.
    pub(crate) fn name(&self) -> &'static str {
        (self.name)()
    }

    /// The types it takes and gives.
    pub(crate) fn signature(&self) -> &'static str {
        (self.signature)()
    }

    /// The type it takes.
    pub(crate) fn argument(&self) -> &'static str {
        (self.argument)()
    }

    /// The type it gives.
    pub(crate) fn result(&self) -> &'static str {
        (self.result)()
    }

    /// The descriptor at this place of this image, if there is one.
    pub(crate) fn find(image: &Image, offset: usize) -> Option<&'static Self> {
        let address = image.base.wrapping_add(offset);
        if !image.contains(address, size_of::<Self>()) {
            return None;
        }
        let place = std::ptr::with_exposed_provenance::<Self>(address);
        if !place.is_aligned() {
            return None;
        }
        // SAFETY: the place is aligned and lies within a part of the image that is mapped from its file
        // and readable; the mark comes first in it, and two words are valid whatever they hold.
        let mark = unsafe { place.cast::<[u64; 2]>().read() };
        if mark != MARK {
            return None;
        }
        // SAFETY: nothing but a descriptor carries the mark, by step 1 it is promoted and never
        // changes, and images that hold code in use are not unloaded.
        Some(unsafe { &*place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::messagepack::MessagePack;
    use crate::process::sys::image_where;

    fn twice(n: u32) -> u32 {
        2 * n
    }

    #[test]
    fn a_descriptor_is_found_again_by_its_place_and_calls_its_function() {
        let descriptor = describe::<MessagePack, _, _, _>(&twice);
        let address = std::ptr::from_ref(descriptor).expose_provenance();
        let image = &*image_where(|image| image.contains(address, 1)).unwrap();
        let offset = address - image.base;
        let found = Descriptor::find(image, offset).unwrap();
        assert!(found.name().ends_with("twice"));
        assert_eq!(found.signature(), "fn(u32) -> u32");
        let arguments = payload::encode::<MessagePack, u32>(21).unwrap();
        let Called::Value(result) = found.call(arguments) else { panic!("no value") };
        assert_eq!(payload::decode::<MessagePack, u32>(result).unwrap(), 42);
        assert!(Descriptor::find(image, offset + 1).is_none());
        assert!(Descriptor::find(image, offset + 8).is_none());
        assert!(Descriptor::find(image, usize::MAX / 2).is_none());
    }

    #[test]
    fn twins_whose_code_is_the_same_keep_their_own_names() {
        fn other_twice(n: u32) -> u32 {
            2 * n
        }
        let names = [
            describe::<MessagePack, _, _, _>(&twice),
            describe::<MessagePack, _, _, _>(&other_twice),
        ]
        .map(Descriptor::name);
        assert_ne!(names[0], names[1]);
    }
}
