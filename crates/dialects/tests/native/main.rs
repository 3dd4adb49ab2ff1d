//! The native dialect, as a client sees it.

mod document;
mod examples;
mod frames;
mod generated;
mod heard;
mod oracle;
mod properties;
mod publications;
mod spoken;
mod support;
mod values;
