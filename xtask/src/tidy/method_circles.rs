//! No circle between the files of a crate through methods: `impl` blocks may stand in any file, so two files can
//! call each other although their `use` lines form no circle.
//!
//! A call is followed by the method's name, where only one file of the crate defines it and the standard library
//! has no method of that name that is called all the time.

use std::collections::{BTreeMap, BTreeSet};

use super::House;
use super::source::words;

/// The process pool is a knot until it is rebuilt.
const LATER: &[&str] = &["asyncio-pool", "asyncio-benches"];

/// Methods of the standard library and of traits: a call of one says nothing.
const COMMON: &[&str] = &[
    "add",
    "all",
    "as_ptr",
    "as_ref",
    "borrow",
    "cancel",
    "clear",
    "clone",
    "close",
    "cmp",
    "connect",
    "contains",
    "drain",
    "drop",
    "entry",
    "eq",
    "extend",
    "file",
    "find",
    "first",
    "flush",
    "fmt",
    "front",
    "get",
    "get_mut",
    "insert",
    "into_iter",
    "is_empty",
    "is_finished",
    "is_ready",
    "iter",
    "join",
    "kind",
    "len",
    "local",
    "lock",
    "mark",
    "name",
    "new",
    "next",
    "now",
    "id",
    "pin",
    "poll",
    "poll_next",
    "pop",
    "position",
    "push",
    "read",
    "register",
    "remove",
    "replace",
    "reset",
    "resolve",
    "retain",
    "run",
    "seed",
    "send",
    "set",
    "shutdown",
    "slot",
    "spawn",
    "split",
    "start",
    "state",
    "stop",
    "take",
    "trim",
    "unpark",
    "update",
    "wait",
    "wake",
    "wake_by_ref",
    "with",
    "write",
    "allow",
    "step",
    "at",
    "bind",
    "accept",
    "recv",
    "listen",
    "enter",
    "leave",
    "end",
    "as_fd",
];

pub(crate) fn check(house: &House) -> Vec<String> {
    let mut problems = Vec::new();
    for package in &house.workspace.packages {
        if LATER.contains(&package.name.as_str()) || package.name == "xtask" {
            continue;
        }
        let root = package.folder.join("src");
        let sources = house.sources.iter().filter(|source| source.path.starts_with(&root));
        let files: Vec<(&str, &str)> = sources
            .filter(|source| !source.is_test)
            .map(|source| (source.shown.as_str(), source.product.as_str()))
            .collect();
        problems.extend(circles(&files));
    }
    problems
}

/// Pairs of files that call each other's methods.
fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let calls = calls(files);
    let mut problems = Vec::new();
    for (from, to) in calls.keys() {
        if from < to
            && let Some(back) = calls.get(&(*to, *from))
        {
            let there = &calls[&(*from, *to)];
            problems.push(format!(
                "{from} calls `{there}` of {to}, which calls `{back}` of the former"
            ));
        }
    }
    problems
}

/// Who calls whom, and one of the methods.
fn calls<'a>(files: &[(&'a str, &'a str)]) -> BTreeMap<(&'a str, &'a str), &'a str> {
    let mut defined: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (file, code) in files {
        for method in methods(code) {
            defined.entry(method).or_default().insert(file);
        }
    }
    let mut calls = BTreeMap::new();
    for (file, code) in files {
        for method in called(code) {
            if let Some(homes) = defined.get(method)
                && homes.len() == 1
                && !COMMON.contains(&method)
                && let Some(other) = homes.first().filter(|other| *other != file)
            {
                calls.entry((*file, *other)).or_insert(method);
            }
        }
    }
    calls
}

/// The functions that stand indented, as those of `impl` blocks do, and take `self`.
fn methods(code: &str) -> impl Iterator<Item = &str> {
    words(code, "fn").filter_map(|at| {
        let rest = code[at + 2..].trim_start();
        let name = &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_')?];
        let arguments = rest[name.len()..].split_once('(')?.1;
        let first = arguments.split([',', ')']).next()?;
        first.split(|c: char| !c.is_alphanumeric()).any(|word| word == "self").then_some(name)
    })
}

/// The names behind a dot and before a parenthesis.
fn called(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices('.').filter_map(|(at, _)| {
        let rest = &code[at + 1..];
        let name = &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_')?];
        rest[name.len()..].starts_with('(').then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_that_call_each_other_are_found_and_one_direction_is_not() {
        let one = ("one.rs", "impl Engine { fn settle(&self) { self.bury_all() } }");
        let other = ("other.rs", "impl Engine { fn bury_all(&self) { self.settle() } }");
        assert_eq!(circles(&[one, other]).len(), 1);
        let quiet = ("other.rs", "impl Engine { fn bury_all(&self) {} }");
        assert!(circles(&[one, quiet]).is_empty());
    }

    #[test]
    fn what_two_files_define_or_the_standard_library_has_is_not_followed() {
        let one = ("one.rs", "impl A { fn go(&self) { self.push(1) } fn pop(&self) {} }");
        let other = ("other.rs", "impl B { fn push(&self, _: u8) { self.go() } }");
        assert!(circles(&[one, other]).is_empty());
    }
}
