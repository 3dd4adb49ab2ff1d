//! The native dialect, as a client sees it.

mod document;
mod examples;
mod frames;
mod heard;
mod oracle;
mod publications;
mod spoken;
mod support;
