//! Where bytes wait: for the rest of their message, or for the kernel to take them.
//!
//! An idle connection owns none of these. Whoever needs one takes it from a [`Pool`] and gives it back.

mod batch;
mod message;
mod pool;
mod send_queue;

pub use batch::Batch;
pub use message::MessageBuffer;
pub use pool::{Pool, Pooled};
pub use send_queue::SendQueue;
