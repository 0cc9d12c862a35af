//! Files of at most 420 lines and functions of at most 70, tests not counted: what a reader can hold at once.

use super::House;
use super::source::{item_end, line_of, words};

const FILE_LINES_MAX: usize = 420;
const FUNCTION_LINES_MAX: usize = 70;

pub(crate) fn check(house: &House) -> Vec<String> {
    let mut problems = Vec::new();
    for source in house.sources.iter().filter(|source| !source.is_test) {
        if source.product_lines > FILE_LINES_MAX {
            problems.push(format!(
                "{}: {} lines without tests, {FILE_LINES_MAX} allowed; split it by concern",
                source.shown, source.product_lines
            ));
        }
        for (name, line, length) in functions(&source.product) {
            if length > FUNCTION_LINES_MAX {
                problems.push(format!(
                    "{}:{line}: `{name}` has {length} lines, {FUNCTION_LINES_MAX} allowed",
                    source.shown
                ));
            }
        }
    }
    problems
}

/// Name, line and length of every function with a body.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for at in words(code, "fn") {
        let name: String = code[at + 2..]
            .trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        // A function pointer's type has no name.
        if name.is_empty() {
            continue;
        }
        let end = item_end(code.as_bytes(), at);
        let length = code[at..end].matches('\n').count() + 1;
        found.push((name, line_of(code, at), length));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_measured_from_its_name_to_its_last_brace() {
        let code = "struct A { f: fn() }\npub fn one() {}\nfn two(\n  a: [u8; 2],\n) -> u8 {\n  { 1 }\n}\nfn three();\n";
        let found = functions(code);
        assert_eq!(found, [("one".into(), 2, 1), ("two".into(), 3, 5), ("three".into(), 8, 1)]);
    }
}
