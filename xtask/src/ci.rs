//! The pipeline: what `.ci/run`, the workflows and people run. The quick tier needs nothing but cargo.

use crate::report::Report;
use crate::sanitize::{self, Sanitizer};
use crate::sh::{Cmd, Outcome, has};
use crate::suite::{PYTHON_TESTS, Suite};
use crate::tidy;
use crate::workspace::Workspace;

/// How much to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    Quick,
    Full,
}

pub(crate) fn run(tier: Tier) -> Outcome {
    let workspace = Workspace::load()?;
    let mut report = Report::new();
    quick(&workspace, &mut report);
    if tier == Tier::Full {
        full(&workspace, &mut report);
    }
    report.finish()
}

fn quick(workspace: &Workspace, report: &mut Report) {
    report.step("format", || Cmd::cargo("fmt").args(["--all", "--check"]).run());
    report.step("tidy", tidy::run);
    report.step("clippy", || {
        Cmd::cargo("clippy").args(["--all-targets", "--", "-D", "warnings"]).run()
    });
    features(workspace, report);
    report.step("tests", || Suite::for_this_machine().run(workspace));
    if !has("python3") {
        report.skip(&format!("tests named `{PYTHON_TESTS}`"), "no python3");
    }
    report.step("doctests", || Cmd::cargo("test").arg("--doc").run());
    report.step("examples", || Cmd::cargo("build").arg("--examples").run());
    report.step("documentation", || {
        Cmd::cargo("doc").arg("--no-deps").env("RUSTDOCFLAGS", "-D warnings").run()
    });
}

/// Each feature alone, none, and all of them: they are additive, so no further combination is tried.
fn features(workspace: &Workspace, report: &mut Report) {
    let check = |package: &str, chosen: &[&str]| {
        Cmd::cargo("check")
            .args(["--package", package])
            .args(chosen)
            .env("RUSTFLAGS", "-D warnings")
            .run()
    };
    let packages: Vec<_> =
        workspace.products().filter(|package| !package.features.is_empty()).collect();
    if packages.is_empty() {
        report.skip("each feature", "no package has features");
        return;
    }
    report.step("each feature", || {
        for package in packages {
            check(&package.name, &["--no-default-features"])?;
            for feature in &package.features {
                check(&package.name, &["--no-default-features", "--features", feature])?;
            }
            check(&package.name, &["--all-features"])?;
        }
        Ok(())
    });
}

fn full(workspace: &Workspace, report: &mut Report) {
    report.step("tests on the oneshot back end", || oneshot(workspace));
    models(workspace, report);
    sanitizer(Sanitizer::Address, workspace, report);
    sanitizer(Sanitizer::Thread, workspace, report);
    memcheck(workspace, report);
    report.step("long runs, optimised", || long(workspace));
    if workspace.root.join("crates/asyncio/examples/walkthrough.rs").exists() {
        let walkthrough = ["--release", "--package", "asyncio", "--example", "walkthrough"];
        report.step("walkthrough", || Cmd::cargo("run").args(walkthrough).run());
    } else {
        report.skip("walkthrough", "no such example");
    }
    further_tools(report);
}

/// One of the longer checks by itself.
pub(crate) fn one(check: &str) -> Outcome {
    let workspace = Workspace::load()?;
    let mut report = Report::new();
    match check {
        "asan" => sanitizer(Sanitizer::Address, &workspace, &mut report),
        "tsan" => sanitizer(Sanitizer::Thread, &workspace, &mut report),
        "models" => models(&workspace, &mut report),
        _ => memcheck(&workspace, &mut report),
    }
    report.finish()
}

fn models(workspace: &Workspace, report: &mut Report) {
    match workspace.packages.iter().find(|package| package.folder.ends_with("crates/models")) {
        Some(models) => report.step("loom models", || sanitize::models(&models.name, workspace)),
        None => report.skip("loom models", "no crates/models"),
    }
}

fn sanitizer(sanitizer: Sanitizer, workspace: &Workspace, report: &mut Report) {
    let name = match sanitizer {
        Sanitizer::Address => "AddressSanitizer",
        Sanitizer::Thread => "ThreadSanitizer",
    };
    if sanitize::is_supported() {
        report.step(name, || sanitize::suite(workspace, sanitizer));
    } else {
        report.skip(name, "only on x86-64 Linux with glibc");
    }
}

/// The suite on the portable back end of the reactor, which other systems have no choice but to use.
fn oneshot(workspace: &Workspace) -> Outcome {
    let environment = vec![
        ("RUSTFLAGS", "--cfg polling_test_poll_backend".to_owned()),
        ("CARGO_TARGET_DIR", sanitize::folder(workspace, "oneshot")),
    ];
    let packages = workspace.products().map(|package| package.name.clone()).collect();
    Suite { environment, packages, ..Suite::for_this_machine() }.run(workspace)
}

fn memcheck(workspace: &Workspace, report: &mut Report) {
    let name = "memcheck of the task cells";
    if !workspace.root.join("crates/executor/tests/it/main.rs").exists() {
        report.skip(name, "the executor has no tests yet");
    } else if !has("valgrind") {
        report.skip(name, "no valgrind");
    } else {
        report.step(name, || sanitize::memcheck(workspace));
    }
}

/// The suite once more, optimised, with `ASYNCIO_LONG` for the tests that can do more: more cases, longer chains, larger crowds.
/// Linking is kept cheap: it is the code that is to be fast, not the build.
fn long(workspace: &Workspace) -> Outcome {
    let environment = vec![
        ("ASYNCIO_LONG", "1".to_owned()),
        ("CARGO_TARGET_DIR", sanitize::folder(workspace, "long")),
        ("CARGO_PROFILE_RELEASE_LTO", "off".to_owned()),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16".to_owned()),
    ];
    let packages = workspace.products().map(|package| package.name.clone()).collect();
    let build = vec!["--release".to_owned()];
    Suite { environment, packages, build, patient: true, ..Suite::for_this_machine() }
        .run(workspace)
}

/// Tools that are welcome and not required.
fn further_tools(report: &mut Report) {
    let tools: [(&str, &str, &[&str]); 2] = [
        ("spelling", "typos", &[]),
        ("licences and sources", "cargo-deny", &["check", "bans", "licenses", "sources"]),
    ];
    for (name, tool, arguments) in tools {
        if has(tool) {
            report.step(name, || Cmd::new(tool).args(arguments).run());
        } else {
            report.skip(name, &format!("no {tool}"));
        }
    }
}
