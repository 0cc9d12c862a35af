//! Few dependencies. The facade's normal tree has at most 28 packages, ours included, and 36 with
//! all that is on by default, which is the process pool and its codec.

use std::collections::BTreeSet;

use super::House;
use crate::sh::{Cmd, Outcome};

/// How a tree is asked for, and how many packages it may have.
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
        problems.extend(check_tree(&tree, &features.join(" "), most));
    }
    Ok(problems)
}

fn check_tree(tree: &str, features: &str, most: usize) -> Option<String> {
    let packages = packages(tree);
    let count = packages.len();
    (count > most).then(|| {
        let list = packages.into_iter().collect::<Vec<_>>().join(", ");
        format!("asyncio {features}: {count} packages in its tree, {most} allowed: {list}")
    })
}

/// The packages of a `cargo tree`, each version once.
pub(crate) fn packages(tree: &str) -> BTreeSet<&str> {
    // `(*)` only says that a package was listed before.
    let lines = tree.lines().map(|line| line.trim_end_matches("(*)").trim_end());
    lines.filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "asyncio v0.1.0 (/w/crates/asyncio)\nslab v0.4.12\nasyncio-macros v0.1.0 (proc-macro) (/w/crates/macros)\nslab v0.4.12 (*)\n\nslab v0.5.0\n";

    #[test]
    fn every_package_is_counted_once_and_two_versions_twice() {
        assert_eq!(
            packages(TREE).into_iter().collect::<Vec<_>>(),
            [
                "asyncio v0.1.0 (/w/crates/asyncio)",
                "asyncio-macros v0.1.0 (proc-macro) (/w/crates/macros)",
                "slab v0.4.12",
                "slab v0.5.0",
            ]
        );
    }

    #[test]
    fn one_package_too_many_is_told_with_the_list() {
        assert_eq!(check_tree(TREE, "", 4), None);
        let problem = check_tree(TREE, "--no-default-features", 3).unwrap();
        assert!(problem.contains("4 packages in its tree, 3 allowed: asyncio"), "{problem}");
        assert!(problem.contains("slab v0.5.0"), "{problem}");
    }
}
