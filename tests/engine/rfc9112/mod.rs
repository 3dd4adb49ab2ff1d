//! HTTP/1.1 as bytes, without I/O. What a server makes of it is in [`crate::http`].

mod body;
mod body_limits;
mod body_properties;
mod framing;
mod head;
mod persistence;
mod response;
