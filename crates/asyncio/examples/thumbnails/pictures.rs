//! Finding pictures, making some, and making them small.

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use std::collections::BTreeSet;
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The pictures of a folder, by their names.
pub(crate) fn find(folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let files: io::Result<Vec<_>> = fs::read_dir(folder)?.map(|file| Ok(file?.path())).collect();
    let is_picture = |path: &PathBuf| {
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        ["png", "jpg", "jpeg"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    };
    Ok(files?.into_iter().filter(is_picture).collect())
}

/// Makes the thumbnail of one picture; it runs in a process of the pool.
///
/// What goes wrong comes back as text: errors of other crates rarely cross to another process.
pub(crate) fn shrink(
    (picture, target, size): (PathBuf, PathBuf, u32),
) -> (PathBuf, Result<PathBuf, String>) {
    let result = try_shrink(&picture, &target, size).map_err(|error| error.to_string());
    (picture, result)
}

fn try_shrink(picture: &Path, target: &Path, size: u32) -> Result<PathBuf, Box<dyn Error>> {
    let thumbnail = target.join(picture.file_name().unwrap_or_default());
    image::open(picture)?.thumbnail(size, size).save(&thumbnail)?;
    Ok(thumbnail)
}

/// Makes a folder with a few pictures, of which two are broken; gives it, and a place for thumbnails.
pub(crate) fn make_some() -> Result<(PathBuf, PathBuf), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("thumbnails-{}", std::process::id()));
    let source = folder.join("pictures");
    fs::create_dir_all(&source)?;
    for number in 0..6_u32 {
        let picture = RgbImage::from_fn(480 + 80 * number, 480, |x, y| {
            Rgb([x * (number + 1), y * 2, (x ^ y) + 40 * number].map(|value| value as u8))
        });
        picture.save(source.join(format!("weave-{number}.png")))?;
        let file = fs::File::create(source.join(format!("weave-{number}.jpg")))?;
        JpegEncoder::new_with_quality(file, 90).encode_image(&picture)?;
    }
    let whole = fs::read(source.join("weave-0.png"))?;
    fs::write(source.join("half.png"), &whole[..whole.len() / 2])?;
    fs::write(source.join("words.jpg"), "a picture is worth a thousand words")?;
    Ok((source, folder.join("thumbnails")))
}
