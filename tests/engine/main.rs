//! The engine's tests, in one binary.

mod rfc6455;
mod support;
