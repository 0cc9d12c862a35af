//! Few dependencies. The facade's normal tree has at most 28 crates that are not ours, and 36 with
//! all that is on by default, which is the codec of the process pool.

use std::collections::BTreeSet;

use super::House;
use crate::sh::{Cmd, Outcome};

/// How a tree is asked for, and how many crates it may have.
const TREES: [(&[&str], usize); 2] = [(&["--no-default-features"], 28), (&[], 36)];

pub(crate) fn check(house: &House) -> Outcome<Vec<String>> {
    if house.workspace.package("asyncio").is_none() {
        return Ok(Vec::new());
    }
    let mut problems = Vec::new();
    for (features, most) in TREES {
        let tree = Cmd::cargo("tree")
            .args(["--edges", "normal", "--package", "asyncio", "--prefix", "none"])
            .args(features)
            .output()?;
        let crates = external(&tree);
        if crates.len() > most {
            let list = crates.iter().copied().collect::<Vec<_>>().join(", ");
            let count = crates.len();
            problems.push(format!(
                "asyncio {}: {count} crates in its tree, {most} allowed: {list}",
                features.join(" ")
            ));
        }
    }
    Ok(problems)
}

/// The crates of a `cargo tree` that come from elsewhere, each version once.
fn external(tree: &str) -> BTreeSet<&str> {
    // A crate of ours is followed by its folder in brackets; `(*)` only says that a crate was listed before.
    let lines = tree.lines().map(|line| line.trim_end_matches("(*)").trim_end());
    lines
        .filter(|line| !line.is_empty() && (!line.contains('(') || line.ends_with("(proc-macro)")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crates_of_others_are_counted_and_each_once() {
        let tree = "asyncio v0.1.0 (/w/crates/asyncio)\nfutures v0.3.34\nthiserror-impl v2.0.0 (proc-macro)\nfutures v0.3.34 (*)\n\nasyncio-core v0.1.0 (/w/crates/core) (*)\n";
        assert_eq!(
            external(tree).into_iter().collect::<Vec<_>>(),
            ["futures v0.3.34", "thiserror-impl v2.0.0 (proc-macro)"]
        );
    }
}
