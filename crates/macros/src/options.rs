//! The arguments of an attribute: `word` and `word = number`, separated by commas.

use crate::Refusal;
use proc_macro::{TokenStream, TokenTree};

/// Words with their values as written.
pub(crate) struct Options(Vec<(String, Option<String>)>);

impl Options {
    pub(crate) fn parse(arguments: TokenStream, known: &[&str]) -> Result<Self, Refusal> {
        let tokens: Vec<TokenTree> = arguments.into_iter().collect();
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
        let mut options = Vec::new();
        for option in tokens.split(is_comma).filter(|option| !option.is_empty()) {
            let word = option[0].to_string();
            if !known.contains(&word.as_str()) {
                let choice =
                    if known.is_empty() { "it takes none".into() } else { known.join(", ") };
                return Err(format!("unknown argument `{word}`: {choice}"));
            }
            let value = match &option[1..] {
                [] => None,
                [TokenTree::Punct(mark), TokenTree::Literal(value)] if mark.as_char() == '=' => {
                    Some(value.to_string())
                }
                _ => return Err(format!("`{word}` takes a number: `{word} = 7`")),
            };
            options.push((word, value));
        }
        Ok(Self(options))
    }

    /// The seed of a simulated test; `None` for a real one.
    pub(crate) fn simulated_seed(&self) -> Result<Option<String>, Refusal> {
        let find = |name: &str| self.0.iter().find(|(word, _)| word == name);
        match (find("sim"), find("seed")) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err("a seed needs a simulated test: `sim, seed = 7`".into()),
            (Some(_), None) => Ok(Some("0".into())),
            (Some(_), Some((_, Some(seed)))) => Ok(Some(seed.clone())),
            (Some(_), Some((_, None))) => Err("`seed` takes a number: `seed = 7`".into()),
        }
    }
}
