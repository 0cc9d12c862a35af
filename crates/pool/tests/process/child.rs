//! Runs one test of this binary in a process of its own.

use std::process::{Command, Output, Stdio};

const CHILD: &str = "ASYNCIO_TEST_CHILD";

/// What runs the test `name` again; `None` in the child that does.
pub(crate) fn command(name: &str) -> Option<Command> {
    if std::env::var_os(CHILD).is_some_and(|child| child == name) {
        return None;
    }
    let binary = std::env::current_exe().expect("the test knows its own binary");
    let mut command = Command::new(binary);
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, name);
    command.stdin(Stdio::null());
    Some(command)
}

/// In the parent: runs the test `name` again in a child and gives its output. In the child: `None`.
pub(crate) fn run(name: &str) -> Option<Output> {
    Some(command(name)?.output().expect("the test binary can be run again"))
}

/// Runs the test `name` in a child that must succeed; returns whether this is that child.
#[track_caller]
pub(crate) fn is_child(name: &str) -> bool {
    match run(name) {
        None => true,
        Some(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}\n{text}\n{errors}", output.status);
            assert!(text.contains("1 passed"), "there is such a test\n{text}");
            false
        }
    }
}
