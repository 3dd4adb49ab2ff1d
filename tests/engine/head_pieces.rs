//! Heads in every cut: what is read from a head must not depend on the pieces in which it arrives.

use sockeye::protocol::http::{Request, RequestError, RequestParser, parse_head};
use std::fmt::Debug;

pub(crate) type Answer<'b> = Result<Option<(Request<'b>, usize)>, RequestError>;

/// Reads a request head whole, and demands the same answer from every cut of it.
pub(crate) fn parse_request(input: &[u8]) -> Answer<'_> {
    let answer = parse_head(input);
    for cuts in every_cut(input.len()) {
        let mut parser = RequestParser::new();
        let cut = first_answer(input, &cuts, |bytes| parser.parse(bytes));
        assert_same(&answer, &cut, input, &cuts);
    }
    answer
}

/// Calls `read` with longer and longer beginnings of `input`, up to the first answer that is not "more".
pub(crate) fn first_answer<'b, T, E>(
    input: &'b [u8],
    cuts: &[usize],
    mut read: impl FnMut(&'b [u8]) -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    for cut in cuts {
        let answer = read(&input[..*cut]);
        if !matches!(answer, Ok(None)) {
            return answer;
        }
    }
    read(input)
}

/// Every place to cut in two, and every byte on its own. Long inputs are cut near both ends and now and then between.
pub(crate) fn every_cut(size: usize) -> impl Iterator<Item = Vec<usize>> {
    let is_worth_it =
        move |at: &usize| size < 1000 || *at < 50 || at + 50 > size || at.is_multiple_of(1999);
    let in_two = (0..size).filter(is_worth_it).map(|at| vec![at]);
    in_two.chain([(0..size).collect()])
}

pub(crate) fn assert_same<T: PartialEq + Debug>(whole: &T, cut: &T, input: &[u8], cuts: &[usize]) {
    let shown = &input[..input.len().min(1000)];
    assert_eq!(whole, cut, "{} cut at {cuts:?}", shown.escape_ascii());
}
