//! Relative links in the documentation lead to files that exist, and to headings that are in them.

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
        let shown = house.workspace.shown(&page);
        for (line, Link { path, heading }) in relative_links(&text) {
            let target = if path.is_empty() { page.clone() } else { folder.join(&path) };
            if !target.exists() {
                problems.push(format!("{shown}:{line}: no such file: {path}"));
            } else if let Some(heading) = heading
                && !std::fs::read_to_string(&target).is_ok_and(|text| has_heading(&text, &heading))
            {
                problems.push(format!("{shown}:{line}: no such heading: {path}#{heading}"));
            }
        }
    }
    problems
}

/// Where a link leads.
#[derive(PartialEq, Eq, Debug)]
struct Link {
    /// Empty for the page itself.
    path: String,
    heading: Option<String>,
}

/// Whether a page has a heading of this anchor.
fn has_heading(text: &str, anchor: &str) -> bool {
    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor_of(line) == anchor)
}

/// The anchor of a heading, as most renderers make it.
fn anchor_of(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    words.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// The links of a page that name a file of ours or a heading, with their lines; code blocks are left out.
fn relative_links(text: &str) -> Vec<(usize, Link)> {
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
            let (path, heading) = match target.split_once('#') {
                Some((path, heading)) => (path, Some(heading.to_owned())),
                None => (target, None),
            };
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            // `[x](crate::y)` is rustdoc's, which checks it itself.
            if !target.is_empty() && !elsewhere && !path.contains("::") {
                links.push((index + 1, Link { path: path.to_owned(), heading }));
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
        let link = |path: &str, heading: Option<&str>| Link {
            path: path.to_owned(),
            heading: heading.map(str::to_owned),
        };
        assert_eq!(
            relative_links(page),
            [(1, link("b.md", Some("part"))), (1, link("", Some("g"))), (5, link("i.svg", None))]
        );
    }

    #[test]
    fn a_heading_is_found_by_its_anchor() {
        let page = "# One\ntext\n## What `select!` does, and why\n";
        assert!(has_heading(page, "one") && has_heading(page, "what-select-does-and-why"));
        assert!(!has_heading(page, "text"));
    }
}
