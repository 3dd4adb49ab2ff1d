//! Tokens instead of text: comments and strings cannot be mistaken for code, and the bodies of macros are seen too.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Calls `visit` with every run of tokens on one level, outermost first.
pub(super) fn for_each_level(stream: &TokenStream, visit: &mut impl FnMut(&[TokenTree])) {
    let tokens: Vec<_> = stream.clone().into_iter().collect();
    visit(&tokens);
    for token in &tokens {
        if let TokenTree::Group(group) = token {
            for_each_level(&group.stream(), visit);
        }
    }
}

pub(super) fn is_ident(token: Option<&TokenTree>, name: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == name)
}

pub(super) fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

/// Whether `::` starts at `index`.
pub(super) fn is_path_separator(tokens: &[TokenTree], index: usize) -> bool {
    is_punct(tokens.get(index), ':') && is_punct(tokens.get(index + 1), ':')
}

pub(super) fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

pub(super) fn line(token: &TokenTree) -> usize {
    token.span().start().line
}
