//! What the engine's tests share: frames written bit by bit, connections in named states, every chunking of an input.

#[cfg(feature = "tls")]
pub(crate) mod certificates;
mod chunking;
#[cfg(feature = "net")]
mod driver;
mod frames;
#[cfg(feature = "net")]
mod line;
mod outcome;
mod random;
mod scenario;
#[cfg(feature = "tls")]
pub(crate) mod secure;
mod share;
#[cfg(feature = "net")]
mod staged;

pub(crate) use chunking::every_chunking;
#[cfg(feature = "net")]
pub(crate) use driver::config;
pub(crate) use frames::{Frame, LengthForm, Masking};
#[cfg(feature = "net")]
pub(crate) use line::Line;
pub(crate) use outcome::{Outcome, OwnedEvent, receive, receive_filling};
pub(crate) use random::Random;
pub(crate) use scenario::{FRAGMENT, KEY, Scenario};
pub(crate) use share::{cases, some_of};
#[cfg(feature = "net")]
pub(crate) use staged::Staged;
