//! What is published says what it is and carries its licences, and its README stands by itself.
//!
//! A package is read where the rest of the project is not: on its page in the registry and in its own
//! documentation. A link to a file of the repository is dead there. So the README of the facade is the
//! project's with those links taken out; `cargo xtask readme` writes it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::House;
use crate::sh::{Failure, Outcome};
use crate::workspace::{Package, Workspace};

const LICENSES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

pub(crate) fn check(house: &House) -> Vec<String> {
    let root = &house.workspace.root;
    let mut problems = Vec::new();
    let mut keywords: BTreeMap<Vec<&str>, &str> = BTreeMap::new();
    for package in house.workspace.products() {
        let name = package.name.as_str();
        let mut complain = |what: &str| problems.push(format!("{name}: {what}"));
        for license in LICENSES {
            let [ours, theirs] =
                [root, &package.folder].map(|at| std::fs::read(at.join(license)).ok());
            if ours.is_none() || ours != theirs {
                complain(&format!("{license} is not that of the project: link to it"));
            }
        }
        check_manifest(package).into_iter().for_each(&mut complain);
        let readme = std::fs::read_to_string(package.folder.join("README.md")).unwrap_or_default();
        if without_file_links(&readme) != readme {
            complain("README.md links to files, which are not there for whoever reads the package");
        }
        if let Some(other) = keywords.insert(words(package, "keywords"), name) {
            complain(&format!("has the keywords of {other}"));
        }
    }
    if let Some((path, text)) = facade_readme(&house.workspace)
        && std::fs::read_to_string(&path).ok().as_ref() != Some(&text)
    {
        let path = house.workspace.shown(&path);
        problems.push(format!("{path} is not the project's README: run `cargo xtask readme`"));
    }
    problems
}

/// Writes the facade's README.
pub(crate) fn write_readme() -> Outcome {
    let Some((path, text)) = facade_readme(&Workspace::load()?) else { return Ok(()) };
    std::fs::write(&path, text)
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))
}

/// Where the facade's README lies, and what stands in it.
fn facade_readme(workspace: &Workspace) -> Option<(PathBuf, String)> {
    let facade = workspace.package("asyncio")?;
    let text = std::fs::read_to_string(workspace.root.join("README.md")).ok()?;
    Some((facade.folder.join("README.md"), without_file_links(&text)))
}

fn check_manifest(package: &Package) -> Vec<&'static str> {
    let has = |field: &str| package.manifest[field].as_str().is_some_and(|text| !text.is_empty());
    let page = format!("https://docs.rs/{}", package.name);
    let keywords = words(package, "keywords");
    let rules = [
        (has("description"), "has no `description`"),
        (has("license"), "has no `license`"),
        (has("rust_version"), "has no `rust-version`"),
        (package.manifest["readme"] == "README.md", "`readme` is not its own README.md"),
        (
            package.manifest["documentation"] == page.as_str(),
            "`documentation` is not its page on docs.rs",
        ),
        (package.manifest["repository"].is_null(), "has a `repository`, and there is none yet"),
        (!words(package, "categories").is_empty(), "has no `categories`"),
        ((1..=5).contains(&keywords.len()), "has no `keywords`, or more than five"),
        (keywords.iter().all(|word| word.len() <= 20), "a keyword has more than 20 letters"),
    ];
    rules.into_iter().filter(|(holds, _)| !holds).map(|(_, problem)| problem).collect()
}

/// The strings of a list in the manifest.
fn words<'a>(package: &'a Package, field: &str) -> Vec<&'a str> {
    let list = package.manifest[field].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(serde_json::Value::as_str).collect()
}

/// The text with each link to a file replaced by its words, and by the page's name if it is one in `docs`.
fn without_file_links(text: &str) -> String {
    let mut is_code = false;
    let mut plain = String::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        if is_code { plain.push_str(line) } else { push_without_links(&mut plain, line) }
    }
    plain
}

fn push_without_links(plain: &mut String, mut line: &str) {
    while let Some((before, link)) = line.split_once("](")
        && let Some((target, rest)) = link.split_once(')')
        && let Some((lead, words)) = before.rsplit_once('[')
    {
        plain.push_str(lead);
        let target = target.split([' ', '#']).next().unwrap_or_default();
        // Images are shown by no page but the repository's.
        let is_image = plain.ends_with('!');
        match names_a_file(target) {
            false => plain.push_str(&line[lead.len()..line.len() - rest.len()]),
            true if is_image => drop(plain.pop()),
            true if target.ends_with(".md") => plain.push_str(&format!("{words} (`{target}`)")),
            true => plain.push_str(words),
        }
        line = rest;
    }
    plain.push_str(line);
}

/// Whether a link's target is a file, and neither a page elsewhere, nor a heading, nor a path in code.
fn names_a_file(target: &str) -> bool {
    target.contains(['/', '.', '-']) && !target.contains("://") && !target.contains("::")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn links_to_files_become_words_and_others_stay() {
        let text = "See [the map](docs/map.md#a), [`x`](crates/x.rs), [MIT](LICENSE-MIT).\n\
                    [a](https://b.c/d.md) [e](#f) [`G`](crate::G) [`h`] [i](I)\n\
                    ```\n[no](docs/no.md)\n```\n![bars](docs/bars.svg)\n";
        let plain = "See the map (`docs/map.md`), `x`, MIT.\n\
                     [a](https://b.c/d.md) [e](#f) [`G`](crate::G) [`h`] [i](I)\n\
                     ```\n[no](docs/no.md)\n```\n\n";
        assert_eq!(without_file_links(text), plain);
        assert_eq!(without_file_links(plain), plain);
    }

    #[test]
    fn a_manifest_that_lacks_something_is_told() {
        let full = json!({
            "description": "d", "license": "MIT", "rust_version": "1.95", "readme": "README.md",
            "documentation": "https://docs.rs/asyncio-x", "repository": null,
            "categories": ["asynchronous"], "keywords": ["async"],
        });
        let package =
            |manifest| Package { name: "asyncio-x".to_owned(), manifest, ..Package::default() };
        assert_eq!(check_manifest(&package(full.clone())), [""; 0]);
        for field in
            ["description", "license", "rust_version", "readme", "documentation", "categories"]
        {
            let mut manifest = full.clone();
            manifest[field] = json!(null);
            assert_eq!(check_manifest(&package(manifest)).len(), 1, "{field}");
        }
        let mut manifest = full;
        manifest["keywords"] = json!(["a", "b", "c", "d", "e", "f-that-is-much-too-long"]);
        manifest["repository"] = json!("https://somewhere.example");
        assert_eq!(check_manifest(&package(manifest)).len(), 3);
    }
}
