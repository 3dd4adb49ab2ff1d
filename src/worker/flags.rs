//! What is true of a connection beside its phase.

/// Facts that hold in any phase, a bit each: every idle connection keeps them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags(u16);

impl Flags {
    /// The kernel took no more at the last flush.
    pub(crate) const BLOCKED: Self = Self(1);
    /// It takes more again.
    pub(crate) const WRITABLE: Self = Self(1 << 1);
    /// A queue is with the driver.
    pub(crate) const IN_FLIGHT: Self = Self(1 << 2);
    /// The peer has ended its stream.
    pub(crate) const AT_END: Self = Self(1 << 3);
    /// Our stream is ended, or nothing but the peer's end is awaited before it is.
    pub(crate) const SHUT: Self = Self(1 << 4);
    /// The peer is the one to end its stream first.
    pub(crate) const LEAVES_END_TO_PEER: Self = Self(1 << 5);
    /// What the driver was told last.
    pub(crate) const RECEIVE_PAUSED: Self = Self(1 << 6);
    /// The handler asked not to be given more.
    pub(crate) const PAUSED_BY_HANDLER: Self = Self(1 << 7);
    /// The mail that this connection causes does not get away.
    pub(crate) const PAUSED_BY_MAIL: Self = Self(1 << 8);
    /// The backlog grew large; the handler wants to know when it is small again.
    pub(crate) const WANTS_DRAIN: Self = Self(1 << 9);
    /// A ping of ours has no answer.
    pub(crate) const AWAITS_PONG: Self = Self(1 << 10);
    /// Reset it with the next flush.
    pub(crate) const DOOMED: Self = Self(1 << 11);
    /// Input waits: see [`super::held`].
    pub(crate) const HELD: Self = Self(1 << 12);
    /// The handler is being told of the end of a WebSocket, or was.
    pub(crate) const OVER: Self = Self(1 << 13);

    /// Not all that was flushed has left.
    pub(crate) const LATE: Self = Self::BLOCKED.or(Self::IN_FLIGHT);

    /// With one of these, a flush has something to decide.
    pub(crate) const UNEASY: Self = Self::LATE
        .or(Self::WANTS_DRAIN)
        .or(Self::RECEIVE_PAUSED)
        .or(Self::PAUSED_BY_HANDLER)
        .or(Self::PAUSED_BY_MAIL)
        .or(Self::HELD)
        .or(Self::DOOMED);

    /// Whether any of `flags` is true.
    #[inline]
    pub(crate) const fn has(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }

    /// Makes `flags` true or false.
    #[inline]
    pub(crate) const fn set(&mut self, flags: Self, is_true: bool) {
        match is_true {
            true => self.0 |= flags.0,
            false => self.0 &= !flags.0,
        }
    }

    /// As [`Flags::set`], and says whether any of `flags` was true before.
    #[inline]
    pub(crate) const fn replace(&mut self, flags: Self, is_true: bool) -> bool {
        let had = self.has(flags);
        self.set(flags, is_true);
        had
    }

    /// Makes `flags` false, and says whether any of them was true.
    #[inline]
    pub(crate) const fn take(&mut self, flags: Self) -> bool {
        self.replace(flags, false)
    }

    /// These and `flags`.
    pub(crate) const fn or(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }

    /// These without `flags`.
    pub(crate) const fn but(self, flags: Self) -> Self {
        Self(self.0 & !flags.0)
    }
}
