//! The `mod` lines of a crate stand in dependence order: a file uses only modules that stand above its own.
//!
//! The list is then the reading order and a proof that no circle exists inside the crate.
//! Names that the root re-exports are not followed: a path is judged by the modules it is written with.

use std::collections::BTreeMap;
use std::path::Path;

use super::House;
use super::source::{Source, is_word, line_of, words};

/// For each module (by its path from the crate's root), its children in the order of their `mod` lines.
type Lists = BTreeMap<Vec<String>, Vec<String>>;

pub(crate) fn check(house: &House) -> Vec<String> {
    let mut problems = Vec::new();
    for package in &house.workspace.packages {
        let root = package.folder.join("src");
        let files: Vec<(Vec<String>, &Source)> = house
            .sources
            .iter()
            .filter(|source| !source.is_test)
            .filter_map(|source| Some((module_path(source.path.strip_prefix(&root).ok()?), source)))
            .collect();
        problems.extend(check_crate(&files));
    }
    problems
}

fn check_crate(files: &[(Vec<String>, &Source)]) -> Vec<String> {
    let lists: Lists =
        files.iter().map(|(module, source)| (module.clone(), declared(&source.product))).collect();
    let mut problems = Vec::new();
    for (module, source) in files {
        for (at, used) in used_paths(&source.product, module) {
            if let Some((below, above)) = breach(module, &used, &lists) {
                let line = line_of(&source.product, at);
                problems.push(format!(
                    "{}:{line}: uses `{}`, so `mod {below}` must stand above `mod {above}`",
                    source.shown,
                    used.join("::"),
                ));
            }
        }
    }
    problems
}

/// The two siblings that stand in the wrong order: the used one, and ours.
fn breach(own: &[String], used: &[String], lists: &Lists) -> Option<(String, String)> {
    let shared = own.iter().zip(used).take_while(|(a, b)| a == b).count();
    let (ours, theirs) = (own.get(shared)?, used.get(shared)?);
    let order = lists.get(&own[..shared])?;
    let our_place = order.iter().position(|name| name == ours)?;
    let their_place = order.iter().position(|name| name == theirs)?;
    (their_place > our_place).then(|| (theirs.clone(), ours.clone()))
}

/// `a/mod.rs` and `a.rs` are the module `a`; `lib.rs` and `main.rs` are the root.
fn module_path(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let last = parts.pop().unwrap_or_default();
    match last.as_str() {
        "mod.rs" => {}
        "lib.rs" | "main.rs" if parts.is_empty() => {}
        _ => parts.push(last.trim_end_matches(".rs").to_owned()),
    }
    parts
}

/// The names of the `mod x;` lines, in order.
fn declared(code: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for at in words(code, "mod") {
        let rest = code[at + 3..].trim_start();
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        // One module may be declared once for each platform.
        if rest[name.len()..].trim_start().starts_with(';') && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Every path that starts at the crate's root or at a parent, from the root, with its place.
fn used_paths(code: &str, own: &[String]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for at in words(code, "crate") {
        expand(&code[at + 5..], &mut Vec::new(), &mut |path| found.push((at, path.to_vec())));
    }
    for at in words(code, "super") {
        // Only the first of `super::super` starts a path.
        if code[..at].ends_with("::") {
            continue;
        }
        let mut base = own.to_vec();
        base.pop();
        let mut rest = &code[at + 5..];
        while let Some(further) = rest.strip_prefix("::super") {
            base.pop();
            rest = further;
        }
        expand(rest, &mut base, &mut |path| found.push((at, path.to_vec())));
    }
    found
}

/// Follows `::name` and `::{a, b::c}`, reports each full path, and returns what is left of the text.
fn expand<'a>(
    rest: &'a str,
    path: &mut Vec<String>,
    report: &mut impl FnMut(&[String]),
) -> &'a str {
    let Some(rest) = rest.strip_prefix("::") else {
        report(path);
        return rest;
    };
    let rest = rest.trim_start();
    if let Some(mut inner) = rest.strip_prefix('{') {
        loop {
            inner = inner.trim_start_matches([' ', '\n', ',']);
            if inner.is_empty() || inner.starts_with('}') {
                return inner.strip_prefix('}').unwrap_or(inner);
            }
            let before = inner.len();
            inner = segment(inner, path, report);
            // `as name` after an import, or anything else up to the next comma.
            if let Some(next) = inner.find([',', '}']) {
                inner = &inner[next..];
            }
            if inner.len() == before {
                return inner;
            }
        }
    }
    segment(rest, path, report)
}

fn segment<'a>(
    rest: &'a str,
    path: &mut Vec<String>,
    report: &mut impl FnMut(&[String]),
) -> &'a str {
    let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
    if length == 0 {
        report(path);
        return rest;
    }
    path.push(rest[..length].to_owned());
    let rest = expand(&rest[length..], path, report);
    path.pop();
    rest
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn problems(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| {
                Source::new(PathBuf::from(path), (*path).to_owned(), (*text).to_owned())
            })
            .collect();
        let files: Vec<_> =
            sources.iter().map(|source| (module_path(&source.path), source)).collect();
        check_crate(&files)
    }

    #[test]
    fn a_module_uses_only_what_stands_above_it() {
        let lib = ("lib.rs", "mod a;\npub mod b;\nmod c;");
        assert!(
            problems(&[lib, ("b.rs", "use crate::a::X; use crate::Y; fn f() { crate::b::g() }")])
                .is_empty()
        );
        let found = problems(&[lib, ("b.rs", "// crate::c\nuse crate::{a::X, c::{self, Z}};")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("b.rs:2: uses `c"));
        assert_eq!(problems(&[lib, ("a.rs", "use super::b;")]).len(), 1);
    }

    #[test]
    fn lists_in_folders_are_judged_at_the_level_where_the_paths_part() {
        let files = [
            ("lib.rs", "mod low; mod cell; mod high;"),
            ("cell/mod.rs", "mod state; mod header; pub use header::H;"),
            ("cell/header.rs", "use super::state::S; use crate::low::L; use super::super::low;"),
            ("cell/state.rs", "use crate::cell::header::H;"),
        ];
        let found = problems(&files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`mod header` must stand above `mod state`"));
    }

    #[test]
    fn tests_may_look_anywhere() {
        let files =
            [("lib.rs", "mod a; mod b;"), ("a.rs", "#[cfg(test)]\nmod tests { use crate::b::X; }")];
        assert!(problems(&files).is_empty());
    }
}
