//! A world around hubs, clients in it, and what has to be true of them.

mod acting;
mod check;
pub(crate) mod client;
pub(crate) mod heard;
mod hearing;
mod listening;
pub(crate) mod messaging;
pub(crate) mod random;
pub(crate) mod setting;
pub(crate) mod step;
pub(crate) mod subscription;
pub(crate) mod surroundings;
pub(crate) mod truth;
pub(crate) mod world;
