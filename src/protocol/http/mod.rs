//! As much of HTTP/1.1 as a server needs that wants to be more than an opening handshake: requests in, responses out. RFC
//! 9112, without I/O.
//!
//! | what | how |
//! |---|---|
//! | a request's head | [`RequestParser`] gives a [`Request`] |
//! | its body | [`BodyReader`], with [`Request::body_size`] |
//! | a response | [`Response::encode`] with [`Request::persistence`] |
//! | a response that is still being made | [`Response::encode_stream_head`] with [`Request::stream_coding`], then chunks |
//!
//! A head is read strictly, because two readers that disagree about where a request ends can be played against each
//! other (RFC 9112 section 11.2): what the RFC lets a server refuse, this one refuses. So with a body. No byte is looked at
//! twice however they are cut into pieces, and every cut gives the same answer.

mod body;
mod body_error;
mod chunks;
mod expectation;
mod framing;
mod head;
mod headers;
mod persistence;
mod request;
mod request_error;
mod response;
mod status;
mod stream;
mod target;
mod trailers;

pub use body::{BodyPart, BodyReader};
pub use body_error::BodyError;
pub use framing::BodySize;
pub use head::HeadError;
pub use headers::{HeaderError, Headers, HeadersIter};
pub use persistence::Persistence;
pub use request::{Request, RequestParser, parse_head};
pub use request_error::RequestError;
pub use response::{Response, encode_continue};
pub use status::Status;
pub use stream::{StreamCoding, encode_chunk, encode_last_chunk};

pub(crate) use head::{HeadLines, LINE_END, Line, split_first_line};
pub(crate) use headers::{encode_header, is_token};
pub(crate) use target::{Target, is_authority};
