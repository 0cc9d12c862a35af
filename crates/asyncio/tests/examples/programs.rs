//! Starting programs: the built examples, and Python's.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// The command of a built example. Cargo puts it into the folder beside that of the tests.
pub(crate) fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).expect("tests lie in `deps`");
    let program = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is not built: run `cargo build --examples` with the flags of these tests first",
        program.display()
    );
    Command::new(program)
}

/// Runs an example to its end.
pub(crate) fn run(name: &str, arguments: &[&str]) -> Output {
    example(name).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Runs an example that has to succeed, and gives what it printed.
pub(crate) fn printed(name: &str, arguments: &[&str]) -> String {
    let output = run(name, arguments);
    assert!(output.status.success(), "{name} failed: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The folder of these tests, with what Python needs.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples")
}

/// The command of Python, unless there is none; then the test is named as skipped.
pub(crate) fn python(test: &str) -> Option<Command> {
    let found = Command::new("python3").arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(Command::new("python3"));
    }
    println!("skipped {test}: there is no python3");
    None
}

/// A program that runs until it is dropped.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// The next line it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the program ended: {:?}", self.child.wait());
        line.trim_end().to_owned()
    }

    /// Waits for it, and tells whether it succeeded.
    pub(crate) fn succeeds(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
