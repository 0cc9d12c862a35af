//! Every path of ours that `docs/python-map.md` names exists: its first word in the facade, the rest in some crate.
//!
//! The page's tables have Python's name in the first column and ours in the second; a row that says `not yet` promises nothing.

use super::House;
use super::source::{is_word, words};

const PAGE: &str = "docs/python-map.md";

pub(crate) fn check(house: &House) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(house.workspace.root.join(PAGE)) else {
        return Vec::new();
    };
    let code = |folder: &str| -> String {
        let chosen = house
            .sources
            .iter()
            .filter(|source| source.shown.starts_with(folder) && !source.is_test);
        chosen.map(|source| source.product.as_str()).collect::<Vec<_>>().join("\n")
    };
    let (facade, everything) = (code("crates/asyncio/src/"), code("crates/"));
    let mut problems = Vec::new();
    for (line, path) in paths(&text) {
        for (index, name) in path.iter().enumerate() {
            let place = if index == 0 { &facade } else { &everything };
            if words(place, name).next().is_none() {
                problems.push(format!(
                    "{PAGE}:{line}: `{}` does not exist: no `{name}`",
                    path.join("::")
                ));
            }
        }
    }
    problems
}

/// The paths in backticks in the second column, with their lines.
fn paths(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if !line.starts_with('|') || line.contains("not yet") {
            continue;
        }
        let Some(cell) = line.split('|').nth(2) else { continue };
        for code in cell.split('`').skip(1).step_by(2) {
            if let Some(path) = path(code) {
                found.push((index + 1, path));
            }
        }
    }
    found
}

/// `asyncio::net::TcpListener::bind(..)` is the path `net, TcpListener, bind`; `#[asyncio::main]` is `main`.
fn path(code: &str) -> Option<Vec<String>> {
    let code = code.trim_start_matches("#[").trim_start_matches("asyncio::");
    let end = code.bytes().position(|byte| !is_word(byte) && byte != b':').unwrap_or(code.len());
    let names: Vec<String> =
        code[..end].split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let starts_well = names.first()?.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts_well.then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_column_is_read() {
        let page = "| Python | ours | differs |\n|---|---|---|\n| `a.b` | `asyncio::net::Tcp::bind(x)`, `sleep` | `c` |\n| `d` | `eager` (not yet) | |";
        let found = paths(page);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], (3, vec!["net".into(), "Tcp".into(), "bind".into()]));
        assert_eq!(path("#[asyncio::main]").unwrap(), ["main"]);
        assert_eq!(path("?"), None);
    }
}
