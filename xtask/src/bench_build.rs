//! `cargo xtask bench build`: what a first program costs to build from nothing, ours and tokio's side by side.
//!
//! Each candidate is a package outside of the workspace, so that no lock file, profile or feature of ours
//! takes part. The candidates take turns in every round, and ratios pair builds of the same round. The
//! figures are written as the last section of `docs/benchmarks.md`; the other benchmarks leave it there.

use std::path::{Path, PathBuf};

use crate::sh::{Cmd, Failure, Outcome, Stopwatch, children_cpu};
use crate::workspace::Workspace;

const HEADING: &str = "\n## Build\n";

/// Fewer say nothing, and are printed only.
const ROUNDS_TO_WRITE: usize = 3;

const GOAL: f64 = 1.3;

const OURS: &str = "fn main() {\n    asyncio::run(async { println!(\"hello, world\") });\n}\n";

const TOKIO: &str = "#[tokio::main]\nasync fn main() {\n    println!(\"hello, world\");\n}\n";

/// A program to build. What the others are compared with stands last.
#[derive(Debug)]
struct Candidate {
    name: &'static str,
    folder: PathBuf,
    builds: Vec<Build>,
    packages: usize,
    release_bytes: u64,
}

/// One build from nothing, in seconds.
#[derive(Debug, Clone, Copy)]
struct Build {
    wall: f64,
    cpu: f64,
}

/// Builds every candidate in every round; `--rounds N`, five by default.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let rounds = match arguments {
        [] => 5,
        ["--rounds", count] => count
            .parse()
            .map_err(|error| Failure::new(format!("`--rounds {count}` is no number: {error}")))?,
        _ => return Err(Failure::new("`bench build` takes `--rounds N` and nothing else")),
    };
    let workspace = Workspace::load()?;
    let mut candidates = candidates(&workspace)?;
    let load = read(Path::new("/proc/loadavg"))?;
    let load = load.split(' ').next().unwrap_or_default();
    for round in 1..=rounds {
        for candidate in &mut candidates {
            let build = candidate.build_from_nothing()?;
            println!("{round}: {} {:.1} s, CPU {:.1} s", candidate.name, build.wall, build.cpu);
            candidate.builds.push(build);
        }
    }
    for candidate in &mut candidates {
        candidate.release_bytes = candidate.size_in_release()?;
    }
    let section = section(&candidates, rounds, load);
    println!("{section}");
    if rounds < ROUNDS_TO_WRITE {
        return Ok(());
    }
    let page = workspace.root.join("docs/benchmarks.md");
    let text = read(&page)?;
    write(&page, &format!("{}{HEADING}\n{section}", without_section(&text)))
}

/// Writes the packages, and has cargo fetch what they need while it still may.
fn candidates(workspace: &Workspace) -> Outcome<Vec<Candidate>> {
    let asyncio = workspace.root.join("crates/asyncio");
    let asyncio = format!("asyncio = {{ path = \"{}\"", asyncio.display());
    let of = |name, dependency: String, main| {
        let folder = workspace.target.join("bench-build").join(name);
        Candidate::prepare(name, folder, &workspace.root, &dependency, main)
    };
    Ok(vec![
        of("asyncio", format!("{asyncio} }}"), OURS)?,
        of("asyncio-without-processes", format!("{asyncio}, default-features = false }}"), OURS)?,
        of("tokio-full", "tokio = { version = \"1\", features = [\"full\"] }".to_owned(), TOKIO)?,
    ])
}

impl Candidate {
    fn prepare(
        name: &'static str,
        folder: PathBuf,
        workspace: &Path,
        dependency: &str,
        main: &str,
    ) -> Outcome<Candidate> {
        std::fs::create_dir_all(folder.join("src"))
            .map_err(|error| cannot("make", &folder, &error))?;
        let manifest = format!(
            "[package]\nname = \"hello\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{dependency}\n\n[workspace]\n"
        );
        write(&folder.join("Cargo.toml"), &manifest)?;
        write(&folder.join("src/main.rs"), main)?;
        // The versions that we test with, for the peer as well.
        write(&folder.join("Cargo.lock"), &read(&workspace.join("Cargo.lock"))?)?;
        Cmd::cargo("fetch").arg("--quiet").dir(&folder).run()?;
        let tree = ["--offline", "--edges", "normal", "--prefix", "none"];
        let tree = Cmd::cargo("tree").args(tree).dir(&folder).output()?;
        // The first is the program itself.
        let packages = crate::tidy::budget::packages(&tree).len() - 1;
        Ok(Candidate { name, folder, builds: Vec::new(), packages, release_bytes: 0 })
    }

    fn cargo_build(&self, arguments: &[&str]) -> Cmd {
        Cmd::cargo("build")
            .args(["--offline", "--quiet", "--target-dir", "target"])
            .args(arguments)
            .dir(&self.folder)
            // Cargo builds what comes from a folder incrementally, which costs time, and what comes from
            // the registry not; whoever uses us has us from there.
            .env("CARGO_INCREMENTAL", "0")
            .without_env("CARGO_TARGET_DIR")
            .without_env("RUSTFLAGS")
    }

    fn build_from_nothing(&self) -> Outcome<Build> {
        let target = self.folder.join("target");
        if target.exists() {
            std::fs::remove_dir_all(&target).map_err(|error| cannot("empty", &target, &error))?;
        }
        let (watch, cpu) = (Stopwatch::start(), children_cpu()?);
        self.cargo_build(&[]).output()?;
        let wall = watch.elapsed().as_secs_f64();
        Ok(Build { wall, cpu: (children_cpu()? - cpu).as_secs_f64() })
    }

    fn size_in_release(&self) -> Outcome<u64> {
        self.cargo_build(&["--release"]).output()?;
        let program = self.folder.join("target/release/hello");
        let metadata = std::fs::metadata(&program);
        Ok(metadata.map_err(|error| cannot("find", &program, &error))?.len())
    }
}

/// The tables, in words that stand on the page.
fn section(candidates: &[Candidate], rounds: usize, load: &str) -> String {
    let mut text = format!(
        "A program that prints \"hello, world\" from an async block, built from nothing, in {rounds} rounds; \
         written by `cargo xtask bench build`.\n\
         The dependencies are downloaded; profiles are cargo's own, without incremental compilation; \
         each build has an empty target folder.\n\
         Cells are medians with the lowest and the highest; a ratio pairs builds of the same round, and the \
         goal is {GOAL} for wall clock.\n\
         The load average was {load} before the first build: above one, other programs ran, and wall clock says less than CPU.\n\
         Size is that of the program in release, as cargo leaves it.\n\n\
         | program | packages | wall clock, s | ratio | CPU, s | ratio | size, KiB |\n\
         | --- | ---: | --- | --- | --- | --- | ---: |\n"
    );
    let Some(peer) = candidates.last() else { return text };
    for candidate in candidates {
        let figure = |of: fn(&Build) -> f64| {
            let own = spread(candidate.builds.iter().map(of));
            let pairs = candidate.builds.iter().zip(&peer.builds);
            format!("{own} | {}", spread(pairs.map(|(ours, theirs)| of(ours) / of(theirs))))
        };
        let (wall, cpu) = (figure(|build| build.wall), figure(|build| build.cpu));
        let Candidate { name, packages, release_bytes, .. } = candidate;
        let kib = release_bytes.div_ceil(1024);
        text.push_str(&format!("| {name} | {packages} | {wall} | {cpu} | {kib} |\n"));
    }
    text
}

/// The median, and the extremes in brackets.
fn spread(values: impl Iterator<Item = f64>) -> String {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (values.first(), values.last()) else { return "none".to_owned() };
    let half = values.len() / 2;
    let median =
        if values.len() % 2 == 1 { values[half] } else { (values[half - 1] + values[half]) / 2.0 };
    format!("{median:.2} ({low:.2}-{high:.2})")
}

/// The page up to our section, which is its last.
fn without_section(page: &str) -> &str {
    page.find(HEADING).map_or(page, |at| &page[..at])
}

fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|error| cannot("read", path, &error))
}

fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot {verb} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_takes_the_place_of_the_one_before() {
        let page = "# Benchmarks\n\n## Figures\n\nmany\n";
        let written = format!("{page}{HEADING}\nnew\n");
        assert_eq!(without_section(&written), page);
        assert_eq!(without_section(page), page);
    }

    #[test]
    fn a_spread_is_the_median_with_its_extremes() {
        assert_eq!(spread([3.0, 1.0, 2.0].into_iter()), "2.00 (1.00-3.00)");
        assert_eq!(spread([1.0, 2.0].into_iter()), "1.50 (1.00-2.00)");
    }
}
