//! The images this process is made of: the executable and its shared objects, by `dl_iterate_phdr(3)`.
//!
//! INVARIANT: what `dl_iterate_phdr` hands to its callback (program headers, names, notes) is mapped and
//! valid during the call; everything is copied out of it there.

#![expect(unsafe_code, reason = "dl_iterate_phdr and the notes it points to")]

use std::borrow::Cow;
use std::ffi::{CStr, c_int, c_void};
use std::ops::Range;
use std::slice;
use std::sync::OnceLock;

/// An executable or a shared object.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    /// Its path; empty for the executable.
    pub(crate) name: String,
    /// What is added to the addresses in its file.
    pub(crate) base: usize,
    /// Where its parts lie that hold initialized data.
    segments: Vec<Range<usize>>,
    /// What the linker calls this very build; empty if it does not.
    pub(crate) build_id: Vec<u8>,
    /// Where the addresses of its constructors lie; empty if the loader is not told.
    pub(crate) init_array: Range<usize>,
}

impl Image {
    /// Whether `length` bytes at `address` are part of this image.
    pub(crate) fn contains(&self, address: usize, length: usize) -> bool {
        self.segments.iter().any(|segment| {
            segment.start <= address
                && address.checked_add(length).is_some_and(|end| end <= segment.end)
        })
    }
}

/// The executable, which stays what it is.
pub(crate) fn executable() -> &'static Image {
    static EXECUTABLE: OnceLock<Image> = OnceLock::new();
    EXECUTABLE.get_or_init(|| images().swap_remove(0))
}

/// The image of which this is true: nearly always the executable, so that nobody else is asked for.
pub(crate) fn image_where(is_it: impl Fn(&Image) -> bool) -> Option<Cow<'static, Image>> {
    if is_it(executable()) {
        return Some(Cow::Borrowed(executable()));
    }
    images().into_iter().find(is_it).map(Cow::Owned)
}

/// All images, the executable first.
fn images() -> Vec<Image> {
    let mut images: Vec<Image> = Vec::new();
    // SAFETY: the callback gets the address of `images` back, and nobody else uses it during the call.
    unsafe { libc::dl_iterate_phdr(Some(collect), (&raw mut images).cast()) };
    images
}

unsafe extern "C" fn collect(
    info: *mut libc::dl_phdr_info,
    _: usize,
    images: *mut c_void,
) -> c_int {
    // SAFETY: `images` is the vector that the one caller has passed, borrowed by nobody else.
    let images = unsafe { &mut *images.cast::<Vec<Image>>() };
    // SAFETY: by the invariant at the head of this file.
    let info = unsafe { &*info };
    let base = info.dlpi_addr as usize;
    // SAFETY: by the invariant, there are so many program headers.
    let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let name = if info.dlpi_name.is_null() {
        String::new()
    } else {
        // SAFETY: by the invariant, a string that ends.
        unsafe { CStr::from_ptr(info.dlpi_name) }.to_string_lossy().into_owned()
    };
    let (segments, build_id) = (Vec::new(), Vec::new());
    let mut image = Image { name, base, segments, build_id, init_array: 0..0 };
    for header in headers {
        let start = base.wrapping_add(header.p_vaddr as usize);
        match header.p_type {
            libc::PT_LOAD if header.p_flags & libc::PF_R != 0 => {
                image.segments.push(start..start.wrapping_add(header.p_filesz as usize));
            }
            libc::PT_NOTE => {
                // SAFETY: a note segment is mapped and readable over its length in memory.
                let notes =
                    unsafe { slice::from_raw_parts(start as *const u8, header.p_memsz as usize) };
                if let Some(id) = find_build_id(notes) {
                    image.build_id = id.to_vec();
                }
            }
            libc::PT_DYNAMIC => {
                let count = header.p_memsz as usize / size_of::<Dynamic>();
                // SAFETY: by the invariant, a dynamic segment is mapped and holds so many entries.
                let entries = unsafe { slice::from_raw_parts(start as *const Dynamic, count) };
                image.init_array = init_array(base, entries);
            }
            _ => {}
        }
    }
    images.push(image);
    0
}

/// An entry of the dynamic section, of elf(5): a tag and its value.
type Dynamic = [usize; 2];

/// Where the array of constructors lies that these entries tell of.
fn init_array(base: usize, entries: &[Dynamic]) -> Range<usize> {
    const END: usize = 0;
    const INIT_ARRAY: usize = 25;
    const INIT_ARRAY_SIZE: usize = 27;
    let entries = || entries.iter().take_while(|[tag, _]| *tag != END);
    let value = |wanted| entries().find(|[tag, _]| *tag == wanted).map(|[_, value]| *value);
    match (value(INIT_ARRAY), value(INIT_ARRAY_SIZE)) {
        (Some(start), Some(size)) => {
            let start = base.wrapping_add(start);
            start..start.wrapping_add(size)
        }
        _ => 0..0,
    }
}

/// The GNU build id among these notes: `NT_GNU_BUILD_ID` of elf(5).
fn find_build_id(mut notes: &[u8]) -> Option<&[u8]> {
    const BUILD_ID: u32 = 3;
    loop {
        let (head, rest) = notes.split_first_chunk::<12>()?;
        let ([name, id, kind], _) = head.as_chunks::<4>() else { return None };
        let [name, id] = [name, id].map(|length| u32::from_ne_bytes(*length) as usize);
        let (owner, rest) = rest.split_at_checked(name.next_multiple_of(4))?;
        let content = rest.get(..id)?;
        if u32::from_ne_bytes(*kind) == BUILD_ID && owner == b"GNU\0" {
            return Some(content);
        }
        notes = rest.get(id.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_comes_first_and_holds_our_statics() {
        static HERE: u32 = 7;
        let images = images();
        assert_eq!(images[0].name, "");
        assert!(images[0].contains((&raw const HERE).addr(), size_of::<u32>()));
        assert!(!images[0].contains(usize::MAX, 8));
    }

    #[test]
    fn the_constructors_of_the_executable_are_part_of_it() {
        let array = executable().init_array.clone();
        assert!(!array.is_empty() && array.len().is_multiple_of(size_of::<usize>()));
        assert!(executable().contains(array.start, array.len()));
    }

    #[test]
    fn an_array_of_constructors_is_found_by_its_two_entries_before_the_last() {
        let entries = [[5, 1], [25, 0x30], [27, 16], [0, 0], [25, 0x99]];
        assert_eq!(init_array(0x1000, &entries), 0x1030..0x1040);
        assert_eq!(init_array(0x1000, &entries[..2]), 0..0);
        assert_eq!(init_array(0x1000, &entries[3..]), 0..0);
    }

    #[test]
    fn a_shared_object_is_found_by_what_it_holds() {
        let libc = image_where(|image| image.name.contains("libc.so")).unwrap();
        let held = libc.segments[0].start;
        assert_eq!(image_where(|image| image.contains(held, 1)).unwrap().name, libc.name);
        assert!(!executable().contains(held, 1));
        assert!(image_where(|_| false).is_none());
    }

    #[test]
    fn a_build_id_is_found_behind_other_notes() {
        let other =
            [&4_u32.to_ne_bytes()[..], &2_u32.to_ne_bytes(), &1_u32.to_ne_bytes(), b"GNU\0ab\0\0"];
        let id =
            [&4_u32.to_ne_bytes()[..], &3_u32.to_ne_bytes(), &3_u32.to_ne_bytes(), b"GNU\0xyz\0"];
        let notes = [other.concat(), id.concat()].concat();
        assert_eq!(find_build_id(&notes), Some(&b"xyz"[..]));
        assert_eq!(find_build_id(&notes[..30]), None);
    }
}
