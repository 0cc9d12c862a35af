//! One run of the test suite: by nextest where it is installed, for its time limit on each test, else by `cargo test`.

use crate::sh::{Cmd, Outcome, has};
use crate::workspace::Workspace;

/// Tests that ask CPython carry this word in their names.
pub(crate) const PYTHON_TESTS: &str = "cpython";

/// How to build the tests, and which to leave out.
#[derive(Debug, Default)]
pub(crate) struct Suite {
    /// Packages; none for the default members.
    pub(crate) packages: Vec<String>,
    /// Words that the names of the unwanted tests contain.
    pub(crate) without: Vec<String>,
    /// Further arguments of the build: `--release`, `--target`.
    pub(crate) build: Vec<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// More time for each test.
    pub(crate) patient: bool,
}

impl Suite {
    /// Leaves out what this machine cannot run.
    pub(crate) fn for_this_machine() -> Suite {
        let mut suite = Suite::default();
        if !has("python3") {
            suite.without.push(PYTHON_TESTS.to_owned());
        }
        suite
    }

    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        if has("cargo-nextest") { self.by_nextest(workspace) } else { self.by_cargo() }
    }

    fn by_nextest(&self, workspace: &Workspace) -> Outcome {
        let config = workspace.root.join("xtask/nextest.toml");
        let mut command =
            Cmd::cargo("nextest").args(["run", "--no-tests", "pass", "--config-file"]).arg(config);
        if self.patient {
            command = command.args(["--profile", "patient"]);
        }
        if let Some(filter) = self.filter() {
            command = command.arg("--filterset").arg(filter);
        }
        self.finish(command).run()
    }

    fn by_cargo(&self) -> Outcome {
        let command =
            self.finish(Cmd::cargo("test").args(["--lib", "--bins", "--tests"])).arg("--");
        let skips = self.without.iter().flat_map(|word| ["--skip", word]);
        command.args(skips).run()
    }

    /// The environment, the packages and the build flags, alike for both runners.
    fn finish(&self, mut command: Cmd) -> Cmd {
        for (name, value) in &self.environment {
            command = command.env(name, value);
        }
        for package in &self.packages {
            command = command.args(["--package", package]);
        }
        command.args(&self.build)
    }

    /// The same choice in nextest's language.
    fn filter(&self) -> Option<String> {
        let parts: Vec<String> =
            self.without.iter().map(|word| format!("not test({word})")).collect();
        (!parts.is_empty()).then(|| parts.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwanted_tests_are_named_in_nextests_language() {
        let mut suite = Suite::default();
        assert_eq!(suite.filter(), None);
        suite.without = vec!["cpython".into(), "fork".into()];
        assert_eq!(suite.filter().unwrap(), "not test(cpython) and not test(fork)");
    }
}
