//! Programs that use the process pool and are built in other ways, or not at all.
//!
//! Each is a small crate that is written and built here, against the sources of the workspace. That takes
//! its time, so it happens only with `ASYNCIO_LONG=1`.

use crate::programs::python;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Whether there is time to build programs.
fn has_time() -> bool {
    std::env::var_os("ASYNCIO_LONG").is_some_and(|value| value == "1")
}

/// A crate of its own.
struct Host {
    folder: PathBuf,
    name: &'static str,
}

impl Host {
    /// Writes a crate with this `main.rs`, and these further lines in its manifest.
    fn new(name: &'static str, manifest: &str, main: &str) -> Self {
        Self::with(name, manifest, "src/main.rs", main)
    }

    /// Writes a crate with this one source file.
    fn with(name: &'static str, manifest: &str, file: &str, source: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hosts").join(name);
        fs::create_dir_all(folder.join("src")).unwrap();
        let facade = Path::new(env!("CARGO_MANIFEST_DIR"));
        let head = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [workspace]\n[dependencies]\nasyncio = {{ path = {facade:?} }}\n"
        );
        fs::write(folder.join("Cargo.toml"), head + manifest).unwrap();
        // The versions of the workspace, which are on this machine.
        fs::copy(facade.join("../../Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        fs::write(folder.join(file), source).unwrap();
        Self { folder, name }
    }

    /// Runs cargo on it. All hosts share one folder for what is built.
    fn cargo(&self, arguments: &[&str]) -> Output {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Command::new(cargo)
            .args(["--offline", "--quiet", "--color", "never"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", target())
            // Whoever runs these tests may have flags of his own for them.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_BUILD_TARGET")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Builds it; gives the folder where the result lies.
    #[track_caller]
    fn build(&self, profile: &str) -> PathBuf {
        let built = self.cargo(&["build", "--profile", profile]);
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        target().join(if profile == "dev" { "debug" } else { profile })
    }

    /// Builds it and runs it; gives what it printed.
    #[track_caller]
    fn prints(&self, profile: &str, arguments: &[&str]) -> String {
        let program = self.build(profile).join(self.name);
        succeeds(Command::new(program).args(arguments))
    }

    /// Has cargo refuse it; gives why.
    #[track_caller]
    fn refusal(&self, command: &str) -> String {
        let output = self.cargo(&[command]);
        assert!(!output.status.success(), "`cargo {command}` took it");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// Runs a program that has to succeed; gives what it printed.
#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("hosts/target")
}

/// Calls that work, a crash, a panic, and that the pool goes on.
const MAIN: &str = r#"
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // A worker that came by here would fail.
    assert_eq!(arguments, ["--strict"]);
    let pool = asyncio::ProcessPoolExecutor::builder().workers(1).build().unwrap();
    asyncio::run(async {
        println!("{}", pool.run(fib, 20).await.unwrap());
        println!("{}", pool.run(|(a, b)| a + b, (1.5, 2.0)).await.unwrap());
        let died = pool.run(|()| -> () { std::process::abort() }, ()).await.unwrap_err();
        println!("{:?}", died.signal());
        let panicked = pool.run(|n: u32| -> () { panic!("no {n}") }, 7).await.unwrap_err();
        println!("{} {:?}", panicked.is_panicked(), panicked.panic_message());
        println!("{:?}", panicked.panic_location());
        println!("{}", pool.run(fib, 10).await.unwrap());
        pool.shutdown(asyncio::Shutdown::Drain).await;
    });
}
"#;

/// Where the panic stands in [`MAIN`].
fn panic_line() -> usize {
    MAIN.lines().position(|line| line.contains("panic!")).unwrap() + 1
}

#[track_caller]
fn works(manifest: &str, name: &'static str, profile: &str) {
    worked(&Host::new(name, manifest, MAIN).prints(profile, &["--strict"]));
}

/// Checks what [`MAIN`] printed.
#[track_caller]
fn worked(text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let [fib, sum, died, panicked, place, again] = lines[..] else { panic!("{text}") };
    assert_eq!((fib, sum, again), ("6765", "3.5", "55"));
    assert_eq!(died, "Some(6)");
    assert_eq!(panicked, "true Some(\"no 7\")");
    assert!(place.contains(&format!(".rs:{}:", panic_line())), "{place}");
}

#[test]
fn a_program_with_a_strict_command_line_has_workers() {
    if has_time() {
        works("", "strict", "dev");
    }
}

#[test]
fn a_program_that_aborts_on_panics_has_workers_whose_panics_are_told() {
    if has_time() {
        works("[profile.dev]\npanic = \"abort\"\n", "aborts", "dev");
    }
}

#[test]
fn a_program_that_is_optimised_as_a_whole_and_stripped_has_workers() {
    if has_time() {
        let profile = "[profile.release]\nlto = \"fat\"\ncodegen-units = 1\nstrip = true\n";
        works(profile, "stripped", "release");
    }
}

#[test]
fn a_program_that_is_small_and_aborts_has_workers() {
    if has_time() {
        let profile = "[profile.small]\ninherits = \"release\"\nlto = \"fat\"\nopt-level = \"z\"\n\
                       panic = \"abort\"\nstrip = true\n";
        works(profile, "small", "small");
    }
}

#[test]
fn a_benchmark_without_a_harness_has_workers() {
    if has_time() {
        let manifest = "[[bench]]\nname = \"benched\"\nharness = false\n";
        let host = Host::with("benched", manifest, "src/lib.rs", "");
        fs::create_dir_all(host.folder.join("benches")).unwrap();
        fs::write(host.folder.join("benches/benched.rs"), MAIN).unwrap();
        // In the profile of tests, which is built already.
        let output = host.cargo(&["test", "--bench", "benched", "--", "--strict"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        worked(&String::from_utf8(output.stdout).unwrap());
    }
}

/// There a process has no descriptor, and the link to its executable leads to valgrind.
#[test]
fn a_program_under_valgrind_has_workers() {
    if has_time() && Command::new("valgrind").arg("--version").output().is_ok() {
        let program = Host::new("watched", "", MAIN).build("dev").join("watched");
        let valgrind = ["--quiet", "--error-exitcode=7"];
        worked(&succeeds(Command::new("valgrind").args(valgrind).arg(program).arg("--strict")));
    }
}

/// A capture is found when the call is made into code, so a check does not see it.
#[test]
fn a_function_that_captures_is_refused_by_the_build_in_our_words() {
    if !has_time() {
        return;
    }
    let main = "fn main() {\n    let pool = asyncio::ProcessPoolExecutor::new().unwrap();\n    \
                let factor = 3_u64;\n    \
                pool.run_blocking(move |n: u64| n * factor, 14).unwrap();\n}\n";
    let why = Host::new("captures", "", main).refusal("build");
    let words = "a function for another process cannot capture variables or be a function \
                 pointer: pass what it needs as its argument, a tuple for several values";
    assert!(why.contains(words), "{why}");
    assert!(why.contains("src/main.rs:4:"), "{why}");
}

#[test]
fn a_function_that_borrows_is_refused_by_the_check() {
    if !has_time() {
        return;
    }
    let main = "fn main() {\n    let pool = asyncio::ProcessPoolExecutor::new().unwrap();\n    \
                let factor = 3_u64;\n    \
                pool.run_blocking(|n: u64| n * factor, 14).unwrap();\n}\n";
    let why = Host::new("borrows", "", main).refusal("check");
    assert!(why.contains("error[E0597]") || why.contains("error[E0373]"), "{why}");
    assert!(why.contains("src/main.rs:4:"), "{why}");
}

/// A library for an interpreter: the executable knows nothing of the pool.
const LIBRARY: &str = r#"
use asyncio::ProcessPoolExecutor;

fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

#[unsafe(no_mangle)]
pub extern "C" fn become_worker() {
    asyncio::pool::init();
    println!("this is no worker");
}

#[unsafe(no_mangle)]
pub extern "C" fn call_in_processes() {
    println!("{}", ProcessPoolExecutor::new().unwrap_err());
    let interpreter = std::env::var_os("INTERPRETER").unwrap();
    let script = std::env::var_os("SCRIPT").unwrap();
    let builder = ProcessPoolExecutor::builder().workers(1);
    let pool = builder.worker_command(interpreter, ["-c".into(), script]).build().unwrap();
    println!("{}", pool.run_blocking(fib, 20).unwrap());
    let died = pool.run_blocking(|()| -> () { std::process::abort() }, ()).unwrap_err();
    println!("{:?}", died.signal());
    println!("{}", pool.run_blocking(|(a, b)| a + b, (1.5, 2.0)).unwrap());
}
"#;

#[test]
fn cpython_a_library_in_an_interpreter_has_workers_by_a_command() {
    let test = "cpython_a_library_in_an_interpreter";
    let (true, Some(mut python)) = (has_time(), python(test)) else { return };
    let interpreter = succeeds(python.args(["-c", "import sys; print(sys.executable)"]));
    let manifest = "[lib]\ncrate-type = [\"cdylib\"]\n";
    let host = Host::with("library", manifest, "src/lib.rs", LIBRARY);
    let library = host.build("dev").join("liblibrary.so");
    let load = |call| format!("import ctypes; ctypes.CDLL({library:?}).{call}()");
    let text = succeeds(
        Command::new(interpreter.trim_end())
            .args(["-c", &load("call_in_processes")])
            .env("INTERPRETER", interpreter.trim_end())
            .env("SCRIPT", load("become_worker")),
    );
    let lines: Vec<&str> = text.lines().collect();
    let [refused, fib, died, sum] = lines[..] else { panic!("{text}") };
    assert!(refused.contains("`builder().worker_command()`"), "{refused}");
    assert_eq!((fib, died, sum), ("6765", "Some(6)", "3.5"));
}
