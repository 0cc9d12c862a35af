//! A parser that must not be trusted, and a thousand inputs that bring it down in every way there is.
//!
//! `cargo run --release --example crash_proof`: each input is parsed in a process of a pool, with a time
//! limit and a memory limit, and in the end every input is accounted for.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

#[path = "crash_proof/format.rs"]
mod format;
#[path = "crash_proof/inputs.rs"]
mod inputs;
#[path = "crash_proof/report.rs"]
mod report;

use asyncio::pool::StderrPolicy;
use asyncio::{ProcessPoolExecutor, Shutdown, gather};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

/// So long may one input take; it counts from the moment at which the parser has it.
const TIME_LIMIT: Duration = Duration::from_secs(2);
/// So much may one process allocate.
const MEMORY_LIMIT: u64 = 64 << 20;

#[asyncio::main]
async fn main() -> ExitCode {
    match parse_all().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("crash_proof: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Parses all inputs; tells whether each ended as it should.
async fn parse_all() -> Result<bool, Box<dyn Error>> {
    let pool = ProcessPoolExecutor::builder()
        .memory_limit(MEMORY_LIMIT)
        // Nobody wants to read what a hundred dying processes say; the errors still have the last lines.
        .stderr(StderrPolicy::Capture)
        // The place of a panic is enough here, and what a failed allocation prints must not take longer
        // than the time limit.
        .backtraces(false)
        .env("RUST_BACKTRACE", "0")
        .build()?;

    let inputs = inputs::generate();
    let jobs = inputs
        .iter()
        .map(|input| pool.job(format::parse).timeout(TIME_LIMIT).run(input.bytes.clone()));
    let outcomes = gather(jobs).await;
    pool.shutdown(Shutdown::Drain).await;

    let is_accounted_for = report::print(&inputs, &outcomes);
    println!("{} processes were started", pool.started_workers());
    Ok(is_accounted_for)
}
