//! Names use the standard terms of the field. The words below had private meanings here once.

use super::House;
use super::source::line_of;

/// The word, as a part of a name, and what to say instead.
const WORDS: &[(&str, &str)] = &[
    ("home", "owner"),
    ("abroad", "remote"),
    ("door", "hook"),
    ("doors", "hook"),
    ("breathe", "poll_driver"),
    ("breath", "driver work"),
    ("effort", "budget"),
    ("stride", "poll interval"),
    ("mail", "messages"),
    ("crew", "workers"),
    ("rouse", "wake"),
    ("hire", "start"),
    ("attendance", "driver"),
    ("bury", "reap"),
    ("graveyard", "deferred drops"),
    ("newcomer", "launched"),
    ("greet", "send config"),
    ("verdict", "kill reason"),
    ("whereabouts", "location"),
    ("patience", "deadline"),
    ("ledger", "state"),
    ("redeem", "release"),
    ("hindrance", "unsupported reason"),
];

/// The pools keep their words until they are rebuilt, and so does what calls them.
const LATER: &[&str] = &["crates/pool/", "crates/benches/", "xtask/"];

pub(crate) fn check(house: &House) -> Vec<String> {
    let sources = house
        .sources
        .iter()
        .filter(|source| !LATER.iter().any(|folder| source.shown.starts_with(folder)));
    let mut problems = Vec::new();
    for source in sources {
        for (at, word, instead) in uses(&source.product) {
            let line = line_of(&source.product, at);
            problems.push(format!("{}:{line}: `{word}` in a name: say {instead}", source.shown));
        }
    }
    problems
}

/// Each use of a word as a whole part of a name: `take_mail`, `TakeMail`, `MAIL_BOX`.
fn uses(code: &str) -> Vec<(usize, &'static str, &'static str)> {
    let mut found = Vec::new();
    for (at, name) in names(code) {
        for part in parts(name) {
            if let Some((word, instead)) = WORDS.iter().find(|(word, _)| *word == part) {
                found.push((at, *word, *instead));
            }
        }
    }
    found
}

fn names(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        at += code[at..].find(is_part)?;
        let rest = &code[at..];
        let name = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        let found = (at, name);
        at += name.len();
        Some(found)
    })
}

/// The parts of a name in lower case, however it joins them.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && was_lower) {
            parts.push(String::new());
        }
        was_lower = c.is_lowercase();
        if c != '_' {
            parts.last_mut().expect("there is a first one").extend(c.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> Vec<&'static str> {
        uses(code).into_iter().map(|(_, word, _)| word).collect()
    }

    #[test]
    fn words_are_found_as_parts_of_names_only() {
        assert_eq!(found("fn take_mail(mut graveyard: Vec<u8>) {}"), ["mail", "graveyard"]);
        assert_eq!(found("struct ClockDoor; const MAIL: u8 = 0;"), ["door", "mail"]);
        assert_eq!(found("let email = outdoors(homely);"), [""; 0]);
    }
}
