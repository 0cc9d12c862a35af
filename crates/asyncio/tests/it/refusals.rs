//! What the attributes refuse: one error that says what to do, at the place where it is wrong, and no other.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiled attributes: this binary was built after them and lies beside them, or, if it was built for a
/// named target, in that target's folder.
fn macros() -> PathBuf {
    let binary = std::env::current_exe().unwrap();
    let deps = binary.parent().unwrap();
    let profile = deps.parent().unwrap().file_name().unwrap();
    let of_host = deps.ancestors().nth(3).unwrap().join(profile).join("deps");
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libasyncio_macros-") && path.extension() == Some("so".as_ref())
    };
    let found = [deps, &of_host].into_iter().filter_map(|folder| Path::read_dir(folder).ok());
    let found = found.flatten().map(|entry| entry.unwrap().path()).filter(is_ours);
    found.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap()
}

/// The errors of a program, without their places in it.
fn errors(program: &str) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let name = program.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte));
    let source = folder.join(format!("refusal_{name}.rs"));
    let program = format!("extern crate asyncio_macros as asyncio;\n{program}\n");
    std::fs::write(&source, &program).unwrap();
    let mut with_macros = std::ffi::OsString::from("asyncio_macros=");
    with_macros.push(macros());
    let compiler = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let output = Command::new(compiler)
        .args(["--edition", "2024", "--emit", "metadata", "--error-format", "short"])
        // A program of tests needs no `main`, and a missing one must not be told of.
        .args(program.contains("asyncio::test").then_some("--test"))
        .arg("--extern")
        .arg(with_macros)
        .arg("-o")
        .arg(source.with_extension("rmeta"))
        .arg(&source)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let errors = text.lines().filter_map(|line| line.split_once(": error"));
    let errors = errors.map(|(place, error)| {
        let place: Vec<_> = place.rsplitn(3, ':').collect();
        format!("{}:{}{error}", place[1].parse::<u32>().unwrap() - 1, place[0])
    });
    errors.collect()
}

#[track_caller]
fn refused(program: &str, error: &str) {
    assert_eq!(errors(program), [error], "{program}");
}

#[test]
fn a_main_that_is_not_async_is_one_error() {
    let error = "2:1: the function must be `async`: write `async fn`";
    refused("#[asyncio::main]\nfn main() {}", error);
    refused("#[asyncio::main]\nfn main() -> Result<(), u8> { Ok(()) }", error);
    let error = "2:5: the function must be `async`: write `async fn`";
    refused("#[asyncio::main]\npub fn main() {}", error);
}

#[test]
fn a_main_with_arguments_is_one_error() {
    let error = "2:14: the function must take no arguments";
    refused("#[asyncio::main]\nasync fn main(arguments: Vec<String>) { drop(arguments) }", error);
}

#[test]
fn arguments_that_are_unknown_are_pointed_at() {
    let program = |attribute| format!("#[asyncio::{attribute}]\nasync fn main() {{}}");
    refused(
        &program("main(flavor = \"multi_thread\")"),
        "1:17: unknown argument `flavor`: this attribute takes none",
    );
    let test = |arguments| format!("#[asyncio::test({arguments})]\nasync fn it_works() {{}}");
    refused(&test("simulated"), "1:17: unknown argument `simulated`: known are sim, seed, seeds");
    refused(&test("seed = 7"), "1:17: `seed` needs a simulated test: `sim, seed = ..`");
    refused(&test("seeds = 0..9"), "1:17: `seeds` needs a simulated test: `sim, seeds = ..`");
    refused(&test("sim, seed"), "1:22: `seed` takes a number: `seed = 7`");
    refused(&test("sim, seeds"), "1:22: `seeds` takes a range: `seeds = 0..1000`");
    refused(&test("sim, seed 7"), "1:22: `seed` is followed by nothing or by `= value`");
    refused(&test("sim, sim"), "1:22: `sim` is given twice");
    refused(&test("sim = 3"), "1:17: `sim` takes no value: `sim, seed = 7`");
    refused(&test("sim, seed = 1, seeds = 0..9"), "1:32: `seed` and `seeds` exclude each other");
}

#[test]
fn what_is_no_plain_async_function_is_refused() {
    let error = "2:1: the function must be `async`: write `async fn`";
    refused("#[asyncio::test]\nfn it_works() {}\nfn other() { it_works() }", error);
    refused(
        "#[asyncio::test]\nasync fn it_works<T>() {}",
        "2:10: the function must not be generic",
    );
    let error = "1:1: this attribute belongs on an `async fn`";
    refused("#[asyncio::test]\nstruct Test;", error);
}
