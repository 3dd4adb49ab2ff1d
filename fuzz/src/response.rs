//! Responses that a handler builds: options, then lines that are a header's name and value, a content type, and the body.
//!
//! ```text
//!   byte 0                     bytes 1 and 2    the rest
//!  +--------------------------+----------------+------------------------
//!  | persistence, HEAD, coding| status         | name, value, type, body
//!  +--------------------------+----------------+------------------------
//! ```

use sockeye::protocol::http::{Persistence, Response, Status, StreamCoding, encode_continue};

/// Whatever the handler says, it is told why not, or what is sent is one response: the headers that were meant, one end, and
/// a body of the size that is announced.
pub fn check(input: &[u8]) {
    let Some((&[options, high, low], rest)) = input.split_first_chunk() else {
        return;
    };
    let number = u16::from_be_bytes([high, low]);
    let Some(status) = Status::new(number) else {
        return assert!(!(100..600).contains(&number), "{number} is a status");
    };
    let mut lines = rest.splitn(4, |byte| *byte == b'\n');
    let mut next = || lines.next().unwrap_or_default();
    let (name, value, content_type) = (text(next()), text(next()), text(next()));
    let body = next().to_vec();
    let response = Response::new(status).with_header(&name, &value);
    let response = response.and_then(|response| response.with_body(&content_type, body.clone()));
    match response {
        Ok(response) => Sent { name, value, content_type, body, response }.check(options),
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
}

struct Sent {
    name: String,
    value: String,
    content_type: String,
    body: Vec<u8>,
    response: Response,
}

impl Sent {
    fn check(&self, options: u8) {
        let persistence = match options % 3 {
            0 => Persistence::KeepAlive,
            1 => Persistence::KeepAliveHttp10,
            _ => Persistence::Close,
        };
        let head_only = options & 0x40 != 0;
        let mut output = Vec::new();
        encode_continue(&mut output);
        let interim = output.len();
        self.response.encode(head_only, persistence, &mut output);
        let (headers, body) = self.check_head(&output[interim..]);
        let length = format!("{}", self.body.len());
        let (length, expected) = match (self.has_content(), head_only) {
            (false, _) => (None, &[][..]),
            (true, true) => (Some(length.as_str()), &[][..]),
            (true, false) => (Some(length.as_str()), &self.body[..]),
        };
        assert_eq!(value(&headers, "content-length"), length);
        assert_eq!(value(&headers, "transfer-encoding"), None);
        assert_eq!(body, expected);
        self.check_connection(&headers, persistence);
        self.check_stream(options, persistence);
    }

    /// RFC 9110 section 6.4.1.
    fn has_content(&self) -> bool {
        !matches!(self.response.status().number(), 100..200 | 204 | 304)
    }

    fn check_stream(&self, options: u8, persistence: Persistence) {
        let coding = match options >> 4 & 3 {
            0 => StreamCoding::Chunked,
            1 => StreamCoding::UntilClose,
            _ => StreamCoding::None,
        };
        let mut output = Vec::new();
        let holds = self.response.encode_stream_head(coding, persistence, &mut output);
        let (headers, body) = self.check_head(&output);
        assert!(body.is_empty());
        assert!(holds == coding || !self.has_content());
        assert_eq!(value(&headers, "content-length"), None);
        let is_chunked = value(&headers, "transfer-encoding") == Some("chunked");
        assert_eq!(is_chunked, holds == StreamCoding::Chunked);
        let is_last = holds == StreamCoding::UntilClose;
        self.check_connection(&headers, if is_last { Persistence::Close } else { persistence });
    }

    fn check_connection(&self, headers: &[(String, String)], persistence: Persistence) {
        let mut words: Vec<_> = match persistence {
            Persistence::KeepAlive => vec![],
            Persistence::KeepAliveHttp10 => vec!["keep-alive"],
            Persistence::Close => vec!["close"],
        };
        if self.name.eq_ignore_ascii_case("upgrade") {
            words.push("Upgrade");
        }
        let expected = (!words.is_empty()).then(|| words.join(", "));
        assert_eq!(value(headers, "connection"), expected.as_deref());
    }

    /// Reads the head, in which nothing may be but what was meant.
    fn check_head<'o>(&self, output: &'o [u8]) -> (Vec<(String, String)>, &'o [u8]) {
        let end = output.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line");
        let head = str::from_utf8(&output[..end]).expect("text");
        let mut lines = head.split("\r\n");
        let number = self.response.status().number();
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with(&format!("HTTP/1.1 {number} ")), "{first:?}");
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").expect("name and value"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let own = [(self.name.clone(), self.value.clone())];
        let content_type = [("Content-Type".to_owned(), self.content_type.clone())];
        let expected: Vec<_> = own.into_iter().chain(content_type).collect();
        assert_eq!(headers[..2], expected[..]);
        assert!(headers.len() <= 4);
        (headers, &output[end + 4..])
    }
}

fn value<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let found = headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
