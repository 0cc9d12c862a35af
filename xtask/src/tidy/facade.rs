//! The facade re-exports and does nothing else: what it would do belongs to a crate below it.

use super::House;
use super::source::{line_of, words};

/// What the macros call by the facade's name; it must be there.
const NEEDED: &[&str] = &["enter_main"];

pub(crate) fn check(house: &House) -> Vec<String> {
    let mut problems = Vec::new();
    for source in &house.sources {
        if source.shown.starts_with("crates/asyncio/src/") {
            problems.extend(
                check_source(&source.product)
                    .into_iter()
                    .map(|(line, what)| format!("{}:{line}: {what}", source.shown)),
            );
        }
    }
    problems
}

fn check_source(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for item in ["fn", "struct", "enum", "trait", "impl", "static", "const", "union", "type"] {
        for at in words(code, item) {
            let name: String = code[at + item.len()..]
                .trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if !NEEDED.contains(&name.as_str()) {
                let advice = "a facade re-exports only: its place is a crate below";
                found.push((line_of(code, at), format!("`{item} {name}`: {advice}")));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn re_exports_pass_and_items_do_not() {
        let code = "pub use asyncio_core::Instant;\npub mod net {\n    pub use asyncio_net::*;\n}\npub fn enter_main() {}\n";
        assert!(check_source(code).is_empty());
        assert_eq!(check_source("pub fn helper() {}\n").len(), 1);
        assert_eq!(check_source("struct Loop;\nimpl Loop {}\n").len(), 2);
    }
}
