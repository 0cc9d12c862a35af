//! The project's own commands: `cargo xtask ci`, `tidy`, `bench`.
//!
//! Continuous integration calls nothing else, so what it does can be done, and understood, on any machine.
//! The modules stand in dependence order: running programs, knowing the workspace, the rules, the pipelines.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks by printing"
)]

mod sh;
mod workspace;
mod tidy;
mod report;
mod suite;
mod sanitize;
mod ci;
mod bench;
mod bench_build;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

    ci             format, rules, lints, features, tests, doctests, examples, docs
    ci --full      the same, then the other back end, models, sanitizers, memcheck, long runs
    asan, tsan, memcheck, models
                   one of those alone
    tidy           the rules about the code that no compiler checks
    tidy --census  print the table of docs/unsafe.md as the sources have it
    readme         write the README of the facade from the project's
    bench [--peers] [--only WORKLOAD] [--rounds N]
                   measure, and write docs/benchmarks.md with its charts
    bench build [--rounds N]
                   measure what a first program costs to build, and write that section of the page
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["ci"] => ci::run(ci::Tier::Quick),
        ["ci", "--full"] => ci::run(ci::Tier::Full),
        [check @ ("asan" | "tsan" | "memcheck" | "models")] => ci::one(check),
        ["tidy"] => tidy::run(),
        ["readme"] => tidy::packaging::write_readme(),
        ["tidy", "--census"] => tidy::print_census(),
        ["bench", "build", rest @ ..] => bench_build::run(rest),
        ["bench", rest @ ..] => bench::run(rest),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(sh::Failure::new(format!("no such command: {}\n\n{USAGE}", words.join(" ")))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
