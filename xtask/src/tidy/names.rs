//! A folder `crates/x` holds the package `asyncio-x`, the facade's is `asyncio`, and every crate for users has a README.

use super::House;

pub(crate) fn check(house: &House) -> Vec<String> {
    let mut problems = Vec::new();
    for package in house.workspace.packages.iter().filter(|package| package.name != "xtask") {
        let folder = house.workspace.shown(&package.folder);
        let expected = expected_name(&folder);
        if package.name != expected {
            problems
                .push(format!("{folder}: the package is called {}, not {expected}", package.name));
        }
        if package.is_default && !package.folder.join("README.md").exists() {
            problems.push(format!("{folder}: has no README.md"));
        }
    }
    problems
}

fn expected_name(folder: &str) -> String {
    match folder.strip_prefix("crates/") {
        Some("asyncio") => "asyncio".to_owned(),
        Some(name) => format!("asyncio-{name}"),
        None => format!("asyncio-{folder} (and its place is crates/)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_the_folder() {
        assert_eq!(expected_name("crates/reactor"), "asyncio-reactor");
        assert_eq!(expected_name("crates/asyncio"), "asyncio");
    }
}
