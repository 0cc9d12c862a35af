//! Builds the benchmarks and runs them; they write `docs/benchmarks.md` and its charts themselves.

use crate::sh::{Cmd, Outcome};
use crate::workspace::Workspace;

/// Passes the arguments on: `--peers`, `--only WORKLOAD`, `--rounds N`.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let workspace = Workspace::load()?;
    // Built first and without being timed: a compiler beside a benchmark spoils it.
    Cmd::cargo("build").args(["--release", "--package", "asyncio-benches"]).run()?;
    Cmd::new(workspace.target.join("release/asyncio-benches"))
        .args(arguments)
        .dir(&workspace.root)
        .run()
}
