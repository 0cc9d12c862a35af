//! Source files as the rules see them: text with comments and literals blanked out, tests told apart.
//!
//! Not a parser: it knows comments, strings, characters, raw strings and braces, and that is enough to count and to find paths.
//! Blanking keeps every line break, so that a place in the blanked text is a place in the file.

use std::path::{Path, PathBuf};

/// One `.rs` file.
#[derive(Debug, Default)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    /// The path from the root, as messages write it.
    pub(crate) shown: String,
    pub(crate) text: String,
    /// The text without comments and literals, tests included.
    pub(crate) code: String,
    /// The same without items under `#[cfg(test)]`.
    pub(crate) product: String,
    /// Lines that are not inside such an item.
    pub(crate) product_lines: usize,
    /// The whole file is a test, by its place: under `tests/`, or called `tests.rs`.
    pub(crate) is_test: bool,
}

impl Source {
    pub(crate) fn new(path: PathBuf, shown: String, text: String) -> Source {
        let code = blank(&text);
        let (product, tested_lines) = without_tests(&code);
        let product_lines = text.lines().count() - tested_lines;
        let is_test = shown.contains("/tests/") || shown.ends_with("/tests.rs");
        Source { path, shown, text, code, product, product_lines, is_test }
    }
}

/// All `.rs` files below a folder, in the order of their names.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    files_with_extension(folder, "rs")
}

/// All files below a folder that have this extension; build output and hidden folders are left out.
pub(crate) fn files_with_extension(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            let hidden =
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if path.is_dir() && !hidden && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Replaces comments and the insides of literals with spaces.
pub(crate) fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_or_comment(bytes, at);
        if end > at {
            for byte in &mut out[at..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
            at = end;
        } else if is_word(bytes[at]) {
            // A whole word at once, so that the `r` of `for"` is not taken for a raw string's.
            while at < bytes.len() && is_word(bytes[at]) && literal_or_comment(bytes, at) == at {
                at += 1;
                if at < bytes.len() && matches!(bytes[at], b'"' | b'#') {
                    break;
                }
            }
        } else {
            at += 1;
        }
    }
    // Only whole literals and comments were replaced, each by spaces, so this is text still.
    String::from_utf8_lossy(&out).into_owned()
}

/// Where the comment or literal that starts at `at` ends; `at` itself if none starts there.
fn literal_or_comment(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    }
    if rest.starts_with(b"/*") {
        return at + block_comment(rest);
    }
    let starts_word = at == 0 || !is_word(bytes[at - 1]);
    let prefix = rest.iter().take_while(|byte| matches!(byte, b'b' | b'r' | b'c')).count();
    let prefix = if starts_word { prefix } else { 0 };
    let hashes = rest[prefix..].iter().take_while(|byte| **byte == b'#').count();
    if rest.get(prefix + hashes) == Some(&b'"') && (hashes == 0 || prefix > 0) {
        let raw = rest[..prefix].contains(&b'r');
        return at
            + prefix
            + hashes
            + 1
            + string_body(&rest[prefix + hashes + 1..], raw.then_some(hashes));
    }
    if rest[0] == b'\'' || rest.starts_with(b"b'") {
        return at + character(rest);
    }
    at
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of a string after its opening quote; `raw` is the number of hashes that must close it.
fn string_body(rest: &[u8], raw: Option<usize>) -> usize {
    let mut at = 0;
    while at < rest.len() {
        match (rest[at], raw) {
            (b'\\', None) => at += 2,
            (b'"', None) => return at + 1,
            (b'"', Some(hashes))
                if rest[at + 1..].iter().take(hashes).filter(|b| **b == b'#').count() == hashes =>
            {
                return at + 1 + hashes;
            }
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a character literal, or 0 for a lifetime.
fn character(rest: &[u8]) -> usize {
    let open = usize::from(rest[0] == b'b');
    if rest.get(open + 1) == Some(&b'\\') {
        let close = rest[open + 3..].iter().position(|byte| *byte == b'\'');
        return close.map_or(0, |close| open + 3 + close + 1);
    }
    // One character, however many bytes it has, and then the quote.
    let width =
        rest[open + 1..].iter().skip(1).take_while(|byte| **byte & 0xc0 == 0x80).count() + 1;
    if rest.get(open + 1 + width) == Some(&b'\'') { open + width + 2 } else { 0 }
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Blanks the items under `#[cfg(test)]`, and says how many lines they had.
fn without_tests(code: &str) -> (String, usize) {
    let mut out = code.to_owned();
    let mut lines = 0;
    let starts = ["#[cfg(test)]", "#[cfg(all(test"];
    while let Some(start) = starts.iter().filter_map(|mark| out.find(mark)).min() {
        let end = item_end(out.as_bytes(), start);
        let item = &out[start..end];
        lines += item.matches('\n').count() + 1;
        let blanked: String = item.chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        out.replace_range(start..end, &blanked);
    }
    (out, lines)
}

/// Where the item that begins at `start` (with its attributes) ends: at its last brace, or at its semicolon.
pub(crate) fn item_end(code: &[u8], start: usize) -> usize {
    let (mut depth, mut at) = (0_i32, start);
    while at < code.len() {
        match code[at] {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth -= 1;
                if depth == 0 && code[at] == b'}' {
                    return at + 1;
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
        at += 1;
    }
    code.len()
}

/// The places where `word` stands by itself.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let bytes = code.as_bytes();
        let before = at.checked_sub(1).is_none_or(|at| !is_word(bytes[at]));
        before && bytes.get(at + word.len()).is_none_or(|byte| !is_word(*byte))
    })
}

/// The line number of a place in the text.
pub(crate) fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_nothing_else() {
        let text = "let a = \"unsafe {\"; // unsafe\nlet b = 'x'; let c: &'a str = r#\"un\"safe\"#; /* a /* b */ c */ d";
        let code = blank(text);
        assert_eq!(code.len(), text.len());
        assert!(!code.contains("unsafe") && !code.contains("safe\""));
        assert!(code.contains("let b =") && code.contains("&'a str") && code.ends_with('d'));
        assert_eq!(blank("b'{' '\\'' '\\u{1}' 'é'").trim(), "");
        assert_eq!(blank("for x in r#type {}"), "for x in r#type {}");
    }

    #[test]
    fn test_items_are_left_out_of_the_product() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { x }\n}\nfn c() {}\n#[cfg(test)]\nmod more;\n";
        let source = Source::new(PathBuf::new(), String::new(), text.to_owned());
        assert!(source.product.contains("fn a") && source.product.contains("fn c"));
        assert!(!source.product.contains("fn b") && !source.product.contains("more"));
        assert!(source.code.contains("fn b"));
        assert_eq!(source.product_lines, 2);
    }

    #[test]
    fn a_word_is_not_found_inside_another() {
        assert_eq!(words("unsafe_code unsafe un unsafe", "unsafe").count(), 2);
        assert_eq!(line_of("a\nb\nc", 4), 3);
    }
}
