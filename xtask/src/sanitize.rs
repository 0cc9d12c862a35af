//! The suite under AddressSanitizer, ThreadSanitizer and memcheck, and the models that loom explores.
//!
//! The sanitizers are unstable flags of a stable compiler, so `RUSTC_BOOTSTRAP` is set for these builds and for no other.
//! Each has a target folder of its own, because its flags would otherwise rebuild everything twice.

use std::path::Path;

use serde_json::Value;

use crate::sh::{Cmd, Failure, Outcome};
use crate::suite::Suite;
use crate::workspace::Workspace;

/// Gives every task cell an allocation of its own: a pooled block hides a use after its free, and its leak.
const PLAIN_MEMORY: &str = "--cfg asyncio_plain_memory";

/// Each process would rest for a second at its end, so that threads that are on their way out are not taken for leaks,
/// and workers of process pools end often. That pools leave no threads behind has tests of its own.
/// The child of a fork may go on: that pools do so there has a test.
const TSAN_ENDS: &str = "atexit_sleep_ms=0:report_thread_leaks=0:die_after_fork=0";

/// The standard library comes without ThreadSanitizer's marks, so the lock around its backtraces is not seen, and what two
/// panicking threads do under it one after the other is taken for a race.
const TSAN_BACKTRACES: &str = "0";

/// The only target whose sanitizer runtimes come with every toolchain.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";

#[derive(Debug, Clone, Copy)]
pub(crate) enum Sanitizer {
    Address,
    Thread,
}

impl Sanitizer {
    fn flag(self) -> &'static str {
        match self {
            Sanitizer::Address => "address",
            Sanitizer::Thread => "thread",
        }
    }

    fn short(self) -> &'static str {
        match self {
            Sanitizer::Address => "asan",
            Sanitizer::Thread => "tsan",
        }
    }
}

/// Whether the sanitizers work here.
pub(crate) fn is_supported() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))
}

/// Runs the whole suite under one sanitizer.
pub(crate) fn suite(workspace: &Workspace, sanitizer: Sanitizer) -> Outcome {
    let skips = std::fs::read_to_string(workspace.root.join("xtask/sanitizer-skips.txt"))
        .unwrap_or_default();
    let suppressions =
        |name: &str| format!("suppressions={}", workspace.root.join("xtask").join(name).display());
    let flags = format!(
        "-Zsanitizer={} -Cunsafe-allow-abi-mismatch=sanitizer {PLAIN_MEMORY}",
        sanitizer.flag()
    );
    let mut suite = Suite {
        packages: workspace.products().map(|package| package.name.clone()).collect(),
        build: ["--target", TARGET].map(str::to_owned).to_vec(),
        environment: vec![
            ("RUSTC_BOOTSTRAP", "1".to_owned()),
            ("RUSTFLAGS", flags),
            ("CARGO_TARGET_DIR", folder(workspace, sanitizer.short())),
            ("ASAN_OPTIONS", "detect_leaks=1".to_owned()),
            ("LSAN_OPTIONS", format!("print_suppressions=0:{}", suppressions("lsan.supp"))),
            ("TSAN_OPTIONS", format!("{TSAN_ENDS}:{}", suppressions("tsan.supp"))),
        ],
        patient: true,
        ..Suite::for_this_machine()
    };
    if matches!(sanitizer, Sanitizer::Thread) {
        suite.environment.push(("RUST_BACKTRACE", TSAN_BACKTRACES.to_owned()));
    }
    for (word, reason) in skipped(&skips, sanitizer) {
        println!("without tests named `{word}`: {reason}");
        suite.without.push(word.to_owned());
    }
    suite.run(workspace)
}

/// The words and reasons that the list of skipped tests has for a sanitizer.
fn skipped(list: &str, sanitizer: Sanitizer) -> Vec<(&str, &str)> {
    let lines = list.lines().filter_map(|line| line.strip_prefix(sanitizer.short()));
    lines.filter_map(|line| line.trim_start().split_once(' ')).collect()
}

/// Loom explores the interleavings of the protocols between threads.
pub(crate) fn models(package: &str, workspace: &Workspace) -> Outcome {
    let bound = std::env::var("LOOM_MAX_PREEMPTIONS").unwrap_or_else(|_| "3".to_owned());
    // Optimised, because exploring is computing; with the checks of a debug build, because they are what it looks for.
    Cmd::cargo("test")
        .args(["--package", package, "--tests", "--lib"])
        .env("CARGO_TARGET_DIR", folder(workspace, "models"))
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "3")
        .env("LOOM_MAX_PREEMPTIONS", bound)
        .run()
}

/// The executor's task cells under valgrind: every byte it reads was written, every byte it took is given back.
pub(crate) fn memcheck(workspace: &Workspace) -> Outcome {
    let package = "asyncio-executor";
    let text = Cmd::cargo("test")
        .args(["--package", package, "--test", "it", "--no-run", "--message-format", "json"])
        .env("CARGO_TARGET_DIR", folder(workspace, "memcheck"))
        .env("RUSTFLAGS", PLAIN_MEMORY)
        .output()?;
    let binary = text.lines().rev().find_map(test_binary);
    let binary = binary
        .ok_or_else(|| Failure::new(format!("cargo built no test binary `it` of {package}")))?;
    Cmd::new("valgrind")
        .args([
            "--quiet",
            "--error-exitcode=1",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite,indirect",
        ])
        .arg(binary)
        .args(["--test-threads", "1", "cell::"])
        .env("PROPTEST_CASES", "8")
        .run()
}

/// The path of a test binary, if this line of cargo's messages tells of one.
fn test_binary(line: &str) -> Option<String> {
    let message: Value = serde_json::from_str(line).ok()?;
    let is_test = message["profile"]["test"].as_bool()? && message["target"]["name"] == "it";
    is_test.then(|| message["executable"].as_str().map(str::to_owned))?
}

/// A target folder below the usual one.
pub(crate) fn folder(workspace: &Workspace, name: &str) -> String {
    Path::new(&workspace.target).join(name).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_skipped_tests_gives_words_and_reasons() {
        let list =
            "# asan in a comment\nasan stack_overflow it measures the stack\ntsan fork it forks\n";
        assert_eq!(
            skipped(list, Sanitizer::Address),
            [("stack_overflow", "it measures the stack")]
        );
        assert_eq!(skipped(list, Sanitizer::Thread), [("fork", "it forks")]);
    }

    #[test]
    fn the_test_binary_is_found_in_what_cargo_says() {
        let line = r#"{"reason":"compiler-artifact","profile":{"test":true},"target":{"name":"it"},"executable":"/t/it-1"}"#;
        assert_eq!(test_binary(line).unwrap(), "/t/it-1");
        assert_eq!(test_binary(r#"{"reason":"build-finished"}"#), None);
    }
}
