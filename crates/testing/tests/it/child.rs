//! Runs one test of this binary in a process of its own.

use std::process::{Command, Stdio};

const CHILD: &str = "ASYNCIO_TEST_CHILD";

/// The child that runs the test `name` again, its standard error in a pipe. In the child: `None`.
pub(crate) fn command(name: &str) -> Option<Command> {
    if std::env::var_os(CHILD).is_some_and(|child| child == name) {
        return None;
    }
    let binary = std::env::current_exe().expect("the test knows its own binary");
    let mut command = Command::new(binary);
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, name);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    Some(command)
}
