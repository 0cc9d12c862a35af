//! The peers of asyncio for Rust, side by side.
//!
//! `asyncio-benches [--peers] [--only WORKLOAD] [--rounds N]` is the parent: it starts itself again for every runtime, workload and round,
//! so that each figure comes from a fresh process on a fixed core, and writes the page.
//! `child RUNTIME WORKLOAD` measures one figure and prints it; `client ..` is the other end of the echo.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks by printing"
)]

mod measure;
mod runtime;
mod client;
mod workload;
mod peer;
mod processes;
mod catalogue;
mod parent;

use std::process::ExitCode;

fn main() -> ExitCode {
    // One of the peers starts this program again, and asks for this to come first.
    procspawn::init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["child", runtime, workload] => child(runtime, workload),
        ["client", kind, address, connections] => {
            client::run(kind, address, connections).map_err(|error| error.to_string())
        }
        ["answer", length, core] => {
            processes::floor::answer(length, core).map_err(|error| error.to_string())
        }
        options => parent::run(options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn child(runtime: &str, workload: &str) -> Result<(), String> {
    let entrant = catalogue::ENTRANTS.iter().find(|entrant| entrant.name == runtime);
    let entrant = entrant.ok_or_else(|| format!("no such runtime: {runtime}"))?;
    measure::pin(measure::SERVER_CORE);
    (entrant.run)(workload);
    // Whoever takes part has ended the process by now.
    report(None)
}

/// Prints the figure, or that there is none, and ends the process.
fn report(figure: Option<f64>) -> ! {
    match figure {
        Some(figure) => println!("figure {figure}"),
        None => println!("declined"),
    }
    std::process::exit(0)
}
