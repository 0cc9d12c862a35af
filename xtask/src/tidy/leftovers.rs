//! Nothing unfinished is committed: no ignored tests, no `todo!`, and every file says at its head what it holds.

use super::House;
use super::source::{Source, line_of};

pub(crate) fn check(house: &House) -> Vec<String> {
    house.sources.iter().flat_map(check_file).collect()
}

fn check_file(source: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    let banned = [
        ("#[ignore", "a test that never runs proves nothing; delete it or make it run"),
        ("todo!", "finish it"),
        ("unimplemented!", "finish it"),
    ];
    for (mark, advice) in banned {
        for (at, _) in source.code.match_indices(mark) {
            problems.push(format!(
                "{}:{}: `{mark}`: {advice}",
                source.shown,
                line_of(&source.code, at)
            ));
        }
    }
    if !opens_with_its_purpose(&source.text) {
        problems.push(format!("{}: does not open with `//!`", source.shown));
    }
    problems
}

/// A library's root may instead take its README as its documentation.
fn opens_with_its_purpose(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with("//!") || start.starts_with("#![doc = include_str!")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn problems(text: &str) -> usize {
        check_file(&Source::new(PathBuf::new(), "a.rs".to_owned(), text.to_owned())).len()
    }

    #[test]
    fn unfinished_work_is_found_and_mentions_of_it_are_not() {
        assert_eq!(problems("//! Says why.\n// todo!()\nlet a = \"#[ignore]\";"), 0);
        assert_eq!(problems("#![doc = include_str!(\"../README.md\")]\n"), 0);
        assert_eq!(problems("//! Says why.\n#[ignore]\nfn a() { todo!() }"), 2);
        assert_eq!(problems("fn a() {}"), 1);
    }
}
