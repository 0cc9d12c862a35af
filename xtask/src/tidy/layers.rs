//! A crate depends only on crates of lower layers, so executor and reactor never meet and neither knows the pool.
//!
//! Development dependencies may point anywhere: cargo allows that circle, and tests need it.

use super::House;

/// The folders of `crates/`, lowest layer first. A new crate must be given its place here, knowingly.
const LAYERS: &[&[&str]] = &[
    &["core", "macros"],
    &["executor", "reactor", "sync", "io"],
    &["pool", "signal"],
    &["net"],
    &["process"],
    &["runtime"],
    &["testing"],
    &["asyncio"],
    &["benches", "models", "conformance"],
];

/// `macros` writes paths to the facade and needs none of the crates to do so.
const ALONE: &str = "asyncio-macros";

pub(crate) fn check(house: &House) -> Vec<String> {
    let mut problems = Vec::new();
    for package in &house.workspace.packages {
        if package.name != "xtask" {
            problems.extend(check_package(&package.name, &package.dependencies));
        }
    }
    problems
}

fn check_package(name: &str, dependencies: &[String]) -> Vec<String> {
    let Some(layer) = layer(name) else {
        return vec![format!("{name}: has no layer; give it one in xtask/src/tidy/layers.rs")];
    };
    let ours = dependencies.iter().filter(|dependency| is_ours(dependency));
    ours.filter_map(|dependency| match self::layer(dependency) {
        _ if name == ALONE => {
            Some(format!("{name}: must depend on no crate of ours, not on {dependency}"))
        }
        Some(below) if below < layer => None,
        _ => {
            Some(format!("{name}: must not depend on {dependency}, which is not in a lower layer"))
        }
    })
    .collect()
}

fn is_ours(name: &str) -> bool {
    name == "asyncio" || name.starts_with("asyncio-")
}

fn layer(name: &str) -> Option<usize> {
    let folder = name.strip_prefix("asyncio-").unwrap_or(name);
    LAYERS.iter().position(|layer| layer.contains(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(name: &str, dependency: &str) -> usize {
        check_package(name, &[dependency.to_owned(), "futures".to_owned()]).len()
    }

    #[test]
    fn arrows_point_downwards_only() {
        assert_eq!(problems("asyncio-executor", "asyncio-core"), 0);
        assert_eq!(problems("asyncio", "asyncio-testing"), 0);
        assert_eq!(problems("asyncio-executor", "asyncio-reactor"), 1);
        assert_eq!(problems("asyncio-reactor", "asyncio-executor"), 1);
        assert_eq!(problems("asyncio-executor", "asyncio-pool"), 1);
        assert_eq!(problems("asyncio-core", "asyncio"), 1);
    }

    #[test]
    fn macros_stands_alone_and_a_new_crate_needs_a_layer() {
        assert_eq!(problems("asyncio-macros", "asyncio-core"), 1);
        assert_eq!(problems("asyncio-novelty", "asyncio-core"), 1);
    }
}
