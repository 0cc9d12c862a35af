//! An `async fn` as tokens: just enough structure to move it into a plain one. No `syn`: so little is
//! needed that a parser of the whole language would be most of the build.

use crate::Refusal;
use proc_macro::{Delimiter, TokenStream, TokenTree};

/// `attributes visibility async fn name() -> Output { body }`, taken apart.
pub(crate) struct Function {
    /// Attributes and visibility.
    before: Vec<TokenTree>,
    name: String,
    /// From the name on: arguments, output and body.
    rest: Vec<TokenTree>,
}

impl Function {
    pub(crate) fn parse(item: TokenStream) -> Result<Self, Refusal> {
        let mut tokens = item.into_iter().peekable();
        let mut before = Vec::new();
        loop {
            match tokens.next() {
                Some(TokenTree::Ident(word)) if word.to_string() == "async" => break,
                Some(TokenTree::Ident(word)) if word.to_string() == "fn" => {
                    return Err("the function must be `async`: write `async fn`".into());
                }
                Some(token) => before.push(token),
                None => return Err("this attribute belongs on an `async fn`".into()),
            }
        }
        match tokens.next() {
            Some(TokenTree::Ident(word)) if word.to_string() == "fn" => {}
            _ => return Err("this attribute belongs on an `async fn`".into()),
        }
        let Some(TokenTree::Ident(name)) = tokens.peek().cloned() else {
            return Err("this attribute belongs on an `async fn` with a name".into());
        };
        let rest: Vec<TokenTree> = tokens.collect();
        match rest.get(1) {
            Some(TokenTree::Group(arguments))
                if arguments.delimiter() == Delimiter::Parenthesis
                    && arguments.stream().is_empty() => {}
            Some(TokenTree::Group(_)) => return Err("the function must take no arguments".into()),
            _ => return Err("the function must not be generic".into()),
        }
        match rest.last() {
            Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {}
            _ => return Err("the function must have a body".into()),
        }
        Ok(Self { before, name: name.to_string(), rest })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The plain function: `attributes`, the same signature, and in its body the `async fn` and `call`.
    ///
    /// The inner function keeps its own tokens, so that errors in the body point at the user's lines.
    pub(crate) fn expand(self, attributes: &str, call: &str) -> Result<TokenStream, Refusal> {
        let lex = |text: &str| -> Result<TokenStream, Refusal> {
            text.parse().map_err(|error| format!("internal error of asyncio-macros: {error}"))
        };
        let mut inner = lex("async fn")?;
        inner.extend(self.rest.iter().cloned());
        inner.extend(lex(call)?);

        let mut outer = lex(attributes)?;
        outer.extend(self.before);
        outer.extend(lex("fn")?);
        outer.extend(self.rest[..self.rest.len() - 1].iter().cloned());
        outer.extend([TokenTree::Group(proc_macro::Group::new(Delimiter::Brace, inner))]);
        Ok(outer)
    }
}
