//! The engine's tests, in one binary.

mod fuzz_seeds;
mod rfc6455;
mod support;
