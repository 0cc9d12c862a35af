//! Running programs: each command is shown before it starts and named when it fails.
//!
//! Standard library only. This is the one place of the workspace's tooling that starts programs and reads the clock.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Why a command or a rule failed, in words for the person who ran it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What every step of this program returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// A command under construction.
#[derive(Debug)]
pub(crate) struct Cmd {
    command: Command,
    environment: String,
}

impl Cmd {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Cmd {
        Cmd { command: Command::new(program), environment: String::new() }
    }

    /// The cargo that runs us, so that a toolchain chosen by the caller is kept.
    pub(crate) fn cargo(subcommand: &str) -> Cmd {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Cmd::new(program).arg(subcommand)
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Cmd {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Cmd {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Cmd {
        self.environment.push_str(&format!("{name}='{}' ", value.as_ref().to_string_lossy()));
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Cmd {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn dir(mut self, folder: &Path) -> Cmd {
        self.command.current_dir(folder);
        self
    }

    /// The command as a person would type it.
    pub(crate) fn shown(&self) -> String {
        let program = Path::new(self.command.get_program());
        let name = program.file_stem().unwrap_or(program.as_os_str()).to_string_lossy();
        let mut text = format!("{}{name}", self.environment);
        for argument in self.command.get_args() {
            text.push(' ');
            text.push_str(&argument.to_string_lossy());
        }
        text
    }

    /// Shows the command, runs it with our own output, and fails with its name.
    pub(crate) fn run(mut self) -> Outcome {
        let shown = self.shown();
        println!("$ {shown}");
        let status = self
            .command
            .stdin(Stdio::null())
            .status()
            .map_err(|error| Failure::new(format!("cannot start `{shown}`: {error}")))?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::new(format!("`{shown}` failed: {status}")))
    }

    /// Runs the command silently and returns what it printed; its errors still show.
    pub(crate) fn output(mut self) -> Outcome<String> {
        let shown = self.shown();
        let output = self
            .command
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| Failure::new(format!("cannot start `{shown}`: {error}")))?;
        if !output.status.success() {
            return Err(Failure::new(format!("`{shown}` failed: {}", output.status)));
        }
        String::from_utf8(output.stdout).map_err(|error| {
            Failure::new(format!("`{shown}` printed bytes that are no text: {error}"))
        })
    }
}

/// Whether a program can be started here: it is asked for its version.
pub(crate) fn has(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Measures how long steps take.
#[derive(Debug)]
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "step times are for people; nothing is decided by them"
    )]
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The processor time of all programs that were run and waited for, with theirs; Linux only.
pub(crate) fn children_cpu() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")
        .map_err(|error| Failure::new(format!("cannot read /proc/self/stat: {error}")))?;
    parse_children_cpu(&stat)
        .ok_or_else(|| Failure::new("/proc/self/stat is not as proc(5) has it"))
}

fn parse_children_cpu(stat: &str) -> Option<Duration> {
    // The second field is a name in brackets, which may hold blanks; `cutime` and `cstime` are 16 and 17.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = fields.get(13)?.parse::<u64>().ok()? + fields.get(14)?.parse::<u64>().ok()?;
    // A tick is a hundredth of a second on every Linux of today, as programs see it.
    Some(Duration::from_millis(10 * ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let command =
            Cmd::new("/somewhere/bin/tool").arg("sub").args(["--flag", "x"]).env("A", "b c");
        assert_eq!(command.shown(), "A='b c' tool sub --flag x");
    }

    #[test]
    fn the_time_of_children_is_read_past_a_name_with_blanks() {
        let stat = "7 (a )b) S 1 2 3 4 5 6 7 8 9 10 11 12 150 50 20 0 1 0 100";
        assert_eq!(parse_children_cpu(stat), Some(Duration::from_secs(2)));
        assert_eq!(parse_children_cpu("7 (a) S 1"), None);
    }

    #[test]
    fn a_missing_program_fails_with_its_name() {
        let failure = Cmd::new("no-such-program-here").run().unwrap_err();
        assert!(failure.to_string().contains("no-such-program-here"));
        assert!(!has("no-such-program-here"));
    }
}
