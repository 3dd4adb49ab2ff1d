//! The native dialect, as a client sees it.

mod frames;
mod support;
