//! Makes small pictures of all pictures in a folder, in processes, with a progress bar.
//!
//! `cargo run --release --example thumbnails -- pictures thumbnails --size 128`; without arguments it makes
//! itself a folder of pictures first.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

#[path = "thumbnails/pictures.rs"]
mod pictures;

use asyncio::{ProcessPoolExecutor, Shutdown};
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use lexopt::prelude::*;
use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: thumbnails [--size PIXELS] [SOURCE TARGET]

Makes a thumbnail of each PNG and JPEG in the folder SOURCE and puts it into the folder TARGET.
  --size PIXELS  how large it may be, in both directions (128)
Without folders it makes a few pictures in a temporary one, and says where.
Exits with 1 if there was no picture that it could read.";

struct Options {
    folders: Option<(PathBuf, PathBuf)>,
    size: u32,
}

fn main() -> ExitCode {
    let done = match parse() {
        Ok(Some(options)) => start(options),
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => Err(format!("{error}\n{USAGE}").into()),
    };
    match done {
        Ok(0) => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("thumbnails: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Finds the pictures and works on them; gives how many thumbnails there are.
fn start(options: Options) -> Result<usize, Box<dyn Error>> {
    let (source, target) = match options.folders {
        Some(folders) => folders,
        None => pictures::make_some()?,
    };
    println!("pictures from {}", source.display());
    fs::create_dir_all(&target)?;
    let found = pictures::find(&source)
        .map_err(|error| format!("cannot read the folder {}: {error}", source.display()))?;
    asyncio::run(work(found, &target, options.size))
}

async fn work(
    pictures: BTreeSet<PathBuf>,
    target: &Path,
    size: u32,
) -> Result<usize, Box<dyn Error>> {
    // A decoder that crashes or eats all memory costs one picture.
    let pool = ProcessPoolExecutor::builder().memory_limit(1 << 30).build()?;
    let style = "{wide_bar} {pos}/{len} {msg}";
    let bar =
        ProgressBar::new(pictures.len() as u64).with_style(ProgressStyle::with_template(style)?);

    let jobs = pictures.iter().map(|picture| (picture.clone(), target.to_owned(), size));
    let mut thumbnails = pool.map(pictures::shrink, jobs).unordered();
    let (mut made, mut broken) = (0, Vec::new());
    let mut open = pictures.clone();
    while let Some(outcome) = thumbnails.next().await {
        match outcome {
            Ok((picture, result)) => {
                open.remove(&picture);
                match result {
                    Ok(thumbnail) => {
                        made += 1;
                        bar.set_message(name(&thumbnail));
                    }
                    Err(why) => broken.push(format!("{}: {why}", name(&picture))),
                }
            }
            // It did not live to say which picture it was at.
            Err(error) => broken.push(error.to_string()),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    pool.shutdown(Shutdown::Drain).await;

    println!("{made} thumbnails in {}", target.display());
    broken.extend(open.iter().map(|picture| format!("{}: its process was lost", name(picture))));
    broken.sort();
    broken.iter().for_each(|broken| println!("no thumbnail of {broken}"));
    Ok(made)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The options, or `None` if only help is wanted.
fn parse() -> Result<Option<Options>, Box<dyn Error>> {
    let (mut size, mut folders) = (128, Vec::new());
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Short('s') | Long("size") => size = parser.value()?.parse()?,
            Value(folder) => folders.push(PathBuf::from(folder)),
            _ => return Err(argument.unexpected().into()),
        }
    }
    if size == 0 {
        return Err("`--size` must be more than zero".into());
    }
    let folders = match folders.len() {
        0 => None,
        2 => folders.pop().and_then(|target| Some((folders.pop()?, target))),
        _ => return Err("give two folders, or none".into()),
    };
    Ok(Some(Options { folders, size }))
}
