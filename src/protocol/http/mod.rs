//! As much of HTTP/1.1 as an opening handshake needs: request heads in, plain responses out. RFC 9112, without I/O.
//!
//! A head is read strictly, because two readers that disagree about where a request ends can be played against each
//! other (RFC 9112 section 11.2): what the RFC lets a server refuse, this one refuses. No byte is looked at twice
//! however the head is cut into pieces, and every cut gives the same answer.

mod framing;
mod head;
mod headers;
mod request;
mod request_error;
mod response;
mod status;
mod target;

pub use framing::BodySize;
pub use head::HeadError;
pub use headers::{HeaderError, Headers, HeadersIter};
pub use request::{Request, RequestParser, parse_head};
pub use request_error::RequestError;
pub use response::Response;
pub use status::Status;

pub(crate) use head::{HeadLines, LINE_END, Line, split_first_line};
pub(crate) use headers::{encode_header, is_token};
pub(crate) use target::{Target, is_authority};
