//! [`Refusal`]: what is wrong with the attribute or the function, as a compile error and nothing else.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// A compile error at a place of the user's.
pub(crate) struct Refusal {
    message: String,
    span: Span,
}

impl Refusal {
    pub(crate) fn at(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), span }
    }

    /// At the attribute.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::at(Span::call_site(), message)
    }

    /// The error, and of the item what keeps the compiler from complaining of more: there is still a `main`,
    /// and a function that is refused for not being `async` can still be called.
    pub(crate) fn beside(self, item: TokenStream) -> TokenStream {
        let words: Vec<String> =
            item.clone().into_iter().take_while(|token| !is_group(token)).map(word).collect();
        let mut tokens = self.into_tokens();
        let is_async = words.iter().any(|word| word == "async");
        let name = words.iter().skip_while(|word| *word != "fn").nth(1);
        match name.map(String::as_str) {
            Some("main") => tokens.extend("fn main() {}".parse::<TokenStream>()),
            Some(_) if !is_async => tokens.extend(item),
            _ => {}
        }
        tokens
    }

    /// `::core::compile_error!("message");`
    fn into_tokens(self) -> TokenStream {
        let mut literal = Literal::string(&self.message);
        literal.set_span(self.span);
        let argument = TokenStream::from(TokenTree::Literal(literal));
        let colons = || [Punct::new(':', Spacing::Joint), Punct::new(':', Spacing::Alone)];
        let mut tokens: Vec<TokenTree> = colons().map(TokenTree::Punct).into();
        tokens.push(TokenTree::Ident(Ident::new("core", self.span)));
        tokens.extend(colons().map(TokenTree::Punct));
        tokens.push(TokenTree::Ident(Ident::new("compile_error", self.span)));
        tokens.push(TokenTree::Punct(Punct::new('!', Spacing::Alone)));
        tokens.push(TokenTree::Group(Group::new(Delimiter::Parenthesis, argument)));
        tokens.push(TokenTree::Punct(Punct::new(';', Spacing::Alone)));
        for token in &mut tokens {
            token.set_span(self.span);
        }
        tokens.into_iter().collect()
    }
}

/// Whether the parameters or the body begin here; the brackets of an attribute and of `pub(crate)` do not.
fn is_group(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn word(token: TokenTree) -> String {
    token.to_string()
}
