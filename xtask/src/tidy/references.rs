//! What prose and tests refer to exists in this repository: points of the semantics (`S-12`) and decisions
//! (`decision 5`, `0005-pacing.md`). Papers that lie elsewhere are not referred to.

use std::collections::BTreeSet;

use super::House;
use super::source::{files_with_extension, line_of, words};

const SEMANTICS: &str = "docs/semantics.md";
const DECISIONS: &str = "docs/decisions";

/// Names of papers that no reader has, and what to write instead.
const ELSEWHERE: &[(&str, &str)] = &[
    ("the charter", "say what holds, or cite docs/architecture.md"),
    ("the study", "say what was measured, or cite a decision"),
    ("the roadmap", "say what is not here yet"),
];

/// What can be referred to.
#[derive(Default)]
struct Known {
    points: BTreeSet<u32>,
    decisions: BTreeSet<u32>,
}

pub(crate) fn check(house: &House) -> Vec<String> {
    let root = &house.workspace.root;
    let mut pages = files_with_extension(&root.join("docs"), "md");
    pages.extend(["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(|page| root.join(page)));
    pages.extend(house.workspace.packages.iter().map(|package| package.folder.join("README.md")));
    let known = Known::load(house);
    let mut problems = Vec::new();
    for page in pages {
        let Ok(text) = std::fs::read_to_string(&page) else { continue };
        problems.extend(check_text(&known, &house.workspace.shown(&page), &text));
    }
    // The rule itself names what it forbids.
    let sources = house.sources.iter().filter(|source| !source.shown.ends_with("references.rs"));
    problems.extend(sources.flat_map(|source| check_text(&known, &source.shown, &source.text)));
    problems
}

impl Known {
    fn load(house: &House) -> Known {
        let root = &house.workspace.root;
        let semantics = std::fs::read_to_string(root.join(SEMANTICS)).unwrap_or_default();
        let decisions = files_with_extension(&root.join(DECISIONS), "md");
        let names = decisions.iter().filter_map(|path| path.file_name()?.to_str()?.get(..4));
        Known { points: points(&semantics), decisions: names.filter_map(number).collect() }
    }
}

/// The points that the page of the semantics defines: `- **S-12** …`.
fn points(semantics: &str) -> BTreeSet<u32> {
    let marks = semantics.lines().filter_map(|line| line.strip_prefix("- **S-"));
    marks.filter_map(number).collect()
}

fn check_text(known: &Known, shown: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut report = |at, what: String| {
        problems.push(format!("{shown}:{}: {what}", line_of(text, at)));
    };
    for (at, point) in numbers_after(text, "S-") {
        if !known.points.contains(&point) {
            report(at, format!("S-{point} is not in {SEMANTICS}"));
        }
    }
    for word in ["decision ", "Decision "] {
        for (at, decision) in numbers_after(text, word) {
            if !known.decisions.contains(&decision) {
                report(at, format!("there is no decision {decision} in {DECISIONS}"));
            }
        }
    }
    for word in ["law ", "laws ", "Law ", "Laws "] {
        for (at, law) in numbers_after(text, word) {
            report(
                at,
                format!("{word}{law} is not in this repository: cite a point of {SEMANTICS}"),
            );
        }
    }
    for (phrase, advice) in ELSEWHERE {
        for at in words(text, phrase) {
            report(at, format!("`{phrase}` is not in this repository: {advice}"));
        }
    }
    problems
}

/// The numbers that follow a word which stands by itself, with the places of the word.
fn numbers_after<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = (usize, u32)> + 'a {
    text.match_indices(word).filter_map(move |(at, _)| {
        let inside = text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        if inside { None } else { Some((at, number(&text[at + word.len()..])?)) }
    })
}

/// The number at the beginning of a text.
fn number(text: &str) -> Option<u32> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let known =
            Known { points: points("- **S-1** One.\n- **S-12** Two."), decisions: [5].into() };
        check_text(&known, "a.md", text)
    }

    #[test]
    fn points_and_decisions_that_exist_may_be_cited() {
        assert_eq!(
            problems("S-1 and S-12 ([decision 5](decisions/0005-pacing.md)), TLS-1, by-laws"),
            [""; 0]
        );
    }

    #[test]
    fn what_is_not_here_is_told_with_its_line() {
        assert_eq!(problems("fine\nsee S-2"), ["a.md:2: S-2 is not in docs/semantics.md"]);
        assert_eq!(problems("Decision 6").len(), 1);
        assert_eq!(problems("laws 3 and so on").len(), 1);
        assert_eq!(problems("as the roadmap says, the study and the charter").len(), 3);
    }
}
