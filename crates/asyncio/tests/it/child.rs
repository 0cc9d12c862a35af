//! Runs one test of this binary in a process of its own.

use std::process::{Command, Output};

const CHILD: &str = "ASYNCIO_TEST_CHILD";

/// In the parent: runs the test `name` again in a child and gives its output. In the child: `None`.
pub(crate) fn run(name: &str) -> Option<Output> {
    if std::env::var_os(CHILD).is_some_and(|child| child == name) {
        return None;
    }
    let binary = std::env::current_exe().expect("the test knows its own binary");
    let output = Command::new(binary)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, name)
        .output()
        .expect("the test binary can be run again");
    Some(output)
}

/// What a child wrote to standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
