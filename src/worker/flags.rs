//! What is true of a connection beside its phase.

/// Facts that hold in any phase.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    /// Listed to be flushed.
    pub(crate) is_dirty: bool,
    /// The kernel took no more at the last flush.
    pub(crate) is_blocked: bool,
    /// It takes more again.
    pub(crate) is_writable: bool,
    /// A queue is with the driver.
    pub(crate) is_in_flight: bool,
    /// The peer has ended its stream.
    pub(crate) is_at_end: bool,
    /// Our stream is ended, or nothing but the peer's end is awaited before it is.
    pub(crate) is_shut: bool,
    /// The peer is the one to end its stream first.
    pub(crate) leaves_end_to_peer: bool,
    /// What the driver was told last.
    pub(crate) is_receive_paused: bool,
    /// The handler asked not to be given more.
    pub(crate) is_paused_by_handler: bool,
    /// The mail that this connection causes does not get away.
    pub(crate) is_paused_by_mail: bool,
    /// The backlog grew large; the handler wants to know when it is small again.
    pub(crate) wants_drain: bool,
    /// A ping of ours has no answer.
    pub(crate) awaits_pong: bool,
    /// Reset it with the next flush.
    pub(crate) is_doomed: bool,
    /// Input waits: see [`super::held`].
    pub(crate) is_held: bool,
}
