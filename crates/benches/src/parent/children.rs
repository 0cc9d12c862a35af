//! One figure from one fresh process; for system calls, under a program that counts them.

use std::process::{Command, Stdio};

use crate::catalogue::SYSCALLS;
use crate::runtime::POOL_THREADS;

/// Who counts system calls here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    Perf,
    Strace,
    Nobody,
}

impl Counter {
    /// Tries them, because being installed is not being permitted.
    pub(crate) fn find() -> Counter {
        let works = |counter: Counter| {
            counter.command("true", &[]).is_some_and(|mut command| succeeds(&mut command))
        };
        [Counter::Perf, Counter::Strace]
            .into_iter()
            .find(|counter| works(*counter))
            .unwrap_or(Counter::Nobody)
    }

    /// The command that counts the calls of a program's first thread, on which every runtime here runs.
    fn command(self, program: &str, arguments: &[&str]) -> Option<Command> {
        let mut command = match self {
            Counter::Perf => {
                let mut perf = Command::new("perf");
                perf.args([
                    "stat",
                    "--no-inherit",
                    "-x",
                    ",",
                    "-e",
                    "raw_syscalls:sys_enter",
                    "--",
                ]);
                perf
            }
            Counter::Strace => {
                let mut strace = Command::new("strace");
                strace.arg("-c");
                strace
            }
            Counter::Nobody => return None,
        };
        command.arg(program).args(arguments);
        Some(command)
    }

    /// The number of calls in what the counter wrote to standard error.
    fn read(self, text: &str) -> Option<f64> {
        match self {
            Counter::Perf => {
                let line = text.lines().find(|line| line.contains("sys_enter"))?;
                line.split(',').next()?.parse().ok()
            }
            Counter::Strace => {
                let line = text.lines().find(|line| line.ends_with("total"))?;
                line.split_whitespace().nth(3)?.parse().ok()
            }
            Counter::Nobody => None,
        }
    }
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// `None` if the runtime does not take part, or if nobody here can count.
pub(crate) fn measure(
    runtime: &str,
    workload: &str,
    counter: Counter,
) -> Result<Option<f64>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let arguments = ["child", runtime, workload];
    let is_counted = workload == SYSCALLS;
    let mut command = if is_counted {
        let Some(command) = counter.command(&program.to_string_lossy(), &arguments) else {
            return Ok(None);
        };
        command
    } else {
        let mut command = Command::new(program);
        command.args(arguments).stderr(Stdio::inherit());
        command
    };
    // The `blocking` crate takes the size of its pool from here.
    let output = command.env("BLOCKING_MAX_THREADS", POOL_THREADS.to_string()).output();
    let output =
        output.map_err(|error| format!("cannot start {runtime} for {workload}: {error}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout);
    let last = said.lines().last().unwrap_or_default();
    let failed = || format!("{runtime} failed at {workload}: {}\n{said}{told}", output.status);
    if last == "declined" {
        return Ok(None);
    }
    let figure: f64 =
        last.strip_prefix("figure ").and_then(|text| text.parse().ok()).ok_or_else(failed)?;
    if !is_counted {
        return Ok(Some(figure));
    }
    Ok(Some(counter.read(&told).ok_or_else(failed)? / figure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_counters_write_is_understood() {
        assert_eq!(Counter::Perf.read("29,,raw_syscalls:sys_enter,1529274,100.00,,\n"), Some(29.0));
        let strace = "% time     seconds  usecs/call     calls    errors syscall\n\
                      100.00    0.000123           4        31         2 total\n";
        assert_eq!(Counter::Strace.read(strace), Some(31.0));
    }
}
