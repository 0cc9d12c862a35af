//! The examples of the process pool.

use crate::programs::{example, printed, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

#[test]
fn real_crash_proof_accounts_for_every_input() {
    let text = printed("crash_proof", &[]);
    let rows = [
        ("WellFormed", 706),
        ("Malformed", 100),
        ("Panics", 40),
        ("Exits", 30),
        ("Aborts", 30),
        ("Segfaults", 30),
        ("Overflows", 30),
        ("Allocates", 30),
        ("Loops", 4),
    ];
    for ((kind, inputs), line) in rows.into_iter().zip(text.lines().skip(1)) {
        let cells: Vec<&str> = line.split_ascii_whitespace().collect();
        assert_eq!(cells[..3], [kind, &inputs.to_string(), &inputs.to_string()], "{text}");
    }
    // The errors say by themselves what has happened.
    let words = [
        "unknown tag 99 at byte 10",
        "format.rs:",
        "index out of bounds: the len is 4 but the index is",
        "ended with exit code 3",
        "died of signal 6",
        "died of signal 11",
        "overflowed its stack (signal 11)",
        "ran out of memory (signal 6)",
        "timed out",
        "1000 of 1000 inputs ended as they should",
    ];
    for words in words {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Each of 154 inputs has cost its process, and nothing else has.
    let count = text.lines().last().and_then(|line| line.strip_suffix(" processes were started"));
    let count: usize = count.unwrap().parse().unwrap();
    let processors = std::thread::available_parallelism().unwrap().get();
    assert!((154..=154 + processors).contains(&count), "{count}");
}

/// A folder of this test's own, without what an earlier run has left.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _left = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The files of a folder.
fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn thumbnails_makes_itself_pictures_and_reports_the_broken_ones() {
    let folder = folder("thumbnails_makes_itself_pictures");
    let mut command = example("thumbnails");
    let output = command.env("TMPDIR", &folder).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let source = Path::new(lines[0].strip_prefix("pictures from ").unwrap());
    let target = Path::new(lines[1].strip_prefix("12 thumbnails in ").unwrap());
    assert!(lines[2].starts_with("no thumbnail of half.png: "), "{text}");
    assert!(lines[3].starts_with("no thumbnail of words.jpg: "), "{text}");
    assert_eq!(lines.len(), 4);
    assert!(source.starts_with(&folder) && target.starts_with(&folder));
    let made = names(target);
    assert_eq!(made.len(), 12);
    assert_eq!(names(source).len(), 14);
    for name in made {
        let (width, height) = image::image_dimensions(target.join(name)).unwrap();
        assert!(width.max(height) == 128, "{width} x {height}");
    }
}

#[test]
fn thumbnails_of_a_folder_have_the_size_that_was_asked_for() {
    let (source, target) = (folder("thumbnails_source"), folder("thumbnails_target"));
    image::RgbImage::new(300, 200).save(source.join("black.PNG")).unwrap();
    fs::write(source.join("readme.txt"), "not a picture").unwrap();
    let folders = [source.to_str().unwrap(), target.to_str().unwrap()];
    let text = printed("thumbnails", &["--size", "30", folders[0], folders[1]]);
    assert!(text.ends_with(&format!("1 thumbnails in {}\n", target.display())), "{text}");
    assert_eq!(names(&target), ["black.PNG"]);
    assert_eq!(image::image_dimensions(target.join("black.PNG")).unwrap(), (30, 20));
}

#[test]
fn thumbnails_says_what_is_wrong_with_the_command_line() {
    for (wrong, why) in [
        (&["one"][..], "give two folders, or none"),
        (&["--size", "0"], "`--size` must be more than zero"),
        (&["/does/not/exist", "/tmp"], "cannot read the folder /does/not/exist"),
    ] {
        let output = run("thumbnails", wrong);
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(why), "{said}");
    }
}
