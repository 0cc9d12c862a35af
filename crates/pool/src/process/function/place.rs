//! [`Place`]: where a function's descriptor lies, as it is said to a worker.

use crate::process::function::descriptor::Descriptor;
use crate::process::sys::image_where;
use crate::process::wire::fields;

/// Where a descriptor lies, and what it must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// The path of the image; empty for the executable.
    image: String,
    /// From the image's base.
    offset: u64,
    name: String,
    signature: String,
}

impl Place {
    /// Where this descriptor lies in this process.
    pub(crate) fn of(descriptor: &'static Descriptor) -> Option<Self> {
        let address = std::ptr::from_ref(descriptor).expose_provenance();
        let image = image_where(|image| image.contains(address, size_of::<Descriptor>()))?;
        Some(Self {
            image: image.name.clone(),
            offset: address.wrapping_sub(image.base) as u64,
            name: descriptor.name().to_owned(),
            signature: descriptor.signature().to_owned(),
        })
    }

    /// Whether both have the same name and types; they need not be the same function.
    pub(crate) fn is_called_like(&self, other: &Self) -> bool {
        self.name == other.name && self.signature == other.signature
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let offset = self.offset.to_le_bytes();
        let (image, name) = (self.image.as_bytes(), self.name.as_bytes());
        fields::write([image, &offset, name, self.signature.as_bytes()])
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [image, offset, name, signature] = fields::read(bytes)?;
        Some(Self {
            image: fields::text(image)?,
            offset: fields::number(offset)?,
            name: fields::text(name)?,
            signature: fields::text(signature)?,
        })
    }

    /// The descriptor at this place, if it is the one that was meant.
    pub(crate) fn find(&self) -> Result<&'static Descriptor, String> {
        let Self { image: path, offset, name, signature } = self;
        let Some(image) = image_where(|image| image.name == *path) else {
            return Err(format!("`{name}` is in `{path}`, which is not loaded in the worker"));
        };
        let found =
            usize::try_from(*offset).ok().and_then(|offset| Descriptor::find(&image, offset));
        match found {
            None => Err(format!("`{name}` is not where the pool says it is: another build")),
            Some(found) if found.name() != name || found.signature() != signature => {
                Err(format!("`{}` is where the pool says `{name}` is: another build", found.name()))
            }
            Some(found) => Ok(found),
        }
    }
}
