//! Every program of the walk-through, in its order, with its measured time; `-- NAME` runs one.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

#[path = "quickstart.rs"]
mod quickstart;
#[path = "manual_loop.rs"]
mod manual_loop;
#[path = "create_tasks.rs"]
mod create_tasks;
#[path = "gather.rs"]
mod gather;
#[path = "blocking_thread.rs"]
mod blocking_thread;
#[path = "blocking_process.rs"]
mod blocking_process;
#[path = "numbers_and_letters.rs"]
mod numbers_and_letters;
#[path = "handle_requests.rs"]
mod handle_requests;
#[path = "race_condition.rs"]
mod race_condition;

use asyncio::EventLoop;
use std::error::Error;
use std::process::ExitCode;

/// A program's name, and its `main`.
type Program = (&'static str, fn() -> Result<(), Box<dyn Error>>);

/// `main` of each program runs a loop of its own, as if it were a process of its own.
const PROGRAMS: [Program; 9] = [
    ("quickstart", || {
        quickstart::main();
        Ok(())
    }),
    ("manual_loop", manual_loop::main),
    ("create_tasks", || Ok(create_tasks::main()?)),
    ("gather", || {
        gather::main();
        Ok(())
    }),
    ("blocking_thread", || Ok(blocking_thread::main()?)),
    ("blocking_process", blocking_process::main),
    ("numbers_and_letters", || {
        numbers_and_letters::main();
        Ok(())
    }),
    ("handle_requests", || {
        handle_requests::main();
        Ok(())
    }),
    ("race_condition", || Ok(race_condition::main()?)),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|name| !PROGRAMS.iter().any(|(n, _)| n == name)) {
        let names = PROGRAMS.map(|(name, _)| name).join(", ");
        eprintln!("no program is called `{unknown}`; there are: {names}");
        return ExitCode::from(2);
    }
    for (name, program) in PROGRAMS {
        if (wanted.is_empty() || wanted.iter().any(|wanted| wanted == name))
            && let Err(error) = timed(name, program)
        {
            eprintln!("{name} failed: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Runs a program between its heading and its time.
fn timed(name: &str, program: fn() -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    println!("== {name} ==");
    // The loop that keeps the time is never run: all loops share one monotonic clock.
    let clock = EventLoop::new()?;
    let start = clock.time();
    program()?;
    println!("-- {name}: {:.3} s --\n", (clock.time() - start).as_secs_f64());
    Ok(())
}
