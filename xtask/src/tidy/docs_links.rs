//! Relative links in the documentation lead to files that exist.

use std::path::Path;

use super::House;
use super::source::files_with_extension;

pub(crate) fn check(house: &House) -> Vec<String> {
    let root = &house.workspace.root;
    let mut pages = files_with_extension(&root.join("docs"), "md");
    pages.extend(["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(|page| root.join(page)));
    pages.extend(house.workspace.packages.iter().map(|package| package.folder.join("README.md")));
    let mut problems = Vec::new();
    for page in pages {
        let Ok(text) = std::fs::read_to_string(&page) else { continue };
        let folder = page.parent().unwrap_or(Path::new("."));
        for (line, link) in relative_links(&text) {
            if !folder.join(&link).exists() {
                problems
                    .push(format!("{}:{line}: no such file: {link}", house.workspace.shown(&page)));
            }
        }
    }
    problems
}

/// The links of a page that name a file of ours, with their lines; code blocks are left out.
fn relative_links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            let target = line[at + 2..].split([')', ' ']).next().unwrap_or_default();
            let path = target.split('#').next().unwrap_or_default();
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            // `[x](crate::y)` is rustdoc's, which checks it itself.
            if !path.is_empty() && !elsewhere && !path.contains("::") {
                links.push((index + 1, path.to_owned()));
            }
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_to_our_own_files_are_followed() {
        let page = "[a](b.md#part) [c](https://d.e) [f](#g)\n```\n[no](no.md)\n```\n![h](i.svg \"title\") [x](crate::Y)";
        assert_eq!(relative_links(page), [(1, "b.md".into()), (5, "i.svg".into())]);
    }
}
