//! Unsafe code is in listed files only. `docs/unsafe.md` lists every file that has any, with a count and its contract.
//!
//! Blocks, `unsafe impl` and declarations of `unsafe fn` are counted, outside tests; pointers of the type `unsafe fn(..)` are not.

use std::collections::BTreeMap;

use super::House;
use super::source::words;

pub(crate) fn check(house: &House) -> Vec<String> {
    let page = house.workspace.root.join("docs/unsafe.md");
    // Before the page is written there is nothing to compare with.
    let Ok(text) = std::fs::read_to_string(page) else { return Vec::new() };
    compare(&rows(&text), &census(house))
}

/// Files with unsafe code, and how much.
pub(crate) fn census(house: &House) -> BTreeMap<String, usize> {
    let counted = house.sources.iter().filter(|source| !source.is_test);
    counted
        .map(|source| (short(&source.shown).to_owned(), count(&source.product)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn short(path: &str) -> &str {
    path.strip_prefix("crates/").unwrap_or(path)
}

fn count(code: &str) -> usize {
    words(code, "unsafe").filter(|at| counts(code[at + 6..].trim_start())).count()
}

fn counts(after: &str) -> bool {
    let declares_function =
        after.strip_prefix("fn").is_some_and(|rest| !rest.trim_start().starts_with('('));
    after.starts_with('{')
        || after.starts_with("impl")
        || declares_function
        || after.starts_with("extern")
}

/// The rows `| file | blocks | contract |` of the page.
fn rows(text: &str) -> BTreeMap<String, usize> {
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (Some(file), Some(blocks)) = (cells.first(), cells.get(1)) else { continue };
        let file = file.trim_matches('`');
        let number: String = blocks.chars().take_while(char::is_ascii_digit).collect();
        if let (true, Ok(number)) = (file.ends_with(".rs"), number.parse()) {
            rows.insert(short(file).to_owned(), number);
        }
    }
    rows
}

fn compare(rows: &BTreeMap<String, usize>, census: &BTreeMap<String, usize>) -> Vec<String> {
    let mut problems = Vec::new();
    for (file, found) in census {
        match rows.get(file) {
            Some(said) if said == found => {}
            Some(said) => problems
                .push(format!("docs/unsafe.md: says {said} for `{file}`, which has {found}")),
            None => problems.push(format!("docs/unsafe.md: `{file}` has {found} and no row")),
        }
    }
    for file in rows
        .iter()
        .filter(|(file, said)| **said > 0 && !census.contains_key(*file))
        .map(|(file, _)| file)
    {
        problems.push(format!("docs/unsafe.md: `{file}` has no unsafe code, or does not exist"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_impls_and_declarations_are_counted() {
        let code = "unsafe { a } unsafe impl Send for X {} pub unsafe fn f() {} x: unsafe fn(*const ()), #![deny(unsafe_code)]";
        assert_eq!(count(code), 3);
    }

    #[test]
    fn the_page_and_the_sources_must_agree() {
        let page = "| file | blocks | contract |\n| --- | ---: | --- |\n| `executor/src/cell.rs` | 3 | a |\n| `a/src/gone.rs` | 1 | b |";
        let rows = rows(page);
        assert_eq!(rows.len(), 2);
        let census = |count| BTreeMap::from([("executor/src/cell.rs".to_owned(), count)]);
        assert_eq!(
            compare(&rows, &census(3)),
            ["docs/unsafe.md: `a/src/gone.rs` has no unsafe code, or does not exist"]
        );
        assert_eq!(compare(&rows, &census(4)).len(), 2);
        assert_eq!(compare(&BTreeMap::new(), &census(1)).len(), 1);
    }
}
