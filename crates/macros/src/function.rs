//! An `async fn` as tokens: just enough structure to move it into a plain one. No `syn`: so little is
//! needed that a parser of the whole language would be most of the build.

use crate::refusal::Refusal;
use proc_macro::{Delimiter, TokenStream, TokenTree};

/// `attributes visibility async fn name() -> Output { body }`, taken apart.
pub(crate) struct Function {
    /// Attributes and visibility.
    before: Vec<TokenTree>,
    name: String,
    /// From the name on: arguments, output and body.
    rest: Vec<TokenTree>,
    /// How many of these the plain function has before its body.
    signature: usize,
}

impl Function {
    pub(crate) fn parse(item: TokenStream) -> Result<Self, Refusal> {
        const BELONGS: &str = "this attribute belongs on an `async fn`";
        let mut tokens = item.into_iter().peekable();
        let mut before = Vec::new();
        loop {
            match tokens.next() {
                Some(TokenTree::Ident(word)) if word.to_string() == "async" => break,
                Some(TokenTree::Ident(word)) if word.to_string() == "fn" => {
                    let message = "the function must be `async`: write `async fn`";
                    return Err(Refusal::at(word.span(), message));
                }
                Some(token) => before.push(token),
                None => return Err(Refusal::new(BELONGS)),
            }
        }
        match tokens.next() {
            Some(TokenTree::Ident(word)) if word.to_string() == "fn" => {}
            Some(token) => return Err(Refusal::at(token.span(), BELONGS)),
            None => return Err(Refusal::new(BELONGS)),
        }
        let Some(TokenTree::Ident(name)) = tokens.peek().cloned() else {
            return Err(Refusal::new("this attribute belongs on an `async fn` with a name"));
        };
        let rest: Vec<TokenTree> = tokens.collect();
        match rest.get(1) {
            Some(TokenTree::Group(arguments))
                if arguments.delimiter() == Delimiter::Parenthesis
                    && arguments.stream().is_empty() => {}
            Some(token @ TokenTree::Group(_)) => {
                let message = "the function must take no arguments";
                return Err(Refusal::at(token.span(), message));
            }
            _ => return Err(Refusal::at(name.span(), "the function must not be generic")),
        }
        match rest.last() {
            Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {}
            _ => return Err(Refusal::at(name.span(), "the function must have a body")),
        }
        let signature = rest.len() - 1;
        Ok(Self { before, name: name.to_string(), rest, signature })
    }

    /// The plain function will give nothing, whatever the `async` one gives.
    pub(crate) fn without_output(self) -> Self {
        // What stays is the name and the empty arguments.
        Self { signature: 2, ..self }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The plain function: `attributes`, the same signature, and in its body the `async fn` and `call`.
    ///
    /// The inner function keeps its own tokens, so that errors in the body point at the user's lines.
    pub(crate) fn expand(self, attributes: &str, call: &str) -> Result<TokenStream, Refusal> {
        let lex = |text: &str| -> Result<TokenStream, Refusal> {
            text.parse()
                .map_err(|error| Refusal::new(format!("the arguments cannot be read: {error}")))
        };
        let mut inner = lex("async fn")?;
        inner.extend(self.rest.iter().cloned());
        inner.extend(lex(call)?);

        let mut outer = lex(attributes)?;
        outer.extend(self.before);
        outer.extend(lex("fn")?);
        outer.extend(self.rest[..self.signature].iter().cloned());
        outer.extend([TokenTree::Group(proc_macro::Group::new(Delimiter::Brace, inner))]);
        Ok(outer)
    }
}
