//! Requests one behind the other, against a reader that goes another way: cuts, bytes from a client. Where a request
//! ends is what request smuggling is about.

use super::pieces::Cuts;
use sockeye::protocol::http::{BodyPart, BodyReader, BodySize, Request, RequestParser};

/// Checks that every chunking finds the same requests, bodies and end; and that a plain reader, which looks for the
/// end of the head and reads the lines that say how long the body is, finds each of them in the same place.
pub fn check(input: &[u8]) {
    let (cuts, stream) = Cuts::read(input);
    let found = read([stream].into_iter());
    assert_eq!(read(cuts.ranges(stream.len()).map(|range| &stream[range])), found);
    assert_eq!(read(stream.chunks(1)), found);

    let mut rest = stream;
    for (index, request) in found.requests.iter().enumerate() {
        let is_last = index + 1 == found.requests.len();
        let size = check_head(rest, request);
        rest = check_body(&rest[size..], request, !is_last || found.end == End::Between);
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Found {
    requests: Vec<Read>,
    end: End,
}

/// One request; its body as far as it is there.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body_size: BodySize,
    body: Vec<u8>,
}

/// Where the stream ended, or the reading of it.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Behind a request, perhaps in the head of the next.
    Between,
    InBody,
    HeadInvalid(String),
    BodyInvalid(String),
}

fn read<'s>(pieces: impl Iterator<Item = &'s [u8]>) -> Found {
    let mut reader = Reader::default();
    for piece in pieces {
        reader.unread.extend_from_slice(piece);
        while reader.failure.is_none() && reader.step() {}
    }
    let end = match reader.failure {
        Some(failure) => failure,
        None if reader.body.is_some() => End::InBody,
        None => End::Between,
    };
    Found { requests: reader.requests, end }
}

#[derive(Default)]
struct Reader {
    unread: Vec<u8>,
    parser: RequestParser,
    body: Option<BodyReader>,
    requests: Vec<Read>,
    failure: Option<End>,
}

impl Reader {
    /// Reads a head, or a part of a body. Says whether there may be more.
    fn step(&mut self) -> bool {
        match &mut self.body {
            Some(_) => self.read_body(),
            None => self.read_head(),
        }
    }

    fn read_head(&mut self) -> bool {
        match self.parser.parse(&self.unread) {
            Ok(None) => false,
            Ok(Some((request, size))) => {
                let body = BodyReader::new(request.body_size(), BODY_SIZE_MAX);
                match body {
                    Ok(body) => self.body = Some(body),
                    Err(error) => self.failure = Some(End::BodyInvalid(error.to_string())),
                }
                self.requests.push(Read::new(&request));
                self.unread.drain(..size);
                self.parser = RequestParser::new();
                true
            }
            Err(error) => {
                assert!((400..=505).contains(&error.status().number()));
                self.failure = Some(End::HeadInvalid(error.to_string()));
                false
            }
        }
    }

    fn read_body(&mut self) -> bool {
        let (Some(body), Some(request)) = (&mut self.body, self.requests.last_mut()) else {
            return false;
        };
        let mut input = &self.unread[..];
        let may_be_more = match body.handle_input(&mut input) {
            Ok(Some(BodyPart::Data(data))) => {
                request.body.extend_from_slice(data);
                true
            }
            Ok(Some(BodyPart::End)) => {
                self.body = None;
                true
            }
            Ok(None) => false,
            Err(error) => {
                self.failure = Some(End::BodyInvalid(error.to_string()));
                false
            }
        };
        let taken = self.unread.len() - input.len();
        self.unread.drain(..taken);
        may_be_more
    }
}

impl Read {
    fn new(request: &Request<'_>) -> Self {
        let headers = request.headers().map(|(name, value)| (name.to_lowercase(), value.to_vec()));
        Self {
            method: request.method().to_owned(),
            target: request.target().to_owned(),
            headers: headers.collect(),
            body_size: request.body_size(),
            body: Vec::new(),
        }
    }

    fn values(&self, name: &str) -> Vec<&[u8]> {
        let found = self.headers.iter().filter(|(found, _)| found == name);
        found.map(|(_, value)| value.as_slice()).collect()
    }
}

/// Finds the head as plainly as can be, compares it, and says how many bytes it has.
fn check_head(stream: &[u8], request: &Read) -> usize {
    let start = if stream.starts_with(b"\r\n") { 2 } else { 0 };
    let end = stream.windows(4).skip(start).position(|four| four == b"\r\n\r\n");
    let size = start + end.expect("a head ends with an empty line") + 4;
    let head = &stream[start..size];
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end());
    let first = format!("{} {} HTTP/1.", request.method, request.target);
    assert!(lines.next().is_some_and(|line| line.starts_with(first.as_bytes())));
    let lines = lines.filter(|line| !line.is_empty()).map(|line| {
        let mut sides = line.splitn(2, |byte| *byte == b':');
        let name = String::from_utf8_lossy(sides.next().unwrap_or_default()).to_lowercase();
        (name, sides.next().expect("a colon").trim_ascii().to_vec())
    });
    assert!(lines.eq(request.headers.iter().cloned()), "other headers");

    let (lengths, codings) =
        (request.values("content-length"), request.values("transfer-encoding"));
    // RFC 9112 6.3: whatever leaves a doubt was refused.
    let expected = match (&lengths[..], &codings[..]) {
        ([], []) => BodySize::Known(0),
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => BodySize::Chunked,
        ([length], []) => BodySize::Known(number(length, 10).expect("a decimal number")),
        _ => panic!("{lengths:?} and {codings:?} were taken for an end"),
    };
    assert_eq!(request.body_size, expected);
    size
}

/// Compares the body, of which not all may be there, and gives what follows it.
fn check_body<'s>(stream: &'s [u8], request: &Read, is_whole: bool) -> &'s [u8] {
    if let BodySize::Known(size) = request.body_size {
        let there = (size as usize).min(stream.len());
        let (body, rest) = stream.split_at(there);
        assert!(!is_whole || body.len() as u64 == size);
        assert!(size > BODY_SIZE_MAX || body == request.body);
        return rest;
    }
    if !is_whole {
        // How far a faulty body is given on is `request_body`'s to check.
        return &[];
    }
    let (mut rest, mut body) = (stream, Vec::new());
    loop {
        let line = take_line(&mut rest);
        let digits = line.split(|byte| b"; \t".contains(byte)).next().unwrap_or_default();
        let size = number(digits, 16).expect("a hexadecimal number") as usize;
        if size == 0 {
            while !take_line(&mut rest).is_empty() {}
            assert_eq!(body, request.body);
            return rest;
        }
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size..];
        assert_eq!(take_line(&mut rest), b"");
    }
}

fn take_line<'s>(stream: &mut &'s [u8]) -> &'s [u8] {
    let end = stream.windows(2).position(|two| two == b"\r\n").expect("a line's end");
    let line = &stream[..end];
    *stream = &stream[end + 2..];
    line
}

fn number(digits: &[u8], radix: u32) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        value.checked_mul(radix.into())?.checked_add(digit.into())
    })
}

const BODY_SIZE_MAX: u64 = 10_000;
