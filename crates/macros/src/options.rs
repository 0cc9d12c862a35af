//! The arguments of an attribute: `word` and `word = value`, separated by commas.

use crate::refusal::Refusal;
use proc_macro::{Span, TokenStream, TokenTree};

/// Words with their places and their values, both as written.
pub(crate) struct Options(Vec<Argument>);

struct Argument {
    word: String,
    span: Span,
    value: Option<String>,
}

/// Where a test runs.
pub(crate) enum World {
    Real,
    Simulated { seed: String },
    EachOf { seeds: String },
}

impl Options {
    pub(crate) fn parse(arguments: TokenStream, known: &[&str]) -> Result<Self, Refusal> {
        let tokens: Vec<TokenTree> = arguments.into_iter().collect();
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
        let mut options: Vec<Argument> = Vec::new();
        for option in tokens.split(is_comma).filter(|option| !option.is_empty()) {
            let (word, span) = (option[0].to_string(), option[0].span());
            if !known.contains(&word.as_str()) {
                let message = match known {
                    [] => format!("unknown argument `{word}`: this attribute takes none"),
                    known => format!("unknown argument `{word}`: known are {}", known.join(", ")),
                };
                return Err(Refusal::at(span, message));
            }
            if options.iter().any(|option| option.word == word) {
                return Err(Refusal::at(span, format!("`{word}` is given twice")));
            }
            let value = match &option[1..] {
                [] => None,
                [TokenTree::Punct(mark), value @ ..]
                    if mark.as_char() == '=' && !value.is_empty() =>
                {
                    Some(value.iter().cloned().collect::<TokenStream>().to_string())
                }
                _ => {
                    let message = format!("`{word}` is followed by nothing or by `= value`");
                    return Err(Refusal::at(span, message));
                }
            };
            options.push(Argument { word, span, value });
        }
        Ok(Self(options))
    }

    /// What `sim`, `seed` and `seeds` say together.
    pub(crate) fn world(&self) -> Result<World, Refusal> {
        let find = |name: &str| self.0.iter().find(|option| option.word == name);
        let (sim, seed, seeds) = (find("sim"), find("seed"), find("seeds"));
        if let Some(sim) = sim.filter(|sim| sim.value.is_some()) {
            return Err(Refusal::at(sim.span, "`sim` takes no value: `sim, seed = 7`"));
        }
        match (sim, seed, seeds) {
            (None, None, None) => Ok(World::Real),
            (None, Some(option), _) | (None, None, Some(option)) => {
                let message = format!("`{0}` needs a simulated test: `sim, {0} = ..`", option.word);
                Err(Refusal::at(option.span, message))
            }
            (Some(_), Some(_), Some(seeds)) => {
                Err(Refusal::at(seeds.span, "`seed` and `seeds` exclude each other"))
            }
            (Some(_), None, None) => Ok(World::Simulated { seed: "0".into() }),
            (Some(_), Some(seed), None) => match &seed.value {
                Some(seed) => Ok(World::Simulated { seed: seed.clone() }),
                None => Err(Refusal::at(seed.span, "`seed` takes a number: `seed = 7`")),
            },
            (Some(_), None, Some(seeds)) => match &seeds.value {
                Some(seeds) => Ok(World::EachOf { seeds: seeds.clone() }),
                None => Err(Refusal::at(seeds.span, "`seeds` takes a range: `seeds = 0..1000`")),
            },
        }
    }
}
